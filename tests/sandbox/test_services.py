"""What each service answers, over real HTTP."""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from qauvern.sandbox import Held, Sandbox

if TYPE_CHECKING:
    from tests.sandbox.conftest import Client, Serve

PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"
INTERNAL = "91b2c828-2952-4f05-aed8-bedf92c6c480"
REGIONS = ("us-east", "eu-de")


class TestTokens:
    def test_a_key_is_exchanged_for_a_token_with_its_life(self, client: Client) -> None:
        document = client.token().json()
        assert document["expires_in"] == 3600
        assert abs(document["expiration"] - time.time() - 3600) < 5
        assert document["token_type"] == "Bearer"

    def test_an_unknown_key_is_named_in_iams_own_shape(self, client: Client) -> None:
        answer = client.token("wrong")
        assert answer.status_code == 400
        assert answer.json()["errorCode"] == "BXNIM0415E"
        assert "could not be found" in answer.json()["errorMessage"]

    def test_another_grant_type_is_refused(self, client: Client) -> None:
        url = f"{client.running.iam_url}/identity/token"
        assert client.session.post(url, data={"apikey": "x"}, timeout=5).status_code == 400

    @pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic abc"])
    def test_a_bad_token_is_401_everywhere(self, client: Client, authorization: str | None) -> None:
        client.session.headers["Authorization"] = authorization or ""
        assert client.rc("GET").status_code == 401
        answer = client.quantum(f"/v1/accounts/{client.sandbox.account_id}")
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["message"]
        assert answer.json()["trace"]

    def test_a_token_expires(self, serve: Serve) -> None:
        client = serve(token_lifetime=0.2).log_in()
        assert client.rc("GET").status_code == 200
        time.sleep(0.21)
        assert client.rc("GET").status_code == 401
        assert client.log_in().rc("GET").status_code == 200

    def test_tokens_can_be_revoked(self, client: Client) -> None:
        client.sandbox.revoke_tokens()
        assert client.rc("GET").status_code == 401


class TestList:
    def test_pages_of_at_most_100_are_joined_by_an_opaque_start(self, serve: Serve) -> None:
        client = serve(instances=250).log_in()
        page = client.rc("GET", params={"resource_plan_id": PREMIUM}).json()
        assert len(page["resources"]) == 100
        next_url = urlsplit(page["next_url"])
        assert (next_url.scheme, next_url.netloc, next_url.path) == ("", "", "/v2/resource_instances")
        assert parse_qs(next_url.query)["limit"] == ["100"]
        everything = client.list(resource_plan_id=PREMIUM)
        assert len({found["crn"] for found in everything}) == len(everything) == 248

    def test_the_last_page_has_no_next_even_when_it_is_full(self, serve: Serve) -> None:
        client = serve(instances=24).log_in()
        assert client.rc("GET", params={"limit": 24}).json()["next_url"] is None
        assert client.rc("GET", params={"limit": 23}).json()["next_url"] is not None

    def test_filters_by_plan(self, client: Client) -> None:
        assert len(client.list(resource_plan_id=INTERNAL)) == 2
        assert len(client.list(resource_plan_id=PREMIUM, limit=5)) == 22
        assert client.list(resource_plan_id="another") == []

    @pytest.mark.parametrize("query", [{"start": "nonsense"}, {"limit": 0}, {"limit": 101}, {"limit": "x"}])
    def test_bad_paging_is_400_with_message_and_transaction(self, client: Client, query: dict[str, Any]) -> None:
        answer = client.rc("GET", params=query)
        assert answer.status_code == 400
        assert set(answer.json()) == {"message", "status_code", "transaction_id"}

    def test_a_member_may_list_but_not_change(self, serve: Serve) -> None:
        client = serve()
        client.log_in(client.sandbox.member_api_key)
        crn = client.list()[0]["crn"]
        assert client.patch(crn, usage_allocation_seconds="1").status_code == 403
        assert client.rc("POST", json={"name": "x"}).status_code == 403


