"""A proposal with its own derivation, so that what explains, reports or checks it computes nothing again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from fractions import Fraction

from qauvern.balance.activity import ActivityScore
from qauvern.balance.floors import Floor
from qauvern.balance.grants import EffectiveLimit
from qauvern.balance.groups import GroupPart
from qauvern.balance.sharing import Weight
from qauvern.errors import Remedy
from qauvern.model import NO_GROUP, Account, Crn, Instance, InstanceSettings, Reserve, Sharing, Usage, fairness
from qauvern.units import MS_PER_SECOND


class Reason(str, Enum):
    """Why a line's new allocation is what it is."""

    INACTIVE = "no recent activity: at its floor"
    SHARE = "share by recent activity"
    LIMIT = "active: up to its limit"
    FLOOR_AT_LIMIT = "active, but its floor leaves no room below its limit"
    POOL_EMPTY = "active, but the pool is empty: at its floor"
    OVER_BUDGET_SHARE = "plan over budget: share by recent activity"
    OVER_BUDGET_CAP = "plan over budget: up to its own usage"
    OVER_BUDGET_HELD = "plan over budget, limit reached: held at its floor"
    OVER_BUDGET_FLOOR = "plan over budget: at its floor"
    DEAD_BAND = "would change by less than minimum_change_seconds: keeps its allocation"
    NO_ALLOCATION = "no allocation to set: takes part with its limit only"
    GROUP_LIMIT = "active: its part of its group's limit"
    GROUP_EMPTY = "active, but nothing is left for its group: at its floor"


@dataclass(frozen=True, slots=True)
class Line:
    """One configured instance's part of a proposal.

    `weight` is what its share goes by, and `level` the seconds for each second of it, for those below their room: of
    its group where that has one of its own, else of all; None where everybody there got all the room it has. `room` is
    the most it may get on top of its floor (None: unlimited), `exact_share` and `share` what it gets of the pool before
    and after rounding, in seconds. `allocation_cap` is the most its new allocation may be (None:
    unlimited). One whose `floor` is None takes part with its limit only: its `new_allocation` is the live one, if any.
    `new_limit` is None where it has no limit.
    """

    configured: InstanceSettings
    live: Instance
    usage: Usage
    score: ActivityScore
    weight: Weight
    limit: EffectiveLimit
    floor: Floor | None
    allocation_cap: int | None
    room: int | None
    level: Fraction | None
    exact_share: Fraction
    share: int
    new_allocation: int | None
    reason: Reason

    @property
    def crn(self) -> Crn:
        return self.configured.crn

    @property
    def name(self) -> str:
        return self.configured.name

    @property
    def group(self) -> str | None:
        return self.configured.group

    @property
    def new_limit(self) -> int | None:
        return self.limit.seconds

    @property
    def allocation_delta(self) -> int:
        """Seconds by which the allocation changes; negative for a decrease."""
        return (self.new_allocation or 0) - (self.live.allocation_seconds or 0)

    @property
    def changes_allocation(self) -> bool:
        return self.new_allocation != self.live.allocation_seconds

    @property
    def changes_limit(self) -> bool:
        return self.new_limit != self.live.limit_seconds

    @property
    def is_enforced(self) -> bool:
        """IBM holds the instance to its live values, as far as is known."""
        enforced = self.usage.enforced
        return enforced is None or enforced.agrees_with(self.live.allocation_seconds, self.live.limit_seconds)

    @property
    def is_change(self) -> bool:
        """Something is to be written: new values, or the same ones again, since they are not enforced."""
        return self.changes_allocation or self.changes_limit or not self.is_enforced

    @property
    def is_rewrite(self) -> bool:
        """The live values are to be written again as they are."""
        return self.is_change and not (self.changes_allocation or self.changes_limit)

    @property
    def fairness(self) -> Fraction | None:
        """Of the live allocation, none counting as 0; None is infinite."""
        return fairness(self.usage.consumed_ms, self.live.allocation_seconds or 0)

    @property
    def is_in_debt(self) -> bool:
        """c exceeds the effective limit."""
        return self.limit.is_exceeded_by(self.usage.consumed_ms)

    @property
    def limit_reached(self) -> bool:
        """c has reached the effective limit: what runs goes on, the rest waits."""
        return self.limit.is_reached_by(self.usage.consumed_ms)

    @property
    def is_underutilized(self) -> bool:
        """The live allocation is above the floor and c below half of it."""
        held = self.live.allocation_seconds
        if held is None or self.floor is None or held <= self.floor.seconds:
            return False
        return 2 * self.usage.consumed_ms < held * MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Pool:
    """What there is to hand out, in seconds.

    `unconfigured_held_seconds` is reserved for the instances that the config file does not list. `reserve_seconds` is
    what stays back of `seconds`; `distributable_seconds` is handed out over the floors. `budget_reserve_seconds` is
    the part of the budget that the total must leave free (reserve basis budget only). `unconfigured_listed_seconds` is
    the sum of their listed allocations, which an account in order agrees with.
    """

    unconfigured_held_seconds: int
    floors_seconds: int
    seconds: int
    distributable_seconds: int
    budget_reserve_seconds: int = 0
    unconfigured_listed_seconds: int = 0

    @property
    def affordable_seconds(self) -> int:
        """The most above the floors by invariant 1: a reserve of the budget is a cap, one of the pool is not."""
        return self.distributable_seconds if self.budget_reserve_seconds else self.seconds

    @property
    def reserve_seconds(self) -> int:
        return self.seconds - self.distributable_seconds


