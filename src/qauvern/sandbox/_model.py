"""The sandbox's nouns. Seconds for allocations and limits, milliseconds for usage, dates in UTC."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from heapq import merge
from itertools import accumulate
from typing import Any

QUANTUM_RESOURCE_ID = "b6049020-80f4-11eb-a0f7-e35ec9b4054f"
PLAN_IDS: Mapping[str, str] = {
    "internal": "91b2c828-2952-4f05-aed8-bedf92c6c480",
    "premium": "7f666d17-7893-47d8-bf9d-2b2389fc4dfc",
    "paygo": "5304b575-3cff-4455-90dc-ae4367762093",
    "flex": "53bde9d3-cdbb-46f5-a98f-60ebcadf7260",
    "open": "850b21a7-71de-4e53-9441-1abdd202f35d",
}
PLAN_NAMES: Mapping[str, str] = {plan_id: name for name, plan_id in PLAN_IDS.items()}
ACCOUNT_REGION = "us-east"
BACKENDS: Mapping[str, tuple[str, ...]] = {
    ACCOUNT_REGION: ("ibm_boston", "ibm_pittsburgh", "ibm_kingston", "ibm_marrakesh"),
    "eu-de": ("ibm_aachen", "ibm_strasbourg", "ibm_brussels"),
}
REGIONS: tuple[str, ...] = tuple(BACKENDS)
ALL_BACKENDS: tuple[str, ...] = ("ANY",)

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


class SandboxError(Exception):
    """The sandbox cannot be used as asked."""


class SandboxDamaged(SandboxError):
    """The sandbox's state cannot be read: the account has to be made afresh."""


class SandboxBusy(SandboxError):
    """Another command holds the sandbox's lock."""


