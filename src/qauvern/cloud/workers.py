"""A bounded number of threads that ask side by side, and a batch that collects what they bring."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Final, TypeVar

T = TypeVar("T")

DEFAULT_CONCURRENCY: Final = 16
MAX_CONCURRENCY: Final = 64

_LOOK_UP_SECONDS = 0.5
"""How often a waiting main thread looks up, on systems where Ctrl-C does not wake it."""

_here = threading.local()


class Cancelled(Exception):
    """This thread's batch has ended: what it does is no longer wanted. It never leaves the batch."""


def check_cancelled() -> None:
    """Raises: Cancelled: this thread works for a batch that has ended."""
    ended: threading.Event | None = getattr(_here, "ended", None)
    if ended is not None and ended.is_set():
        raise Cancelled


def batch_at_hand() -> object | None:
    """What tells this thread's batch from others; None where it works for none."""
    return getattr(_here, "ended", None)


def pause(seconds: float) -> None:
    """Sleeps, but no longer than this thread's batch lasts.

    Raises:
        Cancelled: it ended.
    """
    ended: threading.Event = getattr(_here, "ended", None) or threading.Event()
    ended.wait(seconds)
    check_cancelled()


class Workers:
    """Up to `count` threads, started as they are needed.

    They are daemons: neither Ctrl-C nor a first failure waits for a slow answer that nobody wants any more. So they
    only ever read; writes go through the caller's own threads.
    """

    def __init__(self, count: int) -> None:
        if not 1 <= count <= MAX_CONCURRENCY:
            raise ValueError(f"concurrency is {count}, not within 1 and {MAX_CONCURRENCY}")
        self._count = count
        self._threads: list[threading.Thread] = []
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()

    def submit(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._jobs.put(job)
            if len(self._threads) < self._count:
                thread = threading.Thread(target=self._work, name=f"qauvern-{len(self._threads) + 1}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """Lets the threads end after what they have in hand."""
        with self._lock:
            for _ in self._threads:
                self._jobs.put(None)
            self._threads.clear()

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            job()


class Batch:
    """Work that belongs together, as a context manager: leaving it waits for all, and the first failure is raised.

    Results are handed over on the thread that made the batch, where `start` may be called again; so they need no lock.
    After a failure or Ctrl-C what has not begun is dropped, and what is under way is no longer waited for.
    """

    def __init__(self, workers: Workers, progress: Callable[[int, int], None] | None = None) -> None:
        self.still_to_come = 0
        """Work that will be started later, as far as is known: for the progress only."""
        self._workers = workers
        self._progress = progress
        self._ended = threading.Event()
        self._started = 0
        self._finished = 0
        self._deliveries: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def start(self, work: Callable[[], T], deliver: Callable[[T], None]) -> None:
        """Does the work on a worker, then hands its result over."""
        self.start_each(lambda: (work(),), deliver)

    def start_each(
        self,
        work: Callable[[], Iterable[T]],
        deliver: Callable[[T], None],
        at_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Does the work on a worker and hands over each of its results as soon as it is there, then calls at_end."""

        def job() -> None:
            _here.ended = self._ended
            try:
                check_cancelled()
                for result in work():
                    self._deliveries.put(partial(deliver, result))
                self._deliveries.put(finish)
            except BaseException as error:
                self._deliveries.put(partial(_raise, error))

        def finish() -> None:
            at_end()
            self._finished += 1

        self._started += 1
        self._workers.submit(job)

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._collect()
        finally:
            self._ended.set()

    def _collect(self) -> None:
        while self._finished < self._started:
            try:
                delivery = self._deliveries.get(timeout=_LOOK_UP_SECONDS)
            except queue.Empty:
                continue
            before = self._finished
            delivery()
            if self._progress is not None and self._finished > before:
                self._progress(self._finished, self._started + self.still_to_come)


def _raise(error: BaseException) -> None:
    raise error
