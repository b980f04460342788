"""What the report says: computed from the proposal, and nothing drawn yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from fractions import Fraction
from typing import Final

from qauvern.balance import GroupPart, Line, Proposal, usage_in_window, window_start
from qauvern.figures import by_name
from qauvern.model import NO_GROUP, WINDOW_DAYS, BillingPlan, Crn, Instance, Snapshot, fairness
from qauvern.render.account import Fact, account_facts, over_budget_warnings
from qauvern.render.remedies import said_of_invariant
from qauvern.render.report._limits import LimitHistory, limit_history
from qauvern.render.text import printable, some_of
from qauvern.render.views import AccountView
from qauvern.units import MS_PER_SECOND, format_ms, format_percent, format_seconds

CHARTED: Final = 30
"""The most instances whose limit is drawn; the tables hold all."""

_NEAR_LIMIT: Final = Fraction(4, 5)


class Mark(str, Enum):
    """What is to be known of an instance, or of a group, at a glance."""

    BLOCKED = "blocked now"
    IN_DEBT = "in debt"
    LIMIT_REACHED = "limit reached"
    NEAR_LIMIT = "above 80% of its limit"
    UNDERUTILIZED = "underutilized"
    GRANT = "net grant"
    GRANT_ENDED = "net grant, ended"
    CHANGES = "changes"


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
    def group(self) -> str:
        return printable(self.line.group or NO_GROUP)

    @property
    def anchor(self) -> str:
        """The id of its row, which no name can collide with."""
        return f"instance-{self.crn.guid}"

    @property
    def held_seconds(self) -> int:
        return self.line.live.allocation_seconds or 0

    @property
    def new_fairness(self) -> Fraction | None:
        """None is infinite."""
        new = self.line.new_allocation
        return Fraction(0) if new is None else fairness(self.line.usage.consumed_ms, new)

    @property
    def limit_part(self) -> Fraction | None:
        """28-day usage over the limit in force, which is the live one as long as there is one; None without a limit."""
        live = self.line.live.limit_seconds
        limit = self.line.new_limit if live is None else live
        if limit is None:
            return None
        return Fraction(self.line.usage.consumed_ms, limit * MS_PER_SECOND) if limit else Fraction(1)

    @property
    def is_blocked(self) -> bool:
        """Its 28-day usage has come to the limit that it has now, whatever the proposal would make of that."""
        live = self.line.live.limit_seconds
        return live is not None and self.line.usage.consumed_ms >= live * MS_PER_SECOND

    @property
    def is_freed(self) -> bool:
        """It is blocked, and would not be with the new limit."""
        return self.is_blocked and not self.line.limit_reached

    @property
    def marks(self) -> tuple[Mark, ...]:
        line, terms, part = self.line, self.line.limit.terms, self.limit_part
        has_grant = terms is not None and terms.has_crediting_grant
        is_active = terms is not None and terms.boost_start_date is not None
        said = {
            Mark.BLOCKED: self.is_blocked,
            Mark.IN_DEBT: line.is_in_debt,
            Mark.LIMIT_REACHED: line.limit_reached and not line.is_in_debt,
            Mark.NEAR_LIMIT: part is not None and part > _NEAR_LIMIT and not self.is_blocked and not line.limit_reached,
            Mark.UNDERUTILIZED: line.is_underutilized,
            Mark.GRANT: has_grant and is_active,
            Mark.GRANT_ENDED: has_grant and not is_active,
            Mark.CHANGES: line.is_change,
        }
        return tuple(mark for mark, holds in said.items() if holds)

    @property
    def left_ms(self) -> int | None:
        """What it may still use before its limit; negative in debt, None without a limit."""
        if self.line.new_limit is None:
            return None
        return self.line.new_limit * MS_PER_SECOND - self.line.usage.consumed_ms


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group and its instances. `part` is None for the instances in no group, where no group has a share."""

    raw_name: str
    rows: tuple[InstanceRow, ...]
    part: GroupPart | None

    @property
    def name(self) -> str:
        return printable(self.raw_name)

    @property
    def held_seconds(self) -> int:
        return sum(row.held_seconds for row in self.rows)

    @property
    def new_seconds(self) -> int:
        return sum(row.line.new_allocation or 0 for row in self.rows)

    @property
    def used_ms(self) -> int:
        return sum(row.line.usage.consumed_ms for row in self.rows)

    @property
    def unused_seconds(self) -> Fraction:
        """What it holds beyond what it used; negative where it used more."""
        return self.held_seconds - Fraction(self.used_ms, MS_PER_SECOND)

    @property
    def fairness(self) -> Fraction | None:
        return fairness(self.used_ms, self.held_seconds)

    @property
    def is_hoarding(self) -> bool:
        """Its instances hold more than twice what they used, and some of them hold more than they must."""
        share = self.fairness
        return share is not None and 2 * share < 1 and any(row.line.is_underutilized for row in self.rows)


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that needs attention: its name, the id of its row, and its figure in words."""

    name: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Attention:
    """Things that need attention for one reason, the most pressing first; `mark` is that of their rows, if any."""

    label: str
    meaning: str
    needs: tuple[Need, ...]
    mark: Mark | None = None
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Gauge:
    """What was used in 28 days, of what there is to use; both are named."""

    used_ms: int
    of_seconds: int
    of: str

    @property
    def part(self) -> Fraction | None:
        """None is infinite."""
        return fairness(self.used_ms, self.of_seconds)

    @property
    def text(self) -> str:
        return f"{format_ms(self.used_ms)} s used in 28 days; {self.of}: {format_seconds(self.of_seconds)} s"


@dataclass(frozen=True, slots=True)
class Report:
    """The page's content. `rows` are by name, `days` the UTC days of the window, the last of them today so far.

    `subject` is empty for the page of the whole account; else the page holds nothing about anybody else. `rolling_ms`
    is what the rows' windows of each of the last 28 days add up to. `elsewhere_ms` is missing there: instances that the
    config file does not list used it in the last 28 days.
    """

    taken_at: datetime
    today: date
    subject: str
    account_id: str
    plan: BillingPlan
    headline: str
    gauge: Gauge | None
    rolling_ms: tuple[int, ...]
    elsewhere_ms: int
    attention: tuple[Attention, ...]
    facts: tuple[Fact, ...]
    warnings: tuple[str, ...]
    broken: tuple[str, ...]
    groups: tuple[GroupRow, ...]
    rows: tuple[InstanceRow, ...]
    unconfigured: tuple[Instance, ...]
    days: tuple[date, ...]

    @property
    def histories(self) -> tuple[LimitHistory, ...]:
        """Of those whose limit a net grant moves, by name."""
        return tuple(row.history for row in self.rows if row.history is not None)

    @property
    def rolling_days(self) -> tuple[date, ...]:
        return self.days[-len(self.rolling_ms) :]

    @property
    def has_groups(self) -> bool:
        return any(row.line.group is not None for row in self.rows)

    @property
    def by_change(self) -> tuple[InstanceRow, ...]:
        """The largest change first; those that stay come last, by name."""
        return tuple(sorted(self.rows, key=lambda row: (-abs(row.line.allocation_delta), not row.line.is_change)))

    @property
    def by_usage(self) -> tuple[InstanceRow, ...]:
        """Those that used most first, by name where that is equal."""
        return tuple(sorted(self.rows, key=lambda row: -row.line.usage.consumed_ms))


def report_of(
    proposal: Proposal, snapshot: Snapshot, only: Collection[Crn] | None = None, *, group: str | None = None
) -> Report:
    """What there is to say about the proposal.

    Args:
        snapshot: what the proposal was made from, with the daily usage of every configured instance since the start of
            the window of 28 days ago, and as far back as the limit of each day since then depends on it.
        only: the instances that the page is about, for somebody who is to see nothing of others, and no total.
        group: the group that these instances are, if they are one.
    """
    first = window_start(proposal.today)
    days = tuple(first + timedelta(days=offset) for offset in range(WINDOW_DAYS + 1))
    is_whole = only is None
    rows = tuple(
        _row(line, days, proposal.today) for line in by_name(proposal.lines) if only is None or line.crn in only
    )
    groups = _groups(rows, proposal.groups) if is_whole or group is not None else ()
    subject = "" if is_whole else f"group {printable(group)}" if group is not None else _only_name(rows)
    return Report(
        taken_at=snapshot.taken_at,
        today=proposal.today,
        subject=subject,
        account_id=printable(proposal.account.account_id) if is_whole else "",
        plan=proposal.account.plan,
        headline=_headline(rows),
        gauge=_gauge_of_account(proposal) if is_whole else _gauge_of(rows),
        rolling_ms=tuple(sum(usage_in_window(row.line.usage.daily_ms, day) for row in rows) for day in days[1:]),
        elsewhere_ms=snapshot.unconfigured_consumed_ms if is_whole else 0,
        attention=_attention(rows, groups if is_whole else (), proposal.unconfigured if is_whole else ()),
        facts=(*account_facts(AccountView.of_proposal(proposal)), _underutilized(rows)) if is_whole else (),
        warnings=tuple(printable(each) for each in over_budget_warnings(proposal)) if is_whole else (),
        broken=tuple(f"Invariant {each.number}: {printable(said_of_invariant(each))}" for each in proposal.broken)
        if is_whole
        else (),
        groups=groups,
        rows=rows,
        unconfigured=proposal.unconfigured if is_whole else (),
        days=days,
    )


def _row(line: Line, days: tuple[date, ...], today: date) -> InstanceRow:
    return InstanceRow(line, tuple(line.usage.daily_ms.get(day, 0) for day in days), limit_history(line, today))


def _only_name(rows: Sequence[InstanceRow]) -> str:
    return some_of([row.name for row in rows], at_most=3) or "no instance"


def _groups(rows: Sequence[InstanceRow], parts: Iterable[GroupPart]) -> tuple[GroupRow, ...]:
    """Those that hold most first. Empty where no instance is in a group."""
    members: dict[str, list[InstanceRow]] = {}
    for row in rows:
        members.setdefault(row.line.group or NO_GROUP, []).append(row)
    if set(members) <= {NO_GROUP}:
        return ()
    part_of = {part.name: part for part in parts}
    found = [GroupRow(name, tuple(those), part_of.get(name)) for name, those in members.items()]
    return tuple(sorted(found, key=lambda each: (-each.held_seconds, each.raw_name)))


def _headline(rows: Sequence[InstanceRow]) -> str:
    changes, of = sum(row.line.is_change for row in rows), len(rows)
    blocked = sum(row.is_blocked for row in rows)
    at_limit = f" {blocked:,} {'is' if blocked == 1 else 'are'} blocked by a limit now." if blocked else ""
    if not changes:
        return f"Nothing to change: every instance holds what it should.{at_limit}"
    up = sum(row.line.allocation_delta > 0 for row in rows)
    down = sum(row.line.allocation_delta < 0 for row in rows)
    return f"{changes:,} of {of:,} instances would change: {up:,} get more, {down:,} less.{at_limit}"


def _gauge_of_account(proposal: Proposal) -> Gauge | None:
    """None for a plan without a budget."""
    budget = proposal.account.budget_seconds
    return None if budget is None else Gauge(proposal.plan_consumed_ms, budget, "the budget")


def _gauge_of(rows: Sequence[InstanceRow]) -> Gauge:
    used = sum(row.line.usage.consumed_ms for row in rows)
    return Gauge(used, sum(row.held_seconds for row in rows), "what they hold")


def _underutilized(rows: Sequence[InstanceRow]) -> Fact:
    under = [row for row in rows if row.line.is_underutilized]
    held = sum(row.held_seconds for row in under)
    text = f"{len(under):,} of {len(rows):,} instances"
    return Fact("Underutilized", text, f"they hold {format_seconds(held)} s" if under else "")


# --- what needs attention ---------------------------------------------------------------------------------------


def _attention(
    rows: Sequence[InstanceRow], groups: Sequence[GroupRow], unconfigured: Sequence[Instance]
) -> tuple[Attention, ...]:
    def having(mark: Mark) -> list[InstanceRow]:
        return [row for row in rows if mark in row.marks]

    blocked = sorted(having(Mark.BLOCKED), key=lambda row: (row.is_freed, -row.line.usage.consumed_ms))
    debt = sorted(having(Mark.IN_DEBT), key=lambda row: row.left_ms or 0)
    near = sorted(having(Mark.NEAR_LIMIT), key=lambda row: -(row.limit_part or 0))
    idle = sorted(having(Mark.UNDERUTILIZED), key=_used_beyond_held)
    hoarding = sorted((each for each in groups if each.is_hoarding), key=lambda each: -each.unused_seconds)
    holding = [(at, each) for at, each in enumerate(unconfigured) if each.allocation_seconds]
    found = (
        Attention(
            "Blocked now",
            "28-day usage has come to the limit in force: nothing new starts",
            tuple(_need(row, _blocked_text(row)) for row in blocked),
            Mark.BLOCKED,
            is_urgent=True,
        ),
        Attention(
            "In debt",
            "28-day usage is above the new limit, too",
            tuple(_need(row, f"{format_ms(-(row.left_ms or 0))} s over") for row in debt),
            Mark.IN_DEBT,
            is_urgent=True,
        ),
        Attention(
            "Above 80% of the limit",
            "will be blocked soon at this pace",
            tuple(_need(row, format_percent(row.limit_part or Fraction(0))) for row in near),
            Mark.NEAR_LIMIT,
        ),
        Attention(
            "Groups that hoard",
            "hold more than twice what they used in 28 days",
            tuple(Need(each.name, group_anchor(at), _hoard_text(each)) for at, each in _numbered(hoarding, groups)),
        ),
        Attention(
            "Idle hoards",
            "used less than half of what they hold, which is above their floor",
            tuple(
                _need(row, f"{format_ms(row.line.usage.consumed_ms)} of {format_seconds(row.held_seconds)} s")
                for row in idle
            ),
            Mark.UNDERUTILIZED,
        ),
        Attention(
            "Unconfigured holders",
            "hold seconds, and the config file does not list them",
            tuple(
                Need(printable(each.name), unconfigured_anchor(at), f"{format_seconds(each.allocation_seconds)} s held")
                for at, each in holding
            ),
        ),
    )
    return tuple(each for each in found if each.needs)


def group_anchor(at: int) -> str:
    """The id of the row of the group at that place of the report's groups."""
    return f"group-{at}"


def unconfigured_anchor(at: int) -> str:
    """The id of the row of the unconfigured instance at that place."""
    return f"unconfigured-{at}"


def _numbered(some: Sequence[GroupRow], groups: Sequence[GroupRow]) -> list[tuple[int, GroupRow]]:
    place = {each.raw_name: at for at, each in enumerate(groups)}
    return [(place[each.raw_name], each) for each in some]


def _need(row: InstanceRow, text: str) -> Need:
    return Need(row.name, row.anchor, text)


def _used_beyond_held(row: InstanceRow) -> int:
    return row.line.usage.consumed_ms - row.held_seconds * MS_PER_SECOND


def _blocked_text(row: InstanceRow) -> str:
    limit = format_seconds(row.line.live.limit_seconds)
    return f"limit {limit} s" + (", the new one frees it" if row.is_freed else "")


def _hoard_text(group: GroupRow) -> str:
    return f"{format_ms(group.used_ms)} of {format_seconds(group.held_seconds)} s"
