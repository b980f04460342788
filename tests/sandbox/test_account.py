"""The made-up account: the same from the same seed, believable, and stable for hours."""

from __future__ import annotations

import itertools
import re
import statistics
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from qauvern.sandbox import Instance, Job, Sandbox, SandboxError

NOON = datetime(2026, 3, 10, 12, tzinfo=timezone.utc)
WINDOWS_DAYS = (1, 3, 7, 14, 28)
PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"


class Made:
    """An account, with all that its instances ran since a year and more."""

    def __init__(self, instances: int = 24, seed: int = 1, now: datetime = NOON) -> None:
        self.sandbox = Sandbox.create(instances=instances, seed=seed, now=now)
        self.now = self.sandbox.anchor
        self.instances = self.sandbox.operator.instances()

    def jobs(self, instance: Instance, days: float = 1_000, until_days: float = 0) -> list[Job]:
        start, end = self.now - timedelta(days=days), self.now - timedelta(days=until_days)
        return self.sandbox.operator.jobs(instance.crn, start, end)

    def used(self, instance: Instance, days: float, later_hours: float = 0.0) -> int:
        end = self.now + timedelta(hours=later_hours)
        return sum(job.usage_ms for job in self.sandbox.operator.jobs(instance.crn, end - timedelta(days=days), end))

    def relative(self, days: float = 28) -> dict[str, list[tuple[timedelta, int, str, str]]]:
        """The jobs of each instance, and how long before now they were."""
        return {
            each.crn: [(job.at - self.now, job.usage_ms, job.backend, job.user_id) for job in self.jobs(each, days)]
            for each in self.instances
        }


def account(instances: int = 24, seed: int = 1, now: datetime = NOON) -> Made:
    return Made(instances, seed, now)


class TestSeed:
    def test_the_same_seed_gives_the_same_figures_whatever_the_date(self) -> None:
        first, second = account(), account(now=datetime(2031, 12, 31, 23, 59, tzinfo=timezone.utc))
        assert [(i.crn, i.name, i.held) for i in first.instances] == [(i.crn, i.name, i.held) for i in second.instances]
        assert first.relative() == second.relative()

    def test_of_the_same_date_it_gives_the_same_history(self) -> None:
        assert account().relative(500) == account().relative(500)

    def test_another_seed_gives_another_account(self) -> None:
        assert account(seed=1).sandbox.account_id != account(seed=2).sandbox.account_id

    @pytest.mark.parametrize("seed", range(12))
    def test_windows_are_the_same_three_hours_before_and_after_the_anchor(self, seed: int) -> None:
        made = account(60, seed)
        for instance in made.instances:
            for days in WINDOWS_DAYS:
                at_anchor = made.used(instance, days)
                assert made.used(instance, days, 3) == at_anchor
                assert made.used(instance, days, -3) == at_anchor


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
        facts = account(instances, seed).sandbox.describe()
        budget, held = facts["budget_seconds"], facts["held_seconds"]
        assert 0.01 * budget < budget - held < 0.12 * budget
        assert facts["consumed_seconds"] < 0.7 * budget

    def test_some_starve_while_others_hold_much_and_use_nothing(self) -> None:
        made = account()
        fairness = {
            i.name: made.used(i, 28) / 1000 / i.held.allocation_seconds
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
        assert any(not made.jobs(i) for i in made.instances)
        assert any(job.usage_ms % 1000 for i in made.instances for job in made.jobs(i, 28))
        assert [
            i
            for i in made.instances
            if i.held.limit_seconds is not None and made.used(i, 28) > i.held.limit_seconds * 1000
        ]
        assert [i.name for i in made.instances] != sorted(i.name for i in made.instances)


class TestHistory:
    """400 days of it: projects that are on and off for weeks, quieter weekends, bursts."""

    @pytest.fixture
    def made(self) -> Made:
        return account()

    def by_day(self, made: Made, instance: Instance) -> dict[date, int]:
        days: dict[date, int] = {}
        for job in made.jobs(instance):
            days[job.at.date()] = days.get(job.at.date(), 0) + job.usage_ms
        return days

    def test_it_goes_back_400_days_where_the_instance_does(self, made: Made) -> None:
        ages = {i.name: (made.now - made.jobs(i)[0].at).days for i in made.instances if made.jobs(i)}
        assert max(ages.values()) in range(380, 401)
        for instance in made.instances:
            created = datetime.fromisoformat(instance.created_at.replace("Z", "+00:00"))
            assert all(job.at >= created for job in made.jobs(instance))

    def test_a_newcomer_has_none(self, made: Made) -> None:
        newcomer = next(i for i in made.instances if i.name == "quantum-walks-starter")
        assert made.jobs(newcomer, 28)
        assert not made.jobs(newcomer, 1_000, 28)

    def test_projects_pause_for_weeks(self, made: Made) -> None:
        pausing = 0
        for instance in made.instances:
            days = sorted(self.by_day(made, instance))
            gaps = [(later - earlier).days for earlier, later in itertools.pairwise(days)]
            pausing += any(gap > 14 for gap in gaps)
        assert pausing >= 8

    def test_weekends_are_quieter(self) -> None:
        made = account(60)
        weekday, weekend = 0, 0
        for instance in made.instances:
            for day in self.by_day(made, instance):
                if made.now.date() - day > timedelta(days=90):
                    weekday, weekend = weekday + (day.weekday() < 5), weekend + (day.weekday() >= 5)
        assert 0 < weekend / 2 < 0.6 * weekday / 5

    def test_a_few_days_are_far_above_the_usual(self, made: Made) -> None:
        usual = [
            max(days.values()) > 4 * statistics.median(days.values())
            for i in made.instances
            if len(days := self.by_day(made, i)) > 40
        ]
        assert sum(usual) > len(usual) / 2

    def test_months_use_what_an_account_can(self, made: Made) -> None:
        budget = made.sandbox.budget_seconds() * 1000
        months = [
            sum(job.usage_ms for i in made.instances for job in made.jobs(i, ago + 28, ago))
            for ago in range(30, 340, 28)
        ]
        assert 0.05 * budget < min(months)
        assert max(months) < budget

    def test_restricted_instances_stay_on_their_backends(self, made: Made) -> None:
        restricted = next(i for i in made.instances if i.name == "device-benchmarks")
        assert {job.backend for job in made.jobs(restricted)} <= set(restricted.held.backends)


class TestConfiguration:
    @pytest.fixture
    def configuration(self) -> dict[str, Any]:
        return Sandbox.create(now=NOON).default_configuration()

    def test_lists_all_live_instances_of_the_plan_but_the_unconfigured_by_name(
        self, configuration: dict[str, Any]
    ) -> None:
        made = account()
        unconfigured = made.sandbox.describe()["unconfigured_names"]
        left_out = {*unconfigured, "summer-school-2025"}
        live = {i.name for i in made.instances if i.plan_id == PREMIUM}
        names = [entry["name"] for entry in configuration["instances"]]
        assert names == sorted(live - left_out)
        assert len(unconfigured) == 2
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
                instance = next(i for i in made.instances if i.name == name)
                for job in made.jobs(instance):
                    assert all(abs(job.at - (midnight - timedelta(days=day))) > timedelta(hours=3) for day in days)
