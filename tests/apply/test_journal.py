"""The journal: on disk before the next step, whole lines, the owner's alone."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from qauvern.apply import AppliedRun, Journal, JournalError, Operator, Outcome, Result, RunHeader, read_run
from qauvern.apply import journal as journals
from qauvern.apply.journal import mark_reported
from qauvern.errors import Remedy
from qauvern.model import BillingPlan
from qauvern.plan import Change, Holding
from tests.helpers.account import change
from tests.helpers.make import ACCOUNT_ID

CHANGES = (change("a", 100, 250), change("b", 300, 150))


def header(*changes: Change) -> RunHeader:
    return RunHeader(ACCOUNT_ID, BillingPlan.PREMIUM, "production", 1000, changes or CHANGES)


def events(journal: Journal) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.path.read_text().splitlines() if line]


def done(one: Change) -> Outcome:
    return Outcome(one, Result.DONE, actual=one.after, wrote=True)


class TestLines:
    def test_a_run_from_start_to_end(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path, header())
        for one in CHANGES:
            journal.intent(one)
            journal.outcome(done(one))
        journal.end(AppliedRun(tuple(map(done, CHANGES))))
        start, *rest = events(journal)
        assert [event["event"] for event in rest] == ["intent", "outcome", "intent", "outcome", "end"]
        assert (start["run"], start["account_id"], start["budget_seconds"]) == (journal.run_id, ACCOUNT_ID, 1000)
        assert start["pid"] == os.getpid()
        assert [each["name"] for each in start["changes"]] == ["a", "b"]
        assert rest[0]["before"] == {"allocation_seconds": 100, "limit_seconds": None}
        assert rest[1] == {**rest[1], "result": "done", "wrote": True, "actual": rest[0]["after"]}
        assert rest[-1] == {**rest[-1], "ended": "complete", "counts": {"done": 2}}
        assert all(event["at"].endswith("+00:00") for event in (start, *rest))

    @pytest.mark.parametrize(
        ("run", "ended"),
        [
            (AppliedRun((done(CHANGES[0]),)), "complete"),
            (AppliedRun((Outcome(CHANGES[0], Result.FAILED),)), "partial"),
            (AppliedRun((done(CHANGES[0]),), fault="the disk is full"), "partial"),
            (AppliedRun((Outcome(CHANGES[0], Result.NOT_STARTED),), interrupted=True), "interrupted"),
        ],
    )
    def test_how_it_ended(self, tmp_path: Path, run: AppliedRun, ended: str) -> None:
        journal = Journal(tmp_path, header())
        journal.end(run)
        assert events(journal)[-1]["ended"] == ended

    def test_lines_of_many_threads_stay_whole(self, tmp_path: Path) -> None:
        journal = Journal(tmp_path, header())
        many = [change(f"i{index}", 1, 2) for index in range(20)]
        threads = [threading.Thread(target=journal.intent, args=(one,)) for one in many]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(events(journal)) == 21

    def test_each_is_on_disk_when_the_call_returns(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = Journal(tmp_path, header())
        sizes: list[int] = []
        monkeypatch.setattr("qauvern.apply.journal.os.fsync", lambda file: sizes.append(os.fstat(file).st_size))
        journal.intent(CHANGES[0])
        assert sizes == [journal.path.stat().st_size]

    def test_a_short_write_is_gone_on_with(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        write = os.write
        monkeypatch.setattr("qauvern.apply.journal.os.write", lambda file, content: write(file, content[:7]))
        journal = Journal(tmp_path, header())
        assert events(journal)[0]["run"] == journal.run_id


class TestFile:
    def test_is_the_owners_alone_whatever_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            journal = Journal(tmp_path / "state", header())
        finally:
            os.umask(before)
        assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(journal.path.parent.stat().st_mode) == 0o700

    def test_two_runs_of_one_second_have_two_files(self, tmp_path: Path) -> None:
        assert len({Journal(tmp_path, header()).path for _ in range(5)}) == 5

    def test_where_it_cannot_be_made_it_says_what_to_do(self, tmp_path: Path) -> None:
        (tmp_path / "runs").write_text("in the way")
        with pytest.raises(JournalError) as refusal:
            Journal(tmp_path, header())
        assert refusal.value.remedy is Remedy.OTHER_STATE_FOLDER


class TestFullDisk:
    def test_is_an_error_and_the_next_line_begins_afresh(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        journal = Journal(tmp_path, header())
        with monkeypatch.context() as patch:

            def full(file: int, content: bytes) -> None:
                os.write(file, content[:12])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

            patch.setattr(journals, "_write_all", full)
            with pytest.raises(JournalError, match=os.strerror(errno.ENOSPC)):
                journal.intent(CHANGES[0])
        journal.outcome(done(CHANGES[1]))
        run = read_run(journal.path)
        assert run.damaged_lines == 1
        assert [each.status for each in run.changes] == ["not started", "done"]


def test_marking_a_run_reported_keeps_what_it_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path, header(), Operator("somebody", "here", 2**30))
    journal.intent(CHANGES[0])
    with journal.path.open("a") as file:
        file.write('{"event": "outcome", "crn": "crn:v1')
    assert not read_run(journal.path).was_reported
    mark_reported(journal.path)
    run = read_run(journal.path)
    assert (run.was_reported, run.ended, run.damaged_lines) == (True, "cut off", 1)
    assert [each.status for each in run.changes] == ["in doubt", "not started"]


def test_what_is_read_back_is_what_was_told(tmp_path: Path) -> None:
    journal = Journal(tmp_path, header())
    journal.intent(CHANGES[0])
    journal.outcome(Outcome(CHANGES[0], Result.FAILED, "half of it", Holding(250, 7), wrote=True))
    first, second = read_run(journal.path).changes
    assert (first.result, first.actual, first.wrote, first.detail) == (
        Result.FAILED,
        Holding(250, 7),
        True,
        "half of it",
    )
    assert (second.result, second.intended) == (None, False)
