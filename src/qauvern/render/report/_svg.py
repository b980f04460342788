"""Charts as SVG, drawn straight: bars across, stacked columns by day, and lines over days. No colours: classes.

Coordinates are in units of the drawing, about pixels. Every shape says what it stands for as its <title>, which
browsers show as a tooltip. Colours and type are the style sheet's: the shapes of series 2 are in a group of class
`color-2`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from math import ceil, floor, log10
from typing import Final

from qauvern.render.text import cell_width

_LETTER: Final = 6.6
"""About how wide a letter of 12 px is."""
_AXIS: Final = 22
"""The room below a chart for the figures or dates along it."""
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Text = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What stands inside an <svg>, and its view box."""

    view_box: str
    shapes: str


def day_text(day: date) -> str:
    """15 Mar, whatever the locale, and never broken between the two."""
    return f"{day.day}\u00a0{_MONTHS[day.month - 1]}"


@dataclass(frozen=True, slots=True)
class Scale:
    """Places figures from 0 to `top` between two coordinates."""

    top: float
    start: float
    end: float

    def __call__(self, figure: float) -> float:
        return self.start + (self.end - self.start) * (figure / self.top if self.top else 0)

    def ticks(self, at_most: int) -> list[float]:
        """Round figures from 0 to the top, no more than so many steps."""
        if not self.top:
            return [0]
        rough = self.top / at_most
        power = 10.0 ** floor(log10(rough))
        step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * (1 - 1e-9))
        return [step * index for index in range(int(self.top / step * (1 + 1e-9)) + 1)]


