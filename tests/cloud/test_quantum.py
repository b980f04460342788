from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from qauvern.cloud import BadResponse, Endpoints, NoSuchPlan, NotAuthorized, RequestRefused, WrongAccount
from qauvern.cloud.quantum import Quantum
from qauvern.cloud.transport import Transport
from qauvern.errors import Remedy
from qauvern.model import Account, BillingPlan, Crn, Enforced, ResourceUnits, Usage
from tests.cloud.conftest import FixedTokens
from tests.cloud.server import Answer, Server, ok
from tests.helpers.make import ACCOUNT_ID, crn

PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"
NOW = datetime(2026, 3, 15, 14, 30, 0, 123_456, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture
def quantum(transport: Transport, server: Server, tokens: FixedTokens) -> Quantum:
    environ = {"IBMCLOUD_QUANTUM_API_ENDPOINT": server.url + "/{region}/api"}
    return Quantum(transport, tokens, Endpoints.from_environment(environ))


def subscription(**figures: Any) -> dict[str, Any]:
    return {"plan_id": PREMIUM, "subscription_id": "s-1"} | figures


def plans(*rows: object) -> Answer:
    return ok({"plans": list(rows)})


class TestAccount:
    def test_is_asked_of_us_east(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(plans(subscription(usage_allocation_seconds=5, unallocated_usage_seconds=0)))
        quantum.account(ACCOUNT_ID, BillingPlan.PREMIUM)
        (asked,) = server.asked
        assert asked.path == f"/us-east/api/v1/accounts/{ACCOUNT_ID}"
        assert asked.query == {"plan_id": [PREMIUM]}
        assert asked.headers["IBM-API-Version"] == "2026-04-15"
        assert asked.headers["Account-Id"] == ACCOUNT_ID
        assert asked.headers["Authorization"] == "Bearer token-1"

    @pytest.mark.parametrize(
        ("rows", "figures"),
        [
            (
                [
                    subscription(usage_allocation_seconds=1000, unallocated_usage_seconds=10, usage_limit_seconds=7),
                    subscription(subscription_id="s-2", usage_allocation_seconds=500, unallocated_usage_seconds=0.0),
                    {"plan_id": "another", "usage_allocation_seconds": "junk"},
                ],
                (1500, 10, 7),
            ),
            ([subscription()], (None, 0, None)),
            ([subscription(usage_allocation_seconds=None, usage_limit_seconds=60)], (None, 0, 60)),
            ([subscription(usage_allocation_seconds=100, unallocated_usage_seconds=-20)], (100, -20, None)),
        ],
        ids=["added up over subscriptions", "no budget", "a limit only", "more held than the budget"],
    )
    def test_figures(
        self, quantum: Quantum, server: Server, rows: list[Any], figures: tuple[int | None, int, int | None]
    ) -> None:
        server.answer_in_turn(plans(*rows))
        assert quantum.account(ACCOUNT_ID, BillingPlan.PREMIUM) == Account(ACCOUNT_ID, BillingPlan.PREMIUM, *figures)

    @pytest.mark.parametrize("rows", [[], [{"plan_id": "another"}]])
    def test_no_subscription(self, quantum: Quantum, server: Server, rows: list[Any]) -> None:
        server.answer_in_turn(plans(*rows))
        with pytest.raises(NoSuchPlan, match=f"premium plan of account {ACCOUNT_ID}:") as caught:
            quantum.account(ACCOUNT_ID, BillingPlan.PREMIUM)
        assert caught.value.remedy is Remedy.CHECK_IDS

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ({}, "`plans` is missing"),
            ({"plans": [{}]}, "plan_id of plan 1"),
            (
                {"plans": [subscription(usage_allocation_seconds=100)]},
                "unallocated_usage_seconds of .*'s-1' is missing",
            ),
            ({"plans": [subscription(usage_allocation_seconds=-1, unallocated_usage_seconds=0)]}, "is -1"),
            (
                {"plans": [subscription(usage_allocation_seconds=10, unallocated_usage_seconds=11)]},
                "is 11, which cannot",
            ),
            ({"plans": [subscription(usage_allocation_seconds=1.5, unallocated_usage_seconds=0)]}, "not a whole"),
            ({"plans": [subscription(usage_limit_seconds="60")]}, "usage_limit_seconds .*not a number"),
        ],
    )
    def test_damage_is_an_error(self, quantum: Quantum, server: Server, body: object, says: str) -> None:
        server.answer_in_turn(ok(body))
        with pytest.raises(BadResponse, match=says):
            quantum.account(ACCOUNT_ID, BillingPlan.PREMIUM)

    def test_without_the_role(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(Answer({"trace": "t-1", "errors": [{"code": 1, "message": "Forbidden"}]}, status=403))
        with pytest.raises(NotAuthorized, match="Forbidden") as caught:
            quantum.account(ACCOUNT_ID, BillingPlan.PREMIUM)
        assert caught.value.facts["action"] == "quantum-computing.account-configuration.read"

    def test_another_account_than_the_one_asked_for_is_an_error(self, quantum: Quantum, server: Server) -> None:
        """IBM tells a default configuration of an account that it does not know."""
        row = subscription(usage_allocation_seconds=5, unallocated_usage_seconds=0)
        server.answer_in_turn(ok({"account_id": "0" * 32, "plans": [row]}))
        with pytest.raises(WrongAccount, match="0" * 32):
            quantum.account(ACCOUNT_ID, BillingPlan.PREMIUM)

    @pytest.mark.parametrize(
        ("plan_id", "name"),
        [("53bde9d3-cdbb-46f5-a98f-60ebcadf7260", "flex"), ("850b21a7-71de-4e53-9441-1abdd202f35d", "open")],
    )
    def test_plans_that_are_not_shared_are_refused_with_the_reason(
        self, quantum: Quantum, server: Server, plan_id: str, name: str
    ) -> None:
        server.answer_in_turn(plans(), plans({"plan_id": plan_id}))
        with pytest.raises(NoSuchPlan, match=f"plan {name}, which is not shared: it has no") as caught:
            quantum.account(ACCOUNT_ID, BillingPlan.PREMIUM)
        assert caught.value.facts["plans"] == [name]


class TestConsumed:
    @pytest.mark.parametrize(
        ("figures", "enforced"),
        [
            ({}, Enforced(None, None)),
            ({"usage_limit_seconds": 60, "usage_allocation_seconds": 0}, Enforced(0, 60)),
            ({"usage_limit_seconds": "60", "usage_allocation_seconds": None}, Enforced(None, 60)),
        ],
    )
    def test_what_is_enforced_comes_with_it(
        self, quantum: Quantum, server: Server, figures: dict[str, object], enforced: Enforced
    ) -> None:
        server.answer_in_turn(ok({"usage_consumed_seconds": 1, "instance_id": crn("a"), **figures}))
        assert quantum.usage(crn("a"), "it") == Usage(1_000, enforced=enforced)

    def test_resource_units(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(ok(b'{"usage_consumed_seconds": 1, "usage_consumed_ru": 1.25, "usage_limit_ru": null}'))
        assert quantum.usage(crn("a"), "it").units == ResourceUnits(Decimal("1.25"), None)

    def test_the_usage_of_another_instance_is_refused(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(ok({"usage_consumed_seconds": 1, "instance_id": crn("b")}))
        with pytest.raises(BadResponse, match="another instance"):
            quantum.usage(crn("a"), "it")

    @pytest.mark.parametrize(
        ("figure", "ms"),
        [(b"0", 0), (b"12", 12_000), (b"0.30000000000000004", 300), (b"1234.5678", 1_234_568), (b"2.5e3", 2_500_000)],
    )
    def test_is_seconds_with_a_fraction(self, quantum: Quantum, server: Server, figure: bytes, ms: int) -> None:
        server.answer_in_turn(ok(b'{"usage_consumed_seconds": ' + figure + b"}"))
        assert quantum.usage(crn("a", "eu-de"), "instance 'a'").consumed_ms == ms
        (asked,) = server.asked
        assert asked.path == "/eu-de/api/v1/instances/usage"
        assert asked.headers["Service-CRN"] == crn("a", "eu-de")
        assert "Account-Id" not in asked.headers

    @pytest.mark.parametrize("figure", [b"-0.1", b'"12"', b"null", b"true", b"1e12", b"1e999999", b"[]"])
    def test_damage_is_an_error_that_names_the_instance(self, quantum: Quantum, server: Server, figure: bytes) -> None:
        server.answer_in_turn(ok(b'{"usage_consumed_seconds": ' + figure + b"}"))
        with pytest.raises(BadResponse, match=r"read the 28-day usage of instance 'a': .*usage_consumed_seconds"):
            quantum.usage(crn("a"), "instance 'a'")


class TestUsageByInstance:
    def test_one_request_for_all(self, quantum: Quantum, server: Server) -> None:
        rows = [
            {"key": crn("a"), "usage": 1500},
            {"key": crn("b"), "usage": 2.4},
            {"key": None, "usage": 99},
            {"key": crn("a"), "usage": 500},
        ]
        server.answer_in_turn(ok({"data": rows}))
        usage = quantum.usage_by_instance(
            server.url + "/eu-de/api", ACCOUNT_ID, BillingPlan.PREMIUM, NOW - timedelta(days=3), NOW, crn("a")
        )
        assert usage == {crn("a"): 2000, crn("b"): 2}
        (asked,) = server.asked
        assert asked.path == "/eu-de/api/v1/analytics/usage_grouped"
        assert asked.query == {
            "group_by": ["instance"],
            "plan": ["premium"],
            "interval_start": ["2026-03-12T12:30:00.123Z"],
            "interval_end": ["2026-03-15T12:30:00.123Z"],
        }
        assert asked.headers["Account-Id"] == ACCOUNT_ID

    @pytest.mark.parametrize(
        "row",
        [
            {"usage": 1},
            {"key": 7, "usage": 1},
            {"key": "", "usage": 1},
            {"key": "a"},
            {"key": "a", "usage": None},
            {"key": "a", "usage": -1},
            {"key": "a", "usage": "1"},
            {"key": "a", "usage": True},
            {"key": "a", "usage": 1e30},
            [],
        ],
    )
    def test_damage_is_an_error(self, quantum: Quantum, server: Server, row: object) -> None:
        server.answer_in_turn(ok({"data": [row]}))
        ago = NOW - timedelta(days=3)
        with pytest.raises(BadResponse, match="read the usage of the premium plan by instance since"):
            quantum.usage_by_instance(server.url, ACCOUNT_ID, BillingPlan.PREMIUM, ago, NOW, crn("a"))


class TestByCrn:
    def ask(self, quantum: Quantum, server: Server) -> dict[str, int]:
        base, ago = server.url + "/us-east/api", NOW - timedelta(days=3)
        return quantum.usage_by_instance(base, ACCOUNT_ID, BillingPlan.PREMIUM, ago, NOW, crn("a"))

    def test_where_the_account_id_is_refused_the_crn_of_an_instance_is_asked_by_and_from_then_on(
        self, quantum: Quantum, server: Server
    ) -> None:
        server.script = lambda asked: Answer(status=400) if "Account-Id" in asked.headers else ok({"data": []})
        assert self.ask(quantum, server) == {}
        assert self.ask(quantum, server) == {}
        assert [asked.headers.get("Service-CRN") for asked in server.asked] == [None, crn("a"), crn("a")]

    def test_what_is_refused_either_way_is_an_error(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(Answer(status=400))
        with pytest.raises(RequestRefused):
            self.ask(quantum, server)
        assert len(server.asked) == 2

    def test_another_refusal_is_not_asked_twice(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(Answer(status=403))
        with pytest.raises(NotAuthorized):
            self.ask(quantum, server)
        assert len(server.asked) == 1


class TestBackends:
    def test_the_effective_ones_are_the_devices(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(ok({"devices": [{"name": "ibm_a", "qubits": 127}, {"name": "ibm_b"}]}))
        assert quantum.effective_backends(crn("a", "eu-de"), "it") == {"ibm_a", "ibm_b"}
        assert (server.asked[0].path, server.asked[0].headers["Service-CRN"]) == (
            "/eu-de/api/v1/backends",
            crn("a", "eu-de"),
        )

    @pytest.mark.parametrize("body", [{}, {"devices": [{}]}, {"devices": ["ibm_a"]}, []])
    def test_damage_is_an_error(self, quantum: Quantum, server: Server, body: object) -> None:
        server.answer_in_turn(ok(body))
        with pytest.raises(BadResponse):
            quantum.effective_backends(crn("a"), "it")


class TestVersions:
    @pytest.mark.parametrize(
        ("versions", "sunset"),
        [
            (["2026-02-15", "2026-04-15"], None),
            ([{"version": "2026-02-15", "sunset_date": "2027-02-15"}, {"version": "2026-04-15"}], None),
            ([{"version": "2026-04-15", "sunset_date": "2028-01-31"}], date(2028, 1, 31)),
        ],
    )
    def test_the_end_of_the_one_in_use(
        self, quantum: Quantum, server: Server, versions: list[object], sunset: date | None
    ) -> None:
        server.answer_in_turn(ok({"versions": versions}))
        assert quantum.sunset() == sunset

    @pytest.mark.parametrize(
        "body", [{}, {"versions": []}, {"versions": [{"version": "2026-04-15", "sunset_date": 7}]}]
    )
    def test_what_cannot_be_told_is_an_error(self, quantum: Quantum, server: Server, body: object) -> None:
        server.answer_in_turn(ok(body))
        with pytest.raises(BadResponse):
            quantum.sunset()


def daily(label: str, start: object, usage: int) -> dict[str, Any]:
    return {"key": crn(label), "interval_start": start, "interval_end": "whatever", "usage": usage}


class TestDailyUsage:
    def ask(self, quantum: Quantum, server: Server, since: dict[Crn, date]) -> dict[Crn, dict[date, int]]:
        return quantum.daily_usage(server.url, ACCOUNT_ID, BillingPlan.PREMIUM, since, NOW)

    def test_by_utc_date_from_each_ones_own_date_on(self, quantum: Quantum, server: Server) -> None:
        rows = [
            daily("a", "2026-03-10T00:00:00Z", 1),
            daily("a", "2026-03-10T00:00:00.000+00:00", 2),
            daily("a", "2026-03-10T23:30:00-02:00", 4),
            daily("a", "2026-03-12", 8),
            daily("b", "2026-03-10T00:00:00Z", 16),
            daily("b", "2026-03-15T00:00:00", 32),
            daily("unwanted", "2026-03-15T00:00:00Z", 64),
            {"key": None, "usage": 128},
        ]
        server.answer_in_turn(ok({"data": rows}))
        since = {crn("a"): date(2026, 3, 10), crn("b"): date(2026, 3, 11), crn("c"): date(2026, 3, 11)}
        assert self.ask(quantum, server, since) == {
            crn("a"): {date(2026, 3, 10): 1 + 2, date(2026, 3, 11): 4, date(2026, 3, 12): 8},
            crn("b"): {date(2026, 3, 15): 32},
            crn("c"): {},
        }
        (asked,) = server.asked
        assert asked.path == "/v1/analytics/usage_grouped_by_date"
        assert asked.query["interval_start"] == ["2026-03-10T00:00:00.000Z"]
        assert asked.query["interval_end"] == ["2026-03-15T12:30:00.123Z"]
        assert asked.query["instance"] == [crn("a"), crn("b"), crn("c")]

    def test_by_instance_only_while_the_url_is_short(self, quantum: Quantum, server: Server) -> None:
        server.answer_in_turn(ok({"data": []}))
        by_instance: list[int] = []
        lengths: list[int] = []
        for count in range(30, 60):
            self.ask(quantum, server, {crn(f"team-{number:04}"): date(2026, 3, 10) for number in range(count)})
            asked = server.asked[-1]
            if "instance" in asked.query:
                by_instance.append(count)
                lengths.append(len(server.url + asked.target))
        assert by_instance == list(range(30, by_instance[-1] + 1))
        assert by_instance[-1] < 59
        assert 5_800 < lengths[-1] < 6_000

    @pytest.mark.parametrize("start", [None, "", "2026", "yesterday", "2026-13-01", "2026-03-10T25:00:00Z", 20260310])
    def test_damage_is_an_error(self, quantum: Quantum, server: Server, start: object) -> None:
        server.answer_in_turn(ok({"data": [daily("a", start, 1)]}))
        with pytest.raises(BadResponse, match=r"read the daily usage .*interval_start"):
            self.ask(quantum, server, {crn("a"): date(2026, 3, 10)})