class TestPatch:
    def test_a_change_takes_effect_in_extensions_only_when_its_operation_ends(self, serve: Serve) -> None:
        client = serve(operation_delay=0.1).log_in()
        crn = client.named("finance-portfolio")["crn"]
        before = client.get(crn)["extensions"]
        accepted = client.patch(crn, usage_allocation_seconds="61", instance_limit_seconds="600")
        assert accepted.status_code == 202
        assert accepted.json()["last_operation"]["state"] == "in progress"
        assert accepted.json()["parameters"]["usage_allocation_seconds"] == "61"
        assert client.get(crn)["extensions"] == before
        deadline = time.monotonic() + 5
        while client.get(crn)["last_operation"]["state"] == "in progress" and time.monotonic() < deadline:
            time.sleep(0.01)
        after = client.get(crn)
        assert after["last_operation"]["state"] == "succeeded"
        assert after["extensions"] == {
            "usage_allocation_seconds": 61,
            "instance_limit_seconds": 600,
            "backends": ["ANY"],
        }

    def test_what_is_left_out_is_wiped(self, client: Client) -> None:
        found = client.named("device-benchmarks")
        assert found["extensions"]["backends"] != ["ANY"]
        client.patch(found["crn"], usage_allocation_seconds="500")
        assert client.get(found["crn"])["extensions"] == {
            "usage_allocation_seconds": 500,
            "instance_limit_seconds": None,
            "backends": ["ANY"],
        }
        client.patch(found["crn"], instance_limit_seconds="700", backends=[])
        assert client.get(found["crn"])["extensions"] == {
            "usage_allocation_seconds": None,
            "instance_limit_seconds": 700,
            "backends": [],
        }

    def test_parameters_equal_to_the_last_requests_are_silently_ignored(self, client: Client) -> None:
        crn = client.named("finance-portfolio")["crn"]
        asked = {"usage_allocation_seconds": "900", "instance_limit_seconds": "800"}
        client.patch(crn, **asked)
        limit = {"instance_limit": 50_000}
        assert self.configure(client, crn, limit).status_code == 204
        again = client.patch(crn, **asked)
        assert again.status_code == 200
        assert client.get(crn)["extensions"]["instance_limit_seconds"] == 50_000
        client.patch(crn, **asked, timestamp="1")
        assert client.get(crn)["extensions"]["instance_limit_seconds"] == 800

    @staticmethod
    def configure(client: Client, crn: str, document: Any) -> requests.Response:
        region = crn.split(":")[5]
        return client.quantum(
            "/v1/instances/configuration",
            region=region,
            method="PUT",
            json=document,
            headers={"Service-CRN": crn},
        )

    @pytest.mark.parametrize("value", [600, "600"])
    def test_integers_and_strings_of_digits_are_numbers(self, client: Client, value: object) -> None:
        found = client.named("finance-portfolio")
        client.rc("PATCH", f"/{found['guid']}", json={"parameters": {"usage_allocation_seconds": value}})
        assert client.get(found["crn"])["extensions"]["usage_allocation_seconds"] == 600

    @pytest.mark.parametrize("value", ["6e2", "-1", -1, "", "٣", 1.5, True, [600]])
    def test_nothing_else_but_null_is_a_number(self, client: Client, value: object) -> None:
        crn = client.named("finance-portfolio")["crn"]
        answer = client.patch(crn, usage_allocation_seconds=value)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["code"] == "RC-InvalidParameters"
        assert client.sandbox.applied_changes == []

    def test_lifting_the_plan_above_its_budget_fails_and_changes_nothing(self, client: Client) -> None:
        found = client.named("finance-portfolio")
        facts = client.sandbox.describe()
        just_too_much = found["extensions"]["usage_allocation_seconds"] + facts["unallocated_seconds"] + 1
        client.patch(found["crn"], usage_allocation_seconds=str(just_too_much))
        after = client.get(found["crn"])
        assert after["last_operation"]["state"] == "failed"
        assert "above the account" in after["last_operation"]["description"]
        assert after["extensions"] == found["extensions"]
        client.patch(found["crn"], usage_allocation_seconds=str(just_too_much - 1))
        assert client.get(found["crn"])["last_operation"]["state"] == "succeeded"
        assert client.sandbox.max_total_seconds() == client.sandbox.budget_seconds()

    def test_many_updates_at_once_never_lift_the_total_above_the_budget(self, serve: Serve) -> None:
        client = serve(instances=60, operation_delay=0.01).log_in()
        found = client.list(resource_plan_id=PREMIUM)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda one: client.patch(one["crn"], usage_allocation_seconds="60000"), found))
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            states = {one["last_operation"]["state"] for one in client.list(resource_plan_id=PREMIUM)}
            if "in progress" not in states:
                break
        assert states == {"succeeded", "failed"}
        assert client.sandbox.max_total_seconds() <= client.sandbox.budget_seconds()

    def test_allocation_0_archives_and_a_name_can_change(self, client: Client) -> None:
        crn = client.named("finance-portfolio")["crn"]
        client.patch(crn, usage_allocation_seconds="0")
        assert client.get(crn)["extensions"]["usage_allocation_seconds"] == 0
        assert "finance-portfolio" in client.sandbox.describe()["archived_names"]
        guid = client.get(crn)["guid"]
        client.rc("PATCH", f"/{guid}", json={"name": "finance-2027"})
        assert client.get(crn)["name"] == "finance-2027"

    def test_an_unknown_instance_is_404(self, client: Client) -> None:
        assert client.rc("GET", "/nothing").status_code == 404
        assert client.patch("nothing", usage_allocation_seconds="1").status_code == 404


