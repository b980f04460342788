"""Net grants: who pays for which day's usage, and the effective limit that follows (Design.md, Net grants)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from qauvern.balance.window import window_start
from qauvern.model import UNLIMITED, WINDOW_DAYS, Instance, InstanceSettings, LimitRule, NetGrant, Usage
from qauvern.units import MS_PER_SECOND, ceil_seconds


class LimitSource(str, Enum):
    """Where an instance's effective limit comes from."""

    CONFIG = "config"
    LIVE = "live"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class GrantLedger:
    """What one grant has paid, by UTC day, in milliseconds, up to the day the limit is for."""

    grant: NetGrant
    charged_ms: Mapping[date, int]
    is_active: bool
    still_credits: bool

    @property
    def spent_ms(self) -> int:
        return sum(self.charged_ms.values())

    @property
    def unspent_ms(self) -> int:
        return self.grant.net_grant_seconds * MS_PER_SECOND - self.spent_ms


@dataclass(frozen=True, slots=True)
class LimitTerms:
    """The four terms of an effective limit.

    `grant_funded_ms`: usage in the window that still-crediting grants paid. `unspent_grant_ms`: what the active ones
    have left. `pre_boost_overage_ms`: base usage in the window from before `boost_start_date` (the earliest active
    grant's start) above the base limit. `grants` are those that take part, in config order.
    """

    base_seconds: int
    grant_funded_ms: int = 0
    unspent_grant_ms: int = 0
    pre_boost_overage_ms: int = 0
    boost_start_date: date | None = None
    grants: tuple[GrantLedger, ...] = ()

    @property
    def total_ms(self) -> int:
        return (
            self.base_seconds * MS_PER_SECOND + self.grant_funded_ms + self.unspent_grant_ms + self.pre_boost_overage_ms
        )

    @property
    def has_crediting_grant(self) -> bool:
        return any(ledger.still_credits for ledger in self.grants)


@dataclass(frozen=True, slots=True)
class EffectiveLimit:
    """An instance's limit for the proposal in whole seconds; None is unlimited. `terms` where the config sets one."""

    seconds: int | None
    source: LimitSource
    terms: LimitTerms | None = None

    def is_reached_by(self, consumed_ms: int) -> bool:
        """True when IBM lets the instance start nothing more."""
        return self.seconds is not None and consumed_ms >= self.seconds * MS_PER_SECOND

    def is_exceeded_by(self, consumed_ms: int) -> bool:
        """True when the instance is in debt."""
        return self.seconds is not None and consumed_ms > self.seconds * MS_PER_SECOND


def effective_limit(configured: InstanceSettings, live: Instance, usage: Usage, today: date) -> EffectiveLimit:
    """The limit E: from limit_seconds and net grants, rounded up to a second; none where the config file says so; else
    the live limit; else none.

    Raises:
        UsageNotRead: its net grants take daily usage that was not read, or not from `daily_usage_needed_since` on.
    """
    if configured.limit_seconds is LimitRule.NONE:
        return EffectiveLimit(UNLIMITED, LimitSource.CONFIG)
    if isinstance(configured.limit_seconds, int):
        terms = limit_terms(configured.limit_seconds, configured.net_grants, usage, today)
        return EffectiveLimit(ceil_seconds(terms.total_ms), LimitSource.CONFIG, terms)
    if live.limit_seconds is not None:
        return EffectiveLimit(live.limit_seconds, LimitSource.LIVE)
    return EffectiveLimit(UNLIMITED, LimitSource.NONE)


def still_credits(grant: NetGrant, today: date) -> bool:
    """True when the grant has started and its end is after today - 28."""
    return grant.start_date <= today and grant.end_date > window_start(today)


def grants_taking_part(grants: Sequence[NetGrant], today: date) -> tuple[NetGrant, ...]:
    """The still-crediting grants and those that overlap them in time, directly or through others, in given order."""
    taking_part = _indexes_taking_part(grants, today)
    return tuple(grant for index, grant in enumerate(grants) if index in taking_part)


def _indexes_taking_part(grants: Sequence[NetGrant], today: date) -> set[int]:
    return {
        index
        for cluster in _overlapping(grants)
        if any(still_credits(grants[member], today) for member in cluster)
        for index in cluster
    }


