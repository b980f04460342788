"""What analyze says of a proposal: a JSON document, and a table with its notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from qauvern import figures
from qauvern.balance import Line, Proposal, Reason
from qauvern.figures import by_name
from qauvern.plan import NOT_ENFORCED
from qauvern.render.account import fact_pairs
from qauvern.render.instances import OVER_BUDGET_NOTE
from qauvern.render.pictures import PictureRow
from qauvern.render.text import Column, Table, draw_table, facts, figure_column, printable
from qauvern.render.views import AccountView
from qauvern.units import format_ms, format_seconds, format_signed_seconds

SHORT_REASONS = {
    Reason.INACTIVE: "inactive",
    Reason.SHARE: "share",
    Reason.LIMIT: "limit",
    Reason.FLOOR_AT_LIMIT: "at limit",
    Reason.POOL_EMPTY: "pool empty",
    Reason.OVER_BUDGET_SHARE: "over: share",
    Reason.OVER_BUDGET_CAP: "over: usage",
    Reason.OVER_BUDGET_HELD: "over: held",
    Reason.OVER_BUDGET_FLOOR: "over: floor",
    Reason.DEAD_BAND: "dead band",
    Reason.NO_ALLOCATION: "limit only",
    Reason.GROUP_LIMIT: "group limit",
    Reason.GROUP_EMPTY: "group empty",
}


_UNDERUTILIZED_SHOWN = 10


def limit_cell(line: Line) -> str:
    """The new limit and its marks: + for a net grant that lifts it, +. for one that has ended, ! for debt."""
    text = format_seconds(line.new_limit)
    terms = line.limit.terms
    if terms is not None and terms.has_crediting_grant:
        text += " +" if terms.boost_start_date is not None else " +."
    return text + " !" if line.is_in_debt else text


def picture_rows(proposal: Proposal) -> list[PictureRow]:
    """What is drawn of each line of `analysis_table`: usage against what it holds now."""
    return [
        PictureRow(line.usage.daily_ms, line.usage.consumed_ms, line.live.allocation_seconds, line.live.limit_seconds)
        for line in by_name(proposal.lines)
    ]


def analysis_table(proposal: Proposal, *, width: int | None, pictures: Sequence[Column] = ()) -> Table:
    """One row for each configured instance, with totals. Usage gives way first where there is little room."""
    lines = by_name(proposal.lines)
    usage = [
        figure_column(figures.USED_28D, lines, drop_order=5),
        figure_column(figures.USED_14D, lines, drop_order=9),
        figure_column(figures.USED_7D, lines, drop_order=7),
        figure_column(figures.USED_3D, lines, drop_order=8),
        figure_column(figures.USED_24H, lines, drop_order=6),
    ]
    name, *decided = _decided_columns(lines)
    return draw_table([name, *usage, *decided, *pictures], width=width)


def changes_table(proposal: Proposal, *, width: int | None) -> Table:
    """One row for each instance that changes."""
    lines = [line for line in by_name(proposal.lines) if line.is_change]
    name, *decided = _decided_columns(lines)
    return draw_table([name, figure_column(figures.USED_28D, lines, drop_order=5), *decided], width=width)


def _decided_columns(lines: Sequence[Line]) -> list[Column]:
    """The name, and what is decided upon: all but the difference, which follows from the rest, stay at any width."""
    debt = ["red" if line.is_in_debt else None for line in lines]
    return [
        figure_column(figures.NAME, lines, shrinks_to=24, total="Total"),
        figure_column(figures.CURRENT_LIMIT, lines),
        figure_column(figures.NEW_LIMIT, lines, cells=[limit_cell(line) for line in lines], colors=debt),
        figure_column(figures.CURRENT_ALLOCATION, lines),
        figure_column(figures.NEW_ALLOCATION, lines),
        figure_column(
            figures.ALLOCATION_DELTA,
            lines,
            cells=[_delta_cell(line) for line in lines],
            drop_order=4,
            colors=_delta_colors(lines),
        ),
        figure_column(figures.REASON, lines, cells=[_reason_cell(line) for line in lines], shrinks_to=11),
    ]


def _delta_colors(lines: Sequence[Line]) -> list[str | None]:
    return ["green" if line.allocation_delta > 0 else "yellow" if line.allocation_delta else None for line in lines]


def _delta_cell(line: Line) -> str:
    return format_signed_seconds(line.allocation_delta) if line.changes_allocation else "="


def analysis_summary(proposal: Proposal, *, preview_date: date | None = None, width: int | None = None) -> str:
    """The account's figures and what there is to hand out."""
    view = AccountView.of_proposal(proposal)
    preview = [] if preview_date is None else [("Preview", preview_text(preview_date))]
    about = [("Account", view.account.account_id), (figures.PLAN.heading, view.plan)]
    return facts([*preview, *about, *fact_pairs(view)], width=width)


