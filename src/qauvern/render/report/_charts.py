"""The report's charts: what each one shows, in words and as a drawing.

Every chart is drawn twice, for a wide page and for a narrow one, where text scaled down could not be read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from qauvern import figures
from qauvern.render.report._limits import LimitHistory
from qauvern.render.report._svg import Curve, Drawing, Series, bars, columns, curves, nothing
from qauvern.render.report._view import BudgetSplit, InstanceRow, Report
from qauvern.units import MS_PER_SECOND, format_ms, format_seconds

_WIDE, _NARROW = 960, 360
"""Widths in units of the drawing, which are about pixels on screens of that kind."""

STACKED: Final = 7
"""The instances that have a colour of their own in the chart of daily usage; the rest is drawn as one."""

FAIRNESS_SHOWN: Final = 2
"""Bars of a larger fairness end at the chart's edge."""

_UNIT: Final = " s"


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """What a colour and shape of the chart stands for; `kind` is the class of its sample."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in two widths. `description` says in words what it shows."""

    title: str
    description: str
    legend: tuple[LegendEntry, ...]
    wide: Markup
    narrow: Markup


def budget_chart(splits: Sequence[BudgetSplit]) -> Chart:
    """Who holds the budget, now and with the new allocations."""
    series = [
        Series("configured instances", [split.configured_seconds for split in splits]),
        Series("unconfigured instances", [split.unconfigured_seconds for split in splits]),
        Series("free", [split.free_seconds for split in splits]),
    ]
    names = [split.label for split in splits]
    return _chart(
        "budget",
        "Who holds the budget",
        " ".join(
            f"{split.label}: configured instances hold {format_seconds(split.configured_seconds)} s, unconfigured ones "
            f"{format_seconds(split.unconfigured_seconds)} s, and {format_seconds(split.free_seconds)} s are free."
            for split in splits
        ),
        [each.label for each in series],
        lambda width: bars(names, series, width=width, text=_seconds, unit=_UNIT, stacked=True),
    )


def allocation_chart(report: Report) -> Chart:
    """Allocation before and after, largest first."""
    rows = report.charted
    series = [
        Series("now", [row.line.live.allocation_seconds for row in rows]),
        Series("new", [row.line.new_allocation for row in rows]),
    ]
    largest = "" if not rows else _largest(rows[0])
    return _chart(
        "allocation",
        "Allocation before and after",
        f"{_shown(report, 'by allocation, largest first')} Two bars for each: what it holds now, and would hold. "
        f"{largest}",
        [each.label for each in series],
        lambda width: bars([row.name for row in rows], series, width=width, text=_seconds, unit=_UNIT),
    )


def _largest(row: InstanceRow) -> str:
    return (
        f"The largest is {row.name}, from {format_seconds(row.line.live.allocation_seconds, absent='no')} s "
        f"to {format_seconds(row.line.new_allocation, absent='no')} s."
    )


def fairness_chart(report: Report) -> Chart:
    """Fairness before and after, lowest first, which is the order in which IBM's queue serves the instances."""
    rows = sorted(
        (row for row in report.charted if row.line.live.allocation_seconds is not None),
        key=lambda row: (row.line.fairness is None, row.line.fairness or 0, row.crn),
    )

    def series(label: str, values: Sequence[Fraction | None]) -> Series:
        shown = [FAIRNESS_SHOWN if value is None else min(float(value), FAIRNESS_SHOWN) for value in values]
        return Series(label, shown, [figures.FAIRNESS.written(value) for value in values])

    pair = [
        series("with the allocation now", [row.line.fairness for row in rows]),
        series("with the new one", [row.new_fairness for row in rows]),
    ]
    edge = max([1.0, *(figure or 0 for each in pair for figure in each.figures)])
    return _chart(
        "fairness",
        "Fairness before and after",
        f"{_shown(report, 'by allocation')} Lowest fairness first, the order in which the queue serves them. "
        f"Fairness is 28-day usage over allocation; bars that reach {FAIRNESS_SHOWN} end there.",
        [each.label for each in pair],
        lambda width: bars([row.name for row in rows], pair, width=width, text=lambda value: f"{value:g}", top=edge),
    )


def daily_chart(report: Report) -> Chart:
    """Usage by day, stacked: the instances that used most, and all others as one."""
    by_usage = sorted(report.rows, key=lambda row: (-sum(row.daily_ms), row.crn))
    top = [row for row in by_usage[:STACKED] if sum(row.daily_ms)]
    others = by_usage[len(top) :]
    other_ms = [sum(row.daily_ms[index] for row in others) for index in range(len(report.days))]
    layers = [(row.name, list(row.daily_ms)) for row in top]
    if any(other_ms):
        layers.append((f"{len(others):,} others", other_ms))
    series = [
        Series(label, [ms / MS_PER_SECOND for ms in used], [f"{format_ms(ms)} s" for ms in used])
        for label, used in layers
    ]
    totals = [sum(ms) for ms in zip(*(used for _, used in layers), strict=True)] or [0]
    busiest = max(range(len(totals)), key=lambda index: totals[index])
    return _chart(
        "daily",
        "Usage by UTC day",
        f"Stacked from below: {', '.join(label for label, _ in layers) or 'no usage at all'}. "
        f"The busiest day is {report.days[busiest]} with {format_ms(totals[busiest])} s.",
        [label for label, _ in layers],
        lambda width: columns(
            report.days, series, width=width, height=300 if width == _WIDE else 260, text=_seconds, unit=_UNIT
        ),
    )


