"""What analyze says of a proposal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click import unstyle

from qauvern.balance import Proposal, propose
from qauvern.render.analysis import (
    analysis_notes,
    analysis_table,
    changes_table,
    limit_cell,
    underutilized_lines,
)
from qauvern.render.documents import analysis_document
from qauvern.render.text import Table, cell_width
from tests.helpers.make import TODAY, Team, grant, line, settings, snapshot


def proposed(*teams: Team, budget: int | None = 1_000, minimum: int = 10, **account: float) -> Proposal:
    return propose(
        snapshot(teams, budget=budget, unconfigured_consumed=account.get("elsewhere", 0)),
        settings(teams, minimum=minimum),
        TODAY,
    )


def named(proposal: Proposal, name: str) -> Proposal:
    """The proposal of one instance, which has another name."""
    (only,) = proposal.lines
    return replace(proposal, lines=(replace(only, configured=replace(only.configured, name=name)),))


ACTIVE = grant(TODAY - timedelta(days=5), TODAY + timedelta(days=5), 50)
ENDED = grant(date(2026, 3, 1), date(2026, 3, 10), 50)


class TestLimitCell:
    @pytest.mark.parametrize(
        ("team", "cell"),
        [
            pytest.param(Team("a"), "-", id="no limit"),
            pytest.param(Team("a", live_limit=2_000), "2,000", id="the live one stays"),
            pytest.param(Team("a", limit=100, consumed=101), "100 !", id="in debt"),
            pytest.param(Team("a", limit=100, consumed=100), "100", id="reached, not in debt"),
            pytest.param(Team("a", limit=100, grants=(ACTIVE,)), "150 +", id="active grant"),
            pytest.param(
                Team("a", limit=100, grants=(ENDED,), daily={date(2026, 3, 5): 20}, consumed=20),
                "120 +.",
                id="a grant that ended credits what it paid",
            ),
            pytest.param(Team("a", limit=100, grants=(ACTIVE,), consumed=151), "150 + !", id="both"),
        ],
    )
    def test_says_the_limit_its_grants_and_debt(self, team: Team, cell: str) -> None:
        assert limit_cell(line(proposed(team), "a")) == cell


class TestDocument:
    def entry(self, proposal: Proposal, name: str = "a") -> dict[str, object]:
        found = next(each for each in analysis_document(proposal)["instances"] if each["name"] == name)
        assert isinstance(found, dict)
        return found

    @pytest.mark.parametrize(
        ("allocation", "consumed", "fairness"),
        [pytest.param(100, 25, 0.25, id="quotient"), pytest.param(100, 0, 0.0, id="unused")],
    )
    def test_fairness(self, allocation: int, consumed: float, fairness: float | None) -> None:
        assert self.entry(proposed(Team("a", allocation=allocation, consumed=consumed)))["fairness"] == fairness

    @pytest.mark.parametrize(
        ("live", "new", "delta"),
        [(None, None, 0), (100, 150, 50), (150, 100, -50), (None, 100, None)],
    )
    def test_limit_delta_is_null_where_only_one_is_a_limit(
        self, live: int | None, new: int | None, delta: int | None
    ) -> None:
        assert self.entry(proposed(Team("a", live_limit=live, limit=new)))["limit_delta_seconds"] == delta

    @pytest.mark.parametrize(("consumed", "reached"), [(99.999, False), (100, True), (101, True)])
    def test_limit_reached_is_at_or_above_it(self, consumed: float, reached: bool) -> None:
        assert self.entry(proposed(Team("a", limit=100, consumed=consumed)))["limit_reached"] is reached

    def test_a_plan_without_a_budget_has_nulls_and_is_never_over_it(self) -> None:
        document = analysis_document(proposed(Team("a", allocation=None, consumed=500), budget=None))
        assert document["account"]["allocation_budget_seconds"] is None
        assert document["account"]["over_allocation_budget"] is False
        assert document["instances"][0]["new_allocation_seconds"] is None
        json.dumps(document, allow_nan=False)

    def test_activity_score_is_in_the_seconds_of_the_formula(self) -> None:
        # 32 * 28 / 1 + 2 * 28 / 28: only the last 24 hours and the 28 days are filled.
        assert self.entry(proposed(Team("a", consumed=28, active=28)))["activity_score"] == 32 * 28 + 2


class TestTables:
    def test_every_line_is_a_row_by_name_whatever_its_case(self) -> None:
        table = analysis_table(proposed(Team("b"), Team("A"), Team("c")), width=None)
        assert [row.split()[0] for row in table.text.splitlines()[2:5]] == ["A", "b", "c"]

    def test_the_table_of_changes_has_only_these(self) -> None:
        table = changes_table(proposed(Team("stays", allocation=10), Team("idle", allocation=500)), width=None)
        assert "idle" in table.text
        assert "stays" not in table.text

    @pytest.mark.parametrize("draw", [analysis_table, changes_table])
    @pytest.mark.parametrize("name", ["a-name-of-some-length", "量子化学-第三研究室-共同利用", "ü" * 50])
    def test_what_is_decided_upon_stays_at_80_columns(self, draw: Callable[..., Table], name: str) -> None:
        team = Team("a", allocation=2_345_678, consumed=876_543.2, active=234_567.8, limit=1_000_000, grants=(ENDED,))
        table = draw(named(proposed(team, budget=50_000_000), name), width=80)
        lines = unstyle(table.text).splitlines()
        assert max(map(cell_width, lines)) <= 80
        for heading in ("Cur Limit", "New Limit", "Cur Alloc", "New Alloc", "Reason"):
            assert heading in lines[0]
        assert "Used 28d" in table.dropped

    @pytest.mark.parametrize("draw", [analysis_table, changes_table])
    def test_nothing_is_left_out_or_wrapped_at_200_columns(self, draw: Callable[..., Table]) -> None:
        team = Team("a", allocation=2_345_678, consumed=876_543.2, active=234_567.8)
        table = draw(named(proposed(team, budget=50_000_000), "量子化学-第三研究室-共同利用"), width=200)
        assert table.dropped == ()
        assert len(table.text.splitlines()) == 5
        assert max(cell_width(line) for line in unstyle(table.text).splitlines()) <= 200

    def test_underutilized_ones_come_most_held_first_and_no_more_than_ten_by_name(self) -> None:
        teams = [Team(f"t{index:02}", allocation=100 + index) for index in range(13)]
        heading, *lines = underutilized_lines(proposed(*teams, budget=5_000).lines)
        assert "13 instances" in heading
        assert lines[0].split(":")[0].strip() == "t12"
        assert len(lines) == 11
        assert lines[-1].split() == ["and", "3", "more"]

    def test_no_marks_no_notes(self) -> None:
        assert analysis_notes(proposed(Team("a")).lines) == []
