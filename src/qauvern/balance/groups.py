"""Groups: what each may take and is entitled to, and how the pool is divided among them (Design.md, Groups)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Final

from qauvern.balance._candidate import Candidate
from qauvern.balance._water_fill import Nest, levels_that_reach, water_fill
from qauvern.balance.sharing import Weight, weights_of
from qauvern.errors import Notice, Remedy
from qauvern.model import NO_GROUP, UNLIMITED, Group, Sharing
from qauvern.units import format_seconds

_EXACT: Final = Context(prec=1_000)
"""More digits than any sum of shares has: nothing is rounded."""


@dataclass(frozen=True, slots=True)
class GroupPart:
    """What a group is entitled to and what it gets, in seconds.

    `share_percent` is None where no group has a share; beside shares a missing one is 0, and the instances in no group
    are one more group, named `none`. `room` is the most that its members can get on top of their floors (None:
    unlimited). `entitlement` is its share of all that is shared, floors included, before any of it is lent (None
    without shares). `exact_part` and `part` are what it gets on top of the floors, before and after rounding; its
    members' allocations add up to `new_allocation_seconds`, which the dead band may move away from that. `level` is
    seconds for each second of weight, for its members below their room; None where none is.
    """

    name: str
    share_percent: Decimal | None
    limit_seconds: int | None
    members: int
    floors_seconds: int
    room: int | None
    entitlement: Fraction | None
    exact_part: Fraction
    part: int
    new_allocation_seconds: int
    level: Fraction | None

    @property
    def is_at_limit(self) -> bool:
        return self.limit_seconds is not None and self.floors_seconds + self.part >= self.limit_seconds

    @property
    def gets_nothing(self) -> bool:
        """It has no room above its floors, or its entitlement leaves nothing."""
        return self.room == 0 or (self.entitlement is not None and self.part == 0)

    @property
    def limit_is_below_floors(self) -> bool:
        """The floors alone need more than the limit: it is passed, since no member goes below its floor."""
        return self.limit_seconds is not None and self.floors_seconds > self.limit_seconds

    @property
    def lent(self) -> Fraction:
        """What of its entitlement it can take no more, and others have until its members can."""
        if self.entitlement is None or self.room is None:
            return Fraction(0)
        return max(Fraction(0), self.entitlement - self.floors_seconds - self.room)

    @property
    def beyond_entitlement(self) -> Fraction:
        """What it gets above its entitlement: lent by others, or needed by its floors."""
        if self.entitlement is None:
            return Fraction(0)
        return max(Fraction(0), self.floors_seconds + self.exact_part - self.entitlement)


def group_notices(groups: Sequence[GroupPart]) -> tuple[Notice, ...]:
    """The groups whose limit is below what their members' floors need, by name."""
    return tuple(
        Notice(
            f"the limit of the group {group.name}, {format_seconds(group.limit_seconds)} s, is below the "
            f"{format_seconds(group.floors_seconds)} s that the floors of its instances need: it is held to those",
            Remedy.RAISE_GROUP_LIMIT,
            {"group": group.name},
        )
        for group in groups
        if group.limit_is_below_floors
    )


@dataclass(frozen=True, slots=True)
class Membership:
    """A group and its members, by index. `room_to_limit` is what its limit leaves above their floors."""

    group: Group
    members: tuple[int, ...]
    floors_seconds: int

    @property
    def share_percent(self) -> Decimal:
        """Beside shares a missing one is 0."""
        return self.group.share_percent or Decimal(0)

    @property
    def room_to_limit(self) -> int | None:
        limit = self.group.limit_seconds
        return UNLIMITED if limit is None else max(0, limit - self.floors_seconds)


@dataclass(frozen=True, slots=True)
class Compartment:
    """A part of the pool and those who share it.

    It is one entitled group's, whose members may hold at most `room` on top of their floors whatever the pool is; or
    there are `groups` within it, each with a nest of indexes into `members`.
    """

    pool: int
    members: Sequence[int]
    weights: Sequence[Weight]
    rooms: Sequence[int | None]
    groups: Sequence[Membership] = ()
    nests: Sequence[Nest] = ()
    room: int | None = UNLIMITED

    @property
    def bounded(self) -> list[tuple[list[int], int]]:
        """Those who may not hold more than a room together, and that room."""
        found = [
            ([self.members[place] for place in nest.members], nest.room) for nest in self.nests if nest.room is not None
        ]
        return found if self.room is None else [*found, (list(self.members), self.room)]

    @property
    def scale(self) -> int:
        """What one second of weight comes to in scaled weights."""
        return self.weights[0].scale if self.weights else 1


