"""An account in memory that plays the port of apply/: real state, scripted failures, no time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from qauvern.apply import Pace
from qauvern.errors import QauvernError, WriteOutcomeUnknown, WriteRefused
from qauvern.model import Crn, Enforced, Instance, LiveInstance, OperationState
from qauvern.plan import Change, Holding
from tests.helpers.make import crn

Act = Callable[["FakeAccount", Crn, Instance], None]
"""What becomes of one write: given the account, the CRN, and the instance as it would be."""


@dataclass
class FakeAccount:
    """Instances by CRN. `script` says for each CRN what becomes of its writes, in turn; then they take effect.

    `lags` is how often another limit than the written one is said to be enforced; `effective` are the backends of those
    whose own list is out of date.
    """

    instances: dict[Crn, Instance]
    script: dict[Crn, list[Act]] = field(default_factory=dict)
    unreadable: set[Crn] = field(default_factory=set)
    operations: dict[Crn, OperationState] = field(default_factory=dict)
    writes: list[Crn] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    lags: dict[Crn, int] = field(default_factory=dict)
    looks: list[Crn] = field(default_factory=list)
    effective: dict[Crn, frozenset[str]] = field(default_factory=dict)
    sent_backends: dict[Crn, tuple[str, ...] | None] = field(default_factory=dict)
    on_write: Callable[[Crn], None] = lambda _crn: None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def holding(cls, **allocations: int | None) -> FakeAccount:
        """An account whose instances hold that many seconds, by label."""
        return cls({crn(label): Instance(label, crn(label), held, None) for label, held in allocations.items()})

    @property
    def most_held(self) -> int:
        """The most that all instances ever held together."""
        return max([*self.totals, self._total()])

    def held(self) -> dict[str, int | None]:
        return {each.name: each.allocation_seconds for each in self.instances.values()}

    def put(self, instance: Instance) -> None:
        with self._lock:
            self.totals.append(self._total())
            self.instances[instance.crn] = instance
            self.totals.append(self._total())

    def _total(self) -> int:
        return sum(each.allocation_seconds or 0 for each in self.instances.values())

    # the port

    def read(self, crn: Crn) -> LiveInstance:
        with self._lock:
            if crn in self.unreadable:
                raise QauvernError("no answer")
            return LiveInstance(self.instances[crn], self.operations.get(crn, OperationState.SUCCEEDED))

    def write(
        self, crn: Crn, allocation_seconds: int | None, limit_seconds: int | None, backends: Sequence[str] | None
    ) -> None:
        self.on_write(crn)
        with self._lock:
            self.writes.append(crn)
            self.sent_backends[crn] = None if backends is None else tuple(backends)
            wanted = replace(
                self.instances[crn],
                allocation_seconds=allocation_seconds,
                limit_seconds=limit_seconds,
                backends=self.instances[crn].backends if backends is None else tuple(backends),
            )
            acts = self.script.get(crn, [])
            act = acts.pop(0) if acts else takes_effect
            act(self, crn, wanted)

    def enforced(self, crn: Crn) -> Enforced:
        with self._lock:
            self.looks.append(crn)
            if self.lags.get(crn, 0):
                self.lags[crn] -= 1
                return Enforced(None, 1)
            held = self.instances[crn]
            return Enforced(held.allocation_seconds, held.limit_seconds)

    def effective_backends(self, crn: Crn) -> frozenset[str]:
        with self._lock:
            return self.effective.get(crn, frozenset(self.instances[crn].backends or ()))


# --- what may become of a write -----------------------------------------------------------------------------------


def takes_effect(account: FakeAccount, _crn: Crn, wanted: Instance) -> None:
    account.put(wanted)


def is_ignored(_account: FakeAccount, _crn: Crn, _wanted: Instance) -> None:
    """Accepted, and nothing happens."""


def is_refused(_account: FakeAccount, _crn: Crn, _wanted: Instance) -> None:
    raise WriteRefused("not allowed")


def must_wait(_account: FakeAccount, _crn: Crn, _wanted: Instance) -> None:
    raise WriteRefused("too many requests", retry_after=7.0)


def is_lost(_account: FakeAccount, _crn: Crn, _wanted: Instance) -> None:
    """Neither an answer nor an effect."""
    raise WriteOutcomeUnknown("no answer")


def loses_its_answer(account: FakeAccount, _crn: Crn, wanted: Instance) -> None:
    """It takes effect, but nobody says so."""
    account.put(wanted)
    raise WriteOutcomeUnknown("no answer")


def hangs(account: FakeAccount, crn: Crn, _wanted: Instance) -> None:
    """Accepted, and in progress for ever."""
    account.operations[crn] = OperationState.IN_PROGRESS


def fails(account: FakeAccount, crn: Crn, _wanted: Instance) -> None:
    """Accepted, and its operation fails."""
    account.operations[crn] = OperationState.FAILED


def wipes_the_backends(account: FakeAccount, _crn: Crn, wanted: Instance) -> None:
    account.put(replace(wanted, backends=None))


def wipes_the_effective_backends(account: FakeAccount, crn: Crn, wanted: Instance) -> None:
    account.put(wanted)
    account.effective[crn] = frozenset({"ibm_other"})


def cannot_be_read_back(account: FakeAccount, crn: Crn, wanted: Instance) -> None:
    account.put(wanted)
    account.unreadable.add(crn)


# --- time and changes ----------------------------------------------------------------------------------------------


@dataclass
class FakeTime:
    """A clock that only sleeping moves."""

    now: float = 0.0
    sleeps: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += max(seconds, 0.001)

    def pace(self, operation_timeout: float = 60.0) -> Pace:
        return Pace(operation_timeout=operation_timeout, sleep=self.sleep, clock=lambda: self.now)


def change(
    label: str, before: int | None, after: int | None, *, limits: tuple[int | None, int | None] = (None, None)
) -> Change:
    """A change of an allocation, and of a limit where `limits` says so, in seconds."""
    return Change(label, crn(label), Holding(before, limits[0]), Holding(after, limits[1]), "share")
