"""The nouns of qauvern, frozen: what the config file says, what the account holds, what was used.

Usage is in integer milliseconds (`_ms`), allocations and limits in integer seconds (`_seconds`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Final

from qauvern.errors import QauvernError
from qauvern.units import MS_PER_SECOND

WINDOW_DAYS: Final = 28
"""Length of the rolling window that IBM meters, in days."""

UNLIMITED: Final[None] = None
"""The limit, or the room up to it, of an instance that has none."""

NO_GROUP: Final = "none"
"""What the instances in no group go by, as one more group; no group may be named so."""


class BillingPlan(str, Enum):
    """IBM's plan, whose budget is shared."""

    INTERNAL = "internal"
    PREMIUM = "premium"
    PAYGO = "paygo"


UNSHARED_PLANS: Final[Mapping[str, str]] = {
    "flex": "it has no rolling window: its usage counts over the whole contract",
    "open": "it has no allocation to share",
}
"""IBM's other plans, and why their budget is not shared."""


class Crn(str):
    """The Cloud Resource Name of a service instance: crn:v1:bluemix:public:quantum-computing:REGION:a/ACCOUNT:GUID::

    Raises:
        ValueError: the text is not the CRN of a quantum service instance.
    """

    __slots__ = ("account_id", "guid", "region")
    _PATTERN = re.compile(
        r"crn:v1:[a-z0-9-]+:[a-z0-9-]+:quantum-computing:(?P<region>[a-z0-9-]+):a/(?P<account>[A-Za-z0-9_-]+)"
        r":(?P<guid>[A-Za-z0-9_-]+)::"
    )
    region: str
    account_id: str
    guid: str

    def __new__(cls, text: str) -> Crn:
        match = cls._PATTERN.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not the CRN of a quantum service instance: it reads "
                "crn:v1:bluemix:public:quantum-computing:REGION:a/ACCOUNT:GUID::"
            )
        crn = super().__new__(cls, text)
        crn.region, crn.account_id, crn.guid = match["region"], match["account"], match["guid"]
        return crn

    def __getnewargs__(self) -> tuple[str]:
        return (str(self),)


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An instance to be provisioned. None is not sent: IBM decides upon the allocation, and there is no limit."""

    name: str
    region: str
    resource_group: str
    plan: BillingPlan
    allocation_seconds: int | None = None
    limit_seconds: int | None = None
    tags: tuple[str, ...] = ()


# --- what the config file says ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NetGrant:
    """A temporary net grant: a lifetime budget on top of the limit, active while start <= today < end (UTC dates)."""

    start_date: date
    end_date: date
    net_grant_seconds: int

    def is_active(self, today: date) -> bool:
        return self.start_date <= today < self.end_date


@dataclass(frozen=True, slots=True)
class BalancePeriod:
    """The span of the Period column: usage from its start to now or its end, whichever is first."""

    start_date: datetime
    end_date: datetime | None = None


class ReserveBasis(str, Enum):
    """What the reserve is a percentage of."""

    POOL = "pool"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Reserve:
    """The part that is not handed out. `percent` is exact, in [0, 100)."""

    percent: Decimal = Decimal(0)
    basis: ReserveBasis = ReserveBasis.POOL


@dataclass(frozen=True, slots=True)
class Guardrails:
    """Bounds on one run; None is off. Percentages are exact.

    `max_changes_percent` is of the configured instances, `max_decrease_percent` of one instance's live allocation.
    `minimum_change_seconds` is the dead band; 0 is off.
    """

    max_changes: int | None = None
    max_changes_percent: Decimal | None = None
    max_decrease_percent: Decimal | None = None
    minimum_change_seconds: int = 0


class LimitRule(str, Enum):
    """What the config file says of an instance's limit where it gives no figure."""

    LIVE = "live"
    """Nothing: the live limit stays, if there is one."""
    NONE = "none"
    """That it has none: a live one is removed."""


@dataclass(frozen=True, slots=True)
class Group:
    """Instances that are entitled to a part together, or held to a limit together: a department, a project, a course.

    `share_percent` is exact, in [0, 100], and None where the config gives none. `limit_seconds` is the most that the
    members' allocations may add up to.
    """

    name: str
    share_percent: Decimal | None = None
    limit_seconds: int | None = UNLIMITED


@dataclass(frozen=True, slots=True)
class Sharing:
    """What a share goes by: `equal_percent` of it in equal parts, the rest by activity. Exact, in [0, 100]."""

    equal_percent: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """One configured instance. `limit_seconds` is the base limit that net grants come on top of, or a rule.

    `group` names one of the settings' groups; None is no group.
    """

    name: str
    crn: Crn
    limit_seconds: int | LimitRule = LimitRule.LIVE
    net_grants: tuple[NetGrant, ...] = ()
    period: BalancePeriod | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The config file, checked. Group names are unique."""

    account_id: str
    plan: BillingPlan
    minimum_allocation_seconds: int
    instances: tuple[InstanceSettings, ...]
    reserve: Reserve = field(default_factory=Reserve)
    guardrails: Guardrails = field(default_factory=Guardrails)
    balance_period: BalancePeriod | None = None
    groups: tuple[Group, ...] = ()
    sharing: Sharing = field(default_factory=Sharing)


# --- what the account holds and what was used ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ResourceUnits:
    """Figures in IBM's resource units, None for one that it does not tell. How they convert to seconds is not known.

    `held` is the allocation of an instance, or what it has consumed; `limit` its limit.
    """

    held: Decimal | None
    limit: Decimal | None


@dataclass(frozen=True, slots=True)
class Instance:
    """One service instance as the account has it now.

    `backends` is the explicit list of those it may use, or None where it may use all. `units` is what it holds in
    resource units, where the account counts in those.
    """

    name: str
    crn: Crn
    allocation_seconds: int | None
    limit_seconds: int | None
    backends: tuple[str, ...] | None = None
    units: ResourceUnits | None = None

    @property
    def is_archived(self) -> bool:
        """IBM takes an allocation of 0 as archiving."""
        return self.allocation_seconds == 0


@dataclass(frozen=True, slots=True)
class Account:
    """A plan's budget, summed over all its subscriptions, in seconds of the 28-day window.

    `budget_seconds` is None for a plan without a budget.
    """

    account_id: str
    plan: BillingPlan
    budget_seconds: int | None
    unallocated_seconds: int
    limit_seconds: int | None = None


class UsageNotRead(QauvernError):
    """Usage was asked for that was not read from the account: it is unknown, which is not the same as zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentUsage:
    """What one instance used in the windows that end now, in milliseconds."""

    last_14d_ms: int
    last_7d_ms: int
    last_3d_ms: int
    last_24h_ms: int