def limit_chart(history: LimitHistory, number: int) -> Chart:
    """One instance's limit around today, the usage in its window, and its net grants as bars over their days."""
    today, days = history.today, history.days
    first, last = days[0].day, days[-1].day

    def at(day: date) -> int:
        return (day - first).days

    used = [(at(each.day), each.window_usage_ms / MS_PER_SECOND) for each in days if each.day <= today]
    ahead = [(at(each.day), each.window_usage_ms / MS_PER_SECOND) for each in days if each.day >= today]
    spans = [span for span in history.grants if span.grant.start_date < last and span.grant.end_date > first]
    limit = Curve(0, "limit", _stairs([(at(each.day), each.limit_seconds) for each in days]))
    granted = [
        Curve(
            4,
            f"net grant of {format_seconds(span.grant.net_grant_seconds)} s, {span.grant.start_date} to before "
            f"{span.grant.end_date}",
            [
                (at(max(span.grant.start_date, first)), span.grant.net_grant_seconds),
                (at(min(span.grant.end_date, last)), span.grant.net_grant_seconds),
            ],
        )
        for span in spans
    ]
    usage = [Curve(1, "usage in the 28-day window", used), Curve(2, "the same if nothing more is used", ahead)]
    top = max(figure for line in (limit, *usage, *granted) for _, figure in line.points)
    lines = [limit, *usage, Curve(3, "today", [(at(today), 0), (at(today), top)]), *granted]
    next_step = history.next_step
    now = next(each for each in days if each.day == today)
    return _chart(
        "limit",
        f"Limit of {history.name}",
        f"From {first} to {last}. On {today} the limit is {format_seconds(now.limit_seconds)} s, and the days of its "
        f"window used {format_ms(now.window_usage_ms)} s. "
        + (
            "It stays the same if nothing more is used."
            if next_step is None
            else f"If nothing more is used it is {format_seconds(next_step.limit_seconds)} s from {next_step.first} on."
        ),
        [
            *(each.label for each in (limit, *usage)),
            "today",
            *(["net grant: its days, at the height of its seconds"] if spans else []),
        ],
        lambda width: curves(
            [each.day for each in days],
            lines,
            width=width,
            height=230 if width == _WIDE else 220,
            text=_seconds,
            unit=_UNIT,
            every=7 if width == _WIDE else 14,
        ),
        suffix=f"-{number}",
    )


def _stairs(points: Sequence[tuple[int, int | None]]) -> list[tuple[int, int]]:
    """A limit holds for a whole day: it steps at midnight, and does not slope. Only the corners are kept."""
    corners: list[tuple[int, int]] = []
    for x, y in points:
        if y is None:
            continue
        if corners and corners[-1][1] != y:
            corners += [(x, corners[-1][1]), (x, y)]
        elif not corners:
            corners.append((x, y))
    return [*corners, (points[-1][0], corners[-1][1])] if corners else []


def sparkline(figures_ms: Sequence[int]) -> Markup:
    """Bars for a table cell, against the row's own largest. The figures stand beside it: screen readers skip it."""
    most = max(figures_ms, default=0)
    if not most:
        return Markup("")
    bars = "".join(
        f"M{index * 3} 16V{16 - max(1, round(15 * ms / most))}h2V16z" for index, ms in enumerate(figures_ms) if ms
    )
    return Markup('<svg class="spark" viewBox="0 0 {} 16" aria-hidden="true"><path d="{}"/></svg>').format(
        3 * len(figures_ms), bars
    )


def _chart(
    kind: str,
    title: str,
    description: str,
    labels: Sequence[str],
    draw: Callable[[int], Drawing],
    *,
    suffix: str = "",
) -> Chart:
    """A chart with a legend: the label of each series in its order."""
    wide, narrow = (
        _svg(draw(width) if labels else nothing(width), kind, f"{suffix}-{name}", title, description)
        for width, name in ((_WIDE, "wide"), (_NARROW, "narrow"))
    )
    legend = tuple(LegendEntry(f"{kind}-{number}", label) for number, label in enumerate(labels))
    return Chart(title, description, legend, wide, narrow)


def _svg(drawing: Drawing, kind: str, suffix: str, title: str, description: str) -> Markup:
    """The drawing, named and described for those who do not see it."""
    return Markup(
        '<svg id="{id}" class="chart chart-{kind}" viewBox="{box}" role="img" aria-labelledby="{id}-title {id}-desc">'
        '<title id="{id}-title">{title}</title><desc id="{id}-desc">{description}</desc>{shapes}</svg>'
    ).format(
        id=f"chart-{kind}{suffix}",
        kind=kind,
        box=drawing.view_box,
        title=title,
        description=description,
        shapes=Markup(drawing.shapes),
    )


def _seconds(figure: float) -> str:
    """Round figures along an axis, of which small ones have decimals."""
    return f"{figure:,.0f}" if figure >= 10 or not figure else f"{figure:g}"


def _shown(report: Report, how: str) -> str:
    charted, of = len(report.charted), len(report.rows)
    if charted < of:
        return f"The top {charted} of {of:,} instances {how}; the table below holds all."
    return f"All {of:,} instances {how}."
