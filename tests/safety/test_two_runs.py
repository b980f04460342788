"""One writing run at a time: the second one says who is at work, may wait, and takes over from the dead."""

from __future__ import annotations

import os
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from qauvern.apply.journal import user_name
from tests.helpers.safety import Account, Moment

pytestmark = pytest.mark.skipif(os.name != "posix", reason="starts processes")


@contextmanager
def at_work(account: Account) -> Iterator[tuple[int, threading.Event]]:
    """A run in another process that is at its first write until the event is set; its process id."""
    account.sandbox.operator.set_operation_delay(0.0)
    may_go_on = threading.Event()
    received = threading.Event()

    def stay() -> None:
        received.set()
        may_go_on.wait(30)

    Moment(account, 1).then(stay)
    with account.start("optimize", "--yes") as process:
        assert received.wait(30)
        try:
            yield process.pid, may_go_on
        finally:
            may_go_on.set()
            process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize("command", [["optimize", "--yes"], ["undo", "--yes"]], ids=" ".join)
def test_the_second_ends_with_5_says_who_holds_the_lock_and_writes_nothing(
    account: Account, command: list[str]
) -> None:
    with at_work(account) as (pid, _):
        run = account.qauvern(*command, exits=5)
        assert f"process {pid} of {user_name()} on {socket.gethostname()}" in run.stderr
        assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", run.stderr)
        assert "--lock-timeout" in run.stderr
        assert len(account.journals) == 1
        account.qauvern("optimize", "--dry-run")
    assert account.values == account.wanted


def test_lock_timeout_waits_and_then_works(account: Account) -> None:
    with at_work(account) as (pid, may_go_on):
        timer = threading.Timer(0.3, may_go_on.set)
        timer.start()
        run = account.optimize("--lock-timeout", "30s")
        timer.join()
    assert f"process {pid}" in run.stderr
    assert "waiting up to 30 s" in run.stderr
    assert "Nothing to change" in run.stderr
    assert account.values == account.wanted


def test_lock_timeout_ends_with_5_when_it_has_passed(account: Account) -> None:
    with at_work(account):
        account.optimize("--lock-timeout", "1s", exits=5)
        assert len(account.journals) == 1


def test_another_plan_of_the_account_has_a_lock_of_its_own(account: Account) -> None:
    with at_work(account):
        (lock,) = (account.state / "locks").glob("*.lock")
        assert lock.name == f"{account.sandbox.account_id}-premium.lock"
