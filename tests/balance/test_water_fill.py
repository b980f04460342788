"""water_fill: table-driven, each expectation with its arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.balance import water_fill


@dataclass(frozen=True)
class Case:
    name: str
    pool: int
    weights: list[int]
    rooms: list[int | None]
    expected: list[int]


CASES = [
    Case("nobody", 100, [], [], []),
    Case("an empty pool", 0, [1, 2], [None, None], [0, 0]),
    Case("in proportion: 100 * 1/4 and 100 * 3/4", 100, [1, 3], [None, None], [25, 75]),
    Case("a weight of 0 gets nothing", 100, [0, 1], [None, None], [0, 100]),
    Case("only weights of 0: nothing is handed out", 100, [0, 0], [None, 5], [0, 0]),
    Case("capped at 10, the other takes the remaining 90", 100, [1, 1], [10, None], [10, 90]),
    Case("everybody capped: 10 + 20, the other 70 stay", 100, [1, 1], [10, 20], [10, 20]),
    Case("rooms filled exactly: 10 + 20", 30, [1, 1], [10, 20], [10, 20]),
    Case(
        "one capped raises the level past the next room: 5, 30 and then 65", 100, [1, 1, 1], [5, 30, None], [5, 30, 65]
    ),
    Case("10/3 each: the odd second to the lowest index", 10, [1, 1, 1], [None, None, None], [4, 3, 3]),
    Case("11/3 each: the odd seconds to the two lowest", 11, [7, 7, 7], [None, None, None], [4, 4, 3]),
    Case("10 * 1/7 = 1.43, 2/7 = 2.86, 4/7 = 5.71: odd ones to .86 and .71", 10, [1, 2, 4], [None] * 3, [1, 3, 6]),
    Case("a room of 0", 10, [1, 1], [0, None], [0, 10]),
    Case("a room of 0 is full first, whatever the weights", 3, [12, 3], [3, 0], [3, 0]),
    Case(
        "rooms a float cannot tell apart: those of 2^60 are full first",
        4 * 2**60 + 2,
        [1] * 4,
        [2**60 + 2, 2**60, 2**60, 2**60],
        [2**60 + 2, 2**60, 2**60, 2**60],
    ),
    Case("figures beyond 64 bits stay exact", 10**30 + 1, [10**25, 10**25], [None, None], [5 * 10**29 + 1, 5 * 10**29]),
    Case(
        "ratios a float cannot tell apart", 2**60 + 1, [2**60, 2**60 + 1], [2**60, None], [(2**60 + 1) // 2, 2**59 + 1]
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_shares(case: Case) -> None:
    assert water_fill(case.pool, case.weights, case.rooms) == case.expected


@pytest.mark.parametrize(
    ("pool", "weights", "rooms", "complaint"),
    [
        (-1, [1], [None], "pool is negative"),
        (1, [-1], [None], "weight is negative"),
        (1, [1], [-1], "room is negative"),
        (1, [1, 2], [None], "2 weights but 1 rooms"),
    ],
)
def test_senseless_figures_are_refused(pool: int, weights: list[int], rooms: list[int | None], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        water_fill(pool, weights, rooms)


figures = st.one_of(st.integers(0, 20), st.integers(0, 10**12))
takers = st.lists(st.tuples(figures, st.one_of(st.none(), figures)), max_size=30)


def _room_of_the_active(weights: list[int], rooms: list[int | None]) -> int | None:
    active = [room for weight, room in zip(weights, rooms, strict=True) if weight > 0]
    finite = [room for room in active if room is not None]
    return None if len(finite) < len(active) else sum(finite)


class TestForAnyInput:
    @given(figures, takers)
    def test_hands_out_the_pool_or_all_the_room_there_is(self, pool: int, takers: list[tuple[int, int | None]]) -> None:
        weights, rooms = [weight for weight, _ in takers], [room for _, room in takers]
        total_room = _room_of_the_active(weights, rooms)
        expected = pool if total_room is None else min(pool, total_room)
        assert sum(water_fill(pool, weights, rooms)) == expected

    @given(figures, takers)
    def test_nobody_goes_above_its_room_or_below_nothing(self, pool: int, takers: list[tuple[int, int | None]]) -> None:
        weights, rooms = [weight for weight, _ in takers], [room for _, room in takers]
        for share, weight, room in zip(water_fill(pool, weights, rooms), weights, rooms, strict=True):
            assert share >= 0
            assert room is None or share <= room
            assert weight or share == 0

    @given(figures, takers)
    def test_the_uncapped_are_proportional_to_weight_within_a_second(
        self, pool: int, takers: list[tuple[int, int | None]]
    ) -> None:
        weights, rooms = [weight for weight, _ in takers], [room for _, room in takers]
        shares = water_fill(pool, weights, rooms)
        below_room = [
            (share, weight)
            for share, weight, room in zip(shares, weights, rooms, strict=True)
            if weight and (room is None or share < room)
        ]
        # share = level * weight + e with |e| < 1, so each pair is off by less than the sum of their weights
        for (share, weight), (other_share, other_weight) in pairwise(below_room):
            assert abs(share * other_weight - other_share * weight) < weight + other_weight

    @given(figures, takers)
    def test_equals_the_level_found_by_bisection(self, pool: int, takers: list[tuple[int, int | None]]) -> None:
        """An independent way to the same shares: the level by its definition, in rationals."""
        weights, rooms = [weight for weight, _ in takers], [room for _, room in takers]
        shares = water_fill(pool, weights, rooms)
        exact = _exact_shares(pool, weights, rooms)
        for share, wanted in zip(shares, exact, strict=True):
            assert abs(share - wanted) < 1
        assert sum(shares) == sum(exact)


def _exact_shares(pool: int, weights: list[int], rooms: list[int | None]) -> list[Fraction]:
    shares = [Fraction(0)] * len(weights)
    open_ones = {index for index, weight in enumerate(weights) if weight}
    left = Fraction(pool)
    while open_ones:
        level = left / sum(weights[index] for index in open_ones)
        full = set()
        for index in open_ones:
            room = rooms[index]
            if room is not None and room <= level * weights[index]:
                full.add(index)
                shares[index] = Fraction(room)
        if not full:
            for index in open_ones:
                shares[index] = level * weights[index]
            break
        left -= sum(shares[index] for index in full)
        open_ones -= full
    return shares
