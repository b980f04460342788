"""optimize: analyze, ask, apply."""

from __future__ import annotations

from pathlib import Path

import click

from qauvern import cloud
from qauvern.apply import AppliedRun, Executor, Result
from qauvern.balance import Proposal
from qauvern.cli import _account, _analysis, _say
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import GlobalOptions, api_key_option, config_option, format_option
from qauvern.model import QauvernError
from qauvern.plan import Ledger, changes_of
from qauvern.render.outcomes import problem_lines, progress_line, run_summary


@click.command("optimize")
@config_option
@api_key_option
@click.option("--dry-run", is_flag=True, help="Show what would change and stop.")
@click.option("--yes", "-y", is_flag=True, help="Apply without asking; for cron.")
@format_option
def command(config_path: Path, api_key: str | None, dry_run: bool, yes: bool, output_format: str) -> int:
    """Analyze, ask, and apply the new allocations: decreases first, then limits, then increases."""
    if output_format != "table" and not dry_run:
        raise click.UsageError("--format goes with --dry-run.")
    settings = _account.load_settings(config_path)
    with _account.reach(api_key) as reached:
        proposal = _analysis.propose_now(reached.client, settings)
        _analysis.display(proposal, output_format, changes_only=True)
        if proposal.broken:
            raise QauvernError("nothing was written, since the proposal breaks what is said above.")
        if not proposal.changes:
            _say.note("Nothing to change: every instance holds what it should.")
            return ExitStatus.DONE
        if dry_run:
            _say.next_step(f"{_analysis.count_text(proposal)}, none written: run without --dry-run to apply.")
            return ExitStatus.DONE
        if not _say.confirmed(f"Apply {_analysis.count_text(proposal)} to {settings.account_id}?", yes=yes):
            _say.note("Nothing was written.")
            return ExitStatus.DONE
        return _report(_apply(reached.client, proposal))


def _apply(client: cloud.Cloud, proposal: Proposal) -> AppliedRun:
    changes = changes_of(proposal)
    account = proposal.account
    ledger = Ledger.of(
        changes,
        cap=account.budget_seconds,
        total_held=proposal.pool.unconfigured_held_seconds + proposal.configured_held_seconds,
    )
    options = click.get_current_context().ensure_object(GlobalOptions)
    return Executor(
        client,
        ledger,
        concurrency=options.concurrency,
        on_outcome=lambda outcome: _say.note(progress_line(outcome), options),
    ).run(changes)


def _report(run: AppliedRun) -> int:
    _say.data(run_summary(run))
    _say.error_lines(problem_lines(run))
    status = status_of(run)
    if status is ExitStatus.DONE:
        _say.next_step("qauvern show looks at the account as it is now.")
    else:
        _say.next_step(
            "look at the instances named above, then run qauvern optimize again: it starts from what they hold."
        )
    return status


def status_of(run: AppliedRun) -> ExitStatus:
    """130 before 3 before 4, where several hold."""
    if run.interrupted:
        return ExitStatus.INTERRUPTED
    if run.is_complete:
        return ExitStatus.DONE
    only_drifted = not run.having(Result.FAILED, Result.UNKNOWN, Result.HELD_BACK)
    return ExitStatus.STALE if only_drifted and not run.wrote_any else ExitStatus.PARTIAL