@dataclass(frozen=True, slots=True)
class BrokenInvariant:
    """An invariant (1-6 of Design.md) that a proposal breaks: what is wrong, with which instances, and what helps.

    `facts` are the figures of it by name, all in seconds but for `instance` and `group`, which are names.
    """

    number: int
    message: str
    remedies: tuple[Remedy, ...]
    crns: tuple[Crn, ...]
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new allocation for each configured instance, with its derivation. `lines` are in CRN order.

    `level` is seconds per second of weight (of activity score, without equal parts) for those below their room, but for
    groups at their limit; None when each got all its room, and with shares, where each group has a level of its own.
    `groups` are by name. With shares, `entitlement_level` is seconds for each percent; None where each group is at its
    floors or at the most that it can take. `minimum_seconds` is the minimum_allocation_seconds that it was made with.
    `unconfigured` are the instances that the config file does not list, those that hold most first.
    """

    today: date
    account: Account
    reserve: Reserve
    minimum_seconds: int
    lines: tuple[Line, ...]
    pool: Pool
    level: Fraction | None
    over_budget: bool
    plan_consumed_ms: int
    sharing: Sharing
    groups: tuple[GroupPart, ...]
    entitlement_level: Fraction | None
    broken: tuple[BrokenInvariant, ...]
    unconfigured: tuple[Instance, ...] = ()

    @property
    def has_shares(self) -> bool:
        """Some group has a share_percent."""
        return any(group.share_percent is not None for group in self.groups)

    @property
    def shared_seconds(self) -> int:
        """All that is shared: what is handed out, and the floors."""
        return self.pool.distributable_seconds + self.pool.floors_seconds

    def part_of(self, line: Line) -> GroupPart | None:
        """The part of the line's group; of `none` for one in no group where groups have shares, else None."""
        name = line.group or NO_GROUP
        return next((part for part in self.groups if part.name == name), None)

    @property
    def changes(self) -> tuple[Line, ...]:
        """The lines whose allocation or limit differs from the live one, or whose live ones are not enforced."""
        return tuple(line for line in self.lines if line.is_change)

    @property
    def configured_consumed_ms(self) -> int:
        return sum(line.usage.consumed_ms for line in self.lines)

    @property
    def configured_held_seconds(self) -> int:
        """What the configured instances hold now."""
        return sum(line.live.allocation_seconds or 0 for line in self.lines)

    @property
    def new_total_seconds(self) -> int:
        """What all instances would hold, unconfigured ones included."""
        return self.pool.unconfigured_held_seconds + sum(line.new_allocation or 0 for line in self.lines)