class TestCreate:
    REQUEST = {  # noqa: RUF012
        "name": "new-team",
        "target": "eu-de",
        "resource_group": "default",
        "resource_plan_id": PREMIUM,
        "parameters": {"usage_allocation_seconds": "600", "instance_limit_seconds": None},
        "tags": ["made"],
    }

    def test_a_new_instance_is_listed_and_answers_in_its_region(self, client: Client) -> None:
        made = client.rc("POST", json=self.REQUEST)
        assert made.status_code == 201
        found = client.named("new-team")
        assert found["crn"].startswith(f"crn:v1:bluemix:public:quantum-computing:eu-de:a/{client.sandbox.account_id}:")
        assert found["extensions"]["usage_allocation_seconds"] == 600
        usage = client.quantum("/v1/instances/usage", region="eu-de", headers={"Service-CRN": found["crn"]})
        assert usage.json()["usage_consumed_seconds"] == 0

    def test_without_parameters_it_has_no_allocation(self, client: Client) -> None:
        client.rc("POST", json={k: v for k, v in self.REQUEST.items() if k != "parameters"})
        assert client.named("new-team")["extensions"] == {
            "usage_allocation_seconds": None,
            "instance_limit_seconds": None,
            "backends": ["ANY"],
        }

    def test_above_the_budget_it_fails(self, client: Client) -> None:
        client.rc("POST", json=self.REQUEST | {"parameters": {"usage_allocation_seconds": "999999999"}})
        found = client.named("new-team")
        assert (found["state"], found["last_operation"]["state"]) == ("failed", "failed")

    @pytest.mark.parametrize(
        "change",
        [
            {"name": "a/b"},
            {"name": "x" * 181},
            {"name": ""},
            {"target": "mars"},
            {"resource_plan_id": "none"},
            {"resource_plan_id": []},
            {"resource_group": None},
            {"parameters": []},
        ],
    )
    def test_a_bad_request_is_400(self, client: Client, change: dict[str, Any]) -> None:
        assert client.rc("POST", json=self.REQUEST | change).status_code == 400
        assert len(client.list()) == 24


class TestQuantumHeaders:
    @pytest.mark.parametrize("version", [None, "latest", "2025-05-01", "2027-01-01"])
    def test_a_request_without_a_known_api_version_is_400(self, client: Client, version: str | None) -> None:
        del client.session.headers["IBM-API-Version"]
        headers = {"IBM-API-Version": version} if version else {}
        answer = client.quantum(f"/v1/accounts/{client.sandbox.account_id}", headers=headers)
        assert answer.status_code == 400

    def test_the_newest_version_and_the_one_before_answer(self, client: Client) -> None:
        rows = client.session.get(
            client.running.quantum_url.replace("{region}", "us-east") + "/v1/versions",
            headers={"Authorization": "", "IBM-API-Version": ""},
            timeout=5,
        ).json()["versions"]
        assert rows == [{"version": "2026-04-15"}, {"version": "2026-02-15", "sunset_date": "2027-02-15"}]
        for row in rows:
            headers = {"IBM-API-Version": row["version"]}
            assert client.quantum(f"/v1/accounts/{client.sandbox.account_id}", headers=headers).status_code == 200

    def test_analytics_needs_its_account(self, client: Client) -> None:
        assert client.quantum("/v1/analytics/usage", headers={"Account-Id": "other"}).status_code == 403
        del client.session.headers["Account-Id"]
        assert client.quantum("/v1/analytics/usage").status_code == 400

    def test_analytics_take_an_instance_of_the_region_for_the_account(self, client: Client) -> None:
        by_account = client.quantum("/v1/analytics/usage_grouped", params={"group_by": "plan"}).json()["data"]
        client.sandbox.operator.refuse_account_id()
        assert client.quantum("/v1/analytics/usage_grouped", params={"group_by": "plan"}).status_code == 400
        headers = {"Service-CRN": client.named("chem-catalysis")["crn"]}
        answer = client.quantum("/v1/analytics/usage_grouped", params={"group_by": "plan"}, headers=headers)
        assert answer.json()["data"] == by_account
        assert client.quantum("/v1/analytics/usage", region="eu-de", headers=headers).status_code == 404

    def test_an_unknown_region_or_path_is_404(self, client: Client) -> None:
        assert client.quantum("/v1/analytics/usage", region="mars").status_code == 404
        assert client.quantum("/v1/nothing").status_code == 404

    def test_a_member_reads_instances_but_not_the_account(self, serve: Serve) -> None:
        client = serve()
        client.log_in(client.sandbox.member_api_key)
        found = client.list()[0]
        region, headers = found["region_id"], {"Service-CRN": found["crn"]}
        assert client.quantum("/v1/instances/usage", region=region, headers=headers).status_code == 200
        assert client.quantum(f"/v1/accounts/{client.sandbox.account_id}").status_code == 403
        assert client.quantum("/v1/analytics/usage").status_code == 403
        assert client.quantum("/v1/analytics/usage_grouped").status_code == 403

    @pytest.mark.parametrize(
        ("path", "action"),
        [
            ("/v1/accounts/{account}", "quantum-computing.account-configuration.read"),
            ("/v1/analytics/usage", "quantum-computing.account-analytics-usage.read"),
            ("/v1/analytics/filters", "quantum-computing.account-analytics-filters.read"),
        ],
    )
    def test_a_403_names_the_action_that_is_missing(self, client: Client, path: str, action: str) -> None:
        client.sandbox.operator.deny(action)
        answer = client.quantum(path.replace("{account}", client.sandbox.account_id))
        assert answer.status_code == 403
        assert action in answer.json()["errors"][0]["message"]


