"""One change, written safely: read right before, written, awaited, read back and compared. Never guessed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from qauvern.apply.account_port import AccountPort
from qauvern.apply.outcome import Outcome, Result
from qauvern.errors import QauvernError, WriteOutcomeUnknown, WriteRefused
from qauvern.model import Instance, LiveInstance, OperationState
from qauvern.plan import Change, Holding
from qauvern.units import seconds_text

OPERATION_TIMEOUT_SECONDS = 600.0
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Pace:
    """How a writer waits, in seconds. `sleep` and `clock` are replaced where a test has no time."""

    operation_timeout: float = OPERATION_TIMEOUT_SECONDS
    first_poll: float = 0.2
    longest_poll: float = 5.0
    retry_delay: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Found:
    """An instance right before its write. `settled` is the outcome if nothing is to be written.

    `other_backends` are those that it may use, where they differ from its own list.
    """

    live: Instance
    settled: Outcome | None = None
    other_backends: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes single changes through the port. Once `is_stopped` says so, nothing is tried again."""

    port: AccountPort
    pace: Pace = Pace()
    is_stopped: Callable[[], bool] = lambda: False

    def precheck(self, change: Change) -> Found:
        """Reads the instance right before its write.

        Raises:
            QauvernError: it cannot be read.
        """
        live = self._await_operation(change)
        actual = Holding.of(live.instance)
        if live.operation is OperationState.IN_PROGRESS:
            return Found(live.instance, _foreign_operation(change, actual))
        if actual == change.after and not change.is_rewrite:
            return Found(live.instance, Outcome(change, Result.ALREADY_DONE, actual=actual))
        if actual != change.before:
            return Found(live.instance, Outcome(change, Result.DRIFTED, describe_drift(change, actual), actual))
        if live.instance.backends is None:
            return Found(live.instance)
        effective = self.port.effective_backends(change.crn)
        return Found(live.instance, other_backends=None if effective == _as_set(live.instance) else effective)

    def write(self, change: Change, found: Found) -> Outcome:
        """Writes until the values took, were refused, or the tries are used up.

        An instance's own list of backends may be out of date: where others are in effect it is not sent, which leaves
        them alone by IBM's description, and they are compared afterwards.
        """
        if found.other_backends is None:
            return self._write(change, found.live, found.live.backends)
        outcome = self._write(change, found.live, None)
        if not outcome.wrote:
            return outcome
        try:
            effective = self.port.effective_backends(change.crn)
        except QauvernError as error:
            detail = f"the backends that it may use cannot be read back: {error}"
            return replace(outcome, result=Result.UNKNOWN, detail=detail) if outcome.is_done else outcome
        if effective != found.other_backends:
            was, now = _names(found.other_backends), _names(effective)
            return replace(
                outcome, result=Result.FAILED, detail=f"the backends that it may use were {was}, and are {now}"
            )
        if not outcome.is_done:
            return outcome
        own, used = _names(_as_set(found.live) or ()), _names(effective)
        return replace(outcome, detail=f"its list of backends ({own}) was not sent, since it may use {used}")

    def _write(self, change: Change, live: Instance, backends: tuple[str, ...] | None) -> Outcome:
        """Every try but the first comes right after a read that shows the instance as it was before."""
        detail, any_lost = "", False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.port.write(change.crn, change.after.allocation_seconds, change.after.limit_seconds, backends)
                return self._settle_accepted(change, live)
            except WriteRefused as refusal:
                detail = str(refusal)
                if refusal.retry_after is None:
                    return _not_taken(change, detail, any_lost=any_lost)
                if refusal.retry_after > self.pace.operation_timeout:
                    waits = f"IBM asks to wait {refusal.retry_after:g} s, longer than operations are waited for"
                    return _not_taken(change, f"{waits}: {detail}", any_lost=any_lost)
                delay = max(refusal.retry_after, self.pace.retry_delay)
            except WriteOutcomeUnknown as lost:
                detail, any_lost = str(lost), True
                delay = self.pace.retry_delay * 2 ** (attempt - 1)
            settled = self._settle(change, live, was_sent=any_lost)
            if settled is None and attempt < ATTEMPTS and not self.is_stopped():
                self.pace.sleep(delay)
                settled = self._settle(change, live, was_sent=any_lost)
            if settled is not None:
                return settled
            if self.is_stopped():
                return _not_taken(change, f"interrupted before it was tried again: {detail}", any_lost=any_lost)
        return _not_taken(change, f"gave up after {ATTEMPTS} tries: {detail}", any_lost=any_lost)

    def _settle_accepted(self, change: Change, before: Instance) -> Outcome:
        """What an accepted write came to. That it did not take is looked at twice: its operation may begin late."""
        settled = self._settle(change, before, was_sent=True, was_accepted=True)
        if settled is None:
            self.pace.sleep(self.pace.retry_delay)
            settled = self._settle(change, before, was_sent=True, was_accepted=True)
        detail = "IBM accepted the request, but the values did not take"
        return settled or Outcome(change, Result.FAILED, detail, change.before, may_still_land=True)

    def _settle(
        self, change: Change, before: Instance, *, was_sent: bool, was_accepted: bool = False
    ) -> Outcome | None:
        """What the tries so far came to, by reading back; None where the instance is as it was.

        `was_sent`: one of them was accepted, or its answer was lost, so that what is found may be its doing.
        """
        try:
            live = self._await_operation(change)
        except QauvernError as error:
            detail = f"it cannot be read back: {error}"
            return Outcome(change, Result.UNKNOWN, detail, wrote=True, may_still_land=True)
        actual = Holding.of(live.instance)
        wanted_backends, backends = _as_set(before), _as_set(live.instance)
        if not was_sent and live.operation is OperationState.IN_PROGRESS:
            return _foreign_operation(change, actual)
        if not was_sent and (actual != change.before or backends != wanted_backends):
            if actual == change.after and backends == wanted_backends:
                return Outcome(change, Result.ALREADY_DONE, actual=actual)
            return Outcome(change, Result.DRIFTED, _describe_other(change, actual, before, live), actual)
        if live.operation is OperationState.IN_PROGRESS:
            detail = f"the operation did not end within {self.pace.operation_timeout:g} s"
            return Outcome(change, Result.UNKNOWN, detail, actual, wrote=True, may_still_land=True)
        # Of values that were there before, reading them back does not tell that they were written.
        is_told = not change.is_rewrite or (was_accepted and live.operation is not OperationState.FAILED)
        if actual == change.after and backends == wanted_backends and is_told:
            return Outcome(change, Result.DONE, actual=actual, wrote=True)
        has_changed = actual != change.before or backends != wanted_backends
        if live.operation is OperationState.FAILED and was_accepted:
            detail = "IBM accepted the request, but its operation failed"
            return Outcome(change, Result.FAILED, detail, actual, wrote=has_changed, may_still_land=True)
        if has_changed:
            detail = _describe_other(change, actual, before, live)
            return Outcome(change, Result.FAILED, detail, actual, wrote=True, may_still_land=True)
        return None

    def _await_operation(self, change: Change) -> LiveInstance:
        """The instance once no operation is in progress on it, or as it is when the timeout has passed."""
        deadline = self.pace.clock() + self.pace.operation_timeout
        delay = self.pace.first_poll
        while True:
            live = self.port.read(change.crn)
            if live.operation is not OperationState.IN_PROGRESS or self.pace.clock() >= deadline:
                return live
            self.pace.sleep(min(delay, max(0.0, deadline - self.pace.clock())))
            delay = min(delay * 2, self.pace.longest_poll)


