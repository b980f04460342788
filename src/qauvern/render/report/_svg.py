"""Charts as SVG, drawn straight: lines over days, and small bars for the cells of tables. No colours: classes.

Coordinates are in units of the drawing, about pixels. What a shape or a day stands for is its <title>, which browsers
show as a tooltip and the page's script to the keyboard. Colours and type are the style sheet's: the shapes of series 2
are in a group of class `color-2`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from math import ceil, floor, log10
from typing import Final

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
class Curve:
    """A line through points of a day, counted from any one, and a figure. `series` is the number of its colour."""

    series: int
    label: str
    points: Sequence[tuple[float, float]]


def curves(
    days: Sequence[date],
    lines: Sequence[Curve],
    *,
    width: int,
    height: int,
    text: Text,
    told: Sequence[str],
    unit: str = "",
    every: int = 7,
) -> Drawing:
    """Lines over days, of which the points give the distance from the first; `told` says what there is on each day."""
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
        if (len(days) - 1 - at) % every == 0
    ]
    pitch = (x.end - x.start) / max(1, len(days) - 1)
    hits = [
        f'<rect class="hit" x="{_short(x(at) - pitch / 2)}" y="0" width="{_short(pitch)}" height="{height - _AXIS}">'
        f"<title>{escape(each)}</title></rect>"
        for at, each in enumerate(told)
    ]
    return _drawing(width, height, [*_level_axis(y, left, width, text, unit), *labels, *_groups(shapes), *hits])


def _left_of(y: Scale, text: Text, unit: str) -> float:
    return _LETTER * max(len(text(tick) + unit) for tick in y.ticks(4)) + 8


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


def bar(x: float, to_x: float, high: float, kind: str, *, at: float = 0) -> str:
    """A bar of a cell's drawing, from one place to the other; what is not nothing is never thinner than can be seen."""
    left, wide = min(x, to_x), abs(to_x - x)
    if wide:
        wide = max(wide, 0.8)
    return f'<rect class="{kind}" x="{_short(left)}" y="{_short(at)}" width="{_short(wide)}" height="{_short(high)}"/>'


def _rule(x: float, y: float, to_x: float, to_y: float, *, is_zero: bool) -> str:
    kind = "base" if is_zero else "guide"
    return f'<path class="{kind}" d="M{_short(x)} {_short(y)}L{_short(to_x)} {_short(to_y)}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{_short(x)}" y="{_short(y)}" text-anchor="{anchor}">{escape(text)}</text>'


def _short(number: float) -> str:
    return f"{round(number, 1):g}"
