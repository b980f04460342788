"""What history says of runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from click import unstyle

from qauvern.apply import Ending, JournalledChange, Result, Run
from qauvern.apply.journal import Operator
from qauvern.balance import Reason
from qauvern.render.runs import run_details, run_document, run_summary_facts, run_table, runs_table
from qauvern.render.text import cell_width
from tests.helpers.account import change


def run(*changes: JournalledChange, undoes: str | None = None, ended: Ending = Ending.COMPLETE) -> Run:
    return Run(
        run_id="20270102T030405Z-abcd",
        path=Path("journal"),
        started_at=datetime(2027, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
        account_id="acc",
        plan="premium",
        endpoint_family="production",
        operator=Operator("量子-管理者", "a-host-of-some-length.example.org", 7),
        undoes=undoes,
        changes=changes,
        ended=ended,
    )


def done(name: str, before: int, after: int) -> JournalledChange:
    return JournalledChange(change(name, before, after), intended=True, result=Result.DONE, wrote=True)


class TestSecondsMoved:
    def test_count_both_ways(self) -> None:
        assert run(done("a", 10, 500), done("b", 900, 100)).seconds_moved == 800
        assert run(done("a", 10, 900), done("b", 900, 100)).seconds_moved == 890
        assert run(done("b", 900, 100)).seconds_moved == 800

    def test_are_those_of_what_is_done(self) -> None:
        failed = replace(done("b", 900, 100), result=Result.FAILED)
        assert run_document(run(failed), [], with_changes=False)["seconds_moved"] == 0

    def test_of_one_run_are_told_apart(self) -> None:
        made = run(done("a", 10, 500), done("b", 900, 100))
        assert "490 s up, 800 s down" in run_summary_facts(made, [made])


class TestAt80Columns:
    def test_a_run_shows_before_and_after_and_the_reason(self) -> None:
        moved = change("a", 2_345_678, 1_234_567, limits=(None, 9_876_543))
        limited = JournalledChange(replace(moved, name="量子化学-第三研究室-共同", reason=Reason.LIMIT.value))
        table = run_table(run(limited), width=80)
        text = unstyle(table.text)
        assert table.dropped == ()
        assert max(map(cell_width, text.splitlines())) <= 80
        for part in ("2,345,678 ->", "1,234,567", "none ->", "9,876,543", "limit", "not"):
            assert part in text

    def test_what_ibm_said_stands_below(self) -> None:
        failed = replace(done("a", 1, 2), result=Result.FAILED, detail="HTTP 500: \x1bboom")
        assert run_details(run(failed, done("b", 1, 2))) == ["a: HTTP 500: \\x1bboom"]

    def test_runs_fit_and_keep_how_they_ended(self) -> None:
        made = run(done("a", 10, 2_500_000), undoes="20270101T030405Z-abcd", ended=Ending.INTERRUPTED)
        text = unstyle(runs_table([made], width=80).text)
        assert max(map(cell_width, text.splitlines())) <= 80
        assert "interrupted" in text
        assert "20270101T030405Z-" in text
