"""What every proposal must hold to, checked from its figures alone (Design.md, Invariants)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from qauvern.balance.floors import FloorSource
from qauvern.balance.proposal import BrokenInvariant, Line, Proposal
from qauvern.errors import Remedy
from qauvern.model import ReserveBasis
from qauvern.units import MS_PER_SECOND, ceil_seconds, format_ms, format_seconds, seconds_number

_NAMED_AT_MOST = 5


def check(proposal: Proposal) -> tuple[BrokenInvariant, ...]:
    """The invariants that the proposal breaks, in their order; none for a proposal that may be applied."""
    finders = (_total, _usage, _minimum, _limit, _archiving, _group_limits)
    return tuple(broken for find in finders for broken in find(proposal))


# --- 1: the total ------------------------------------------------------------------------------------------------


def _total(proposal: Proposal) -> Iterator[BrokenInvariant]:
    budget = proposal.account.budget_seconds
    if budget is None:
        return
    pool, total = proposal.pool, proposal.new_total_seconds
    if total > budget:
        yield _over_cap(proposal, budget, f"the budget of {format_seconds(budget)} s")
    elif proposal.reserve.basis is ReserveBasis.BUDGET:
        cap = max(budget - pool.budget_reserve_seconds, pool.unconfigured_held_seconds + pool.floors_seconds)
        if total > cap:
            yield _over_cap(
                proposal,
                cap,
                f"the {format_seconds(cap)} s that the reserve leaves of the budget",
                (Remedy.LOWER_RESERVE,),
            )


@dataclass(frozen=True, slots=True)
class _Drivers:
    """What takes up the budget, in seconds: the floors by the rule that set them, and unconfigured instances.

    `minimum_driven` is what a lower minimum_allocation_seconds could free.
    """

    usage: int
    minimum: int
    one_second: int
    minimum_driven: int
    unconfigured: int

    @classmethod
    def of(cls, proposal: Proposal) -> _Drivers:
        def held(source: FloorSource) -> int:
            return sum(line.floor.seconds for line in proposal.lines if line.floor and line.floor.source is source)

        return cls(
            usage=held(FloorSource.CONSUMED),
            minimum=held(FloorSource.MINIMUM),
            one_second=held(FloorSource.ONE_SECOND),
            minimum_driven=sum(_minimum_driven(line, proposal.over_budget) for line in proposal.lines),
            unconfigured=proposal.pool.unconfigured_held_seconds,
        )

    @property
    def text(self) -> str:
        floors = ", ".join(
            f"{format_seconds(seconds)} s by {what}"
            for seconds, what in (
                (self.usage, FloorSource.CONSUMED.value),
                (self.minimum, FloorSource.MINIMUM.value),
                (self.one_second, "the one second that keeps an instance from being archived"),
            )
            if seconds
        )
        needed = format_seconds(self.usage + self.minimum + self.one_second)
        return (
            f"the floors need {needed} s{f' ({floors})' if floors else ''} and unconfigured instances hold "
            f"{format_seconds(self.unconfigured)} s"
        )

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        return (
            *((Remedy.LOWER_MINIMUM,) if self.minimum_driven else ()),
            *((Remedy.SHRINK_UNCONFIGURED,) if self.unconfigured else ()),
            Remedy.WAIT_OR_BUY_TIME if self.usage else Remedy.BUY_TIME,
        )


def _minimum_driven(line: Line, over_budget: bool) -> int:
    if line.floor is None or line.floor.source is not FloorSource.MINIMUM:
        return 0
    without = 0 if over_budget else ceil_seconds(line.usage.consumed_ms)
    return line.floor.seconds - max(1, without)


def _over_cap(proposal: Proposal, cap: int, what: str, remedies: tuple[Remedy, ...] = ()) -> BrokenInvariant:
    largest = _largest(proposal.lines)
    drivers, total = _Drivers.of(proposal), proposal.new_total_seconds
    return BrokenInvariant(
        1,
        f"the total of {format_seconds(total)} s would exceed {what} by {format_seconds(total - cap)} s: "
        f"{drivers.text}; the largest are {_named(largest)}",
        (*remedies, *drivers.remedies),
        tuple(line.crn for line in largest),
        {
            "total_seconds": total,
            "cap_seconds": cap,
            "usage_floors_seconds": drivers.usage,
            "minimum_floors_seconds": drivers.minimum,
            "minimum_driven_seconds": drivers.minimum_driven,
            "unconfigured_seconds": drivers.unconfigured,
        },
    )


# --- 2 to 5: each instance ---------------------------------------------------------------------------------------


def _usage(proposal: Proposal) -> Iterator[BrokenInvariant]:
    def used(line: Line) -> Mapping[str, object]:
        return {"used_seconds": seconds_number(line.usage.consumed_ms)}

    if proposal.over_budget:
        return _each(
            proposal,
            2,
            Remedy.REPORT_BUG,
            lambda line, new, floor: new > floor and new * MS_PER_SECOND > line.usage.consumed_ms,
            lambda line: f"would exceed its 28-day usage of {_used(line)} while the plan is over budget",
            used,
        )
    return _each(
        proposal,
        2,
        Remedy.RUN_AGAIN,
        lambda line, new, _floor: new * MS_PER_SECOND < line.usage.consumed_ms,
        lambda line: f"would be below its 28-day usage of {_used(line)}",
        used,
    )


def _used(line: Line) -> str:
    return f"{format_ms(line.usage.consumed_ms)} s"


def _minimum(proposal: Proposal) -> Iterator[BrokenInvariant]:
    def least(floor: int) -> int:
        return min(proposal.minimum_seconds, floor) if proposal.over_budget else proposal.minimum_seconds

    def what(line: Line) -> str:
        minimum = f"minimum_allocation_seconds ({format_seconds(proposal.minimum_seconds)} s)"
        floor = line.floor.seconds if line.floor else 0
        if least(floor) == proposal.minimum_seconds:
            return f"would be below {minimum}"
        return f"would be below its floor of {format_seconds(floor)} s while the plan is over budget"

    return _each(
        proposal,
        3,
        Remedy.RUN_AGAIN,
        lambda _line, new, floor: new < least(floor),
        what,
        lambda line: {"least_seconds": least(line.floor.seconds if line.floor else 0)},
    )


def _limit(proposal: Proposal) -> Iterator[BrokenInvariant]:
    return _each(
        proposal,
        4,
        Remedy.RAISE_LIMIT,
        lambda line, new, floor: line.new_limit is not None and new > max(line.new_limit, floor),
        lambda line: f"would exceed its limit of {format_seconds(line.new_limit)} s",
        lambda line: {"limit_seconds": line.new_limit},
    )


def _archiving(proposal: Proposal) -> Iterator[BrokenInvariant]:
    return _each(
        proposal,
        5,
        Remedy.RAISE_MINIMUM if proposal.minimum_seconds == 0 else Remedy.RUN_AGAIN,
        lambda _line, new, _floor: new <= 0,
        lambda _line: "would archive it",
        lambda _line: {},
    )


def _each(
    proposal: Proposal,
    number: int,
    remedy: Remedy,
    breaks: Callable[[Line, int, int], bool],
    what: Callable[[Line], str],
    figures: Callable[[Line], Mapping[str, object]],
) -> Iterator[BrokenInvariant]:
    """One for each line that `breaks` is true of, given its new allocation and its floor; without a floor none is."""
    for line in proposal.lines:
        new = line.new_allocation
        if line.floor is not None and new is not None and breaks(line, new, line.floor.seconds):
            yield BrokenInvariant(
                number,
                f"{line.name}: {format_seconds(new)} s {what(line)}",
                (remedy,),
                (line.crn,),
                {"instance": line.name, "allocation_seconds": new, **figures(line)},
            )


# --- 6: each group -----------------------------------------------------------------------------------------------


def _group_limits(proposal: Proposal) -> Iterator[BrokenInvariant]:
    limited = [group for group in proposal.groups if group.limit_seconds is not None]
    if not limited:
        return
    members: defaultdict[str | None, list[Line]] = defaultdict(list)
    for line in proposal.lines:
        if line.floor is not None:
            members[line.group].append(line)
    for group in limited:
        own = members[group.name]
        total = sum(line.new_allocation or 0 for line in own)
        floors = sum(line.floor.seconds for line in own if line.floor is not None)
        if total > max(group.limit_seconds or 0, floors):
            yield BrokenInvariant(
                6,
                f"group {group.name}: its instances would hold {format_seconds(total)} s together, above its limit of "
                f"{format_seconds(group.limit_seconds)} s, and their floors need {format_seconds(floors)} s; "
                f"the largest are {_named(_largest(own))}",
                (Remedy.RAISE_GROUP_LIMIT, Remedy.RUN_AGAIN),
                tuple(line.crn for line in own),
                {
                    "group": group.name,
                    "allocation_seconds": total,
                    "limit_seconds": group.limit_seconds,
                    "floors_seconds": floors,
                },
            )


def _largest(lines: Iterable[Line]) -> list[Line]:
    holding = [line for line in lines if line.new_allocation is not None]
    return sorted(holding, key=lambda line: (-(line.new_allocation or 0), line.crn))[:_NAMED_AT_MOST]


def _named(lines: Iterable[Line]) -> str:
    return ", ".join(f"{line.name} {format_seconds(line.new_allocation)} s" for line in lines)
