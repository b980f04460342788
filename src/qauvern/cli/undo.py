"""undo: puts a run's values back."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from qauvern.apply import AppliedRun, Outcome, Result, Run, find_run, last_to_undo, read_runs
from qauvern.balance import Proposal, propose
from qauvern.cli import _account, _analysis, _command, _completion, _say, _writing
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import GlobalOptions, api_key_option, config_option
from qauvern.errors import QauvernError
from qauvern.model import Settings
from qauvern.plan import UndoPlan, broken_by, plan_undo
from qauvern.render.outcomes import change_lines


@_command.named("undo")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=_completion.run_ids)
@config_option
@api_key_option
@click.option("--dry-run", is_flag=True, help="Show what would be put back and stop.")
@click.option("--yes", "-y", is_flag=True, help="Put it back without asking.")
@click.option("--force", is_flag=True, help="Put back also what was changed by others since.")
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
) -> int:
    """Put the values from before RUN back, in the same safe order; journalled as a run of its own.

    Without RUN, the last run that is neither an undo nor undone. Undoing an undo does its run again.
    """
    settings = _account.load_settings(config_path)
    lock = nullcontext() if dry_run else _writing.locked(settings, lock_timeout)
    with lock, _account.reach(api_key) as reached:
        run = _run_to_undo(run_id, settings, reached.client.endpoints.family)
        moment = _account.now()
        snapshot = _account.take_snapshot(reached.client, settings, moment)
        proposal = propose(snapshot, settings, moment.date())
        configured = {each.crn for each in settings.instances}
        undo = plan_undo(run.written, snapshot.instances, run.run_id, configured=configured, force=force)
        _display(run, undo, proposal, settings)
        if not undo.changes:
            _say.note("Nothing to put back.")
            return ExitStatus.STALE if undo.left_alone else ExitStatus.DONE
        count = _analysis.count_text(len(undo.changes))
        if dry_run:
            _say.next_step(f"{count}, none written: run without --dry-run to put them back.")
            return ExitStatus.DONE
        if not _say.confirmed(f"Put back {count} of account {settings.account_id}?", yes=yes):
            _say.note("Nothing was written.")
            return ExitStatus.DONE
        applied, applied_id = _writing.write(
            reached.client, snapshot, proposal, undo.changes, operation_timeout=operation_timeout, undoes=run.run_id
        )
        return _writing.report(_with_left_alone(applied, undo), applied_id)


def _run_to_undo(run_id: str | None, settings: Settings, endpoint_family: str) -> Run:
    options = click.get_current_context().ensure_object(GlobalOptions)
    runs, complaints = read_runs(_writing.journal_folder(options))
    for complaint in complaints:
        _say.warning(complaint)
    here = (settings.account_id, settings.plan.value, endpoint_family)
    own = [run for run in runs if (run.account_id, run.plan, run.endpoint_family) == here]
    if run_id is None:
        return last_to_undo(own)
    run = find_run(runs, run_id)
    if run not in own:
        raise QauvernError(
            f"run {run.run_id} is of account {run.account_id}, plan {run.plan}, {run.endpoint_family} endpoints, and "
            f"the config file is not. Nothing was written. Name its config file with --config."
        )
    return run


def _display(run: Run, undo: UndoPlan, proposal: Proposal, settings: Settings) -> None:
    _say.data(f"Undo of run {run.run_id} ({run.started_at:%Y-%m-%d %H:%M} UTC, {run.ended}):")
    for line in change_lines(undo.changes):
        _say.data(line)
    for change, why in undo.left_alone:
        _say.warning(f"{change.name} is left alone: {why}.")
    for broken in broken_by(undo.changes, settings, proposal, with_their_limits=True):
        _say.warning(f"after the undo {broken}. This is no obstacle: an older value may be so.")


def _with_left_alone(applied: AppliedRun, undo: UndoPlan) -> AppliedRun:
    left_alone = tuple(Outcome(change, Result.DRIFTED, why) for change, why in undo.left_alone)
    return AppliedRun((*applied.outcomes, *left_alone), applied.interrupted, applied.fault)
