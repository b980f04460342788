"""The water-fill: one level for all, each up to its room and each group up to its own, in exact integers (Design.md,
Water-fill and Groups)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from qauvern.model import UNLIMITED


@dataclass(frozen=True, slots=True)
class Nest:
    """Takers that have a room together beside their own. Nobody is in two nests. `room` is None for no bound."""

    members: Sequence[int]
    room: int | None


@dataclass(frozen=True, slots=True)
class NestFill:
    """What a nest got before rounding. Its level is the common one, or one of its own where it `is_full`."""

    exact: Fraction
    level: Fraction | None
    is_full: bool


@dataclass(frozen=True, slots=True)
class Fill:
    """The outcome of a water-fill.

    `level` is seconds per unit of weight for those below their room that are in no full nest; None where nobody is.
    """

    shares: list[int]
    level: Fraction | None
    nests: tuple[NestFill, ...] = ()


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


def fill(pool: int, weights: Sequence[int], rooms: Sequence[int | None], nests: Sequence[Nest] = ()) -> Fill:
    """`water_fill` with its level, and with nests, each of which gets at most its room.

    Whole seconds go in two stages: among nests and those in none, then within each nest. Equal remainders are settled
    in favour of nests in their order, then of the lower index.
    """
    _check(pool, weights, rooms)
    if nests:
        return _fill_nested(pool, weights, rooms, nests)
    surface = _cap_the_full(pool, weights, rooms, [index for index, weight in enumerate(weights) if weight > 0])
    shares = [0] * len(weights)
    for index in surface.full:
        shares[index] = rooms[index] or 0
    _round_by_largest_remainder(surface.left, surface, weights, surface.rising, shares)
    return Fill(shares, surface.level)


@dataclass(frozen=True, slots=True)
class _Surface:
    """Where a rising level came to rest: `left` seconds for those still `rising`, by weight; the `full` have all they
    can take."""

    left: int
    weight: int
    rising: Sequence[int]
    full: Sequence[int]

    @property
    def level(self) -> Fraction | None:
        return Fraction(self.left, self.weight) if self.rising else None


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
    pool: int, weights: Sequence[int], rooms: Sequence[int | None], taking_part: Sequence[int]
) -> _Surface:
    """Gives those their whole room that the final level reaches.

    Taken in the order in which a rising level reaches their rooms, the first that it does not reach ends it.
    """
    total_weight = sum(weights[index] for index in taking_part)
    limited = [index for index in taking_part if rooms[index] is not None]
    reached_at = levels_that_reach([(rooms[index] or 0, weights[index]) for index in limited])
    order = sorted(range(len(limited)), key=reached_at.__getitem__)
    limited = [limited[place] for place in order]
    left = pool
    full = 0
    for index in limited:
        room, weight = rooms[index] or 0, weights[index]
        if room * total_weight > left * weight:
            break
        left -= room
        total_weight -= weight
        full += 1
    rising = [index for index in taking_part if rooms[index] is None] + limited[full:]
    return _Surface(left, total_weight, sorted(rising), limited[:full])


def levels_that_reach(amounts_and_weights: Sequence[tuple[int, int]]) -> list[int]:
    """amount / weight of each, as integers in exactly the order of the ratios.

    Two different ratios lie at least 1/(largest weight)^2 apart, so that, scaled by that, their floors differ.
    """
    precision = 2 * max((weight for _, weight in amounts_and_weights), default=1).bit_length()
    return [(amount << precision) // weight for amount, weight in amounts_and_weights]


def _round_by_largest_remainder(
    whole: int, surface: _Surface, weights: Sequence[int], rising: Sequence[int], shares: list[int]
) -> None:
    """Whole seconds of level * weight for some of the rising, `whole` in all, the odd ones to the largest remainders.

    None goes above its room: its exact share lies below it, and a room is whole.
    """
    remainders: dict[int, int] = {}
    left = whole
    for index in rising:
        shares[index], remainders[index] = divmod(surface.left * weights[index], surface.weight)
        left -= shares[index]
    if left:
        by_remainder = sorted(rising, key=remainders.__getitem__, reverse=True)  # stable: equal ones stay in order
        for index in by_remainder[:left]:
            shares[index] += 1


# --- nests ------------------------------------------------------------------------------------------------------

_NOBODY = _Surface(0, 0, (), ())


def _fill_nested(pool: int, weights: Sequence[int], rooms: Sequence[int | None], nests: Sequence[Nest]) -> Fill:
    """One pass over the takers, in which those that their nest's room stops rise, and stop, as one taker."""
    count = len(weights)
    stopped = [_stopped_by_the_room(nest, weights, rooms) for nest in nests]
    stopped_takers = {index for surface in stopped for index in surface.rising}
    # Behind the takers stands one more for each nest; its weight is 0 where its room stops nobody.
    all_weights = [*weights, *(surface.weight for surface in stopped)]
    all_rooms = [*rooms, *(surface.left for surface in stopped)]
    taking_part = [index for index, weight in enumerate(all_weights) if weight > 0 and index not in stopped_takers]
    surface = _cap_the_full(pool, all_weights, all_rooms, taking_part)
    shares = [0] * len(all_weights)
    for index in surface.full:
        shares[index] = all_rooms[index] or 0
    settled = [
        shares[count + number] + sum(shares[index] for index in nest.members) for number, nest in enumerate(nests)
    ]
    full_nests = {index - count for index in surface.full if index >= count}
    for number in full_nests:
        own = stopped[number]
        _round_by_largest_remainder(own.left, own, weights, own.rising, shares)
    rising_in, alone = _rising_by_nest(surface, stopped, nests, count)
    nest_weights = [sum(weights[index] for index in rising) for rising in rising_in]
    _round_in_two_stages(surface, weights, rising_in, nest_weights, alone, shares)
    fills = []
    for number, own in enumerate(stopped):
        is_full, weight = number in full_nests, nest_weights[number]
        exact = settled[number] + (Fraction(surface.left * weight, surface.weight) if weight else Fraction(0))
        fills.append(NestFill(exact, own.level if is_full else surface.level if weight else None, is_full))
    return Fill(shares[:count], surface.level, tuple(fills))


