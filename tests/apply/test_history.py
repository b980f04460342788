"""Reading journals: the truth of runs that ended, were cut off, or got damaged."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qauvern.apply import (
    BadJournal,
    NoSuchRun,
    Result,
    Run,
    find_run,
    is_undone,
    last_to_undo,
    read_run,
    read_runs,
)
from qauvern.plan import Holding, change_document
from tests.helpers.account import change
from tests.helpers.make import ACCOUNT_ID

CHANGES = (change("a", 100, 250), change("b", 300, 150))
GONE = 2**30
"""A process id that no system gives out."""


def start(
    run: str, *, at: str = "2026-03-15T12:00:00.000+00:00", undoes: str | None = None, **other: Any
) -> dict[str, Any]:
    return {
        "event": "start",
        "at": at,
        "version": 1,
        "run": run,
        "account_id": ACCOUNT_ID,
        "plan": "premium",
        "endpoint_family": "production",
        "budget_seconds": 1000,
        "undoes": undoes,
        "user": "somebody",
        "host": socket.gethostname(),
        "pid": GONE,
        "changes": list(map(change_document, CHANGES)),
        **other,
    }


def intent(index: int) -> dict[str, Any]:
    return {"event": "intent", "at": "2026-03-15T12:00:01+00:00", "crn": str(CHANGES[index].crn)}


def outcome(index: int, result: str = "done", *, wrote: bool = True) -> dict[str, Any]:
    after = change_document(CHANGES[index])["after"]
    return {
        "event": "outcome",
        "crn": str(CHANGES[index].crn),
        "result": result,
        "wrote": wrote,
        "actual": after,
        "detail": "",
    }


def end(ended: str = "complete") -> dict[str, Any]:
    return {"event": "end", "at": "2026-03-15T12:00:02+00:00", "ended": ended, "counts": {}}


def write(folder: Path, name: str, *events: dict[str, Any] | str) -> Path:
    path = folder / "runs" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in events))
    return path


def statuses(run: Run) -> list[str]:
    return [each.status for each in run.changes]


class TestTruth:
    @pytest.mark.parametrize(
        ("told", "says"),
        [
            pytest.param([], ["not started", "not started"], id="killed before the first intent"),
            pytest.param([intent(0)], ["in doubt", "not started"], id="killed around the first write"),
            pytest.param([intent(0), outcome(0)], ["done", "not started"], id="killed after it"),
            pytest.param([intent(0), intent(1), outcome(1)], ["in doubt", "done"], id="killed with one in flight"),
            pytest.param([outcome(0, "drifted", wrote=False)], ["drifted", "not started"], id="one left alone"),
        ],
    )
    def test_of_a_run_that_was_cut_off(self, tmp_path: Path, told: list[dict[str, Any]], says: list[str]) -> None:
        run = read_run(write(tmp_path, "1", start("1"), *told))
        assert statuses(run) == says
        assert (run.ended, run.was_reported) == ("cut off", False)

    def test_what_may_have_been_written_is_to_undo(self, tmp_path: Path) -> None:
        run = read_run(write(tmp_path, "1", start("1"), intent(0), outcome(1, "failed", wrote=False)))
        assert [each.change.name for each in run.written] == ["a"]
        unknown = read_run(write(tmp_path, "2", start("2"), intent(0), outcome(0, "unknown", wrote=False)))
        assert [(each.change.name, each.left) for each in unknown.written] == [("a", Holding(250, None))]

    def test_only_what_is_done_was_moved(self, tmp_path: Path) -> None:
        run = read_run(write(tmp_path, "1", start("1"), outcome(0), outcome(1), end()))
        assert run.seconds_moved == 150
        assert read_run(write(tmp_path, "2", start("2"), outcome(0, "unknown"), end())).seconds_moved == 0

    def test_one_whose_process_is_alive_is_under_way(self, tmp_path: Path) -> None:
        assert read_run(write(tmp_path, "1", start("1", pid=os.getpid()), intent(0))).ended == "under way"

    @pytest.mark.parametrize("host", ["elsewhere", ""])
    def test_on_another_host_it_may_be_alive(self, tmp_path: Path, host: str) -> None:
        assert read_run(write(tmp_path, "1", start("1", host=host))).ended == "under way"


class TestDamage:
    def test_a_line_that_was_cut_off_is_passed_over(self, tmp_path: Path) -> None:
        path = write(tmp_path, "1", start("1"), intent(0), json.dumps(outcome(0))[:40])
        run = read_run(path)
        assert (statuses(run), run.damaged_lines) == (["in doubt", "not started"], 1)

    @pytest.mark.parametrize(
        "line",
        [
            "\x00",
            "[]",
            '{"event": "outcome"}',
            '{"event": "intent", "crn": "x"}',
            json.dumps({**outcome(0), "result": "marvellous"}),
            json.dumps({**outcome(0), "actual": {"allocation_seconds": "1"}}),
            json.dumps({**outcome(0), "crn": str(change("c", 1, 2).crn)}),
        ],
    )
    def test_a_line_that_makes_no_sense_counts_as_damaged(self, tmp_path: Path, line: str) -> None:
        run = read_run(write(tmp_path, "1", start("1"), line, outcome(1), end()))
        assert (statuses(run), run.damaged_lines, run.ended) == (["not started", "done"], 1, "complete")

    @pytest.mark.parametrize(
        "first",
        [
            "",
            "nonsense",
            json.dumps(end()),
            json.dumps(start("1", version=2)),
            json.dumps(start("1", at="2026-03-15T12:00:00")),
            json.dumps(start("1", at="noon")),
            json.dumps(start("1", changes=7)),
            json.dumps(start("1", changes=[{"name": "a"}])),
            json.dumps(start("1", pid="x")),
            json.dumps({"event": "start"}),
        ],
    )
    def test_without_its_first_line_it_is_no_journal(self, tmp_path: Path, first: str) -> None:
        with pytest.raises(BadJournal, match=r"1\.jsonl"):
            read_run(write(tmp_path, "1", first, end()))
        runs, complaints = read_runs(tmp_path)
        assert (runs, len(complaints)) == ([], 1)

    @pytest.mark.parametrize("pid", [0, -1, 10**30])
    def test_a_process_id_that_cannot_be_is_no_trouble(self, tmp_path: Path, pid: int) -> None:
        assert read_run(write(tmp_path, "1", start("1", pid=pid))).ended in ("cut off", "under way")

    @settings(max_examples=60)
    @given(data=st.data())
    def test_any_damage_is_a_complaint_or_a_run_and_nothing_else(
        self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
    ) -> None:
        folder = tmp_path_factory.mktemp("state")
        path = write(folder, "1", start("1"), intent(0), outcome(0), intent(1), end("interrupted"))
        whole = path.read_bytes()
        at = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:at] + data.draw(st.binary(max_size=3)) + whole[at + data.draw(st.integers(0, 40)) :])
        runs, complaints = read_runs(folder)
        assert len(runs) + len(complaints) == 1


class TestUndone:
    def runs(self, folder: Path, *links: tuple[str, str | None, str]) -> list[Run]:
        """Runs one second after another: each with what it undoes, and how it ended."""
        for second, (run, undoes, ended) in enumerate(links):
            write(
                folder, run, start(run, at=f"2026-03-15T12:00:{second:02}+00:00", undoes=undoes), outcome(0), end(ended)
            )
        return read_runs(folder)[0]

    def test_a_complete_undo_undoes_and_its_undo_does_it_again(self, tmp_path: Path) -> None:
        links = [("a", None, "complete"), ("b", "a", "complete"), ("c", "b", "complete")]
        for count, undone in ((1, [False]), (2, [True, False]), (3, [False, True, False])):
            runs = self.runs(tmp_path / str(count), *links[:count])
            assert [is_undone(run, runs) for run in runs] == undone

    @pytest.mark.parametrize("ended", ["partial", "interrupted", "cut off"])
    def test_an_undo_that_did_not_come_to_its_end_undoes_nothing(self, tmp_path: Path, ended: str) -> None:
        runs = self.runs(tmp_path, ("a", None, "complete"), ("b", "a", ended))
        assert not is_undone(runs[0], runs)
        assert last_to_undo(runs).run_id == "a"

    def test_journals_that_undo_each_other_are_no_endless_loop(self, tmp_path: Path) -> None:
        runs = self.runs(tmp_path, ("a", "b", "complete"), ("b", "a", "complete"), ("c", "c", "complete"))
        assert [is_undone(run, runs) for run in runs] == [True, False, False]

    def test_the_last_is_the_one_that_began_last_not_that_of_the_greatest_name(self, tmp_path: Path) -> None:
        runs = self.runs(
            tmp_path, ("20260315T120000Z-ffff", None, "complete"), ("20260315T120000Z-0000", None, "partial")
        )
        assert last_to_undo(runs).run_id == "20260315T120000Z-0000"

    def test_one_that_wrote_nothing_is_passed_over(self, tmp_path: Path) -> None:
        self.runs(tmp_path, ("a", None, "complete"))
        write(
            tmp_path,
            "b",
            start("b", at="2026-03-15T13:00:00+00:00"),
            outcome(0, "drifted", wrote=False),
            end("partial"),
        )
        assert last_to_undo(read_runs(tmp_path)[0]).run_id == "a"

    def test_none_is_left(self, tmp_path: Path) -> None:
        with pytest.raises(NoSuchRun):
            last_to_undo(self.runs(tmp_path, ("a", None, "complete"), ("b", "a", "complete")))


class TestFind:
    def test_by_id_or_the_beginning_of_one(self, tmp_path: Path) -> None:
        for name in ("ab", "abc", "xyz"):
            write(tmp_path, name, start(name), end())
        runs, _ = read_runs(tmp_path)
        assert find_run(runs, "ab").run_id == "ab", "the whole id is no beginning"
        assert find_run(runs, "x").run_id == "xyz"
        for wanted in ("a", "", "q"):
            with pytest.raises(NoSuchRun):
                find_run(runs, wanted)


def test_results_have_the_words_of_the_journal() -> None:
    assert {result.value for result in Result} == {
        "done",
        "already done",
        "drifted",
        "failed",
        "unknown",
        "not enforced",
        "held back",
        "not started",
        "in doubt",
    }
