"""Saved plans and journals that were damaged, or made up: refused or passed over with a word, never written from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qauvern.apply import read_runs
from qauvern.plan import BadSavedPlan, parse_plan
from tests.helpers.cli import Run
from tests.hostile.conftest import HostileSite
from tests.hostile.mutations import DELETED, DOUBLED, bent, bounded, place, turns, values


def signed(text: str) -> str:
    """The plan with the digest that its content has: what somebody who knows the format may write."""
    try:
        document = json.loads(text)
        del document["digest"]
        canonical = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
    digest = "sha256:" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return json.dumps({**document, "digest": digest})


damage = st.tuples(st.integers(0, 10**6), st.integers(0, 40), st.binary(max_size=6))


def damaged(content: bytes, hurt: tuple[int, int, bytes]) -> bytes:
    """Some bytes taken out, and others put in their place."""
    at, length, instead = hurt[0] % (len(content) + 1), hurt[1], hurt[2]
    return content[:at] + instead + content[at + length :]


def save_plan(site: HostileSite) -> Path:
    path = site.folder / "plan.json"
    site.qauvern("analyze", "--save-plan", path)
    return path


class TestPlan:
    @given(hurt=damage)
    @bounded(12)
    def test_damaged_bytes(self, hostile: HostileSite, hurt: tuple[int, int, bytes]) -> None:
        hostile.reset()
        path = save_plan(hostile)
        content = path.read_bytes()
        path.write_bytes(damaged(content, hurt))
        run = hostile.optimize("--plan", str(path))
        try:
            same = json.loads(path.read_bytes()) == json.loads(content)
        except (ValueError, RecursionError):
            same = False
        assert run.exit_code == (0 if same else 1), str(run)
        assert bool(run.writes) == same

    @given(turns=turns, value=values)
    @example(turns=[8, 0, 3, 0], value=0)
    @example(turns=[8, 0, 3, 0], value=None)
    @example(turns=[8, 0, 2, 0], value=None)
    @example(turns=[8, 0, 0], value="\ud800\x1b[31m")
    @bounded(20)
    def test_made_up(self, hostile: HostileSite, turns: list[int], value: Any) -> None:
        """Its digest fits: it is stale, refused, or writes figures that may be, within the budget."""
        hostile.reset()
        before, budget = hostile.values(), hostile.sandbox.budget_seconds()
        path = save_plan(hostile)
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(signed(bent(document, place(document, turns), value)), encoding="utf-8")
        hostile.sandbox.clear_requests()
        run = hostile.optimize("--plan", str(path))
        assert run.exit_code in (0, 1, 3, 4), str(run)
        assert "a bug in qauvern" not in run.output
        assert all(line.isprintable() for line in run.output.split("\n"))
        written = hostile.assert_writes_are_sane(before, budget=budget)
        assert not (written and run.exit_code in (1, 4)), str(run)

    @given(turns=turns, value=values)
    @bounded(200)
    def test_is_parsed_or_refused(self, turns: list[int], value: Any) -> None:
        text = bent(PLAN, place(PLAN, turns), value)
        for each in (text, signed(text)):
            try:
                plan = parse_plan(each)
            except BadSavedPlan:
                continue
            for change in plan.changes:
                assert change.after.allocation_seconds != 0
                assert (change.after.allocation_seconds is None) == (change.before.allocation_seconds is None)

    @pytest.mark.parametrize("depth", [*range(100, 1_000, 50), 100_000])
    def test_nested_however_deep(self, depth: int) -> None:
        text = json.dumps(PLAN | {"x": "@"}).replace('"@"', "[" * depth + "]" * depth)
        with pytest.raises(BadSavedPlan):
            parse_plan(text)


CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef0123456789abcdef:a::"
PLAN: dict[str, Any] = {
    "format": "qauvern plan",
    "version": 1,
    "made_at": "2026-03-15T12:00:00+00:00",
    "account_id": "0123456789abcdef0123456789abcdef",
    "plan": "premium",
    "endpoint_family": "custom",
    "config_digest": "sha256:0",
    "changes": [
        {
            "name": "a",
            "crn": CRN,
            "before": {"allocation_seconds": 100, "limit_seconds": None},
            "after": {"allocation_seconds": 200, "limit_seconds": 300},
            "reason": "share",
        }
    ],
    "digest": "sha256:0",
}


def journal_of(site: HostileSite) -> Path:
    """The journal of a run on the account, which then is as it was after that run."""
    site.reset()
    for old in (site.folder / "state").rglob("*.jsonl"):
        old.unlink()
    assert site.optimize().exit_code == 0
    site.sandbox.clear_requests()
    (path,) = (site.folder / "state").rglob("*.jsonl")
    return path


def assert_harmless(run: Run) -> None:
    assert all(line.isprintable() for line in run.output.split("\n")), run.output
    assert "a bug in qauvern" not in run.output, str(run)


class TestJournal:
    @given(hurt=damage)
    @bounded(8)
    def test_damaged_bytes(self, hostile: HostileSite, hurt: tuple[int, int, bytes]) -> None:
        path = journal_of(hostile)
        content = path.read_bytes()
        path.write_bytes(damaged(content, hurt))
        for arguments in ([], ["--format", "json"], ["--format", "csv"]):
            assert_harmless(hostile.qauvern("history", *arguments, exits=0))
        for run in read_runs(path.parent.parent)[0]:
            assert_harmless(hostile.qauvern("history", run.run_id, exits=None))
        assert_harmless(hostile.qauvern("undo", "--dry-run", exits=None))

    @given(line=st.integers(0, 20), turns=turns, value=values)
    @example(line=0, turns=[11, 0, 2, 0], value=0)
    @example(line=0, turns=[11, 0, 2, 0], value=None)
    @example(line=0, turns=[3], value="deep")
    @bounded(12)
    def test_made_up_lines(self, hostile: HostileSite, line: int, turns: list[int], value: Any) -> None:
        """An undo of what they tell keeps the budget, and archives and wipes nothing."""
        path = journal_of(hostile)
        lines = path.read_text().splitlines()
        event = json.loads(lines[line % len(lines)])
        lines[line % len(lines)] = bent(event, place(event, turns), value)
        path.write_text("\n".join(lines), encoding="utf-8")
        before = hostile.values()
        assert_harmless(hostile.qauvern("history", exits=0))
        run = hostile.qauvern("undo", "--yes", exits=None)
        assert run.exit_code in (0, 1, 3, 4), str(run)
        assert_harmless(run)
        hostile.assert_writes_are_sane(before, budget=hostile.sandbox.budget_seconds())

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\n",
            b"{}",
            b"\xff\xfe",
            b"null\n",
            b"[" * 100_000,
            b'{"event": "start"}',
            b'{"event": "start", "version": 1}',
        ],
    )
    def test_what_is_none_is_said_and_passed_over(self, hostile: HostileSite, content: bytes) -> None:
        path = journal_of(hostile)
        (path.parent / "20200101T000000Z-0000.jsonl").write_bytes(content)
        run = hostile.qauvern("history", exits=0)
        assert "Warning: the journal" in run.stderr
        assert path.stem in run.stdout

    @pytest.mark.parametrize("value", [0, None, -5, 1.5, "100", DELETED, DOUBLED])
    def test_values_that_no_run_starts_from_are_not_put_back(self, hostile: HostileSite, value: Any) -> None:
        path = journal_of(hostile)
        lines = path.read_text().splitlines()
        place = ("changes", 0, "before", "allocation_seconds")
        lines[0] = bent(json.loads(lines[0]), place, value)
        path.write_text("\n".join(lines))
        before = hostile.values()
        run = hostile.qauvern("undo", "--yes", exits=None)
        if value is not DOUBLED:
            assert run.exit_code == 1
            assert not run.writes
            assert "Warning: the journal" in run.stderr
        hostile.assert_writes_are_sane(before, budget=hostile.sandbox.budget_seconds())
