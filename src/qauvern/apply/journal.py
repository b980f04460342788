"""The journal: one append-only JSON-lines file for each run, written ahead of what it tells (Design.md, Journal)."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any, Final

from qauvern.apply.executor import Recorder
from qauvern.apply.outcome import AppliedRun, Outcome, Result
from qauvern.errors import QauvernError, Remedy
from qauvern.model import BillingPlan, Crn, NewInstance
from qauvern.plan import Change, Holding, change_document

VERSION: Final = 1
FOLDER_NAME: Final = "runs"
SUFFIX: Final = ".jsonl"


class Ending(str, Enum):
    """How a run ended, as history tells it."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    FAILED = "failed"
    """Nothing of what it was to create is there."""
    INTERRUPTED = "interrupted"
    CUT_OFF = "cut off"
    """It did not come to its end: the process was killed, or the machine went down."""
    UNDER_WAY = "under way"
    """It has not come to its end, and its process may still be at work. No journal says so of itself."""


class JournalError(QauvernError):
    """The journal cannot be written: nothing is written to the account without it."""

    remedy = Remedy.OTHER_STATE_FOLDER


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs qauvern, and where."""

    user: str
    host: str
    pid: int

    @classmethod
    def current(cls) -> Operator:
        return cls(user_name(), socket.gethostname(), os.getpid())


def user_name() -> str:
    """The name of the user that runs this process, or its number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What a run is about. `undoes` is the run that it takes back, if it is an undo; `message` says why it was made.

    `only` and `exclude` are the terms that its changes were selected by; None and none where all were to be written.

    A run that creates an instance has no changes; `account_id` is None, since only IBM's answer tells it.
    """

    account_id: str | None
    plan: BillingPlan
    endpoint_family: str
    budget_seconds: int | None
    changes: tuple[Change, ...] = ()
    undoes: str | None = None
    message: str = ""
    creates: NewInstance | None = None
    only: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()


class Journal(Recorder):
    """Writes one run's file. Every line is on disk before the next step is taken."""

    def __init__(self, folder: Path, header: RunHeader, operator: Operator | None = None) -> None:
        """Opens the file of a new run and writes its first line.

        Raises:
            JournalError: it cannot be written.
        """
        self.run_id = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        self.path = folder / FOLDER_NAME / f"{self.run_id}{SUFFIX}"
        self._lock = threading.Lock()
        self._is_torn = False
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self._sync_folder()
        except OSError as error:
            raise _unwritable(self.path, error) from error
        self._append(
            "start",
            {
                "version": VERSION,
                "run": self.run_id,
                "account_id": header.account_id,
                "plan": header.plan.value,
                "endpoint_family": header.endpoint_family,
                "budget_seconds": header.budget_seconds,
                "undoes": header.undoes,
                "message": header.message,
                "creates": None if header.creates is None else asdict(header.creates),
                "only": None if header.only is None else list(header.only),
                "exclude": list(header.exclude),
                **asdict(operator or Operator.current()),
                "changes": [change_document(change) for change in header.changes],
            },
        )

    def intent(self, change: Change) -> None:
        """On disk before the write starts.

        Raises:
            JournalError: it cannot be written; the write must not start.
        """
        self._append("intent", {"crn": str(change.crn), "before": asdict(change.before), "after": asdict(change.after)})

    def outcome(self, outcome: Outcome) -> None:
        """What came of a change.

        Raises:
            JournalError: it cannot be written.
        """
        self._append(
            "outcome",
            {
                "crn": str(outcome.change.crn),
                "result": outcome.result.value,
                "wrote": outcome.wrote,
                "actual": None if outcome.actual is None else asdict(outcome.actual),
                "detail": outcome.detail,
            },
        )

    def end(self, run: AppliedRun) -> None:
        """The last line of a run that came to its end."""
        counts = {result.value: len(run.having(result)) for result in Result if run.having(result)}
        finished = Ending.COMPLETE if run.is_complete else Ending.PARTIAL
        ended = Ending.INTERRUPTED if run.interrupted else finished
        self._append("end", {"ended": ended.value, "counts": counts})
        os.close(self._file)

    def created(self, crn: Crn) -> None:
        """What the instance is called by that a run creates, as soon as that is known.

        Raises:
            JournalError: it cannot be written.
        """
        self._append("created", {"crn": str(crn)})

    def end_creation(self, ended: Ending, actual: Holding | None = None, detail: str = "") -> None:
        """The last line of a run that creates an instance: what IBM made of it, or why it is not there."""
        held = None if actual is None else asdict(actual)
        self._append("end", {"ended": ended.value, "actual": held, "detail": detail})
        os.close(self._file)

    def _append(self, event: str, content: Mapping[str, Any]) -> None:
        line = json.dumps({"event": event, "at": _now_text(), **content}) + "\n"
        try:
            with self._lock:
                start, self._is_torn = "\n" if self._is_torn else "", True
                _write_all(self._file, (start + line).encode())
                os.fsync(self._file)
                self._is_torn = False
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def _sync_folder(self) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def mark_reported(path: Path) -> None:
    """Closes the file of a run that was cut off, once that has been reported.

    Raises:
        JournalError: it cannot be written.
    """
    line = json.dumps({"event": "end", "at": _now_text(), "ended": Ending.CUT_OFF.value, "counts": {}})
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND)
        try:
            _write_all(file, f"\n{line}\n".encode())  # the last line may have been cut off too
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"the journal {path} cannot be written ({error.strerror or error}), and without it no write to the account "
        "starts"
    )


def _now_text() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
