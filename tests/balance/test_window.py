"""The rolling window of 28 days and today."""

from __future__ import annotations

from datetime import date

import pytest

from qauvern.balance import usage_in_window, window_start
from qauvern.model import DailyUsage, UsageNotRead

TODAY = date(2026, 3, 29)


def test_it_starts_28_days_before_today() -> None:
    assert window_start(TODAY) == date(2026, 3, 1)


def test_both_ends_are_in() -> None:
    used = DailyUsage(
        date(2026, 2, 1), {date(2026, 2, 28): 1, date(2026, 3, 1): 20, TODAY: 300, date(2026, 3, 30): 4000}
    )
    assert usage_in_window(used, TODAY) == 20 + 300


def test_a_window_that_was_not_read_whole_is_not_added_up() -> None:
    with pytest.raises(UsageNotRead):
        usage_in_window(DailyUsage(date(2026, 3, 2), {}), TODAY)
