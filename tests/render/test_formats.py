"""Rows as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.render.formats import csv_text

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestText:
    @pytest.mark.parametrize("start", FORMULA_STARTS, ids=repr)
    def test_what_a_spreadsheet_would_take_for_a_formula_gets_an_apostrophe(self, start: str) -> None:
        (row,) = read(csv_text([{"name": f"{start}cmd|' /C calc'!A0"}]))
        assert row["name"] == f"'{start}cmd|' /C calc'!A0"

    @pytest.mark.parametrize("text", ["a=1", "1-2", "it's", "'quoted", "a\tb", ""])
    def test_any_other_text_stays(self, text: str) -> None:
        assert read(csv_text([{"name": text, "more": "x"}]))[0]["name"] == text

    @given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
    def test_it_reads_back_whatever_it_holds(self, text: str) -> None:
        (row,) = read(csv_text([{"name": text, "more": "x"}]))
        assert row["name"] == ("'" + text if text.startswith(FORMULA_STARTS) else text)

    @pytest.mark.parametrize("text", ['say "hi"', "a,b", "two\nlines", "cr\rhere", 'all,"of\r\nit'])
    def test_commas_quotes_and_line_breaks_stay_in_their_cell(self, text: str) -> None:
        rows = read(csv_text([{"name": text, "more": 1}, {"name": "next", "more": 2}]))
        assert [(row["name"], row["more"]) for row in rows] == [(text, "1"), ("next", "2")]


class TestOtherValues:
    @pytest.mark.parametrize(
        ("value", "cell"),
        [(-5, "-5"), (-0.25, "-0.25"), (0, "0"), (10**12, "1000000000000"), (1e-9, "1e-09"), (None, "")],
    )
    def test_numbers_stay_numbers_and_nothing_is_empty(self, value: Any, cell: str) -> None:
        assert read(csv_text([{"figure": value, "more": "x"}]))[0]["figure"] == cell

    def test_true_and_false_as_json_has_them(self) -> None:
        assert csv_text([{"a": True, "b": False}]) == "a,b\ntrue,false\n"

    def test_objects_become_columns_and_lists_are_left_out(self) -> None:
        assert csv_text([{"a": {"b": 1, "c": {"d": -2}}, "e": [1, 2]}]) == "a_b,a_c_d\n1,-2\n"


class TestColumns:
    def test_given_ones_are_there_without_any_row(self) -> None:
        assert csv_text([], ("a", "b")) == "a,b\n"

    def test_given_ones_are_there_whatever_the_rows_hold(self) -> None:
        rows: list[dict[str, Any]] = [{"x": {"y": 1}}, {"x": None, "z": 3}]
        assert csv_text(rows, ("x_y", "z")) == "x_y,z\n1,\n,3\n"
