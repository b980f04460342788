"""kill -9 before and after each write: history tells the truth, and the next run ends the job within the budget."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest

from tests.helpers.safety import Account, Moment, values_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills processes")

WRITES = 6


def killed_at(account: Account, nth: int, *, after: bool) -> subprocess.Popen[str]:
    """A run that is killed when the sandbox has received, or carried out, its nth write."""
    account.sandbox.operator.set_operation_delay(0.0)
    started: list[subprocess.Popen[str]] = []

    def kill() -> None:
        started[0].send_signal(signal.SIGKILL)
        started[0].wait(30)

    moment = Moment(account, nth, after=after, answers=False).then(kill)
    started.append(account.start("optimize", "--yes"))
    started[0].communicate(timeout=30)
    assert moment.reached.wait(30)
    assert started[0].returncode == -signal.SIGKILL
    return started[0]


def assert_history_is_true(account: Account, run: dict[str, Any], written_before: set[str]) -> None:
    """What is done holds the new values, what is not started was never written, what took effect is not hidden."""
    took_effect = {change.name for change in account.sandbox.applied_changes}
    for each in run["changes"]:
        name, result = each["name"], each["result"]
        assert result in ("done", "in doubt", "not started")
        if result == "done":
            assert account.values[name] == values_of(each["after"])
        if result == "not started":
            assert name not in written_before
            assert account.values[name] == account.start_values[name]
        if name in took_effect:
            assert result in ("done", "in doubt")


@pytest.mark.parametrize("after", [False, True], ids=["received", "carried out"])
@pytest.mark.parametrize("nth", range(1, WRITES + 1))
def test_killed_at_a_write(account: Account, nth: int, after: bool) -> None:
    killed_at(account, nth, after=after)
    account.assert_within_budget()
    listed = account.history()["runs"]
    assert [each["ended"] for each in listed] == ["cut off"]
    run = account.history(listed[0]["run"])
    assert_history_is_true(account, run, set(account.patched()))
    results = [each["result"] for each in run["changes"]]
    in_doubt = [each["name"] for each in run["changes"] if each["result"] == "in doubt"]
    assert in_doubt, "the write in the sandbox's hands at that moment"
    assert account.events()[-1]["event"] != "end"

    following = account.optimize()
    assert account.values == account.wanted
    account.assert_within_budget()
    done = results.count("done")
    assert f"run {run['run']} " in following.stderr
    assert "was cut off" in following.stderr
    assert (
        f"Of its 6 changes {done} are done, {results.count('not started')} not started, {len(in_doubt)} in doubt"
        in (following.stderr)
    )
    assert all(name in following.stderr.split("In doubt, written or not: ")[1].splitlines()[0] for name in in_doubt)
    assert "took over the lock of a run that is gone" in following.stderr

    again = account.optimize()
    assert "cut off" not in again.stderr, "it is reported once"
    assert "took over" not in again.stderr
    assert account.history()["runs"][0]["ended"] == "cut off"


def test_a_run_that_was_cut_off_can_be_undone(account: Account) -> None:
    killed_at(account, 5, after=True)
    assert account.values != account.start_values
    run = account.qauvern("undo", "--yes")
    assert "was cut off" in run.stderr
    assert account.values == account.start_values
    account.assert_within_budget()
    assert account.history()["runs"][0]["undone"]


def test_a_run_under_way_is_not_called_cut_off(account: Account) -> None:
    seen: list[str] = []
    Moment(account, 1).then(lambda: seen.append(account.history()["runs"][-1]["ended"]))
    with account.start("optimize", "--yes") as process:
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert seen == ["under way"]
    assert account.history()["runs"][-1]["ended"] == "complete"


def test_the_process_id_of_a_run_that_was_cut_off_may_be_another_processs_by_now(account: Account) -> None:
    killed = killed_at(account, 1, after=False)
    (journal,) = account.journals
    journal.write_text(journal.read_text().replace(f'"pid": {killed.pid}', f'"pid": {os.getpid()}'))
    assert "was cut off" in account.optimize().stderr
