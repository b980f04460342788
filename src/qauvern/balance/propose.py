"""From a snapshot and the settings to a proposal: the steps of Design.md in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from qauvern.balance import invariants
from qauvern.balance._candidate import Candidate
from qauvern.balance._derivation import Share, level_of, parts_of, shares_of
from qauvern.balance.activity import activity_score
from qauvern.balance.dead_band import SharedPool, share_pool
from qauvern.balance.floors import floor_of, floor_over_budget
from qauvern.balance.grants import effective_limit
from qauvern.balance.groups import GroupPart, divide
from qauvern.balance.proposal import Line, Pool, Proposal, Reason
from qauvern.errors import QauvernError, Remedy
from qauvern.model import NO_GROUP, Instance, InstanceSettings, Reserve, ReserveBasis, Settings, Snapshot, UsageNotRead
from qauvern.units import MS_PER_SECOND, floor_seconds


class UnusableInstances(QauvernError):
    """Configured instances that the account lacks or has archived: they stop the run before any write."""

    remedy = Remedy.UPDATE_CONFIG


def propose(snapshot: Snapshot, settings: Settings, today: date) -> Proposal:
    """A fair new allocation for every configured instance: a floor for each, the rest by recent activity.

    Pure: neither the clock nor the order of the inputs has a say. `today` (UTC) places net grants and their window.
    The proposal names the invariants it breaks, if any; a proposal with a broken one must not be applied.

    Raises:
        UnusableInstances: a configured instance is archived, or not in the account.
        UsageNotRead: the snapshot lacks usage that an instance's score or net grants take.
    """
    _refuse_unusable(snapshot, settings)
    over_budget = is_over_budget(snapshot)
    candidates = [
        _candidate(configured, snapshot, settings.minimum_allocation_seconds, over_budget, today)
        for configured in sorted(settings.instances, key=lambda configured: configured.crn)
    ]
    pool = _pool(
        candidates, snapshot.account.budget_seconds, held_by_unconfigured(snapshot, settings), settings.reserve
    )
    unconfigured = unconfigured_instances(snapshot, settings)
    listed = sum(instance.allocation_seconds or 0 for instance in unconfigured)
    pool = replace(pool, unconfigured_listed_seconds=listed)
    division = divide(candidates, settings.groups, settings.sharing, pool.distributable_seconds)
    shared = share_pool(
        candidates, division.compartments, pool.affordable_seconds, settings.guardrails.minimum_change_seconds
    )
    shares = shares_of(candidates, division, shared)
    groups = parts_of(division, shared, shares)
    proposal = Proposal(
        today=today,
        account=snapshot.account,
        reserve=settings.reserve,
        minimum_seconds=settings.minimum_allocation_seconds,
        lines=_lines(candidates, shares, shared, groups, pool, over_budget),
        pool=pool,
        level=level_of(division, shared),
        over_budget=over_budget,
        plan_consumed_ms=snapshot.plan_consumed_ms,
        sharing=settings.sharing,
        groups=groups,
        entitlement_level=division.level,
        unconfigured=unconfigured,
        broken=(),
    )
    return replace(proposal, broken=invariants.check(proposal))


def is_over_budget(snapshot: Snapshot) -> bool:
    """True when the plan's 28-day usage, over all its instances, has reached its budget; never without a budget."""
    budget = snapshot.account.budget_seconds
    return budget is not None and snapshot.plan_consumed_ms >= budget * MS_PER_SECOND


def held_by_unconfigured(snapshot: Snapshot, settings: Settings) -> int:
    """Seconds that the instances which the config file does not list hold: max(0, B - U - configured allocations)."""
    account = snapshot.account
    if account.budget_seconds is None:
        return 0
    held_by_configured = sum(
        snapshot.instances[configured.crn].allocation_seconds or 0
        for configured in settings.instances
        if configured.crn in snapshot.instances
    )
    return max(0, account.budget_seconds - account.unallocated_seconds - held_by_configured)


def unconfigured_instances(snapshot: Snapshot, settings: Settings) -> tuple[Instance, ...]:
    """The listed instances that the config file does not name, archived ones left out: those that hold most first."""
    configured = {each.crn for each in settings.instances}
    others = [each for crn, each in snapshot.instances.items() if crn not in configured and not each.is_archived]
    return tuple(sorted(others, key=lambda each: (-(each.allocation_seconds or 0), each.name, each.crn)))


