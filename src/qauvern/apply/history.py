"""Reading journals: what each run was to do, did, and left in doubt. Tells the truth of a run that was cut off."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from qauvern.apply.journal import FOLDER_NAME, SUFFIX, VERSION, Ending, Operator
from qauvern.apply.lock import is_process_alive
from qauvern.apply.outcome import Result
from qauvern.errors import QauvernError, Remedy
from qauvern.model import BillingPlan, Crn, NewInstance
from qauvern.plan import Change, Holding, WrittenChange, parse_change, parse_holding, seconds_moved


class RunKind(str, Enum):
    """What a run is for."""

    APPLY = "apply"
    UNDO = "undo"
    CREATE = "create"


class NoSuchRun(QauvernError):
    """No journal of that name, or more than one whose name begins so."""


class BadJournal(QauvernError):
    """A journal file that cannot be read."""


@dataclass(frozen=True, slots=True)
class JournalledChange:
    """One change of a run. `result` is that of its outcome, or None where none was journalled.

    `intended` says that its write was about to start: with no outcome it is in doubt.
    """

    change: Change
    intended: bool = False
    result: Result | None = None
    wrote: bool = False
    actual: Holding | None = None
    detail: str = ""

    @property
    def status(self) -> Result:
        """How it ended; in doubt where its write was about to start and nothing more is told of it."""
        if self.result is not None:
            return self.result
        return Result.IN_DOUBT if self.intended else Result.NOT_STARTED

    @property
    def may_have_been_written(self) -> bool:
        return self.wrote or self.result in (Result.DONE, Result.UNKNOWN) or (self.intended and self.result is None)


@dataclass(frozen=True, slots=True)
class JournalledCreation:
    """The instance that a run was to create. `crn` is None where IBM's answer did not come."""

    wanted: NewInstance
    crn: Crn | None = None
    actual: Holding | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run as its journal tells it. `message` says why it was made, and is empty where nobody said so.

    One that creates an instance has `creation` and no changes; its account is None until IBM has answered.
    """

    run_id: str
    path: Path
    started_at: datetime
    account_id: str | None
    plan: str
    endpoint_family: str
    operator: Operator
    undoes: str | None
    changes: tuple[JournalledChange, ...]
    ended: Ending
    was_reported: bool = True
    damaged_lines: int = 0
    message: str = ""
    creation: JournalledCreation | None = None
    only: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()

    @property
    def kind(self) -> RunKind:
        if self.creation is not None:
            return RunKind.CREATE
        return RunKind.APPLY if self.undoes is None else RunKind.UNDO

    @property
    def is_of_a_selection(self) -> bool:
        return self.only is not None or bool(self.exclude)

    @property
    def written(self) -> tuple[WrittenChange, ...]:
        """What the run changed or may have changed: values that were written again as they were are not among it."""
        return tuple(
            WrittenChange(each.change, each.actual or each.change.after)
            for each in self.changes
            if each.may_have_been_written and not each.change.is_rewrite
        )

    @property
    def seconds_moved(self) -> int:
        """Seconds that change hands by the changes that are done, as `plan.seconds_moved` counts them."""
        return seconds_moved(each.change for each in self.changes if each.result is Result.DONE)

    @property
    def changes_done(self) -> int:
        """How many of its changes hold: written, or found to hold already."""
        return self.count(Result.DONE, Result.ALREADY_DONE)

    def count(self, *statuses: Result) -> int:
        return sum(each.status in statuses for each in self.changes)


def read_runs(folder: Path) -> tuple[list[Run], list[str]]:
    """Every run whose journal is in the state folder, oldest first, and what is said of files that cannot be read."""
    runs: list[Run] = []
    complaints: list[str] = []
    for path in sorted((folder / FOLDER_NAME).glob(f"*{SUFFIX}")):
        try:
            runs.append(read_run(path))
        except BadJournal as error:
            complaints.append(str(error))
    # Their names tell runs of the same second apart, but not which was first.
    return sorted(runs, key=lambda run: (run.started_at, run.run_id)), complaints


def find_run(runs: Sequence[Run], wanted: str) -> Run:
    """The run of that id, or the only one whose id begins so.

    Raises:
        NoSuchRun: there is none, or more than one.
    """
    exact = [run for run in runs if run.run_id == wanted]
    found = exact or [run for run in runs if wanted and run.run_id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NoSuchRun(f"there is no run {wanted!r}", remedy=Remedy.LIST_RUNS)
    names = ", ".join(run.run_id for run in found)
    raise NoSuchRun(f"{len(found)} runs begin with {wanted!r}: {names}", remedy=Remedy.NAME_RUN)


def last_to_undo(runs: Sequence[Run]) -> Run:
    """The last run that is neither an undo nor undone.

    Raises:
        NoSuchRun: there is none.
    """
    for run in reversed(runs):
        if run.undoes is None and run.written and not is_undone(run, runs):
            return run
    raise NoSuchRun("there is no run left to undo", remedy=Remedy.LIST_RUNS)


def is_undone(run: Run, runs: Sequence[Run]) -> bool:
    """True when a complete undo of the run, later than it, has not been undone itself."""
    return any(
        other.undoes == run.run_id
        and other.ended is Ending.COMPLETE
        and other.started_at > run.started_at
        and not is_undone(other, runs)
        for other in runs
    )


def read_run(path: Path) -> Run:
    """One run from its file. A last line that was cut off is passed over; what it would have told stays in doubt.

    Raises:
        BadJournal: it cannot be read, or its first line does not say what the run is.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise BadJournal(f"the journal {path} cannot be read: {error.strerror or error}.") from error
    events = [_event(line) for line in lines if line.strip()]
    if not events or events[0] is None or events[0].get("event") != "start":
        raise BadJournal(f"the journal {path} does not begin with a run: it was damaged, or cut off at its start.")
    try:
        return _run(path, events[0], [event for event in events[1:] if event is not None], events.count(None))
    except (QauvernError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise BadJournal(f"the journal {path} cannot be read: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error).rstrip(".")


def _event(line: bytes) -> Mapping[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _run(path: Path, start: Mapping[str, Any], events: Sequence[Mapping[str, Any]], damaged: int) -> Run:
    if start["version"] != VERSION:
        raise BadJournal(f"its version is {start['version']!r}, and this qauvern reads version {VERSION}")
    changes = {change.crn: JournalledChange(change) for change in map(parse_change, start["changes"])}
    for each in changes.values():
        _refuse_harm(each.change, is_undo=start["undoes"] is not None)
    for told in _told(events, changes):
        if told is None:
            damaged += 1
        else:
            changes[told.change.crn] = told
    end = next((event for event in reversed(events) if event.get("event") == "end"), None)
    operator = Operator(str(start["user"]), str(start["host"]), int(start["pid"]))
    creation = _creation(start, events, end)
    account_id = start["account_id"] or (creation and creation.crn and creation.crn.account_id)
    no_end = Ending.UNDER_WAY if is_process_alive(operator) else Ending.CUT_OFF
    return Run(
        run_id=str(start["run"]),
        path=path,
        started_at=_moment(start["at"]),
        account_id=None if account_id is None else str(account_id),
        plan=str(start["plan"]),
        endpoint_family=str(start["endpoint_family"]),
        operator=operator,
        undoes=None if start["undoes"] is None else str(start["undoes"]),
        changes=tuple(changes.values()),
        ended=no_end if end is None else _ending(end),
        was_reported=end is not None,
        damaged_lines=damaged,
        message=str(start.get("message", "")),
        creation=creation,
        only=None if start.get("only") is None else tuple(map(str, start["only"])),
        exclude=tuple(map(str, start.get("exclude", ()))),
    )


def _creation(
    start: Mapping[str, Any], events: Sequence[Mapping[str, Any]], end: Mapping[str, Any] | None
) -> JournalledCreation | None:
    wanted = start.get("creates")
    if wanted is None:
        return None
    new = NewInstance(**{**wanted, "plan": BillingPlan(wanted["plan"]), "tags": tuple(wanted["tags"])})
    crn = next((Crn(event["crn"]) for event in events if event.get("event") == "created"), None)
    held = None if end is None else end.get("actual")
    actual = None if held is None else Holding(held["allocation_seconds"], held["limit_seconds"])
    return JournalledCreation(new, crn, actual, "" if end is None else str(end.get("detail", "")))


def _ending(end: Mapping[str, Any]) -> Ending:
    """What the last line says; a word that nobody knows is not taken for a good end."""
    try:
        return Ending(end.get("ended"))
    except ValueError:
        return Ending.CUT_OFF


def _refuse_harm(change: Change, *, is_undo: bool) -> None:
    """No run has ever written such values; putting them back would archive the instance, or wipe its allocation."""
    before, after = change.before.allocation_seconds, change.after.allocation_seconds
    if 0 in (before, after):
        raise BadJournal(f"it has an allocation of 0 for {change.name!r}, which stands for archiving")
    if (before is None) != (after is None) and not is_undo:
        raise BadJournal(f"it gives {change.name!r} an allocation where there is none, or takes it away")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no UTC offset")
    return moment


def _told(
    events: Sequence[Mapping[str, Any]], changes: Mapping[Crn, JournalledChange]
) -> Iterator[JournalledChange | None]:
    """What each line says of a change; None for one that cannot be made sense of."""
    intended: set[Crn] = set()
    for event in events:
        if event.get("event") not in ("intent", "outcome"):
            continue
        try:
            crn = Crn(event["crn"])
            change = changes[crn].change
            if event["event"] == "intent":
                intended.add(crn)
                yield JournalledChange(change, intended=True)
                continue
            yield JournalledChange(
                change,
                intended=crn in intended,
                result=Result(event["result"]),
                wrote=bool(event["wrote"]),
                actual=None if event["actual"] is None else parse_holding(event["actual"]),
                detail=str(event["detail"]),
            )
        except (QauvernError, KeyError, TypeError, ValueError):
            yield None
