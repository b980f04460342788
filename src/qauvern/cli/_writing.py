"""What the commands that write have in common: the lock, the journal, the run, and its report."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qauvern.apply import (
    OPERATION_TIMEOUT_SECONDS,
    AppliedRun,
    Executor,
    Journal,
    JournalError,
    Outcome,
    Pace,
    Result,
    Run,
    RunHeader,
    mark_reported,
    read_runs,
    run_lock,
    stop_on_signals,
)
from qauvern.balance import Proposal
from qauvern.cli import _places, _say
from qauvern.cli._exit import ExitStatus
from qauvern.cli._options import DurationType, GlobalOptions
from qauvern.model import BillingPlan, Settings, Snapshot
from qauvern.plan import Change, Ledger
from qauvern.render.outcomes import cut_off_lines, problem_lines, progress_line, run_summary

if TYPE_CHECKING:
    from qauvern import cloud

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
    default=int(OPERATION_TIMEOUT_SECONDS),
    metavar="DURATION",
    help="Wait that long for IBM to carry a write out. Default: 10m.",
)


def journal_folder(options: GlobalOptions) -> Path:
    """Where runs are journalled; the sandbox has a journal of its own."""
    return _places.state_folder(options.environment) / ("sandbox" if options.sandbox else "")


@contextmanager
def locked(settings: Settings, lock_timeout: int) -> Iterator[None]:
    """The lock of the account and plan, and a word on runs that were cut off."""
    options = click.get_current_context().ensure_object(GlobalOptions)
    folder = journal_folder(options)
    with run_lock(
        folder,
        settings.account_id,
        settings.plan,
        timeout_seconds=float(lock_timeout),
        on_wait=_say.note,
        on_takeover=_say.warning,
    ):
        for run in cut_off_runs(folder, settings.account_id, settings.plan):
            history = _say.command_line("history", run.run_id, with_config=False)
            _say.warnings(
                [*cut_off_lines(run), f"This run starts from what the account holds now; {history} shows it."]
            )
            mark_reported(run.path)
        yield


def cut_off_runs(folder: Path, account_id: str, plan: BillingPlan) -> list[Run]:
    """The runs on the account and plan that did not come to their end, and nobody was told of.

    Whoever asks holds the lock, so none of them is still at work; that their process id is alive would say nothing,
    since another process may have it by now.
    """
    runs, complaints = read_runs(folder)
    for complaint in complaints:
        _say.warning(complaint)
    return [run for run in runs if not run.was_reported and (run.account_id, run.plan) == (account_id, plan.value)]


def write(
    client: cloud.Cloud,
    snapshot: Snapshot,
    proposal: Proposal,
    changes: tuple[Change, ...],
    *,
    operation_timeout: int,
    undoes: str | None = None,
) -> tuple[AppliedRun, str]:
    """Applies the changes within the budget, journalled; the run and its id."""
    options = click.get_current_context().ensure_object(GlobalOptions)
    account = proposal.account
    header = RunHeader(
        account.account_id, account.plan, client.endpoints.family, account.budget_seconds, changes, undoes=undoes
    )
    # The account's figures need not agree, and may be those of different moments: the larger total counts.
    listed = sum(instance.allocation_seconds or 0 for instance in snapshot.instances.values())
    total_held = max(listed, proposal.pool.unconfigured_held_seconds + proposal.configured_held_seconds)
    stop = threading.Event()
    ended = 0

    def show(outcome: Outcome) -> None:
        nonlocal ended
        ended += 1
        progress(ended, len(changes))
        if options.verbose:
            _say.note(progress_line(outcome), options)

    with stop_on_signals(stop, _say.warning), _say.progress("Writing") as progress:
        journal = Journal(journal_folder(options), header)
        executor = Executor(
            client,
            Ledger.of(changes, cap=account.budget_seconds, total_held=total_held),
            recorder=journal,
            concurrency=options.concurrency,
            pace=Pace(operation_timeout=float(operation_timeout)),
            on_outcome=show,
            stop=stop,
        )
        run = executor.run(changes)
        try:
            journal.end(run)
        except JournalError as error:
            run = replace(run, fault=run.fault or str(error))
    return run, journal.run_id


def report(run: AppliedRun, run_id: str) -> ExitStatus:
    """Says how the run ended and what to do next; its exit status."""
    try:
        _say.data(run_summary(run))
    except OSError:  # the reader is gone, or the disk is full: what was done is done, and the exit status tells it
        with suppress(OSError):
            _say.note(run_summary(run))
    _say.error_lines([*problem_lines(run), *([run.fault] if run.fault else [])])
    status = status_of(run)
    if status is ExitStatus.DONE:
        _say.next_step(f"{_say.command_line('undo', run_id)} takes this run back.")
    else:
        _say.next_step(
            f"look at the instances named above, then {_say.command_line('optimize')}: it starts from what they hold. "
            f"{_say.command_line('history', run_id, with_config=False)} shows this run."
        )
    return status


def status_of(run: AppliedRun) -> ExitStatus:
    """130 before 3 before 4, where several hold."""
    if run.interrupted:
        return ExitStatus.INTERRUPTED
    if run.is_complete:
        return ExitStatus.DONE
    if run.fault and not run.wrote_any:
        return ExitStatus.ERROR
    # What is held back for want of the seconds that others took is drift too.
    is_drift = run.having(Result.DRIFTED) and not run.fault and not run.having(Result.FAILED, Result.UNKNOWN)
    return ExitStatus.STALE if is_drift and not run.wrote_any else ExitStatus.PARTIAL
