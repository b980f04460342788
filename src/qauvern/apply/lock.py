"""One writing run for an account and plan at a time on a machine."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from qauvern.apply.journal import Operator
from qauvern.errors import QauvernError, Remedy
from qauvern.model import BillingPlan

FOLDER_NAME = "locks"


class Locked(QauvernError):
    """Another run holds the lock."""

    remedy = Remedy.WAIT_FOR_RUN


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock, and since when."""

    operator: Operator
    since: datetime

    def __str__(self) -> str:
        operator = self.operator
        return f"process {operator.pid} of {operator.user} on {operator.host}, since {self.since:%Y-%m-%d %H:%M:%S} UTC"


@contextmanager
def run_lock(
    folder: Path,
    account_id: str,
    plan: BillingPlan,
    *,
    timeout_seconds: float = 0.0,
    on_wait: Callable[[str], None] = lambda _text: None,
    on_takeover: Callable[[str], None] = lambda _text: None,
) -> Iterator[None]:
    """Holds the lock of an account and plan for the length of the block.

    The operating system gives the lock of a process that is gone to the next one: `on_takeover` then says whose.

    Raises:
        Locked: another run holds it, also after `timeout_seconds`.
    """
    place = folder / FOLDER_NAME / f"{account_id}-{plan.value}"
    holder_file = place.with_suffix(".holder.json")
    lock = _acquired(place.with_suffix(".lock"), holder_file, timeout_seconds, on_wait)
    try:
        gone = _read_holder(holder_file)
        if gone is not None:
            on_takeover(f"took over the lock of a run that is gone ({gone}).")
        try:
            _write_holder(holder_file)
        except OSError as error:
            raise _unusable(holder_file, error) from error
        yield
    finally:
        with contextlib.suppress(OSError):
            holder_file.unlink()
        lock.release()


def _acquired(path: Path, holder_file: Path, timeout_seconds: float, on_wait: Callable[[str], None]) -> FileLock:
    lock = FileLock(path, thread_local=False)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if timeout_seconds <= 0:
                raise
            on_wait(f"another run holds the lock ({_describe(holder_file)}); waiting up to {timeout_seconds:g} s.")
            lock.acquire(timeout=timeout_seconds)
    except Timeout:
        raise Locked(
            f"another run on this account and plan holds the lock: {_describe(holder_file)}. Nothing was written"
        ) from None
    except OSError as error:
        raise _unusable(path, error) from error
    return lock


def _unusable(path: Path, error: OSError) -> QauvernError:
    return QauvernError(
        f"the lock {path} cannot be taken ({error.strerror or error}). Nothing was written",
        remedy=Remedy.OTHER_STATE_FOLDER,
    )


def _describe(holder_file: Path) -> str:
    holder = _read_holder(holder_file)
    return "a run that has just begun" if holder is None else str(holder)


def _read_holder(path: Path) -> Holder | None:
    try:
        held: dict[str, Any] = json.loads(path.read_text())
        operator = Operator(str(held["user"]), str(held["host"]), int(held["pid"]))
        return Holder(operator, datetime.fromisoformat(held["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_holder(path: Path) -> None:
    held = {**asdict(Operator.current()), "since": datetime.now(timezone.utc).isoformat(timespec="seconds")}
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(held))
    temporary.replace(path)


def is_process_alive(operator: Operator) -> bool:
    """True when the process may still be at work: on another host it cannot be told, and may be."""
    if operator.host != socket.gethostname():
        return True
    try:
        os.kill(operator.pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
