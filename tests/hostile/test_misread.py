"""`optimize --yes` against an account that gives one bent answer: it stops, or writes nothing but what is right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qauvern.sandbox import Call, Reply
from tests.hostile.conftest import HostileSite, told_budget
from tests.hostile.mutations import BODIES, DELETED, DOUBLED, Path, bent, bounded, place, turns, values

KINDS = ("token", "list", "get", "patch", "account", "usage", "analytics")
MATTERS = frozenset(
    {
        *("access_token", "next_url", "crn", "state", "resource_plan_id", "extensions", "usage_allocation_seconds"),
        *("instance_limit_seconds", "backends", "last_operation", "plan_id", "unallocated_usage_seconds"),
        *("usage_consumed_seconds", "key", "usage", "subscription_id"),
    }
)
"""Keys whose value may rightly lead to another proposal, or stop the run. What stands under others decides nothing."""
TEXT_KEYS = frozenset({"name"})
"""Keys whose value stops the run where it is no text, and decides nothing else."""


@dataclass
class BentOnce:
    """Bends the nth answer (from 0) of a kind."""

    kind: str
    nth: int
    turns: Sequence[int]
    value: Any
    seen: int = 0
    path: Path | None = None
    budget: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, call: Call, reply: Reply) -> Reply:
        if call.kind != self.kind or reply.document is None:
            return reply
        with self._lock:
            self.seen += 1
            if self.seen != self.nth + 1:
                return reply
        self.path = place(reply.document, self.turns)
        text = bent(reply.document, self.path, self.value)
        if call.kind == "account":
            self.budget = _budget_of(text)
        return Reply(reply.status, headers={"Content-Type": "application/json"}, text=_utf8(text))

    @property
    def decides(self) -> bool:
        """Whether another proposal may rightly come of it."""
        if self.path is None:
            return False
        keys = {key for key in self.path if isinstance(key, str)}
        is_row = not self.path or not isinstance(self.path[-1], str) or self.path[-1] in ("resources", "plans", "data")
        return bool(keys & MATTERS) or is_row


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _budget_of(text: str) -> int:
    try:
        return told_budget(json.loads(text))
    except (ValueError, RecursionError):
        return 0


@given(kind=st.sampled_from(KINDS), nth=st.integers(0, 3), turns=turns, value=values)
@example(kind="account", nth=0, turns=[1, 0, 2], value=None)
@example(kind="account", nth=0, turns=[1, 0, 2], value=DELETED)
@example(kind="account", nth=0, turns=[1, 0], value=DOUBLED)
@example(kind="account", nth=0, turns=[1, 0, 3], value=0)
@example(kind="list", nth=0, turns=[2, 0], value=DOUBLED)
@example(kind="usage", nth=0, turns=[2], value=0)
@example(kind="get", nth=0, turns=[], value="HTML")
@bounded(40)
def test_one_bent_answer(hostile: HostileSite, kind: str, nth: int, turns: list[int], value: Any) -> None:
    hostile.reset()
    before, budget = hostile.values(), hostile.sandbox.budget_seconds()
    hostile.bend = bend = BentOnce(kind, nth, turns, value)
    run = hostile.optimize()
    assert run.exit_code in (0, 1, 2, 3, 4), str(run)
    assert all(line.isprintable() for line in run.output.split("\n")), "something would steer a terminal"
    assert "a bug in qauvern" not in run.output
    written = hostile.assert_writes_are_sane(before, budget=max(budget, bend.budget))
    if run.exit_code == 1:
        assert not written, "status 1 says that nothing was written"
    if not bend.decides and written:
        hostile.reset()
        wanted = hostile.wanted()
        assert {crn: wanted[crn] for crn in written} == written, f"{kind} bent at {bend.path} by {value!r}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", ["empty", "HTML", "null", "an empty object", "only brackets"])
def test_answers_that_are_none(hostile: HostileSite, kind: str, body: str) -> None:
    """Every answer of a kind, all through the run."""
    before, budget = hostile.values(), hostile.sandbox.budget_seconds()

    def bend(call: Call, reply: Reply) -> Reply:
        return Reply(200, text=BODIES[body].decode()) if call.kind == kind else reply

    hostile.bend = bend
    run = hostile.optimize()
    written = hostile.assert_writes_are_sane(before, budget=budget)
    if kind == "patch":
        assert run.exit_code == 0  # what came of each write is read back
        assert len(written) > 2
    elif kind == "get":
        assert run.exit_code in (1, 3)
        assert not written
    else:
        assert run.exit_code == 1
        assert not written


class TestAnAccountWithoutItsBudget:
    """A plan without a budget has no allocations: they must not be taken away for that."""

    @pytest.mark.parametrize("command", ["show", "analyze", "optimize"])
    @pytest.mark.parametrize("value", [None, DELETED])
    def test_is_a_contradiction(self, hostile: HostileSite, command: str, value: Any) -> None:
        def bend(call: Call, reply: Reply) -> Reply:
            if call.kind != "account":
                return reply
            return Reply(200, text=bent(_one_plan(reply.document), ("plans", 0, "usage_allocation_seconds"), value))

        hostile.bend = bend
        arguments = ["--yes"] if command == "optimize" else []
        run = hostile.qauvern(command, *arguments, exits=1)
        assert "contradict each other" in run.stderr
        assert not run.writes


def _one_plan(document: Any) -> Any:
    return {**document, "plans": document["plans"][:1]}