@dataclass(frozen=True, slots=True)
class Series:
    """What is drawn in one colour: a figure for each row or day; None is no shape at all.

    `texts` are the figures in words, where these are not simply the figures that are drawn.
    """

    label: str
    figures: Sequence[float | None]
    texts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points of a day, counted from any one, and a figure. `series` is the number of its colour."""

    series: int
    label: str
    points: Sequence[tuple[float, float]]


def bars(
    names: Sequence[str],
    series: Sequence[Series],
    *,
    width: int,
    text: Text,
    unit: str = "",
    stacked: bool = False,
    top: float | None = None,
) -> Drawing:
    """Bars across, the first row on top: the series of each row one below the other, or one after the other."""
    most_letters = 30 if width > 600 else 17
    left = _LETTER * min(most_letters, max(map(cell_width, names), default=0)) + 8
    sums = [sum(each.figures[row] or 0 for each in series) for row in range(len(names))]
    largest = max(sums if stacked else [figure or 0 for each in series for figure in each.figures], default=0)
    x = Scale(largest if top is None else top, left, width - 30)
    thick, gap = (22, 14) if stacked else (9, 8)
    pitch = (thick if stacked else thick * len(series)) + gap
    bottom = pitch * len(names) + 4
    shapes: list[list[str]] = [[] for _ in series]
    for row, name in enumerate(names):
        y, start = row * pitch + gap / 2, 0.0
        for number, each in enumerate(series):
            figure = each.figures[row]
            if figure is not None:
                at = y if stacked else y + number * thick
                told = each.texts[row] if each.texts else text(figure) + unit
                wide = x(start + figure) - x(start)
                shapes[number].append(_rect(x(start), at, wide, thick, f"{name}: {each.label}: {told}"))
                start += figure if stacked else 0
    labels = [
        _text(left - 8, row * pitch + pitch / 2 + 4, _shortened(name, most_letters), "end", title=name)
        for row, name in enumerate(names)
    ]
    return _drawing(width, bottom + _AXIS, [*_value_axis(x, bottom, text, unit, width), *labels, *_groups(shapes)])


def columns(
    days: Sequence[date],
    series: Sequence[Series],
    *,
    width: int,
    height: int,
    text: Text,
    unit: str = "",
    every: int = 7,
) -> Drawing:
    """A column for each day, the series stacked from below; every seventh day is written, the last one among them."""
    sums = [sum(each.figures[at] or 0 for each in series) for at in range(len(days))]
    y = Scale(max(sums, default=0), height - _AXIS, 12)
    left = _left_of(y, text, unit)
    pitch = (width - left) / max(1, len(days))
    shapes: list[list[str]] = [[] for _ in series]
    for at, day in enumerate(days):
        below = 0.0
        for number, each in enumerate(series):
            figure = each.figures[at] or 0
            if figure:
                told = each.texts[at] if each.texts else text(figure) + unit
                title = f"{day_text(day)}: {each.label}: {told}"
                high = y(below) - y(below + figure)
                shapes[number].append(_rect(left + at * pitch + 1, y(below + figure), pitch - 2, high, title))
                below += figure
    labels = [
        _text(left + (at + 0.5) * pitch, height - 6, day_text(day), "middle" if at < len(days) - 1 else "end")
        for at, day in enumerate(days)
        if (len(days) - 1 - at) % every == 0
    ]
    return _drawing(width, height, [*_level_axis(y, left, width, text, unit), *labels, *_groups(shapes)])


def curves(
    days: Sequence[date], lines: Sequence[Curve], *, width: int, height: int, text: Text, unit: str = "", every: int = 7
) -> Drawing:
    """Lines over days, of which the points give the distance from the first."""
    y = Scale(max((figure for line in lines for _, figure in line.points), default=0), height - _AXIS, 12)
    left = _left_of(y, text, unit)
    x = Scale(max(1, len(days) - 1), left, width - 8)
    shapes: list[list[str]] = [[] for _ in range(1 + max((line.series for line in lines), default=0))]
    for line in lines:
        path = "M" + "L".join(f"{_short(x(at))} {_short(y(figure))}" for at, figure in line.points)
        shapes[line.series].append(f'<path d="{path}"><title>{escape(line.label)}</title></path>')
    labels = [
        _text(x(at), height - 6, day_text(day), "start" if at == 0 else "end" if at == len(days) - 1 else "middle")
        for at, day in enumerate(days)
        if at % every == 0
    ]
    return _drawing(width, height, [*_level_axis(y, left, width, text, unit), *labels, *_groups(shapes)])


def nothing(width: int) -> Drawing:
    """The drawing of a chart that has nothing to show."""
    return _drawing(width, 60, [_text(width / 2, 34, "nothing to show", "middle")])


def _left_of(y: Scale, text: Text, unit: str) -> float:
    return _LETTER * max(len(text(tick) + unit) for tick in y.ticks(4)) + 8


def _value_axis(x: Scale, bottom: float, text: Text, unit: str, width: int) -> list[str]:
    """Upright rules at round figures, which are written below; the last one bears the unit."""
    ticks = x.ticks(6 if width > 600 else 3)
    return [
        part
        for tick in ticks
        for part in (
            _rule(x(tick), 0, x(tick), bottom, is_zero=not tick),
            _text(x(tick), bottom + 15, text(tick) + (unit if tick == ticks[-1] else ""), "middle"),
        )
    ]


def _level_axis(y: Scale, left: float, width: int, text: Text, unit: str) -> list[str]:
    """Level rules at round figures, which are written on the left; the highest one bears the unit."""
    ticks = y.ticks(4)
    return [
        part
        for tick in ticks
        for part in (
            _rule(left, y(tick), width, y(tick), is_zero=not tick),
            _text(left - 6, y(tick) + 4, text(tick) + (unit if tick == ticks[-1] else ""), "end"),
        )
    ]


def _groups(shapes: Iterable[Sequence[str]]) -> list[str]:
    return [f'<g class="color-{number}">{"".join(each)}</g>' for number, each in enumerate(shapes) if each]


def _drawing(width: float, height: float, parts: Iterable[str]) -> Drawing:
    return Drawing(f"0 0 {_short(width)} {ceil(height)}", "".join(parts))


def _rect(x: float, y: float, wide: float, high: float, title: str) -> str:
    box = f'x="{_short(x)}" y="{_short(y)}" width="{_short(max(0, wide))}" height="{_short(max(0, high))}"'
    return f"<rect {box}><title>{escape(title)}</title></rect>"


def _rule(x: float, y: float, to_x: float, to_y: float, *, is_zero: bool) -> str:
    kind = "base" if is_zero else "guide"
    return f'<path class="{kind}" d="M{_short(x)} {_short(y)}L{_short(to_x)} {_short(to_y)}"/>'


def _text(x: float, y: float, text: str, anchor: str, *, title: str = "") -> str:
    told = f"<title>{escape(title)}</title>" if title and title != text else ""
    return f'<text x="{_short(x)}" y="{_short(y)}" text-anchor="{anchor}">{told}{escape(text)}</text>'


def _shortened(text: str, letters: int) -> str:
    if cell_width(text) <= letters:
        return text
    while cell_width(text) > letters - 1:
        text = text[:-1]
    return text + "…"


def _short(number: float) -> str:
    return f"{round(number, 1):g}"
