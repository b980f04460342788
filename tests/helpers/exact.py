"""The balance once more, slowly: a level that rises from event to event, in fractions. It shares nothing with src.

For accounts without net grants and without a dead band.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import TypeVar

from qauvern.model import LimitRule, ReserveBasis, Settings, Snapshot

NONE = "none"
K = TypeVar("K")


@dataclass(frozen=True)
class Taker:
    """One configured instance. `room` is None where there is no bound."""

    crn: str
    group: str | None
    score: Fraction
    floor: int
    room: int | None


@dataclass(frozen=True)
class Outcome:
    """New allocations by CRN (None: it has none to set), exact shares by CRN, and each group's exact part and whole
    total, floors included."""

    allocations: dict[str, int | None]
    exact_shares: dict[str, Fraction]
    exact_totals: dict[str, Fraction]
    totals: dict[str, int]


def outcome(snapshot: Snapshot, settings: Settings) -> Outcome:
    """What `propose` should come to."""
    takers, held = _takers(snapshot, settings)
    floors = sum(taker.floor for taker in takers)
    pool = _pool(snapshot, settings, held, floors)
    equal = Fraction(settings.sharing.equal_percent)
    limits = {group.name: group.limit_seconds for group in settings.groups}
    if any(group.share_percent is not None for group in settings.groups):
        exact, whole, exact_totals = _by_shares(takers, settings, pool, equal)
    else:
        exact, whole = _one_level(takers, limits, pool, equal)
        exact_totals = {
            name: Fraction(sum(taker.floor + exact[taker.crn] for taker in takers if taker.group == name))
            for name in limits
        }
    allocations: dict[str, int | None] = {
        configured.crn: snapshot.instances[configured.crn].allocation_seconds for configured in settings.instances
    }
    allocations |= {taker.crn: taker.floor + whole[taker.crn] for taker in takers}
    totals = {
        name: sum(taker.floor + whole[taker.crn] for taker in takers if (taker.group or NONE) == name)
        for name in exact_totals
    }
    return Outcome(allocations, exact, exact_totals, totals)


def _takers(snapshot: Snapshot, settings: Settings) -> tuple[list[Taker], int]:
    budget = snapshot.account.budget_seconds
    if budget is None:
        return [], 0
    consumed = sum(usage.consumed_ms for usage in snapshot.usage.values()) + snapshot.unconfigured_consumed_ms
    over = consumed >= budget * 1000
    minimum = settings.minimum_allocation_seconds
    takers = []
    held = 0
    for configured in sorted(settings.instances, key=lambda configured: str(configured.crn)):
        live, usage = snapshot.instances[configured.crn], snapshot.usage[configured.crn]
        if live.allocation_seconds is None:
            continue
        held += live.allocation_seconds
        used = Fraction(usage.consumed_ms, 1000)
        limit = live.limit_seconds if configured.limit_seconds is LimitRule.LIVE else configured.limit_seconds
        limit = None if isinstance(limit, LimitRule) else limit
        if over:
            least = max(1, floor(used)) if 0 < used < minimum else max(minimum, 1)
            stopped = limit is not None and used >= limit
            room: int | None = 0 if stopped else max(0, floor(used) - least)
        else:
            least = max(minimum, ceil(used), 1)
            room = None if limit is None else max(0, limit - least)
        score = (
            32 * Fraction(usage.last_24h_ms)
            + 16 * Fraction(usage.last_3d_ms, 3)
            + 8 * Fraction(usage.last_7d_ms, 7)
            + 4 * Fraction(usage.last_14d_ms, 14)
            + 2 * Fraction(usage.consumed_ms, 28)
        ) / 1000
        takers.append(Taker(configured.crn, configured.group, score, least, room))
    return takers, held


def _pool(snapshot: Snapshot, settings: Settings, held: int, floors: int) -> int:
    budget = snapshot.account.budget_seconds
    if budget is None:
        return 0
    unconfigured = max(0, budget - snapshot.account.unallocated_seconds - held)
    pool = max(0, budget - unconfigured - floors)
    percent = Fraction(settings.reserve.percent)
    if settings.reserve.basis is ReserveBasis.POOL:
        return floor(pool * (100 - percent) / 100)
    return max(0, pool - ceil(budget * percent / 100))


def _weights(takers: Sequence[Taker], equal: Fraction) -> dict[str, Fraction]:
    active = [taker for taker in takers if taker.score > 0]
    total = sum((taker.score for taker in active), Fraction(0))
    return {taker.crn: (100 - equal) * taker.score / total + equal / len(active) for taker in active}


def _one_level(
    takers: Sequence[Taker], limits: Mapping[str, int | None], pool: int, equal: Fraction
) -> tuple[dict[str, Fraction], dict[str, int]]:
    """One level for all; a group stops at its room. Exact shares, and whole ones in two stages."""
    weights = _weights(takers, equal)
    rooms = {
        name: limit - sum(taker.floor for taker in takers if taker.group == name)
        for name, limit in limits.items()
        if limit is not None
    }
    exact = {taker.crn: Fraction(0) for taker in takers}
    rising = {
        taker.crn for taker in takers if taker.score > 0 and taker.room != 0 and rooms.get(taker.group or "", 1) > 0
    }
    left = Fraction(pool)
    while rising and left > 0:
        members = {name: [t.crn for t in takers if t.group == name and t.crn in rising] for name in rooms}
        steps = [left / sum((weights[crn] for crn in rising), Fraction(0))]
        steps += [
            (taker.room - exact[taker.crn]) / weights[taker.crn]
            for taker in takers
            if taker.crn in rising and taker.room
        ]
        steps += [
            (rooms[name] - sum((exact[t.crn] for t in takers if t.group == name), Fraction(0)))
            / sum((weights[crn] for crn in own), Fraction(0))
            for name, own in members.items()
            if own
        ]
        step = min(steps)
        for crn in rising:
            exact[crn] += step * weights[crn]
            left -= step * weights[crn]
        full = {name for name in rooms if sum(exact[t.crn] for t in takers if t.group == name) >= rooms[name]}
        rising = {
            taker.crn
            for taker in takers
            if taker.crn in rising and taker.group not in full and (taker.room is None or exact[taker.crn] < taker.room)
        }
    total = int(sum(exact.values()))
    units = {("group", name): sum((exact[t.crn] for t in takers if t.group == name), Fraction(0)) for name in limits}
    units |= {("instance", taker.crn): exact[taker.crn] for taker in takers if taker.group not in limits}
    parts = _largest_remainder(units, total)
    whole = {taker.crn: parts["instance", taker.crn] for taker in takers if taker.group not in limits}
    for name in limits:
        whole |= _largest_remainder({t.crn: exact[t.crn] for t in takers if t.group == name}, parts["group", name])
    return exact, whole


def _by_shares(
    takers: Sequence[Taker], settings: Settings, pool: int, equal: Fraction
) -> tuple[dict[str, Fraction], dict[str, int], dict[str, Fraction]]:
    limits = {group.name: group.limit_seconds for group in settings.groups}
    shares = {group.name: Fraction(group.share_percent or 0) for group in settings.groups}
    shares[NONE] = 100 - sum(shares.values(), Fraction(0))
    limits[NONE] = None
    members = {name: [taker for taker in takers if (taker.group or NONE) == name] for name in shares}
    floors = {name: sum(taker.floor for taker in own) for name, own in members.items()}
    most: dict[str, int | None] = {}
    for name, own in members.items():
        limit = limits[name]
        rooms = [taker.room for taker in own if taker.score > 0]
        by_members = None if None in rooms else floors[name] + sum(room or 0 for room in rooms)
        bounds = [bound for bound in (limit, by_members) if bound is not None]
        most[name] = max(floors[name], min(bounds)) if bounds else None
    total = Fraction(pool + sum(floors.values()))
    entitled = {name: share for name, share in shares.items() if share > 0}

    def part(name: str, level: Fraction) -> Fraction:
        wanted = max(Fraction(floors[name]), level * entitled[name])
        bound = most[name]
        return wanted if bound is None else min(wanted, Fraction(bound))

    available = total - sum(floors[name] for name in shares if name not in entitled)
    exact_totals = _rest_at(part, entitled, floors, most, available)
    whole_totals = _largest_remainder(exact_totals, int(sum(exact_totals.values())))
    exact: dict[str, Fraction] = {}
    whole: dict[str, int] = {}
    for name in entitled:
        own_exact, own_whole = _one_level(
            [Taker(t.crn, None, t.score, t.floor, t.room) for t in members[name]],
            {},
            whole_totals[name] - floors[name],
            equal,
        )
        exact |= own_exact
        whole |= own_whole
    poor = [taker for name, own in members.items() if name not in entitled for taker in own]
    poor_limits = {group.name: group.limit_seconds for group in settings.groups if group.name not in entitled}
    left = int(available - sum(exact_totals.values()))
    poor.sort(key=lambda taker: taker.crn)
    own_exact, own_whole = _one_level(poor, poor_limits, left, equal)
    exact |= own_exact
    whole |= own_whole
    for name in shares:
        if name not in entitled:
            exact_totals[name] = floors[name] + sum((exact[taker.crn] for taker in members[name]), Fraction(0))
    return exact, whole, exact_totals


def _rest_at(
    part: Callable[[str, Fraction], Fraction],
    entitled: Mapping[str, Fraction],
    floors: Mapping[str, int],
    most: Mapping[str, int | None],
    available: Fraction,
) -> dict[str, Fraction]:
    """Between two neighbouring events each part is a straight line: the one that holds what is available is solved."""
    events = sorted(
        {Fraction(floors[name]) / share for name, share in entitled.items()}
        | {Fraction(bound) / share for name, share in entitled.items() if (bound := most[name]) is not None}
        | {Fraction(0)}
    )
    events.append(events[-1] + 1 + available)
    if not entitled:
        return {}
    slope_beyond = sum(share for name, share in entitled.items() if most[name] is None)
    for low, high in pairwise(events):
        at_low, at_high = (sum(part(name, level) for name in entitled) for level in (low, high))
        if at_low <= available <= at_high:
            if at_low == at_high:
                return {name: part(name, low) for name in entitled}
            level = low + (high - low) * (available - at_low) / (at_high - at_low)
            return {name: part(name, level) for name in entitled}
    last = events[-1]
    beyond = sum(part(name, last) for name in entitled)
    level = last + (available - beyond) / slope_beyond if slope_beyond else last
    return {name: part(name, level) for name in entitled}


def _largest_remainder(exact: Mapping[K, Fraction], total: int) -> dict[K, int]:
    whole = {key: floor(amount) for key, amount in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (whole[key] - exact[key], _rank(key)))
    for key in by_remainder[: total - sum(whole.values())]:
        whole[key] += 1
    return whole


def _rank(key: object) -> tuple[str, str]:
    """Groups by name before instances by CRN."""
    return key if isinstance(key, tuple) else ("", str(key))
