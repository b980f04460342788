"""An account whose answers can be bent, one at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from qauvern.sandbox import Call, Reply, RunningSandbox, Sandbox
from tests.helpers.cli import PREMIUM, Qauvern, Run, Site
from tests.helpers.safety import written_crn

Values = tuple[int | None, int | None]
"""Allocation and limit in seconds."""
Bend = Callable[[Call, Reply], Reply]


@dataclass
class HostileSite(Site):
    """A site whose sandbox gives what `bend` makes of its answers, and does not watch over its budget itself."""

    bend: Bend = lambda _call, reply: reply

    def reset(self) -> None:
        """The account as it was made, with every second of its budget held."""
        sandbox = self.sandbox
        sandbox.operator.reset()
        sandbox.operator.watch_budget(False)
        self.set_budget(sandbox.describe()["held_seconds"])
        sandbox.clear_requests()
        self.qauvern.runs.clear()
        self.bend = lambda _call, reply: reply

    def optimize(self, *arguments: str) -> Run:
        return self.qauvern("--concurrency", "1", "optimize", "--yes", *arguments, exits=None)

    def values(self) -> dict[str, Values]:
        """What the instances hold, by CRN."""
        return {
            each.crn: (each.held.allocation_seconds, each.held.limit_seconds)
            for each in self.sandbox.operator.instances()
        }

    def wanted(self) -> dict[str, Values]:
        """What an unbent account leads to, by CRN."""
        kept, self.bend = self.bend, lambda _call, reply: reply
        document = self.qauvern("analyze", "--format", "json").json()
        self.bend = kept
        return {
            each["crn"]: (each["new_allocation_seconds"], each["new_limit_seconds"]) for each in document["instances"]
        }

    def assert_writes_are_sane(self, before: dict[str, Values], *, budget: int) -> dict[str, Values]:
        """What was written, by CRN: figures that may be, to configured instances, within the budget all the time."""
        configured = {str(each["crn"]) for each in self.configuration()["instances"]}
        written: dict[str, Values] = {}
        for record in self.sandbox.requests:
            if record.kind != "patch":
                assert record.kind not in ("create", "configuration")
                continue
            crn, parameters = written_crn(record), json.loads(json.dumps(record.body))["parameters"]
            allocation, limit = parameters["usage_allocation_seconds"], parameters["instance_limit_seconds"]
            assert crn in configured, f"{crn} is not configured"
            if before[crn][0] is None:
                assert allocation is None
            else:
                assert allocation is not None, f"{crn} would lose its allocation"
                assert re.fullmatch("[1-9][0-9]{0,11}", allocation), f"{allocation!r} as an allocation"
            assert limit is None or re.fullmatch("[0-9]{1,12}", limit), f"{limit!r} as a limit"
            written[crn] = (None if allocation is None else int(allocation), None if limit is None else int(limit))
        assert self.sandbox.max_total_seconds() <= budget
        return written


@contextmanager
def hostile_site(qauvern: Qauvern, folder: Path) -> Iterator[HostileSite]:
    with Sandbox.create(instances=8, seed=3, operation_delay=0.0) as sandbox, sandbox.serve() as running:
        yield _made(qauvern, folder, sandbox, running)


def _made(qauvern: Qauvern, folder: Path, sandbox: Sandbox, running: RunningSandbox) -> HostileSite:
    qauvern.environment.update(running.environment())
    qauvern.sandbox = sandbox
    site = HostileSite(sandbox, running, folder, qauvern)
    site.write_config(site.configuration())
    sandbox.operator.intercept(lambda call, carry_out: site.bend(call, carry_out()))
    site.reset()
    return site


@pytest.fixture
def hostile(qauvern: Qauvern, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileSite]:
    """Eight instances, some of which a plan changes; nothing waits longer than it must."""
    from qauvern.apply import Pace
    from qauvern.cloud import Patience

    monkeypatch.setattr("qauvern.cloud.transport.Patience", partial(Patience, sleep=lambda _seconds: None))
    quick = partial(Pace, first_poll=0.002, longest_poll=0.01, retry_delay=0.002)
    monkeypatch.setattr(
        "qauvern.actions.apply.Pace", lambda operation_timeout: quick(operation_timeout=min(operation_timeout, 0.3))
    )
    with hostile_site(qauvern, tmp_path) as site:
        yield site


def told_budget(document: Any) -> int:
    """The budget that an account's answer tells of, as far as it can be made out."""
    rows = document.get("plans") if isinstance(document, dict) else None
    figures = [
        row.get("usage_allocation_seconds")
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict) and row.get("plan_id") == PREMIUM
    ]
    return sum(int(each) for each in figures if isinstance(each, (int, float)) and abs(each) < 10**12)
