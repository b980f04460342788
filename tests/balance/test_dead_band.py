"""The dead band: nobody is bothered with a small change, unless the invariants or an empty pool force it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qauvern.balance import Proposal, Reason, propose
from qauvern.model import Guardrails, ReserveBasis, Settings
from tests.helpers.make import TODAY, Team, line, new_allocations, settings, snapshot


def proposal(
    teams: list[Team],
    *,
    budget: int,
    minimum_change: int,
    minimum: int = 10,
    reserve_percent: str = "0",
    basis: ReserveBasis = ReserveBasis.POOL,
) -> Proposal:
    given: Settings = settings(teams, minimum=minimum, reserve_percent=reserve_percent, basis=basis)
    guarded = replace(given, guardrails=Guardrails(minimum_change_seconds=minimum_change))
    return propose(snapshot(teams, budget=budget), guarded, TODAY)


class TestExamples:
    """Three equally busy teams share a pool of 270 s over floors of 10 s: 100 s each."""

    def teams(self, *held: int) -> list[Team]:
        return [Team(f"t{index}", allocation, active=1) for index, allocation in enumerate(held)]

    def test_a_small_change_is_not_made_and_the_rest_is_shared_anew(self) -> None:
        kept = proposal(self.teams(96, 140, 64), budget=300, minimum_change=5)
        # t0 keeps 96; the other two share the remaining 300 - 96 = 204.
        assert new_allocations(kept) == {"t0": 96, "t1": 102, "t2": 102}
        assert line(kept, "t0").reason is Reason.DEAD_BAND

    def test_a_change_of_exactly_the_minimum_is_made(self) -> None:
        assert new_allocations(proposal(self.teams(96, 140, 64), budget=300, minimum_change=4)) == {
            "t0": 100,
            "t1": 100,
            "t2": 100,
        }

    def test_where_all_change_little_nobody_does(self) -> None:
        kept = proposal(self.teams(101, 100, 99), budget=300, minimum_change=5)
        assert kept.changes == ()
        assert [each.reason for each in kept.lines] == [Reason.DEAD_BAND] * 3

    @pytest.mark.parametrize(
        ("held", "expected"),
        [
            # 93 + 94 + 85 are more than the 270 there are: the two above their 90 share what the third leaves, 185
            ((103, 104, 95), {"t0": 103, "t1": 102, "t2": 95}),
            # 190 + 190 + 90 + 90 against 360: t0 and t1 share the 180 that the others leave
            ((200, 200, 100, 100), {"t0": 100, "t1": 100, "t2": 100, "t3": 100}),
        ],
    )
    def test_where_it_does_not_fit_all_above_their_share_give_way_together(
        self, held: tuple[int, ...], expected: dict[str, int]
    ) -> None:
        assert new_allocations(proposal(self.teams(*held), budget=100 * len(held), minimum_change=1000)) == expected

    def test_the_rest_is_shared_as_if_the_kept_were_not_there(self) -> None:
        """The weight of 1 ms in 28 days is the least there is: 6. A kept one takes none of its share."""
        teams = [Team("kept", 500, consumed=0.001), Team("t1", 400, consumed=0.001), Team("t2", 100, consumed=0.001)]
        kept = proposal(teams, budget=1500, minimum_change=5)
        assert new_allocations(kept) == {"kept": 500, "t1": 500, "t2": 500}
        assert line(kept, "kept").reason is Reason.DEAD_BAND
        # 1500 - 500 - 2 * 10 over 2 scores of 2/28 ms each
        assert kept.level == Fraction(980, 2) / Fraction(2, 28 * 1000)
        assert [each.exact_share for each in kept.lines] == [490, 490, 490]

    def test_one_that_gave_way_is_not_kept_again(self) -> None:
        """Or it would give way again, and so on for ever."""
        teams = [Team("t0", 10 + 31, active=11), Team("t1", 10 + 35, active=2), Team("t2", 10 + 18, active=1)]
        # 44 by 11:2:1 is 35, 6 and 3. t0 and t2 would change by less than 28, but 31 + 18 > 44: t2 gives way.
        # 44 - 31 by 2:1 is 9 and 4. t1 would change by less now, but 31 + 35 > 44: t1 gives way.
        # Again 9 and 4. t2 would change by 14, but it gave way before.
        result = proposal(teams, budget=3 * 10 + 44, minimum_change=28)
        assert new_allocations(result) == {"t0": 10 + 31, "t1": 10 + 9, "t2": 10 + 4}

    def test_one_that_holds_just_its_share_does_not_give_way(self) -> None:
        # 90 + 94 + 95 are more than the 270 there are, and each share is 90
        tight = proposal(self.teams(100, 104, 105), budget=300, minimum_change=10)
        assert new_allocations(tight) == {"t0": 100, "t1": 100, "t2": 100}
        assert [each.reason for each in tight.lines] == [Reason.DEAD_BAND, Reason.SHARE, Reason.SHARE]

    def test_a_reserve_of_the_pool_takes_nothing_from_those_who_would_change_little(self) -> None:
        # the reserve leaves 90% of 1000 - 10 * 10: 81 s over each floor, a change of 9 s; all keep their 100
        kept = proposal(self.teams(*[100] * 10), budget=1000, minimum_change=10, reserve_percent="10")
        assert set(new_allocations(kept).values()) == {100}
        assert kept.broken == ()

    def test_a_reserve_of_the_budget_is_a_cap_that_all_make_way_for_alike(self) -> None:
        # 1000 - 10% of it for ten: a change of 10 s each, where less than 20 would be kept
        tight = proposal(
            self.teams(*[100] * 10),
            budget=1000,
            minimum_change=20,
            reserve_percent="10",
            basis=ReserveBasis.BUDGET,
        )
        assert set(new_allocations(tight).values()) == {90}
        assert tight.broken == ()

    def test_a_live_value_at_its_floor_may_be_kept(self) -> None:
        # 12 s each would be fair
        kept = proposal(self.teams(10, 40), budget=24, minimum_change=5)
        assert new_allocations(kept) == {"t0": 10, "t1": 14}

    def test_a_live_value_at_its_limit_may_be_kept(self) -> None:
        teams = [Team("t0", 50, active=1, limit=50, live_limit=50), Team("t1", 10, active=1)]
        # 48 s each would be fair
        assert new_allocations(proposal(teams, budget=96, minimum_change=5)) == {"t0": 50, "t1": 46}

    def test_a_live_value_below_the_floor_is_never_kept(self) -> None:
        low = proposal([Team("low", 9), Team("busy", 91, active=1)], budget=100, minimum_change=1000)
        assert line(low, "low").new_allocation == 10

    def test_a_live_value_above_the_limit_is_never_kept(self) -> None:
        high = proposal([Team("high", 52, active=1, limit=50, live_limit=50)], budget=100, minimum_change=1000)
        assert line(high, "high").new_allocation == 50

    def test_what_the_pool_cannot_pay_is_not_kept(self) -> None:
        """Together they hold more than the budget."""
        tight = proposal(self.teams(60, 60), budget=100, minimum_change=1000)
        assert sum(held or 0 for held in new_allocations(tight).values()) <= 100
        assert tight.broken == ()

    def test_limits_are_never_held_back(self) -> None:
        teams = [Team("t", 99, active=1, limit=500, live_limit=400)]
        kept = proposal(teams, budget=100, minimum_change=1000)
        assert line(kept, "t").new_allocation == 99
        assert [(change.changes_allocation, change.changes_limit) for change in kept.changes] == [(False, True)]


figures = st.tuples(
    st.integers(1, 400),  # held
    st.integers(0, 60),  # consumed
    st.integers(0, 60),  # active
    st.none() | st.integers(0, 300),  # limit
)
teams = st.lists(figures, min_size=1, max_size=7).map(
    lambda some: [
        Team(f"t{index}", held, consumed=consumed, active=min(active, consumed), limit=limit, live_limit=limit)
        for index, (held, consumed, active, limit) in enumerate(some)
    ]
)


class TestAlways:
    @example(teams=[Team("a", 1), Team("b", 11), Team("c", 19)], slack=0, minimum_change=10)
    @given(teams=teams, slack=st.integers(-200, 400), minimum_change=st.integers(0, 200))
    def test_it_fits_keeps_the_invariants_and_changes_nobody_by_less_without_need(
        self, teams: list[Team], slack: int, minimum_change: int
    ) -> None:
        budget = max(1, sum(team.allocation or 0 for team in teams) + slack)
        banded = proposal(teams, budget=budget, minimum_change=minimum_change)
        plain = proposal(teams, budget=budget, minimum_change=0)
        assert bool(banded.broken) == bool(plain.broken)
        if plain.broken:
            return
        assert banded.new_total_seconds <= budget
        spare = banded.pool.distributable_seconds - sum(each.share for each in banded.lines)
        assert spare >= 0
        lost = [(each.live.allocation_seconds or 0) - (each.new_allocation or 0) for each in banded.lines]
        gave_way = sum(seconds for seconds in lost if 0 < seconds < minimum_change)
        for each in banded.lines:
            held, new = each.live.allocation_seconds or 0, each.new_allocation or 0
            assert each.floor is not None
            if each.reason is Reason.DEAD_BAND:
                assert new == held
            elif 0 < abs(new - held) < minimum_change:
                highest = [top for top in (each.allocation_cap, each.limit.seconds) if top is not None]
                breaks = held < each.floor.seconds or any(held > max(top, each.floor.seconds) for top in highest)
                unaffordable = held > new and gave_way > spare  # all give way alike
                assert breaks or unaffordable, (each.name, held, new)

    @given(teams=teams, slack=st.integers(0, 400), minimum_change=st.integers(0, 200))
    def test_the_order_of_the_inputs_has_no_part_in_it(
        self, teams: list[Team], slack: int, minimum_change: int
    ) -> None:
        budget = sum(team.allocation or 0 for team in teams) + slack
        one = proposal(teams, budget=budget, minimum_change=minimum_change)
        other = proposal(teams[::-1], budget=budget, minimum_change=minimum_change)
        assert new_allocations(one) == new_allocations(other)

    @given(teams=teams, slack=st.integers(0, 400), minimum_change=st.integers(0, 200))
    def test_applied_it_leaves_nothing_to_do(self, teams: list[Team], slack: int, minimum_change: int) -> None:
        budget = sum(team.allocation or 0 for team in teams) + slack
        first = proposal(teams, budget=budget, minimum_change=minimum_change)
        if first.broken:
            return
        applied = [
            replace(team, allocation=new_allocations(first)[team.name], live_limit=line(first, team.name).new_limit)
            for team in teams
        ]
        assert new_allocations(proposal(applied, budget=budget, minimum_change=0)) == new_allocations(
            proposal(teams, budget=budget, minimum_change=0)
        )

    @given(teams=teams, slack=st.integers(-200, 400))
    def test_0_is_off(self, teams: list[Team], slack: int) -> None:
        budget = max(1, sum(team.allocation or 0 for team in teams) + slack)
        off = proposal(teams, budget=budget, minimum_change=0)
        plain = propose(snapshot(teams, budget=budget), settings(teams), TODAY)
        assert off == plain
        assert Reason.DEAD_BAND not in [each.reason for each in off.lines]


@pytest.mark.parametrize("count", [2_000])
def test_many_instances_are_no_trouble(count: int) -> None:
    many = [Team(f"t{index}", 100 + index % 7, active=1 + index % 3) for index in range(count)]
    kept = proposal(many, budget=sum(team.allocation or 0 for team in many), minimum_change=60)
    assert kept.broken == ()
