"""Pictures made of characters: a sparkline of daily usage, and a bar of usage against allocation and limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from qauvern.model import WINDOW_DAYS
from qauvern.render.text import Column
from qauvern.units import MS_PER_SECOND

_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_ASCII_LEVELS: Final = ".:-=+*#@"
BAR_WIDTH: Final = 20


@dataclass(frozen=True, slots=True)
class PictureRow:
    """What is drawn of one instance: usage in milliseconds, allocation and limit in seconds (None: none)."""

    daily_ms: Mapping[date, int]
    consumed_ms: int
    allocation_seconds: int | None
    limit_seconds: int | None


def last_days(daily_ms: Mapping[date, int], today: date) -> list[int]:
    """Milliseconds used on each of the last 28 days, today the last."""
    return [daily_ms.get(today - timedelta(days=back), 0) for back in reversed(range(WINDOW_DAYS))]


def sparkline(values: Sequence[int], *, unicode: bool) -> str:
    """One character a value, its height relative to the highest; a day without usage is blank."""
    levels = _BLOCKS if unicode else _ASCII_LEVELS
    highest = max(values, default=0)
    return "".join(" " if value <= 0 else levels[(value * len(levels) - 1) // highest] for value in values)


def usage_bar(consumed_ms: int, allocation_seconds: int | None, limit_seconds: int | None, *, unicode: bool) -> str:
    """Usage as a filled bar, with A where the allocation is and L where the limit is; X where they coincide.

    The bar's length is the largest of the three.
    """
    consumed = consumed_ms / MS_PER_SECOND
    longest = max(consumed, allocation_seconds or 0, limit_seconds or 0)
    if longest == 0:
        return " " * BAR_WIDTH
    filled = round(BAR_WIDTH * consumed / longest)
    if consumed_ms and not filled:
        filled = 1
    full, empty = ("█", "░") if unicode else ("#", ".")
    bar = list(full * filled + empty * (BAR_WIDTH - filled))
    marks: dict[int, str] = {}
    for figure, mark in ((allocation_seconds, "A"), (limit_seconds, "L")):
        if figure is not None:
            at = min(BAR_WIDTH - 1, max(0, round(BAR_WIDTH * figure / longest) - 1))
            marks[at] = "X" if at in marks else mark
    for at, mark in marks.items():
        bar[at] = mark
    return "".join(bar)


def picture_columns(rows: Sequence[PictureRow], today: date, *, unicode: bool) -> list[Column]:
    """The Daily and Use columns of a table; the first to go where there is no room."""
    daily = [sparkline(last_days(row.daily_ms, today), unicode=unicode) for row in rows]
    use = [usage_bar(row.consumed_ms, row.allocation_seconds, row.limit_seconds, unicode=unicode) for row in rows]
    return [
        Column("Daily", daily, is_text=True, drop_order=101),
        Column("Use", use, is_text=True, drop_order=102),
    ]


_NOTES: Final = {
    "Daily": "Daily: usage of the last 28 days, today on the right, each instance on its own scale.",
    "Use": "Use: 28-day usage against the allocation (A) and the limit (L); X is both.",
}


def picture_notes(pictures: Sequence[Column], dropped: Sequence[str]) -> list[str]:
    """What the pictures that are shown mean."""
    return [_NOTES[each.header] for each in pictures if each.header not in dropped]
