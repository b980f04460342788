"""What the report says: computed from the proposal, the snapshot and the settings, and nothing drawn yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

from qauvern.balance import Line, Proposal, window_start
from qauvern.figures import by_name
from qauvern.model import WINDOW_DAYS, BillingPlan, Crn, Settings, Snapshot, fairness
from qauvern.render.analysis import over_budget_warnings, reserve_text
from qauvern.render.instances import Totals, budget_text, instance_views, utilization_text
from qauvern.render.remedies import said_of_invariant
from qauvern.render.report._limits import LimitHistory, limit_history
from qauvern.render.text import printable
from qauvern.units import MS_PER_SECOND, format_ms, format_percent, format_seconds, seconds_number

CHARTED: Final = 30
"""The most instances that a chart shows; tables hold all."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the account. `key` and `value` are its name and number in the JSON of analyze, if it has one."""

    label: str
    text: str
    note: str = ""
    key: str | None = None
    value: int | float | None = None


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One configured instance. Fairness is None where it is infinite; `daily_ms` has one figure for each day."""

    name: str
    crn: Crn
    allocation_seconds: int | None
    new_allocation_seconds: int | None
    allocation_delta_seconds: int
    reason: str
    live_limit_seconds: int | None
    new_limit_seconds: int | None
    consumed_ms: int
    last_14d_ms: int
    last_7d_ms: int
    last_3d_ms: int
    last_24h_ms: int
    daily_ms: tuple[int, ...]
    fairness: Fraction | None
    new_fairness: Fraction | None
    activity_score: Fraction
    base_limit_seconds: int | None
    grant_funded_ms: int
    unspent_grant_ms: int
    pre_boost_overage_ms: int
    marks: tuple[str, ...]
    is_change: bool

    @property
    def largest_seconds(self) -> int:
        """The larger of what it holds and would hold, by which charts choose."""
        return max(self.allocation_seconds or 0, self.new_allocation_seconds or 0)

    @property
    def left_ms(self) -> int | None:
        """What it may still use before its limit; negative in debt, None without a limit."""
        if self.new_limit_seconds is None:
            return None
        return self.new_limit_seconds * MS_PER_SECOND - self.consumed_ms


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
    histories: tuple[LimitHistory, ...]

    @property
    def charted(self) -> tuple[InstanceRow, ...]:
        """The rows that charts show: those of the largest allocations, before or after, largest first."""
        return tuple(sorted(self.rows, key=lambda row: (-row.largest_seconds, row.crn))[:CHARTED])


def report_of(proposal: Proposal, snapshot: Snapshot, settings: Settings) -> Report:
    """What there is to say about the proposal.

    Args:
        snapshot: what the proposal was made from, with the daily usage of every configured instance since the start
            of the window, and as far back as the limit of each day since then depends on it.
    """
    lines = by_name(proposal.lines)
    first = window_start(proposal.today)
    days = tuple(first + timedelta(days=offset) for offset in range(WINDOW_DAYS + 1))
    histories = (limit_history(line, proposal.today) for line in lines)
    return Report(
        taken_at=snapshot.taken_at,
        today=proposal.today,
        account_id=printable(proposal.account.account_id),
        plan=proposal.account.plan,
        headline=_headline(proposal),
        facts=_facts(proposal, snapshot, settings),
        splits=_splits(proposal),
        warnings=tuple(printable(each) for each in over_budget_warnings(proposal)),
        broken=tuple(
            f"Invariant {broken.number}: {printable(said_of_invariant(broken))}" for broken in proposal.broken
        ),
        rows=tuple(_row(line, days) for line in lines),
        days=days,
        histories=tuple(each for each in histories if each is not None),
    )


def _row(line: Line, days: tuple[date, ...]) -> InstanceRow:
    usage, terms, new = line.usage, line.limit.terms, line.new_allocation
    return InstanceRow(
        name=printable(line.name),
        crn=line.crn,
        allocation_seconds=line.live.allocation_seconds,
        new_allocation_seconds=new,
        allocation_delta_seconds=line.allocation_delta,
        reason=line.reason.value,
        live_limit_seconds=line.live.limit_seconds,
        new_limit_seconds=line.new_limit,
        consumed_ms=usage.consumed_ms,
        last_14d_ms=usage.last_14d_ms,
        last_7d_ms=usage.last_7d_ms,
        last_3d_ms=usage.last_3d_ms,
        last_24h_ms=usage.last_24h_ms,
        daily_ms=tuple(usage.daily_ms.get(day, 0) for day in days),
        fairness=line.fairness,
        new_fairness=Fraction(0) if new is None else fairness(usage.consumed_ms, new),
        activity_score=line.score.seconds,
        base_limit_seconds=None if terms is None else terms.base_seconds,
        grant_funded_ms=0 if terms is None else terms.grant_funded_ms,
        unspent_grant_ms=0 if terms is None else terms.unspent_grant_ms,
        pre_boost_overage_ms=0 if terms is None else terms.pre_boost_overage_ms,
        marks=tuple(_marks(line)),
        is_change=line.is_change,
    )


def _marks(line: Line) -> list[str]:
    marks = []
    if line.is_in_debt:
        marks.append("in debt")
    elif line.limit_reached:
        marks.append("limit reached")
    if line.is_underutilized:
        marks.append("underutilized")
    terms = line.limit.terms
    if terms is not None and terms.has_crediting_grant:
        marks.append("net grant" if terms.boost_start_date is not None else "net grant, ended")
    return marks


def _headline(proposal: Proposal) -> str:
    changes, of = len(proposal.changes), len(proposal.lines)
    if not changes:
        return "Nothing to change: every instance holds what it should."
    up = sum(line.allocation_delta > 0 for line in proposal.lines)
    down = sum(line.allocation_delta < 0 for line in proposal.lines)
    return f"{changes:,} of {of:,} configured instances change: {up:,} would get more, {down:,} less."


def _facts(proposal: Proposal, snapshot: Snapshot, settings: Settings) -> tuple[Fact, ...]:
    account, pool = proposal.account, proposal.pool
    totals = Totals.of(instance_views(settings, snapshot.instances.values(), snapshot.usage))
    under = [line for line in proposal.lines if line.is_underutilized]

    def seconds(label: str, figure: int | None, key: str | None = None) -> Fact:
        share = "" if figure is None else _share(figure * MS_PER_SECOND, proposal)
        return Fact(label, "none" if figure is None else f"{format_seconds(figure)} s", share, key, figure)

    consumed_ms = proposal.plan_consumed_ms
    return (
        Fact(
            "Budget, 28 days",
            "none" if account.budget_seconds is None else f"{format_seconds(account.budget_seconds)} s",
            "" if account.budget_seconds is None else budget_text(account.budget_seconds).partition("(")[2].rstrip(")"),
            "allocation_budget_seconds",
            account.budget_seconds,
        ),
        Fact(
            "Consumed, 28 days",
            f"{format_ms(consumed_ms)} s",
            _share(consumed_ms, proposal),
            "consumed_seconds",
            seconds_number(consumed_ms),
        ),
        Fact(
            "By configured instances",
            f"{format_ms(proposal.configured_consumed_ms)} s",
            utilization_text(totals),
            "configured_consumed_seconds",
            seconds_number(proposal.configured_consumed_ms),
        ),
        seconds("Held by configured instances", proposal.configured_held_seconds),
        seconds("Held by unconfigured instances", pool.unconfigured_held_seconds, "unmanaged_allocation_seconds"),
        seconds("Unallocated", account.unallocated_seconds, "unallocated_seconds"),
        seconds("To hand out over the floors", pool.distributable_seconds, "distributable_pool_seconds"),
        Fact("Reserve", reserve_text(proposal)),
        Fact(
            "Underutilized",
            f"{len(under):,} of {len(proposal.lines):,} instances",
            f"they hold {format_seconds(sum(line.live.allocation_seconds or 0 for line in under))} s" if under else "",
        ),
        Fact(
            "Limit of the account",
            "none" if account.limit_seconds is None else f"{format_seconds(account.limit_seconds)} s",
            key="limit_seconds",
            value=account.limit_seconds,
        ),
    )


def _share(milliseconds: int, proposal: Proposal) -> str:
    budget = proposal.account.budget_seconds
    return f"{format_percent(Fraction(milliseconds, budget * MS_PER_SECOND))} of the budget" if budget else ""


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
