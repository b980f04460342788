"""What an administrator should know of a proposal though it may be applied (Design.md, Over budget)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qauvern.balance.proposal import Line, Proposal, Reason
from qauvern.errors import Notice
from qauvern.units import MS_PER_SECOND, format_ms, format_seconds


def account_notices(proposal: Proposal) -> tuple[Notice, ...]:
    """Where the account's figures contradict each other, or leave nothing of a reserve of the budget."""
    return (*_contradiction(proposal), *_used_up_reserve(proposal))


def over_budget_notices(proposal: Proposal) -> tuple[Notice, ...]:
    """What it means that the plan is over budget, and for which instances."""
    budget = proposal.account.budget_seconds
    if not proposal.over_budget or budget is None:
        return ()
    used = f"{format_ms(proposal.plan_consumed_ms)} s of its {format_seconds(budget)} s"
    minimum = format_seconds(proposal.minimum_seconds)
    return (
        Notice(
            f"the plan has used {used} in 28 days: allocations follow usage until enough of it leaves the window",
            facts={"used_ms": proposal.plan_consumed_ms, "budget_seconds": budget},
        ),
        *_named(
            [line for line in proposal.lines if line.reason is Reason.OVER_BUDGET_HELD],
            "at their limit, so held at their floor",
        ),
        *_named(
            [line for line in proposal.lines if _is_below(line, proposal.minimum_seconds)],
            f"below minimum_allocation_seconds ({minimum} s), so that their fairness reaches 1",
        ),
        *_named(
            [line for line in proposal.lines if _stays_below_fairness_1(line)],
            "below fairness 1 all the same, since they used less than the second that keeps them from being archived",
        ),
    )


def _is_below(line: Line, minimum_seconds: int) -> bool:
    new = line.new_allocation
    return line.floor is not None and new is not None and new < minimum_seconds


def _stays_below_fairness_1(line: Line) -> bool:
    new = line.new_allocation
    return line.floor is not None and new is not None and 0 < line.usage.consumed_ms < new * MS_PER_SECOND


def _named(lines: Sequence[Line], what: str) -> Iterator[Notice]:
    if lines:
        names = sorted((line.name for line in lines), key=str.casefold)
        yield Notice(f"{what}: {', '.join(names)}", facts={"instances": tuple(line.crn for line in lines)})


def _contradiction(proposal: Proposal) -> Iterator[Notice]:
    held, listed = proposal.pool.unconfigured_held_seconds, proposal.pool.unconfigured_listed_seconds
    if proposal.account.budget_seconds is not None and listed > held:
        yield Notice(
            f"the account's figures leave {held:,} s for unconfigured instances, but those listed hold {listed:,} s: "
            "the budget may be below what is held. Increases that would lift the total over the budget are held back.",
            facts={"held_seconds": held, "listed_seconds": listed},
        )


def _used_up_reserve(proposal: Proposal) -> Iterator[Notice]:
    pool = proposal.pool
    if pool.seconds < pool.budget_reserve_seconds:
        yield Notice(
            f"floors and unconfigured instances leave {pool.seconds:,} s of the budget's reserve of "
            f"{pool.budget_reserve_seconds:,} s.",
            facts={"left_seconds": pool.seconds, "reserve_seconds": pool.budget_reserve_seconds},
        )
