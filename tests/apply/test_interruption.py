"""Signals while writing: the first one asks to stop, whatever else goes wrong with saying so."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from qauvern.apply import stop_on_signals

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_asks_to_stop_and_the_old_handlers_are_back_afterwards(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop, said = threading.Event(), list[str]()
    with stop_on_signals(stop, said.append):
        os.kill(os.getpid(), number)
        assert stop.wait(5)
    assert len(said) == 1
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError, RuntimeError])
def test_that_nobody_can_be_told_is_no_obstacle(error: type[Exception]) -> None:
    def say(_text: str) -> None:
        raise error

    stop = threading.Event()
    with stop_on_signals(stop, say):
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)


def test_the_second_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr("qauvern.apply.interruption.os._exit", ended.append)
    stop = threading.Event()
    with stop_on_signals(stop, lambda _text: None):
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(5)
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000):
            if ended:
                break
    assert ended == [130]


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def work() -> None:
        with stop_on_signals(threading.Event(), lambda _text: None):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
