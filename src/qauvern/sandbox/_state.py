"""The sandbox on disk: what a reset made (account.json), what changed since (state.json), and the lock.

Changes are kept apart from the account, so that writing after every change stays cheap on a large account.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from ._live import LiveAccount
from ._model import (
    Account,
    Events,
    Instance,
    PendingChange,
    SandboxBusy,
    SandboxDamaged,
    SandboxError,
    Subscription,
    iso,
)

FORMAT = 1
ACCOUNT_FILE = "account.json"
STATE_FILE = "state.json"
LOCK_FILE = "lock"


class FolderLock:
    """Keeps a second command out of a sandbox's folder; freed when released, or when the process ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_FILE
        self._fcntl = _fcntl()
        self._descriptor: int | None = None
        busy = SandboxBusy(f"another command uses the sandbox in {folder}: wait until it ends, or end it")
        flags = os.O_RDWR | os.O_CREAT | (0 if self._fcntl else os.O_EXCL)
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except FileExistsError:
            raise busy from None
        except OSError as error:
            raise SandboxError(f"cannot lock the sandbox: {error}; check the permissions of {folder}") from error
        if self._fcntl:
            try:
                self._fcntl.flock(descriptor, self._fcntl.LOCK_EX | self._fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                raise busy from None
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is None:
            return
        os.close(self._descriptor)
        self._descriptor = None
        if not self._fcntl:
            self._path.unlink(missing_ok=True)


def _fcntl() -> ModuleType | None:
    """The module, where the system has it."""
    try:
        return import_module("fcntl")
    except ImportError:
        return None


class Store:
    """Writes a live account to its folder. Concurrent writers share one write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._saved_version = 0
        self._fragments: dict[str, tuple[Instance, str]] = {}

    def exists(self) -> bool:
        return (self.folder / ACCOUNT_FILE).exists()

    def write_account(self, account: Account, operation_delay: float) -> None:
        (self.folder / STATE_FILE).unlink(missing_ok=True)
        document = _account_document(account) | {"operation_delay": operation_delay}
        _write_atomically(self.folder / ACCOUNT_FILE, json.dumps(document, separators=(",", ":")))

    def save(self, live: LiveAccount) -> None:
        """Write what changed, unless a write that began later has done so already."""
        with live.lock:
            wanted = live.version
        with self._lock:
            if self._saved_version >= wanted:
                return
            with live.lock:
                version, changed, pending = live.version, list(live.changed.values()), live.pending
            pending_text = json.dumps([change.document() for change in pending])
            text = ",\n".join(map(self._fragment, changed))
            body = f'{{"format":{FORMAT},"pending":{pending_text},"instances":[\n{text}\n]}}\n'
            _write_atomically(self.folder / STATE_FILE, body)
            self._saved_version = version

    def _fragment(self, instance: Instance) -> str:
        known = self._fragments.get(instance.crn)
        if known is None or known[0] is not instance:
            known = (instance, json.dumps(instance.document(), separators=(",", ":")))
            self._fragments[instance.crn] = known
        return known[1]

    def load(self, operation_delay: float | None) -> LiveAccount:
        """The account as it was left; SandboxError where the files cannot be made sense of."""
        try:
            made = self._read(ACCOUNT_FILE)
            account = _account_from(made)
            state = self._read(STATE_FILE) if (self.folder / STATE_FILE).exists() else {}
            changed = [Instance.from_document(d) for d in state.get("instances", [])]
            pending = [PendingChange.from_document(d) for d in state.get("pending", [])]
            delay = float(made["operation_delay"]) if operation_delay is None else operation_delay
            return LiveAccount(account, delay, changed, pending)
        except OSError as error:
            raise SandboxDamaged(f"cannot read the sandbox's state: {error}") from error
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise SandboxDamaged(f"the sandbox's state in {self.folder} is damaged ({error!r})") from error

    def _read(self, name: str) -> Mapping[str, Any]:
        document = json.loads((self.folder / name).read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise SandboxDamaged(f"the sandbox's state in {self.folder} was written by another version of qauvern")
        return dict(document)


def _write_atomically(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=path.name, suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _account_document(account: Account) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "account_id": account.account_id,
        "seed": account.seed,
        "anchor": iso(account.anchor),
        "clock_offset_seconds": account.clock_offset_seconds,
        "subscriptions": [[s.subscription_id, s.plan_id, s.budget_seconds] for s in account.subscriptions],
        "users": account.users,
        "configuration": account.configuration,
        "unconfigured": account.unconfigured,
        "unattributed": account.unattributed.flat(),
        "instances": [i.document() for i in account.instances],
        "events": {crn: events.flat() for crn, events in account.events.items()},
    }


def _account_from(document: Mapping[str, Any]) -> Account:
    return Account(
        account_id=document["account_id"],
        seed=document["seed"],
        anchor=datetime.fromisoformat(document["anchor"].replace("Z", "+00:00")),
        clock_offset_seconds=document["clock_offset_seconds"],
        subscriptions=tuple(Subscription(*s) for s in document["subscriptions"]),
        users=tuple(document["users"]),
        instances=tuple(Instance.from_document(d) for d in document["instances"]),
        events={crn: Events.from_flat(numbers) for crn, numbers in document["events"].items()},
        unattributed=Events.from_flat(document["unattributed"]),
        configuration=document["configuration"],
        unconfigured=tuple(document["unconfigured"]),
    )
