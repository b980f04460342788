"""Text for a terminal: names made safe, tables that fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.render.text import Column, draw_table, facts, printable


class TestPrintable:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain name", "plain name"),
            ("量子 Überprüfung", "量子 Überprüfung"),
            ("\x1b[2J", r"\x1b[2J"),
            ("a\nb\tc\rd", r"a\nb\tc\rd"),
            ("\x07\x9b", r"\x07\x9b"),
            ("\u202egnp.exe", r"\u202egnp.exe"),
        ],
    )
    def test_makes_control_characters_visible(self, text: str, shown: str) -> None:
        assert printable(text) == shown

    @given(st.text())
    def test_what_comes_out_is_one_line_that_no_terminal_obeys(self, text: str) -> None:
        shown = printable(text)
        assert shown.isprintable()
        assert len((shown + "|").splitlines()) == 1


NAME = Column("Name", ["a-rather-long-name-of-one", "b"], is_text=True, shrinks_to=8)
FIGURE = Column("Seconds", ["1,000", "20"])
EXTRA = Column("Extra", ["1", "2"], drop_order=1)
LEAST = Column("Least", ["3", "4"], drop_order=2)


class TestDrawTable:
    def test_figures_are_aligned_on_the_right_text_on_the_left(self) -> None:
        table = draw_table([Column("Name", ["a", "bcd"], is_text=True), FIGURE], width=None)
        assert table.text.splitlines() == [
            "Name  Seconds",
            "----  -------",
            "a       1,000",
            "bcd        20",
        ]

    def test_totals_stand_below_a_rule_of_their_own(self) -> None:
        lines = draw_table([NAME, FIGURE], width=None, totals=["Total", "1,020"]).text.splitlines()
        assert lines[-1].split() == ["Total", "1,020"]
        assert lines[-2] == lines[1]

    def test_without_a_width_nothing_is_left_out_or_cut(self) -> None:
        table = draw_table([NAME, FIGURE, EXTRA, LEAST], width=None)
        assert table.dropped == ()
        assert NAME.cells[0] in table.text

    def test_the_name_is_cut_before_anything_is_left_out(self) -> None:
        table = draw_table([NAME, FIGURE, EXTRA, LEAST], width=34)
        assert table.dropped == ()
        assert len(table.text.splitlines()[0]) == 34
        assert "a-rather" in table.text
        assert NAME.cells[0] not in table.text

    def test_the_highest_drop_order_goes_first(self) -> None:
        assert draw_table([NAME, FIGURE, EXTRA, LEAST], width=27).dropped == ("Least",)
        assert draw_table([NAME, FIGURE, EXTRA, LEAST], width=20).dropped == ("Extra", "Least")

    def test_what_must_stay_stays_at_any_width(self) -> None:
        table = draw_table([NAME, FIGURE, EXTRA, LEAST], width=1)
        assert table.text.splitlines()[0].split() == ["Name", "Seconds"]

    def test_numbers_are_printed_as_they_are_given(self) -> None:
        cells = ["0.10", "1e5", "007", "-"]
        rows = draw_table([Column("Figure", cells)], width=None).text.splitlines()[2:]
        assert [row.strip() for row in rows] == cells

    def test_a_table_without_rows_is_its_headers(self) -> None:
        assert draw_table([Column("Name", []), Column("B", [])], width=80).text.split("\n")[0].split() == ["Name", "B"]

    @given(
        names=st.lists(st.text("abcdefgh -", min_size=1, max_size=60), min_size=1, max_size=5),
        width=st.integers(24, 120),
    )
    def test_it_is_never_wider_than_it_may_be(self, names: list[str], width: int) -> None:
        columns = [
            Column("Name", names, is_text=True, shrinks_to=8),
            Column("Seconds", ["1,234,567"] * len(names)),
            Column("Extra", ["1,234"] * len(names), drop_order=1),
            Column("Least", ["1,234"] * len(names), drop_order=2),
        ]
        table = draw_table(columns, width=width, totals=["Total", "9", "9", "9"])
        assert max(map(len, table.text.splitlines())) <= width
        assert len(table.text.splitlines()) == len(names) + 4


class TestFacts:
    def test_values_stand_below_each_other(self) -> None:
        assert facts([("A", "1"), ("Long label", "2"), ("B", "")]) == "A           1\nLong label  2\nB"
