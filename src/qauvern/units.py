"""Seconds, milliseconds and percent: how they are parsed, converted and printed.

Usage is held in integer milliseconds, allocations and limits in integer seconds, shares in exact rationals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import Enum
from fractions import Fraction

MS_PER_SECOND = 1_000
SECONDS_PER_QAU = 96_000
"""One QAU is 1,600 minutes."""

_SECONDS_PER_UNIT = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "qau": SECONDS_PER_QAU}
_DURATION = re.compile(r"(?P<figure>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>s|m|h|d|qau|)", re.IGNORECASE)


def parse_duration(text: str) -> int:
    """Whole seconds of a duration such as 96000, 96000s, 30m, 10h, 2.5d or 1qau.

    Raises:
        ValueError: the text is not a duration, or not a whole number of seconds.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a valid duration: write seconds (96000), or a number with s, m, h, d or qau")
    seconds = Fraction(match["figure"]) * _SECONDS_PER_UNIT[match["unit"].lower()]
    if seconds.denominator != 1:
        raise ValueError(f"{text!r} is not a whole number of seconds")
    return int(seconds)


def ms_from_seconds(seconds: int | Decimal) -> int:
    """Milliseconds of a figure in seconds, to the nearest one, so that 0.1 + 0.2 of a JSON float stays 300."""
    return round(Decimal(seconds) * MS_PER_SECOND)


def ceil_seconds(milliseconds: int) -> int:
    """The fewest whole seconds that hold the milliseconds."""
    return -(-milliseconds // MS_PER_SECOND)


def floor_seconds(milliseconds: int) -> int:
    """The most whole seconds within the milliseconds."""
    return milliseconds // MS_PER_SECOND


def seconds_number(milliseconds: int) -> int | float:
    """Seconds as a JSON number: whole where they are whole."""
    whole, rest = divmod(milliseconds, MS_PER_SECOND)
    return milliseconds / MS_PER_SECOND if rest else whole


def format_seconds(seconds: int | None, *, absent: str = "-") -> str:
    """Whole seconds with thousands separators, or `absent` for none."""
    return absent if seconds is None else f"{seconds:,}"


def seconds_text(seconds: int | None) -> str:
    """Whole seconds within a sentence: 1,234 s, or none."""
    return "none" if seconds is None else f"{seconds:,} s"


def format_ms(milliseconds: int | None, *, absent: str = "-") -> str:
    """Milliseconds as seconds with thousands separators, one decimal where they are not whole.

    What is above zero never reads as 0: below 0.1 s it is `<0.1`.
    """
    if milliseconds is None:
        return absent
    if milliseconds % MS_PER_SECOND == 0:
        return f"{milliseconds // MS_PER_SECOND:,}"
    if 0 < milliseconds < 100:
        return "<0.1"
    tenths = round(Fraction(milliseconds, 100))
    return f"{tenths // 10:,}.{tenths % 10}"


def format_signed_seconds(seconds: int) -> str:
    """A change in seconds with its sign: +60, -1,200, or 0."""
    return f"{seconds:+,}" if seconds else "0"


def format_percent(share: Fraction, *, digits: int = 1) -> str:
    """A share as a percentage: Fraction(1, 8) is 12.5%."""
    return f"{float(share * 100):.{digits}f}%"


class TimeUnit(str, Enum):
    """What time is shown in. Beside seconds it is for reading: nothing is computed in it."""

    SECONDS = "s"
    MINUTES = "min"
    HOURS = "h"
    QAU = "qau"

    @property
    def seconds(self) -> int:
        """How many seconds one of it has."""
        return {"s": 1, "min": 60, "h": 3_600, "qau": SECONDS_PER_QAU}[self.value]

    @property
    def digits(self) -> int:
        """Decimals that are shown."""
        return 4 if self is TimeUnit.QAU else 2

    def text(self, milliseconds: int, *, signed: bool = False) -> str:
        """The time in this unit with thousands separators: 5,000 s is 1.39 h. Seconds are as `format_ms` has them.

        Other units are rounded to the nearest hundredth (QAU: ten-thousandth), halves away from zero; 0 is `0`, and
        what is not 0 never reads so: below the last decimal it is `<0.01`, or `>-0.01`. `signed` shows a plus sign.
        """
        if self is TimeUnit.SECONDS:
            return format_signed_seconds(milliseconds // MS_PER_SECOND) if signed else format_ms(milliseconds)
        if milliseconds == 0:
            return "0"
        scale = 10**self.digits
        size = abs(Fraction(milliseconds * scale, self.seconds * MS_PER_SECOND))
        rounded = int(size + Fraction(1, 2))
        if rounded == 0:
            return f"{'<' if milliseconds > 0 else '>-'}{1 / scale:.{self.digits}f}"
        sign = "-" if milliseconds < 0 else "+" if signed else ""
        return f"{sign}{rounded // scale:,}.{rounded % scale:0{self.digits}}"
