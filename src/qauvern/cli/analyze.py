"""analyze: usage by window, the new limits and allocations, and why."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _say, _shell
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import (
    FileType,
    api_key_option,
    config_option,
    daily_option,
    format_option,
    preview_date_option,
)
from qauvern.cli._selection import LISTED, Wanted, selection_options, unit_option
from qauvern.cli._writing import count_text

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.analyze import Analysis
    from qauvern.units import TimeUnit


@_command.named("analyze")
@config_option
@api_key_option
@click.option(
    "--save-plan",
    "plan_path",
    type=FileType(),
    metavar="FILE",
    help="Write the changes to a file that optimize --plan applies.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 7 when there is something to change.")
@preview_date_option
@selection_options(*LISTED)
@unit_option
@daily_option
@format_option
def command(
    config_path: Path,
    api_key: str | None,
    plan_path: Path | None,
    detailed_exitcode: bool,
    preview_date: date | None,
    wanted: Wanted,
    unit: TimeUnit,
    daily: bool | None,
    output_format: str,
) -> int:
    """Show usage by window and the new allocations it leads to. Writes nothing to the account."""
    from qauvern import figures
    from qauvern.actions.analyze import Daily, analyze, save_plan
    from qauvern.actions.select import selected, selection_of
    from qauvern.cli import _analysis

    if plan_path is not None and preview_date is not None:
        raise click.UsageError("--save-plan does not go with --preview-date: a preview is not to be applied.")
    view = wanted.view(figures.ANALYZED_INSTANCE)
    settings = _shell.settings(config_path)
    account = _shell.account(api_key)
    selection = selection_of(account, settings, wanted.only, wanted.exclude)
    with_pictures = _say.wants_pictures(daily, len(settings.instances), output_format)
    analysis = analyze(
        account,
        settings,
        preview_date=preview_date,
        daily=Daily.WINDOW if with_pictures else Daily.LIMITS,
    )
    chosen = selected(selection, settings, analysis.proposal)
    listing = view.listing(figures.by_name(analysis.proposal.lines), chosen=chosen)
    _analysis.display(analysis, output_format, listing, unit, with_pictures=with_pictures)
    if analysis.proposal.broken:
        return ExitStatus.ERROR
    if plan_path is not None:
        save_plan(analysis, plan_path)
        whole = "" if selection.is_everything else f" It holds all {count_text(len(analysis.changes))}."
        _say.note(f"Wrote the plan to {plan_path}.{whole}")
    count = sum(change.crn in chosen for change in analysis.changes)
    if preview_date is None:
        _suggest(analysis, count, plan_path, wanted)
    return ExitStatus.PENDING if detailed_exitcode and count else ExitStatus.DONE


def _suggest(analysis: Analysis, count: int, plan_path: Path | None, wanted: Wanted) -> None:
    """What to do about the changes, of which `count` are selected."""
    if not analysis.changes:
        _say.next_step("nothing to change: every instance holds what it should.")
        return
    if analysis.refusals:
        names = ", ".join(refusal.name.value for refusal in analysis.refusals)
        _say.warning(
            f"optimize will refuse these changes because of the guardrails {names}; optimize --dry-run says why."
        )
        return
    plan = [] if plan_path is None else ["--plan", str(plan_path)]
    command = _say.command_line("optimize", *plan, *(wanted.words if count else []))
    which = count_text(count, of=len(analysis.changes)) if count else count_text(len(analysis.changes))
    _say.next_step(f"{which}: {command} applies them.")
