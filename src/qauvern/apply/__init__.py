"""Applying a plan safely: the shell around plan/."""

from qauvern.apply.account_port import AccountPort
from qauvern.apply.executor import Executor, Recorder
from qauvern.apply.outcome import AppliedRun, Outcome, Result
from qauvern.apply.writer import OPERATION_TIMEOUT_SECONDS, Pace, Writer

__all__ = [
    "OPERATION_TIMEOUT_SECONDS",
    "AccountPort",
    "AppliedRun",
    "Executor",
    "Outcome",
    "Pace",
    "Recorder",
    "Result",
    "Writer",
]
