"""analyze: usage by window, the new limits and allocations, and why."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qauvern.balance import Proposal
from qauvern.cli import _account, _analysis, _command, _say
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import api_key_option, config_option, daily_option, format_option, preview_date_option
from qauvern.files import write_text_atomically
from qauvern.model import Settings
from qauvern.plan import SavedPlan, changes_of, config_digest, plan_text, refusals

if TYPE_CHECKING:
    from qauvern import cloud


@_command.named("analyze")
@config_option
@api_key_option
@click.option(
    "--save-plan",
    "plan_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the changes to a file that optimize --plan applies.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 7 when there is something to change.")
@preview_date_option
@daily_option
@format_option
def command(
    config_path: Path,
    api_key: str | None,
    plan_path: Path | None,
    detailed_exitcode: bool,
    preview_date: date | None,
    daily: bool | None,
    output_format: str,
) -> int:
    """Show usage by window and the new allocations it leads to. Writes nothing to the account."""
    if plan_path is not None and preview_date is not None:
        raise click.UsageError("--save-plan does not go with --preview-date: a preview is not to be applied.")
    settings = _account.load_settings(config_path)
    with_pictures = _say.wants_pictures(daily, len(settings.instances), output_format)
    with _account.reach(api_key) as reached:
        proposal = _analysis.propose_now(
            reached.client, settings, preview_date=preview_date, daily_for_all=with_pictures
        )
        _analysis.display(proposal, output_format, preview_date=preview_date, with_pictures=with_pictures)
        if proposal.broken:
            return ExitStatus.ERROR
        if plan_path is not None:
            _save_plan(plan_path, proposal, settings, reached.client)
    if preview_date is None:
        _suggest(proposal, settings, plan_path)
    return ExitStatus.PENDING if detailed_exitcode and proposal.changes else ExitStatus.DONE


def _save_plan(path: Path, proposal: Proposal, settings: Settings, client: cloud.Cloud) -> None:
    plan = SavedPlan(
        account_id=settings.account_id,
        plan=settings.plan,
        endpoint_family=client.endpoints.family,
        config_digest=config_digest(settings),
        made_at=_account.now(),
        changes=changes_of(proposal),
    )
    write_text_atomically(path, plan_text(plan), private=True)
    _say.note(f"Wrote the plan to {path}.")


def _suggest(proposal: Proposal, settings: Settings, plan_path: Path | None) -> None:
    if not proposal.changes:
        _say.next_step("nothing to change: every instance holds what it should.")
        return
    refused = refusals(changes_of(proposal), settings.guardrails, len(settings.instances))
    if refused:
        names = ", ".join(refusal.name.value for refusal in refused)
        _say.warning(
            f"optimize will refuse these changes because of the guardrails {names}; optimize --dry-run says why."
        )
        return
    command = _say.command_line("optimize", *([] if plan_path is None else ["--plan", str(plan_path)]))
    _say.next_step(f"{_analysis.count_text(len(proposal.changes))}: {command} applies them.")
