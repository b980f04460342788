"""What may still land counts with the larger of its values, and what was not ours is not called ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.apply import AppliedRun, Executor, Outcome, Result, Writer
from qauvern.apply.writer import Found
from qauvern.model import Crn, Instance, LiveInstance, OperationState
from qauvern.plan import Change, Ledger
from tests.helpers import account as become
from tests.helpers.account import Act, FakeAccount, FakeTime, change
from tests.helpers.make import crn


def run(account: FakeAccount, *changes: Change, cap: int) -> tuple[AppliedRun, Executor]:
    held = sum(each.allocation_seconds or 0 for each in account.instances.values())
    executor = Executor(account, Ledger.of(changes, cap=cap, total_held=held), pace=FakeTime().pace(), concurrency=2)
    return executor.run(changes), executor


def results(applied: AppliedRun) -> dict[str, Result]:
    return {outcome.change.name: outcome.result for outcome in applied.outcomes}


class TestMayStillLand:
    """a and b each want 50 s more, and there is room for one of them."""

    @pytest.mark.parametrize(
        "acts",
        [
            pytest.param([become.is_lost, become.is_refused], id="lost, then refused"),
            pytest.param([become.is_lost] * 4 + [become.must_wait], id="lost, then told to wait until the end"),
            pytest.param([become.is_ignored], id="accepted, but not seen to take"),
            pytest.param([become.hangs], id="its operation does not end"),
            pytest.param([become.fails], id="its operation failed, or an earlier one did"),
        ],
    )
    def test_the_room_is_not_given_to_another(self, acts: list[Act]) -> None:
        account = FakeAccount.holding(a=10, b=10)
        account.script[crn("a")] = acts
        applied, executor = run(account, change("a", 10, 60), change("b", 10, 60), cap=70)
        assert results(applied)["b"] is Result.HELD_BACK
        account.put(replace(account.instances[crn("a")], allocation_seconds=60))  # it lands after all
        assert account.most_held <= 70
        assert executor.ledger.most_held == 70

    def test_what_was_refused_at_once_cannot(self) -> None:
        account = FakeAccount.holding(a=10, b=10)
        account.script[crn("a")] = [become.is_refused]
        applied, _ = run(account, change("a", 10, 60), change("b", 10, 60), cap=70)
        assert results(applied)["b"] is Result.DONE

    def test_an_operation_of_an_earlier_run_may(self) -> None:
        account = FakeAccount.holding(a=10, b=10)
        account.operations[crn("a")] = OperationState.IN_PROGRESS
        applied, _ = run(account, change("a", 10, 60), change("b", 10, 60), cap=70)
        assert results(applied) == {"a": Result.DRIFTED, "b": Result.HELD_BACK}

    def test_one_that_begins_late_is_seen(self) -> None:
        """IBM accepts it, shows the old values once more, and then carries it out."""
        account, time = FakeAccount.holding(a=10), FakeTime()
        reads = iter([10, 60])

        class Late(FakeAccount):
            def read(self, crn: Crn) -> LiveInstance:
                held = replace(self.instances[crn], allocation_seconds=next(reads))
                return LiveInstance(held, OperationState.SUCCEEDED)

        late = Late(account.instances)
        outcome = Writer(late, time.pace()).write(change("a", 10, 60), Found(account.instances[crn("a")]))
        assert outcome.result is Result.DONE


def test_the_room_that_others_took_meanwhile_is_seen_right_before_a_write() -> None:
    """Both increases fit the budget of 80 s when they are admitted; then a turns out to hold 60 s."""
    account = FakeAccount.holding(a=60, b=10)
    changes = change("a", 10, 20), change("b", 10, 50)
    executor = Executor(account, Ledger.of(changes, cap=80, total_held=20), pace=FakeTime().pace(), concurrency=1)
    assert results(executor.run(changes)) == {"a": Result.DRIFTED, "b": Result.HELD_BACK}
    assert account.writes == []


class TestRightBeforeEachTry:
    """Somebody else changes the instance while this one was told to wait."""

    def outcome(self, first: Act, others: Instance | None = None) -> tuple[Outcome, FakeAccount]:
        account, time = FakeAccount.holding(a=100), FakeTime()
        before = account.instances[crn("a")]

        def meanwhile(seconds: float) -> None:
            time.sleep(seconds)
            account.put(others or replace(before, allocation_seconds=70))

        account.script[crn("a")] = [first]
        pace = replace(time.pace(), sleep=meanwhile)
        return Writer(account, pace).write(change("a", 100, 250), Found(before)), account

    def test_it_is_not_written_over(self) -> None:
        outcome, account = self.outcome(become.must_wait)
        assert (outcome.result, outcome.wrote, len(account.writes)) == (Result.DRIFTED, False, 1)
        assert account.held() == {"a": 70}

    def test_also_after_a_lost_answer_when_it_may_have_been_ours(self) -> None:
        outcome, account = self.outcome(become.is_lost)
        assert (outcome.result, outcome.wrote, len(account.writes)) == (Result.FAILED, True, 1)
        assert "allocation is 70 s instead of 250 s" in outcome.detail

    def test_the_same_change_by_others_is_not_ours(self) -> None:
        wanted = replace(FakeAccount.holding(a=100).instances[crn("a")], allocation_seconds=250)
        outcome, _ = self.outcome(become.must_wait, wanted)
        assert (outcome.result, outcome.wrote) == (Result.ALREADY_DONE, False)


class TestStopped:
    def test_nothing_is_tried_again(self) -> None:
        account = FakeAccount.holding(a=100)
        account.script[crn("a")] = [become.must_wait]
        writer = Writer(account, FakeTime().pace(), lambda: bool(account.writes))
        outcome = writer.write(change("a", 100, 250), Found(account.instances[crn("a")]))
        assert (outcome.result, len(account.writes)) == (Result.FAILED, 1)
        assert "interrupted" in outcome.detail


class TestFaultsOfQauvern:
    def test_one_while_reading_leaves_the_run_whole(self) -> None:
        class Broken(FakeAccount):
            def read(self, crn: Crn) -> LiveInstance:
                if self.instances[crn].name == "a":
                    raise ZeroDivisionError
                return super().read(crn)

        account = Broken(FakeAccount.holding(a=90, b=1).instances)
        applied, _ = run(account, change("a", 90, 10), change("b", 1, 5), cap=100)
        assert results(applied) == {"a": Result.FAILED, "b": Result.DONE}
        assert "a bug in qauvern" in applied.outcomes[0].detail

    def test_one_of_the_display_leaves_the_run_whole(self) -> None:
        account = FakeAccount.holding(a=90, b=1)
        changes = change("a", 90, 10), change("b", 1, 5)

        def nobody_listens(_outcome: Outcome) -> None:
            raise BrokenPipeError

        executor = Executor(
            account, Ledger.of(changes, cap=100, total_held=91), pace=FakeTime().pace(), on_outcome=nobody_listens
        )
        assert executor.run(changes).is_complete
