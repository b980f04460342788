"""The invariants find what is wrong with a proposal from its figures alone, whoever made it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.balance import BrokenInvariant, Floor, FloorSource, Proposal, check_invariants, propose
from qauvern.errors import Remedy
from qauvern.model import ReserveBasis
from tests.helpers.make import TODAY, Team, crn, group, settings, snapshot

MINIMUM = 10


def altered(proposal: Proposal, **parts: object) -> tuple[BrokenInvariant, ...]:
    """What a proposal for one instance breaks once its line has been altered."""
    (line,) = proposal.lines
    return check_invariants(replace(proposal, lines=(replace(line, **parts),)))  # type: ignore[arg-type]


def proposal(*teams: Team, budget: int = 10_000, unallocated: int | None = None, used_by_others: int = 0) -> Proposal:
    seen = snapshot(teams, budget=budget, unallocated=unallocated, unconfigured_consumed=used_by_others)
    return propose(seen, settings(teams, minimum=MINIMUM), TODAY)


UNDER = proposal(Team("a", 100, consumed=20, limit=50))
OVER = proposal(Team("a", 100, consumed=20, limit=50), used_by_others=20_000)
OVER_LITTLE_USED = proposal(Team("a", 100, consumed=6, limit=50), used_by_others=20_000)
NO_FLOOR = proposal(Team("a", None, consumed=0.5, limit=0))
NO_FLOOR_OVER = proposal(Team("a", None, consumed=0.5, limit=0), used_by_others=20_000)


@pytest.mark.parametrize(
    ("made", "new", "broken"),
    [
        pytest.param(UNDER, 20, [], id="its usage"),
        pytest.param(UNDER, 19, [2], id="below its usage"),
        pytest.param(UNDER, 50, [], id="its limit"),
        pytest.param(UNDER, 51, [4], id="above its limit"),
        pytest.param(UNDER, 9, [2, 3], id="below usage and minimum"),
        pytest.param(UNDER, 0, [2, 3, 5], id="archived"),
        pytest.param(UNDER, -1, [2, 3, 5], id="negative"),
        pytest.param(UNDER, None, [], id="none"),
        pytest.param(OVER, 10, [], id="over budget, the minimum"),
        pytest.param(OVER, 9, [3], id="over budget, below the minimum"),
        pytest.param(OVER, 20, [], id="over budget, its usage"),
        pytest.param(OVER, 21, [2], id="over budget, above its usage"),
        pytest.param(OVER_LITTLE_USED, 6, [], id="over budget, usage below the minimum"),
        pytest.param(OVER_LITTLE_USED, 5, [3], id="over budget, below that usage"),
        pytest.param(NO_FLOOR, 1, [], id="no floor: its allocation is left as it is, whatever it is"),
        pytest.param(NO_FLOOR_OVER, 1, [], id="no floor, over budget: left as it is too"),
    ],
)
def test_of_one_instance(made: Proposal, new: int | None, broken: list[int]) -> None:
    found = altered(made, new_allocation=new)
    assert [each.number for each in found] == broken
    assert all(each.crns == (crn("a"),) for each in found)


def test_a_floor_excuses_what_is_above_limit_and_over_budget_above_usage() -> None:
    floor = Floor(70, FloorSource.MINIMUM)
    assert altered(UNDER, new_allocation=70, floor=floor) == ()
    assert [each.number for each in altered(UNDER, new_allocation=71, floor=floor)] == [4]
    assert altered(OVER, new_allocation=70, floor=floor) == ()
    assert [each.number for each in altered(OVER, new_allocation=71, floor=floor)] == [2, 4]


def test_a_floor_below_the_minimum_excuses_nothing_under_budget() -> None:
    floor = Floor(5, FloorSource.MINIMUM)
    assert [each.number for each in altered(UNDER, new_allocation=5, floor=floor)] == [2, 3]


@pytest.mark.parametrize(
    ("made", "new", "number", "remedy", "figures"),
    [
        (UNDER, 19, 2, Remedy.RUN_AGAIN, {"used_seconds": 20}),
        (UNDER, 9, 3, Remedy.RUN_AGAIN, {"least_seconds": 10}),
        (UNDER, 1_000, 4, Remedy.RAISE_LIMIT, {"limit_seconds": 50}),
        (UNDER, 0, 5, Remedy.RUN_AGAIN, {}),
        (OVER, 30, 2, Remedy.REPORT_BUG, {"used_seconds": 20}),
        (OVER, 9, 3, Remedy.RUN_AGAIN, {"least_seconds": 10}),
        (OVER_LITTLE_USED, 5, 3, Remedy.RUN_AGAIN, {"least_seconds": 6}),
    ],
)
def test_each_names_the_instance_the_figures_and_what_helps(
    made: Proposal, new: int, number: int, remedy: Remedy, figures: dict[str, object]
) -> None:
    broken = next(each for each in altered(made, new_allocation=new) if each.number == number)
    assert broken.remedies == (remedy,)
    assert broken.facts == {"instance": "a", "allocation_seconds": new, **figures}
    assert broken.message.startswith(f"a: {new:,} s would ")


def test_an_allocation_of_0_without_a_minimum_is_the_minimums_fault() -> None:
    made = replace(UNDER, minimum_seconds=0)
    assert altered(made, new_allocation=0)[-1].remedies == (Remedy.RAISE_MINIMUM,)


class TestTotal:
    def test_the_largest_are_named_five_at_most_and_what_helps(self) -> None:
        held = {"a": 1, "b": 700, "c": 300, "d": 300, "e": 2, "f": 300, "g": 400}
        made = proposal(
            Team("0", None),
            *(Team(name, 1, consumed=used) for name, used in held.items()),
            budget=2_100,
            unallocated=900,
        )
        # floors 10 + 700 + 300 + 300 + 10 + 300 + 400, and 2100 - 900 - 7 * 1 held by unconfigured instances
        (broken,) = made.broken
        assert broken.crns == (crn("b"), crn("g"), crn("c"), crn("d"), crn("f"))
        assert broken.facts == {
            "total_seconds": 3_213,
            "cap_seconds": 2_100,
            "usage_floors_seconds": 2_000,
            "minimum_floors_seconds": 20,
            "minimum_driven_seconds": (10 - 1) + (10 - 2),
            "unconfigured_seconds": 1_193,
        }
        assert broken.remedies == (Remedy.LOWER_MINIMUM, Remedy.SHRINK_UNCONFIGURED, Remedy.WAIT_OR_BUY_TIME)

    @pytest.mark.parametrize(
        ("teams", "unallocated", "remedies"),
        [
            pytest.param([Team("a", 1), Team("b", 1)], None, (Remedy.LOWER_MINIMUM, Remedy.BUY_TIME), id="minimum"),
            pytest.param([Team("a", 1, consumed=16)], 0, (Remedy.SHRINK_UNCONFIGURED, Remedy.WAIT_OR_BUY_TIME), id="c"),
            pytest.param(
                [Team("a", 1, consumed=10)], 0, (Remedy.SHRINK_UNCONFIGURED, Remedy.BUY_TIME), id="c is minimum"
            ),
        ],
    )
    def test_only_what_can_help_is_advised(
        self, teams: list[Team], unallocated: int | None, remedies: tuple[Remedy, ...]
    ) -> None:
        (broken,) = proposal(*teams, budget=17, unallocated=unallocated).broken
        assert broken.remedies == remedies

    def test_over_budget_the_whole_minimum_above_a_second_can_help(self) -> None:
        """Floors of 10 each, though 500 and 0 were used."""
        (broken,) = proposal(Team("a", 5, consumed=500), Team("b", 5), budget=15).broken
        assert broken.facts["minimum_driven_seconds"] == 2 * (10 - 1)
        assert broken.remedies == (Remedy.LOWER_MINIMUM, Remedy.BUY_TIME)

    def test_the_total_may_be_all_of_the_budget(self) -> None:
        made = proposal(Team("a", 100), budget=500)
        assert altered(made, new_allocation=500) == ()
        assert [each.number for each in altered(made, new_allocation=501)] == [1]

    @pytest.mark.parametrize(
        ("consumed", "most"),
        [
            pytest.param(0, 900, id="the reserve keeps 100 back"),
            pytest.param(950, 950, id="floors come before the reserve"),
        ],
    )
    def test_a_reserve_of_the_budget_is_kept_free(self, consumed: int, most: int) -> None:
        team = Team("a", 100, consumed=consumed)
        wanted = settings([team], minimum=MINIMUM, reserve_percent="10", basis=ReserveBasis.BUDGET)
        made = propose(snapshot([team], budget=1_000), wanted, TODAY)
        assert altered(made, new_allocation=most) == ()
        (broken,) = altered(made, new_allocation=most + 1)
        assert broken.number == 1
        assert (broken.facts["total_seconds"], broken.facts["cap_seconds"]) == (most + 1, most)
        assert Remedy.LOWER_RESERVE in broken.remedies

    def test_one_without_an_allocation_is_not_among_the_largest(self) -> None:
        made = proposal(Team("a", None), Team("b", 100), Team("c", 100), budget=1_000, unallocated=0)
        lines = [replace(line, new_allocation=new) for line, new in zip(made.lines, (None, 0, 1), strict=True)]
        # 1000 - 200 are held by unconfigured instances
        total, *_ = check_invariants(
            replace(made, lines=tuple(lines), account=replace(made.account, budget_seconds=800))
        )
        assert (total.facts["total_seconds"], total.facts["cap_seconds"]) == (801, 800)
        assert total.crns == (crn("c"), crn("b"))


class TestGroupLimits:
    """Two instances of a group with floors of 20 and 10 s, and one of no group."""

    TEAMS = (
        Team("a", 100, consumed=20, active=1, group="g"),
        Team("b", 100, group="g"),
        Team("c", 100, active=1),
        Team("null", None, group="g"),
    )

    def broken(self, limit: int, **new: int) -> tuple[BrokenInvariant, ...]:
        made = propose(
            snapshot(self.TEAMS, budget=10_000),
            settings(self.TEAMS, minimum=MINIMUM, groups=[group("g", limit=limit), group("other")]),
            TODAY,
        )
        assert made.broken == ()
        lines = tuple(replace(line, new_allocation=new.get(line.name, 100)) for line in made.lines)
        return check_invariants(replace(made, lines=lines))

    def test_just_the_limit_is_kept(self) -> None:
        assert self.broken(50, a=30, b=20) == ()

    def test_a_second_more_is_not(self) -> None:
        (found,) = self.broken(50, a=30, b=21)
        assert found.number == 6
        assert found.crns == (crn("a"), crn("b"))
        assert all(figure in found.message for figure in ("group g", "51 s", "50 s", "a 30 s", "b 21 s"))

    def test_floors_above_the_limit_excuse_themselves_and_no_more(self) -> None:
        assert self.broken(29, a=20, b=10) == ()
        assert [found.number for found in self.broken(29, a=20, b=11)] == [6]
