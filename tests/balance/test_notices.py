"""What is told of a proposal that may be applied."""

from __future__ import annotations

from qauvern.balance import Proposal, account_notices, over_budget_notices, propose
from qauvern.model import ReserveBasis
from tests.helpers.make import TODAY, Team, crn, settings, snapshot


def proposal(*teams: Team, budget: int = 1_000, minimum: int = 60, used_by_others: float = 0) -> Proposal:
    seen = snapshot(teams, budget=budget, unconfigured_consumed=used_by_others)
    return propose(seen, settings(teams, minimum=minimum), TODAY)


class TestOverBudget:
    def test_a_plan_within_its_budget_has_nothing_to_tell(self) -> None:
        assert over_budget_notices(proposal(Team("a", 100, consumed=5))) == ()

    def test_instances_are_named_that_are_held_lose_their_minimum_or_stay_below_fairness_1(self) -> None:
        teams = [
            Team("held", 100, consumed=500, limit=500),
            Team("runs", 100, consumed=400, limit=1_000),
            Team("little", 100, consumed=45.5),
            Team("hardly", 100, consumed=0.4),
            Team("idle", 100),
        ]
        about, held, without_minimum, unfair = over_budget_notices(proposal(*teams, used_by_others=200))
        assert about.facts == {"used_ms": 1_145_900, "budget_seconds": 1_000}
        assert held.facts == {"instances": (crn("held"),)}
        assert without_minimum.facts == {"instances": (crn("hardly"), crn("little"))}
        assert unfair.facts == {"instances": (crn("hardly"),)}

    def test_without_such_instances_only_the_plan_is(self) -> None:
        assert len(over_budget_notices(proposal(Team("a", 100, consumed=500), used_by_others=600))) == 1


class TestAccount:
    def reserved(self, consumed: float, percent: str = "10", basis: ReserveBasis = ReserveBasis.BUDGET) -> Proposal:
        team = Team("a", 100, consumed=consumed)
        wanted = settings([team], reserve_percent=percent, basis=basis)
        return propose(snapshot([team], budget=1_000), wanted, TODAY)

    def test_a_reserve_of_the_budget_that_floors_eat_into_is_warned_of(self) -> None:
        (notice,) = account_notices(self.reserved(950))
        assert notice.facts == {"left_seconds": 50, "reserve_seconds": 100}

    def test_one_that_is_whole_is_not(self) -> None:
        assert account_notices(self.reserved(900)) == ()

    def test_nor_is_one_of_the_pool(self) -> None:
        assert account_notices(self.reserved(950, basis=ReserveBasis.POOL)) == ()

    def test_figures_that_contradict_each_other_are(self) -> None:
        seen = snapshot([Team("a", 600), Team("other", 500)], budget=1_000, unallocated=0)
        (notice,) = account_notices(propose(seen, settings([Team("a", 600)]), TODAY))
        assert notice.facts == {"held_seconds": 400, "listed_seconds": 500}
