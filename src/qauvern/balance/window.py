"""The rolling window, in whole UTC days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from qauvern.model import WINDOW_DAYS


def window_start(today: date) -> date:
    """First day of the window of `today`, which is [today - 28, today], both ends in."""
    return today - timedelta(days=WINDOW_DAYS)


def usage_in_window(daily_ms: Mapping[date, int], today: date) -> int:
    """Milliseconds used on the days of the window of `today`."""
    first = window_start(today)
    return sum(used_ms for day, used_ms in daily_ms.items() if first <= day <= today)
