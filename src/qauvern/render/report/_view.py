"""What the report says: computed from the proposal, and nothing drawn yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

from qauvern.balance import Line, Proposal, window_start
from qauvern.figures import by_name
from qauvern.model import WINDOW_DAYS, BillingPlan, Crn, Snapshot, fairness
from qauvern.render.account import Fact, account_facts, over_budget_warnings
from qauvern.render.remedies import said_of_invariant
from qauvern.render.report._limits import LimitHistory, limit_history
from qauvern.render.text import printable
from qauvern.render.views import AccountView
from qauvern.units import MS_PER_SECOND, format_seconds

CHARTED: Final = 30
"""The most instances that a chart shows; tables hold all."""


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One configured instance; `daily_ms` has one figure for each day of the window.

    `history` is None where no net grant moves its limit.
    """

    line: Line
    daily_ms: tuple[int, ...]
    history: LimitHistory | None

    @property
    def name(self) -> str:
        return printable(self.line.name)

    @property
    def crn(self) -> Crn:
        return self.line.crn

    @property
    def new_fairness(self) -> Fraction | None:
        """None is infinite."""
        new = self.line.new_allocation
        return Fraction(0) if new is None else fairness(self.line.usage.consumed_ms, new)

    @property
    def marks(self) -> tuple[str, ...]:
        """What is to be known of it at a glance."""
        line, terms = self.line, self.line.limit.terms
        has_grant = terms is not None and terms.has_crediting_grant
        is_active = terms is not None and terms.boost_start_date is not None
        said = {
            "in debt": line.is_in_debt,
            "limit reached": line.limit_reached and not line.is_in_debt,
            "underutilized": line.is_underutilized,
            "net grant": has_grant and is_active,
            "net grant, ended": has_grant and not is_active,
        }
        return tuple(mark for mark, holds in said.items() if holds)

    @property
    def largest_seconds(self) -> int:
        """The larger of what it holds and would hold, by which charts choose."""
        return max(self.line.live.allocation_seconds or 0, self.line.new_allocation or 0)

    @property
    def left_ms(self) -> int | None:
        """What it may still use before its limit; negative in debt, None without a limit."""
        if self.line.new_limit is None:
            return None
        return self.line.new_limit * MS_PER_SECOND - self.line.usage.consumed_ms


@dataclass(frozen=True, slots=True)
class BudgetSplit:
    """Who holds the budget, in seconds: now, or with the new allocations."""

    label: str
    configured_seconds: int
    unconfigured_seconds: int
    free_seconds: int


@dataclass(frozen=True, slots=True)
class Report:
    """The page's content. `rows` are by name, `days` the UTC days of the window, the last of them today so far."""

    taken_at: datetime
    today: date
    account_id: str
    plan: BillingPlan
    headline: str
    facts: tuple[Fact, ...]
    splits: tuple[BudgetSplit, ...]
    warnings: tuple[str, ...]
    broken: tuple[str, ...]
    rows: tuple[InstanceRow, ...]
    days: tuple[date, ...]

    @property
    def histories(self) -> tuple[LimitHistory, ...]:
        """Of those whose limit a net grant moves, by name."""
        return tuple(row.history for row in self.rows if row.history is not None)

    @property
    def charted(self) -> tuple[InstanceRow, ...]:
        """The rows that charts show: those of the largest allocations, before or after, largest first."""
        return tuple(sorted(self.rows, key=lambda row: (-row.largest_seconds, row.crn))[:CHARTED])


def report_of(proposal: Proposal, snapshot: Snapshot) -> Report:
    """What there is to say about the proposal.

    Args:
        snapshot: what the proposal was made from, with the daily usage of every configured instance since the start
            of the window, and as far back as the limit of each day since then depends on it.
    """
    first = window_start(proposal.today)
    days = tuple(first + timedelta(days=offset) for offset in range(WINDOW_DAYS + 1))
    return Report(
        taken_at=snapshot.taken_at,
        today=proposal.today,
        account_id=printable(proposal.account.account_id),
        plan=proposal.account.plan,
        headline=_headline(proposal),
        facts=(*account_facts(AccountView.of_proposal(proposal)), _underutilized(proposal)),
        splits=_splits(proposal),
        warnings=tuple(printable(each) for each in over_budget_warnings(proposal)),
        broken=tuple(
            f"Invariant {broken.number}: {printable(said_of_invariant(broken))}" for broken in proposal.broken
        ),
        rows=tuple(_row(line, days, proposal.today) for line in by_name(proposal.lines)),
        days=days,
    )


def _row(line: Line, days: tuple[date, ...], today: date) -> InstanceRow:
    return InstanceRow(line, tuple(line.usage.daily_ms.get(day, 0) for day in days), limit_history(line, today))


def _headline(proposal: Proposal) -> str:
    changes, of = len(proposal.changes), len(proposal.lines)
    if not changes:
        return "Nothing to change: every instance holds what it should."
    up = sum(line.allocation_delta > 0 for line in proposal.lines)
    down = sum(line.allocation_delta < 0 for line in proposal.lines)
    return f"{changes:,} of {of:,} configured instances change: {up:,} would get more, {down:,} less."


def _underutilized(proposal: Proposal) -> Fact:
    under = [line for line in proposal.lines if line.is_underutilized]
    held = sum(line.live.allocation_seconds or 0 for line in under)
    text = f"{len(under):,} of {len(proposal.lines):,} instances"
    return Fact("Underutilized", text, f"they hold {format_seconds(held)} s" if under else "")


def _splits(proposal: Proposal) -> tuple[BudgetSplit, ...]:
    """Empty for a plan without a budget."""
    budget, unconfigured = proposal.account.budget_seconds, proposal.pool.unconfigured_held_seconds
    if not budget:
        return ()
    after = proposal.new_total_seconds - unconfigured
    return tuple(
        BudgetSplit(label, held, unconfigured, max(0, budget - held - unconfigured))
        for label, held in (("Now", proposal.configured_held_seconds), ("New", after))
    )
