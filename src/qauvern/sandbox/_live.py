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

from ._account import events_of
from ._model import (
    DAY_MS,
    PLAN_NAMES,
    Account,
    AppliedChange,
    Held,
    Instance,
    Operation,
    PendingChange,
    Total,
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
        self.account = account
        self.operation_delay = operation_delay
        self.lock = RLock()
        self.instances: dict[str, Instance] = {i.crn: i for i in account.instances}
        self.instances.update((i.crn, i) for i in changed)
        self.crn_by_guid = {i.guid: i.crn for i in self.instances.values()}
        self.crns_by_plan: dict[str, list[str]] = {}
        for instance in self.instances.values():
            self.crns_by_plan.setdefault(instance.plan_id, []).append(instance.crn)
        self.changed: dict[str, Instance] = {i.crn: i for i in changed}
        self.version = 0
        self._pending = [(p.due, p.number, p) for p in pending]
        heapq.heapify(self._pending)
        self._number = max((p.number for p in pending), default=0)
        self._held = {
            plan_id: sum(self.instances[crn].held.allocation_seconds or 0 for crn in crns)
            for plan_id, crns in self.crns_by_plan.items()
        }
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
        return events_of(self.account, instance.crn).usage_ms(end - USAGE_WINDOW_DAYS * DAY_MS, end)

    @property
    def pending(self) -> list[PendingChange]:
        return [change for _, _, change in sorted(self._pending, key=lambda item: item[:2])]

    def settle(self) -> None:
        """Let the operations that are due end, in the order in which they were accepted."""
        now = time.time()
        while self._pending and self._pending[0][0] <= now:
            self._end(heapq.heappop(self._pending)[2])

    def patch(self, crn: str, name: str | None, parameters: Mapping[str, Any] | None, held: Held, effect: str) -> None:
        """Accept an update. Parameters equal to the last request's are ignored, as IBM ignores them."""
        instance = self.instances[crn]
        if name is not None:
            instance = self._keep(replace(instance, name=name))
        if parameters is None or parameters == instance.parameters:
            return
        self._accept(replace(instance, parameters=parameters), held, "update", effect)

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
        self._apply(instance, replace(instance.held, limit_seconds=limit_seconds), "configuration")

    def _accept(self, instance: Instance, held: Held, kind: str, effect: str) -> None:
        self._keep(replace(instance, operation=Operation(kind, "in progress"), updated_at=iso(self.now())))
        if effect == "stuck":
            return
        self._number += 1
        change = PendingChange(
            due=time.time() + self.operation_delay,
            number=self._number,
            crn=instance.crn,
            held=held,
            kind=kind,
            applies=effect != "ignored",
            ends=effect != "stuck-applied",
        )
        heapq.heappush(self._pending, (change.due, change.number, change))
        self.settle()

    def _end(self, change: PendingChange) -> None:
        instance = self.instances[change.crn]
        before, after = instance.held.allocation_seconds or 0, change.held.allocation_seconds or 0
        budget = self.account.budget_seconds(instance.plan_id)
        total = self.held_seconds(instance.plan_id) - before + after
        if change.applies and after > before and budget is not None and total > budget:
            over = f"The allocations of the plan would add up to {total} s, above the account's {budget} s."
            state = "failed" if change.kind == "create" else instance.state
            self._keep(replace(instance, state=state, operation=Operation(change.kind, "failed", over)))
            return
        if change.ends:
            instance = self._keep(replace(instance, operation=Operation(change.kind, "succeeded")))
        if change.applies:
            self._apply(instance, change.held, change.kind)
        elif change.ends and change.kind == "create":
            self._keep(replace(instance, state="active"))

    def _apply(self, instance: Instance, held: Held, kind: str) -> None:
        before = instance.held
        self._keep(replace(instance, held=held, state="active"))
        plan = PLAN_NAMES[instance.plan_id]
        total = self.held_seconds(instance.plan_id) - (before.allocation_seconds or 0) + (held.allocation_seconds or 0)
        self._held[instance.plan_id] = total
        now = self.now()
        self.applied.append(AppliedChange(now, kind, instance.crn, instance.name, plan, before, held))
        self.totals.append(Total(now, plan, total))

    def _keep(self, instance: Instance) -> Instance:
        self.instances[instance.crn] = instance
        self.changed[instance.crn] = instance
        self.version += 1
        return instance
