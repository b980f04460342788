"""What analyze says of a proposal: a JSON document, and a table with its notes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from qauvern.balance import Line, Proposal, Reason, over_budget_notices
from qauvern.figures import LIMIT_BREAKDOWN, RESERVE_PERCENT, by_name, instance_records
from qauvern.model import ReserveBasis
from qauvern.plan import NOT_ENFORCED
from qauvern.render.instances import OVER_BUDGET_NOTE, budget_text
from qauvern.render.pictures import PictureRow
from qauvern.render.remedies import said_of_invariant
from qauvern.render.text import Column, Table, draw_table, facts, printable
from qauvern.units import (
    MS_PER_SECOND,
    format_ms,
    format_percent,
    format_seconds,
    format_signed_seconds,
    seconds_number,
)

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


# --- JSON -------------------------------------------------------------------------------------------------------


def analysis_document(proposal: Proposal, *, preview_date: date | None = None) -> dict[str, Any]:
    """The document of `analyze --format json`: scripts depend on its names."""
    return {
        **analysis_context(proposal, preview_date),
        "validation_errors": [said_of_invariant(broken) for broken in proposal.broken],
        "over_budget_warnings": over_budget_warnings(proposal),
        "instances": instance_records(proposal.lines),
    }


def analysis_rows(proposal: Proposal, *, preview_date: date | None = None) -> list[dict[str, Any]]:
    """One row for each instance, with the same columns whatever it holds, for CSV."""
    preview = {"preview_date": None if preview_date is None else preview_date.isoformat()}
    rows = instance_records(proposal.lines)
    return [{**row, "limit_breakdown": row["limit_breakdown"] or _NO_BREAKDOWN, **preview} for row in rows]


_NO_BREAKDOWN: dict[str, None] = dict.fromkeys(LIMIT_BREAKDOWN.columns())


def analysis_context(proposal: Proposal, preview_date: date | None) -> dict[str, Any]:
    """What a proposal is about: plan, account and reserve."""
    account = proposal.account
    return {
        "plan": account.plan.value,
        "preview_date": None if preview_date is None else preview_date.isoformat(),
        "account": {
            "account_id": account.account_id,
            "allocation_budget_seconds": account.budget_seconds,
            "unallocated_seconds": account.unallocated_seconds,
            "consumed_seconds": seconds_number(proposal.plan_consumed_ms),
            "configured_consumed_seconds": seconds_number(proposal.configured_consumed_ms),
            "limit_seconds": account.limit_seconds,
            "unmanaged_allocation_seconds": proposal.pool.unconfigured_held_seconds,
            "over_allocation_budget": proposal.over_budget,
        },
        "reserve": {
            "percent": RESERVE_PERCENT.json(proposal.reserve.percent),
            "basis": proposal.reserve.basis.value,
            "distributable_pool_seconds": proposal.pool.distributable_seconds,
        },
    }


def over_budget_warnings(proposal: Proposal) -> list[str]:
    """What an over-budget plan means, and for which instances."""
    return [notice.text for notice in over_budget_notices(proposal)]


# --- table ------------------------------------------------------------------------------------------------------


def limit_cell(line: Line) -> str:
    """The new limit, whether a grant lifts it, and `!` when the instance is in debt."""
    text = format_seconds(line.new_limit)
    terms = line.limit.terms
    if terms is not None and terms.has_crediting_grant:
        text += " (+grant)" if terms.boost_start_date is not None else " (+grant, ended)"
    return text + " !" if line.is_in_debt else text


def picture_rows(proposal: Proposal) -> list[PictureRow]:
    """What is drawn of each line of `analysis_table`: usage against what it holds now."""
    return [
        PictureRow(line.usage.daily_ms, line.usage.consumed_ms, line.live.allocation_seconds, line.live.limit_seconds)
        for line in by_name(proposal.lines)
    ]


def analysis_table(proposal: Proposal, *, width: int | None, pictures: Sequence[Column] = ()) -> Table:
    """One row for each configured instance, with totals."""
    lines = by_name(proposal.lines)
    columns = [
        Column("Name", [printable(line.name) for line in lines], is_text=True, shrinks_to=16),
        Column("28d", [format_ms(line.usage.consumed_ms) for line in lines], drop_order=1),
        Column("14d", [format_ms(line.usage.last_14d_ms) for line in lines], drop_order=9),
        Column("7d", [format_ms(line.usage.last_7d_ms) for line in lines], drop_order=7),
        Column("3d", [format_ms(line.usage.last_3d_ms) for line in lines], drop_order=8),
        Column("24h", [format_ms(line.usage.last_24h_ms) for line in lines], drop_order=3),
        Column("Cur Limit", [format_seconds(line.live.limit_seconds) for line in lines], drop_order=6),
        Column("New Limit", [limit_cell(line) for line in lines], colors=_debt_colors(lines)),
        Column("Cur Alloc", [format_seconds(line.live.allocation_seconds) for line in lines]),
        Column("New Alloc", [format_seconds(line.new_allocation) for line in lines]),
        Column("Change", [_delta_cell(line) for line in lines], drop_order=4, colors=_delta_colors(lines)),
        Column("Reason", [_reason_cell(line) for line in lines], is_text=True, drop_order=2),
    ]
    usage = [line.usage for line in lines]
    totals = [
        "Total",
        format_ms(sum(each.consumed_ms for each in usage)),
        format_ms(sum(each.last_14d_ms for each in usage)),
        format_ms(sum(each.last_7d_ms for each in usage)),
        format_ms(sum(each.last_3d_ms for each in usage)),
        format_ms(sum(each.last_24h_ms for each in usage)),
        "",
        "",
        format_seconds(proposal.configured_held_seconds),
        format_seconds(sum(line.new_allocation or 0 for line in lines)),
        format_signed_seconds(sum(line.allocation_delta for line in lines)),
        "",
    ]
    return draw_table([*columns, *pictures], width=width, totals=[*totals, *[""] * len(pictures)])


def changes_table(proposal: Proposal, *, width: int | None) -> Table:
    """One row for each instance that changes."""
    lines = [line for line in by_name(proposal.lines) if line.is_change]
    return draw_table(
        [
            Column("Name", [printable(line.name) for line in lines], is_text=True, shrinks_to=16),
            Column("28d", [format_ms(line.usage.consumed_ms) for line in lines], drop_order=6),
            Column("Cur Limit", [format_seconds(line.live.limit_seconds) for line in lines], drop_order=5),
            Column("New Limit", [limit_cell(line) for line in lines], colors=_debt_colors(lines)),
            Column("Cur Alloc", [format_seconds(line.live.allocation_seconds) for line in lines]),
            Column("New Alloc", [format_seconds(line.new_allocation) for line in lines]),
            Column("Change", [_delta_cell(line) for line in lines], drop_order=3, colors=_delta_colors(lines)),
            Column("Reason", [_reason_cell(line) for line in lines], is_text=True, drop_order=4),
        ],
        width=width,
        totals=[
            "Total",
            format_ms(sum(line.usage.consumed_ms for line in lines)),
            "",
            "",
            format_seconds(sum(line.live.allocation_seconds or 0 for line in lines)),
            format_seconds(sum(line.new_allocation or 0 for line in lines)),
            format_signed_seconds(sum(line.allocation_delta for line in lines)),
            "",
        ],
    )


def _delta_colors(lines: Sequence[Line]) -> list[str | None]:
    return ["green" if line.allocation_delta > 0 else "yellow" if line.allocation_delta else None for line in lines]


def _debt_colors(lines: Sequence[Line]) -> list[str | None]:
    return ["red" if line.is_in_debt else None for line in lines]


def _delta_cell(line: Line) -> str:
    return format_signed_seconds(line.allocation_delta) if line.changes_allocation else "="


def _reason_cell(line: Line) -> str:
    return NOT_ENFORCED if line.is_rewrite else SHORT_REASONS[line.reason]


def analysis_summary(proposal: Proposal, *, preview_date: date | None = None) -> str:
    """The account's figures and what there is to hand out."""
    account, pool = proposal.account, proposal.pool
    preview = [] if preview_date is None else [("Preview", preview_text(preview_date))]
    pairs = [
        *preview,
        ("Plan", f"{account.plan.value}, account {account.account_id}"),
        ("Budget (28 days)", budget_text(account.budget_seconds)),
        ("Consumed (28 days)", _share_of(proposal.plan_consumed_ms, account.budget_seconds)),
        ("Held by configured instances", f"{format_seconds(proposal.configured_held_seconds)} s"),
        ("Held by unconfigured instances", f"{format_seconds(pool.unconfigured_held_seconds)} s"),
        ("Pool over the floors", f"{format_seconds(pool.seconds)} s"),
        ("Reserve", reserve_text(proposal)),
        ("To hand out", f"{format_seconds(pool.distributable_seconds)} s"),
    ]
    return facts(pairs)


