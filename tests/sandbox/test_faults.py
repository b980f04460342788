"""Every kind of fault, what it does to the answer and whether the request took effect."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from qauvern.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Serve

NAME = "finance-portfolio"


def crn(client: Client) -> str:
    return str(client.named(NAME)["crn"])


class TestGrammar:
    @pytest.mark.parametrize(
        ("text", "complaint"),
        [
            ("patch", "expected TARGET=KIND"),
            ("pach=429", "unknown target 'pach'"),
            ("patch=200", "unknown kind '200'"),
            ("patch=explode", "unknown kind 'explode'"),
            ("patch=slow", "unknown kind"),
            ("patch:0=429", "counted from 1"),
            ("patch:a#b=429", "after #"),
            ("patch=429:0", "1 or more"),
            ("usage=stuck", "needs a request that writes"),
            ("", "expected TARGET=KIND"),
        ],
    )
    def test_a_bad_spec_is_refused_with_a_reason(self, text: str, complaint: str) -> None:
        with pytest.raises(ValueError, match=complaint):
            Sandbox.create(faults=[text])

    @pytest.mark.parametrize(
        ("text", "befallen"),
        [
            ("usage=500", [1, 2, 3, 4, 5]),
            ("usage:2=500", [2]),
            ("usage:2+=500", [2, 3, 4, 5]),
            ("usage=500:3", [1, 2, 3]),
            ("usage:3+=500:2", [3, 4]),
            (f"usage:{NAME}#2=500", [3]),
            (f"usage:{NAME}=500", [1, 3, 5]),
            (f"any:{NAME}#2+=500", [3, 5]),
            ("usage:crn:v1::=500", []),
            ("patch=500", []),
        ],
    )
    def test_which_requests_are_befallen(self, client: Client, text: str, befallen: list[int]) -> None:
        """Two instances are asked in turn."""
        crns = [crn(client), str(client.named("chem-catalysis")["crn"])]
        client.sandbox.inject(text)
        hit = []
        for number in range(1, 6):
            asked = crns[(number - 1) % 2]
            answer = client.quantum("/v1/instances/usage", region=asked.split(":")[5], headers={"Service-CRN": asked})
            hit += [number] if answer.status_code == 500 else []
        assert hit == befallen

    def test_a_delay_joins_the_first_of_the_other_faults(self, client: Client) -> None:
        target = crn(client)
        client.sandbox.inject("any=slow:0.05", "get=500", "get=429", "any=slow:0.03")
        started = time.monotonic()
        answer = client.rc("GET", f"/{target.split(':')[7]}")
        assert time.monotonic() - started >= 0.08
        assert answer.status_code == 500


class TestStatus:
    @pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 504])
    def test_a_status_is_answered_and_nothing_happens(self, client: Client, status: int) -> None:
        target = crn(client)
        client.sandbox.inject(f"patch={status}")
        answer = client.patch(target, usage_allocation_seconds="1000")
        assert answer.status_code == status
        assert answer.json()["message"]
        assert client.sandbox.applied_changes == []

    def test_retry_after_is_1_unless_given(self, serve: Serve) -> None:
        client = serve(faults=["list:1=429", "list:2=429/7", "list:3=503/2", "list:4=503"]).log_in()
        answers = [client.rc("GET").headers.get("Retry-After") for _ in range(5)]
        assert answers == ["1", "7", "2", None, None]

    def test_a_status_can_hide_a_success(self, client: Client) -> None:
        target = crn(client)
        client.sandbox.inject("patch=504-applied")
        assert client.patch(target, usage_allocation_seconds="1000").status_code == 504
        assert client.get(target)["extensions"]["usage_allocation_seconds"] == 1000

    def test_each_service_keeps_its_own_shape_of_error(self, serve: Serve) -> None:
        client = serve(faults=["token:2=500", "account=500", "analytics=500"]).log_in()
        assert client.token().json()["errorCode"]
        account = client.quantum(f"/v1/accounts/{client.sandbox.account_id}")
        assert account.json()["errors"][0]["code"] == 500
        assert client.quantum("/v1/analytics/usage").status_code == 500


class TestCuts:
    @pytest.mark.parametrize(("kind", "applied"), [("refuse", False), ("cut-before", False), ("cut-after", True)])
    def test_a_cut_connection_tells_nothing_about_the_effect(self, client: Client, kind: str, applied: bool) -> None:
        target = crn(client)
        client.sandbox.inject(f"patch:{NAME}={kind}:1")
        with pytest.raises(requests.ConnectionError):
            client.patch(target, usage_allocation_seconds="1000")
        assert bool(client.sandbox.applied_changes) == applied
        assert client.sandbox.requests[-1].status == 0
        assert client.sandbox.requests[-1].fault == f"patch:{NAME}={kind}:1"
        assert client.patch(target, usage_allocation_seconds="2000").status_code == 200

    @pytest.mark.parametrize(("kind", "error"), [("refuse", "reset"), ("cut-before", "without response")])
    def test_a_refused_connection_is_reset_and_a_cut_one_is_closed(self, client: Client, kind: str, error: str) -> None:
        client.sandbox.inject(f"list={kind}")
        with pytest.raises(requests.ConnectionError, match=error):
            client.rc("GET")

    def test_a_creation_whose_answer_is_lost_has_happened_once(self, client: Client) -> None:
        client.sandbox.inject("create:new-team=cut-after")
        request = {
            "name": "new-team",
            "target": "us-east",
            "resource_group": "default",
            "resource_plan_id": "7f666d17-7893-47d8-bf9d-2b2389fc4dfc",
        }
        with pytest.raises(requests.ConnectionError):
            client.rc("POST", json=request)
        assert [found["name"] for found in client.list()].count("new-team") == 1


class TestSlow:
    def test_slow_delays_the_answer_that_often(self, serve: Serve) -> None:
        client = serve(faults=["list=slow:0.08:1"]).log_in()
        times = []
        for _ in range(2):
            started = time.monotonic()
            assert client.rc("GET").status_code == 200
            times.append(time.monotonic() - started)
        assert times[0] >= 0.08 > times[1]

    def test_stopping_does_not_wait_for_a_slow_answer(self, serve: Serve) -> None:
        client = serve(faults=["list=slow:60"]).log_in()
        with pytest.raises(requests.Timeout):
            client.session.get(client.running.resource_controller_url + "/v2/resource_instances", timeout=0.05)


class TestOperations:
    @pytest.mark.parametrize(
        ("kind", "state", "applied"),
        [
            ("ignored", "succeeded", False),
            ("not-enforced", "succeeded", True),
            ("stuck", "in progress", False),
            ("stuck-applied", "in progress", True),
        ],
    )
    def test_an_accepted_update_may_come_to_nothing_or_never_end(
        self, client: Client, kind: str, state: str, applied: bool
    ) -> None:
        target = crn(client)
        before = client.get(target)["extensions"]
        client.sandbox.inject(f"any={kind}:1")
        assert client.patch(target, usage_allocation_seconds="1000").status_code in (200, 202)
        after = client.get(target)
        assert after["last_operation"]["state"] == state
        assert (after["extensions"] != before) == applied
        assert bool(client.sandbox.applied_changes) == applied


class TestBodies:
    def test_html_comes_with_status_200(self, serve: Serve) -> None:
        client = serve(faults=["list=html"]).log_in()
        answer = client.rc("GET")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/html"
        assert answer.text.startswith("<!DOCTYPE html>")

    def test_truncated_is_half_of_the_json(self, serve: Serve) -> None:
        client = serve(faults=["list:1=truncated"]).log_in()
        half, whole = client.rc("GET"), client.rc("GET")
        assert half.status_code == 200
        assert whole.text.startswith(half.text)
        with pytest.raises(requests.JSONDecodeError):
            half.json()
