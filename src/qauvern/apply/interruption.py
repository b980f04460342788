"""Ctrl-C, SIGTERM and a hung-up terminal while writing: no new write starts, those in flight are awaited."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED_STATUS = 130


@contextmanager
def stop_on_signals(stop: threading.Event, say: Callable[[str], None]) -> Iterator[None]:
    """Sets `stop` at the first SIGINT, SIGTERM or SIGHUP in the block; at the second one ends the process at once.

    What was in flight then is in doubt, and the journal says so. Outside the main thread it leaves signals alone.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(INTERRUPTED_STATUS)
        stop.set()
        # The reader may be gone, or this thread may be in the middle of saying something else.
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            say("Interrupted: no new write starts; waiting for those in flight. Press Ctrl-C again to quit now.")

    numbers = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
