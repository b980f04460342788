"""What every proposal must hold to, checked from its figures alone (Design.md, Invariants)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qauvern.balance.proposal import BrokenInvariant, Line, Proposal
from qauvern.model import ReserveBasis
from qauvern.units import MS_PER_SECOND, format_ms, format_seconds

_NAMED_AT_MOST = 5


def check(proposal: Proposal, minimum_allocation_seconds: int) -> tuple[BrokenInvariant, ...]:
    """The invariants that the proposal breaks, in their order; none for a proposal that may be applied."""
    return tuple(
        broken
        for find in (_total, _usage, _minimum, _limit, _archiving)
        for broken in find(proposal, minimum_allocation_seconds)
    )


def _total(proposal: Proposal, _minimum: int) -> Iterator[BrokenInvariant]:
    budget = proposal.account.budget_seconds
    if budget is None:
        return
    pool, total = proposal.pool, proposal.new_total_seconds
    if total > budget:
        yield _over_cap(proposal, budget, f"the budget of {format_seconds(budget)} s")
    elif proposal.reserve.basis is ReserveBasis.BUDGET:
        cap = max(budget - pool.budget_reserve_seconds, pool.unconfigured_held_seconds + pool.floors_seconds)
        if total > cap:
            yield _over_cap(proposal, cap, f"the {format_seconds(cap)} s that the reserve leaves of the budget")


def _over_cap(proposal: Proposal, cap: int, what: str) -> BrokenInvariant:
    holding = [line for line in proposal.lines if line.new_allocation is not None]
    largest = sorted(holding, key=lambda line: (-(line.new_allocation or 0), line.crn))[:_NAMED_AT_MOST]
    pool, total = proposal.pool, proposal.new_total_seconds
    return BrokenInvariant(
        1,
        f"the total of {format_seconds(total)} s would exceed {what} by {format_seconds(total - cap)} s: the floors "
        f"need {format_seconds(pool.floors_seconds)} s and unconfigured instances hold "
        f"{format_seconds(pool.unconfigured_held_seconds)} s; the largest are "
        + ", ".join(f"{line.name} {format_seconds(line.new_allocation)} s" for line in largest),
        "Lower minimum_allocation_seconds, archive instances, shrink unconfigured ones, or buy more time.",
        tuple(line.crn for line in largest),
    )


def _usage(proposal: Proposal, _minimum: int) -> Iterator[BrokenInvariant]:
    if proposal.over_budget:
        return _each(proposal, 2, _is_above_usage_over_budget, _above_usage)
    return _each(proposal, 2, _is_below_usage, _below_usage)


def _is_above_usage_over_budget(line: Line, new: int, floor: int) -> bool:
    return new > floor and new * MS_PER_SECOND > line.usage.consumed_ms


def _above_usage(line: Line, new: int) -> tuple[str, str]:
    used = f"its 28-day usage of {format_ms(line.usage.consumed_ms)} s"
    return (
        f"{line.name}: {format_seconds(new)} s would exceed {used} while the plan is over budget",
        "This is a fault of qauvern: please report it, and change the instance by hand.",
    )


def _is_below_usage(line: Line, new: int, _floor: int) -> bool:
    return new * MS_PER_SECOND < line.usage.consumed_ms


def _below_usage(line: Line, new: int) -> tuple[str, str]:
    used = f"its 28-day usage of {format_ms(line.usage.consumed_ms)} s"
    return f"{line.name}: {format_seconds(new)} s would lie below {used}", "Run again for a fresh proposal."


def _minimum(proposal: Proposal, minimum: int) -> Iterator[BrokenInvariant]:
    least = f"minimum_allocation_seconds ({format_seconds(minimum)} s)"

    def is_below(_line: Line, new: int, floor: int) -> bool:
        return new < (min(minimum, floor) if proposal.over_budget else minimum)

    return _each(
        proposal,
        3,
        is_below,
        lambda line, new: (
            f"{line.name}: {format_seconds(new)} s would lie below {least}",
            "Run again for a fresh proposal.",
        ),
    )


def _limit(proposal: Proposal, _minimum: int) -> Iterator[BrokenInvariant]:
    def is_above(line: Line, new: int, floor: int) -> bool:
        return line.new_limit is not None and new > max(line.new_limit, floor)

    return _each(
        proposal,
        4,
        is_above,
        lambda line, new: (
            f"{line.name}: {format_seconds(new)} s would exceed its limit of {format_seconds(line.new_limit)} s",
            "Raise limit_seconds, or add a net grant.",
        ),
    )


def _archiving(proposal: Proposal, _minimum: int) -> Iterator[BrokenInvariant]:
    return _each(
        proposal,
        5,
        lambda _line, new, _floor: new <= 0,
        lambda line, _new: (
            f"{line.name}: an allocation of 0 would archive it",
            "Set minimum_allocation_seconds above 0.",
        ),
    )


def _each(
    proposal: Proposal,
    number: int,
    breaks: Callable[[Line, int, int], bool],
    fact_and_remedy: Callable[[Line, int], tuple[str, str]],
) -> Iterator[BrokenInvariant]:
    """One for each line that `breaks` is true of, given its new allocation and its floor; without a floor none is."""
    for line in proposal.lines:
        new = line.new_allocation
        if line.floor is not None and new is not None and breaks(line, new, line.floor.seconds):
            yield BrokenInvariant(number, *fact_and_remedy(line, new), (line.crn,))
