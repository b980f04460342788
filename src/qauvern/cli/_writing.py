"""What the commands that write have in common: their options, and the report of a run."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from qauvern.cli import _say, _shell
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import DurationType

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.apply import Run

lock_timeout_option = click.option(
    "--lock-timeout",
    type=DurationType(),
    default=0,
    metavar="DURATION",
    help="Wait that long for another run to end, such as 10m. Default: not at all.",
)

operation_timeout_option = click.option(
    "--operation-timeout",
    type=DurationType(),
    default=600,
    metavar="DURATION",
    help="Wait that long for IBM to carry a write out. Default: 10m.",
)

message_option = click.option(
    "--message", "-m", default="", metavar="TEXT", help="Why, for the journal; history shows it."
)


def record(run: Run, output_format: str) -> None:
    """The run on stdout, as history has it: which it was, how it ended, and each of its changes."""
    from qauvern.actions.history import find_run, history
    from qauvern.render.runs import CHANGE_COLUMNS, OPTIMIZE, Applied

    journalled = None if run.run_id is None else find_run(history(_shell.workplace()), run.run_id)
    document = OPTIMIZE.of(Applied(journalled, run.status.value))
    with suppress(OSError):  # the reader is gone, or the disk is full: what was done is done
        if output_format == "json":
            _say.json_data(document)
        else:
            _say.csv_data(document["changes"], CHANGE_COLUMNS)


def report(run: Run, *, with_summary: bool = True) -> ExitStatus:
    """Says how the run ended and what to do next; its exit status."""
    from qauvern.render.outcomes import problem_lines, run_summary

    applied = run.applied
    try:
        (_say.data if with_summary else _say.note)(run_summary(applied))
    except OSError:  # the reader is gone, or the disk is full: what was done is done, and the exit status tells it
        with suppress(OSError):
            _say.note(run_summary(applied))
    _say.error_lines([*problem_lines(applied), *([applied.fault] if applied.fault else [])])
    status = status_of(run)
    if status is ExitStatus.DONE:
        if any(not outcome.change.is_rewrite for outcome in applied.outcomes):
            _say.next_step(f"{_say.command_line('undo', str(run.run_id))} takes this run back.")
    else:
        _say.next_step(
            f"look at the instances named above, then {_say.command_line('optimize')}: it starts from what they hold. "
            f"{_say.command_line('history', str(run.run_id), with_config=False)} shows this run."
        )
    return status


def status_of(run: Run) -> ExitStatus:
    """130 before 3 before 4, where several hold."""
    applied = run.applied
    if applied.interrupted:
        return ExitStatus.INTERRUPTED
    if applied.is_complete:
        return ExitStatus.DONE
    if applied.fault and not applied.wrote_any:
        return ExitStatus.ERROR
    return ExitStatus.STALE if run.only_drifted else ExitStatus.PARTIAL


def count_text(count: int, *, of: int | None = None) -> str:
    """How many changes there are, in words; of how many, where these are not all."""
    if of is not None and of != count:
        return f"{count:,} of {count_text(of)}"
    return "1 change" if count == 1 else f"{count:,} changes"


def show_difference(path: Path, old: str, new: str) -> None:
    """A config file's text before and after, as a unified diff on stdout."""
    import difflib

    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), str(path), f"{path} (new)", n=2, lineterm="")
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in lines:
        _say.data(line, color=colors.get(line[:1]))
