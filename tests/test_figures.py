"""Figures: declared once, read and written the same wherever they show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern import figures
from qauvern.balance import Proposal, propose
from tests.helpers.make import TODAY, Team, grant, line, settings, snapshot


def proposed(*teams: Team) -> Proposal:
    return propose(snapshot(teams, budget=10_000), settings(teams), TODAY)


class TestFigure:
    def test_is_a_json_value_and_a_text_of_the_same_reading(self) -> None:
        row = line(proposed(Team("a", 1_234, consumed=1_234.5)), "a")
        assert (figures.USED_28D.value(row), figures.USED_28D.text(row)) == (1234.5, "1,234.5")
        assert (figures.CURRENT_ALLOCATION.value(row), figures.CURRENT_ALLOCATION.text(row)) == (1234, "1,234")

    def test_without_a_value_is_null_and_a_sign(self) -> None:
        row = line(proposed(Team("a", consumed=5)), "a")
        assert (figures.NEW_LIMIT.value(row), figures.NEW_LIMIT.text(row)) == (None, "-")
        infinite = replace(row, live=replace(row.live, allocation_seconds=0))
        assert (figures.FAIRNESS.value(infinite), figures.FAIRNESS.text(infinite)) == (None, "inf")

    def test_totals_are_exact_sums_of_what_adds_up(self) -> None:
        rows = proposed(Team("a", 100, consumed=0.1), Team("b", 50, consumed=0.2), Team("c", None)).lines
        assert figures.USED_28D.total_text(rows) == "0.3"
        assert figures.CURRENT_ALLOCATION.total_text(rows) == "150"
        assert figures.FAIRNESS.total_text(rows) == ""

    def test_of_another_kind_of_row_keeps_its_heading_and_unit(self) -> None:
        other = figures.CURRENT_ALLOCATION.of(lambda seconds: seconds, name="allocation_seconds")
        assert (other.name, other.heading) == ("allocation_seconds", figures.CURRENT_ALLOCATION.heading)
        assert (other.text(5_000), other.total_text([1_000, None, 500])) == ("5,000", "1,500")


class TestRecords:
    def test_of_a_proposal_come_by_name(self) -> None:
        records = figures.instance_records(proposed(Team("b"), Team("A"), Team("c")).lines)
        assert [each["name"] for each in records] == ["A", "b", "c"]

    @pytest.mark.parametrize(
        ("team", "expected"),
        [
            (Team("a"), None),
            (Team("a", live_limit=7), None),
            (Team("a", limit=7), (7, 0, 7)),
            (Team("a", limit=7, grants=(grant(TODAY, TODAY.replace(day=28), 5),)), (7, 5, 12)),
        ],
    )
    def test_break_a_limit_down_wherever_the_config_sets_one(
        self, team: Team, expected: tuple[int, int, int] | None
    ) -> None:
        (record,) = figures.instance_records(proposed(team).lines)
        terms = record["limit_breakdown"]
        keys = ("base_seconds", "unspent_grant_seconds", "total_seconds")
        assert (terms and tuple(terms[key] for key in keys)) == expected

    def test_have_a_column_for_each_figure_of_an_object_within(self) -> None:
        columns = figures.ANALYZED_INSTANCE.columns()
        assert "limit_breakdown_base_seconds" in columns
        assert "limit_breakdown" not in columns
