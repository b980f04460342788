"""What is to be changed, as sorted data."""

from __future__ import annotations

import pytest

from qauvern.balance import Reason, propose
from qauvern.plan import Change, Holding, Phase, changes_of, in_phase
from tests.helpers.account import change
from tests.helpers.make import TODAY, Team, crn, settings, snapshot


class TestPhase:
    @pytest.mark.parametrize(
        ("before", "after", "phase"),
        [
            (100, 99, Phase.DECREASE),
            (100, 101, Phase.INCREASE),
            (100, 100, Phase.LIMIT_ONLY),
            (None, None, Phase.LIMIT_ONLY),
        ],
    )
    def test_is_that_of_the_allocation(self, before: int | None, after: int | None, phase: Phase) -> None:
        for limits in ((None, 5), (5, None), (500, 5)):
            assert change("a", before, after, limits=limits).phase is phase

    def test_what_frees_comes_first_what_takes_last(self) -> None:
        assert list(Phase) == [Phase.DECREASE, Phase.LIMIT_ONLY, Phase.INCREASE]

    def test_in_phase_keeps_the_order(self) -> None:
        first, up, second = change("a", 5, 4), change("b", 1, 2), change("c", 9, 1)
        assert in_phase((first, up, second), Phase.DECREASE) == (first, second)


class TestChangesOf:
    def test_are_those_that_differ_from_what_is_live_in_crn_order(self) -> None:
        teams = [
            Team("z-idle", allocation=500),
            Team("b-settled", allocation=10),
            Team("a-busy", allocation=10, active=5, consumed=5, limit=100),
            Team("c-limit", allocation=10, limit=70, live_limit=80),
        ]
        proposal = propose(snapshot(teams, budget=530), settings(teams, minimum=10), TODAY)
        changes = changes_of(proposal)
        assert changes == (
            Change("a-busy", crn("a-busy"), Holding(10, None), Holding(100, 100), Reason.LIMIT.value),
            Change("c-limit", crn("c-limit"), Holding(10, 80), Holding(10, 70), "limit"),
            Change("z-idle", crn("z-idle"), Holding(500, None), Holding(10, None), Reason.INACTIVE.value),
        )
        assert [each.allocation_delta for each in changes] == [90, 0, -490]
