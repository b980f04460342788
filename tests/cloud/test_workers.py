from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest

from qauvern.cloud.workers import Batch, Cancelled, Workers, pause


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(4)
    yield made
    made.close()


class TestBatch:
    def test_results_are_handed_over_on_the_callers_thread_and_may_start_more(self, workers: Workers) -> None:
        got: list[tuple[int, bool]] = []

        def deliver(number: int) -> None:
            got.append((number, threading.current_thread() is threading.main_thread()))
            if number < 3:
                batch.start(lambda: number + 1, deliver)

        with Batch(workers) as batch:
            batch.start(lambda: 1, deliver)
        assert got == [(1, True), (2, True), (3, True)]

    def test_pages_are_handed_over_before_the_last_is_there(self, workers: Workers) -> None:
        seen = threading.Event()
        ended: list[str] = []

        def pages() -> Iterator[str]:
            yield "first"
            assert seen.wait(5), "the first page was held back"
            yield "last"

        with Batch(workers) as batch:
            batch.start_each(pages, lambda page: seen.set() if page == "first" else None, lambda: ended.append("end"))
        assert ended == ["end"]

    def test_no_more_than_the_count_at_once(self, workers: Workers) -> None:
        lock, at_once, most = threading.Lock(), 0, 0

        def work() -> None:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.01)
            with lock:
                at_once -= 1

        with Batch(workers) as batch:
            for _ in range(20):
                batch.start(work, lambda _: None)
        assert most == 4

    def test_the_first_failure_is_raised_and_drops_the_rest(self, workers: Workers) -> None:
        begun: list[int] = []

        def fail() -> None:
            raise KeyError("first")

        def work(number: int) -> None:
            begun.append(number)
            pause(60)

        def failing() -> None:
            with Batch(workers) as batch:
                batch.start(fail, lambda _: None)
                for number in range(100):
                    batch.start(partial(work, number), lambda _: None)

        started = time.monotonic()
        with pytest.raises(KeyError, match="first"):
            failing()
        assert time.monotonic() - started < 5
        assert len(begun) <= 4

    def test_a_pause_ends_with_the_batch(self, workers: Workers) -> None:
        woken = threading.Event()

        def sleep() -> None:
            try:
                pause(60)
            except Cancelled:
                woken.set()

        def interrupted() -> None:
            with Batch(workers) as batch:
                batch.start(sleep, lambda _: None)
                raise RuntimeError("enough")

        with pytest.raises(RuntimeError, match="enough"):
            interrupted()
        assert woken.wait(5)

    def test_ctrl_c_does_not_wait_for_what_is_under_way(self, workers: Workers) -> None:
        release = threading.Event()
        main = threading.main_thread().ident
        assert main is not None
        timer = threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGINT))
        started = time.monotonic()

        def interrupted() -> None:
            with Batch(workers) as batch:
                batch.start(lambda: release.wait(30), lambda _: None)
                timer.start()

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert time.monotonic() - started < 5
        release.set()
        timer.join()

    def test_progress_counts_what_is_known_to_come(self, workers: Workers) -> None:
        told: list[tuple[int, int]] = []

        def deliver(number: int) -> None:
            batch.still_to_come -= 1
            if number == 0:
                batch.start(lambda: 1, deliver)

        with Batch(workers, lambda done, total: told.append((done, total))) as batch:
            batch.still_to_come = 2
            batch.start(lambda: 0, deliver)
        assert told == [(1, 3), (2, 2)]


@pytest.mark.parametrize("count", [0, -1, 65])
def test_concurrency_is_bounded(count: int) -> None:
    with pytest.raises(ValueError, match="concurrency"):
        Workers(count)
