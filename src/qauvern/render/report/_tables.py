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
from qauvern.model import Crn, Instance
from qauvern.render.report import _charts
from qauvern.render.report._limits import GrantSpan, LimitHistory
from qauvern.render.report._svg import day_text
from qauvern.render.report._view import (
    GroupRow,
    InstanceRow,
    Mark,
    Report,
    group_anchor,
    unconfigured_anchor,
)
from qauvern.render.text import printable
from qauvern.units import MS_PER_SECOND, ceil_seconds, format_ms, format_seconds, seconds_number

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
    """The first cell is the row's heading. `kind` is its class in the style sheet, `anchor` its id."""

    cells: tuple[Cell, ...]
    crn: str = ""
    kind: str = ""
    anchor: str = ""
    group: str = ""


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
    crn: Callable[[R], Crn] | None = None,
    special: Mapping[str, Callable[[R], Cell]] | None = None,
    kind: Callable[[R], str] = lambda _: "",
    anchor: Callable[[R], str] = lambda _: "",
    group: Callable[[R], str] = lambda _: "",
    drawn_columns: Sequence[str] = (),
    has_totals: bool = False,
) -> Table:
    """One row for each of `rows`, one column for each figure; `special` cells by the figure's name.

    `drawn_columns` are those that hold a drawing, by which nothing can be sorted.
    """
    drawn = special or {}
    return Table(
        table_id,
        caption,
        tuple(
            Column(figure.name, figure.heading, figure.unit.is_text, figure.name not in drawn_columns)
            for figure in columns
        ),
        tuple(
            Row(
                tuple(drawn[figure.name](row) if figure.name in drawn else _cell(figure, row) for figure in columns),
                crn(row) if crn else "",
                kind(row),
                anchor(row),
                group(row),
            )
            for row in rows
        ),
        (Cell(f"Total of all {len(rows):,}"), *(_total(figure, rows) for figure in columns[1:])) if has_totals else (),
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
_GROUP: Final[Figure[InstanceRow]] = Figure("group", "Group", figures.TEXT, lambda row: row.group, "The group it is in")
_DIFFERENCE: Final[Figure[InstanceRow]] = Figure(
    "difference", "Less or more", figures.TEXT, lambda _: "", "The change as a bar"
)
_HEAT: Final[Figure[InstanceRow]] = Figure("heat", "By day", figures.TEXT, lambda _: "", "Usage by day as shades")
_FAIR: Final[Figure[InstanceRow]] = Figure(
    "fairness_bar", "0 to 2, line at 1", figures.TEXT, lambda _: "", "Fairness as a bar"
)
_MARKS: Final[Figure[InstanceRow]] = Figure(
    "marks", "Marks", figures.TEXT, lambda row: ", ".join(_said_marks(row)), "What is to be known of it at a glance"
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


def groups_table(report: Report) -> Table:
    """Every group: what it holds, would hold and used. Those that hold most come first."""
    most = max(max(Fraction(each.held_seconds), Fraction(each.used_ms, MS_PER_SECOND)) for each in report.groups)
    has_shares = any(each.part is not None and each.part.share_percent is not None for each in report.groups)
    has_limits = any(each.part is not None and each.part.limit_seconds is not None for each in report.groups)
    columns: list[Figure[GroupRow]] = [
        figures.NAME.of(lambda each: each.name, meaning="The group's name in the config file"),
        Figure("members", "Instances", figures.COUNT, lambda each: len(each.rows), "", adds_up=True),
        Figure("stack", "Used and not used", figures.TEXT, lambda _: "", ""),
        figures.USED_28D.of(lambda each: each.used_ms),
        figures.CURRENT_ALLOCATION.of(lambda each: each.held_seconds),
        figures.NEW_ALLOCATION.of(lambda each: each.new_seconds),
        figures.ALLOCATION_DELTA.of(lambda each: each.new_seconds - each.held_seconds),
        figures.FAIRNESS.of(lambda each: each.fairness),
    ]
    if has_shares:
        columns.append(
            Figure(
                "share_percent",
                "Share %",
                figures.RESERVE_PERCENT,
                lambda each: each.part and each.part.share_percent,
                "",
            )
        )
    if has_limits:
        columns.append(
            Figure(
                "limit_seconds", "Group limit", figures.SECONDS, lambda each: each.part and each.part.limit_seconds, ""
            )
        )
    columns.append(
        Figure(
            "marks",
            "Marks",
            figures.TEXT,
            lambda each: Mark.UNDERUTILIZED.value if each.is_hoarding else "",
            "What is to be known of it at a glance",
        )
    )
    places = {each.raw_name: at for at, each in enumerate(report.groups)}
    return _table(
        "groups",
        "Groups in seconds: used, held now and to be held",
        columns,
        report.groups,
        special={
            "stack": lambda each: Cell("", markup=_charts.group_bar(each, most)),
            figures.FAIRNESS.name: lambda each: _fairness(each.fairness, each.held_seconds),
        },
        anchor=lambda each: group_anchor(places[each.raw_name]),
        group=lambda each: each.name,
        drawn_columns=("stack",),
        has_totals=not report.subject,
    )


def changes_table(report: Report) -> Table:
    """Every instance: what it holds, would hold, and why. The largest change comes first."""
    most = max((abs(row.line.allocation_delta) for row in report.rows), default=0)
    columns = (
        *((_NAME, _GROUP) if report.has_groups else (_NAME,)),
        *map(_of_line, (figures.CURRENT_ALLOCATION, figures.NEW_ALLOCATION, figures.ALLOCATION_DELTA)),
        _DIFFERENCE,
        *map(_of_line, (figures.CURRENT_LIMIT, figures.NEW_LIMIT)),
        *(_REASON, _MARKS),
    )
    return _table(
        "changes",
        "Allocations and limits in seconds, before and after, the largest change first, with the reason",
        columns,
        report.by_change,
        crn=lambda row: row.crn,
        special={
            figures.ALLOCATION_DELTA.name: _change,
            _DIFFERENCE.name: lambda row: Cell("", markup=_charts.difference_bar(row.line.allocation_delta, most)),
            _MARKS.name: _marks,
        },
        kind=lambda row: "" if row.line.is_change else "same",
        anchor=lambda row: row.anchor,
        drawn_columns=(_DIFFERENCE.name,),
        has_totals=True,
    )


def usage_table(report: Report) -> Table:
    """Every instance: its usage by day and window, its fairness and activity score. Those that used most come first."""
    most_ms = max((ms for row in report.rows for ms in row.daily_ms), default=0)
    first, last = day_text(report.days[0]), day_text(report.days[-1])

    def heat(row: InstanceRow) -> Cell:
        busiest = max(range(len(report.days)), key=lambda at: row.daily_ms[at])
        told = (
            f"{format_ms(sum(row.daily_ms))} s on {sum(map(bool, row.daily_ms))} days, most on "
            f"{day_text(report.days[busiest])} with {format_ms(row.daily_ms[busiest])} s"
            if any(row.daily_ms)
            else "no usage"
        )
        return Cell("", markup=_charts.heat(row.daily_ms, most_ms, told))

    def fair(row: InstanceRow) -> Cell:
        if row.line.live.allocation_seconds is None and row.line.new_allocation is None:
            return Cell("")
        told = f"{figures.FAIRNESS.written(row.line.fairness)} now, {figures.FAIRNESS.written(row.new_fairness)} new"
        return Cell("", markup=_charts.fairness_bar(row.line.fairness, row.new_fairness, told))

    windows = (figures.USED_24H, figures.USED_3D, figures.USED_7D, figures.USED_14D, figures.USED_28D)
    table = _table(
        "usage",
        f"Usage by UTC day from {first} to {last} (today so far, on the right) and by window in seconds, and fairness. "
        "The strongest shade is the most on any day",
        (
            *(_NAME, _HEAT, *map(_of_line, windows)),
            *(_of_line(figures.FAIRNESS), _NEW_FAIRNESS, _FAIR, _of_line(figures.ACTIVITY_SCORE)),
        ),
        report.by_usage,
        crn=lambda row: row.crn,
        special={
            _HEAT.name: heat,
            _FAIR.name: fair,
            figures.FAIRNESS.name: lambda row: _fairness(row.line.fairness, row.line.live.allocation_seconds),
            _NEW_FAIRNESS.name: lambda row: _fairness(row.new_fairness, row.line.new_allocation),
        },
        drawn_columns=(_HEAT.name, _FAIR.name),
        has_totals=True,
    )
    heading = f"{first} to {last}"
    return replace(
        table,
        columns=tuple(replace(each, label=heading) if each.key == _HEAT.name else each for each in table.columns),
    )


def unconfigured_table(report: Report) -> Table:
    """The instances that the config file does not list, those that hold most first."""
    place = {each.crn: at for at, each in enumerate(report.unconfigured)}
    columns: tuple[Figure[Instance], ...] = (
        figures.NAME.of(lambda each: printable(each.name), meaning="The instance's name in the account"),
        figures.CURRENT_ALLOCATION.of(lambda each: each.allocation_seconds),
        figures.CURRENT_LIMIT.of(lambda each: each.limit_seconds),
        figures.CRN.of(lambda each: each.crn),
    )
    return _table(
        "unconfigured",
        "Instances that the config file does not list, in seconds",
        columns,
        report.unconfigured,
        anchor=lambda each: unconfigured_anchor(place[each.crn]),
        has_totals=True,
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


_LOUD: Final = frozenset({Mark.BLOCKED, Mark.IN_DEBT, Mark.LIMIT_REACHED})


def _marks(row: InstanceRow) -> Cell:
    return Cell(", ".join(_said_marks(row)), kind="loud" if _LOUD.intersection(row.marks) else "")


def _said_marks(row: InstanceRow) -> list[str]:
    """That it changes is to be seen from the figures."""
    freed = " (the new limit frees it)" if row.is_freed else ""
    return [mark.value + (freed if mark is Mark.BLOCKED else "") for mark in row.marks if mark is not Mark.CHANGES]