def _refuse_unusable(snapshot: Snapshot, settings: Settings) -> None:
    complaints = []
    for configured in settings.instances:
        live = snapshot.instances.get(configured.crn)
        if live is None:
            complaints.append(
                f"{configured.name} ({configured.crn}) is not in the account's {settings.plan.value} plan"
            )
        elif live.is_archived:
            complaints.append(f"{configured.name} ({configured.crn}) is archived (its allocation is 0)")
    if complaints:
        raise UnusableInstances(f"{'; '.join(complaints)}. Nothing was written")


def _candidate(
    configured: InstanceSettings, snapshot: Snapshot, minimum: int, over_budget: bool, today: date
) -> Candidate:
    live, usage = snapshot.instances[configured.crn], snapshot.usage[configured.crn]
    consumed_ms = usage.consumed_ms
    try:
        score, limit = activity_score(usage), effective_limit(configured, live, usage, today)
    except UsageNotRead as missing:
        raise UsageNotRead(f"{configured.name} ({configured.crn}): {missing}", crn=configured.crn) from missing
    takes_allocation = live.allocation_seconds is not None and snapshot.account.budget_seconds is not None
    floor_rule = floor_over_budget if over_budget else floor_of
    return Candidate(
        configured=configured,
        live=live,
        usage=usage,
        score=score,
        limit=limit,
        floor=floor_rule(consumed_ms, minimum) if takes_allocation else None,
        cap=floor_seconds(consumed_ms) if over_budget else limit.seconds,
        is_held=over_budget and limit.is_reached_by(consumed_ms),
    )


def _pool(candidates: Sequence[Candidate], budget: int | None, unconfigured: int, reserve: Reserve) -> Pool:
    """max(0, B - held by unconfigured - sum of floors), and what the reserve leaves of it."""
    floors = sum(candidate.floor_seconds for candidate in candidates)
    if budget is None:
        return Pool(unconfigured, floors, 0, 0)
    seconds = max(0, budget - unconfigured - floors)
    percent = Fraction(reserve.percent)
    if reserve.basis is ReserveBasis.POOL:
        return Pool(unconfigured, floors, seconds, int(seconds * (100 - percent) / 100))
    kept_back = -(-budget * percent // 100)
    distributable = max(0, seconds - kept_back)
    return Pool(unconfigured, floors, seconds, distributable, kept_back)


def _lines(
    candidates: Sequence[Candidate],
    shares: Sequence[Share],
    shared: SharedPool,
    groups: Sequence[GroupPart],
    pool: Pool,
    over_budget: bool,
) -> tuple[Line, ...]:
    of_group = {part.name: _reason_of_group(part) for part in groups}
    lines = []
    for index, (candidate, share) in enumerate(zip(candidates, shares, strict=True)):
        if index in shared.kept:
            reason = Reason.DEAD_BAND
        else:
            below_room = of_group.get(candidate.configured.group or NO_GROUP, Reason.SHARE)
            reason = _reason(candidate, share.seconds, below_room, pool, over_budget)
        lines.append(_line(candidate, share, reason))
    return tuple(lines)


def _line(candidate: Candidate, share: Share, reason: Reason) -> Line:
    return Line(
        configured=candidate.configured,
        live=candidate.live,
        usage=candidate.usage,
        score=candidate.score,
        weight=share.weight,
        limit=candidate.limit,
        floor=candidate.floor,
        allocation_cap=candidate.cap,
        room=candidate.room,
        level=share.level,
        exact_share=share.exact,
        share=share.seconds,
        new_allocation=(
            candidate.live.allocation_seconds if candidate.floor is None else candidate.floor.seconds + share.seconds
        ),
        reason=reason,
    )


def _reason_of_group(part: GroupPart) -> Reason:
    """Why its active members get what they get, as long as their own rooms are not full."""
    if part.gets_nothing:
        return Reason.GROUP_EMPTY
    return Reason.GROUP_LIMIT if part.is_at_limit else Reason.SHARE


def _reason(candidate: Candidate, share: int, below_room: Reason, pool: Pool, over_budget: bool) -> Reason:
    if candidate.floor is None:
        return Reason.NO_ALLOCATION
    if candidate.is_held:
        return Reason.OVER_BUDGET_HELD
    if not candidate.score.is_active:
        return Reason.INACTIVE
    if over_budget:
        if share == 0:
            return Reason.OVER_BUDGET_FLOOR
        return Reason.OVER_BUDGET_CAP if share == candidate.room else Reason.OVER_BUDGET_SHARE
    if candidate.room == 0:
        return Reason.FLOOR_AT_LIMIT
    if pool.distributable_seconds == 0:
        return Reason.POOL_EMPTY
    return Reason.LIMIT if share == candidate.room else below_room
