"""The report's tables: cells with the text that is read and the number that is sorted by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final, TypeVar

from markupsafe import Markup

from qauvern import figures
from qauvern.balance import Line
from qauvern.figures import Figure
from qauvern.model import Crn
from qauvern.render.report._charts import sparkline
from qauvern.render.report._limits import GrantSpan, LimitHistory
from qauvern.render.report._svg import day_text
from qauvern.render.report._view import InstanceRow, Report
from qauvern.units import MS_PER_SECOND, ceil_seconds, format_ms, format_seconds, seconds_number

_SHADES: Final = 5
R = TypeVar("R")


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


def _table(
    table_id: str,
    caption: str,
    columns: Sequence[Figure[R]],
    rows: Sequence[R],
    *,
    crn: Callable[[R], Crn],
    special: Mapping[str, Callable[[R], Cell]] | None = None,
    kind: Callable[[R], str] = lambda _: "",
    has_totals: bool = False,
) -> Table:
    """One row for each of `rows`, one column for each figure; `special` cells by the figure's name."""
    drawn = special or {}
    return Table(
        table_id,
        caption,
        tuple(Column(figure.name, figure.heading, figure.unit.is_text) for figure in columns),
        tuple(
            Row(
                tuple(drawn[figure.name](row) if figure.name in drawn else _cell(figure, row) for figure in columns),
                crn(row),
                kind(row),
            )
            for row in rows
        ),
        (Cell("Total"), *(_total(figure, rows) for figure in columns[1:])) if has_totals else (),
    )


def _cell(figure: Figure[R], row: R) -> Cell:
    value = figure.value(row)
    return Cell(figure.text(row), None if figure.unit.is_text else value, _kind_of(figure, value))


def _total(figure: Figure[R], rows: Sequence[R]) -> Cell:
    return Cell(figure.total_text(rows), kind=_kind_of(figure, figure.total(rows)))


def _kind_of(figure: Figure[Any], value: Any) -> str:
    if figure.unit is figures.DELTA and value:
        return "up" if value > 0 else "down"
    return "nil" if value == 0 and not isinstance(value, bool) else ""


# --- figures of the page ----------------------------------------------------------------------------------------


def _of_line(figure: Figure[Line]) -> Figure[InstanceRow]:
    return figure.of(lambda row: figure.read(row.line))


_NAME: Final[Figure[InstanceRow]] = figures.NAME.of(lambda row: row.name)
_MARKS: Final[Figure[InstanceRow]] = Figure(
    "marks", "Marks", figures.TEXT, lambda row: ", ".join(row.marks), "What is to be known of it at a glance"
)
_REASON: Final[Figure[InstanceRow]] = Figure(
    "reason", figures.REASON.heading, figures.TEXT, lambda row: row.line.reason.value, "Why it holds what it is to hold"
)
_NEW_FAIRNESS: Final[Figure[InstanceRow]] = Figure(
    "new_fairness", "New fairness", figures.RATIO, lambda row: row.new_fairness, "Fairness with the new allocation"
)
_LEFT: Final[Figure[InstanceRow]] = Figure(
    "left_seconds", "Left", figures.USED, lambda row: row.left_ms, "Seconds that it may still use before its limit"
)
_NEXT: Final[Figure[InstanceRow]] = Figure(
    "next",
    "Next change",
    figures.TEXT,
    lambda row: row.history and row.history.next_step,
    "When its limit changes next",
)


def changes_table(report: Report) -> Table:
    """Every configured instance: what it holds, would hold, and why."""
    decided = (
        *(figures.CURRENT_ALLOCATION, figures.NEW_ALLOCATION, figures.ALLOCATION_DELTA),
        *(figures.CURRENT_LIMIT, figures.NEW_LIMIT),
    )
    return _table(
        "changes",
        "Allocations and limits in seconds, before and after, with the reason",
        (_NAME, *map(_of_line, decided), _REASON, _MARKS),
        report.rows,
        crn=lambda row: row.crn,
        special={figures.ALLOCATION_DELTA.name: _change, _MARKS.name: _marks},
        kind=lambda row: "" if row.line.is_change else "same",
        has_totals=True,
    )


def usage_table(report: Report) -> Table:
    """Every configured instance: its usage by window, its fairness and its activity score."""
    used = (figures.USED_24H, figures.USED_3D, figures.USED_7D, figures.USED_14D, figures.USED_28D)
    return _table(
        "usage",
        "Usage by window in seconds, fairness before and after, activity score",
        (*(_NAME, *map(_of_line, used), _of_line(figures.FAIRNESS), _NEW_FAIRNESS), _of_line(figures.ACTIVITY_SCORE)),
        report.rows,
        crn=lambda row: row.crn,
        special={
            figures.FAIRNESS.name: lambda row: _fairness(row.line.fairness, row.line.live.allocation_seconds),
            _NEW_FAIRNESS.name: lambda row: _fairness(row.new_fairness, row.line.new_allocation),
        },
        has_totals=True,
    )


