"""What analyze says of a proposal: a JSON document, and a table with its notes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from qauvern import figures
from qauvern.balance import Line, Proposal, Reason
from qauvern.figures import by_name
from qauvern.plan import NOT_ENFORCED
from qauvern.render.account import fact_pairs
from qauvern.render.instances import OVER_BUDGET_NOTE
from qauvern.render.listing import Listing, group_column, listed_column, title_column
from qauvern.render.pictures import PictureRow
from qauvern.render.text import Column, Table, draw_table, facts, printable
from qauvern.render.views import AccountView
from qauvern.units import TimeUnit, format_ms, format_seconds

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


def limit_cell(line: Line, unit: TimeUnit = TimeUnit.SECONDS) -> str:
    """The new limit and its marks: + for a net grant that lifts it, +. for one that has ended, ! for debt."""
    text = figures.NEW_LIMIT.text(line, unit)
    terms = line.limit.terms
    if terms is not None and terms.has_crediting_grant:
        text += " +" if terms.boost_start_date is not None else " +."
    return text + " !" if line.is_in_debt else text


def picture_rows(lines: Iterable[Line]) -> list[PictureRow]:
    """What is drawn of each line of `analysis_table`: usage against what it holds now."""
    return [
        PictureRow(line.usage.daily_ms, line.usage.consumed_ms, line.live.allocation_seconds, line.live.limit_seconds)
        for line in lines
    ]


def analysis_table(
    proposal: Proposal,
    *,
    width: int | None,
    listing: Listing[Line] | None = None,
    unit: TimeUnit = TimeUnit.SECONDS,
    pictures: Sequence[Column] = (),
) -> Table:
    """One row for each configured instance that is listed, with totals. Usage gives way first where there is no room.

    `pictures` are of the listing's rows.
    """
    listing = Listing.of(by_name(proposal.lines)) if listing is None else listing
    usage = [
        listed_column(figures.USED_28D, listing, unit=unit, drop_order=5),
        listed_column(figures.USED_14D, listing, unit=unit, drop_order=10),
        listed_column(figures.USED_7D, listing, unit=unit, drop_order=7),
        listed_column(figures.USED_3D, listing, unit=unit, drop_order=9),
        listed_column(figures.USED_24H, listing, unit=unit, drop_order=6),
    ]
    name, *decided = _decided_columns(listing, unit)
    return draw_table(
        [name, *group_column(figures.GROUP, listing, drop_order=8), *usage, *decided, *map(listing.spread, pictures)],
        width=width,
    )


def changes_table(
    proposal: Proposal,
    *,
    width: int | None,
    listing: Listing[Line] | None = None,
    unit: TimeUnit = TimeUnit.SECONDS,
) -> Table:
    """One row for each instance that is listed, of those that change."""
    listing = Listing.of(by_name(proposal.changes)) if listing is None else listing
    name, *decided = _decided_columns(listing, unit)
    group = group_column(figures.GROUP, listing, drop_order=8)
    used = listed_column(figures.USED_28D, listing, unit=unit, drop_order=5)
    return draw_table([name, *group, used, *decided], width=width)


def _decided_columns(listing: Listing[Line], unit: TimeUnit) -> list[Column]:
    """The name, and what is decided upon: all but the difference, which follows from the rest, stay at any width."""
    return [
        title_column(figures.NAME, listing, shrinks_to=24),
        listed_column(figures.CURRENT_LIMIT, listing, unit=unit),
        listed_column(
            figures.NEW_LIMIT,
            listing,
            unit=unit,
            cell=lambda line: limit_cell(line, unit),
            color=lambda line: "red" if line.is_in_debt else None,
        ),
        listed_column(figures.CURRENT_ALLOCATION, listing, unit=unit),
        listed_column(figures.NEW_ALLOCATION, listing, unit=unit),
        listed_column(
            figures.ALLOCATION_DELTA,
            listing,
            unit=unit,
            cell=lambda line: figures.ALLOCATION_DELTA.text(line, unit) if line.changes_allocation else "=",
            color=_delta_color,
            drop_order=4,
        ),
        listed_column(figures.REASON, listing, cell=_reason_cell, shrinks_to=11),
    ]


def _delta_color(line: Line) -> str | None:
    return "green" if line.allocation_delta > 0 else "yellow" if line.allocation_delta else None


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


def underutilized_lines(lines: Iterable[Line]) -> list[str]:
    """The instances that hold more than they use, and what they hold, most first."""
    lines = sorted(
        (line for line in lines if line.is_underutilized),
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

_GROUP_LIMIT_NOTE = (
    "group limit: its group may hold no more together; a higher limit_seconds of the group lets it have more."
)
_GROUP_EMPTY_NOTE = (
    "group empty: its group's limit or share leaves nothing above the floors of its instances; a higher one gives it "
    "a part."
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
    if any(line.reason is Reason.GROUP_LIMIT for line in lines):
        notes.append(_GROUP_LIMIT_NOTE)
    if any(line.reason is Reason.GROUP_EMPTY for line in lines):
        notes.append(_GROUP_EMPTY_NOTE)
    return notes
