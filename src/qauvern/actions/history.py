"""history: past applied runs, as their journals tell them."""

from __future__ import annotations

from qauvern.actions.apply import journalled_runs
from qauvern.actions.workplace import Workplace
from qauvern.apply import Run, find_run
from qauvern.errors import Notice


def history(workplace: Workplace) -> list[Run]:
    """Every journalled run, oldest first; warns of journals, and lines of them, that cannot be read."""
    runs = journalled_runs(workplace)
    for run in runs:
        if run.damaged_lines:
            workplace.warn(Notice(f"{run.damaged_lines} lines of the journal {run.path} cannot be read."))
    return runs


__all__ = ["find_run", "history"]