def daily_table(report: Report) -> Table:
    """Every configured instance: what it used on each day, in whole seconds, shaded, with a line of bars."""
    most_ms = max((ms for row in report.rows for ms in row.daily_ms), default=0)
    sums = [sum(row.daily_ms[at] for row in report.rows) for at in range(len(report.days))]

    def cells(name: str, daily_ms: Sequence[int], *, is_shaded: bool) -> tuple[Cell, ...]:
        shades = [_shade(ms, most_ms) if is_shaded else "" for ms in daily_ms]
        days = [_whole(ms, shade) for ms, shade in zip(daily_ms, shades, strict=True)]
        return (Cell(name), Cell("", markup=sparkline(daily_ms)), _whole(sum(daily_ms)), *days)

    return Table(
        "daily",
        "Usage by UTC day in seconds; the stronger the shade, the more. The last day is today so far",
        (
            Column(_NAME.name, _NAME.heading, is_text=True),
            Column("trend", "Trend", is_sortable=False),
            Column("sum", "Sum"),
            *(Column(day.isoformat(), day_text(day)) for day in report.days),
        ),
        tuple(Row(cells(row.name, row.daily_ms, is_shaded=True), row.crn) for row in report.rows),
        cells("Total", sums, is_shaded=False),
    )


def limits_table(report: Report) -> Table:
    """Every instance that has a limit: its terms, what is left of it, and when it changes next."""
    limited = [row for row in report.rows if row.line.new_limit is not None]
    without = len(report.rows) - len(limited)
    terms = (figures.LIMIT_GRANT_FUNDED, figures.LIMIT_UNSPENT, figures.LIMIT_OVERAGE)
    return _table(
        "limits",
        "Effective limits in seconds, term by term, and what is left of them"
        + (f". {without:,} of {len(report.rows):,} instances have no limit" if without else ""),
        (
            _NAME,
            figures.LIMIT_BASE.of(_base_seconds),
            *(figure.of(_of_terms(figure)) for figure in terms),
            *(_of_line(figures.NEW_LIMIT), _of_line(figures.USED_28D), _LEFT, _NEXT, _MARKS),
        ),
        limited,
        crn=lambda row: row.crn,
        special={_LEFT.name: _left, _NEXT.name: _next_change, _MARKS.name: _marks},
    )


def _base_seconds(row: InstanceRow) -> int | None:
    terms = row.line.limit.terms
    return row.line.live.limit_seconds if terms is None else terms.base_seconds


def _of_terms(figure: Figure[Any]) -> Callable[[InstanceRow], Any]:
    """Read from the terms of the limit; a live limit has no others than its base."""
    return lambda row: 0 if row.line.limit.terms is None else figure.read(row.line.limit.terms)


_Given = tuple[LimitHistory, GrantSpan]
_GRANT: Final[tuple[Figure[_Given], ...]] = (
    figures.NAME.of(lambda given: given[0].name),
    Figure("start", "From", figures.DAY, lambda given: given[1].grant.start_date, "First day that it is active"),
    Figure("end", "To before", figures.DAY, lambda given: given[1].grant.end_date, "Day before which it is active"),
    Figure(
        "net_grant_seconds",
        "Grant",
        figures.SECONDS,
        lambda given: given[1].grant.net_grant_seconds,
        "Seconds that it may pay",
    ),
    Figure("spent_seconds", "Charged", figures.USED, lambda given: given[1].spent_ms, "Seconds that it paid"),
    Figure("unspent_seconds", "Unspent", figures.USED, lambda given: given[1].unspent_ms, "Seconds that are left"),
    Figure("grant_state", "State", figures.TEXT, lambda given: given[1].state, "How it stands"),
)


def grants_table(report: Report) -> Table:
    """The net grants of the instances whose limit they move."""
    given = [(history, span) for history in report.histories for span in history.grants]
    return _table("grants", "Net grants, in seconds", _GRANT, given, crn=lambda each: each[0].crn)


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
                (
                    Cell(step.first.isoformat()),
                    Cell(step.last.isoformat()),
                    Cell(format_seconds(step.limit_seconds), step.limit_seconds),
                ),
                kind="now" if step.first <= history.today <= step.last else "",
            )
            for step in history.steps
        ),
    )


# --- cells ------------------------------------------------------------------------------------------------------


def _whole(figure_ms: int, shade: str = "") -> Cell:
    """Whole seconds, for figures that stand close; what is above zero never reads as 0."""
    whole = round(Fraction(figure_ms, MS_PER_SECOND))
    text = "<1" if figure_ms and not whole else f"{whole:,}"
    return Cell(text, seconds_number(figure_ms), shade if figure_ms else "nil")


def _shade(figure_ms: int, most_ms: int) -> str:
    """By the square root of its part of the largest day, so that small figures still differ."""
    part = (figure_ms / most_ms) ** 0.5 if most_ms else 0
    return f"shade-{max(1, min(_SHADES, round(part * _SHADES)))}"


def _change(row: InstanceRow) -> Cell:
    cell = _cell(figures.ALLOCATION_DELTA, row.line)
    arrow = {"up": "▲ ", "down": "▼ "}.get(cell.kind, "")
    return replace(cell, text=arrow + cell.text)


def _fairness(value: Fraction | None, allocation: int | None) -> Cell:
    if value is None:
        return Cell("∞")
    return Cell("-" if allocation is None else figures.FAIRNESS.written(value), float(value))


def _left(row: InstanceRow) -> Cell:
    left = row.left_ms or 0
    text = f"-{format_seconds(ceil_seconds(-left))}" if left < 0 else format_ms(left)
    return Cell(text, seconds_number(left), "down" if left < 0 else "")


def _next_change(row: InstanceRow) -> Cell:
    step = _NEXT.read(row)
    if step is None:
        return Cell("-", "")
    return Cell(f"{format_seconds(step.limit_seconds)} on {step.first}", step.first.isoformat())


_LOUD: Final = {"in debt", "limit reached"}


def _marks(row: InstanceRow) -> Cell:
    return Cell(", ".join(row.marks), kind="loud" if _LOUD.intersection(row.marks) else "")
