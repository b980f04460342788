"""The lock of an account and plan."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from qauvern.apply import Locked, Operator, is_process_alive, run_lock
from qauvern.errors import QauvernError, Remedy
from qauvern.model import BillingPlan
from tests.helpers.make import ACCOUNT_ID


def test_a_second_one_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM),
        pytest.raises(Locked, match=rf"process {os.getpid()} of .* on {socket.gethostname()}, since "),
        run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM),
    ):
        pytest.fail("two at a time")
    with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
        pass


def test_another_account_or_plan_is_no_obstacle(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM),
        run_lock(tmp_path, ACCOUNT_ID, BillingPlan.INTERNAL),
        run_lock(tmp_path, "f" * 32, BillingPlan.PREMIUM),
    ):
        pass


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
        raise ZeroDivisionError
    said: list[str] = []
    with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM, on_takeover=said.append):
        assert said == []


def test_waiting_says_for_whom_and_ends_when_the_other_does(tmp_path: Path) -> None:
    said: list[str] = []
    held, go_on = threading.Event(), threading.Event()

    def other() -> None:
        with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
            held.set()
            go_on.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    held.wait(10)

    def waits(text: str) -> None:
        said.append(text)
        go_on.set()

    with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM, timeout_seconds=10, on_wait=waits):
        assert f"process {os.getpid()}" in said[0]
        assert "up to 10 s" in said[0]
    thread.join()


def test_that_of_a_process_that_is_gone_is_taken_over_and_said(tmp_path: Path) -> None:
    with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
        (holder,) = (tmp_path / "locks").glob("*.holder.json")
        left = holder.read_text()
    holder.write_text(json.dumps({**json.loads(left), "pid": 2**30, "host": "elsewhere"}))
    said: list[str] = []
    with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM, on_takeover=said.append):
        assert f"process {2**30}" in said[0]
        assert "elsewhere" in said[0]
        assert json.loads(holder.read_text())["pid"] == os.getpid()
    assert not holder.exists()


@pytest.mark.parametrize(
    "left", ["", "{}", "[]", '{"pid": "x"}', "\x00", '{"user": 1, "host": 2, "pid": 3, "since": "x"}']
)
def test_what_says_who_holds_it_may_be_damaged(tmp_path: Path, left: str) -> None:
    holder = tmp_path / "locks" / f"{ACCOUNT_ID}-premium.holder.json"
    holder.parent.mkdir()
    holder.write_text(left)
    with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
        holder.write_text(left)
        with pytest.raises(Locked, match="just begun"), run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
            pass


def test_where_it_cannot_be_kept_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("in the way")
    with pytest.raises(QauvernError) as refusal, run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
        pass
    assert refusal.value.remedy is Remedy.OTHER_STATE_FOLDER


def test_where_the_holder_cannot_be_noted_the_lock_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_path: Path) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("qauvern.apply.lock._write_holder", full)
        with pytest.raises(QauvernError, match="no space left"), run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
            pass
    with run_lock(tmp_path, ACCOUNT_ID, BillingPlan.PREMIUM):
        pass


@pytest.mark.parametrize(
    ("host", "pid", "alive"),
    [
        pytest.param(socket.gethostname(), os.getpid(), True, id="this one"),
        pytest.param(socket.gethostname(), 1, True, id="somebody else's"),
        pytest.param(socket.gethostname(), 2**30, False, id="gone"),
        pytest.param(socket.gethostname(), 10**30, False, id="no process id"),
        pytest.param("elsewhere", 2**30, True, id="on another host"),
    ],
)
def test_is_process_alive(host: str, pid: int, alive: bool) -> None:
    assert is_process_alive(Operator("somebody", host, pid)) is alive
