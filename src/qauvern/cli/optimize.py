"""optimize: analyze, ask, apply; or apply exactly what a saved plan says."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _say, _shell, _writing
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import FileType, api_key_option, config_option, format_option
from qauvern.cli._selection import Wanted, selection_options, unit_option
from qauvern.cli._writing import count_text

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.apply import Prepared
    from qauvern.balance import Line
    from qauvern.plan import SavedPlan
    from qauvern.render.listing import View
    from qauvern.units import TimeUnit


@_command.named("optimize")
@config_option
@api_key_option
@click.option("--dry-run", is_flag=True, help="Show what would change and stop.")
@click.option("--yes", "-y", is_flag=True, help="Apply without asking; for cron.")
@click.option(
    "--plan",
    "plan_path",
    type=FileType(),
    metavar="FILE",
    help="Apply exactly the plan that analyze --save-plan wrote.",
)
@click.option(
    "--ignore-guardrail",
    "ignored",
    type=click.Choice(["max_changes", "max_changes_percent", "max_decrease_percent"]),
    multiple=True,
    help="Override a guardrail of the config file once; repeat for more.",
)
@selection_options("only", "exclude", "sort")
@unit_option
@_writing.message_option
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
    wanted: Wanted,
    unit: TimeUnit,
    lock_timeout: int,
    operation_timeout: int,
    output_format: str,
    message: str,
) -> int:
    """Analyze, ask, and apply the new allocations: decreases first, then limits, then increases.

    With --only or --exclude the proposal is still of all instances, and what is chosen of it is written.
    Every run is journalled; `qauvern undo` takes it back.
    """
    from qauvern import figures
    from qauvern.actions.apply import GuardrailName, Verdict, optimize, read_plan
    from qauvern.render.outcomes import changes_summary, waiting_text

    if output_format != "table" and plan_path is not None and dry_run:
        raise click.UsageError("--format does not go with --plan and --dry-run: the plan is JSON itself.")
    view = wanted.view(figures.ANALYZED_INSTANCE)
    settings = _shell.settings(config_path)
    status = ExitStatus.DONE

    def review(prepared: Prepared) -> bool:
        nonlocal status
        with _say.paging() if dry_run else nullcontext():
            _display(prepared, output_format, view, unit, dry_run=dry_run)
        status = _say_verdict(prepared)
        if prepared.verdict is not Verdict.READY:
            return False
        count = count_text(len(prepared.changes), of=prepared.of)
        summary = changes_summary(prepared.changes)
        if output_format == "table":
            _say.data(f"\n{summary}")
        else:
            _say.note(f"{summary}.")
        if prepared.waiting:
            _say.warning(waiting_text(prepared.waiting))
        if dry_run:
            _say.next_step(f"{count}, none written: run without --dry-run to apply.")
            return False
        agreed = _say.confirmed(f"Apply {count} to account {settings.account_id}?", yes=yes)
        if not agreed:
            _say.note("Nothing was written.")
        return agreed

    run = optimize(
        _shell.account(api_key),
        settings,
        review=review,
        plan=None if plan_path is None else read_plan(plan_path),
        only=wanted.only,
        exclude=wanted.exclude,
        ignored=[GuardrailName(name) for name in ignored],
        dry_run=dry_run,
        lock_timeout_seconds=float(lock_timeout),
        operation_timeout_seconds=float(operation_timeout),
        message=message,
        on_outcome=_shell.outcome_teller(),
    )
    if output_format != "table" and not dry_run:
        _writing.record(run, output_format)
    return status if run.run_id is None else _writing.report(run, with_summary=output_format == "table")


def _display(prepared: Prepared, output_format: str, view: View[Line], unit: TimeUnit, *, dry_run: bool) -> None:
    """What would be written, on stdout; not where that is for the record of the run."""
    if output_format != "table" and not dry_run:
        from qauvern.cli._analysis import warn

        warn(prepared.analysis)
    elif prepared.plan is None:
        from qauvern.cli._analysis import display_changes

        display_changes(prepared.analysis, output_format, view, prepared.chosen, unit)
    elif not prepared.differences:
        _display_plan(prepared, prepared.plan)


def _display_plan(prepared: Prepared, plan: SavedPlan) -> None:
    from qauvern.render.outcomes import change_lines

    _say.data(f"A plan of {plan.made_at:%Y-%m-%d %H:%M} UTC: {count_text(len(plan.changes))}.")
    for line in change_lines(prepared.changes):
        _say.data(line)
    if prepared.done:
        _say.note(f"{len(prepared.done)} of its changes are done already.")


def _say_verdict(prepared: Prepared) -> ExitStatus:
    """Says why the changes may not be written, if they may not; the status that this ends with."""
    from qauvern.actions.apply import Verdict

    verdict = prepared.verdict
    if verdict is Verdict.STALE:
        _say.error_lines(f"the plan is stale, nothing was written: {each}" for each in prepared.differences)
        _say.next_step(f"{_say.command_line('analyze', '--save-plan', 'FILE')} makes a new one.")
        return ExitStatus.STALE
    if verdict is Verdict.BROKEN:
        _say.error_lines(["nothing was written: the proposal breaks the invariants named above."])
        return ExitStatus.ERROR
    if verdict is Verdict.NOTHING_TO_DO:
        anybody = prepared.selection.is_everything or prepared.chosen
        whom = "every instance" if prepared.selection.is_everything else "every instance that is chosen"
        _say.note(f"Nothing to change: {whom} holds what it should." if anybody else "No instance is chosen.")
    if verdict is Verdict.REFUSED:
        _say.errors(prepared.refusals)
        return ExitStatus.GUARDRAIL
    return ExitStatus.DONE
