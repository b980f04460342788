"""Groups: the derivation that a proposal carries of them, and the dead band within them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pytest

from qauvern.balance import GroupPart, Proposal, Reason, group_notices, propose
from qauvern.errors import Remedy
from qauvern.model import Group
from tests.helpers.make import TODAY, Team, group, line, new_allocations, settings, snapshot


def proposal(
    teams: Sequence[Team],
    *groups: Group,
    budget: int,
    minimum: int = 10,
    equal: str = "0",
    minimum_change: int = 0,
    reserve: str = "0",
    used_by_others: int = 0,
) -> Proposal:
    wanted = settings(
        teams,
        minimum=minimum,
        groups=groups,
        equal_percent=equal,
        minimum_change=minimum_change,
        reserve_percent=reserve,
    )
    made = propose(snapshot(teams, budget=budget, unconfigured_consumed=used_by_others), wanted, TODAY)
    assert made.broken == ()
    return made


def parts(made: Proposal) -> dict[str, GroupPart]:
    return {part.name: part for part in made.groups}


TEAMS = [Team("a", active=1, group="g"), Team("b", active=2, group="g"), Team("c", active=1), Team("i", group="h")]


class TestWithoutShares:
    def test_a_full_group_has_a_level_of_its_own(self) -> None:
        made = proposal(TEAMS, group("g", limit=32), group("h"), budget=104, minimum=1)
        # 104 - 4 floors of 1 s: 30 for the group, and the other 70 to c. A second in the last 24 h is a score of 32 s.
        full, other = parts(made)["g"], parts(made)["h"]
        assert [full.floors_seconds, full.room, full.exact_part, full.part] == [2, 30, 30, 30]
        assert (full.new_allocation_seconds, full.is_at_limit, full.members) == (32, True, 2)
        assert full.level == Fraction(10, 32)
        assert made.level == Fraction(70, 32)
        assert (full.share_percent, full.entitlement) == (None, None)
        assert full.lent == full.beyond_entitlement == 0
        assert [other.floors_seconds, other.room, other.exact_part, other.part, other.level] == [1, None, 0, 0, None]
        assert [each.level for each in made.lines] == [full.level, full.level, made.level, None]
        assert [each.reason for each in made.lines] == [
            Reason.GROUP_LIMIT,
            Reason.GROUP_LIMIT,
            Reason.SHARE,
            Reason.INACTIVE,
        ]
        assert not made.has_shares

    def test_a_group_below_its_limit_is_at_the_common_level(self) -> None:
        made = proposal(TEAMS, group("g", limit=500), group("h"), budget=104, minimum=1)
        assert parts(made)["g"].exact_part == 75
        assert parts(made)["g"].level == made.level == Fraction(25, 32)

    def test_a_limit_below_the_floors_is_held_to_those_and_warned_of(self) -> None:
        made = proposal(TEAMS, group("g", limit=19), group("h", limit=10), budget=1000)
        assert new_allocations(made) == {"a": 10, "b": 10, "c": 970, "i": 10}
        assert line(made, "a").reason is Reason.GROUP_EMPTY
        assert parts(made)["g"].limit_is_below_floors
        (warning,) = group_notices(made.groups)
        assert (warning.remedy, warning.facts) == (Remedy.RAISE_GROUP_LIMIT, {"group": "g"})

    def test_an_instance_without_an_allocation_has_no_part_in_its_group(self) -> None:
        made = proposal([*TEAMS, Team("null", None, active=5, group="g")], group("g", limit=32), group("h"), budget=200)
        assert parts(made)["g"].new_allocation_seconds == 32
        assert line(made, "null").reason is Reason.NO_ALLOCATION

    def test_over_budget_the_lower_floors_and_rooms_count(self) -> None:
        teams = [Team("a", consumed=400, active=1, group="g"), Team("b", consumed=300, active=1, group="g")]
        made = proposal(teams, group("g", limit=500), budget=1000, minimum=60, used_by_others=1000)
        # floors of 60 s, rooms of 340 and 240 s; the limit leaves 380 s
        assert made.over_budget
        assert sum(share or 0 for share in new_allocations(made).values()) == 500
        assert parts(made)["g"].room == 380

    def test_without_a_budget_there_is_nothing_to_hold_to(self) -> None:
        teams = [Team("a", 400, active=1, group="g"), Team("b", 300, group="g")]
        made = propose(snapshot(teams, budget=None), settings(teams, groups=[group("g", limit=5)]), TODAY)
        assert made.broken == ()
        assert new_allocations(made) == {"a": 400, "b": 300}


class TestWithShares:
    def test_what_each_is_entitled_to_and_what_is_lent(self) -> None:
        teams = [
            Team("a", consumed=100, active=1, group="chem"),
            Team("b", consumed=50, active=1, limit=120, live_limit=120, group="phys"),
            Team("c", consumed=300, active=1),
        ]
        made = proposal(teams, group("phys", share="30"), group("chem", share="50"), budget=1000)
        assert [part.name for part in made.groups] == ["chem", "none", "phys"]
        chem, none, phys = made.groups
        assert [part.entitlement for part in made.groups] == [500, 200, 300]
        assert [chem.floors_seconds, chem.exact_part, chem.part, chem.room] == [100, 480, 480, None]
        assert [chem.beyond_entitlement, chem.lent] == [80, 0]
        assert [phys.room, phys.part, phys.lent, phys.beyond_entitlement] == [70, 70, 180, 0]
        assert [none.share_percent, none.part, none.lent, none.beyond_entitlement] == [20, 0, 0, 100]
        assert made.entitlement_level == Fraction(580, 50)
        assert made.level is None
        assert made.has_shares
        assert line(made, "c").reason is Reason.GROUP_EMPTY

    def test_whole_seconds_go_to_the_largest_remainder_then_by_name_with_none_among_them(self) -> None:
        teams = [Team("a", active=1, group="zoo"), Team("b", active=1), Team("c", active=1, group="arts")]
        third = [group("zoo", share="25"), group("arts", share="25")]
        made = proposal(teams, *third, budget=102, minimum=1)
        # 25.5, 51 and 25.5: the odd second is that of arts
        assert {name: part.new_allocation_seconds for name, part in parts(made).items()} == {
            "arts": 26,
            "none": 51,
            "zoo": 25,
        }
        assert parts(made)["zoo"].exact_part == Fraction(49, 2)

    def test_equal_parts_are_within_each_group(self) -> None:
        teams = [
            Team("a", active=3, group="g"),
            Team("b", active=1, group="g"),
            Team("c", active=999),
            Team("d", active=1),
        ]
        made = proposal(teams, group("g", share="50"), budget=164, minimum=1, equal="50")
        # 82 s for each: 80 above the floors by 5 to 3; c and d by 50 * 0.999 + 25 to 50 * 0.001 + 25
        assert (line(made, "a").share, line(made, "b").share) == (50, 30)
        weight = line(made, "b").weight
        # half of its own 32 s, and half of the mean of 96 and 32 s
        assert [weight.activity_seconds, weight.equal_seconds] == [16, 32]
        assert line(made, "b").exact_share == (line(made, "b").level or 0) * weight.seconds

    def test_no_share_but_one_of_0_is_a_share_all_the_same(self) -> None:
        teams = [Team("a", active=1, group="g"), Team("b", active=1)]
        made = proposal(teams, group("g", share="0"), budget=100)
        assert new_allocations(made) == {"a": 10, "b": 90}


class TestDeadBand:
    """Three that are equally busy, with floors of 10 s."""

    def teams(self, *held: int, groups: str = "gg-") -> list[Team]:
        return [
            Team(f"t{number}", allocation, active=1, group=None if name == "-" else name)
            for number, (allocation, name) in enumerate(zip(held, groups, strict=True))
        ]

    def test_what_a_group_keeps_comes_off_its_room(self) -> None:
        # 100 s of room: 50 each, and 170 for t2
        made = proposal(self.teams(57, 70, 173), group("g", limit=120), budget=300, minimum_change=5)
        assert new_allocations(made) == {"t0": 57, "t1": 63, "t2": 180}
        assert line(made, "t0").reason is Reason.DEAD_BAND

    def test_those_of_a_group_that_hold_too_much_for_it_give_way_alike(self) -> None:
        # shares of 50, 50 and 170; 52 + 51 would pass the room of 100
        made = proposal(self.teams(62, 61, 180), group("g", limit=120), budget=300, minimum_change=5)
        assert new_allocations(made) == {"t0": 60, "t1": 60, "t2": 180}
        assert line(made, "t2").reason is Reason.DEAD_BAND

    def test_one_that_holds_more_than_the_whole_room_is_never_kept(self) -> None:
        # it does not make t1 give way, which holds 52 of the 100 s
        made = proposal(self.teams(111, 62, 180), group("g", limit=120), budget=400, minimum_change=1000)
        assert new_allocations(made)["t1"] == 62
        assert new_allocations(made)["t0"] == 58

    @pytest.mark.parametrize(("reserve", "expected"), [("0", 150), ("10", 151)])
    def test_with_shares_each_part_is_filled_again_alone(self, reserve: str, expected: int) -> None:
        """What is kept in one group takes nothing from another; a reserve of the pool has room for it."""
        teams = self.teams(expected, 149, groups="g-")
        made = proposal(teams, group("g", share="50"), budget=300, minimum_change=20, reserve=reserve)
        assert new_allocations(made) == {"t0": expected, "t1": 149}

    def test_with_shares_those_beyond_their_own_part_give_way(self) -> None:
        # 150 s for each of g and none; t0 and t1 hold 152 s together, and t2 keeps what it holds below its part
        made = proposal(self.teams(77, 75, 148), group("g", share="50"), budget=300, minimum_change=5)
        assert new_allocations(made) == {"t0": 75, "t1": 75, "t2": 148}