@dataclass(frozen=True, slots=True)
class Entitled:
    """A group's clamp: level * share, at least its floors, at most what it can take (None: unlimited)."""

    membership: Membership
    most: int | None
    exact: Fraction
    seconds: int

    @property
    def pool(self) -> int:
        """What its members share."""
        return self.seconds - self.membership.floors_seconds


@dataclass(frozen=True, slots=True)
class Division:
    """How the pool is divided before anybody's share is known.

    Without shares there is one compartment, and nobody is entitled. With shares, each group with a share has one of its
    own, and those without have one together. `level` is seconds for each percent; None where every entitled group is at
    its floors or at the most it can take. `total_seconds` is all that is shared, floors included.
    """

    compartments: tuple[Compartment, ...]
    memberships: tuple[Membership, ...]
    by_shares: bool = False
    entitled: tuple[Entitled, ...] = ()
    total_seconds: int = 0
    level: Fraction | None = None


def divide(candidates: Sequence[Candidate], groups: Sequence[Group], sharing: Sharing, pool: int) -> Division:
    """Divides the pool. Groups are taken by name; without any, all share it."""
    memberships = _memberships(candidates, groups)
    shares = shares_in_force(groups)
    if not shares:
        everybody = range(len(candidates))
        return Division((_compartment(candidates, everybody, sharing, pool, memberships),), memberships)
    with_the_rest = _with_the_rest(candidates, memberships, shares[NO_GROUP])
    return _divide_by_shares(candidates, with_the_rest, sharing, pool)


def _memberships(candidates: Sequence[Candidate], groups: Sequence[Group]) -> tuple[Membership, ...]:
    if not groups:
        return ()
    members: dict[str, list[int]] = {group.name: [] for group in groups}
    for index, candidate in enumerate(candidates):
        if candidate.configured.group is not None:
            members[candidate.configured.group].append(index)
    return tuple(
        _membership(group, members[group.name], candidates) for group in sorted(groups, key=lambda group: group.name)
    )


def _membership(group: Group, members: Sequence[int], candidates: Sequence[Candidate]) -> Membership:
    return Membership(group, tuple(members), sum(candidates[index].floor_seconds for index in members))


def _compartment(
    candidates: Sequence[Candidate],
    members: Sequence[int],
    sharing: Sharing,
    pool: int,
    groups: Sequence[Membership] = (),
    room: int | None = UNLIMITED,
) -> Compartment:
    place = {index: place for place, index in enumerate(members)} if groups else {}
    return Compartment(
        pool=pool,
        members=members,
        weights=weights_of([candidates[index].sharing_score for index in members], sharing),
        rooms=[candidates[index].room for index in members],
        groups=groups,
        nests=[Nest([place[index] for index in each.members], each.room_to_limit) for each in groups],
        room=room,
    )


# --- with shares ------------------------------------------------------------------------------------------------


def shares_in_force(groups: Sequence[Group]) -> dict[str, Decimal]:
    """What each group is entitled to, in percent, and `none`: what they leave of 100. Empty where none has a share."""
    if all(group.share_percent is None for group in groups):
        return {}
    shares = {group.name: group.share_percent or Decimal(0) for group in groups}
    return {**shares, NO_GROUP: reduce(_EXACT.subtract, shares.values(), Decimal(100))}


def _with_the_rest(
    candidates: Sequence[Candidate], memberships: Sequence[Membership], left: Decimal
) -> tuple[Membership, ...]:
    """The instances in no group as one more group, entitled to what the shares leave of 100."""
    rest = [index for index, candidate in enumerate(candidates) if candidate.configured.group is None]
    if not left and not rest:
        return tuple(memberships)
    none = _membership(Group(NO_GROUP, left), rest, candidates)
    return tuple(sorted((*memberships, none), key=lambda each: each.group.name))