def preview_text(preview_date: date) -> str:
    """What a preview is, and is not."""
    return f"net grants, limits and their window as of {preview_date}; usage and allocations are today's"


def reserve_text(proposal: Proposal) -> str:
    percent, basis = proposal.reserve.percent, proposal.reserve.basis
    if not percent:
        return "none"
    seconds = proposal.pool.reserve_seconds if basis is ReserveBasis.POOL else proposal.pool.budget_reserve_seconds
    return f"{percent.normalize():f}% of the {basis.value}, {format_seconds(seconds)} s"


def _share_of(consumed_ms: int, budget: int | None) -> str:
    text = f"{format_ms(consumed_ms)} s"
    return text if not budget else f"{text} ({format_percent(Fraction(consumed_ms, budget * MS_PER_SECOND))})"


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
    if any(line.is_in_debt for line in lines):
        notes.append(f"!  {IN_DEBT_NOTE}")
    if any(line.reason is Reason.FLOOR_AT_LIMIT for line in lines):
        notes.append(_AT_LIMIT_NOTE)
    if any(line.reason is Reason.OVER_BUDGET_HELD for line in lines):
        notes.append(_HELD_NOTE)
    if any(line.limit.terms is not None and line.limit.terms.has_crediting_grant for line in lines):
        notes.append(
            "(+grant)  a net grant lifts the limit; (+grant, ended): one that is over still credits what it paid."
        )
    return notes