class TestAccount:
    def test_a_plan_has_two_subscriptions_that_add_up(self, client: Client) -> None:
        path = f"/v1/accounts/{client.sandbox.account_id}"
        plans = client.quantum(path, params={"plan_id": PREMIUM}).json()["plans"]
        assert len({plan["subscription_id"] for plan in plans}) == 2
        facts = client.sandbox.describe()
        assert sum(plan["usage_allocation_seconds"] for plan in plans) == facts["budget_seconds"]
        assert sum(plan["unallocated_usage_seconds"] for plan in plans) == facts["unallocated_seconds"]
        assert facts["held_seconds"] == sum(
            found["extensions"]["usage_allocation_seconds"] for found in client.list(resource_plan_id=PREMIUM)
        )
        assert len(client.quantum(path).json()["plans"]) == 3

    def test_another_id_gets_a_default_account_with_its_own_id(self, client: Client) -> None:
        answer = client.quantum(f"/v1/accounts/{'f' * 32}", params={"plan_id": PREMIUM})
        assert answer.status_code == 200
        document = answer.json()
        assert document["account_id"] not in ("f" * 32, client.sandbox.account_id)
        assert [plan["plan_id"] for plan in document["plans"]] == [PREMIUM]

    def test_only_us_east_answers(self, client: Client) -> None:
        path = f"/v1/accounts/{client.sandbox.account_id}"
        assert client.quantum(path, region="eu-de").status_code == 404


