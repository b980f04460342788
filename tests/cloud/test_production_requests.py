"""What goes out to IBM's own hosts: URLs, headers and bodies, held against the API facts, without a network."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import responses
from responses import matchers

from qauvern import cloud
from qauvern.model import BillingPlan, InstanceSettings, LiveInstance, OperationState, Settings
from tests.helpers.make import ACCOUNT_ID, crn

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=timezone.utc)
HOME, EUROPE = crn("home"), crn("europe", "eu-de")
PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"
IAM, CONTROLLER = "https://iam.cloud.ibm.com", "https://resource-controller.cloud.ibm.com"
QUANTUM = {"us-east": "https://quantum.cloud.ibm.com/api", "eu-de": "https://eu-de.quantum.cloud.ibm.com/api"}
API_KEY = "key-of-a-test"


@pytest.fixture
def ibm() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(
            f"{IAM}/identity/token",
            json={"access_token": "token-of-a-test", "expires_in": 3600},
            match=[
                matchers.urlencoded_params_matcher(
                    {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": API_KEY}
                )
            ],
        )
        yield mock


@pytest.fixture
def client() -> Iterator[cloud.Cloud]:
    with cloud.connect(cloud.Endpoints.from_environment({}), API_KEY, concurrency=2) as client:
        yield client


def resource(of: Any, **parameters: Any) -> dict[str, Any]:
    return {
        "id": str(of),
        "crn": str(of),
        "name": of.guid,
        "state": "active",
        "account_id": ACCOUNT_ID,
        "resource_plan_id": PREMIUM,
        "last_operation": {"type": "update", "state": "succeeded"},
        "parameters": {"usage_allocation_seconds": "1"},
        "extensions": {
            "usage_allocation_seconds": 500,
            "instance_limit_seconds": None,
            "backends": ["ANY"],
            **parameters,
        },
    }


def sent(ibm: responses.RequestsMock, path: str) -> list[Any]:
    return [call.request for call in ibm.calls if urlsplit(str(call.request.url)).path.endswith(path)]


class TestSnapshot:
    @pytest.fixture
    def asked(self, ibm: responses.RequestsMock, client: cloud.Cloud) -> responses.RequestsMock:
        ibm.get(
            f"{CONTROLLER}/v2/resource_instances",
            json={"resources": [resource(HOME)], "next_url": "/v2/resource_instances?start=second&limit=100"},
            match=[
                matchers.query_param_matcher(
                    {"resource_id": "b6049020-80f4-11eb-a0f7-e35ec9b4054f", "resource_plan_id": PREMIUM, "limit": "100"}
                )
            ],
        )
        ibm.get(
            f"{CONTROLLER}/v2/resource_instances",
            json={"resources": [resource(EUROPE)], "next_url": None},
            match=[matchers.query_param_matcher({"start": "second"}, strict_match=False)],
        )
        ibm.get(
            f"{QUANTUM['us-east']}/v1/accounts/{ACCOUNT_ID}",
            json={
                "plans": [
                    {"plan_id": PREMIUM, "usage_allocation_seconds": 600, "unallocated_usage_seconds": 10},
                    {"plan_id": PREMIUM, "usage_allocation_seconds": 400, "unallocated_usage_seconds": 5},
                    {"plan_id": "another", "usage_allocation_seconds": 9, "unallocated_usage_seconds": 9},
                ]
            },
        )
        for region, of in (("us-east", HOME), ("eu-de", EUROPE)):
            ibm.get(f"{QUANTUM[region]}/v1/instances/usage", json={"usage_consumed_seconds": 12.5})
            ibm.get(f"{QUANTUM[region]}/v1/analytics/usage_grouped", json={"data": [{"key": str(of), "usage": 1500}]})
        configured = tuple(InstanceSettings(of.guid, of) for of in (HOME, EUROPE))
        snapshot = client.take_snapshot(Settings(ACCOUNT_ID, BillingPlan.PREMIUM, 60, configured), now=NOW)
        assert (snapshot.account.budget_seconds, snapshot.account.unallocated_seconds) == (1000, 15)
        assert {of: usage.consumed_ms for of, usage in snapshot.usage.items()} == {HOME: 12_500, EUROPE: 12_500}
        return ibm

    def test_official_usage_is_asked_of_the_instances_own_region(self, asked: responses.RequestsMock) -> None:
        requests = sent(asked, "/v1/instances/usage")
        assert {(urlsplit(each.url).hostname, each.headers["Service-CRN"]) for each in requests} == {
            ("quantum.cloud.ibm.com", HOME),
            ("eu-de.quantum.cloud.ibm.com", EUROPE),
        }

    def test_analytics_ask_each_region_for_each_window_by_plan_name(self, asked: responses.RequestsMock) -> None:
        requests = sent(asked, "/v1/analytics/usage_grouped")
        queries = [parse_qs(urlsplit(each.url).query) for each in requests]
        assert {(urlsplit(each.url).hostname) for each in requests} == {
            "quantum.cloud.ibm.com",
            "eu-de.quantum.cloud.ibm.com",
        }
        assert len(requests) == 10
        assert all(each.headers["Account-Id"] == ACCOUNT_ID for each in requests)
        assert all(query["plan"] == ["premium"] and query["group_by"] == ["instance"] for query in queries)
        assert {query["interval_end"][0] for query in queries} == {"2026-03-15T12:00:00.000Z"}
        assert {query["interval_start"][0][:10] for query in queries} == {
            "2026-03-14", "2026-03-12", "2026-03-08", "2026-03-01", "2026-02-15"
        }  # fmt: skip

    def test_every_request_of_the_quantum_api_bears_version_and_token(self, asked: responses.RequestsMock) -> None:
        for call in asked.calls:
            if "quantum.cloud.ibm.com" in str(call.request.url):
                assert call.request.headers["IBM-API-Version"] == "2026-04-15"
                assert call.request.headers["Authorization"] == "Bearer token-of-a-test"


class TestSingleInstance:
    url = f"{CONTROLLER}/v2/resource_instances/{quote(HOME, safe='')}"

    def test_reading_takes_extensions_and_never_parameters(
        self, ibm: responses.RequestsMock, client: cloud.Cloud
    ) -> None:
        ibm.get(self.url, json=resource(HOME, instance_limit_seconds=70, backends=["ibm_one"]))
        live = client.read(HOME)
        assert isinstance(live, LiveInstance)
        assert (live.instance.allocation_seconds, live.instance.limit_seconds) == (500, 70)
        assert live.instance.backends == ("ibm_one",)
        assert live.operation is OperationState.SUCCEEDED

    @pytest.mark.parametrize(
        ("limit", "backends", "expected"),
        [
            (None, None, {"usage_allocation_seconds": "300", "instance_limit_seconds": None}),
            (70, ("b",), {"usage_allocation_seconds": "300", "instance_limit_seconds": "70", "backends": ["b"]}),
            (70, (), {"usage_allocation_seconds": "300", "instance_limit_seconds": "70", "backends": []}),
        ],
        ids=["no limit, all backends", "an explicit list", "an explicit empty list"],
    )
    def test_writing_sends_allocation_limit_explicit_backends_and_a_timestamp(
        self,
        ibm: responses.RequestsMock,
        client: cloud.Cloud,
        limit: int | None,
        backends: tuple[str, ...] | None,
        expected: dict[str, Any],
    ) -> None:
        ibm.patch(self.url, json=resource(HOME), status=202)
        client.write(HOME, 300, limit, backends)
        client.write(HOME, 300, limit, backends)
        bodies = [json.loads(call.request.body or b"") for call in ibm.calls if call.request.method == "PATCH"]
        stamps = [body["parameters"].pop("timestamp") for body in bodies]
        assert bodies == [{"parameters": expected}] * 2
        assert stamps[0] != stamps[1]
