"""Applies changes phase by phase: decreases, then limit-only changes, then increases, the cap kept at every moment."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

from qauvern.apply.account_port import AccountPort
from qauvern.apply.outcome import AppliedRun, Outcome, Result
from qauvern.apply.writer import Found, Pace, Writer
from qauvern.errors import QauvernError
from qauvern.model import Crn
from qauvern.plan import Change, Ledger, Phase, difference, in_phase


class Recorder:
    """Is told of every step of a run as it happens; this one keeps nothing."""

    def intent(self, change: Change) -> None:
        """A write is about to start. A QauvernError raised here stops the write and the run."""

    def outcome(self, outcome: Outcome) -> None:
        """A change has ended. A QauvernError raised here stops the run."""


@dataclass(slots=True)
class Executor:
    """Applies changes to an account within the ledger's cap.

    `on_outcome` is called from any thread, one call at a time; that nobody hears it does not stop the run. `on_lag` is
    told how many instances are written and not enforced yet, each time that they are looked at. `stop` may
    be set at any time, by a signal handler for one: no new write starts, those in flight are awaited.
    """

    port: AccountPort
    ledger: Ledger
    recorder: Recorder = field(default_factory=Recorder)
    concurrency: int = 16
    pace: Pace = field(default_factory=Pace)
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None
    on_lag: Callable[[int], None] = lambda _count: None
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _outcomes: dict[Crn, Outcome] = field(default_factory=dict)
    _fault: str = ""
    _without_backends: threading.Lock = field(default_factory=threading.Lock)
    _backends_stay: bool = False
    """A write that left the backends out has been seen to leave them alone."""
    _lost_backends: str = ""
    """The name of an instance of which that was not seen."""

    def run(self, changes: tuple[Change, ...]) -> AppliedRun:
        """Writes all changes that can be written safely; each has an outcome in the end."""
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="write") as workers:
            for phase in Phase:
                self._run_phase(in_phase(changes, phase), workers)
            self._await_enforcement(workers)
        for change in changes:
            if change.crn not in self._outcomes:
                self._record(Outcome(change, Result.NOT_STARTED, "the run was stopped before it"))
        return AppliedRun(
            tuple(self._outcomes[change.crn] for change in changes),
            interrupted=self.stop.is_set() and not self._fault,
            fault=self._fault,
        )

    def _run_phase(self, changes: Sequence[Change], workers: ThreadPoolExecutor) -> None:
        """Writes what the cap admits, in plan order; what failing writes have freed may admit more."""
        waiting = list(changes)
        while waiting and not self.stop.is_set():
            admitted, waiting = self._admit(waiting)
            if not admitted:
                break
            self._await([workers.submit(self._apply, change) for change in admitted])
        if not self.stop.is_set():
            for change in waiting:
                self._record(Outcome(change, Result.HELD_BACK, self._why_held_back(change)))

    def _admit(self, changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
        """Those for which the cap has room, taken in order, and the others."""
        admitted: list[Change] = []
        waiting: list[Change] = []
        with self._lock:
            for change in changes:
                (admitted if self.ledger.reserve(change) else waiting).append(change)
        return admitted, waiting

    def _await_enforcement(self, workers: ThreadPoolExecutor) -> None:
        """Compares what is enforced of all that was written, together, until it agrees or the timeout has passed."""
        lagging = [each for each in self._outcomes.values() if each.result is Result.DONE and each.wrote]
        deadline, delay = self.pace.clock() + self.pace.operation_timeout, self.pace.first_poll
        while lagging:
            checks = {each.change.crn: workers.submit(self._why_not_enforced, each.change) for each in lagging}
            self._await(list(checks.values()))
            whys = {crn: check.result() for crn, check in checks.items()}
            lagging = [replace(each, detail=why) for each in lagging if (why := whys[each.change.crn])]
            if self.stop.is_set() or self.pace.clock() >= deadline:
                break
            if lagging:
                with contextlib.suppress(Exception):
                    self.on_lag(len(lagging))
                self.pace.sleep(min(delay, max(0.0, deadline - self.pace.clock())))
                delay = min(delay * 2, self.pace.longest_poll)
        for outcome in lagging:
            self._keep(replace(outcome, result=Result.NOT_ENFORCED))

    def _why_not_enforced(self, change: Change) -> str:
        """How what is enforced differs from what was written; empty where it does not."""
        try:
            enforced = self.port.enforced(change.crn)
        except QauvernError as error:
            return f"it was written, and what is enforced cannot be read: {error}"
        except Exception as fault:
            return _fault_text(fault)
        lag = difference(change.after, enforced)
        return lag and f"it was written, but IBM does not enforce it: {lag}"

    def _await(self, writes: Sequence[Future[Any]]) -> None:
        """Waits for all, and takes an interruption as the word to start no more."""
        pending = set(writes)
        while pending:
            try:
                done, pending = wait(pending, timeout=0.5)
            except KeyboardInterrupt:
                self.stop.set()
                continue
            for write in done:
                write.result()

    def _apply(self, change: Change) -> None:
        if self.stop.is_set():
            return
        writer = Writer(self.port, self.pace, self.stop.is_set)
        try:
            found = writer.precheck(change)
        except QauvernError as error:
            self._settle(Outcome(change, Result.FAILED, f"it cannot be read before its write: {error}"))
            return
        except Exception as fault:
            self._settle(Outcome(change, Result.FAILED, _fault_text(fault)))
            return
        if found.settled is not None:
            self._settle(found.settled)
        elif found.other_backends is None:
            self._write(writer, change, found)
        else:
            self._write_without_backends(writer, change, found)

    def _write_without_backends(self, writer: Writer, change: Change, found: Found) -> None:
        """One such instance goes first: the others wait until it has been seen that the backends stay."""
        with self._without_backends:
            if not self._backends_stay:
                if self._lost_backends:
                    detail = (
                        f"its own list of backends is out of date, and {self._lost_backends!r}, of which such a list "
                        "was not sent either, was not seen to keep its backends"
                    )
                    self._hold_back(change, detail)
                    return
                self._write(writer, change, found)
                outcome = self._outcomes.get(change.crn)
                if outcome is not None and outcome.wrote:
                    self._backends_stay = outcome.is_done
                    self._lost_backends = "" if outcome.is_done else change.name
                return
        self._write(writer, change, found)

    def _write(self, writer: Writer, change: Change, found: Found) -> None:
        if not self._may_write(change):
            return
        try:
            self.recorder.intent(change)
        except QauvernError as error:
            self._stop_for(error)
            return
        try:
            outcome = writer.write(change, found)
        except Exception as fault:
            outcome = Outcome(change, Result.UNKNOWN, _fault_text(fault), wrote=True, may_still_land=True)
        self._settle(outcome)

    def _stop_for(self, error: QauvernError) -> None:
        """Lets no new write start: the run cannot be told any more."""
        self._fault = self._fault or str(error)
        self.stop.set()

    def _may_write(self, change: Change) -> bool:
        """Looks at the cap once more: an instance changed by others since may have used the room up."""
        if self.stop.is_set():
            return False
        with self._lock:
            if self.ledger.keeps_caps_of(change) or change.phase is not Phase.INCREASE:
                return True
        self._hold_back(change, self._why_held_back(change))
        return False

    def _hold_back(self, change: Change, detail: str) -> None:
        with self._lock:
            self.ledger.release(change.crn)
        self._record(Outcome(change, Result.HELD_BACK, detail))

    def _why_held_back(self, change: Change) -> str:
        full = self.ledger.full_for(change) or self.ledger
        total = f"its group {full.group} over its limit" if full.group else "the total over the budget"
        return (
            f"{change.allocation_delta:+,} s would lift {total} of {full.cap or 0:,} s, since others have not given up "
            "the seconds that it takes"
        )

    def _settle(self, outcome: Outcome) -> None:
        crn = outcome.change.crn
        with self._lock:
            if outcome.may_still_land:
                if outcome.actual is not None:
                    self.ledger.observe(crn, outcome.actual.allocation_seconds)
            elif outcome.actual is None:
                self.ledger.release(crn)
            else:
                self.ledger.settle(crn, outcome.actual.allocation_seconds)
        self._record(outcome)

    def _keep(self, outcome: Outcome) -> None:
        try:
            self.recorder.outcome(outcome)
        except QauvernError as error:
            self._stop_for(error)
        with self._lock:
            self._outcomes[outcome.change.crn] = outcome

    def _record(self, outcome: Outcome) -> None:
        self._keep(outcome)
        with self._lock, contextlib.suppress(Exception):  # a fault of the display must not leave a run in the middle
            self.on_outcome(outcome)


def _fault_text(fault: Exception) -> str:
    return f"a bug in qauvern: {fault!r}"
