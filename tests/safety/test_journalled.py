"""The journal of a run, from the sandbox's side of the wire, and what history makes of it."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from qauvern.apply import journal as journals
from qauvern.sandbox import Call
from tests.helpers.cli import SECRETS
from tests.helpers.safety import LARGEST, Account


def test_every_intent_is_on_disk_before_its_write_arrives(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: dict[int, int] = {}
    fsync = os.fsync

    def noted(file: int) -> None:
        fsync(file)
        synced[os.fstat(file).st_ino] = os.fstat(file).st_size

    monkeypatch.setattr("qauvern.apply.journal.os.fsync", noted)
    seen: dict[str, set[str]] = {}

    def note_intents(call: Call) -> None:
        (path,) = account.journals
        on_disk = path.read_bytes()[: synced[path.stat().st_ino]].splitlines()
        events = [json.loads(line) for line in on_disk]
        seen[call.item] = {event["crn"] for event in events if event["event"] == "intent"}

    account.sandbox.operator.on_write(note_intents)
    account.optimize()
    assert seen.keys() == set(account.crns.values())
    for crn, intents in seen.items():
        assert crn in intents


def test_it_is_the_owners_alone_and_holds_no_secret(account: Account) -> None:
    os.umask(os.umask(0o000))
    account.sandbox.inject("patch:1=403", "patch:2=500:3")
    account.optimize(exits=3)
    (path,) = account.journals
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not [secret for secret in SECRETS if secret in path.read_text()]


@pytest.mark.parametrize("place", ["runs", "locks", ""], ids=["runs", "locks", "the whole folder"])
def test_where_it_cannot_be_written_nothing_is_written_to_the_account(account: Account, place: str) -> None:
    blocked = account.state / place
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("in the way")
    run = account.optimize(exits=1)
    assert account.patched() == []
    assert "QAUVERN_STATE_DIR" in run.stderr
    assert account.values == account.start_values


@pytest.mark.parametrize("lines", range(1, 14))
def test_a_disk_that_gets_full_stops_the_run_and_the_status_tells_whether_anything_was_written(
    account: Account, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    """The run has 14 lines: its start, six intents, six outcomes, its end."""
    left = [lines]
    write_all = journals._write_all

    def until_full(file: int, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.write(file, content[:10])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(file, content)

    monkeypatch.setattr(journals, "_write_all", until_full)
    run = account.optimize(exits=None)
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(account.folder / "state"))
    assert os.strerror(errno.ENOSPC) in run.stderr
    intents = {event["crn"] for event in _intact(account.journals[0]) if event["event"] == "intent"}
    assert {account.crns[name] for name in account.patched()} <= intents
    assert run.exit_code == (3 if account.patched() else 1)
    account.assert_within_budget()
    (told,) = account.history()["runs"]
    detail = account.history(told["run"])
    for each in detail["changes"]:
        if each["result"] == "not started":
            assert each["name"] not in account.patched()
        if each["result"] == "done":
            assert account.values[each["name"]] == account.wanted[each["name"]]


def _intact(path: Path) -> list[dict[str, Any]]:
    events = []
    for line in path.read_text().splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events


class TestHistory:
    def test_nothing_was_applied_yet(self, account: Account) -> None:
        assert "No run has been applied yet" in account.qauvern("history").stderr
        assert account.history() == {"runs": []}
        account.qauvern("history", "1", exits=1)

    def test_lists_when_who_how_many_how_much_and_how_it_ended(self, account: Account) -> None:
        account.sandbox.inject(f"patch:{LARGEST}=403")
        account.optimize(exits=3)
        account.sandbox.clear_faults()
        account.optimize()
        first, second = account.history()["runs"]
        assert (first["ended"], first["changes_planned"], first["changes_done"]) == ("partial", 6, 3)
        assert (second["ended"], second["changes_planned"], second["changes_done"]) == ("complete", 3, 3)
        taken = [account.delta(name) for name in account.decreases if name != LARGEST]
        assert first["seconds_moved"] == -sum(taken)
        assert second["seconds_moved"] == sum(account.delta(name) for name in account.increases)
        table = account.qauvern("history").stdout
        for each in (first, second):
            assert each["run"] in table
            assert f"{each['user']}@{each['host']}" in table
        assert "3/6" in table
        assert "85,211" in table

    def test_shows_one_with_each_of_its_changes(self, account: Account) -> None:
        account.sandbox.inject(f"patch:{LARGEST}=403")
        account.optimize(exits=3)
        (run,) = account.run_ids()
        document = account.history(run)
        results = {each["name"]: each["result"] for each in document["changes"]}
        assert results[LARGEST] == "failed"
        assert {results[name] for name in account.increases} == {"held back"}
        assert all(each["detail"] for each in document["changes"] if each["result"] != "done")
        text = account.qauvern("history", run).stdout
        for each in document["changes"]:
            assert each["name"] in text
            assert each["result"] in text

    @pytest.mark.parametrize("format_", ["table", "json"])
    def test_a_journal_that_was_cut_off_anywhere_is_no_traceback(self, account: Account, format_: str) -> None:
        account.optimize()
        (path,) = account.journals
        whole = path.read_bytes()
        for end in (0, 1, 200, len(whole) // 2, len(whole) - 30, len(whole) - 1):
            path.write_bytes(whole[:end])
            run = account.qauvern("history", "--format", format_)
            assert end == len(whole) - 1 or "Warning" in run.stderr or run.stdout.strip()
            if end < 200:
                assert path.name in run.stderr

    def test_damage_is_said_and_the_other_runs_are_shown(self, account: Account) -> None:
        account.optimize()
        account.qauvern("undo", "--yes")
        first, second = account.journals
        lines = first.read_text().splitlines()
        lines[3] = '{"event": "outcome", "crn": "nonsense"}'
        lines[4] = "\x00\x00\x00"
        first.write_text("\n".join(lines))
        (first.parent / "20200101T000000Z-0000.jsonl").write_text("not a journal")
        (first.parent / "20200101T000000Z-0001.jsonl").mkdir()
        run = account.qauvern("history", "--format", "json")
        assert [each["damaged_lines"] for each in run.json()["runs"]] == [2, 0]
        assert f"2 lines of the journal {first}" in run.stderr
        assert "20200101T000000Z-0000" in run.stderr
        assert "20200101T000000Z-0001" in run.stderr
        assert str(second) not in run.stderr
        account.optimize()