def _overlapping(grants: Sequence[NetGrant]) -> list[list[int]]:
    """The indexes of the grants, in clusters that overlap in time, directly or through others."""
    clusters: list[list[int]] = []
    cluster_end = date.min
    for index in sorted(range(len(grants)), key=lambda index: grants[index].start_date):
        if not clusters or grants[index].start_date >= cluster_end:
            clusters.append([])
            cluster_end = grants[index].end_date
        clusters[-1].append(index)
        cluster_end = max(cluster_end, grants[index].end_date)
    return clusters


def grants_without_effect(grants: Sequence[NetGrant], today: date) -> tuple[int, ...]:
    """Indexes of the grants that can change no limit any more: over for 28 days, and overlapping none that counts."""
    counting = _indexes_taking_part(grants, today)
    return tuple(
        index for index, grant in enumerate(grants) if grant.end_date <= window_start(today) and index not in counting
    )


def day_without_effect(grants: Sequence[NetGrant], index: int) -> date:
    """The day from which the grant of that index can change no limit any more, all its overlaps considered."""
    cluster = next(cluster for cluster in _overlapping(grants) if index in cluster)
    last_end = max(grants[member].end_date for member in cluster)
    return min(last_end, date.max - timedelta(days=WINDOW_DAYS)) + timedelta(days=WINDOW_DAYS)


def daily_usage_needed_since(grants: Sequence[NetGrant], today: date) -> date | None:
    """First day whose usage the limit depends on; None when no grant credits any more."""
    taking_part = grants_taking_part(grants, today)
    if not taking_part:
        return None
    return min(window_start(today), min(grant.start_date for grant in taking_part))


def limit_terms(base_seconds: int, grants: Sequence[NetGrant], usage: Usage, today: date) -> LimitTerms:
    """Charges each day's usage to the grants active that day and adds up what they lift the limit by.

    Raises:
        UsageNotRead: as effective_limit.
    """
    taking_part = grants_taking_part(grants, today)
    if not taking_part:
        return LimitTerms(base_seconds)
    since = daily_usage_needed_since(taking_part, today) or today
    charged, base_ms = _charge(taking_part, usage.daily_ms.between(since, today))
    ledgers = tuple(
        GrantLedger(grant, days, grant.is_active(today), still_credits(grant, today))
        for grant, days in zip(taking_part, charged, strict=True)
    )
    first_day = window_start(today)
    active = [ledger for ledger in ledgers if ledger.is_active]
    boost_start = min((ledger.grant.start_date for ledger in active), default=None)
    return LimitTerms(
        base_seconds=base_seconds,
        grant_funded_ms=sum(
            paid_ms
            for ledger in ledgers
            if ledger.still_credits
            for day, paid_ms in ledger.charged_ms.items()
            if day >= first_day
        ),
        unspent_grant_ms=sum(ledger.unspent_ms for ledger in active),
        pre_boost_overage_ms=_overage_before(boost_start, base_ms, first_day, base_seconds),
        boost_start_date=boost_start,
        grants=ledgers,
    )


def _charge(
    grants: Sequence[NetGrant], used_ms_by_day: Sequence[tuple[date, int]]
) -> tuple[list[dict[date, int]], dict[date, int]]:
    """What each grant pays by day, soonest-ending first while it has budget, and the base usage that is left."""
    paying_order = sorted(
        range(len(grants)), key=lambda index: (grants[index].end_date, grants[index].start_date, index)
    )
    budget_ms = [grant.net_grant_seconds * MS_PER_SECOND for grant in grants]
    charged: list[dict[date, int]] = [{} for _ in grants]
    base_ms: dict[date, int] = {}
    for day, used_ms in used_ms_by_day:
        unpaid = used_ms
        for index in paying_order:
            paid = min(unpaid, budget_ms[index]) if grants[index].is_active(day) else 0
            if paid:
                charged[index][day] = paid
                budget_ms[index] -= paid
                unpaid -= paid
        base_ms[day] = unpaid
    return charged, base_ms


def _overage_before(boost_start: date | None, base_ms: Mapping[date, int], first_day: date, base_seconds: int) -> int:
    """Base usage from before the boost that exceeded the base limit; it decays as its days leave the window."""
    if boost_start is None:
        return 0
    before_ms = sum(used_ms for day, used_ms in base_ms.items() if first_day <= day < boost_start)
    return max(0, before_ms - base_seconds * MS_PER_SECOND)
