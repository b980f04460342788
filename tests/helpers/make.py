"""Makers of snapshots and settings in seconds, so that a test shows its arithmetic and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from decimal import Decimal
from types import MappingProxyType

from qauvern.balance import Line, Proposal
from qauvern.model import (
    Account,
    BillingPlan,
    Crn,
    DailyUsage,
    Group,
    Guardrails,
    Instance,
    InstanceSettings,
    LimitRule,
    NetGrant,
    RecentUsage,
    Reserve,
    ReserveBasis,
    Settings,
    Sharing,
    Snapshot,
    Usage,
)

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"
TODAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 15, 12, 0, tzinfo=timezone.utc)


def crn(label: str, region: str = "us-east", account_id: str = ACCOUNT_ID) -> Crn:
    return Crn(f"crn:v1:bluemix:public:quantum-computing:{region}:a/{account_id}:{label}::")


def grant(start: date, end: date, seconds: int) -> NetGrant:
    return NetGrant(start, end, seconds)


def usage(
    consumed: float = 0, *, last_24h: float = 0, last_3d: float = 0, last_7d: float = 0, last_14d: float = 0
) -> Usage:
    """Usage from figures in seconds."""
    return Usage(
        consumed_ms=round(consumed * 1000),
        recent=RecentUsage(
            last_14d_ms=round(last_14d * 1000),
            last_7d_ms=round(last_7d * 1000),
            last_3d_ms=round(last_3d * 1000),
            last_24h_ms=round(last_24h * 1000),
        ),
    )


def daily(used: Mapping[date, float] = MappingProxyType({}), since: date = date.min) -> DailyUsage:
    """Daily usage from figures in seconds, read as far back as there are dates unless `since` says less."""
    return DailyUsage(since, {day: round(seconds * 1000) for day, seconds in used.items()})


@dataclass(frozen=True)
class Team:
    """One configured instance of a made-up account; figures in seconds. `weight` is usage in the last 24 hours."""

    name: str
    allocation: int | None = 100
    consumed: float = 0
    active: float = 0
    limit: int | LimitRule | None = None
    live_limit: int | None = None
    grants: tuple[NetGrant, ...] = ()
    daily: dict[date, float] = field(default_factory=dict)
    region: str = "us-east"
    group: str | None = None

    @property
    def limit_rule(self) -> int | LimitRule:
        return LimitRule.LIVE if self.limit is None else self.limit

    @property
    def crn(self) -> Crn:
        return crn(self.name, self.region)


def snapshot(
    teams: Sequence[Team],
    *,
    budget: int | None,
    unallocated: int | None = None,
    unconfigured_consumed: float = 0,
) -> Snapshot:
    """An account whose unconfigured instances hold nothing unless `unallocated` says less than the rest."""
    if unallocated is None:
        unallocated = max(0, (budget or 0) - sum(team.allocation or 0 for team in teams))
    return Snapshot(
        taken_at=NOW,
        account=Account(ACCOUNT_ID, BillingPlan.PREMIUM, budget, unallocated),
        instances={team.crn: Instance(team.name, team.crn, team.allocation, team.live_limit) for team in teams},
        usage={
            team.crn: replace(usage(team.consumed, last_24h=team.active), daily=daily(team.daily)) for team in teams
        },
        unconfigured_consumed_ms=round(unconfigured_consumed * 1000),
    )


def settings(
    teams: Sequence[Team],
    *,
    minimum: int = 10,
    reserve_percent: str = "0",
    basis: ReserveBasis = ReserveBasis.POOL,
    groups: Sequence[Group] = (),
    equal_percent: str = "0",
    minimum_change: int = 0,
) -> Settings:
    return Settings(
        account_id=ACCOUNT_ID,
        plan=BillingPlan.PREMIUM,
        minimum_allocation_seconds=minimum,
        instances=tuple(
            InstanceSettings(team.name, team.crn, team.limit_rule, team.grants, group=team.group) for team in teams
        ),
        reserve=Reserve(Decimal(reserve_percent), basis),
        guardrails=Guardrails(minimum_change_seconds=minimum_change),
        groups=tuple(groups),
        sharing=Sharing(Decimal(equal_percent)),
    )


def group(name: str, *, share: str | None = None, limit: int | None = None) -> Group:
    return Group(name, None if share is None else Decimal(share), limit)


def line(proposal: Proposal, name: str) -> Line:
    return next(line for line in proposal.lines if line.name == name)


def new_allocations(proposal: Proposal) -> dict[str, int | None]:
    return {line.name: line.new_allocation for line in proposal.lines}