class TestInstance:
    def test_usage_of_28_days_agrees_with_analytics_and_may_have_a_fraction(self, client: Client) -> None:
        grouped = {
            row["key"]: row["usage"]
            for region in REGIONS
            for row in client.quantum(
                "/v1/analytics/usage_grouped", region=region, params={"group_by": "instance"}
            ).json()["data"]
        }
        fractions = 0
        for found in client.list():
            usage = client.quantum(
                "/v1/instances/usage", region=found["region_id"], headers={"Service-CRN": found["crn"]}
            ).json()
            consumed = usage["usage_consumed_seconds"]
            assert consumed * 1000 == pytest.approx(grouped.get(found["crn"], 0))
            fractions += consumed != int(consumed)
            limit = found["extensions"]["instance_limit_seconds"]
            assert usage.get("usage_limit_seconds") == limit
            assert usage["usage_limit_reached"] == (limit is not None and consumed >= limit)
        assert fractions > 3

    def test_a_region_answers_for_its_own_instances_only(self, client: Client) -> None:
        crn = client.named("climate-modelling")["crn"]
        headers = {"Service-CRN": crn}
        assert client.quantum("/v1/instances/usage", region="eu-de", headers=headers).status_code == 200
        assert client.quantum("/v1/instances/usage", region="us-east", headers=headers).status_code == 404
        assert client.quantum("/v1/instances/usage").status_code == 400

    @pytest.mark.parametrize(
        ("document", "status"),
        [
            ({"instance_limit": 10}, 409),
            ({"instance_limit": None}, 204),
            ({"instance_limit": 90_000}, 204),
            ({"instance_limit": "600"}, 400),
            ({}, 400),
            ({"instance_limit": True}, 400),
        ],
    )
    def test_a_limit_can_be_set_unless_usage_exceeds_it(
        self, client: Client, document: dict[str, Any], status: int
    ) -> None:
        crn = client.named("chem-catalysis")["crn"]
        assert TestPatch.configure(client, crn, document).status_code == status
        if status == 204:
            assert client.get(crn)["extensions"]["instance_limit_seconds"] == document["instance_limit"]

    def test_an_exhausted_plan_has_reached_the_limit_of_every_instance(self, client: Client) -> None:
        client.sandbox.operator.set_budget(50_000)
        assert self.usage(client, "agritech-pilot")["usage_limit_reached"] is True

    def usage(self, client: Client, name: str) -> dict[str, Any]:
        found = client.sandbox.operator.instance(name)
        answer = client.quantum("/v1/instances/usage", region=found.region, headers={"Service-CRN": found.crn})
        return dict(answer.json())

    def test_what_is_enforced_may_lag_behind_extensions(self, client: Client) -> None:
        before = self.usage(client, "finance-portfolio")["usage_allocation_seconds"]
        client.sandbox.operator.set_enforcement_lag(0.3)
        found = client.named("finance-portfolio")
        client.patch(found["crn"], usage_allocation_seconds=700, instance_limit_seconds=500)
        assert client.get(found["crn"])["extensions"]["usage_allocation_seconds"] == 700
        usage = self.usage(client, "finance-portfolio")
        assert usage["usage_allocation_seconds"] == before
        assert "usage_limit_seconds" not in usage
        time.sleep(0.31)
        usage = self.usage(client, "finance-portfolio")
        assert (usage["usage_allocation_seconds"], usage["usage_limit_seconds"]) == (700, 500)

    def test_what_is_not_enforced_stays_so_until_the_next_write(self, client: Client) -> None:
        found = client.named("finance-portfolio")
        before = self.usage(client, "finance-portfolio")["usage_allocation_seconds"]
        client.sandbox.inject("patch=not-enforced:1")
        asked = {"usage_allocation_seconds": 700, "instance_limit_seconds": 500}
        client.patch(found["crn"], **asked)
        after = client.get(found["crn"])
        assert (after["last_operation"]["state"], after["extensions"]["instance_limit_seconds"]) == ("succeeded", 500)
        usage = self.usage(client, "finance-portfolio")
        assert (usage["usage_allocation_seconds"], usage.get("usage_limit_seconds")) == (before, None)
        client.patch(found["crn"], **asked, timestamp="2")
        assert self.usage(client, "finance-portfolio")["usage_limit_seconds"] == 500

    def test_resource_units_are_announced_then_used(self, client: Client) -> None:
        found = client.named("finance-portfolio")
        assert "usage_allocation_ru" not in found["extensions"]
        client.sandbox.operator.announce_resource_units(None)
        assert client.get(found["crn"])["extensions"]["usage_allocation_ru"] is None
        client.sandbox.operator.announce_resource_units(0.5)
        units = client.get(found["crn"])["extensions"]["usage_allocation_ru"]
        assert units == found["extensions"]["usage_allocation_seconds"] / 2
        usage = self.usage(client, "finance-portfolio")
        assert usage["usage_consumed_ru"] == pytest.approx(usage["usage_consumed_seconds"] / 2, abs=0.001)
        assert usage["usage_limit_ru"] is None

    def devices(self, client: Client, name: str, **query: str) -> list[dict[str, Any]]:
        found = client.sandbox.operator.instance(name)
        headers = {"Service-CRN": found.crn}
        answer = client.quantum("/v1/backends", region=found.region, headers=headers, params=query)
        return list(answer.json()["devices"])

    def test_waiting_times_come_where_they_are_asked_for(self, client: Client) -> None:
        assert "wait_time_seconds" not in self.devices(client, "chem-catalysis")[0]
        client.sandbox.operator.set_device("ibm_boston", status="maintenance", queue_length=3)
        for device in self.devices(client, "chem-catalysis", fields="wait_time_seconds"):
            assert device["wait_time_seconds"] >= device["queue_length"]
            assert (device["status"]["name"] == "maintenance") == (device["name"] == "ibm_boston")

    def test_support_may_change_the_effective_backends(self, client: Client) -> None:
        """Extensions do not tell. A write with backends sets them, one without leaves them."""
        name, crn = "device-benchmarks", client.named("device-benchmarks")["crn"]
        told = client.get(crn)["extensions"]["backends"]
        client.sandbox.operator.set_effective_backends(name, "ibm_marrakesh")
        assert client.get(crn)["extensions"]["backends"] == told
        assert [device["name"] for device in self.devices(client, name)] == ["ibm_marrakesh"]
        client.patch(crn, usage_allocation_seconds=900)
        assert client.get(crn)["extensions"]["backends"] == told
        assert [device["name"] for device in self.devices(client, name)] == ["ibm_marrakesh"]
        client.patch(crn, usage_allocation_seconds=900, backends=["ibm_boston"])
        assert [device["name"] for device in self.devices(client, name)] == ["ibm_boston"]

    def test_a_write_without_backends_may_end_that_too(self, client: Client) -> None:
        name = "device-benchmarks"
        operator = client.sandbox.operator
        operator.set_effective_backends(name, "ibm_marrakesh")
        operator.wipe_effective_backends()
        client.patch(client.named(name)["crn"], usage_allocation_seconds=900)
        assert len(self.devices(client, name)) == 4

    def test_devices_are_those_that_the_instance_may_use(self, client: Client) -> None:
        found = client.named("device-benchmarks")
        devices = client.quantum("/v1/backends", headers={"Service-CRN": found["crn"]}).json()["devices"]
        assert sorted(device["name"] for device in devices) == found["extensions"]["backends"]
        assert devices[0]["status"]["name"] == "online"
        assert devices[0]["queue_length"] >= 0
        assert devices[0]["qubits"] > 100

    def test_workloads_are_the_newest_jobs_first(self, client: Client) -> None:
        headers = {"Service-CRN": client.named("chem-catalysis")["crn"]}
        rows = client.quantum("/v1/workloads", headers=headers).json()["workloads"]
        created = [row["created"] for row in rows]
        assert len(rows) > 5
        assert created == sorted(created, reverse=True)
        assert all(row["usage"]["qpu_charge_time_seconds"] == row["usage_seconds"] for row in rows)

    def test_workloads_come_in_pages_and_may_be_filtered(self, client: Client) -> None:
        headers = {"Service-CRN": client.named("chem-catalysis")["crn"]}

        def asked(**query: Any) -> dict[str, Any]:
            return dict(client.quantum("/v1/workloads", headers=headers, params=query).json())

        pages = [asked(limit=20)]
        while cursor := pages[-1].get("next"):
            pages.append(asked(limit=20, next=cursor))
        ids = [row["id"] for page in pages for row in page["workloads"]]
        assert len(ids) == pages[0]["total_count"] > 40
        assert asked(limit=20, previous=pages[1]["previous"])["workloads"] == pages[0]["workloads"]
        first = pages[0]["workloads"][0]
        for name in ("backend", "mode", "status"):
            assert {row[name] for row in asked(**{name: first[name]})["workloads"]} == {first[name]}
        assert asked(status="pending")["workloads"] == []
        assert asked(created_after=first["created"])["total_count"] == 1
        assert asked(created_before=first["created"])["total_count"] == len(ids) - 1
        for wrong in ({"limit": 51}, {"status": "lost"}, {"next": "x"}, {"created_after": "now"}):
            assert client.quantum("/v1/workloads", headers=headers, params=wrong).status_code == 400