def _stopped_by_the_room(nest: Nest, weights: Sequence[int], rooms: Sequence[int | None]) -> _Surface:
    """The surface at which the nest's members take just its room; those still rising then are stopped by it.

    Nobody is where the members' own rooms do not add up to more.
    """
    active = [index for index in nest.members if weights[index] > 0]
    if nest.room is UNLIMITED or not active:
        return _NOBODY
    bounded = [room for index in active if (room := rooms[index]) is not None]
    if len(bounded) == len(active) and sum(bounded) <= nest.room:
        return _NOBODY
    return _cap_the_full(nest.room, weights, rooms, active)


def _rising_by_nest(
    surface: _Surface, stopped: Sequence[_Surface], nests: Sequence[Nest], count: int
) -> tuple[list[list[int]], list[int]]:
    """The takers that are still rising: those of each nest, and those in none, by index."""
    nest_of = {index: number for number, nest in enumerate(nests) for index in nest.members}
    rising_in: list[list[int]] = [[] for _ in nests]
    alone: list[int] = []
    for index in surface.rising:
        if index >= count:
            rising_in[index - count] += stopped[index - count].rising
        elif index in nest_of:
            rising_in[nest_of[index]].append(index)
        else:
            alone.append(index)
    return [sorted(rising) for rising in rising_in], alone


def _round_in_two_stages(
    surface: _Surface,
    weights: Sequence[int],
    rising_in: Sequence[Sequence[int]],
    nest_weights: Sequence[int],
    alone: Sequence[int],
    shares: list[int],
) -> None:
    """Whole seconds among nests and those in none, then within each nest."""
    unit_weights = [*nest_weights, *(weights[index] for index in alone)]
    parts = [0] * len(unit_weights)
    _round_by_largest_remainder(
        surface.left, surface, unit_weights, [unit for unit, weight in enumerate(unit_weights) if weight], parts
    )
    for index, part in zip(alone, parts[len(nest_weights) :], strict=True):
        shares[index] = part
    for part, rising in zip(parts, rising_in, strict=False):
        _round_by_largest_remainder(part, surface, weights, rising, shares)
