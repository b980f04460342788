"""Applying a plan safely: the shell around plan/."""

from qauvern.apply.account_port import AccountPort
from qauvern.apply.executor import Executor, Recorder
from qauvern.apply.history import (
    BadJournal,
    JournalledChange,
    JournalledCreation,
    NoSuchRun,
    Run,
    RunKind,
    find_run,
    is_undone,
    last_to_undo,
    read_run,
    read_runs,
)
from qauvern.apply.interruption import stop_on_signals
from qauvern.apply.journal import FOLDER_NAME as JOURNAL_FOLDER_NAME
from qauvern.apply.journal import Ending, Journal, JournalError, Operator, RunHeader, mark_reported
from qauvern.apply.lock import Locked, is_process_alive, run_lock
from qauvern.apply.outcome import AppliedRun, Outcome, Result
from qauvern.apply.writer import OPERATION_TIMEOUT_SECONDS, Pace, Writer

__all__ = [
    "JOURNAL_FOLDER_NAME",
    "OPERATION_TIMEOUT_SECONDS",
    "AccountPort",
    "AppliedRun",
    "BadJournal",
    "Ending",
    "Executor",
    "Journal",
    "JournalError",
    "JournalledChange",
    "JournalledCreation",
    "Locked",
    "NoSuchRun",
    "Operator",
    "Outcome",
    "Pace",
    "Recorder",
    "Result",
    "Run",
    "RunHeader",
    "RunKind",
    "Writer",
    "find_run",
    "is_process_alive",
    "is_undone",
    "last_to_undo",
    "mark_reported",
    "read_run",
    "read_runs",
    "run_lock",
    "stop_on_signals",
]
