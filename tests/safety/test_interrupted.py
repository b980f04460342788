"""Ctrl-C and SIGTERM: no new write starts, those in flight are awaited and journalled, exit 130; a rerun ends it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

from tests.helpers.safety import Account, Moment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


def interrupted(account: Account, nth: int, *signals: signal.Signals, concurrency: int = 2) -> subprocess.Popen[str]:
    """A run that gets the signals while its nth write is in flight; its outputs are read by the caller."""
    account.sandbox.operator.set_operation_delay(0.0)
    started: list[subprocess.Popen[str]] = []

    def send() -> None:
        for number in signals:
            started[0].send_signal(number)
            time.sleep(0.15)

    Moment(account, nth).then(send)
    started.append(account.start("--concurrency", str(concurrency), "optimize", "--yes"))
    return started[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: str(number.name))
@pytest.mark.parametrize("nth", [1, 4, 5])
def test_writes_in_flight_are_awaited_and_no_other_starts(account: Account, nth: int, number: signal.Signals) -> None:
    with interrupted(account, nth, number, concurrency=1) as process:
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    assert "Interrupted" in stderr
    assert "Traceback" not in stderr
    assert len(account.patched()) == nth
    events = account.events()
    assert events[-1] == {**events[-1], "event": "end", "ended": "interrupted"}
    assert events[-1]["counts"] == {"done": nth, "not started": 6 - nth}
    assert f"{6 - nth} not started" in stdout
    for name in account.wanted:
        done = name in account.patched()
        assert account.values[name] == (account.wanted if done else account.start_values)[name]
        assert done or re.search(rf"not started: .*\b{name}\b", stderr)
    account.assert_within_budget()
    rerun = account.optimize()
    assert "cut off" not in rerun.stderr
    assert account.values == account.wanted
    account.assert_within_budget()


def test_a_second_signal_ends_at_once_and_leaves_the_write_in_doubt(account: Account) -> None:
    with interrupted(account, 1, signal.SIGINT, signal.SIGTERM, concurrency=1) as process:
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert account.events()[-1]["event"] == "intent"
    assert account.history()["runs"][-1]["ended"] == "cut off"
    assert "was cut off" in account.optimize().stderr
    assert account.values == account.wanted


def test_nothing_is_tried_again_after_the_signal(account: Account) -> None:
    account.sandbox.inject("patch=500")
    with interrupted(account, 1, signal.SIGINT, concurrency=1) as process:
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert len(account.patched()) == 1
    account.sandbox.clear_faults()
    account.optimize()
    assert account.values == account.wanted


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_goes_away_does_not_stop_the_run(account: Account, stream: str) -> None:
    account.sandbox.operator.set_operation_delay(0.0)
    gone: list[subprocess.Popen[str]] = []
    Moment(account, 1).then(lambda: getattr(gone[0], stream).close())
    gone.append(account.start("-v", "optimize", "--yes"))
    assert gone[0].wait(30) == 0
    for each in (gone[0].stdout, gone[0].stderr):
        assert each is not None
        each.close()
    assert account.values == account.wanted
    assert account.history()["runs"][-1]["ended"] == "complete"
