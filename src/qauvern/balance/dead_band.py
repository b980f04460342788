"""Sharing the pool, with the dead band that spares instances small changes (Design.md, Dead band)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from qauvern.balance._candidate import Candidate
from qauvern.balance._water_fill import Fill, Nest, fill
from qauvern.balance.groups import Compartment
from qauvern.model import UNLIMITED


@dataclass(frozen=True, slots=True)
class SharedPool:
    """What each candidate gets on top of its floor, in seconds, and how its compartment was filled last.

    `kept` are the indexes of those that the dead band leaves at their live allocation.
    """

    shares: tuple[int, ...]
    fills: tuple[Fill, ...]
    kept: frozenset[int]


def share_pool(
    candidates: Sequence[Candidate], compartments: Sequence[Compartment], affordable: int, minimum_change_seconds: int
) -> SharedPool:
    """Water-fills each compartment's pool; whoever would change by less than the minimum keeps its live value, and the
    rest of its compartment is filled again over what remains, until nothing more is kept. A minimum of 0 keeps nobody.

    What is kept may take more than the pool, the reserve for one, but not more than is `affordable`, and in a group not
    more than its room: where it would, those that would keep more than their share give way, all of them together, and
    are not kept again.
    """
    shares = [0] * len(candidates)
    fills: dict[int, Fill] = {}
    kept: dict[int, int] = {}
    gave_way: set[int] = set()
    to_fill: Sequence[int] = range(len(compartments))
    while True:
        newly_kept: dict[int, int] = {}
        changed = []
        for number in to_fill:
            fills[number] = _fill_the_rest(compartments[number], kept, shares)
            newly = _newly_kept(compartments[number], candidates, shares, minimum_change_seconds, kept, gave_way)
            newly_kept |= newly
            changed += [number] if newly else []
        to_fill = changed
        if not newly_kept:
            break
        kept |= newly_kept
        for over in (_groups_over_their_room, _compartments_over_their_pool):
            for members in over(compartments, kept, affordable):
                too_much = [index for index in members if index in kept and newly_kept.get(index, -1) > shares[index]]
                for index in too_much:
                    del kept[index]
                gave_way.update(too_much)
    return SharedPool(tuple(shares), tuple(fills[number] for number in range(len(compartments))), frozenset(kept))


def _fill_the_rest(compartment: Compartment, kept: Mapping[int, int], shares: list[int]) -> Fill:
    """Fills what those that are kept leave of the compartment's pool, and of each group's room."""
    own = {place: kept[index] for place, index in enumerate(compartment.members) if index in kept} if kept else {}
    nests = compartment.nests
    if own:
        nests = [
            Nest(
                nest.members,
                UNLIMITED if nest.room is None else nest.room - sum(own.get(place, 0) for place in nest.members),
            )
            for nest in nests
        ]
    weights = [weight.scaled for weight in compartment.weights]
    for place in own:
        weights[place] = 0
    filled = fill(max(0, compartment.pool - sum(own.values())), weights, compartment.rooms, nests)
    for index, share in zip(compartment.members, filled.shares, strict=True):
        shares[index] = share
    for place, share in own.items():
        shares[compartment.members[place]] = share
    return filled


def _newly_kept(
    compartment: Compartment,
    candidates: Sequence[Candidate],
    shares: Sequence[int],
    minimum_change_seconds: int,
    kept: Collection[int],
    gave_way: Collection[int],
) -> dict[int, int]:
    """Those that would change by less than the minimum, and what they hold on top of their floors."""
    if not minimum_change_seconds:
        return {}
    beyond_their_group = {
        index for members, room in compartment.bounded for index in members if candidates[index].live_share > room
    }
    return {
        index: candidates[index].live_share
        for index in compartment.members
        if index not in kept
        and index not in gave_way
        and index not in beyond_their_group
        and candidates[index].may_keep_live_value
        and abs(shares[index] - candidates[index].live_share) < minimum_change_seconds
    }


def _groups_over_their_room(
    compartments: Sequence[Compartment], kept: Mapping[int, int], _affordable: int
) -> list[list[int]]:
    """The members of each group of whom those that are kept hold more than its room."""
    return [
        members for compartment in compartments for members, room in compartment.bounded if _held(kept, members) > room
    ]


def _compartments_over_their_pool(
    compartments: Sequence[Compartment], kept: Mapping[int, int], affordable: int
) -> list[Sequence[int]]:
    """Where all together would take more than is affordable: the members of those that take more than their pool."""
    held = [_held(kept, compartment.members) for compartment in compartments]
    taken = sum(max(compartment.pool, own) for compartment, own in zip(compartments, held, strict=True))
    if taken <= affordable:
        return []
    return [each.members for each, own in zip(compartments, held, strict=True) if own > each.pool]


def _held(kept: Mapping[int, int], members: Iterable[int]) -> int:
    return sum(kept.get(index, 0) for index in members)
