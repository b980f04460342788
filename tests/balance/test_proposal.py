"""What a proposal and its lines say of themselves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from qauvern.balance import propose
from tests.helpers.make import TODAY, Team, line, settings, snapshot

TEAMS = [
    Team("busy", 100, consumed=250, active=1, limit=250),
    Team("idle", 300, consumed=30.5, limit=30),
    Team("none", None, consumed=5),
]
PROPOSAL = propose(snapshot(TEAMS, budget=1_000), settings(TEAMS, reserve_percent="10"), TODAY)


@pytest.mark.parametrize(
    ("name", "delta", "fairness", "reached", "in_debt"),
    [
        ("busy", 250 - 100, Fraction(250, 100), True, False),
        ("idle", 31 - 300, Fraction(305, 3000), True, True),
        ("none", 0, None, False, False),
    ],
)
def test_a_line(name: str, delta: int, fairness: Fraction | None, reached: bool, in_debt: bool) -> None:
    one = line(PROPOSAL, name)
    assert (one.allocation_delta, one.fairness, one.limit_reached, one.is_in_debt) == (
        delta,
        fairness,
        reached,
        in_debt,
    )


def test_a_line_that_gets_an_allocation_or_loses_it() -> None:
    none = line(PROPOSAL, "none")
    assert replace(none, new_allocation=5).allocation_delta == 5
    assert replace(line(PROPOSAL, "idle"), new_allocation=None).allocation_delta == -300


def test_it_says_what_it_was_made_of() -> None:
    seen = snapshot(TEAMS, budget=1_000, unconfigured_consumed=7)
    made = propose(seen, settings(TEAMS), TODAY)
    assert (made.today, made.account, made.reserve) == (TODAY, seen.account, settings(TEAMS).reserve)
    assert made.plan_consumed_ms == 7_000 + made.configured_consumed_ms


def test_the_pool() -> None:
    pool = PROPOSAL.pool
    # 1000 - 250 - 31; 10% of it stays back, and 0.9 * 719 = 647.1 is rounded down
    assert (pool.seconds, pool.distributable_seconds, pool.reserve_seconds) == (719, 647, 72)


def test_the_totals() -> None:
    assert PROPOSAL.configured_consumed_ms == 250_000 + 30_500 + 5_000
    assert PROPOSAL.configured_held_seconds == 100 + 300
    assert PROPOSAL.new_total_seconds == 250 + 31


def test_without_a_floor_nothing_is_underutilized() -> None:
    teams = [Team("held", 100), Team("none", None)]
    without_budget = propose(snapshot(teams, budget=None), settings(teams), TODAY)
    assert [each.is_underutilized for each in without_budget.lines] == [False, False]
