"""The report's charts, drawn by pygal as inline SVG without its scripts and styles: the page's style sheet has them.

Every chart is drawn twice, for a wide page and for a narrow one, where text scaled down could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final
from xml.etree import ElementTree

from markupsafe import Markup

from qauvern.render.report._limits import LimitHistory
from qauvern.render.report._pygal import Style, pygal
from qauvern.render.report._view import BudgetSplit, InstanceRow, Report
from qauvern.units import MS_PER_SECOND, format_ms, format_seconds

_WIDE, _NARROW = 960, 360
"""Widths in units of the drawing, which are about pixels on screens of that kind."""

STACKED: Final = 7
"""The instances that have a colour of their own in the chart of daily usage; the rest is drawn as one."""

FAIRNESS_SHOWN: Final = 2
"""Bars of a larger fairness end at the chart's edge."""

_SVG = "http://www.w3.org/2000/svg"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


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
    names = ("configured", "unconfigured", "free")
    parts = [(split.configured_seconds, split.unconfigured_seconds, split.free_seconds) for split in splits]

    def draw(width: int) -> pygal.Graph:
        chart = pygal.HorizontalStackedBar(**_config(width, 40 * len(splits) + 34, "budget"))
        chart.x_labels = [split.label for split in reversed(splits)]
        for index, name in enumerate(names):
            chart.add(name, [part[index] for part in reversed(parts)])
        return chart

    return _chart(
        "budget",
        "Who holds the budget",
        " ".join(
            f"{split.label}: configured instances hold {format_seconds(split.configured_seconds)} s, unconfigured ones "
            f"{format_seconds(split.unconfigured_seconds)} s, and {format_seconds(split.free_seconds)} s are free."
            for split in splits
        ),
        [
            LegendEntry("budget-0", "configured instances"),
            LegendEntry("budget-1", "unconfigured instances"),
            LegendEntry("budget-2", "free"),
        ],
        draw,
    )


def allocation_chart(report: Report) -> Chart:
    """Allocation before and after, largest first."""
    rows = report.charted

    def draw(width: int) -> pygal.Graph:
        return _pairs(
            width,
            "allocation",
            rows,
            [row.allocation_seconds for row in rows],
            [row.new_allocation_seconds for row in rows],
            _seconds,
        )

    largest = "" if not rows else _largest(rows[0])
    return _chart(
        "allocation",
        "Allocation before and after",
        f"{_shown(report, 'by allocation, largest first')} Two bars for each: what it holds now, and would hold. "
        f"{largest}",
        [LegendEntry("allocation-0", "now"), LegendEntry("allocation-1", "new")],
        draw,
    )


def _largest(row: InstanceRow) -> str:
    return (
        f"The largest is {row.name}, from {format_seconds(row.allocation_seconds, absent='no')} s "
        f"to {format_seconds(row.new_allocation_seconds, absent='no')} s."
    )


