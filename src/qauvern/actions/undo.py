"""undo: puts a run's values back, in the same safe order, as a run of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

from qauvern.actions.account import Account
from qauvern.actions.analyze import Analysis, analyze
from qauvern.actions.apply import Run, RunStatus, ignore_outcome, journalled_runs, locked, write
from qauvern.apply import OPERATION_TIMEOUT_SECONDS, AppliedRun, Outcome, Result, find_run, last_to_undo
from qauvern.apply import Run as JournalledRun
from qauvern.errors import QauvernError, Remedy
from qauvern.model import Settings
from qauvern.plan import Change, UndoPlan, broken_by, plan_undo


@dataclass(frozen=True, slots=True)
class Undoing:
    """What an undo would put back. `broken` are the invariants that the values of then break now: no obstacle."""

    run: JournalledRun
    plan: UndoPlan
    analysis: Analysis

    @property
    def changes(self) -> tuple[Change, ...]:
        return self.plan.changes

    @property
    def broken(self) -> list[str]:
        return broken_by(self.plan.changes, self.analysis.proposal, with_their_limits=True)


def _agree(_undoing: Undoing) -> bool:
    return True


def undo(
    account: Account,
    settings: Settings,
    run_id: str | None = None,
    *,
    review: Callable[[Undoing], bool] = _agree,
    force: bool = False,
    dry_run: bool = False,
    lock_timeout_seconds: float = 0.0,
    operation_timeout_seconds: float = OPERATION_TIMEOUT_SECONDS,
    message: str = "",
    on_outcome: Callable[[Outcome], None] = ignore_outcome,
) -> Run:
    """Puts back what a run changed and nobody has changed since. What is left alone is among the outcomes, as drifted.

    Args:
        run_id: the run, or the beginning of its id; None is the last one that is neither an undo nor undone.
        review: is shown what would be put back; True agrees to have it written.
        force: put back also what was changed by others since.

    Raises:
        NoSuchRun: there is no such run, or several.
        QauvernError: the run is of another account, plan or endpoint family.
        Locked, JournalError, CloudError: as for `apply`.
    """
    lock = nullcontext() if dry_run else locked(account.workplace, settings, lock_timeout_seconds)
    with lock, account:
        run = _run_to_undo(account, settings, run_id)
        analysis = analyze(account, settings)
        configured = {each.crn for each in settings.instances}
        plan = plan_undo(run.written, analysis.snapshot.instances, run.run_id, configured=configured, force=force)
        left_alone = tuple(Outcome(each.change, Result.DRIFTED, each.why.value) for each in plan.left_alone)
        agreed = review(Undoing(run, plan, analysis))
        if not plan.changes:
            return Run(RunStatus.NOTHING_TO_DO, applied=AppliedRun(left_alone))
        if dry_run or not agreed:
            return Run(RunStatus.NOT_WRITTEN)
        done = write(
            account,
            analysis,
            plan.changes,
            operation_timeout_seconds=operation_timeout_seconds,
            undoes=run.run_id,
            message=message,
            on_outcome=on_outcome,
        )
        if not left_alone:
            return done
        status = RunStatus.PARTIAL if done.status is RunStatus.COMPLETE else done.status
        return replace(done, status=status, applied=replace(done.applied, outcomes=(*done.outcomes, *left_alone)))


def _run_to_undo(account: Account, settings: Settings, run_id: str | None) -> JournalledRun:
    runs = journalled_runs(account.workplace)
    here = (settings.account_id, settings.plan.value, account.client.endpoints.family)
    own = [run for run in runs if (run.account_id, run.plan, run.endpoint_family) == here]
    if run_id is None:
        return last_to_undo(own)
    run = find_run(runs, run_id)
    if run.creation is not None:
        raise QauvernError(
            f"run {run.run_id} created the instance {run.creation.wanted.name!r}, and qauvern never deletes one. "
            "Nothing was written.",
            remedy=Remedy.DELETE_IN_CONSOLE,
            run=run.run_id,
        )
    if run not in own:
        raise QauvernError(
            f"run {run.run_id} is of account {run.account_id}, plan {run.plan}, {run.endpoint_family} endpoints, and "
            "the config file is not. Nothing was written.",
            remedy=Remedy.NAME_ITS_CONFIG,
            run=run.run_id,
        )
    return run