def _not_taken(change: Change, detail: str, *, any_lost: bool) -> Outcome:
    """The instance is as it was. A try whose answer was lost may have its effect still: the outcome is unknown then."""
    result = Result.UNKNOWN if any_lost else Result.FAILED
    return Outcome(change, result, detail, change.before, wrote=any_lost, may_still_land=any_lost)


def _foreign_operation(change: Change, actual: Holding) -> Outcome:
    detail = "an operation on it, of somebody else or of an earlier run, does not end"
    return Outcome(change, Result.DRIFTED, detail, actual, may_still_land=True)


def describe_drift(change: Change, actual: Holding) -> str:
    """How what the instance holds differs from what the change starts from."""
    before = change.before
    parts = []
    if actual.allocation_seconds != before.allocation_seconds:
        is_now, was = seconds_text(actual.allocation_seconds), seconds_text(before.allocation_seconds)
        parts.append(f"allocation is {is_now}, was {was}")
    if actual.limit_seconds != before.limit_seconds:
        parts.append(f"limit is {seconds_text(actual.limit_seconds)}, was {seconds_text(before.limit_seconds)}")
    return "changed by others: " + ", ".join(parts)


def _describe_other(change: Change, actual: Holding, before: Instance, live: LiveInstance) -> str:
    parts = [
        f"{what} is {seconds_text(is_now)} instead of {seconds_text(wanted)}"
        for what, is_now, wanted in (
            ("allocation", actual.allocation_seconds, change.after.allocation_seconds),
            ("limit", actual.limit_seconds, change.after.limit_seconds),
        )
        if is_now != wanted
    ]
    if _as_set(live.instance) != _as_set(before):
        parts.append("the list of backends changed")
    return "read back, " + ", ".join(parts)


def _names(backends: Iterable[str]) -> str:
    return ", ".join(sorted(backends)) or "none"


def _as_set(instance: Instance) -> frozenset[str] | None:
    return None if instance.backends is None else frozenset(instance.backends)
