"""A small account whose budget is held to the last second, and what it must hold to whatever fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from qauvern.sandbox import Call, Cut, Reply, RequestRecord, Sandbox
from tests.helpers.cli import Qauvern, Run, Site

LIMIT_ONLY = "materials-superconductors"
"""The instance of which the plan changes the limit and nothing else."""
NEW_LIMIT = 1_000_000
LARGEST = "finance-portfolio"
"""The instance that frees the most."""

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
        held = self.sandbox.operator.instance(crn).held
        return held.allocation_seconds, held.limit_seconds

    def put(self, name: str, allocation: int | None, limit: int | None = None) -> None:
        """Somebody else's change, at once."""
        self.sandbox.operator.put(name, allocation_seconds=allocation, limit_seconds=limit)

    def end_operations(self) -> None:
        """IBM ends what hung."""
        self.sandbox.operator.end_operations()

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
def small_account(qauvern: Qauvern, folder: Path) -> Iterator[Account]:
    """Six configured instances: three decrease, one changes its limit only, two increase.

    Every second of the budget is held, so that no increase fits before a decrease has freed it.
    """
    with Sandbox.create(instances=10, seed=1, operation_delay=0.01) as sandbox, sandbox.serve() as running:
        qauvern.environment.update(running.environment())
        qauvern.sandbox = sandbox
        account = Account(sandbox, running, folder, qauvern)
        sandbox.operator.watch_budget(False)
        account.set_budget(sandbox.describe()["held_seconds"])
        configuration = account.configuration()
        for each in configuration["instances"]:
            if each["name"] == LIMIT_ONLY:
                each["limit_seconds"] = NEW_LIMIT
        account.write_config(configuration)
        account.wanted = _proposed(account)
        # The proposal depends on what all hold together, not on who holds what.
        held, proposed = account.values, account.wanted[LIMIT_ONLY][0] or 0
        account.put(LARGEST, (held[LARGEST][0] or 0) + (held[LIMIT_ONLY][0] or 0) - proposed)
        account.put(LIMIT_ONLY, proposed)
        sandbox.operator.clear_records()
        account.start_values = account.values
        assert (len(account.decreases), len(account.increases), account.delta(LIMIT_ONLY)) == (3, 2, 0)
        qauvern.runs.clear()
        yield account


def _proposed(account: Account) -> dict[str, Values]:
    document = account.qauvern("analyze", "--format", "json").json()
    return {each["name"]: (each["new_allocation_seconds"], each["new_limit_seconds"]) for each in document["instances"]}


@dataclass
class Moment:
    """The moment at which the sandbox has the `nth` write in its hands, before or after carrying it out."""

    account: Account
    nth: int
    after: bool = False
    answers: bool = True
    seen: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def then(self, do: Callable[[], None]) -> Moment:
        """Does it at that moment, in the sandbox's thread; the client gets its answer afterwards, if at all."""

        def performed(call: Call, carry_out: Callable[[], Reply]) -> Reply:
            if call.kind != "patch":
                return carry_out()
            with self._lock:
                self.seen += 1
                is_it = self.seen == self.nth
            if not is_it:
                return carry_out()
            reply = carry_out() if self.after else None
            do()
            self.reached.set()
            if not self.answers:
                raise Cut
            return reply or carry_out()

        self.account.sandbox.operator.intercept(performed)
        return self


def values_of(holding: dict[str, Any]) -> Values:
    """Allocation and limit of a journal's or a history's holding."""
    return holding["allocation_seconds"], holding["limit_seconds"]
