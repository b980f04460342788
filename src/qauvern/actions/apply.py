"""apply: what an analysis or a saved plan changes, written within the budget: one run at a time, and journalled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from enum import Enum
from pathlib import Path

from qauvern.actions.account import Account
from qauvern.actions.analyze import Analysis, BrokenProposal, analyze
from qauvern.actions.select import selected, selection_of
from qauvern.actions.workplace import Workplace
from qauvern.apply import (
    OPERATION_TIMEOUT_SECONDS,
    AppliedRun,
    Ending,
    Executor,
    Journal,
    JournalError,
    Outcome,
    Pace,
    Result,
    RunHeader,
    mark_reported,
    read_runs,
    run_lock,
    stop_on_signals,
)
from qauvern.apply import Run as JournalledRun
from qauvern.errors import Notice, QauvernError, Remedy
from qauvern.model import Crn, InstanceSettings, Settings
from qauvern.plan import (
    Cap,
    Change,
    Fit,
    GuardrailName,
    Ledger,
    Refusal,
    SavedPlan,
    Selection,
    fit,
    parse_plan,
    refusals,
    refuse_other_account,
    refuse_resource_units,
    without_room,
)

__all__ = [
    "GuardrailName",
    "NoSuchInstance",
    "NotApplicable",
    "Prepared",
    "Run",
    "RunStatus",
    "Verdict",
    "apply",
    "find_instance",
    "ignore_outcome",
    "journalled_runs",
    "locked",
    "optimize",
    "read_plan",
    "write",
]

_IN_DOUBT_NAMED = 20


class Verdict(str, Enum):
    """Whether what was prepared may be written, and if not, why."""

    READY = "ready"
    NOTHING_TO_DO = "nothing to do"
    STALE = "stale"
    BROKEN = "broken"
    REFUSED = "refused"


class RunStatus(str, Enum):
    """How a run ended. All but the first two wrote nothing, or not all."""

    COMPLETE = "complete"
    NOTHING_TO_DO = "nothing to do"
    PARTIAL = "partial"
    INTERRUPTED = "interrupted"
    NOT_WRITTEN = "not written"
    """It was not agreed to, or was a dry run, or its verdict forbids it."""


class NotApplicable(QauvernError):
    """What was prepared may not be written; nothing was. `verdict` says why: stale or refused by guardrails."""

    def __init__(self, verdict: Verdict, reasons: Collection[str]) -> None:
        super().__init__(f"{verdict.value}, and nothing was written: {'; '.join(reasons)}", verdict=verdict)
        self.verdict = verdict
        self.reasons = tuple(reasons)


class NoSuchInstance(QauvernError):
    """No configured instance of that name, CRN or GUID, or several."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What would be written to the account as it is now.

    `plan` is the saved plan that the changes come from, if any: `done` of its changes hold already, `differences` say
    why it does not fit the account any more. `refusals` are the guardrails that refuse the changes.
    """

    analysis: Analysis
    changes: tuple[Change, ...]
    plan: SavedPlan | None = None
    done: tuple[Change, ...] = ()
    differences: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    selection: Selection = field(default_factory=Selection)
    chosen: frozenset[Crn] = frozenset()
    waiting: tuple[Change, ...] = ()
    of: int = 0

    @property
    def verdict(self) -> Verdict:
        if self.differences:
            return Verdict.STALE
        if self.plan is None and self.analysis.proposal.broken:
            return Verdict.BROKEN
        if not self.changes:
            return Verdict.NOTHING_TO_DO
        return Verdict.REFUSED if self.refusals else Verdict.READY

    def refuse_unless_ready(self) -> None:
        """Raises what keeps the changes from being written, if anything does.

        Raises:
            BrokenProposal: the proposal breaks an invariant.
            NotApplicable: the account or the config file is not what the plan was made for, or a guardrail refuses.
        """
        if self.verdict is Verdict.BROKEN:
            raise BrokenProposal(self.analysis.proposal.broken)
        if self.verdict in (Verdict.STALE, Verdict.REFUSED):
            raise NotApplicable(self.verdict, self.differences or [refusal.message for refusal in self.refusals])


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended: its id (None: nothing was to be written), and what came of each change."""

    status: RunStatus
    run_id: str | None = None
    applied: AppliedRun = field(default_factory=lambda: AppliedRun(()))

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What came of each change, in CRN order."""
        return self.applied.outcomes

    @property
    def only_drifted(self) -> bool:
        """True when nothing was written, for others have changed the instances since.

        What is held back for want of the seconds that they took is drift too.
        """
        run = self.applied
        drifted = run.having(Result.DRIFTED) and not run.fault and not run.having(Result.FAILED, Result.UNKNOWN)
        return bool(drifted) and not run.wrote_any


Review = Callable[[Prepared], bool]
"""Is shown what was prepared, whatever its verdict. True agrees to have it written."""


def ignore_outcome(_outcome: Outcome) -> None:
    """For those who wait for the end."""


def apply(
    account: Account,
    analysis: Analysis,
    *,
    only: Collection[str] | None = None,
    message: str = "",
    on_outcome: Callable[[Outcome], None] = ignore_outcome,
) -> Run:
    """Writes an analysis' changes: decreases first, then limits, then increases, never above the budget.

    The account is read again under the lock of its runs. What the analysis changes must still be as it was then, and
    keep every invariant with the usage of now.

    Args:
        only: what to write, None for all: names or patterns, CRNs, GUIDs, group:NAME, region:NAME or state:NAME. An
            increase that needs seconds which others would give up is held back.
        message: why, for the journal.
        on_outcome: called as each change has ended, one call at a time, from any thread.

    Raises:
        BrokenProposal: the proposal breaks an invariant.
        NotApplicable: the account or the config file has changed since, or a guardrail refuses.
        BadSelection: `only` names what there is not.
        Locked: another run is at work on the account and plan.
        CountedInUnits: the account counts in resource units.
        JournalError: the journal cannot be written.
        ValueError: the analysis is a preview.
    """

    def agree(prepared: Prepared) -> bool:
        prepared.refuse_unless_ready()
        return True

    return optimize(
        account,
        analysis.settings,
        review=agree,
        plan=analysis.saved_plan(),
        only=only,
        message=message,
        on_outcome=on_outcome,
    )


def optimize(
    account: Account,
    settings: Settings,
    *,
    review: Review,
    plan: SavedPlan | None = None,
    only: Collection[str] | None = None,
    exclude: Collection[str] = (),
    ignored: Collection[GuardrailName] = (),
    dry_run: bool = False,
    lock_timeout_seconds: float = 0.0,
    operation_timeout_seconds: float = OPERATION_TIMEOUT_SECONDS,
    message: str = "",
    on_outcome: Callable[[Outcome], None] = ignore_outcome,
) -> Run:
    """Analyzes the account, or fits a saved plan to it, and writes the changes once `review` agrees.

    From the lock on, which a dry run does without, no other run of this machine writes to the account and plan.

    Args:
        exclude: what not to write of that, in the same terms.
        ignored: guardrails to do without, this once.
        lock_timeout_seconds: how long to wait for another run to end.
        operation_timeout_seconds: how long IBM may take to carry a write out.
        only, message, on_outcome: as for `apply`.

    Raises:
        BadSavedPlan: the plan is of another account, plan or endpoint family.
        As `analyze` and `apply`, but for BrokenProposal and NotApplicable: `review` is shown the verdict.
    """
    selection = selection_of(account, settings, only, exclude)
    lock = nullcontext() if dry_run else locked(account.workplace, settings, lock_timeout_seconds)
    with lock, account:
        if plan is not None:
            refuse_other_account(plan, settings, account.client.endpoints.family)
        prepared = _prepared(analyze(account, settings), plan, ignored, selection)
        agreed = review(prepared)
        if prepared.verdict is Verdict.NOTHING_TO_DO:
            return Run(RunStatus.NOTHING_TO_DO)
        if prepared.verdict is not Verdict.READY or dry_run or not agreed:
            return Run(RunStatus.NOT_WRITTEN)
        return write(
            account,
            prepared.analysis,
            prepared.changes,
            operation_timeout_seconds=operation_timeout_seconds,
            selection=selection,
            groups=_group_caps(prepared.analysis),
            message=message,
            on_outcome=on_outcome,
        )


def _prepared(
    analysis: Analysis, plan: SavedPlan | None, ignored: Collection[GuardrailName], selection: Selection
) -> Prepared:
    settings = analysis.settings
    fitted = Fit(analysis.changes, (), ())
    if plan is not None:
        fitted = fit(plan, settings, analysis.snapshot.instances, analysis.proposal)
    chosen = selected(selection, settings, analysis.proposal)
    changes = tuple(change for change in fitted.to_do if change.crn in chosen)
    return Prepared(
        analysis,
        changes,
        plan,
        tuple(change for change in fitted.done if change.crn in chosen),
        fitted.differences,
        _refusals(changes, settings, ignored),
        selection,
        chosen,
        () if selection.is_everything else without_room(changes, _ledger(analysis, changes, _group_caps(analysis))),
        len(fitted.to_do),
    )


def _refusals(
    changes: tuple[Change, ...], settings: Settings, ignored: Collection[GuardrailName]
) -> tuple[Refusal, ...]:
    return refusals(changes, settings.guardrails, len(settings.instances), ignored)


def read_plan(path: Path) -> SavedPlan:
    """The saved plan of a file.

    Raises:
        QauvernError: it cannot be read.
        BadSavedPlan: it is not a plan, of an unknown version, or damaged.
    """
    try:
        return parse_plan(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise QauvernError(f"the plan {path} cannot be read: {reason}.", remedy=Remedy.SAVE_A_PLAN) from error


def find_instance(settings: Settings, wanted: str) -> InstanceSettings:
    """The configured instance of that CRN, name or GUID.

    Raises:
        NoSuchInstance: there is none, or several.
    """
    found = [each for each in settings.instances if wanted == each.crn] or [
        each for each in settings.instances if wanted in (each.name, each.crn.guid)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        crns = ", ".join(each.crn for each in found)
        raise NoSuchInstance(f"{len(found)} instances are called {wanted!r}; name one by its CRN: {crns}.")
    names = {each.name.casefold(): each.name for each in settings.instances}
    near = [names[each] for each in get_close_matches(wanted.casefold(), names, n=1)]
    meant = f" Did you mean {near[0]!r}?" if near else ""
    raise NoSuchInstance(f"the config file has no instance {wanted!r}.{meant}", remedy=Remedy.LIST_INSTANCES, near=near)


# --- what every run that writes goes through ---------------------------------------------------------------------


@contextmanager
def locked(workplace: Workplace, settings: Settings, timeout_seconds: float) -> Iterator[None]:
    """The lock of the account and plan; tells, once, of runs that were cut off.

    Raises:
        Locked: another run holds it, also after `timeout_seconds`.
    """
    with run_lock(
        workplace.journal_folder,
        settings.account_id,
        settings.plan,
        timeout_seconds=timeout_seconds,
        on_wait=lambda text: workplace.note(Notice(text)),
        on_takeover=lambda text: workplace.warn(Notice(text)),
    ):
        for run in _cut_off_runs(workplace, settings):
            workplace.warn(_cut_off_notice(run))
            mark_reported(run.path)
        yield


def _cut_off_runs(workplace: Workplace, settings: Settings) -> list[JournalledRun]:
    """The runs on the account and plan that did not come to their end, and nobody was told of.

    Whoever asks holds the lock, so none that changes values is still at work; that their process id is alive would say
    nothing, since another process may have it by now. One that creates an instance takes no lock, and may not know its
    account yet.
    """
    return [
        run
        for run in journalled_runs(workplace)
        if not run.was_reported
        and run.plan == settings.plan.value
        and (
            run.account_id == settings.account_id
            if run.creation is None
            else run.account_id in (settings.account_id, None) and run.ended is Ending.CUT_OFF
        )
    ]


def journalled_runs(workplace: Workplace) -> list[JournalledRun]:
    """Every journalled run, oldest first; warns of journals that cannot be read."""
    runs, complaints = read_runs(workplace.journal_folder)
    for complaint in complaints:
        workplace.warn(Notice(complaint))
    return runs


def _cut_off_notice(run: JournalledRun) -> Notice:
    began = (
        f"run {run.run_id} of {run.started_at:%Y-%m-%d %H:%M} UTC by {run.operator.user} on {run.operator.host} was "
        "cut off"
    )
    if run.creation is not None:
        became = f"it is {run.creation.crn}" if run.creation.crn else "it may be there or not"
        return Notice(
            f"{began}. It created the instance {run.creation.wanted.name!r}: {became}.",
            Remedy.SEE_RUN,
            {"run": run.run_id},
        )
    in_doubt = [each.change.name for each in run.changes if each.status is Result.IN_DOUBT]
    done = run.count(Result.DONE, Result.ALREADY_DONE)
    named = ", ".join(in_doubt[:_IN_DOUBT_NAMED])
    more = f" and {len(in_doubt) - _IN_DOUBT_NAMED} more" if len(in_doubt) > _IN_DOUBT_NAMED else ""
    which = f" In doubt, written or not: {named}{more}." if in_doubt else ""
    return Notice(
        f"{began}. Of its {len(run.changes)} changes {done} are done, {run.count(Result.NOT_STARTED)} not "
        f"started, {len(in_doubt)} in doubt.{which} This run starts from what the account holds now.",
        Remedy.SEE_RUN,
        {"run": run.run_id},
    )


def write(
    account: Account,
    analysis: Analysis,
    changes: tuple[Change, ...],
    *,
    operation_timeout_seconds: float,
    undoes: str | None = None,
    selection: Selection | None = None,
    groups: Collection[Cap] = (),
    message: str = "",
    on_outcome: Callable[[Outcome], None] = ignore_outcome,
) -> Run:
    """Applies changes within the budget, journalled. The caller holds the lock since before the analysis was made.

    `groups` are held to their caps too; `selection` and `message` are for the journal.

    Raises:
        CountedInUnits: the account counts in resource units.
        JournalError: the journal cannot be written.
    """
    workplace, proposal = account.workplace, analysis.proposal
    refuse_resource_units(analysis.snapshot.instances, analysis.snapshot.usage)
    budget = proposal.account.budget_seconds
    header = RunHeader(
        proposal.account.account_id,
        proposal.account.plan,
        analysis.endpoint_family,
        budget,
        changes,
        undoes=undoes,
        message=message,
        only=None if selection is None or selection.only is None else tuple(term.text for term in selection.only),
        exclude=() if selection is None else tuple(term.text for term in selection.exclude),
    )
    stop = threading.Event()
    ended, is_waiting = 0, False

    def tell(outcome: Outcome) -> None:
        nonlocal ended
        ended += 1
        progress(ended, len(changes))
        on_outcome(outcome)

    def tell_lag(count: int) -> None:
        nonlocal is_waiting
        if not is_waiting:
            workplace.note(Notice(f"waiting for IBM to enforce what was written to {count:,} instances."))
        is_waiting = True

    with (
        stop_on_signals(stop, lambda text: workplace.warn(Notice(text))),
        workplace.progress("Writing") as progress,
    ):
        journal = Journal(workplace.journal_folder, header)
        executor = Executor(
            account.client,
            _ledger(analysis, changes, groups),
            recorder=journal,
            concurrency=workplace.concurrency,
            pace=Pace(operation_timeout=operation_timeout_seconds),
            on_outcome=tell,
            on_lag=tell_lag,
            stop=stop,
        )
        run = executor.run(changes)
        try:
            journal.end(run)
        except JournalError as error:
            run = replace(run, fault=run.fault or str(error))
    for outcome in run.outcomes:
        if outcome.is_done and outcome.detail:
            workplace.warn(Notice(f"{outcome.change.name}: {outcome.detail}.", facts={"crn": outcome.change.crn}))
    return Run(_status_of(run), journal.run_id, run)


def _ledger(analysis: Analysis, changes: tuple[Change, ...], groups: Collection[Cap]) -> Ledger:
    budget = analysis.proposal.account.budget_seconds
    return Ledger.of(changes, cap=budget, total_held=_total_held(analysis), groups=groups)


def _group_caps(analysis: Analysis) -> list[Cap]:
    """The limit of each group that has one, or what its members' floors need if that is more."""
    caps = []
    for group in analysis.proposal.groups:
        if group.limit_seconds is not None:
            members = [line for line in analysis.proposal.lines if line.group == group.name]
            held = sum(line.live.allocation_seconds or 0 for line in members)
            most = max(group.limit_seconds, group.floors_seconds)
            caps.append(Cap(group.name, most, held, frozenset(line.crn for line in members)))
    return caps


def _total_held(analysis: Analysis) -> int:
    """The account's figures need not agree, and may be those of different moments: the larger total counts."""
    listed = sum(instance.allocation_seconds or 0 for instance in analysis.snapshot.instances.values())
    proposal = analysis.proposal
    return max(listed, proposal.pool.unconfigured_held_seconds + proposal.configured_held_seconds)


def _status_of(run: AppliedRun) -> RunStatus:
    if run.interrupted:
        return RunStatus.INTERRUPTED
    return RunStatus.COMPLETE if run.is_complete else RunStatus.PARTIAL
