"""What is shown of an account and of its instances, whether they were only looked at or are part of a proposal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from qauvern.balance import Proposal, held_by_unconfigured, is_over_budget, shares_in_force, unconfigured_instances
from qauvern.model import (
    NO_GROUP,
    UNLIMITED,
    Account,
    Crn,
    Instance,
    InstanceSettings,
    Reserve,
    Settings,
    Snapshot,
    Usage,
    fairness,
)
from qauvern.units import MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class AccountView:
    """The account's figures. `proposal` is None where the account was only looked at."""

    account: Account
    reserve: Reserve
    consumed_ms: int
    configured_consumed_ms: int
    configured_held_seconds: int
    unconfigured_held_seconds: int
    unconfigured: tuple[Instance, ...]
    is_over_budget: bool
    proposal: Proposal | None = None

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot, settings: Settings) -> AccountView:
        live = [snapshot.instances.get(each.crn) for each in settings.instances]
        return cls(
            snapshot.account,
            settings.reserve,
            snapshot.plan_consumed_ms,
            sum(usage.consumed_ms for usage in snapshot.usage.values()),
            sum(each.allocation_seconds or 0 for each in live if each is not None),
            held_by_unconfigured(snapshot, settings),
            unconfigured_instances(snapshot, settings),
            is_over_budget(snapshot),
        )

    @classmethod
    def of_proposal(cls, proposal: Proposal) -> AccountView:
        return cls(
            proposal.account,
            proposal.reserve,
            proposal.plan_consumed_ms,
            proposal.configured_consumed_ms,
            proposal.configured_held_seconds,
            proposal.pool.unconfigured_held_seconds,
            proposal.unconfigured,
            proposal.over_budget,
            proposal,
        )

    @property
    def plan(self) -> str:
        return self.account.plan.value

    @property
    def utilization(self) -> Fraction | None:
        """What the configured instances consumed of what they hold; None is infinite."""
        return fairness(self.configured_consumed_ms, self.configured_held_seconds)

    @property
    def distributable_seconds(self) -> int | None:
        return None if self.proposal is None else self.proposal.pool.distributable_seconds


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One configured instance as it stands: `live` is None where the account lacks it, `usage` where none was read."""

    configured: InstanceSettings
    live: Instance | None
    usage: Usage | None

    @property
    def allocation_seconds(self) -> int | None:
        return None if self.live is None else self.live.allocation_seconds

    @property
    def limit_seconds(self) -> int | None:
        return None if self.live is None else self.live.limit_seconds

    @property
    def consumed_ms(self) -> int:
        return 0 if self.usage is None else self.usage.consumed_ms

    @property
    def has_fairness(self) -> bool:
        return self.usage is not None and self.allocation_seconds is not None

    @property
    def fairness(self) -> Fraction | None:
        """None is infinite; only meaningful where `has_fairness`."""
        return fairness(self.consumed_ms, self.allocation_seconds or 0)

    @property
    def state(self) -> str:
        """Empty where there is nothing to say of it."""
        if self.live is None:
            return "missing"
        if self.live.is_archived:
            return "archived"
        limit = self.limit_seconds
        return "limit reached" if limit is not None and self.consumed_ms >= limit * MS_PER_SECOND else ""


def instance_views(settings: Settings, instances: Iterable[Instance], usage: Mapping[Crn, Usage]) -> list[InstanceView]:
    """The configured instances by name."""
    live = {instance.crn: instance for instance in instances}
    return [
        InstanceView(configured, live.get(configured.crn), usage.get(configured.crn))
        for configured in sorted(settings.instances, key=lambda each: (each.name.casefold(), each.crn))
    ]


def by_fairness(views: Sequence[InstanceView]) -> list[InstanceView]:
    """Lowest fairness first, which is the order in which IBM's queue serves them; infinite and unknown ones last."""
    return sorted(views, key=lambda view: (not view.has_fairness, view.fairness is None, view.fairness or 0))


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the instances that are shown."""

    held_seconds: int
    consumed_ms: int

    @classmethod
    def of(cls, views: Sequence[InstanceView]) -> Totals:
        return cls(sum(view.allocation_seconds or 0 for view in views), sum(view.consumed_ms for view in views))

    @property
    def utilization(self) -> Fraction | None:
        """None is infinite."""
        return fairness(self.consumed_ms, self.held_seconds)


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group with the sums over its instances; `none` is that of the instances in no group.

    `share_percent` is None where no group has a share. `new_allocation_seconds` is 0 where nothing is proposed.
    """

    name: str
    share_percent: Decimal | None
    limit_seconds: int | None
    current_allocation_seconds: int
    new_allocation_seconds: int
    consumed_ms: int
    instances: int

    @property
    def allocation_delta(self) -> int:
        return self.new_allocation_seconds - self.current_allocation_seconds

    @property
    def utilization(self) -> Fraction | None:
        """What its instances consumed of what they hold; None is infinite."""
        return fairness(self.consumed_ms, self.current_allocation_seconds)


@dataclass(slots=True)
class _Sums:
    held: int = 0
    new: int = 0
    consumed_ms: int = 0
    instances: int = 0

    def add(self, held: int | None, new: int | None, consumed_ms: int) -> None:
        self.held += held or 0
        self.new += new or 0
        self.consumed_ms += consumed_ms
        self.instances += 1


def proposed_groups(proposal: Proposal, *, with_none: bool = False) -> list[GroupView]:
    """The groups of a proposal by name.

    `none` is among them where groups have shares, which leave it a part, and else only for `with_none`: last.
    """
    sums: dict[str, _Sums] = {}
    for line in proposal.lines:
        members = sums.setdefault(line.group or NO_GROUP, _Sums())
        members.add(line.live.allocation_seconds, line.new_allocation, line.usage.consumed_ms)
    terms = {part.name: (part.share_percent, part.limit_seconds) for part in proposal.groups}
    return _group_views(terms, sums, with_none=with_none)


def shown_groups(settings: Settings, views: Iterable[InstanceView], *, with_none: bool = False) -> list[GroupView]:
    """The groups as they stand; as `proposed_groups`."""
    sums: dict[str, _Sums] = {}
    for view in views:
        sums.setdefault(view.configured.group or NO_GROUP, _Sums()).add(view.allocation_seconds, 0, view.consumed_ms)
    shares = shares_in_force(settings.groups)
    terms = {group.name: (shares.get(group.name), group.limit_seconds) for group in settings.groups}
    if shares and (shares[NO_GROUP] or NO_GROUP in sums):
        terms[NO_GROUP] = (shares[NO_GROUP], UNLIMITED)
    return _group_views(terms, sums, with_none=with_none)


def _group_views(
    terms: Mapping[str, tuple[Decimal | None, int | None]], sums: Mapping[str, _Sums], *, with_none: bool
) -> list[GroupView]:
    if not terms:
        return []
    names = sorted(terms)
    if with_none and (NO_GROUP in terms or NO_GROUP in sums):
        names = [*(name for name in names if name != NO_GROUP), NO_GROUP]
    found = []
    for name in names:
        share, limit = terms.get(name, (None, UNLIMITED))
        each = sums.get(name, _Sums())
        found.append(GroupView(name, share, limit, each.held, each.new, each.consumed_ms, each.instances))
    return found