class TestAnalytics:
    @pytest.fixture
    def day(self, client: Client) -> dict[str, str]:
        end = client.sandbox.anchor
        return {"interval_start": (end - timedelta(days=28)).isoformat(), "interval_end": end.isoformat()}

    def grouped(self, client: Client, group: str, query: dict[str, Any]) -> dict[str | None, int]:
        rows = client.quantum("/v1/analytics/usage_grouped", params=query | {"group_by": group}).json()["data"]
        return {row["key"]: row["usage"] for row in rows}

    def test_all_groupings_add_up_to_the_whole_in_milliseconds(self, client: Client, day: dict[str, str]) -> None:
        whole = client.quantum("/v1/analytics/usage", params=day).json()["usage"]
        assert isinstance(whole, int)
        for group in ("instance", "plan", "backend", "user_id", "subscription_id"):
            assert sum(self.grouped(client, group, day).values()) == whole
        assert set(self.grouped(client, "plan", day)) == {"premium", "internal"}

    def test_there_is_a_null_row_and_none_for_the_unused(self, client: Client, day: dict[str, str]) -> None:
        by_instance = self.grouped(client, "instance", day)
        assert None in by_instance
        assert client.named("agritech-pilot")["crn"] not in by_instance
        assert all(usage > 0 for usage in by_instance.values())

    def test_instances_and_plans_are_repeated_keys(self, client: Client, day: dict[str, str]) -> None:
        wanted = [client.named(name)["crn"] for name in ("chem-catalysis", "aerospace-cfd", "climate-modelling")]
        by_instance = self.grouped(client, "instance", day | {"instance": wanted})
        assert set(by_instance) == set(wanted[:2])
        both = client.quantum("/v1/analytics/usage", params=day | {"plan": ["premium", "internal"]})
        one = client.quantum("/v1/analytics/usage", params=day | {"plan": "premium"})
        assert both.json()["usage"] > one.json()["usage"] > 0
        assert client.quantum("/v1/analytics/usage", params={"plan": "gold"}).status_code == 400

    def test_intervals_are_respected_to_the_millisecond(self, client: Client) -> None:
        crn = client.named("chem-catalysis")["crn"]
        headers = {"Service-CRN": crn}
        newest = client.quantum("/v1/workloads", headers=headers).json()["workloads"][0]
        at, usage_ms = newest["created"], round(newest["usage_seconds"] * 1000)
        assert at.endswith("Z")

        def between(start: str, end: str) -> int:
            query = {"interval_start": start, "interval_end": end, "instance": crn}
            return int(client.quantum("/v1/analytics/usage", params=query).json()["usage"])

        later = client.sandbox.anchor.isoformat()
        assert between(at, later) == usage_ms
        assert between((client.sandbox.anchor - timedelta(days=28)).isoformat(), at) > 0
        assert between("2000-01-01T00:00:00Z", at) + usage_ms == between("2000-01-01T00:00:00Z", later)

    @pytest.mark.parametrize(
        "query",
        [
            {"interval_start": "yesterday"},
            {"interval_start": "2026-01-02T00:00:00Z", "interval_end": "2026-01-01T00:00:00Z"},
        ],
    )
    def test_a_bad_interval_is_400(self, client: Client, query: dict[str, str]) -> None:
        assert client.quantum("/v1/analytics/usage", params=query).status_code == 400

    def test_a_bad_grouping_is_400(self, client: Client) -> None:
        assert client.quantum("/v1/analytics/usage_grouped").status_code == 400

    def test_by_date_groups_by_instance_only(self, client: Client, day: dict[str, str]) -> None:
        query = day | {"group_by": "backend"}
        assert client.quantum("/v1/analytics/usage_grouped_by_date", params=query).status_code == 400

    @pytest.mark.parametrize("back_days", [3, 28, 100, 400])
    def test_users_backends_and_days_add_up_to_instances_over_any_span(self, client: Client, back_days: int) -> None:
        end = client.sandbox.anchor
        for region in REGIONS:
            query = {
                "interval_start": (end - timedelta(days=back_days)).isoformat(),
                "interval_end": (end - timedelta(days=2, hours=7)).isoformat(),
            }
            sums = {}
            for group in ("instance", "user_id", "backend"):
                path = "/v1/analytics/usage_grouped"
                rows = client.quantum(path, region=region, params=query | {"group_by": group}).json()["data"]
                sums[group] = [sum(row[name] for row in rows) for name in ("usage", "jobs", "queue_time")]
                assert all(row["usage"] > 0 and row["max_queue_time"] >= row["avg_queue_time"] > 0 for row in rows)
            path = "/v1/analytics/usage_grouped_by_date"
            rows = client.quantum(path, region=region, params=query | {"group_by": "instance"}).json()["data"]
            sums["date"] = [sum(row[name] for row in rows) for name in ("usage", "jobs", "queue_time")]
            assert sums["instance"][0] > 0
            assert len(set(map(tuple, sums.values()))) == 1

    def test_what_a_row_says_of_modes_adds_up_to_its_usage(self, client: Client, day: dict[str, str]) -> None:
        rows = client.quantum("/v1/analytics/usage_grouped", params=day | {"group_by": "instance"}).json()["data"]
        assert all(
            row["individual_usage"] + row["dedicated_usage"] + row["batch_usage"] == row["usage"] for row in rows
        )
        assert sum(row["sessions"] for row in rows) > 0

    def test_every_grouping_is_a_filter_too(self, client: Client, day: dict[str, str]) -> None:
        values = client.quantum("/v1/analytics/filters", params=day).json()
        for group in ("instance", "plan", "backend", "user_id", "subscription_id"):
            by_key = self.grouped(client, group, day)
            assert values[group] == sorted(key for key in by_key if key is not None)
            some = values[group][:2]
            assert self.grouped(client, group, day | {group: some}) == {key: by_key[key] for key in some}
        query = day | {"user_id": ["x"] * 201}
        assert client.quantum("/v1/analytics/usage", params=query).status_code == 400

    def test_rows_by_date_are_utc_days_that_add_up(self, client: Client, day: dict[str, str]) -> None:
        group = "instance"
        query = day | {"group_by": group}
        rows = client.quantum("/v1/analytics/usage_grouped_by_date", params=query).json()["data"]
        sums: dict[str | None, int] = defaultdict(int)
        for row in rows:
            sums[row["key"]] += row["usage"]
            assert row["interval_start"].endswith("T00:00:00Z")
            assert row["interval_end"].endswith("T00:00:00Z")
        assert sums == self.grouped(client, group, day)
        assert len({(row["key"], row["interval_start"]) for row in rows}) == len(rows)

    def test_regions_do_not_overlap(self, client: Client, day: dict[str, str]) -> None:
        region_of = {found["crn"]: found["region_id"] for found in client.list()}
        for region in REGIONS:
            query = day | {"group_by": "instance"}
            rows = client.quantum("/v1/analytics/usage_grouped", region=region, params=query).json()["data"]
            assert {region_of[row["key"]] for row in rows if row["key"]} == {region}


