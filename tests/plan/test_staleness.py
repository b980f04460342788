"""A saved plan against the account of today: to do, done, or stale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.balance import propose
from qauvern.model import Plan
from qauvern.plan import BadPlan, Fit, PlanDocument, changes_of, config_digest, fit, refuse_other_account
from tests.helpers.make import ACCOUNT_ID, NOW, TODAY, Team, settings, snapshot

TEAMS = [Team("busy", 100, consumed=90, active=90), Team("idle", 900, consumed=0)]
SETTINGS = settings(TEAMS)


def plan_of(teams: list[Team]) -> PlanDocument:
    proposal = propose(snapshot(teams, budget=1000), SETTINGS, TODAY)
    return PlanDocument(ACCOUNT_ID, Plan.PREMIUM, "production", config_digest(SETTINGS), NOW, changes_of(proposal))


PLAN = plan_of(TEAMS)


def fitted(*teams: Team, plan: PlanDocument = PLAN, budget: int = 1000) -> Fit:
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
        pytest.param(replace(TEAMS[0], allocation=101), "its allocation is 101 s", id="allocation"),
        pytest.param(replace(TEAMS[0], live_limit=500), "its limit is 500 s", id="limit"),
        pytest.param(replace(TEAMS[0], allocation=None), "its allocation is none", id="none any more"),
    ],
)
def test_neither_old_nor_new_is_a_difference_with_figures(busy: Team, says: str) -> None:
    (difference,) = fitted(busy, TEAMS[1]).differences
    assert difference.startswith("busy: ")
    assert says in difference


def test_usage_that_has_grown_above_the_planned_value_is_a_difference() -> None:
    (difference,) = fitted(TEAMS[0], replace(TEAMS[1], consumed=11)).differences
    assert "invariant 2" in difference
    assert "idle" in difference


def test_usage_within_the_planned_value_is_none() -> None:
    assert fitted(TEAMS[0], replace(TEAMS[1], consumed=10)).differences == ()


def test_a_budget_that_has_shrunk_below_the_planned_total_is_a_difference() -> None:
    assert any("invariant 1" in difference for difference in fitted(*TEAMS, budget=999).differences)


def test_another_config_is_a_difference() -> None:
    assert "config file has changed" in fitted(*TEAMS, plan=replace(PLAN, config_digest="sha256:0")).differences[0]


def test_an_instance_that_is_gone_is_a_difference() -> None:
    now = snapshot(TEAMS, budget=1000)
    live = {crn: instance for crn, instance in now.instances.items() if instance.name != "idle"}
    (difference,) = fit(PLAN, SETTINGS, live, propose(now, SETTINGS, TODAY)).differences
    assert difference.startswith("idle: ")


@pytest.mark.parametrize(
    ("plan", "family"),
    [
        (replace(PLAN, account_id="f" * 32), "production"),
        (replace(PLAN, plan=Plan.INTERNAL), "production"),
        (PLAN, "staging"),
    ],
)
def test_of_elsewhere_it_is_refused(plan: PlanDocument, family: str) -> None:
    refuse_other_account(PLAN, SETTINGS, "production")
    with pytest.raises(BadPlan, match="Nothing was written"):
        refuse_other_account(plan, SETTINGS, family)
