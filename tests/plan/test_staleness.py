"""A saved plan against the account of today: to do, done, or stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from qauvern.balance import propose
from qauvern.model import BillingPlan
from qauvern.plan import (
    BadSavedPlan,
    Change,
    Fit,
    Holding,
    SavedPlan,
    broken_by,
    changes_of,
    config_digest,
    fit,
    refuse_other_account,
)
from tests.helpers.account import change
from tests.helpers.make import ACCOUNT_ID, NOW, TODAY, Team, crn, group, settings, snapshot

TEAMS = [Team("busy", 100, consumed=90, active=90), Team("idle", 900, consumed=0)]
SETTINGS = settings(TEAMS)


def plan_of(teams: list[Team]) -> SavedPlan:
    proposal = propose(snapshot(teams, budget=1000), SETTINGS, TODAY)
    return SavedPlan(ACCOUNT_ID, BillingPlan.PREMIUM, "production", config_digest(SETTINGS), NOW, changes_of(proposal))


PLAN = plan_of(TEAMS)


def fitted(*teams: Team, plan: SavedPlan = PLAN, budget: int = 1000) -> Fit:
    now = snapshot(teams, budget=budget)
    return fit(plan, SETTINGS, now.instances, propose(now, SETTINGS, TODAY))


def test_the_plan_of_the_example() -> None:
    assert [(each.name, each.before.allocation_seconds, each.after.allocation_seconds) for each in PLAN.changes] == [
        ("busy", 100, 990),
        ("idle", 900, 10),
    ]


def test_as_it_was_all_is_to_do() -> None:
    found = fitted(*TEAMS)
    assert (found.to_do, found.done, found.differences) == (PLAN.changes, (), ())


def test_what_holds_the_new_values_is_done() -> None:
    found = fitted(TEAMS[0], replace(TEAMS[1], allocation=10))
    assert ([each.name for each in found.to_do], [each.name for each in found.done]) == (["busy"], ["idle"])
    assert found.differences == ()


@pytest.mark.parametrize(
    ("busy", "says"),
    [
        pytest.param(
            replace(TEAMS[0], allocation=1_010),
            "its allocation is 1,010 s, and the saved plan takes it from 100 s to 990 s",
            id="allocation",
        ),
        pytest.param(
            replace(TEAMS[0], live_limit=500),
            "its allocation is 100 s, and the saved plan takes it from 100 s to 990 s; "
            "its limit is 500 s, and the saved plan takes it from none to none",
            id="limit",
        ),
        pytest.param(
            replace(TEAMS[0], allocation=None),
            "its allocation is none, and the saved plan takes it from 100 s to 990 s",
            id="none any more",
        ),
    ],
)
def test_neither_old_nor_new_is_a_difference_with_figures(busy: Team, says: str) -> None:
    assert fitted(busy, TEAMS[1]).differences == (f"busy: {says}",)


def test_usage_that_has_grown_above_the_planned_value_is_a_difference() -> None:
    (difference,) = fitted(TEAMS[0], replace(TEAMS[1], consumed=11)).differences
    assert "invariant 2" in difference
    assert "idle" in difference


def test_usage_within_the_planned_value_is_none() -> None:
    assert fitted(TEAMS[0], replace(TEAMS[1], consumed=10)).differences == ()


def test_a_budget_that_has_shrunk_below_the_planned_total_is_a_difference() -> None:
    assert any("invariant 1" in difference for difference in fitted(*TEAMS, budget=999).differences)


def test_another_config_is_a_difference() -> None:
    assert fitted(*TEAMS, plan=replace(PLAN, config_digest="sha256:0")).differences == (
        "the config file has changed since the plan was made",
    )


def test_an_instance_that_is_gone_is_a_difference() -> None:
    now = snapshot(TEAMS, budget=1000)
    live = {crn: instance for crn, instance in now.instances.items() if instance.name != "idle"}
    assert fit(PLAN, SETTINGS, live, propose(now, SETTINGS, TODAY)).differences == (
        "idle: it is no longer among the configured instances of the account",
    )


def test_every_difference_is_told() -> None:
    now = snapshot([TEAMS[0], replace(TEAMS[1], allocation=5)], budget=1000)
    live = {crn: instance for crn, instance in now.instances.items() if instance.name != "busy"}
    differences = fit(PLAN, SETTINGS, live, propose(now, SETTINGS, TODAY)).differences
    assert [difference.partition(":")[0] for difference in differences] == ["busy", "idle"]


class TestBrokenBy:
    """What a plan for some breaks, with the others as they are."""

    def broken(self, *changes: Change, teams: Sequence[Team], budget: int) -> list[str]:
        wanted = settings(teams)
        return broken_by(changes, propose(snapshot(teams, budget=budget), wanted, TODAY))

    def test_what_the_others_hold_counts(self) -> None:
        teams = [Team("a", 100), Team("b", 100)]
        assert self.broken(change("a", 100, 200), teams=teams, budget=300) == []
        (broken,) = self.broken(change("a", 100, 201), teams=teams, budget=300)
        assert broken.startswith("invariant 1 is broken: the total of 301 s would exceed the budget of 300 s by 1 s")

    @pytest.mark.parametrize(
        ("restored_limit", "by_todays", "by_its_own"),
        [
            (80, "would exceed its limit of 50 s", []),
            (40, "would exceed its limit of 50 s", ["would exceed its limit of 40 s"]),
            (None, "would exceed its limit of 50 s", []),
        ],
        ids=["higher", "lower", "none"],
    )
    def test_a_limit_that_goes_along_may_be_the_one_that_counts(
        self, restored_limit: int | None, by_todays: str, by_its_own: list[str]
    ) -> None:
        teams = [Team("a", 30, limit=50, live_limit=50)]
        wanted = settings(teams)
        fresh = propose(snapshot(teams, budget=300), wanted, TODAY)
        back = Change("a", crn("a"), Holding(30, 50), Holding(60, restored_limit), "undo")
        (told,) = broken_by([back], fresh)
        assert told == f"invariant 4 is broken: a: 60 s {by_todays}"
        own = broken_by([back], fresh, with_their_limits=True)
        assert own == [f"invariant 4 is broken: a: 60 s {each}" for each in by_its_own]

    def test_the_total_counts_also_where_five_others_are_the_largest(self) -> None:
        teams = [Team("a", 10), *(Team(f"large{index}", 100) for index in range(5))]
        (broken,) = self.broken(change("a", 10, 11), teams=teams, budget=510)
        assert broken.startswith("invariant 1 ")

    def test_what_another_instance_breaks_by_itself_is_not_the_plans(self) -> None:
        """b holds less than it has used, and less than the minimum: that is for the next proposal to mend."""
        teams = [Team("a", 100), Team("b", 5, consumed=50)]
        assert self.broken(change("a", 100, 90), teams=teams, budget=300) == []
        found = self.broken(change("b", 5, 6), teams=teams, budget=300)
        assert [broken[:11] for broken in found] == ["invariant 2", "invariant 3"]


@pytest.mark.parametrize(
    ("plan", "family", "says"),
    [
        (replace(PLAN, account_id="f" * 32), "production", f"account {'f' * 32}, and this run is on {ACCOUNT_ID}"),
        (replace(PLAN, plan=BillingPlan.INTERNAL), "production", "billing plan internal, and this run is on premium"),
        (PLAN, "staging", "endpoint family production, and this run is on staging"),
    ],
)
def test_of_elsewhere_it_is_refused(plan: SavedPlan, family: str, says: str) -> None:
    refuse_other_account(PLAN, SETTINGS, "production")
    with pytest.raises(BadSavedPlan, match=f"^the saved plan is of {says}. Nothing was written$"):
        refuse_other_account(plan, SETTINGS, family)


class TestGroups:
    """The plan of a group with a limit of 600 s, of which `busy` gets what the floor of `idle` leaves."""

    TEAMS = (
        Team("busy", 100, consumed=90, active=90, group="g"),
        Team("idle", 400, group="g"),
        Team("steady", 10, group="g"),
        Team("other", 490, active=1, limit=1000, live_limit=1000),
    )
    SETTINGS = settings(TEAMS, groups=[group("g", limit=600)])

    def differences(self, *teams: Team) -> tuple[str, ...]:
        made = propose(snapshot(self.TEAMS, budget=2000), self.SETTINGS, TODAY)
        plan = replace(PLAN, config_digest=config_digest(self.SETTINGS), changes=changes_of(made))
        assert {each.name: each.after.allocation_seconds for each in plan.changes} == {
            "busy": 580,
            "idle": 10,
            "other": 1000,
        }
        now = snapshot(teams, budget=2000)
        return fit(plan, self.SETTINGS, now.instances, propose(now, self.SETTINGS, TODAY)).differences

    def test_as_it_was_it_fits(self) -> None:
        assert self.differences(*self.TEAMS) == ()

    def test_another_member_that_holds_more_now_would_pass_the_limit(self) -> None:
        grown = replace(self.TEAMS[2], allocation=11)
        (difference,) = self.differences(*self.TEAMS[:2], grown, self.TEAMS[3])
        assert "invariant 6" in difference
        assert "group g" in difference

    def test_another_member_that_holds_less_now_does_not(self) -> None:
        assert self.differences(*self.TEAMS[:2], replace(self.TEAMS[2], allocation=9), self.TEAMS[3]) == ()

    def test_changes_outside_a_group_do_not_answer_for_it(self) -> None:
        over = [replace(self.TEAMS[1], allocation=700), *self.TEAMS[2:]]
        seen = snapshot([self.TEAMS[0], *over], budget=2000)
        fresh = propose(seen, self.SETTINGS, TODAY)
        assert broken_by([change("other", 490, 500, limits=(1000, 1000))], fresh) == []
        (broken,) = broken_by([change("busy", 100, 101)], fresh)
        assert "invariant 6" in broken