def _divide_by_shares(
    candidates: Sequence[Candidate], memberships: tuple[Membership, ...], sharing: Sharing, pool: int
) -> Division:
    with_share = [each for each in memberships if each.share_percent]
    without = [each for each in memberships if not each.share_percent]
    total = pool + sum(candidate.floor_seconds for candidate in candidates)
    available = total - sum(each.floors_seconds for each in without)
    entitled, level = _clamp(with_share, [_most(each, candidates) for each in with_share], available)
    compartments = [
        _compartment(candidates, each.membership.members, sharing, each.pool, room=each.membership.room_to_limit)
        for each in entitled
    ]
    if without:
        left_over = available - sum(each.seconds for each in entitled)
        members = sorted(index for each in without for index in each.members)
        named = [each for each in without if each.group.name != NO_GROUP]
        compartments.append(_compartment(candidates, members, sharing, left_over, named))
    return Division(tuple(compartments), memberships, True, tuple(entitled), total, level)


def _most(membership: Membership, candidates: Sequence[Candidate]) -> int | None:
    """Its limit, or what its members' floors and rooms add up to, whichever is less; at least its floors."""
    rooms = [each.room for index in membership.members if (each := candidates[index]).sharing_score]
    bounded = [room for room in rooms if room is not None]
    to_limit = membership.room_to_limit
    if len(bounded) < len(rooms):
        return UNLIMITED if to_limit is None else membership.floors_seconds + to_limit
    room = sum(bounded)
    return membership.floors_seconds + (room if to_limit is None else min(room, to_limit))


def _clamp(
    memberships: Sequence[Membership], most: Sequence[int | None], available: int
) -> tuple[list[Entitled], Fraction | None]:
    """One level such that the sum of clamp(level * share, floors, most) is what is available, or all are at their most.

    A rising level passes, for each group, the one where its share leaves its floors and the one where it reaches its
    most. They are taken in order, until what is available lies before the next. O(n log n).
    """
    shares = _whole_shares(memberships)
    floors = [each.floors_seconds for each in memberships]
    marks = [(floor, shares[number], number, False) for number, floor in enumerate(floors)]
    marks += [(bound, shares[number], number, True) for number, bound in enumerate(most) if bound is not None]
    reached_at = levels_that_reach([(amount, share) for amount, share, _, _ in marks])
    seconds = list(floors)
    rising: dict[int, None] = {}
    settled, weight = sum(floors), 0
    for place in sorted(range(len(marks)), key=lambda place: (reached_at[place], marks[place][3])):
        amount, share, number, is_most = marks[place]
        if settled * share + weight * amount >= available * share:
            break
        if is_most:
            del rising[number]
            seconds[number] = amount
            settled, weight = settled + amount, weight - share
        else:
            rising[number] = None
            settled, weight = settled - amount, weight + share
    exact = [Fraction(each) for each in seconds]
    if not rising:
        return _entitled(memberships, most, exact, seconds), None
    left = available - settled
    risen = sorted(rising)
    parts = water_fill(left, [shares[number] for number in risen], [UNLIMITED] * len(risen))
    for number, part in zip(risen, parts, strict=True):
        exact[number], seconds[number] = Fraction(left * shares[number], weight), part
    level = Fraction(left, weight) * shares[risen[0]] / Fraction(memberships[risen[0]].share_percent)
    return _entitled(memberships, most, exact, seconds), level


def _whole_shares(memberships: Sequence[Membership]) -> list[int]:
    """Whole numbers in the proportions of the shares."""
    ratios = [each.share_percent.as_integer_ratio() for each in memberships]
    common = lcm(*(denominator for _, denominator in ratios))
    return [numerator * (common // denominator) for numerator, denominator in ratios]


def _entitled(
    memberships: Sequence[Membership], most: Sequence[int | None], exact: Sequence[Fraction], seconds: Sequence[int]
) -> list[Entitled]:
    return [
        Entitled(each, bound, part, whole)
        for each, bound, part, whole in zip(memberships, most, exact, seconds, strict=True)
    ]