def fairness_chart(report: Report) -> Chart:
    """Fairness before and after, lowest first, which is the order in which IBM's queue serves the instances."""
    rows = sorted(
        (row for row in report.charted if row.allocation_seconds is not None),
        key=lambda row: (row.fairness is None, row.fairness or 0, row.crn),
    )

    def shown(value: Fraction | None) -> float:
        return FAIRNESS_SHOWN if value is None else min(float(value), FAIRNESS_SHOWN)

    edge = max([1.0, *(shown(each) for row in rows for each in (row.fairness, row.new_fairness))])

    def draw(width: int) -> pygal.Graph:
        return _pairs(
            width,
            "fairness",
            rows,
            [shown(row.fairness) for row in rows],
            [shown(row.new_fairness) for row in rows],
            lambda value: f"{FAIRNESS_SHOWN}+" if value >= FAIRNESS_SHOWN else f"{value:.2f}",
            marks=[quarter / 4 for quarter in range(0, int(edge * 4) + 1, 1 if width == _WIDE else 2)],
            edge=edge,
        )

    return _chart(
        "fairness",
        "Fairness before and after",
        f"{_shown(report, 'by allocation')} Lowest fairness first, the order in which the queue serves them. "
        f"Fairness is 28-day usage over allocation; bars that reach {FAIRNESS_SHOWN} end there.",
        [LegendEntry("fairness-0", "with the allocation now"), LegendEntry("fairness-1", "with the new one")],
        draw,
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

    def draw(width: int) -> pygal.Graph:
        config = _config(
            width,
            300 if width == _WIDE else 260,
            "daily",
            value_formatter=lambda seconds: format_ms(round(seconds * MS_PER_SECOND)),
            show_minor_x_labels=False,
            x_labels_major_every=7,
        )
        chart = pygal.StackedBar(**config)
        chart.x_labels = [day_text(day) for day in report.days]
        for label, figures in layers:
            chart.add(label, [ms / MS_PER_SECOND for ms in figures])
        return chart

    totals = [sum(ms) for ms in zip(*(figures for _, figures in layers), strict=True)] or [0]
    busiest = max(range(len(totals)), key=lambda index: totals[index])
    return _chart(
        "daily",
        "Usage by UTC day",
        f"Stacked from below: {', '.join(label for label, _ in layers) or 'no usage at all'}. "
        f"The busiest day is {report.days[busiest]} with {format_ms(totals[busiest])} s.",
        [LegendEntry(f"daily-{index}", label) for index, (label, _) in enumerate(layers)],
        draw,
    )


def limit_chart(history: LimitHistory, number: int) -> Chart:
    """One instance's limit around today, the usage in its window, and its net grants as bars over their days."""
    today, days = history.today, history.days
    first, last = days[0].day, days[-1].day

    def at(day: date) -> int:
        return (day - today).days

    limit = _stairs([(at(each.day), each.limit_seconds) for each in days])
    used = [(at(each.day), each.window_usage_ms / MS_PER_SECOND) for each in days if each.day <= today]
    ahead = [(at(each.day), each.window_usage_ms / MS_PER_SECOND) for each in days if each.day >= today]
    spans = [
        [(at(max(span.grant.start_date, first)), level), (at(min(span.grant.end_date, last)), level)]
        for span in history.grants
        if span.grant.start_date < last and span.grant.end_date > first
        for level in [span.grant.net_grant_seconds]
    ]

    drawn: list[Sequence[tuple[int, float]]] = [limit, used, ahead, *spans]

    def draw(width: int) -> pygal.Graph:
        step = 7 if width == _WIDE else 14
        top = max(y for line in drawn for _, y in line) or 1
        config = _config(
            width,
            230 if width == _WIDE else 220,
            "limit",
            show_dots=False,
            range=(0, top),
            xrange=(at(first), at(last)),
        )
        chart = pygal.XY(**config)
        chart.x_labels = [
            {"value": each.day.toordinal() - today.toordinal(), "label": day_text(each.day)}
            for each in days
            if at(each.day) % step == 0
        ]
        chart.add("limit", limit)
        chart.add("usage in the window", used)
        chart.add("if nothing more is used", ahead)
        chart.add("today", [(0, 0), (0, top)])
        for line in spans:
            chart.add("net grant", line)
        return chart

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
            LegendEntry("limit-0", "limit"),
            LegendEntry("limit-1", "usage in the 28-day window"),
            LegendEntry("limit-2", "the same if nothing more is used"),
            LegendEntry("limit-3", "today"),
            *([LegendEntry("limit-4", "net grant: its days, at the height of its seconds")] if spans else []),
        ],
        draw,
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


# --- pygal ------------------------------------------------------------------------------------------------------


def _pairs(
    width: int,
    kind: str,
    rows: Sequence[InstanceRow],
    before: Sequence[float | None],
    after: Sequence[float | None],
    formatter: Callable[[Any], str],
    marks: Sequence[float] | None = None,
    edge: float | None = None,
) -> pygal.Graph:
    """Two horizontal bars for each row, the first row on top: pygal draws from below.

    `marks` are the figures along the axis, and `edge` its end, where pygal is not to choose them.
    """
    config = _config(
        width,
        26 * max(1, len(rows)) + 40,
        kind,
        value_formatter=formatter,
        range=None if edge is None else (0, edge),
        truncate_label=28 if width == _WIDE else 16,
    )
    chart = pygal.HorizontalBar(**config)
    chart.x_labels = [row.name for row in reversed(rows)]
    chart.y_labels = marks
    chart.add("now", list(reversed(before)))
    chart.add("new", list(reversed(after)))
    return chart


