"""undo: puts a run's values back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _completion, _say, _shell, _writing
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import api_key_option, config_option
from qauvern.cli._writing import count_text

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.undo import Undoing


@_command.named("undo")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=_completion.run_ids)
@config_option
@api_key_option
@click.option("--dry-run", is_flag=True, help="Show what would be put back and stop.")
@click.option("--yes", "-y", is_flag=True, help="Put it back without asking.")
@click.option("--force", is_flag=True, help="Put back also what was changed by others since.")
@_writing.message_option
@_writing.lock_timeout_option
@_writing.operation_timeout_option
def command(
    run_id: str | None,
    config_path: Path,
    api_key: str | None,
    dry_run: bool,
    yes: bool,
    force: bool,
    lock_timeout: int,
    operation_timeout: int,
    message: str,
) -> int:
    """Put the values from before RUN back, in the same safe order; journalled as a run of its own.

    Without RUN, the last run that is neither an undo nor undone. Undoing an undo does its run again.
    """
    from qauvern.actions.undo import undo

    settings = _shell.settings(config_path)

    def review(undoing: Undoing) -> bool:
        _display(undoing)
        count = count_text(len(undoing.changes))
        if not undoing.changes:
            _say.note("Nothing to put back.")
            return False
        if dry_run:
            _say.next_step(f"{count}, none written: run without --dry-run to put them back.")
            return False
        agreed = _say.confirmed(f"Put back {count} of account {settings.account_id}?", yes=yes)
        if not agreed:
            _say.note("Nothing was written.")
        return agreed

    run = undo(
        _shell.account(api_key),
        settings,
        run_id,
        review=review,
        force=force,
        dry_run=dry_run,
        lock_timeout_seconds=float(lock_timeout),
        operation_timeout_seconds=float(operation_timeout),
        message=message,
        on_outcome=_shell.outcome_teller(),
    )
    if run.run_id is None:
        return ExitStatus.STALE if run.only_drifted else ExitStatus.DONE
    return _writing.report(run)


def _display(undoing: Undoing) -> None:
    from qauvern.render.outcomes import change_lines, changes_summary

    run = undoing.run
    _say.data(f"Undo of run {run.run_id} ({run.started_at:%Y-%m-%d %H:%M} UTC, {run.ended.value}):")
    for line in change_lines(undoing.changes):
        _say.data(line)
    if undoing.changes:
        _say.data(f"\n{changes_summary(undoing.changes)}")
    for each in undoing.plan.left_alone:
        _say.notice(each.notice)
    for broken in undoing.broken:
        _say.warning(f"after the undo {broken}. This does not block the undo: an older value may be so.")
