"""The report's drawings: charts, with what they show in words, and small ones for the cells of tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from markupsafe import Markup

from qauvern.render.report._limits import LimitHistory
from qauvern.render.report._svg import Curve, Drawing, bar, curves, day_text
from qauvern.render.report._view import Gauge, GroupRow, Report
from qauvern.units import MS_PER_SECOND, format_ms, format_seconds

_WIDE, _NARROW = 640, 360
"""Widths in units of the drawing, which are about pixels on screens of that kind."""

SHADES: Final = 5

FAIRNESS_SHOWN: Final = 2
"""Bars of a larger fairness end at the edge."""

_UNIT: Final = " s"
_CELL: Final = 120
"""Width of a drawing in a cell."""


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """What a colour and shape of the chart stands for; `kind` is the class of its sample."""

    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, drawn for each width that it is shown in: text scaled down could not be read.

    `description` says in words what it shows.
    """

    title: str
    description: str
    legend: tuple[LegendEntry, ...]
    drawings: tuple[tuple[str, Markup], ...]
    crn: str = ""


def rolling_chart(report: Report) -> Chart:
    """The usage in the window of each of the last 28 days, against what there is to use."""
    days, used = report.rolling_days, report.rolling_ms
    whole = report.gauge.of_seconds if report.gauge else None
    of = report.gauge.of if report.gauge else ""
    last = len(days) - 1
    lines = [Curve(0, "28-day usage", [(at, ms / MS_PER_SECOND) for at, ms in enumerate(used)])]
    if whole is not None:
        lines.append(Curve(1, of, [(0, whole), (last, whole)]))
    told = [f"{day_text(day)}: {format_ms(ms)} s in its 28 days" for day, ms in zip(days, used, strict=True)]
    elsewhere = (
        f" Configured instances only: others used {format_ms(report.elsewhere_ms)} s in the last 28 days."
        if report.elsewhere_ms
        else ""
    )
    of_what = "of this page's instances" if report.subject else "of configured instances"
    return _chart(
        "rolling",
        "Rolling 28-day usage",
        f"From {format_ms(used[0])} s on {day_text(days[0])} to {format_ms(used[-1])} s on {day_text(days[-1])}: usage "
        f"{of_what}, in whole UTC days.{elsewhere}",
        ["28-day usage", *([of] if of else [])],
        lambda width: curves(
            days, lines, width=width, height=190, text=_seconds, told=told, unit=_UNIT, every=7 if width == _WIDE else 9
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
    told = [
        f"{day_text(each.day)}: limit {format_seconds(each.limit_seconds, absent='none')} s, "
        f"{format_ms(each.window_usage_ms)} s used in its 28 days"
        for each in days
    ]
    now = next(each for each in days if each.day == today)
    return _chart(
        "limit",
        f"Limit of {history.name}",
        f"From {day_text(first)} to {day_text(last)}. On {day_text(today)} "
        f"the limit is {format_seconds(now.limit_seconds)} s, and the days of its window used "
        f"{format_ms(now.window_usage_ms)} s. "
        + (
            "It stays the same if nothing more is used."
            if next_step is None
            else f"If nothing more is used it is {format_seconds(next_step.limit_seconds)} s from "
            f"{day_text(next_step.first)} on."
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
            height=220,
            text=_seconds,
            told=told,
            unit=_UNIT,
            every=14,
        ),
        suffix=f"-{number}",
        widths=(("one", 420),),
        crn=history.crn,
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


def gauge_drawing(gauge: Gauge) -> Markup:
    """A bar of what was used, within one of what there is to use."""
    used, of = Fraction(gauge.used_ms, MS_PER_SECOND), Fraction(gauge.of_seconds)
    top, within = max(used, of, Fraction(1)), min(used, of)
    x, end = float(600 * within / top), float(600 * gauge.of_seconds / top)
    over = bar(end, 600, 26, "over") if end < 600 else ""
    return Markup(
        '<svg class="gauge" viewBox="0 0 600 26" preserveAspectRatio="none" role="img" aria-label="{}">{}{}{}</svg>'
    ).format(gauge.text, Markup(bar(0, end, 26, "whole")), Markup(bar(0, x, 26, "used")), Markup(over))


def heat(daily_ms: Sequence[int], most_ms: int, told: str) -> Markup:
    """A square for each day, the darker the more, on a scale by which small figures still differ."""
    shades: list[str] = [""] * SHADES
    for at, used_ms in enumerate(daily_ms):
        if used_ms:
            part = (used_ms / most_ms) ** 0.4
            shades[max(1, min(SHADES, round(part * SHADES))) - 1] += f"M{at} 0h1v1h-1z"
    paths = "".join(f'<path class="h{number}" d="{d}"/>' for number, d in enumerate(shades, start=1) if d)
    return Markup(
        '<svg class="heat" viewBox="0 0 {} 1" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(len(daily_ms), told, Markup(paths))


def difference_bar(delta: int, most: int) -> Markup:
    """To the right of the middle what is gained, to the left what is lost."""
    middle = _CELL / 2
    x = middle + (middle - 1) * delta / most if most else middle
    drawn = bar(middle, x, 10, "gain" if delta > 0 else "loss", at=2) if delta else ""
    return _cell_drawing(f'{drawn}<path class="middle" d="M{middle:g} 0V14"/>')


def fairness_bar(now: Fraction | None, new: Fraction | None, told: str) -> Markup:
    """Fairness with the new allocation as a bar, that with the one now as a stroke, and a line at 1."""

    def x(value: Fraction | None) -> float:
        part = 1.0 if value is None else min(float(value) / FAIRNESS_SHOWN, 1.0)
        return part * (_CELL - 1)

    one = _CELL / FAIRNESS_SHOWN
    return _cell_drawing(
        f'{bar(0, x(new), 8, "fair", at=3)}<path class="was" d="M{x(now):.1f} 0V14"/>'
        f'<path class="one" d="M{one:g} 0V14"/>',
        told,
    )


def group_bar(group: GroupRow, most: Fraction) -> Markup:
    """Stacked: what was used of what is held, what is not used of it, and what was used beyond it."""
    used, scale = Fraction(group.used_ms, MS_PER_SECOND), Fraction(_CELL) / (most or 1)
    within = float(min(used, Fraction(group.held_seconds)) * scale)
    held, top = float(group.held_seconds * scale), float(max(used, Fraction(group.held_seconds)) * scale)
    drawn = bar(0, within, 12, "used", at=1) + bar(within, held, 12, "whole", at=1)
    told = f"{group.name}: {format_ms(group.used_ms)} s used, {format_seconds(group.held_seconds)} s held"
    return _cell_drawing(drawn + (bar(held, top, 12, "over", at=1) if top > held else ""), told)


def _cell_drawing(shapes: str, told: str = "") -> Markup:
    """Screen readers skip it: the figures stand beside it."""
    title = Markup("<title>{}</title>").format(told) if told else ""
    return Markup(
        f'<svg class="cell" viewBox="0 0 {_CELL} 14" preserveAspectRatio="none" aria-hidden="true">{title}{shapes}'
        "</svg>"
    )


def _chart(
    kind: str,
    title: str,
    description: str,
    labels: Sequence[str],
    draw: Callable[[int], Drawing],
    *,
    suffix: str = "",
    widths: Sequence[tuple[str, int]] = (("wide", _WIDE), ("narrow", _NARROW)),
    crn: str = "",
) -> Chart:
    """A chart with a legend: the label of each series in its order."""
    drawings = tuple((name, _svg(draw(width), kind, f"{suffix}-{name}", title, description)) for name, width in widths)
    legend = tuple(LegendEntry(f"{kind}-{number}", label) for number, label in enumerate(labels))
    return Chart(title, description, legend, drawings, crn)


def _svg(drawing: Drawing, kind: str, suffix: str, title: str, description: str) -> Markup:
    """The drawing, named and described for those who do not see it."""
    return Markup(
        '<svg id="{id}" class="chart chart-{kind}" viewBox="{box}" role="img" aria-label="{title}. {description}">'
        "{shapes}</svg>"
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
