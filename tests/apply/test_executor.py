"""A run: decreases, limits, increases; the budget kept at every moment whatever fails; an outcome for each change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.apply import AppliedRun, Executor, Outcome, Recorder, Result
from qauvern.errors import QauvernError
from qauvern.model import Crn
from qauvern.plan import Change, Ledger, Phase
from tests.helpers import account as become
from tests.helpers.account import Act, FakeAccount, FakeTime, change
from tests.helpers.make import crn


def executor(
    account: FakeAccount,
    changes: tuple[Change, ...],
    cap: int | None,
    *,
    recorder: Recorder | None = None,
    concurrency: int = 4,
    on_outcome: Callable[[Outcome], None] = lambda _outcome: None,
) -> Executor:
    held = sum(each.allocation_seconds or 0 for each in account.instances.values())
    return Executor(
        account,
        Ledger.of(changes, cap=cap, total_held=held),
        recorder=recorder or Recorder(),
        concurrency=concurrency,
        pace=FakeTime().pace(),
        on_outcome=on_outcome,
    )


def run(account: FakeAccount, *changes: Change, cap: int | None) -> AppliedRun:
    return executor(account, changes, cap).run(changes)


def results(applied: AppliedRun) -> dict[str, Result]:
    return {outcome.change.name: outcome.result for outcome in applied.outcomes}


class TestOrder:
    def test_what_frees_first_what_takes_last(self) -> None:
        account = FakeAccount.holding(up=10, limit=50, down=90)
        up, limit, down = change("up", 10, 100), change("limit", 50, 50, limits=(None, 60)), change("down", 90, 0)
        applied = run(account, up, limit, down, cap=150)
        assert account.writes == [crn("down"), crn("limit"), crn("up")]
        assert applied.is_complete
        assert account.most_held <= 150

    def test_outcomes_come_in_the_order_of_the_plan(self) -> None:
        account = FakeAccount.holding(up=10, down=90)
        applied = run(account, change("up", 10, 20), change("down", 90, 80), cap=100)
        assert [outcome.change.name for outcome in applied.outcomes] == ["up", "down"]

    def test_nothing_to_change_is_complete(self) -> None:
        assert run(FakeAccount.holding(a=1), cap=10).is_complete


class TestBudget:
    """down frees 50 of a full budget of 100, which up and other are to get."""

    def after(self, act: Act) -> tuple[AppliedRun, FakeAccount]:
        account = FakeAccount.holding(down=80, other=10, up=10)
        account.script[crn("down")] = [act]
        changes = change("down", 80, 30), change("other", 10, 15), change("up", 10, 55)
        return run(account, *changes, cap=100), account

    @pytest.mark.parametrize(
        ("act", "result"),
        [
            pytest.param(become.is_refused, Result.FAILED, id="refused"),
            pytest.param(become.is_ignored, Result.FAILED, id="ignored"),
            pytest.param(become.hangs, Result.UNKNOWN, id="hangs"),
            pytest.param(become.cannot_be_read_back, Result.UNKNOWN, id="cannot be read back"),
        ],
    )
    def test_a_decrease_not_known_to_have_taken_holds_the_increases_back(self, act: Act, result: Result) -> None:
        applied, account = self.after(act)
        assert results(applied) == {"down": result, "other": Result.HELD_BACK, "up": Result.HELD_BACK}
        assert crn("up") not in account.writes
        assert account.most_held <= 100
        assert not applied.is_complete

    def test_what_there_is_room_for_is_still_written(self) -> None:
        account = FakeAccount.holding(down=80, other=10, up=5)
        account.script[crn("down")] = [become.is_refused]
        applied = run(account, change("down", 80, 30), change("other", 10, 15), change("up", 5, 60), cap=100)
        assert results(applied) == {"down": Result.FAILED, "other": Result.DONE, "up": Result.HELD_BACK}
        assert account.held() == {"down": 80, "other": 15, "up": 5}

    def test_what_a_failing_increase_leaves_goes_to_the_next_one(self) -> None:
        account = FakeAccount.holding(a=10, b=10)
        account.script[crn("a")] = [become.is_refused]
        applied = run(account, change("a", 10, 60), change("b", 10, 70), cap=90)
        assert results(applied) == {"a": Result.FAILED, "b": Result.DONE}

    def test_one_that_others_lifted_meanwhile_counts_with_what_it_holds(self) -> None:
        account = FakeAccount.holding(down=60, up=10)
        account.instances[crn("down")] = replace(account.instances[crn("down")], allocation_seconds=85)
        changes = change("down", 60, 20), change("up", 10, 50)
        drifted = Executor(account, Ledger.of(changes, cap=100, total_held=70), pace=FakeTime().pace()).run(changes)
        assert results(drifted) == {"down": Result.DRIFTED, "up": Result.HELD_BACK}
        assert account.held() == {"down": 85, "up": 10}

    def test_without_a_budget_nothing_is_held_back(self) -> None:
        account = FakeAccount.holding(a=10, b=10)
        assert run(account, change("a", 10, 10**9), change("b", 10, 10**9), cap=None).is_complete

    def test_a_held_back_increase_says_by_how_much(self) -> None:
        applied, _ = self.after(become.is_refused)
        detail = next(outcome.detail for outcome in applied.outcomes if outcome.change.name == "up")
        assert "+45 s" in detail
        assert "100 s" in detail

    acts = st.sampled_from(
        [
            *(become.takes_effect, become.is_ignored, become.is_refused, become.must_wait, become.is_lost),
            *(become.loses_its_answer, become.hangs, become.fails, become.cannot_be_read_back),
        ]
    )

    @given(
        figures=st.lists(st.tuples(st.integers(1, 100), st.integers(1, 100), acts, acts), min_size=1, max_size=8),
        slack=st.integers(0, 60),
        concurrency=st.integers(1, 3),
    )
    def test_whatever_fails_the_total_never_exceeds_the_budget(
        self, figures: list[tuple[int, int, Act, Act]], slack: int, concurrency: int
    ) -> None:
        labels = [f"i{index}" for index in range(len(figures))]
        account = FakeAccount.holding(**{label: before for label, (before, *_) in zip(labels, figures, strict=True)})
        account.script = {crn(label): [*acts] for label, (_, _, *acts) in zip(labels, figures, strict=True)}
        changes = tuple(
            change(label, before, after)
            for label, (before, after, *_) in zip(labels, figures, strict=True)
            if before != after
        )
        budget = max(sum(before for before, *_ in figures), sum(after for _, after, *_ in figures)) + slack
        applied = executor(account, changes, budget, concurrency=concurrency).run(changes)
        assert account.most_held <= budget
        assert [outcome.change for outcome in applied.outcomes] == list(changes)
        for outcome in applied.having(Result.DONE):
            assert account.instances[outcome.change.crn].allocation_seconds == outcome.change.after.allocation_seconds
        for outcome in applied.having(Result.HELD_BACK):
            assert outcome.change.phase is Phase.INCREASE
            assert outcome.change.crn not in account.writes


class TestStopped:
    def test_no_write_starts_and_each_change_has_its_outcome(self) -> None:
        account = FakeAccount.holding(a=90, b=90, c=1)
        changes = change("a", 90, 10), change("b", 90, 10), change("c", 1, 50)
        made = executor(account, changes, 200, concurrency=1)
        account.on_write = lambda _crn: made.stop.set()
        applied = made.run(changes)
        assert results(applied) == {"a": Result.DONE, "b": Result.NOT_STARTED, "c": Result.NOT_STARTED}
        assert applied.interrupted
        assert not applied.is_complete
        assert account.writes == [crn("a")]

    def test_stopped_beforehand_it_writes_nothing(self) -> None:
        account = FakeAccount.holding(a=90)
        made = executor(account, (change("a", 90, 10),), 200)
        made.stop.set()
        assert results(made.run((change("a", 90, 10),))) == {"a": Result.NOT_STARTED}
        assert account.writes == []


class Notes(Recorder):
    """Keeps what it is told, and may refuse to."""

    def __init__(self, refuses: Crn | None = None) -> None:
        self.told: list[tuple[str, str]] = []
        self.refuses = refuses
        self._lock = threading.Lock()

    def intent(self, change: Change) -> None:
        if change.crn == self.refuses:
            raise QauvernError("the disk is full")
        with self._lock:
            self.told.append(("intent", change.name))

    def outcome(self, outcome: Outcome) -> None:
        with self._lock:
            self.told.append((outcome.result.value, outcome.change.name))


class TestRecorder:
    def test_is_told_of_each_write_before_it_and_of_each_end(self) -> None:
        account, notes = FakeAccount.holding(a=90, b=1), Notes()
        changes = change("a", 90, 10), change("b", 1, 5)
        seen: list[list[tuple[str, str]]] = []
        account.on_write = lambda _crn: seen.append(list(notes.told))
        executor(account, changes, 100, recorder=notes, concurrency=1).run(changes)
        assert notes.told == [("intent", "a"), ("done", "a"), ("intent", "b"), ("done", "b")]
        assert seen == [notes.told[:1], notes.told[:3]]

    def test_what_is_not_written_is_no_intent(self) -> None:
        account, notes = FakeAccount.holding(a=7), Notes()
        changes = (change("a", 90, 10),)
        executor(account, changes, 100, recorder=notes).run(changes)
        assert notes.told == [("drifted", "a")]

    def test_one_that_cannot_note_an_intent_stops_the_run_before_the_write(self) -> None:
        account, notes = FakeAccount.holding(a=90, b=1), Notes(refuses=crn("a"))
        changes = change("a", 90, 10), change("b", 1, 5)
        applied = executor(account, changes, 100, recorder=notes, concurrency=1).run(changes)
        assert account.writes == []
        assert "disk is full" in applied.fault
        assert not applied.interrupted
        assert not applied.is_complete

    def test_every_outcome_is_said_once(self) -> None:
        account = FakeAccount.holding(a=90, b=1)
        said: list[Outcome] = []
        account.script[crn("a")] = [become.is_refused]
        changes = change("a", 90, 10), change("b", 1, 50)
        applied = executor(account, changes, 91, on_outcome=said.append).run(changes)
        assert sorted(said, key=lambda outcome: outcome.change.name) == list(applied.outcomes)