def _config(width: int, height: int, kind: str, **more: Any) -> dict[str, Any]:
    size = 12 if width == _WIDE else 11
    return {
        "width": width,
        "height": height,
        "classes": ("chart", f"chart-{kind}"),
        "style": Style(font_family="inherit", label_font_size=size, major_label_font_size=size, no_data_font_size=16),
        "show_legend": False,
        "js": (),
        "disable_xml_declaration": True,
        "no_data_text": "nothing to show",
        "margin": 4,
        "spacing": 8,
        "value_formatter": _seconds,
        "max_scale": 8 if width == _WIDE else 4,
        "order_min": 0,
        "truncate_label": -1,
        **more,
    }


def _chart(
    kind: str,
    title: str,
    description: str,
    legend: Sequence[LegendEntry],
    draw: Callable[[int], pygal.Graph],
    *,
    suffix: str = "",
) -> Chart:
    labels = [entry.label for entry in legend]
    wide, narrow = (
        _svg(draw(width), f"chart-{kind}{suffix}-{name}", title, description, labels)
        for width, name in ((_WIDE, "wide"), (_NARROW, "narrow"))
    )
    return Chart(title, description, tuple(legend), wide, narrow)


def _svg(chart: pygal.Graph, chart_id: str, title: str, description: str, labels: Sequence[str]) -> Markup:
    """The drawing alone, named and described for those who do not see it. `labels` are those of its series."""
    root = ElementTree.fromstring(chart.render(is_unicode=True))
    drawing = ElementTree.Element(
        "svg",
        {
            "id": chart_id,
            "class": root.get("class", ""),
            "viewBox": root.get("viewBox", ""),
            "role": "img",
            "aria-labelledby": f"{chart_id}-title {chart_id}-desc",
        },
    )
    ElementTree.SubElement(drawing, "title", {"id": f"{chart_id}-title"}).text = title
    ElementTree.SubElement(drawing, "desc", {"id": f"{chart_id}-desc"}).text = description
    plot = next(each for each in root.iter() if each.get("class") == "plot")
    frame = ElementTree.SubElement(drawing, "g", {"transform": plot.get("transform", "")})
    series = 0
    for part in plot:
        label = ""
        if part.get("class", "").startswith("series"):
            label, series = labels[series] if series < len(labels) else "", series + 1
        if part.get("class") != "background":
            cleaned = _cleaned(part, label)
            if len(cleaned):
                frame.append(cleaned)
    for text in root.iter(f"{{{_SVG}}}text"):
        if text.get("class") == "no_data":
            frame.append(_cleaned(text, ""))
    return Markup(ElementTree.tostring(drawing, encoding="unicode"))


_SHAPES = {"rect": ("width", "height"), "path": ("d",), "text": (), "g": ()}
"""What is kept of a drawing, and the attributes without which there is nothing to see."""

_KEPT_ATTRIBUTES = ("class", "transform", "x", "y", "width", "height", "d")
_SCRIPTED_CLASSES = {"reactive", "tooltip-trigger", "rect", "bar", "bars"}


def _cleaned(element: ElementTree.Element, label: str) -> ElementTree.Element:
    """A copy that holds shapes and texts alone, coordinates to a tenth, and what a bar stands for as its tooltip."""
    copy = ElementTree.Element(_local(element))
    for name in _KEPT_ATTRIBUTES:
        value = element.get(name, "")
        if name == "class":
            value = " ".join(each for each in value.split() if each not in _SCRIPTED_CLASSES)
        if value:
            copy.set(name, value if name == "class" else _NUMBER.sub(_rounded, value))
    copy.text = (element.text or "").strip() or None
    told = {each.get("class", ""): each.text or "" for each in element if _local(each) == "desc"}
    if "value" in told:
        text = ": ".join(each for each in (told.get("x_label", ""), label, told["value"]) if each)
        ElementTree.SubElement(copy, "title").text = text
    for child in element:
        needed = _SHAPES.get(_local(child))
        if needed is None or not all(child.get(name) for name in needed):
            continue
        cleaned = _cleaned(child, label)
        if _local(child) != "g" or any(_local(each) != "title" for each in cleaned):
            copy.append(cleaned)
    return copy


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).removeprefix(f"{{{_SVG}}}")


_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")


def _rounded(number: re.Match[str]) -> str:
    return f"{round(float(number[0]), 1):g}"


def _seconds(figure: float) -> str:
    return format_seconds(round(figure))


def day_text(day: date) -> str:
    """15 Mar, whatever the locale."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def _shown(report: Report, how: str) -> str:
    charted, of = len(report.charted), len(report.rows)
    if charted < of:
        return f"The top {charted} of {of:,} instances {how}; the table below holds all."
    return f"All {of:,} instances {how}."
