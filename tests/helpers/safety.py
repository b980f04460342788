"""A small account whose budget is held to the last second, and what it must hold to whatever fails."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MethodType
from typing import Any
from urllib.parse import unquote
from urllib.request import Request, urlopen

from qauvern.sandbox import RequestRecord, Sandbox
from tests.helpers.cli import PREMIUM, Qauvern, Run, Site

LIMIT_ONLY = "error-mitigation-lab"
"""The instance of which the plan changes the limit and nothing else."""

Values = tuple[int | None, int | None]
"""Allocation and limit of an instance, in seconds."""


@dataclass
class Account(Site):
    """The account with what a plan makes of it. Unlike IBM's it does not watch over its budget itself."""

    start_values: dict[str, Values] = field(default_factory=dict)
    wanted: dict[str, Values] = field(default_factory=dict)

    def optimize(self, *arguments: str, exits: int | None = 0) -> Run:
        return self.qauvern("optimize", "--yes", *arguments, exits=exits)

    @property
    def values(self) -> dict[str, Values]:
        """What the configured instances hold now."""
        return {name: self._values(crn) for name, crn in self.crns.items()}

    @property
    def crns(self) -> dict[str, str]:
        return {str(each["name"]): str(each["crn"]) for each in self.configuration()["instances"]}

    @property
    def increases(self) -> list[str]:
        return [name for name in self.wanted if self.delta(name) > 0]

    @property
    def decreases(self) -> list[str]:
        return [name for name in self.wanted if self.delta(name) < 0]

    def delta(self, name: str) -> int:
        return (self.wanted[name][0] or 0) - (self.start_values[name][0] or 0)

    def _values(self, crn: str) -> Values:
        live = self.sandbox._live
        with live.lock:
            live.settle()
            held = live.instances[crn].held
        return held.allocation_seconds, held.limit_seconds

    def put(self, name: str, allocation: int | None, limit: int | None = None) -> None:
        """Somebody else's change, at once."""
        live = self.sandbox._live
        with live.lock:
            instance = live.instances[self.crns[name]]
            held = replace(instance.held, allocation_seconds=allocation, limit_seconds=limit)
            live._apply(instance, held, "update")

    def end_operations(self) -> None:
        """IBM ends what hung."""
        live = self.sandbox._live
        with live.lock:
            for crn, instance in list(live.instances.items()):
                live._keep(
                    replace(live.instances[crn], operation=replace(instance.operation, state="succeeded"))
                )

    def patched(self) -> list[str]:
        """The names of the instances that were written to, in the order of the answers."""
        names = {crn: name for name, crn in self.crns.items()}
        return [names[written_crn(record)] for record in self.sandbox.requests if record.kind == "patch"]

    def assert_within_budget(self) -> None:
        assert self.sandbox.max_total_seconds() <= self.sandbox.budget_seconds()

    # the journal

    @property
    def journals(self) -> list[Path]:
        """The files of all runs, oldest first."""
        folder = self.state / "runs"
        return sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_ctime_ns) if folder.exists() else []

    @property
    def state(self) -> Path:
        return self.folder / "state" / "qauvern"

    def events(self, index: int = -1) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.journals[index].read_text().splitlines() if line.strip()]

    def run_ids(self) -> list[str]:
        return [each["run"] for each in self.history()["runs"]]

    def history(self, *run: str) -> Any:
        return self.qauvern("history", *run, "--format", "json").json()


def written_crn(record: RequestRecord) -> str:
    return unquote(record.path.partition("?")[0].rpartition("/")[2])


@contextmanager
def small_account(qauvern: Qauvern, folder: Path, faults: Sequence[str] = ()) -> Iterator[Account]:
    """Six configured instances that decrease, change their limit, or increase; the budget is what they hold now."""
    with Sandbox.create(instances=10, seed=1, operation_delay=0.01, faults=faults) as sandbox:
        _watch_over_nothing(sandbox)
        with sandbox.serve() as running:
            qauvern.environment.update(running.environment())
            qauvern.sandbox = sandbox
            account = Account(sandbox, running, folder, qauvern)
            configuration = account.configuration()
            for each in configuration["instances"]:
                if each["name"] == LIMIT_ONLY:
                    each["limit_seconds"] = 1_000_000
            account.write_config(configuration)
            account.put(LIMIT_ONLY, _proposed(account)[LIMIT_ONLY][0])
            account.set_budget(sandbox.describe()["held_seconds"])
            while (wanted := _proposed(account)) and wanted[LIMIT_ONLY][0] != account.values[LIMIT_ONLY][0]:
                account.put(LIMIT_ONLY, wanted[LIMIT_ONLY][0])
                account.set_budget(sandbox.describe()["held_seconds"])
            with sandbox._live.lock:
                sandbox._live.totals[:] = [sandbox._live.totals[-1]]
                sandbox._live.applied.clear()
            account.start_values, account.wanted = account.values, wanted
            sandbox.clear_requests()
            qauvern.runs.clear()
            yield account


def _proposed(account: Account) -> dict[str, Values]:
    document = account.qauvern("analyze", "--format", "json").json()
    return {
        each["name"]: (each["new_allocation_seconds"], each["new_limit_seconds"]) for each in document["instances"]
    }
