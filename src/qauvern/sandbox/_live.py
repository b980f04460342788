"""The account while it is in use: asynchronous operations, the account cap, and the record of what took effect."""

from __future__ import annotations

import heapq
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from threading import RLock
from typing import Any
from uuid import uuid4

from ._history import History
from ._model import (
    DAY_MS,
    NO_EVENTS,
    PLAN_NAMES,
    Account,
    AppliedChange,
    Conditions,
    Held,
    Instance,
    Operation,
    PendingChange,
    Total,
    Usage,
    crn_of,
    epoch_ms,
    iso,
)

USAGE_WINDOW_DAYS = 28


class LiveAccount:
    """An `Account` and what has happened to it since. Callers hold `lock` around what belongs together."""

    def __init__(
        self,
        account: Account,
        operation_delay: float,
        changed: Sequence[Instance] = (),
        pending: Sequence[PendingChange] = (),
    ) -> None:
        self.made = account
        self.conditions = Conditions(operation_delay)
        self.lock = RLock()
        self.version = 0
        self._history = History(account)
        self._usage: dict[str, Usage] = {}
        self._start(changed, pending)

    def _start(self, changed: Sequence[Instance], pending: Sequence[PendingChange]) -> None:
        self.account = self.made
        self.instances: dict[str, Instance] = {i.crn: i for i in self.account.instances}
        self.instances.update((i.crn, i) for i in changed)
        self.crn_by_guid = {i.guid: i.crn for i in self.instances.values()}
        self.crns_by_plan: dict[str, list[str]] = {}
        for instance in self.instances.values():
            self.crns_by_plan.setdefault(instance.plan_id, []).append(instance.crn)
        self.changed: dict[str, Instance] = {i.crn: i for i in changed}
        self._pending = [(p.due, p.number, p) for p in pending]
        heapq.heapify(self._pending)
        self._number = max((p.number for p in pending), default=0)
        self._held = {
            plan_id: sum(self.instances[crn].held.allocation_seconds or 0 for crn in crns)
            for plan_id, crns in self.crns_by_plan.items()
        }
        self._plan_usage: dict[str, tuple[float, int]] = {}
        self.forget()

    def restart(self) -> None:
        """Back to the account as it was made. Conditions stay."""
        self.version += 1
        self._start((), ())

    def forget(self) -> None:
        """Begin the records of changes and totals anew."""
        self.applied: list[AppliedChange] = []
        self.totals = [Total(self.now(), PLAN_NAMES[plan_id], held) for plan_id, held in self._held.items()]

    def now(self) -> datetime:
        """The sandbox's clock: the real one, shifted where the account was made for another time."""
        return datetime.now(timezone.utc) + timedelta(seconds=self.account.clock_offset_seconds)

    def held_seconds(self, plan_id: str) -> int:
        return self._held.get(plan_id, 0)

    def find(self, identifier: str) -> Instance | None:
        """An instance by its CRN or GUID."""
        return self.instances.get(self.crn_by_guid.get(identifier, identifier))

    def consumed_ms(self, instance: Instance) -> int:
        """Milliseconds used in the 28 days that end now."""
        end = epoch_ms(self.now()) - epoch_ms(self.account.anchor)
        return self.usage(instance.crn).usage_ms(end - USAGE_WINDOW_DAYS * DAY_MS, end)

    def usage(self, crn: str) -> Usage:
        """All jobs of an instance."""
        if crn not in self._usage:
            recent = self.account.events.get(crn, NO_EVENTS)
            self._usage[crn] = Usage(recent, lambda: self._history.of(crn))
        return self._usage[crn]

    def is_exhausted(self, plan_id: str) -> bool:
        """Whether the plan's instances have used its whole budget. What they used is counted once a second."""
        budget = self.account.budget_seconds(plan_id)
        if budget is None:
            return False
        until, used = self._plan_usage.get(plan_id, (0.0, 0))
        if time.monotonic() >= until:
            used = sum(self.consumed_ms(self.instances[crn]) for crn in self.crns_by_plan.get(plan_id, ()))
            self._plan_usage[plan_id] = (time.monotonic() + 1.0, used)
        return used >= budget * 1000

    @property
    def pending(self) -> list[PendingChange]:
        return [change for _, _, change in sorted(self._pending, key=lambda item: item[:2])]

    def settle(self) -> None:
        """Let the operations that are due end, in the order in which they were accepted."""
        now = time.time()
        while self._pending and self._pending[0][0] <= now:
            self._end(heapq.heappop(self._pending)[2])

    def patch(
        self,
        crn: str,
        name: str | None,
        parameters: Mapping[str, Any] | None,
        held: Held,
        effect: str,
        *,
        keeps_backends: bool = False,
    ) -> None:
        """Accept an update. Parameters equal to the last request's are ignored, as IBM ignores them."""
        instance = self.instances[crn]
        if name is not None:
            instance = self._keep(replace(instance, name=name))
        if parameters is None or parameters == instance.parameters:
            return
        self._accept(replace(instance, parameters=parameters), held, "update", effect, keeps_backends)

    def create(self, made: Instance, held: Held, effect: str) -> str:
        """Accept a creation; the new instance's CRN."""
        crn = crn_of(made.region, self.account.account_id, str(uuid4()))
        now = iso(self.now())
        instance = replace(made, crn=crn, created_at=now, updated_at=now)
        self.crn_by_guid[instance.guid] = crn
        self.crns_by_plan.setdefault(instance.plan_id, []).append(crn)
        self._accept(instance, held, "create", effect)
        return crn

    def set_limit(self, crn: str, limit_seconds: int | None) -> None:
        instance = self.instances[crn]
        self._apply(instance, replace(instance.held, limit_seconds=limit_seconds), "configuration", keeps_backends=True)

    def put(self, instance: Instance, held: Held, *, is_enforced: bool) -> None:
        """Replace an instance by another version of it, which holds `held`, at once and without a request."""
        changed = self._keep(instance)
        if held != changed.held or not is_enforced:
            self._apply(changed, held, "operator", is_enforced=is_enforced, keeps_backends=True)

    def remove(self, crn: str) -> None:
        """Take an instance away, as one that was deleted."""
        instance = self.instances.pop(crn)
        self.changed.pop(crn, None)
        self.crns_by_plan[instance.plan_id].remove(crn)
        self._pending = [item for item in self._pending if item[2].crn != crn]
        heapq.heapify(self._pending)
        self._count(instance.plan_id, -(instance.held.allocation_seconds or 0))
        self.version += 1

    def end_operations(self) -> None:
        """Have every operation that is in progress, hung or not, be called succeeded without further effect."""
        self._pending.clear()
        for instance in list(self.instances.values()):
            if instance.operation.state == "in progress":
                self._keep(replace(instance, operation=replace(instance.operation, state="succeeded")))

    def _accept(self, instance: Instance, held: Held, kind: str, effect: str, keeps_backends: bool = False) -> None:
        self._keep(replace(instance, operation=Operation(kind, "in progress"), updated_at=iso(self.now())))
        if effect == "stuck":
            return
        self._push(
            self.conditions.operation_delay,
            instance.crn,
            held,
            kind,
            applies=effect != "ignored",
            ends=effect != "stuck-applied",
            is_enforced=effect != "not-enforced",
            keeps_backends=keeps_backends,
        )
        self.settle()

    def _push(self, delay: float, crn: str, held: Held, kind: str, **flags: bool) -> None:
        self._number += 1
        change = PendingChange(time.time() + delay, self._number, crn, held, kind, **flags)
        heapq.heappush(self._pending, (change.due, change.number, change))

    def _end(self, change: PendingChange) -> None:
        instance = self.instances[change.crn]
        if change.kind == "enforce":
            self._keep(replace(instance, enforced=None if change.held == instance.held else change.held))
            return
        before, after = instance.held.allocation_seconds or 0, change.held.allocation_seconds or 0
        budget = self.account.budget_seconds(instance.plan_id) if self.conditions.watches_budget else None
        total = self.held_seconds(instance.plan_id) - before + after
        if change.applies and after > before and budget is not None and total > budget:
            over = f"The allocations of the plan would add up to {total} s, above the account's {budget} s."
            state = "failed" if change.kind == "create" else instance.state
            self._keep(replace(instance, state=state, operation=Operation(change.kind, "failed", over)))
            return
        if change.ends:
            instance = self._keep(replace(instance, operation=Operation(change.kind, "succeeded")))
        if change.applies:
            self._apply(
                instance,
                change.held,
                change.kind,
                is_enforced=change.is_enforced,
                keeps_backends=change.keeps_backends,
            )
        elif change.ends and change.kind == "create":
            self._keep(replace(instance, state="active"))

    def _apply(
        self, instance: Instance, held: Held, kind: str, *, is_enforced: bool = True, keeps_backends: bool = False
    ) -> None:
        before, in_force = instance.held, instance.in_force
        lag = self.conditions.enforcement_lag
        at_once = is_enforced and not lag
        effective = instance.effective_backends if keeps_backends else None
        self._keep(
            replace(
                instance,
                held=held,
                state="active",
                enforced=None if at_once or in_force == held else in_force,
                effective_backends=effective,
            )
        )
        if is_enforced and lag:
            self._push(lag, instance.crn, held, "enforce")
        plan, now = PLAN_NAMES[instance.plan_id], self.now()
        self.applied.append(AppliedChange(now, kind, instance.crn, instance.name, plan, before, held))
        self._count(instance.plan_id, (held.allocation_seconds or 0) - (before.allocation_seconds or 0))

    def _count(self, plan_id: str, seconds: int) -> None:
        """Add to what the plan's instances hold together, and to the record of it."""
        total = self._held[plan_id] = self.held_seconds(plan_id) + seconds
        self.totals.append(Total(self.now(), PLAN_NAMES[plan_id], total))

    def _keep(self, instance: Instance) -> Instance:
        self.instances[instance.crn] = instance
        self.changed[instance.crn] = instance
        self.version += 1
        return instance
