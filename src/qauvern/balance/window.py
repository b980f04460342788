"""The rolling window, in whole UTC days."""

from __future__ import annotations

from datetime import date, timedelta

from qauvern.model import WINDOW_DAYS, DailyUsage


def window_start(today: date) -> date:
    """First day of the window of `today`, which is [today - 28, today], both ends in."""
    return today - timedelta(days=WINDOW_DAYS)


def usage_in_window(daily: DailyUsage, today: date) -> int:
    """Milliseconds used on the days of the window of `today`.

    Raises:
        UsageNotRead: it was not read from the window's first day on.
    """
    return sum(used_ms for _, used_ms in daily.between(window_start(today), today))