def epoch_ms(moment: datetime) -> int:
    """The first whole millisecond since 1970 that is not before `moment`."""
    return -(-((moment - _EPOCH) // _MICROSECOND) // 1000)


def from_epoch_ms(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with a Z, milliseconds only where there are some."""
    spec = "milliseconds" if moment.microsecond else "seconds"
    return moment.astimezone(timezone.utc).isoformat(timespec=spec).replace("+00:00", "Z")


def crn_of(region: str, account_id: str, guid: str) -> str:
    return f"crn:v1:bluemix:public:quantum-computing:{region}:a/{account_id}:{guid}::"


_MODES = ("job", "job", "job", "session", "batch")


@dataclass(frozen=True)
class Event:
    """One job: when it ran (milliseconds after the account's anchor, so mostly negative) and what it used."""

    offset_ms: int
    usage_ms: int
    backend: int
    user: int

    @property
    def traits(self) -> tuple[int, str]:
        """How long it waited, in milliseconds (mostly minutes, now and then hours), and its mode: always the same."""
        mixed = (self.offset_ms * 2_654_435_761 ^ self.usage_ms * 2_246_822_519) & 0xFFFFFFFF
        number = (mixed ^ mixed >> 15) * 2_654_435_769 & 0xFFFFFFFF
        return 4_000 + int(10_800_000 * (number / 2**32) ** 6), _MODES[number % 5]


class Events:
    """The jobs of one instance in order of time, with running totals, so that a window costs two bisections."""

    __slots__ = ("_offsets", "_running", "events")

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self.events = sorted(events, key=lambda event: event.offset_ms)
        self._offsets = [event.offset_ms for event in self.events]
        self._running = [0, *accumulate(event.usage_ms for event in self.events)]

    def usage_ms(self, start_ms: int, end_ms: int) -> int:
        """Milliseconds used inside [start, end), both relative to the anchor."""
        return self._running[bisect_left(self._offsets, end_ms)] - self._running[bisect_left(self._offsets, start_ms)]

    def between(self, start_ms: int, end_ms: int) -> Iterator[Event]:
        yield from self.events[bisect_left(self._offsets, start_ms) : bisect_left(self._offsets, end_ms)]

    def flat(self) -> list[int]:
        """Four integers an event, for the account file."""
        return [n for e in self.events for n in (e.offset_ms, e.usage_ms, e.backend, e.user)]

    @classmethod
    def from_flat(cls, numbers: Sequence[int]) -> Events:
        quarters = iter(numbers)
        return cls([Event(*four) for four in zip(quarters, quarters, quarters, quarters, strict=True)])


NO_EVENTS = Events()
LONG_AGO_MS = -29 * DAY_MS
"""Older jobs than this are made when they are first asked for."""


class Usage:
    """All jobs of one instance: those that its account was made with, and those of long ago."""

    __slots__ = ("_make_older", "_older", "_recent")

    def __init__(self, recent: Events, make_older: Callable[[], Events] = Events) -> None:
        self._recent = recent
        self._make_older = make_older
        self._older: Events | None = None

    def usage_ms(self, start_ms: int, end_ms: int) -> int:
        """As of Events."""
        return sum(events.usage_ms(start_ms, end_ms) for events in self._parts(start_ms))

    def between(self, start_ms: int, end_ms: int) -> Iterator[Event]:
        """As of Events, in order of time."""
        parts = [events.between(start_ms, end_ms) for events in self._parts(start_ms)]
        return merge(*parts, key=lambda event: event.offset_ms) if len(parts) > 1 else parts[0]

    def _parts(self, start_ms: int) -> list[Events]:
        if start_ms >= LONG_AGO_MS:
            return [self._recent]
        if self._older is None:
            self._older = self._make_older()
        return [self._recent, self._older]


@dataclass(frozen=True)
class Job:
    """One job: when it began, in UTC, milliseconds used, where and by whom."""

    at: datetime
    usage_ms: int
    backend: str
    user_id: str


@dataclass(frozen=True)
class Held:
    """The state that IBM shows as `extensions`. None: no allocation, or no limit. Allocation 0: archived."""

    allocation_seconds: int | None = None
    limit_seconds: int | None = None
    backends: tuple[str, ...] = ALL_BACKENDS

    def document(self) -> dict[str, Any]:
        return {
            "usage_allocation_seconds": self.allocation_seconds,
            "instance_limit_seconds": self.limit_seconds,
            "backends": list(self.backends),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Held:
        return cls(
            document["usage_allocation_seconds"],
            document["instance_limit_seconds"],
            tuple(document["backends"]),
        )


@dataclass(frozen=True)
class Operation:
    """`last_operation`: type create or update; state "in progress", "succeeded" or "failed"."""

    type: str
    state: str
    description: str = ""


@dataclass(frozen=True)
class Instance:
    """A service instance as the Resource Controller knows it.

    `enforced` is what jobs are held to, where that is not (or not yet) what `held` says; None: it is.
    `effective_backends` is the list that IBM's support has set; None: that of `held`.
    """

    crn: str
    name: str
    region: str
    plan_id: str
    subscription_id: str
    created_at: str
    updated_at: str
    held: Held
    operation: Operation
    parameters: Mapping[str, Any] | None = None
    state: str = "active"
    resource_group: str = "default"
    tags: tuple[str, ...] = ()
    enforced: Held | None = None
    effective_backends: tuple[str, ...] | None = None

    @property
    def guid(self) -> str:
        return self.crn.split(":")[-3]

    @property
    def in_force(self) -> Held:
        """What jobs are held to."""
        return self.held if self.enforced is None else self.enforced

    @property
    def usable_backends(self) -> tuple[str, ...]:
        """The devices that it may use; ALL_BACKENDS stands for every one of its region."""
        return self.held.backends if self.effective_backends is None else self.effective_backends

    def document(self) -> dict[str, Any]:
        return {
            "crn": self.crn,
            "name": self.name,
            "region": self.region,
            "plan_id": self.plan_id,
            "subscription_id": self.subscription_id,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "held": self.held.document(),
            "operation": [self.operation.type, self.operation.state, self.operation.description],
            "parameters": self.parameters,
            "state": self.state,
            "resource_group": self.resource_group,
            "tags": list(self.tags),
            "enforced": self.enforced and self.enforced.document(),
            "effective_backends": self.effective_backends,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Instance:
        return cls(
            crn=document["crn"],
            name=document["name"],
            region=document["region"],
            plan_id=document["plan_id"],
            subscription_id=document["subscription_id"],
            created_at=document["created_at"],
            updated_at=document["updated_at"],
            held=Held.from_document(document["held"]),
            operation=Operation(*document["operation"]),
            parameters=document["parameters"],
            state=document["state"],
            resource_group=document["resource_group"],
            tags=tuple(document["tags"]),
            enforced=Held.from_document(enforced) if (enforced := document.get("enforced")) else None,
            effective_backends=None if (names := document.get("effective_backends")) is None else tuple(names),
        )


@dataclass(frozen=True)
class Subscription:
    """One subscription to a plan; a plan's budget is the sum over its subscriptions."""

    subscription_id: str
    plan_id: str
    budget_seconds: int


@dataclass(frozen=True)
class Account:
    """The account as it was made: what a reset gives. `anchor` is the time that usage offsets count from."""

    account_id: str
    seed: int
    anchor: datetime
    clock_offset_seconds: float
    subscriptions: tuple[Subscription, ...]
    users: tuple[str, ...]
    instances: tuple[Instance, ...]
    events: Mapping[str, Events]
    unattributed: Events
    configuration: Mapping[str, Any]
    unconfigured: tuple[str, ...]

    def budget_seconds(self, plan_id: str) -> int | None:
        """None where the account has no subscription to the plan, as on pay-as-you-go: nothing is capped."""
        budgets = [s.budget_seconds for s in self.subscriptions if s.plan_id == plan_id]
        return sum(budgets) if budgets else None


@dataclass(frozen=True)
class PendingChange:
    """An accepted request whose operation has not ended. `due` is seconds since 1970 on the real clock.

    `kind` is create or update, or "enforce" for what has taken effect and is not enforced before it is due.
    """

    due: float
    number: int
    crn: str
    held: Held
    kind: str
    applies: bool = True
    ends: bool = True
    is_enforced: bool = True
    keeps_backends: bool = False

    def document(self) -> list[Any]:
        flags = [self.applies, self.ends, self.is_enforced, self.keeps_backends]
        return [self.due, self.number, self.crn, self.held.document(), self.kind, *flags]

    @classmethod
    def from_document(cls, document: Sequence[Any]) -> PendingChange:
        due, number, crn, held, kind, *flags = document
        return cls(due, number, crn, Held.from_document(held), kind, *flags)


@dataclass
class Conditions:
    """What IBM decides, not its customers, as `Sandbox.operator` has set it. It is not kept on disk."""

    operation_delay: float
    enforcement_lag: float = 0.0
    watches_budget: bool = True
    omitted_backends_wipe: bool = False
    refuses_account_id: bool = False
    has_resource_units: bool = False
    units_per_second: float | None = None
    denied_actions: frozenset[str] = frozenset()
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class RequestRecord:
    """One request that reached the sandbox. `status` is 0 where the connection was cut without an answer."""

    method: str
    path: str
    kind: str
    at: datetime
    status: int
    fault: str = ""
    body: Any = field(default=None, compare=False)

    def document(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "path": self.path,
            "kind": self.kind,
            "at": iso(self.at),
            "status": self.status,
            "fault": self.fault,
            "body": self.body,
        }


@dataclass(frozen=True)
class AppliedChange:
    """One change of an instance's state, in the order in which changes took effect."""

    at: datetime
    kind: str
    crn: str
    name: str
    plan: str
    before: Held
    after: Held

    def document(self) -> dict[str, Any]:
        return {
            "at": iso(self.at),
            "kind": self.kind,
            "crn": self.crn,
            "name": self.name,
            "plan": self.plan,
            "before": self.before.document(),
            "after": self.after.document(),
        }


@dataclass(frozen=True)
class Total:
    """What the instances of a plan held together, in seconds, right after a change (or at the start)."""

    at: datetime
    plan: str
    held_seconds: int

    def document(self) -> dict[str, Any]:
        return {"at": iso(self.at), "plan": self.plan, "held_seconds": self.held_seconds}
