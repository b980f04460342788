"""The report's tables: cells with the text that is read and the number that is sorted by."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from qauvern.render.report._charts import day_text, sparkline
from qauvern.render.report._limits import LimitHistory
from qauvern.render.report._view import InstanceRow, Report
from qauvern.units import (
    MS_PER_SECOND,
    ceil_seconds,
    format_ms,
    format_seconds,
    format_signed_seconds,
    seconds_number,
)

_NONE: Final = "-"
_SHADES: Final = 5


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `key` is the name of its figure in the JSON of analyze, or a name of the page's own."""

    key: str
    label: str
    is_text: bool = False
    is_sortable: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """`value` is what the column is sorted by, where that is not the text. `kind` is its class in the style sheet."""

    text: str
    value: int | float | str | None = None
    kind: str = ""
    markup: Markup | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The first cell is the row's heading. `kind` is its class in the style sheet."""

    cells: tuple[Cell, ...]
    crn: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its caption; `totals` is a last row that sorting leaves alone."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    totals: tuple[Cell, ...] = ()


NAME = Column("name", "Instance", is_text=True)


def changes_table(report: Report) -> Table:
    """Every configured instance: what it holds, would hold, and why."""
    rows = report.rows
    return Table(
        "changes",
        "Allocations and limits in seconds, before and after, with the reason",
        (
            NAME,
            Column("current_allocation_seconds", "Allocation"),
            Column("new_allocation_seconds", "New"),
            Column("allocation_delta_seconds", "Change"),
            Column("current_limit_seconds", "Limit"),
            Column("new_limit_seconds", "New limit"),
            Column("reason", "Why", is_text=True),
            Column("marks", "Marks", is_text=True),
        ),
        tuple(
            Row(
                (
                    Cell(row.name),
                    _seconds(row.allocation_seconds),
                    _seconds(row.new_allocation_seconds),
                    _change(row.allocation_delta_seconds),
                    _seconds(row.live_limit_seconds),
                    _seconds(row.new_limit_seconds),
                    Cell(row.reason),
                    _marks(row),
                ),
                row.crn,
                "" if row.is_change else "same",
            )
            for row in rows
        ),
        (
            Cell("Total"),
            _seconds(sum(row.allocation_seconds or 0 for row in rows)),
            _seconds(sum(row.new_allocation_seconds or 0 for row in rows)),
            _change(sum(row.allocation_delta_seconds for row in rows)),
            *[Cell("")] * 4,
        ),
    )


def usage_table(report: Report) -> Table:
    """Every configured instance: its usage by window, its fairness and its activity score."""
    rows = report.rows
    windows = ("last_24h_ms", "last_3d_ms", "last_7d_ms", "last_14d_ms", "consumed_ms")
    return Table(
        "usage",
        "Usage by window in seconds, fairness before and after, activity score",
        (
            NAME,
            Column("consumed_24h_seconds", "24\u00a0h"),
            Column("consumed_3day_seconds", "3\u00a0d"),
            Column("consumed_7day_seconds", "7\u00a0d"),
            Column("consumed_14day_seconds", "14\u00a0d"),
            Column("consumed_28day_seconds", "28\u00a0d"),
            Column("fairness", "Fairness"),
            Column("new_fairness", "New fairness"),
            Column("activity_score", "Activity score"),
        ),
        tuple(
            Row(
                (
                    Cell(row.name),
                    *(_ms(getattr(row, window)) for window in windows),
                    _fairness(row.fairness, has_allocation=row.allocation_seconds is not None),
                    _fairness(row.new_fairness, has_allocation=row.new_allocation_seconds is not None),
                    Cell(f"{float(row.activity_score):,.1f}", _number(row.activity_score)),
                ),
                row.crn,
            )
            for row in rows
        ),
        (
            Cell("Total"),
            *(_ms(sum(getattr(row, window) for row in rows)) for window in windows),
            *[Cell("")] * 3,
        ),
    )


def daily_table(report: Report) -> Table:
    """Every configured instance: what it used on each day, in whole seconds, shaded, with a line of bars."""
    most_ms = max((ms for row in report.rows for ms in row.daily_ms), default=0)
    sums = [sum(figures) for figures in zip(*(row.daily_ms for row in report.rows), strict=True)] or [0] * len(
        report.days
    )
    return Table(
        "daily",
        "Usage by UTC day in seconds; the stronger the shade, the more. The last day is today so far",
        (
            NAME,
            Column("trend", "Trend", is_sortable=False),
            Column("sum", "Sum"),
            *(Column(day.isoformat(), day_text(day)) for day in report.days),
        ),
        tuple(
            Row(
                (
                    Cell(row.name),
                    Cell("", markup=sparkline(row.daily_ms)),
                    _whole(sum(row.daily_ms)),
                    *(_whole(ms, _shade(ms, most_ms)) for ms in row.daily_ms),
                ),
                row.crn,
            )
            for row in report.rows
        ),
        (
            Cell("Total"),
            Cell("", markup=sparkline(sums)),
            _whole(sum(sums)),
            *(_whole(ms) for ms in sums),
        ),
    )


