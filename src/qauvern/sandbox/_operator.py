"""The operator's doors: what only IBM's staff, other people or the passing of time can do to an account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Final

from ._live import LiveAccount
from ._model import BACKENDS, PLAN_IDS, Held, Instance, Job, SandboxError, epoch_ms, from_epoch_ms
from ._routes import WRITES
from ._services import Interceptor, Services
from ._tokens import ADMINISTRATOR, MEMBER, Tokens
from ._wire import Call, Reply


class Unchanged(Enum):
    """For what `Operator.put` is to leave as it is; None is a value there."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


class Operator:
    """`Sandbox.operator`. It takes effect at once; an `instance` is named by its CRN, GUID or name.

    What instances hold is kept on disk with the sandbox; the rest lasts as long as the Sandbox object.
    Where an instance or a plan is not there: SandboxError.
    """

    def __init__(self, live: LiveAccount, services: Services, tokens: Tokens) -> None:
        self._live = live
        self._services = services
        self._tokens = tokens

    # looking

    def instances(self) -> list[Instance]:
        """Every instance of all plans as it is now, in the order in which the account lists them."""
        with self._live.lock:
            self._live.settle()
            return list(self._live.instances.values())

    def instance(self, instance: str) -> Instance:
        """One of them, as it is now."""
        with self._live.lock:
            self._live.settle()
            return self._found(instance)

    def jobs(self, instance: str, start: datetime, end: datetime) -> list[Job]:
        """The jobs that it ran in [start, end), oldest first."""
        with self._live.lock:
            found, account = self._found(instance), self._live.account
            anchor_ms, names = epoch_ms(account.anchor), BACKENDS[found.region]
            return [
                Job(
                    from_epoch_ms(anchor_ms + event.offset_ms),
                    event.usage_ms,
                    names[event.backend],
                    account.users[event.user],
                )
                for event in self._live.usage(found.crn).between(epoch_ms(start) - anchor_ms, epoch_ms(end) - anchor_ms)
            ]

    # what instances hold

    def put(
        self,
        instance: str,
        *,
        name: str | Unchanged = UNCHANGED,
        allocation_seconds: int | Unchanged | None = UNCHANGED,
        limit_seconds: int | Unchanged | None = UNCHANGED,
        backends: tuple[str, ...] | Unchanged = UNCHANGED,
        is_enforced: bool = True,
    ) -> None:
        """Change an instance as somebody else would. Not enforced: extensions tell of it, jobs are not held to it."""
        with self._live.lock:
            self._live.settle()
            found = self._found(instance)
            held = Held(
                found.held.allocation_seconds if isinstance(allocation_seconds, Unchanged) else allocation_seconds,
                found.held.limit_seconds if isinstance(limit_seconds, Unchanged) else limit_seconds,
                found.held.backends if isinstance(backends, Unchanged) else backends,
            )
            renamed = found if isinstance(name, Unchanged) else replace(found, name=name)
            self._live.put(renamed, held, is_enforced=is_enforced)

    def remove(self, *instances: str) -> None:
        """Take instances away, as ones that were deleted."""
        with self._live.lock:
            for instance in instances:
                self._live.remove(self._found(instance).crn)

    def set_effective_backends(self, instance: str, *backends: str) -> None:
        """Change the devices that an instance may use and leave its extensions as they are, as IBM's support does.

        A write that names backends ends that; one that names none leaves both lists as they are.
        """
        with self._live.lock:
            changed = replace(self._found(instance), effective_backends=backends)
            self._live.put(changed, changed.held, is_enforced=True)

    def wipe_effective_backends(self, on: bool = True) -> None:
        """From now on a write that names no backends ends what `set_effective_backends` has set, too."""
        self._live.conditions.omitted_backends_wipe = on

    def end_operations(self) -> None:
        """End every operation that is in progress, however it hangs, as succeeded and without further effect."""
        with self._live.lock:
            self._live.end_operations()

    def reset(self) -> None:
        """Put the account back as it was made; what the other doors of IBM's behaviour have set stays."""
        with self._live.lock:
            self._live.restart()

    def clear_records(self) -> None:
        """Forget the requests and changes so far; the totals begin with what is held now."""
        with self._live.lock:
            self._live.settle()
            self._live.forget()
        self._services.clear_requests()

    # how IBM behaves

    def set_budget(self, seconds: int, plan: str = "premium") -> None:
        """Replace the account's subscriptions to the plan by one of that many seconds."""
        plan_id = PLAN_IDS[plan]
        with self._live.lock:
            account = self._live.account
            mine = [each for each in account.subscriptions if each.plan_id == plan_id]
            if not mine:
                raise SandboxError(f"the account has no subscription to the {plan} plan; name another")
            others = [each for each in account.subscriptions if each.plan_id != plan_id]
            self._live.account = replace(account, subscriptions=(replace(mine[0], budget_seconds=seconds), *others))

    def watch_budget(self, on: bool) -> None:
        """Whether a write that would lift a plan above its budget fails."""
        self._live.conditions.watches_budget = on

    def set_operation_delay(self, seconds: float) -> None:
        """How long the operations last that are accepted from now on."""
        self._live.conditions.operation_delay = seconds

    def set_enforcement_lag(self, seconds: float) -> None:
        """How much later than in extensions a change shows in what instances/usage says is enforced."""
        self._live.conditions.enforcement_lag = seconds

    def announce_resource_units(self, units_per_second: float | None) -> None:
        """Have extensions and usage carry resource units: null ones for None, else so many for each second."""
        self._live.conditions.has_resource_units = True
        self._live.conditions.units_per_second = units_per_second

    def refuse_account_id(self, on: bool = True) -> None:
        """Whether analytics that are asked by Account-Id are refused with status 400, and take a Service-CRN only."""
        self._live.conditions.refuses_account_id = on

    def set_device(self, backend: str, *, status: str = "online", queue_length: int = 0) -> None:
        """What GET /v1/backends says of a device."""
        told = {"status": {"name": status, "reason": status}, "queue_length": queue_length}
        with self._live.lock:
            self._live.conditions.devices[backend] = told

    # who may what

    def add_key(self, key: str, *, is_administrator: bool = True) -> None:
        """Make another API key known."""
        self._tokens.add_key(key, ADMINISTRATOR if is_administrator else MEMBER)

    def deny(self, *actions: str) -> None:
        """Take IAM actions from everybody, such as quantum-computing.account-analytics-usage.read."""
        self._live.conditions.denied_actions |= set(actions)

    # what comes between

    def intercept(self, interceptor: Interceptor) -> None:
        """Have every request from now on go through `interceptor(call, carry_out)`, which gives the answer."""
        self._services.interceptors.append(interceptor)

    def on_write(self, callback: Callable[[Call], None]) -> None:
        """Have something done, in the sandbox's thread, right before each write is carried out."""

        def first(call: Call, carry_out: Callable[[], Reply]) -> Reply:
            if call.kind in WRITES:
                callback(call)
            return carry_out()

        self.intercept(first)

    def _found(self, instance: str) -> Instance:
        found = self._live.find(instance)
        if found is None:
            found = next((each for each in self._live.instances.values() if each.name == instance), None)
        if found is None:
            raise SandboxError(f"the sandbox has no instance {instance!r}; name one by its CRN, GUID or name")
        return found
