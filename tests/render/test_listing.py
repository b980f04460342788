"""Listings: sorted, cut, grouped, and added up."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.figures import DELTA, FLAG, RATIO, TEXT, Figure, Record, part
from qauvern.model import InstanceSettings
from qauvern.render.listing import Order, Part, UnknownField, View
from tests.helpers.make import crn


@dataclass(frozen=True)
class Row:
    name: str
    change: int = 0
    limit: int | None = None
    fairness: Fraction | None = None
    group: str | None = None

    @property
    def configured(self) -> InstanceSettings:
        return InstanceSettings(self.name, crn(self.name), group=self.group)


NAME: Figure[Row] = Figure("name", "Name", TEXT, lambda row: row.name, "Its name")
CHANGE: Figure[Row] = Figure(
    "allocation_delta_seconds", "Change", DELTA, lambda row: row.change, "Its change", adds_up=True
)
LIMIT: Figure[Row] = Figure("new_limit_seconds", "New Limit", DELTA, lambda row: row.limit, "Its limit")
FAIRNESS: Figure[Row] = Figure("fairness", "Fairness", RATIO, lambda row: row.fairness, "Its fairness")
IS_LONG: Figure[Row] = Figure("is_long", "Long", FLAG, lambda row: len(row.name) > 1, "Whether its name is long")
INNER: Figure[Row] = Figure("inner", "Inner", part(Record("inner", "", "", ())), lambda _row: None, "An object")
ROWS = Record("row", "Row", "A row.", (NAME, CHANGE, LIMIT, FAIRNESS, IS_LONG, INNER))


def names(rows: list[Row] | tuple[Row, ...]) -> list[str]:
    return [row.name for row in rows]


class TestOrder:
    @pytest.mark.parametrize(
        ("text", "figure", "descending"),
        [
            ("change", CHANGE, False),
            ("Change:desc", CHANGE, True),
            ("CHANGE:ASC", CHANGE, False),
            ("allocation_delta_seconds:desc", CHANGE, True),
            ("new limit", LIMIT, False),
            ("New-Limit:DESC", LIMIT, True),
        ],
    )
    def test_goes_by_the_json_name_or_the_heading_in_any_case(
        self, text: str, figure: Figure[Row], descending: bool
    ) -> None:
        assert Order.parse(text, ROWS) == Order(figure, descending)

    @pytest.mark.parametrize("text", ["chnage", "Chang:desc", "change:down", "", ":desc", "inner"])
    def test_by_what_the_rows_do_not_have_is_refused(self, text: str) -> None:
        with pytest.raises(UnknownField):
            Order.parse(text, ROWS)

    def test_names_the_nearest_field(self) -> None:
        with pytest.raises(UnknownField, match="mean 'new_limit_seconds'"):
            Order.parse("new-limits:desc", ROWS)

    def test_is_of_signed_numbers(self) -> None:
        rows = [Row("a", -5), Row("b", 40), Row("c", 0), Row("d", -100)]
        assert names(Order(CHANGE).sorted(rows)) == ["d", "a", "c", "b"]
        assert names(Order(CHANGE, descending=True).sorted(rows)) == ["b", "c", "a", "d"]

    def test_has_none_last_either_way(self) -> None:
        rows = [Row("none"), Row("small", limit=1), Row("large", limit=2)]
        assert names(Order(LIMIT).sorted(rows)) == ["small", "large", "none"]
        assert names(Order(LIMIT, descending=True).sorted(rows)) == ["large", "small", "none"]

    def test_has_infinite_fairness_as_the_largest(self) -> None:
        rows = [Row("infinite"), Row("high", fairness=Fraction(9)), Row("zero", fairness=Fraction(0))]
        assert names(Order(FAIRNESS).sorted(rows)) == ["zero", "high", "infinite"]
        assert names(Order(FAIRNESS, descending=True).sorted(rows)) == ["infinite", "high", "zero"]

    def test_of_text_is_in_any_case_and_of_flags_has_false_first(self) -> None:
        assert names(Order(NAME).sorted([Row("b"), Row("A"), Row("c")])) == ["A", "b", "c"]
        assert names(Order(IS_LONG).sorted([Row("long"), Row("s")])) == ["s", "long"]

    @given(st.lists(st.tuples(st.integers(-3, 3), st.one_of(st.none(), st.integers(0, 3)))), st.booleans())
    def test_keeps_equal_rows_as_they_came_and_loses_none(
        self, figures: list[tuple[int, int | None]], descending: bool
    ) -> None:
        rows = [Row(str(index), change, limit) for index, (change, limit) in enumerate(figures)]
        for figure in (CHANGE, LIMIT):
            done = Order(figure, descending).sorted(rows)
            assert sorted(names(done)) == sorted(names(rows))
            for one, other in pairwise(done):
                here, there = figure.read(one), figure.read(other)
                if here == there:
                    assert int(one.name) < int(other.name)
                elif here is not None and there is not None:
                    assert (here > there) is descending
                else:
                    assert there is None


class TestView:
    ROWS = (Row("a", 5, group="x"), Row("b", -7, group="y"), Row("c", 1), Row("d", 2, group="x"))

    def test_of_itself_lists_all_as_they_come(self) -> None:
        listing = View[Row]().listing(self.ROWS)
        assert listing.rows == listing.everything == self.ROWS
        assert listing.entries == list(self.ROWS)
        assert list(listing.totals) == [Part("Total", self.ROWS)]

    def test_takes_the_first_of_the_chosen_once_they_are_sorted(self) -> None:
        view = View(Order(CHANGE, descending=True), top=2)
        listing = view.listing(self.ROWS, chosen=[crn(name) for name in "bcd"])
        assert names(listing.rows) == ["d", "c"]
        assert list(listing.totals) == [Part("Shown (2)", listing.rows), Part("All (4)", self.ROWS)]

    def test_by_group_has_a_line_for_each_before_its_rows_and_those_in_none_last(self) -> None:
        listing = View[Row](by_group=True).listing(self.ROWS)
        entries = [each.title if isinstance(each, Part) else each.name for each in listing.entries]
        assert entries == ["x (2)", "a", "d", "y (1)", "b", "in no group (1)", "c"]
        assert names(listing.rows) == ["a", "d", "b", "c"]

    def test_by_group_sorts_groups_by_what_their_rows_come_to(self) -> None:
        view = View(Order(CHANGE), by_group=True)
        listing = view.listing(self.ROWS)
        assert [part.title for part in listing.parts or ()] == ["y (1)", "in no group (1)", "x (2)"]
        assert names(listing.rows) == ["b", "c", "d", "a"]

    def test_by_group_keeps_groups_by_name_where_there_is_no_total_to_sort_by(self) -> None:
        view = View(Order(NAME, descending=True), by_group=True)
        listing = view.listing(self.ROWS)
        assert [part.title for part in listing.parts or ()] == ["x (2)", "y (1)", "in no group (1)"]