def limits_table(report: Report) -> Table:
    """Every instance that has a limit: its terms, what is left of it, and when it changes next."""
    histories = {history.crn: history for history in report.histories}
    limited = [row for row in report.rows if row.new_limit_seconds is not None]
    without = len(report.rows) - len(limited)
    return Table(
        "limits",
        "Effective limits in seconds, term by term, and what is left of them"
        + (f". {without:,} of {len(report.rows):,} instances have no limit" if without else ""),
        (
            NAME,
            Column("base_seconds", "Base"),
            Column("grant_funded_seconds", "+ paid by grants"),
            Column("unspent_grant_seconds", "+ unspent grants"),
            Column("pre_boost_overage_seconds", "+ from before the boost"),
            Column("effective_limit_seconds", "= limit"),
            Column("limit_consumed_seconds", "Used, 28 d"),
            Column("left_seconds", "Left"),
            Column("next", "Next change", is_text=True),
            Column("limit_marks", "Marks", is_text=True),
        ),
        tuple(
            Row(
                (
                    Cell(row.name),
                    _seconds(row.live_limit_seconds if row.base_limit_seconds is None else row.base_limit_seconds),
                    _ms(row.grant_funded_ms),
                    _ms(row.unspent_grant_ms),
                    _ms(row.pre_boost_overage_ms),
                    _seconds(row.new_limit_seconds),
                    _ms(row.consumed_ms),
                    _left(row),
                    _next_change(histories.get(row.crn)),
                    _marks(row),
                ),
                row.crn,
            )
            for row in limited
        ),
    )


def grants_table(report: Report) -> Table:
    """The net grants of the instances whose limit they move."""
    return Table(
        "grants",
        "Net grants, in seconds",
        (
            NAME,
            Column("start", "From", is_text=True),
            Column("end", "To before", is_text=True),
            Column("net_grant_seconds", "Grant"),
            Column("spent_seconds", "Charged"),
            Column("unspent_seconds", "Unspent"),
            Column("grant_state", "State", is_text=True),
        ),
        tuple(
            Row(
                (
                    Cell(history.name),
                    Cell(span.grant.start_date.isoformat()),
                    Cell(span.grant.end_date.isoformat()),
                    _seconds(span.grant.net_grant_seconds),
                    _ms(span.spent_ms),
                    _ms(span.unspent_ms),
                    Cell(span.state),
                ),
                history.crn,
            )
            for history in report.histories
            for span in history.grants
        ),
    )


def steps_table(history: LimitHistory, number: int) -> Table:
    """The days of one instance, put together where its limit stays the same."""
    return Table(
        f"steps-{number}",
        f"Limit of {history.name} by day, in seconds",
        (
            Column("from", "From", is_text=True, is_sortable=False),
            Column("to", "To", is_text=True, is_sortable=False),
            Column("limit", "Limit", is_sortable=False),
        ),
        tuple(
            Row(
                (Cell(step.first.isoformat()), Cell(step.last.isoformat()), _seconds(step.limit_seconds)),
                kind="now" if step.first <= history.today <= step.last else "",
            )
            for step in history.steps
        ),
    )


# --- cells ------------------------------------------------------------------------------------------------------


def _seconds(figure: int | None) -> Cell:
    return Cell(format_seconds(figure, absent=_NONE), figure)


def _ms(figure: int) -> Cell:
    return Cell(format_ms(figure), seconds_number(figure), "" if figure else "nil")


def _whole(figure_ms: int, shade: str = "") -> Cell:
    """Whole seconds, for figures that stand close; what is above zero never reads as 0."""
    whole = round(Fraction(figure_ms, MS_PER_SECOND))
    text = "<1" if figure_ms and not whole else f"{whole:,}"
    return Cell(text, seconds_number(figure_ms), shade if figure_ms else "nil")


def _shade(figure_ms: int, most_ms: int) -> str:
    """By the square root of its part of the largest day, so that small figures still differ."""
    part = (figure_ms / most_ms) ** 0.5 if most_ms else 0
    return f"shade-{max(1, min(_SHADES, round(part * _SHADES)))}"


def _change(seconds: int) -> Cell:
    if not seconds:
        return Cell("0", 0, "nil")
    arrow = "▲" if seconds > 0 else "▼"
    return Cell(f"{arrow} {format_signed_seconds(seconds)}", seconds, "up" if seconds > 0 else "down")


def _fairness(value: Fraction | None, *, has_allocation: bool) -> Cell:
    if value is None:
        return Cell("∞")
    return Cell(f"{float(value):.2f}" if has_allocation else _NONE, float(value))


def _left(row: InstanceRow) -> Cell:
    left = row.left_ms
    if left is None:
        return Cell(_NONE)
    text = f"-{format_seconds(ceil_seconds(-left))}" if left < 0 else format_ms(left)
    return Cell(text, seconds_number(left), "down" if left < 0 else "")


def _next_change(history: LimitHistory | None) -> Cell:
    step = None if history is None else history.next_step
    if step is None:
        return Cell(_NONE, "")
    return Cell(f"{format_seconds(step.limit_seconds)} on {step.first}", step.first.isoformat())


_LOUD = {"in debt", "limit reached"}


def _marks(row: InstanceRow) -> Cell:
    text = ", ".join(row.marks)
    return Cell(text, kind="loud" if _LOUD.intersection(row.marks) else "")


def _number(figure: Fraction) -> int | float:
    return figure.numerator if figure.denominator == 1 else float(figure)
