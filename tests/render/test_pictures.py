"""Sparklines and bars made of characters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.render.pictures import (
    BAR_WIDTH,
    PictureRow,
    last_days,
    picture_columns,
    picture_notes,
    sparkline,
    usage_bar,
)
from tests.helpers.make import TODAY

LEVELS = {True: " ▁▂▃▄▅▆▇█", False: " .:-=+*#@"}
milliseconds = st.integers(0, 10**9)
figures = st.none() | st.integers(0, 10**6)


class TestSparkline:
    @given(st.lists(milliseconds, min_size=1, max_size=28), st.booleans())
    def test_more_usage_is_never_lower_and_the_most_is_full(self, values: list[int], unicode: bool) -> None:
        drawn = sparkline(values, unicode=unicode)
        assert len(drawn) == len(values)
        heights = [LEVELS[unicode].index(character) for character in drawn]
        by_value = [height for _, height in sorted(zip(values, heights, strict=True))]
        assert by_value == sorted(by_value)
        assert max(heights) == (8 if any(values) else 0)
        assert all((height > 0) == (value > 0) for value, height in zip(values, heights, strict=True))

    def test_by_example(self) -> None:
        assert sparkline([0, 1, 4, 8], unicode=True) == " ▁▄█"
        assert sparkline([0, 1, 4, 8], unicode=False) == " .=@"
        assert sparkline([], unicode=True) == ""

    def test_the_days_end_today_and_are_28(self) -> None:
        used = {TODAY: 5, TODAY - timedelta(days=27): 3, TODAY - timedelta(days=28): 9}
        assert last_days(used, TODAY) == [3, *[0] * 26, 5]


class TestUsageBar:
    @given(milliseconds, figures, figures, st.booleans())
    def test_is_always_as_wide_and_of_its_characters(
        self, consumed_ms: int, allocation: int | None, limit: int | None, unicode: bool
    ) -> None:
        bar = usage_bar(consumed_ms, allocation, limit, unicode=unicode)
        assert len(bar) == BAR_WIDTH
        assert set(bar) <= set("█░ALX " if unicode else "#.ALX ")

    @given(st.lists(st.integers(0, 10**6), min_size=2, max_size=2), st.integers(1, 1000), st.booleans())
    def test_more_usage_is_never_shorter(self, consumed: list[int], allocation: int, unicode: bool) -> None:
        longest = max(*consumed, allocation * 1000)  # the same scale for both
        less, more = (
            sum(character in "█#X" for character in usage_bar(each, None, -(-longest // 1000), unicode=unicode))
            for each in sorted(consumed)
        )
        assert less <= more

    @pytest.mark.parametrize(
        ("consumed", "allocation", "limit", "bar"),
        [
            (50, 100, None, "##########.........A"),
            (50, 100, 75, "##########....L....A"),
            (50, 100, 100, "##########.........X"),
            (150, 100, 75, "#########L##A#######"),
            (0, 100, None, "...................A"),
            (1, 10_000, None, "#..................A"),
            (10, None, None, "####################"),
            (0, None, None, "                    "),
            (0, 0, 0, "                    "),
            (10, 0, None, "A###################"),
        ],
    )
    def test_by_example(self, consumed: int, allocation: int | None, limit: int | None, bar: str) -> None:
        assert usage_bar(consumed * 1000, allocation, limit, unicode=False) == bar


class TestColumns:
    rows = (PictureRow({TODAY: 5}, 5000, 10, None), PictureRow({}, 0, None, None))

    def test_without_utf_8_they_are_plain_ascii(self) -> None:
        for column in picture_columns(self.rows, TODAY, unicode=False):
            assert "".join(column.cells).isascii()
        assert not "".join(picture_columns(self.rows, TODAY, unicode=True)[0].cells).isascii()

    def test_those_that_are_shown_are_explained(self) -> None:
        columns = picture_columns(self.rows, TODAY, unicode=True)
        daily, use = picture_notes(columns, [])
        assert "today on the right" in daily
        assert all(mark in use for mark in ("(A)", "(L)", "X is both"))
        assert picture_notes(columns, ["Use", "14d"]) == [daily]
        assert picture_notes(columns, ["Use", "Daily"]) == picture_notes([], []) == []
