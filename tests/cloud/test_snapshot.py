"""What is asked for a snapshot, and how the answers become one. The answers come from a table, not over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from qauvern.cloud import Endpoints, WrongAccount, read_instances_view, take_snapshot
from qauvern.cloud.snapshot import Progress
from qauvern.cloud.workers import Batch, Workers
from qauvern.model import (
    Account,
    BalancePeriod,
    BillingPlan,
    Crn,
    DailyUsage,
    Instance,
    InstanceSettings,
    RecentUsage,
    Settings,
    Usage,
)
from tests.helpers.make import ACCOUNT_ID, crn

NOW = datetime(2026, 3, 15, 12, 0, tzinfo=timezone.utc)
A, B, C = crn("a"), crn("b"), crn("c", "eu-de")
HOME, EUROPE = "https://quantum.cloud.ibm.com/api", "https://eu-de.quantum.cloud.ibm.com/api"


def instance(of: Crn, allocation: int | None = 100) -> Instance:
    return Instance(f"team {of.guid}", of, allocation, None)


def settings(*configured: Crn, period: BalancePeriod | None = None) -> Settings:
    instances = tuple(InstanceSettings(f"team {one.guid}", one, period=period) for one in configured)
    return Settings(ACCOUNT_ID, BillingPlan.PREMIUM, 60, instances)


@dataclass
class Table:
    """Answers from what it was given: usage by base URL and start, in milliseconds."""

    listed: list[list[Instance]]
    windows: Mapping[tuple[str, datetime], dict[str, int]] = field(default_factory=dict)
    daily: dict[Crn, dict[date, int]] = field(default_factory=dict)
    consumed: Mapping[Crn, int] = field(default_factory=dict)
    failing: Crn | None = None
    endpoints: Endpoints = field(default_factory=lambda: Endpoints.from_environment({}))
    workers: Workers = field(default_factory=lambda: Workers(4))
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def batch(self, progress: Progress | None = None) -> Batch:
        return Batch(self.workers, progress)

    def pages(self, plan: BillingPlan) -> Iterator[tuple[Instance, ...]]:
        for page in self.listed:
            self.asked.append(("page", plan))
            yield tuple(page)

    def account(self, account_id: str, plan: BillingPlan) -> Account:
        self.asked.append(("account", account_id))
        return Account(account_id, plan, 1000, 100)

    def usage(self, crn: Crn) -> Usage:
        self.asked.append(("consumed", crn))
        if crn == self.failing:
            raise RuntimeError(f"could not read {crn}")
        return Usage(self.consumed.get(crn, 0))

    def usage_by_instance(
        self, base_url: str, account_id: str, plan: BillingPlan, start: datetime, end: datetime, crn: Crn
    ) -> dict[str, int]:
        assert self.endpoints.quantum_base(crn.region) == base_url
        assert (account_id, plan) == (ACCOUNT_ID, BillingPlan.PREMIUM)
        self.asked.append(("window", base_url, start, end))
        return self.windows.get((base_url, start), {})

    def daily_usage(
        self, base_url: str, account_id: str, plan: BillingPlan, since: Mapping[Crn, date], now: datetime
    ) -> dict[Crn, dict[date, int]]:
        assert (account_id, plan) == (ACCOUNT_ID, BillingPlan.PREMIUM)
        self.asked.append(("daily", base_url, dict(since), now))
        return {crn: self.daily.get(crn, {}) for crn in since}

    def of(self, what: str) -> list[tuple[Any, ...]]:
        return sorted((asked for asked in self.asked if asked[0] == what), key=str)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


class TestTakeSnapshot:
    def test_windows_and_official_usage(self) -> None:
        table = Table(
            [[instance(A)], [instance(B), instance(C)]],
            windows={
                (HOME, ago(1)): {A: 1},
                (HOME, ago(3)): {A: 3},
                (HOME, ago(7)): {A: 7},
                (HOME, ago(14)): {A: 14},
                (HOME, ago(28)): {A: 28, B: 280},
                (EUROPE, ago(14)): {C: 5},
            },
            consumed={A: 29, C: 6},
        )
        snapshot = take_snapshot(table, settings(A, C), now=NOW)
        assert snapshot.taken_at == NOW
        assert snapshot.account == Account(ACCOUNT_ID, BillingPlan.PREMIUM, 1000, 100)
        assert snapshot.instances == {one: instance(one) for one in (A, B, C)}
        assert snapshot.usage == {
            A: Usage(29, RecentUsage(last_14d_ms=14, last_7d_ms=7, last_3d_ms=3, last_24h_ms=1)),
            C: Usage(6, RecentUsage(last_14d_ms=5, last_7d_ms=0, last_3d_ms=0, last_24h_ms=0)),
        }
        assert snapshot.unconfigured_consumed_ms == 280

    def test_each_window_is_asked_once_for_each_region_of_a_listed_instance(self) -> None:
        """Also where only an unconfigured or archived instance is there."""
        unknown = crn("d", "mars-1")
        table = Table([[instance(A), instance(B)], [instance(C, 0), instance(unknown)]])
        take_snapshot(table, settings(A), now=NOW)
        bases = (HOME, EUROPE, "https://mars-1.quantum.cloud.ibm.com/api")
        expected = [("window", base, ago(days), NOW) for base in bases for days in (1, 3, 7, 14, 28)]
        assert table.of("window") == sorted(expected, key=str)

    def test_one_base_for_all_regions_is_asked_once(self) -> None:
        one_base = Endpoints.from_environment({"IBMCLOUD_QUANTUM_API_ENDPOINT": "https://q.example/api"})
        table = Table([[instance(A), instance(C)]], endpoints=one_base)
        take_snapshot(table, settings(A, C), now=NOW)
        assert len(table.of("window")) == 5

    def test_what_two_regions_tell_of_an_instance_counts_once(self) -> None:
        table = Table(
            [[instance(A), instance(C)]],
            windows={
                (HOME, ago(28)): {A: 1, "other": 100},
                (EUROPE, ago(28)): {C: 1, "other": 70, "gone": 3},
                (HOME, ago(1)): {A: 50},
                (EUROPE, ago(1)): {A: 40},
            },
        )
        snapshot = take_snapshot(table, settings(A, C), now=NOW)
        assert snapshot.unconfigured_consumed_ms == 100 + 3
        assert snapshot.usage[A].last_24h_ms == 50

    def test_missing_and_archived_instances_have_no_usage(self) -> None:
        """Nor is a host asked that a mistyped region made up."""
        typo = crn("a", "us-eats")
        table = Table([[instance(A), instance(B, 0)]])
        period = BalancePeriod(ago(100))
        snapshot = take_snapshot(table, settings(A, B, C, typo, period=period), now=NOW, daily_since={typo: NOW.date()})
        assert set(snapshot.usage) == {A}
        assert set(snapshot.instances) == {A, B}
        assert table.of("consumed") == [("consumed", A)]
        assert not [asked for asked in table.asked if "us-eats" in str(asked)]

    def test_daily_usage_where_it_is_wanted_once_for_a_region(self) -> None:
        since = {A: date(2026, 3, 1), B: date(2026, 3, 5), C: date(2026, 3, 16)}
        table = Table([[instance(A), instance(B), instance(C)]], daily={A: {date(2026, 3, 2): 7}})
        snapshot = take_snapshot(table, settings(A, B, C), now=NOW, daily_since=since)
        assert table.of("daily") == [("daily", HOME, {A: since[A], B: since[B]}, NOW)]
        assert snapshot.usage[A].daily == DailyUsage(since[A], {date(2026, 3, 2): 7})
        assert snapshot.usage[B].daily == DailyUsage(since[B], {})
        assert snapshot.usage[C].daily == DailyUsage(since[C], {}), "a date to come has no usage yet"

    def test_daily_usage_that_was_not_wanted_is_not_zero(self) -> None:
        snapshot = take_snapshot(Table([[instance(A)]]), settings(A), now=NOW)
        assert snapshot.usage[A].daily is None

    def test_a_region_that_is_not_sure_to_exist_is_asked_once_it_is_listed(self) -> None:
        there = crn("m", "mars-1")
        base = "https://mars-1.quantum.cloud.ibm.com/api"
        table = Table([[instance(A)], [instance(there)]], windows={(base, ago(100)): {there: 9}})
        period = BalancePeriod(ago(100))
        snapshot = take_snapshot(table, settings(there, period=period), now=NOW, daily_since={there: date(2026, 3, 1)})
        assert table.of("daily") == [("daily", base, {there: date(2026, 3, 1)}, NOW)]
        assert snapshot.usage[there].period_ms == 9

    @pytest.mark.parametrize(
        ("period", "asked", "period_ms"),
        [
            (BalancePeriod(ago(100)), (ago(100), NOW), 11),
            (BalancePeriod(ago(100), ago(50)), (ago(100), ago(50)), 11),
            (BalancePeriod(ago(100), ago(-50)), (ago(100), NOW), 11),
            (BalancePeriod(ago(-1), ago(-50)), None, 0),
            (BalancePeriod(NOW), None, 0),
            (None, None, None),
        ],
        ids=["open", "ended", "ends later", "to come", "starts now", "none"],
    )
    def test_period_usage(
        self, period: BalancePeriod | None, asked: tuple[datetime, datetime] | None, period_ms: int | None
    ) -> None:
        table = Table([[instance(A), instance(B)]], windows={(HOME, ago(100)): {A: 11, B: 12}})
        snapshot = take_snapshot(table, settings(A, B, period=period), now=NOW)
        periods = [
            request for request in table.of("window") if request[2:] not in [(ago(d), NOW) for d in (1, 3, 7, 14, 28)]
        ]
        assert periods == ([("window", HOME, *asked)] if asked else [])
        assert snapshot.usage[A].period_ms == period_ms

    def test_many_periods_of_whole_days_are_added_up_from_one_request_by_date(self) -> None:
        teams = [crn(f"team-{number}") for number in range(10)]
        first_day = date(2026, 3, 1)
        starts = [first_day + timedelta(days=number) for number in range(10)]
        table = Table(
            [[instance(one) for one in teams]],
            daily={one: dict.fromkeys([first_day - timedelta(days=1), *starts], 1) for one in teams},
        )
        configured = tuple(
            InstanceSettings(one.guid, one, period=BalancePeriod(datetime(*start.timetuple()[:3], tzinfo=timezone.utc)))
            for one, start in zip(teams, starts, strict=True)
        )
        snapshot = take_snapshot(table, Settings(ACCOUNT_ID, BillingPlan.PREMIUM, 60, configured), now=NOW)
        assert len(table.of("window")) == 5
        assert len(table.of("daily")) == 1
        # team n's period begins with day n: of the ten days from the first on, 10 - n are in it
        assert [snapshot.usage[one].period_ms for one in teams] == [10 - number for number in range(10)]
        assert [snapshot.usage[one].daily_ms.since for one in teams] == starts

    def test_a_period_that_begins_within_a_day_keeps_its_own_request(self) -> None:
        teams = [crn(f"team-{number}") for number in range(10)]
        configured = tuple(
            InstanceSettings(one.guid, one, period=BalancePeriod(ago(40 + number))) for number, one in enumerate(teams)
        )
        table = Table([[instance(one) for one in teams]], windows={(HOME, ago(43)): {teams[3]: 7}})
        snapshot = take_snapshot(table, Settings(ACCOUNT_ID, BillingPlan.PREMIUM, 60, configured), now=NOW)
        assert len(table.of("window")) == 5 + 10
        assert snapshot.usage[teams[3]].period_ms == 7

    def test_a_failure_is_raised(self) -> None:
        table = Table([[instance(A), instance(B)]], failing=B)
        with pytest.raises(RuntimeError, match=f"could not read {B}"):
            take_snapshot(table, settings(A, B), now=NOW)

    def test_a_key_of_another_account_is_noticed(self) -> None:
        table = Table([[instance(crn("a", account_id="f" * 32))]])
        with pytest.raises(
            WrongAccount, match=f"of account {'f' * 32}, but the config file is for account {ACCOUNT_ID}"
        ):
            take_snapshot(table, settings(A), now=NOW)

    def test_now_is_kept_in_utc_to_the_millisecond_as_it_is_sent(self) -> None:
        table = Table([[instance(A)]])
        now = datetime(2026, 3, 15, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
        assert take_snapshot(table, settings(A), now=now).taken_at == NOW.replace(microsecond=999_000)
        with pytest.raises(ValueError, match="no UTC offset"):
            take_snapshot(table, settings(A), now=NOW.replace(tzinfo=None))

    def test_progress_ends_complete(self) -> None:
        told: list[tuple[int, int]] = []
        table = Table([[instance(A), instance(B, 0)]])
        take_snapshot(table, settings(A, B, C), now=NOW, progress=lambda done, total: told.append((done, total)))
        assert [done for done, _ in told] == list(range(1, len(told) + 1))
        # a list, an account, five windows for each of two regions, one usage
        assert told[-1] == (1 + 1 + 5 * 2 + 1, 1 + 1 + 5 * 2 + 1)


class TestReadInstancesView:
    def test_asks_for_nothing_that_takes_administrator_rights(self) -> None:
        table = Table([[instance(A), instance(B)], [instance(C, 0)]], consumed={A: 5})
        view = read_instances_view(table, settings(A, C), now=NOW)
        assert (view.consumed_ms, set(view.instances), view.taken_at) == ({A: 5}, {A, B, C}, NOW)
        assert {asked[0] for asked in table.asked} == {"page", "consumed"}
