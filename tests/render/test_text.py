"""Text for a terminal: names made safe, tables that fit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from click import style, unstyle
from hypothesis import given
from hypothesis import strategies as st

from qauvern.render.text import Column, cell_width, draw_table, facts, printable, some_of, wrap


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


def drawn(columns: list[Column], width: int | None) -> list[str]:
    return unstyle(draw_table(columns, width=width).text).splitlines()


class TestDrawTable:
    def test_figures_are_aligned_on_the_right_text_on_the_left(self) -> None:
        assert drawn([Column("Name", ["a", "bcd"], is_text=True), FIGURE], None) == [
            "Name  Seconds",
            "----  -------",
            "a       1,000",
            "bcd        20",
        ]

    def test_totals_stand_below_a_rule_of_their_own(self) -> None:
        lines = drawn([replace(NAME, totals=["Total"]), replace(FIGURE, totals=["1,020"]), EXTRA], None)
        assert lines[-1].split() == ["Total", "1,020"]
        assert lines[-2] == lines[1]

    def test_without_a_width_nothing_is_left_out_or_cut(self) -> None:
        table = draw_table([NAME, FIGURE, EXTRA, LEAST], width=None)
        assert table.dropped == ()
        assert NAME.cells[0] in table.text

    def test_the_name_is_wrapped_at_its_hyphens_before_anything_is_left_out(self) -> None:
        assert draw_table([NAME, FIGURE, EXTRA, LEAST], width=34).dropped == ()
        assert drawn([NAME, FIGURE, EXTRA, LEAST], 34) == [
            "Name         Seconds  Extra  Least",
            "-----------  -------  -----  -----",
            "a-rather-      1,000      1      3",
            "long-name-",
            "of-one",
            "b                 20      2      4",
        ]

    def test_the_highest_drop_order_goes_first(self) -> None:
        assert draw_table([NAME, FIGURE, EXTRA, LEAST], width=27).dropped == ("Least",)
        assert draw_table([NAME, FIGURE, EXTRA, LEAST], width=20).dropped == ("Extra", "Least")

    def test_what_must_stay_stays_at_any_width(self) -> None:
        assert drawn([NAME, FIGURE, EXTRA, LEAST], 1)[0].split() == ["Name", "Seconds"]

    def test_only_a_word_that_has_no_room_at_all_is_cut(self) -> None:
        long = Column("Name", ["unbreakablename", "b"], is_text=True, shrinks_to=8)
        assert "unbreakablename" in draw_table([long, FIGURE, EXTRA], width=24).text
        assert drawn([long, FIGURE], 17)[2].split() == ["unbrea..", "1,000"]

    def test_wide_letters_take_two_cells(self) -> None:
        lines = drawn([Column("Name", ["量子化学-計算", "b"], is_text=True), FIGURE], None)
        assert [cell_width(line) for line in lines] == [cell_width(lines[0])] * 4
        narrow = drawn([Column("Name", ["量子化学-計算", "b"], is_text=True, shrinks_to=8), FIGURE], 18)
        assert [line.split()[0] for line in narrow[2:]] == ["量子化学-", "計算", "b"]
        assert max(map(cell_width, narrow)) <= 18

    def test_numbers_are_printed_as_they_are_given(self) -> None:
        cells = ["0.10", "1e5", "007", "-"]
        assert [row.strip() for row in drawn([Column("Figure", cells)], None)[2:]] == cells

    def test_a_table_without_rows_is_its_headers(self) -> None:
        assert drawn([Column("Name", []), Column("B", [])], 80)[0].split() == ["Name", "B"]

    def test_headers_are_bold_rules_and_zeros_are_dim(self) -> None:
        header, rule, zero, some = draw_table([Column("N", ["0", "7"])], width=None).text.splitlines()
        assert header == style("N", bold=True)
        assert rule == style("-", dim=True)
        assert (zero, some) == (style("0", dim=True), "7")

    @given(
        names=st.lists(st.text("abcdefgh -量", min_size=1, max_size=60), min_size=1, max_size=5),
        width=st.integers(24, 120),
    )
    def test_it_is_never_wider_than_it_may_be(self, names: list[str], width: int) -> None:
        columns = [
            Column("Name", names, is_text=True, shrinks_to=8, totals=["Total"]),
            Column("Seconds", ["1,234,567"] * len(names), totals=["9"]),
            Column("Extra", ["1,234"] * len(names), drop_order=1, totals=["9"]),
            Column("Least", ["1,234"] * len(names), drop_order=2, totals=["9"]),
        ]
        assert max(map(cell_width, drawn(columns, width))) <= width


class TestWrap:
    def test_breaks_at_spaces_and_nowhere_else(self) -> None:
        text = "run 20261124T234553Z-843d was cut off-line"
        assert wrap(text, 20, hanging="  ") == ["run", "  20261124T234553Z-843d", "  was cut off-line"]

    def test_breaks_at_hyphens_where_that_is_asked_for(self) -> None:
        assert wrap("error-mitigation-lab", 12, at_hyphens=True) == ["error-", "mitigation-", "lab"]

    @given(st.text("abc é量-", max_size=80), st.integers(1, 40), st.booleans())
    def test_loses_nothing_but_spaces(self, text: str, width: int, at_hyphens: bool) -> None:
        lines = wrap(text, width, at_hyphens=at_hyphens)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")


class TestFacts:
    def test_values_stand_below_each_other(self) -> None:
        assert facts([("A", "1"), ("Long label", "2"), ("B", "")]) == "A           1\nLong label  2\nB"

    def test_long_values_are_wrapped_below_themselves(self) -> None:
        assert facts([("A", "one two three")], width=11) == "A  one two\n   three"


def test_some_of_many_are_named_and_the_rest_counted() -> None:
    assert some_of(["a", "b"], at_most=2) == "a, b"
    assert some_of([*"abcd"], at_most=2) == "a, b and 2 more"
