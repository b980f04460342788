"""The water-fill: one level for all, each up to its room, in exact integers (Design.md, Water-fill)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Fill:
    """The outcome of a water-fill.

    `level` is seconds per unit of weight for those below their room; None where nobody is.
    """

    shares: list[int]
    level: Fraction | None


def water_fill(pool: int, weights: Sequence[int], rooms: Sequence[int | None]) -> list[int]:
    """Shares `pool` seconds out in proportion to weight, none above its room.

    Finds the level L with sum(min(room_i, L * weight_i)) = min(pool, sum of the rooms of positive weights), then
    rounds to whole seconds by largest remainder. O(n log n) time, exact for integers of any size.

    Args:
        pool: seconds to hand out, >= 0.
        weights: one for each, >= 0. A weight of 0 gets nothing.
        rooms: the most each may get, in seconds, >= 0; None is unlimited.

    Returns:
        Whole seconds for each, in input order. Equal remainders are settled in favour of the lower index.

    Raises:
        ValueError: the lengths differ, or a figure is negative.
    """
    return fill(pool, weights, rooms).shares


def fill(pool: int, weights: Sequence[int], rooms: Sequence[int | None]) -> Fill:
    """`water_fill` with its level."""
    _check(pool, weights, rooms)
    shares = [0] * len(weights)
    taking_part = [index for index, weight in enumerate(weights) if weight > 0]
    left, total_weight, uncapped = _cap_the_full(pool, weights, rooms, taking_part, shares)
    if not uncapped:
        return Fill(shares, None)
    _round_by_largest_remainder(left, total_weight, weights, uncapped, shares)
    return Fill(shares, Fraction(left, total_weight))


def _check(pool: int, weights: Sequence[int], rooms: Sequence[int | None]) -> None:
    if len(weights) != len(rooms):
        raise ValueError(f"{len(weights)} weights but {len(rooms)} rooms")
    if pool < 0:
        raise ValueError(f"the pool is negative: {pool}")
    if weights and min(weights) < 0:
        raise ValueError(f"a weight is negative: {min(weights)}")
    lowest_room = min((room for room in rooms if room is not None), default=0)
    if lowest_room < 0:
        raise ValueError(f"a room is negative: {lowest_room}")


def _cap_the_full(
    pool: int, weights: Sequence[int], rooms: Sequence[int | None], taking_part: list[int], shares: list[int]
) -> tuple[int, int, list[int]]:
    """Gives those their whole room that the final level reaches; returns what is left, for whom, and their weight.

    Taken in the order in which a rising level reaches their rooms, the first that it does not reach ends it.
    """
    total_weight = sum(weights[index] for index in taking_part)
    limited = [index for index in taking_part if rooms[index] is not None]
    reached_at = _levels_that_reach_the_room(weights, rooms, limited)
    limited.sort(key=reached_at.__getitem__)
    left = pool
    capped = 0
    for index in limited:
        room, weight = rooms[index] or 0, weights[index]
        if room * total_weight > left * weight:
            break
        shares[index] = room
        left -= room
        total_weight -= weight
        capped += 1
    uncapped = [index for index in taking_part if rooms[index] is None] + limited[capped:]
    return left, total_weight, sorted(uncapped)


def _levels_that_reach_the_room(
    weights: Sequence[int], rooms: Sequence[int | None], limited: list[int]
) -> dict[int, int]:
    """room / weight of each, as integers in exactly the order of the ratios.

    Two different ratios lie at least 1/(largest weight)^2 apart, so that, scaled by that, their floors differ.
    """
    precision = 2 * max((weights[index] for index in limited), default=1).bit_length()
    return {index: ((rooms[index] or 0) << precision) // weights[index] for index in limited}


def _round_by_largest_remainder(
    pool: int, total_weight: int, weights: Sequence[int], uncapped: list[int], shares: list[int]
) -> None:
    """Whole seconds of pool * weight / total weight, the odd ones to the largest remainders, then the lower index.

    None goes above its room: an uncapped exact share lies below it, and a room is whole.
    """
    remainders: dict[int, int] = {}
    left = pool
    for index in uncapped:
        shares[index], remainders[index] = divmod(pool * weights[index], total_weight)
        left -= shares[index]
    if left:
        uncapped.sort(key=remainders.__getitem__, reverse=True)  # stable: equal ones stay in index order
        for index in uncapped[:left]:
            shares[index] += 1