class TestUsers:
    def users(self, client: Client, **query: Any) -> list[dict[str, Any]]:
        path = f"/v2/accounts/{client.sandbox.account_id}/users"
        answer = client.session.get(client.running.user_management_url + path, params=query, timeout=5).json()
        found = list(answer["resources"])
        while answer["next_url"]:
            answer = client.session.get(client.running.user_management_url + answer["next_url"], timeout=5).json()
            found += answer["resources"]
        return found

    def test_a_few_dozen_with_names_a_page_at_a_time(self, client: Client) -> None:
        found = self.users(client)
        assert len({user["iam_id"] for user in found}) == len(found) > 24
        assert self.users(client, limit=7) == found
        for user in found:
            assert user["firstname"]
            assert user["lastname"]
            assert user["email"].isascii()

    def test_those_who_used_the_time_are_among_them_but_for_some_who_left(self, client: Client) -> None:
        query = {"interval_start": (client.sandbox.anchor - timedelta(days=400)).isoformat(), "group_by": "user_id"}
        keys = {
            row["key"]
            for region in REGIONS
            for row in client.quantum("/v1/analytics/usage_grouped", region=region, params=query).json()["data"]
        }
        listed = {user["iam_id"] for user in self.users(client)}
        assert len(keys & listed) > 20
        assert 0 < len(keys - listed) <= 3

    def test_a_member_may_not_list_them(self, client: Client) -> None:
        client.log_in(client.sandbox.member_api_key)
        path = f"/v2/accounts/{client.sandbox.account_id}/users"
        answer = client.session.get(client.running.user_management_url + path, timeout=5)
        assert answer.status_code == 403
        assert "user-management.user.list" in answer.json()["errors"][0]["message"]


