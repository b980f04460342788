"""The made-up account: the same from the same seed, believable, and stable for hours."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from qauvern.sandbox import Sandbox, SandboxError
from qauvern.sandbox._account import make_account
from qauvern.sandbox._model import DAY_MS, HOUR_MS, PLAN_IDS, Account, Events

NOON = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
WINDOWS_DAYS = (1, 3, 7, 14, 28)


def account(instances: int = 24, seed: int = 1, now: datetime = NOON) -> Account:
    return make_account(instances, seed, now, 0.0)


def used(events: Events, days: int, later_hours: float = 0.0) -> int:
    end = int(later_hours * HOUR_MS)
    return events.usage_ms(end - days * DAY_MS, end)


class TestSeed:
    def test_the_same_seed_gives_the_same_figures_whatever_the_date(self) -> None:
        first, second = account(), account(now=datetime(2031, 12, 31, 23, 59, tzinfo=timezone.utc))
        assert [(i.crn, i.name, i.held) for i in first.instances] == [(i.crn, i.name, i.held) for i in second.instances]
        assert {crn: e.flat() for crn, e in first.events.items()} == {crn: e.flat() for crn, e in second.events.items()}

    def test_another_seed_gives_another_account(self) -> None:
        assert account(seed=1).account_id != account(seed=2).account_id

    @pytest.mark.parametrize("seed", range(12))
    def test_windows_are_the_same_three_hours_before_and_after_the_anchor(self, seed: int) -> None:
        for events in account(60, seed).events.values():
            for days in WINDOWS_DAYS:
                at_anchor = used(events, days)
                assert used(events, days, 3) == at_anchor
                assert used(events, days, -3) == at_anchor


class TestSize:
    @pytest.mark.parametrize("instances", [3, 4, 5, 6, 8, 10, 12, 24, 700, 10_000])
    def test_there_are_as_many_instances_as_asked_for_and_all_names_differ(self, instances: int) -> None:
        made = account(instances)
        assert len(made.instances) == instances
        assert len({i.name for i in made.instances}) == instances
        assert len({i.crn for i in made.instances}) == instances
        assert {i.region for i in made.instances} == {"us-east", "eu-de"}
        assert all(re.fullmatch(r"[A-Za-z0-9 \-._:]{1,180}", i.name) for i in made.instances)

    def test_two_instances_are_too_few(self) -> None:
        with pytest.raises(SandboxError, match="at least 3"):
            account(2)


class TestFigures:
    @pytest.mark.parametrize("instances", [3, 24, 1000])
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_the_plan_holds_less_than_its_budget_and_consumes_less_than_it_holds(
        self, instances: int, seed: int
    ) -> None:
        made = account(instances, seed)
        premium = PLAN_IDS["premium"]
        held = sum(i.held.allocation_seconds or 0 for i in made.instances if i.plan_id == premium)
        budget = made.budget_seconds(premium)
        assert budget is not None
        assert 0.01 * budget < budget - held < 0.12 * budget
        consumed = sum(used(events, 28) for events in made.events.values())
        assert consumed < 0.7 * budget * 1000

    def test_some_starve_while_others_hold_much_and_use_nothing(self) -> None:
        made = account()
        fairness = {
            i.name: used(made.events.get(i.crn, Events()), 28) / 1000 / i.held.allocation_seconds
            for i in made.instances
            if i.held.allocation_seconds
        }
        assert sum(value > 0.9 for value in fairness.values()) >= 3
        assert sum(value < 0.03 for value in fairness.values()) >= 3

    def test_every_trait_that_a_client_must_handle_is_there(self) -> None:
        made = account()
        held = [i.held for i in made.instances]
        assert sum(h.allocation_seconds == 0 for h in held) == 1
        assert any(h.limit_seconds is not None for h in held)
        assert any(h.backends != ("ANY",) for h in held)
        assert any(i.crn not in made.events for i in made.instances)
        assert any(e.usage_ms % 1000 for events in made.events.values() for e in events.events)
        over = [
            i
            for i in made.instances
            if i.held.limit_seconds is not None and used(made.events[i.crn], 28) > i.held.limit_seconds * 1000
        ]
        assert over
        assert min(e.offset_ms for events in made.events.values() for e in events.events) < -60 * DAY_MS
        assert [i.name for i in made.instances] != sorted(i.name for i in made.instances)


class TestConfiguration:
    @pytest.fixture
    def configuration(self) -> dict[str, Any]:
        return Sandbox.create(now=NOON).default_configuration()

    def test_lists_all_live_instances_of_the_plan_but_the_unconfigured_by_name(
        self, configuration: dict[str, Any]
    ) -> None:
        made = account()
        left_out = {*made.unconfigured, "summer-school-2025"}
        live = {i.name for i in made.instances if i.plan_id == PLAN_IDS["premium"]}
        names = [entry["name"] for entry in configuration["instances"]]
        assert names == sorted(live - left_out)
        assert len(made.unconfigured) == 2
        assert configuration["plan"] == "premium"
        assert configuration["minimum_allocation_seconds"] == 60

    def test_grants_are_dated_around_the_anchor_and_go_with_a_limit(self, configuration: dict[str, Any]) -> None:
        granted = [entry for entry in configuration["instances"] if "net_grants" in entry]
        assert len(granted) == 2
        assert all("limit_seconds" in entry for entry in granted)
        active = next(entry for entry in granted if entry["name"] == "spin-glass-sampling")["net_grants"][0]
        # 10 days before and 18 days after 10 March.
        assert active["start_date"] == "2026-02-28T00:00:00Z"
        assert active["end_date"] == "2026-03-28T00:00:00Z"

    def test_no_usage_of_a_granted_instance_lies_at_a_midnight_where_its_limit_changes(self) -> None:
        for hour in range(24):
            now = NOON.replace(hour=hour)
            made = account(now=now)
            midnight = now.replace(hour=0)
            for name, days in (("spin-glass-sampling", (10, 28)), ("drug-docking", (45, 28, 17))):
                crn = next(i.crn for i in made.instances if i.name == name)
                for event in made.events[crn].events:
                    at = now + timedelta(milliseconds=event.offset_ms)
                    assert all(abs(at - (midnight - timedelta(days=day))) > timedelta(hours=3) for day in days)