def preview_text(preview_date: date) -> str:
    """What a preview is, and is not."""
    return f"net grants, limits and their window as of {preview_date}; usage and allocations are today's"


def _reason_cell(line: Line) -> str:
    return NOT_ENFORCED if line.is_rewrite else SHORT_REASONS[line.reason]


def underutilized_lines(proposal: Proposal) -> list[str]:
    """The instances that hold more than they use, and what they hold, most first."""
    lines = sorted(
        (line for line in proposal.lines if line.is_underutilized),
        key=lambda line: (-(line.live.allocation_seconds or 0), line.crn),
    )
    if not lines:
        return []
    held = sum(line.live.allocation_seconds or 0 for line in lines)
    consumed_ms = sum(line.usage.consumed_ms for line in lines)
    count = "1 instance holds" if len(lines) == 1 else f"{len(lines):,} instances hold"
    used = f"used {format_ms(consumed_ms)} s of it in 28 days (less than half each):"
    heading = f"Underutilized: {count} {format_seconds(held)} s and {used}"
    shown = [
        f"  {printable(line.name)}: holds {format_seconds(line.live.allocation_seconds)} s, "
        f"used {format_ms(line.usage.consumed_ms)} s"
        for line in lines[:_UNDERUTILIZED_SHOWN]
    ]
    more = len(lines) - len(shown)
    return [heading, *shown, *([f"  and {more} more"] if more else [])]


IN_DEBT_NOTE = (
    "in debt: its 28-day usage exceeds its limit, so it starts nothing new until usage leaves the window; "
    "a higher limit_seconds or a net grant lets it run sooner."
)
UNDERUTILIZED_NOTE = (
    "Nothing is wrong with them: what they neither use nor earn by recent activity goes to active instances. "
    "A limit_seconds keeps an allocation from growing again."
)
_AT_LIMIT_NOTE = (
    "at limit: its floor, which covers its 28-day usage, leaves no room below its limit; a higher limit_seconds or a "
    "net grant gives it room."
)
_HELD_NOTE = (
    "over: held: the plan is over budget and its limit is reached, so it is held at its floor until usage leaves the "
    "window; a higher limit_seconds or a net grant lets it share again."
)


def analysis_notes(lines: Sequence[Line], *, over_budget: bool = False) -> list[str]:
    """What the marks and states in the table mean and what to do about them, where they show."""
    notes = [OVER_BUDGET_NOTE] if over_budget else []
    terms = [line.limit.terms for line in lines if line.limit.terms and line.limit.terms.has_crediting_grant]
    if any(each.boost_start_date is not None for each in terms):
        notes.append("+  net grant: one that is active lifts the limit.")
    if any(each.boost_start_date is None for each in terms):
        notes.append("+. ended net grant: it still credits what it paid while that usage is in the window.")
    if any(line.is_in_debt for line in lines):
        notes.append(f"!  {IN_DEBT_NOTE}")
    if any(line.reason is Reason.FLOOR_AT_LIMIT for line in lines):
        notes.append(_AT_LIMIT_NOTE)
    if any(line.reason is Reason.OVER_BUDGET_HELD for line in lines):
        notes.append(_HELD_NOTE)
    return notes