class TestRecords:
    def test_requests_changes_and_totals_are_recorded_in_order(self, client: Client) -> None:
        found = client.named("finance-portfolio")
        client.sandbox.clear_requests()
        client.patch(found["crn"], usage_allocation_seconds="1000")
        client.patch(found["crn"], usage_allocation_seconds="2000")
        assert [(r.method, r.kind, r.status) for r in client.sandbox.requests] == [("PATCH", "patch", 200)] * 2
        changes = client.sandbox.applied_changes
        assert [change.after for change in changes] == [Held(1000), Held(2000)]
        assert changes[0].before.allocation_seconds == found["extensions"]["usage_allocation_seconds"]
        held = [total.held_seconds for total in client.sandbox.totals if total.plan == "premium"]
        assert held[2] - held[1] == 1000
        assert client.sandbox.max_total_seconds() == held[0]

    def test_other_processes_read_them_without_authentication(self, client: Client) -> None:
        client.list()
        base = client.running.base_url + "/_sandbox/"
        records = requests.get(base + "records", timeout=5).json()
        assert [r["kind"] for r in records["requests"]] == ["token", "list"]
        assert records["max_total_seconds"]["premium"] == client.sandbox.max_total_seconds()
        assert requests.get(base + "account", timeout=5).json() == client.sandbox.describe()
        config = requests.get(base + "configuration", timeout=5).json()
        assert config == client.sandbox.default_configuration()
        assert requests.get(base + "nothing", timeout=5).status_code == 404


class TestServing:
    def test_the_environment_points_at_the_bases(self, client: Client) -> None:
        base = f"http://127.0.0.1:{client.running.port}"
        assert client.running.environment() == {
            "IBMCLOUD_API_KEY": client.sandbox.api_key,
            "IBMCLOUD_IAM_API_ENDPOINT": f"{base}/iam",
            "IBMCLOUD_RESOURCE_CONTROLLER_API_ENDPOINT": f"{base}/rc",
            "IBMCLOUD_QUANTUM_API_ENDPOINT": base + "/quantum/{region}/api",
            "IBMCLOUD_USER_MANAGEMENT_ENDPOINT": f"{base}/user-management",
        }

    def test_connections_are_kept_and_stopping_does_not_wait_for_them(self) -> None:
        with requests.Session() as session:
            with Sandbox.create().serve() as running:
                for _ in range(3):
                    assert session.get(running.base_url + "/_sandbox/account", timeout=5).status_code == 200
                started = time.monotonic()
            assert time.monotonic() - started < 0.5
            with pytest.raises(requests.ConnectionError):
                session.get(running.base_url + "/_sandbox/account", timeout=5)

    def test_latency_is_added_to_every_request(self, serve: Serve) -> None:
        client = serve(latency=0.05)
        started = time.monotonic()
        client.log_in().rc("GET")
        assert time.monotonic() - started >= 0.1