@dataclass(frozen=True, slots=True)
class DailyUsage(Mapping[date, int]):
    """Milliseconds used by UTC date, complete from `since` on: a later day that it does not hold was one without use.

    As a mapping it holds the days with use. Asking for a day before `since` raises UsageNotRead.
    """

    since: date
    ms_by_day: Mapping[date, int] = field(default_factory=dict)

    def __getitem__(self, day: date) -> int:
        self._require(day)
        return self.ms_by_day[day]

    def __iter__(self) -> Iterator[date]:
        return iter(self.ms_by_day)

    def __len__(self) -> int:
        return len(self.ms_by_day)

    def between(self, first: date, last: date) -> list[tuple[date, int]]:
        """The days with use from `first` to `last`, both included, in their order.

        Raises:
            UsageNotRead: `first` is before `since`.
        """
        self._require(first)
        return [(day, used_ms) for day, used_ms in sorted(self.ms_by_day.items()) if first <= day <= last]

    def _require(self, day: date) -> None:
        if day < self.since:
            raise UsageNotRead(
                f"the daily usage was read from {self.since} on, and {day} was asked for", since=self.since, asked=day
            )


@dataclass(frozen=True, slots=True)
class Enforced:
    """What IBM holds an instance to, which an instance's own values only ask for. In seconds.

    `limit_seconds` None is no limit. `allocation_seconds` None is not told by IBM, and agrees with any.
    """

    allocation_seconds: int | None
    limit_seconds: int | None

    def agrees_with(self, allocation_seconds: int | None, limit_seconds: int | None) -> bool:
        """True when these values are the ones enforced."""
        is_allocation = self.allocation_seconds in (None, allocation_seconds or 0)
        return is_allocation and self.limit_seconds == limit_seconds


@dataclass(frozen=True, slots=True)
class Usage:
    """What one instance used, in milliseconds.

    `consumed_ms` is the official figure of IBM's own 28-day window. `recent` and `daily` are None where they were not
    read, `period_ms` where the instance has no balance period. The properties are for those who must have them.
    `enforced` comes with `consumed_ms`, and so do `units`: what was consumed, and its limit, in resource units, where
    the account counts in those.
    """

    consumed_ms: int
    recent: RecentUsage | None = None
    daily: DailyUsage | None = None
    period_ms: int | None = None
    enforced: Enforced | None = None
    units: ResourceUnits | None = None

    @property
    def recent_ms(self) -> RecentUsage:
        """Raises UsageNotRead where it was not read."""
        if self.recent is None:
            raise UsageNotRead("the usage of the last 14, 7, 3 and 1 days was not read")
        return self.recent

    @property
    def daily_ms(self) -> DailyUsage:
        """Raises UsageNotRead where it was not read."""
        if self.daily is None:
            raise UsageNotRead("the daily usage was not read")
        return self.daily

    @property
    def last_14d_ms(self) -> int:
        return self.recent_ms.last_14d_ms

    @property
    def last_7d_ms(self) -> int:
        return self.recent_ms.last_7d_ms

    @property
    def last_3d_ms(self) -> int:
        return self.recent_ms.last_3d_ms

    @property
    def last_24h_ms(self) -> int:
        return self.recent_ms.last_24h_ms


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The account at one moment.

    `instances` are all those the account lists in the plan, configured or not, archived ones too. `usage` is that of
    the configured ones. `unconfigured_consumed_ms` is what all others used in the last 28 days.
    """

    taken_at: datetime
    account: Account
    instances: Mapping[Crn, Instance]
    usage: Mapping[Crn, Usage]
    unconfigured_consumed_ms: int = 0

    @property
    def plan_consumed_ms(self) -> int:
        """The plan's 28-day usage over all its instances."""
        return self.unconfigured_consumed_ms + sum(usage.consumed_ms for usage in self.usage.values())


# --- what a write can come to -----------------------------------------------------------------------------------


class OperationState(str, Enum):
    """Where the last operation on an instance stands; the values it set show only once it has succeeded."""

    SUCCEEDED = "succeeded"
    IN_PROGRESS = "in progress"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LiveInstance:
    """One instance as it was read, and its last operation (None where the account says nothing of one)."""

    instance: Instance
    operation: OperationState | None = None


# --- fairness ---------------------------------------------------------------------------------------------------


def fairness(consumed_ms: int, allocation_seconds: int) -> Fraction | None:
    """consumed / allocation: 0 when both are 0, None (infinite) when only the allocation is 0.

    IBM's queue runs the job of the instance with the lowest fairness next.
    """
    if allocation_seconds == 0:
        return None if consumed_ms else Fraction(0)
    return Fraction(consumed_ms, allocation_seconds * MS_PER_SECOND)
