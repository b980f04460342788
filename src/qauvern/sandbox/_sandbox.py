"""The sandbox as a whole: made or opened, served, looked at, closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from threading import Event as Signal
from types import TracebackType
from typing import Any

from ._account import make_account
from ._faults import Faults
from ._live import LiveAccount
from ._model import PLAN_IDS, PLAN_NAMES, AppliedChange, RequestRecord, SandboxError, Total, iso
from ._operator import Operator
from ._routes import IAM_BASE, QUANTUM_BASE, RC_BASE, USERS_BASE
from ._server import HOST, Server
from ._services import Services
from ._state import FolderLock, Store
from ._tokens import ADMINISTRATOR, MEMBER, Tokens

DEFAULT_INSTANCES = 24
DEFAULT_SEED = 1
DEFAULT_OPERATION_DELAY = 0.15
DEFAULT_TOKEN_LIFETIME = 3600
_PLAN = "premium"


@dataclass(frozen=True)
class RunningSandbox:
    """A sandbox that answers on a port of 127.0.0.1."""

    port: int
    base_url: str
    api_key: str

    @property
    def iam_url(self) -> str:
        return self.base_url + IAM_BASE

    @property
    def resource_controller_url(self) -> str:
        return self.base_url + RC_BASE

    @property
    def quantum_url(self) -> str:
        """The base of the Quantum API, with the placeholder {region}."""
        return self.base_url + QUANTUM_BASE

    @property
    def user_management_url(self) -> str:
        return self.base_url + USERS_BASE

    def environment(self) -> dict[str, str]:
        """The variables that point a client to this sandbox."""
        return {
            "IBMCLOUD_API_KEY": self.api_key,
            "IBMCLOUD_IAM_API_ENDPOINT": self.iam_url,
            "IBMCLOUD_RESOURCE_CONTROLLER_API_ENDPOINT": self.resource_controller_url,
            "IBMCLOUD_QUANTUM_API_ENDPOINT": self.quantum_url,
            "IBMCLOUD_USER_MANAGEMENT_ENDPOINT": self.user_management_url,
        }


class Sandbox:
    """A made-up account and the IBM Cloud services in front of it. `create` or `open` one, then `serve` it.

    A sandbox with a folder holds its lock until `close`, or until the `with` block ends. `operator` does what only IBM,
    other people or the passing of time can do.
    """

    api_key = "qauvern-sandbox-administrator"
    member_api_key = "qauvern-sandbox-member"
    plan = _PLAN

    def __init__(
        self,
        live: LiveAccount,
        *,
        store: Store | None = None,
        lock: FolderLock | None = None,
        latency: float = 0.0,
        faults: Faults | None = None,
        token_lifetime: float = DEFAULT_TOKEN_LIFETIME,
    ) -> None:
        self._live = live
        self._store = store
        self._lock = lock
        self._tokens = Tokens(
            {self.api_key: ADMINISTRATOR, self.member_api_key: MEMBER},
            live.account.account_id,
            token_lifetime,
        )
        self._services = Services(
            live,
            self._tokens,
            faults or Faults(),
            latency=latency,
            save=self._save,
            own={"records": self._records, "account": self.describe, "configuration": self.default_configuration},
        )
        self.operator = Operator(live, self._services, self._tokens)

    @classmethod
    def create(
        cls,
        *,
        instances: int = DEFAULT_INSTANCES,
        seed: int = DEFAULT_SEED,
        now: datetime | None = None,
        folder: Path | None = None,
        latency: float = 0.0,
        faults: Sequence[str] = (),
        token_lifetime: float = DEFAULT_TOKEN_LIFETIME,
        operation_delay: float = DEFAULT_OPERATION_DELAY,
    ) -> Sandbox:
        """A fresh account, written to `folder` in place of what was there.

        `latency`, `token_lifetime` and `operation_delay` are seconds. With `now` (tz-aware) the account's clock starts
        there and runs on. ValueError: a fault that cannot be read. SandboxError: too few instances, an
        unusable folder. SandboxBusy: another command uses the folder.
        """
        parsed = Faults(faults)
        real = datetime.now(timezone.utc)
        offset = 0.0 if now is None else (now - real).total_seconds()
        live = LiveAccount(make_account(instances, seed, now or real, offset), operation_delay)
        store = lock = None
        if folder is not None:
            lock = _locked(folder)
            store = Store(folder)
            try:
                store.write_account(live.account, operation_delay)
            except OSError as error:
                lock.release()
                raise SandboxError(f"cannot write the sandbox's state: {error}; check {folder}") from error
        return cls(live, store=store, lock=lock, latency=latency, faults=parsed, token_lifetime=token_lifetime)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        latency: float = 0.0,
        faults: Sequence[str] = (),
        token_lifetime: float = DEFAULT_TOKEN_LIFETIME,
        operation_delay: float | None = None,
    ) -> Sandbox:
        """The account that `folder` keeps, or a default one where it keeps none. Errors as for `create`.

        `operation_delay` None: what the account was created with.
        """
        parsed = Faults(faults)
        lock = _locked(folder)
        try:
            store = Store(folder)
            if store.exists():
                live = store.load(operation_delay)
            else:
                delay = DEFAULT_OPERATION_DELAY if operation_delay is None else operation_delay
                account = make_account(DEFAULT_INSTANCES, DEFAULT_SEED, datetime.now(timezone.utc), 0.0)
                live = LiveAccount(account, delay)
                store.write_account(account, delay)
        except OSError as error:
            lock.release()
            raise SandboxError(f"cannot write the sandbox's state: {error}; check {folder}") from error
        except BaseException:
            lock.release()
            raise
        return cls(live, store=store, lock=lock, latency=latency, faults=parsed, token_lifetime=token_lifetime)

    @property
    def account_id(self) -> str:
        return self._live.account.account_id

    @property
    def anchor(self) -> datetime:
        """The account's time when it was made, in UTC: what its usage is relative to."""
        return self._live.account.anchor

    def default_configuration(self) -> dict[str, Any]:
        """The config file that goes with the account as it was made, as plain data; dates are ISO 8601 with a Z."""
        return deepcopy(dict(self._live.account.configuration))

    def describe(self) -> dict[str, Any]:
        """Facts about the account as it is now, as plain data. Seconds where a name says so."""
        with self._live.lock:
            self._live.settle()
            live, account = self._live, self._live.account
            instances = list(live.instances.values())
            plan_id = PLAN_IDS[self.plan]
            budget, held = account.budget_seconds(plan_id) or 0, live.held_seconds(plan_id)
            return {
                "account_id": account.account_id,
                "plan": self.plan,
                "seed": account.seed,
                "made_at": iso(account.anchor),
                "instances": len(instances),
                "instances_by_plan": {PLAN_NAMES[plan]: len(crns) for plan, crns in sorted(live.crns_by_plan.items())},
                "instances_by_region": {
                    region: sum(i.region == region for i in instances)
                    for region in sorted({i.region for i in instances})
                },
                "budget_seconds": budget,
                "held_seconds": held,
                "unallocated_seconds": budget - held,
                "consumed_seconds": sum(live.consumed_ms(i) for i in instances if i.plan_id == plan_id) / 1000,
                "configured": len(account.configuration["instances"]),
                "unconfigured_names": sorted(account.unconfigured),
                "archived_names": sorted(i.name for i in instances if i.held.allocation_seconds == 0),
                "faults": self._services.faults.specs,
                "folder": None if self._store is None else str(self._store.folder),
            }

    @property
    def requests(self) -> list[RequestRecord]:
        """Every request so far, in the order in which they were answered."""
        return self._services.requests

    def clear_requests(self) -> None:
        self._services.clear_requests()

    @property
    def totals(self) -> list[Total]:
        """What each plan held when this sandbox was opened, then what it held after every change."""
        with self._live.lock:
            self._live.settle()
            return list(self._live.totals)

    @property
    def applied_changes(self) -> list[AppliedChange]:
        """The changes that took effect since this sandbox was opened, in order."""
        with self._live.lock:
            self._live.settle()
            return list(self._live.applied)

    def max_total_seconds(self, plan: str = _PLAN) -> int:
        """The most that the plan's instances ever held together since this sandbox was opened."""
        return max((total.held_seconds for total in self.totals if total.plan == plan), default=0)

    def budget_seconds(self, plan: str = _PLAN) -> int:
        """The account's budget for the plan over all its subscriptions; 0 where it has none."""
        return self._live.account.budget_seconds(PLAN_IDS[plan]) or 0

    def inject(self, *faults: str) -> None:
        """Add faults while the sandbox runs; they count requests from now on."""
        self._services.faults.add(*faults)

    def clear_faults(self) -> None:
        self._services.faults.clear()

    def revoke_tokens(self) -> None:
        """Make every token that is out worthless, as if it had expired."""
        self._tokens.revoke()

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[RunningSandbox]:
        """Answer on 127.0.0.1 in a background thread for the length of the block; port 0 takes a free one."""
        stopping = self._services.stopping = Signal()
        try:
            server = Server(port, self._services.answer, stopping)
        except (OSError, OverflowError) as error:
            raise SandboxError(f"cannot listen on port {port} of {HOST}: {error}; choose another port") from error
        server.start()
        real_port = int(server.server_address[1])
        try:
            yield RunningSandbox(real_port, f"http://{HOST}:{real_port}", self.api_key)
        finally:
            server.stop()
            self._save()

    def wait(self) -> None:
        """Block while a `serve` block answers, until KeyboardInterrupt, which ends it quietly."""
        try:
            while not self._services.stopping.wait(0.5):
                pass
        except KeyboardInterrupt:
            return

    def close(self) -> None:
        """Write what is left to write and free the folder. Harmless when repeated."""
        self._save()
        if self._lock is not None:
            self._lock.release()
            self._lock = self._store = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _save(self) -> None:
        if self._store is not None:
            self._store.save(self._live)

    def _records(self) -> dict[str, Any]:
        return {
            "requests": [record.document() for record in self.requests],
            "totals": [total.document() for total in self.totals],
            "max_total_seconds": {
                PLAN_NAMES[plan_id]: self.max_total_seconds(PLAN_NAMES[plan_id])
                for plan_id in sorted(self._live.crns_by_plan)
            },
            "budget_seconds": {plan: self.budget_seconds(plan) for plan in PLAN_IDS},
            "applied_changes": [change.document() for change in self.applied_changes],
        }


def _locked(folder: Path) -> FolderLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SandboxError(f"cannot make the sandbox's folder: {error}; choose another") from error
    return FolderLock(folder)
