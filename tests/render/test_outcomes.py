"""What is said of a run."""

from __future__ import annotations

import pytest

from qauvern.apply import AppliedRun, Outcome, Result
from qauvern.render.outcomes import change_text, changes_summary, problem_lines, progress_line, run_summary
from tests.helpers.account import change


class TestChangeText:
    @pytest.mark.parametrize(
        ("before", "after", "limits", "text"),
        [
            (100, 2500, (None, None), "allocation 100 -> 2,500 s"),
            (100, 100, (None, 500), "limit none -> 500 s"),
            (100, 100, (500, None), "limit 500 -> none"),
            (100, 250, (500, 600), "allocation 100 -> 250 s, limit 500 -> 600 s"),
        ],
    )
    def test_says_what_changes_and_nothing_else(
        self, before: int, after: int, limits: tuple[int | None, int | None], text: str
    ) -> None:
        assert change_text(change("a", before, after, limits=limits)).startswith(text)


def applied(*outcomes: Outcome) -> AppliedRun:
    return AppliedRun(outcomes)


UP, DOWN = change("up", 10, 1_500), change("down", 90, 20)


class TestProblemLines:
    def test_one_for_each_change_that_did_not_come_to_its_end_with_its_reason(self) -> None:
        lines = problem_lines(applied(Outcome(DOWN, Result.DONE), Outcome(UP, Result.HELD_BACK, "no room")))
        assert lines == ["held back: up (allocation 10 -> 1,500 s): no room"]

    @pytest.mark.parametrize(
        "result", [each for each in Result if each not in (Result.DONE, Result.ALREADY_DONE, Result.IN_DOUBT)]
    )
    def test_every_result_but_done_is_told(self, result: Result) -> None:
        (line,) = problem_lines(applied(Outcome(UP, result, "why")))
        assert "up (" in line
        assert line.endswith("why")

    def test_many_that_were_not_started_are_one_line_and_a_count(self) -> None:
        waiting = [Outcome(change(f"t{index:03}", 10, 20), Result.NOT_STARTED, "interrupted") for index in range(300)]
        failed, line = problem_lines(applied(Outcome(UP, Result.FAILED, "why"), *waiting))
        assert failed.startswith("FAILED: up")
        assert line.startswith("not started: 300 changes (t000, t001,")
        assert line.endswith("and 290 more): interrupted")

    def test_control_characters_in_what_ibm_says_are_made_visible(self) -> None:
        (line,) = problem_lines(applied(Outcome(UP, Result.FAILED, "\x1b[2Jhi")))
        assert "\x1b" not in line


class TestChangesSummary:
    def test_says_in_one_line_how_many_go_where_and_how_much(self) -> None:
        limited = change("c", 5, 5, limits=(None, 500))
        assert changes_summary([UP, DOWN, limited]) == "1 up, 1 down, 1 limit; 1,490 s move"

    def test_seconds_that_are_only_taken_move_too(self) -> None:
        assert changes_summary([DOWN, change("d", 50, 40)]) == "2 down; 80 s move"

    def test_of_limits_alone(self) -> None:
        changes = [change(name, 5, 5, limits=(9, 500)) for name in "ab"]
        assert changes_summary(changes) == "2 limits; 0 s move"


class TestRunSummary:
    def test_counts_by_result_and_sums_what_was_given(self) -> None:
        summary = run_summary(
            applied(Outcome(UP, Result.DONE), Outcome(DOWN, Result.DONE), Outcome(change("c", 1, 900), Result.FAILED))
        )
        assert "3 changes: 2 written, 1 failed" in summary
        assert "1,490 s" in summary, "1,500 - 10; the failed one gave nothing"

    def test_a_progress_line_names_the_change_and_how_it_ended(self) -> None:
        line = progress_line(Outcome(UP, Result.FAILED, "why"))
        assert "FAILED" in line
        assert "up: allocation 10 -> 1,500 s" in line
