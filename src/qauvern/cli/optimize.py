"""optimize: analyze, ask, apply; or apply exactly what a saved plan says."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import click

from qauvern.balance import Proposal, propose
from qauvern.cli import _account, _analysis, _command, _say, _writing
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import api_key_option, config_option, format_option
from qauvern.errors import QauvernError
from qauvern.plan import (
    Change,
    Fit,
    GuardrailName,
    SavedPlan,
    changes_of,
    fit,
    parse_plan,
    refusals,
    refuse_other_account,
)
from qauvern.render.outcomes import change_lines


@_command.named("optimize")
@config_option
@api_key_option
@click.option("--dry-run", is_flag=True, help="Show what would change and stop.")
@click.option("--yes", "-y", is_flag=True, help="Apply without asking; for cron.")
@click.option(
    "--plan",
    "plan_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Apply exactly the plan that analyze --save-plan wrote.",
)
@click.option(
    "--ignore-guardrail",
    "ignored",
    type=click.Choice([name.value for name in GuardrailName]),
    multiple=True,
    help="Override a guardrail of the config file once; repeat for more.",
)
@_writing.lock_timeout_option
@_writing.operation_timeout_option
@format_option
def command(
    config_path: Path,
    api_key: str | None,
    dry_run: bool,
    yes: bool,
    plan_path: Path | None,
    ignored: tuple[str, ...],
    lock_timeout: int,
    operation_timeout: int,
    output_format: str,
) -> int:
    """Analyze, ask, and apply the new allocations: decreases first, then limits, then increases.

    Every run is journalled; `qauvern undo` takes it back.
    """
    if output_format != "table" and not dry_run:
        raise click.UsageError("--format goes with --dry-run.")
    if output_format != "table" and plan_path is not None:
        raise click.UsageError("--format does not go with --plan: the plan is JSON itself.")
    settings = _account.load_settings(config_path)
    plan = None if plan_path is None else _read_plan(plan_path)
    guardrails = [GuardrailName(name) for name in ignored]
    lock = nullcontext() if dry_run else _writing.locked(settings, lock_timeout)
    with lock, _account.reach(api_key) as reached:
        if plan is not None:
            refuse_other_account(plan, settings, reached.client.endpoints.family)
        moment = _account.now()
        snapshot = _account.take_snapshot(reached.client, settings, moment)
        proposal = propose(snapshot, settings, moment.date())
        if plan is None:
            changes = _proposed(proposal, output_format)
        else:
            fitted = fit(plan, settings, snapshot.instances, proposal)
            if fitted.differences:
                return _stale(fitted)
            changes = _planned(fitted, plan)
        if not changes:
            _say.note("Nothing to change: every instance holds what it should.")
            return ExitStatus.DONE
        refused = refusals(changes, settings.guardrails, len(settings.instances), guardrails)
        if refused:
            _say.error_lines(refusal.message for refusal in refused)
            return ExitStatus.GUARDRAIL
        count = _analysis.count_text(len(changes))
        if dry_run:
            _say.next_step(f"{count}, none written: run without --dry-run to apply.")
            return ExitStatus.DONE
        if not _say.confirmed(f"Apply {count} to account {settings.account_id}?", yes=yes):
            _say.note("Nothing was written.")
            return ExitStatus.DONE
        run, run_id = _writing.write(reached.client, snapshot, proposal, changes, operation_timeout=operation_timeout)
        return _writing.report(run, run_id)


def _proposed(proposal: Proposal, output_format: str) -> tuple[Change, ...]:
    _analysis.display_changes(proposal, output_format)
    if proposal.broken:
        raise QauvernError("nothing was written, since the proposal breaks what is said above.")
    return changes_of(proposal)


def _read_plan(path: Path) -> SavedPlan:
    try:
        return parse_plan(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise QauvernError(f"the plan {path} cannot be read: {reason}. Make one with analyze --save-plan.") from error


def _planned(fitted: Fit, plan: SavedPlan) -> tuple[Change, ...]:
    _say.data(f"A plan of {plan.made_at:%Y-%m-%d %H:%M} UTC: {_analysis.count_text(len(plan.changes))}.")
    for line in change_lines(fitted.to_do):
        _say.data(line)
    if fitted.done:
        _say.note(f"{len(fitted.done)} of its changes are done already.")
    return fitted.to_do


def _stale(fitted: Fit) -> ExitStatus:
    _say.error_lines(f"the plan is stale, nothing was written: {difference}" for difference in fitted.differences)
    _say.next_step(f"{_say.command_line('analyze', '--save-plan', 'FILE')} makes a new one.")
    return ExitStatus.STALE
