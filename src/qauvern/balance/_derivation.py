"""How each share, and each group's part, came about: put together from what the pool was shared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from qauvern.balance._candidate import Candidate
from qauvern.balance.dead_band import SharedPool
from qauvern.balance.groups import Compartment, Division, GroupPart
from qauvern.balance.sharing import Weight


@dataclass(frozen=True, slots=True)
class Share:
    """A candidate's share, in seconds, with what it goes by. `level` is seconds for each second of weight."""

    weight: Weight
    level: Fraction | None
    exact: Fraction
    seconds: int


def shares_of(candidates: Sequence[Candidate], division: Division, shared: SharedPool) -> list[Share]:
    """The share of each candidate, in their order."""
    shares: dict[int, Share] = {}
    for compartment, fill in zip(division.compartments, shared.fills, strict=True):
        levels = [(fill.level, _per_second(fill.level, compartment))] * len(compartment.members)
        for nest, nest_fill in zip(compartment.nests, fill.nests, strict=True):
            own = (nest_fill.level, _per_second(nest_fill.level, compartment))
            for place in nest.members:
                levels[place] = own
        for index, weight, (level, per_second), room in zip(
            compartment.members, compartment.weights, levels, compartment.rooms, strict=True
        ):
            seconds = shared.shares[index]
            if level is None or index in shared.kept:
                exact = Fraction(seconds)
            else:
                exact = _exact_share(level, weight.scaled, room)
            shares[index] = Share(weight, per_second, exact, seconds)
    return [shares[index] for index in range(len(candidates))]


def _exact_share(level: Fraction, weight: int, room: int | None) -> Fraction:
    amount, per = level.numerator * weight, level.denominator
    return Fraction(room) if room is not None and room * per <= amount else Fraction(amount, per)


def parts_of(division: Division, shared: SharedPool, shares: Sequence[Share]) -> tuple[GroupPart, ...]:
    """The part of each group, by name."""
    entitled = {each.membership.group.name: each for each in division.entitled}
    nested = {
        membership.group.name: fill
        for compartment, filled in zip(division.compartments, shared.fills, strict=True)
        for membership, fill in zip(compartment.groups, filled.nests, strict=True)
    }
    parts = []
    for membership in division.memberships:
        name, members, floors = membership.group.name, membership.members, membership.floors_seconds
        room = membership.room_to_limit
        handed_out = part = sum([shared.shares[index] for index in members])
        if name in entitled:
            own = entitled[name]
            room = None if own.most is None else own.most - floors
            exact, part = own.exact - floors, own.pool
        elif name in nested:
            exact = nested[name].exact + sum([shared.shares[index] for index in members if index in shared.kept])
        else:  # those in no group, entitled to nothing
            exact = sum((shares[index].exact for index in members), Fraction(0))
        share = membership.share_percent if division.by_shares else None
        parts.append(
            GroupPart(
                name=name,
                share_percent=share,
                limit_seconds=membership.group.limit_seconds,
                members=len(members),
                floors_seconds=floors,
                room=room,
                entitlement=None if share is None else division.total_seconds * Fraction(share) / 100,
                exact_part=exact,
                part=part,
                new_allocation_seconds=floors + handed_out,
                level=shares[members[0]].level if members else None,
            )
        )
    return tuple(parts)


def level_of(division: Division, shared: SharedPool) -> Fraction | None:
    """The level of all that are in no full group, in seconds for each second of weight; None with shares."""
    if division.by_shares:
        return None
    return _per_second(shared.fills[0].level, division.compartments[0])


def _per_second(level: Fraction | None, compartment: Compartment) -> Fraction | None:
    return None if level is None else level * compartment.scale
