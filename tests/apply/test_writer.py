"""One change: read right before, written, awaited, read back and compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.apply import Outcome, Result, Writer
from qauvern.apply.writer import ATTEMPTS
from qauvern.errors import QauvernError
from qauvern.model import OperationState
from qauvern.plan import Holding
from tests.helpers import account as become
from tests.helpers.account import Act, FakeAccount, FakeTime, change
from tests.helpers.make import crn

CRN = crn("a")
CHANGE = change("a", 100, 250, limits=(None, 500))


def write(acts: list[Act], *, backends: tuple[str, ...] | None = None) -> tuple[Outcome, FakeAccount, FakeTime]:
    """What comes of CHANGE when its writes go as the acts say."""
    account, time = FakeAccount.holding(a=100), FakeTime()
    account.instances[CRN] = replace(account.instances[CRN], backends=backends)
    account.script[CRN] = list(acts)
    writer = Writer(account, time.pace(operation_timeout=60))
    found = writer.precheck(CHANGE)
    assert found.settled is None
    return writer.write(CHANGE, found), account, time


class TestPrecheck:
    def check(self, account: FakeAccount, time: FakeTime | None = None) -> Outcome | None:
        return Writer(account, (time or FakeTime()).pace()).precheck(CHANGE).settled

    def test_an_instance_as_the_change_found_it_may_be_written(self) -> None:
        assert self.check(FakeAccount.holding(a=100)) is None

    def test_one_that_holds_the_new_values_is_done_already(self) -> None:
        account = FakeAccount.holding(a=250)
        account.instances[CRN] = replace(account.instances[CRN], limit_seconds=500)
        outcome = self.check(account)
        assert outcome is not None
        assert (outcome.result, outcome.wrote) == (Result.ALREADY_DONE, False)

    @pytest.mark.parametrize(
        ("held", "limit", "says"),
        [(90, None, "allocation is 90 s, was 100 s"), (100, 70, "limit is 70 s, was none")],
    )
    def test_one_that_others_changed_is_left_alone_with_both_figures(
        self, held: int, limit: int | None, says: str
    ) -> None:
        account = FakeAccount.holding(a=held)
        account.instances[CRN] = replace(account.instances[CRN], limit_seconds=limit)
        outcome = self.check(account)
        assert outcome is not None
        assert outcome.result is Result.DRIFTED
        assert says in outcome.detail
        assert outcome.actual == Holding(held, limit)

    def test_an_operation_of_others_that_does_not_end_is_left_alone(self) -> None:
        account, time = FakeAccount.holding(a=100), FakeTime()
        account.operations[CRN] = OperationState.IN_PROGRESS
        outcome = self.check(account, time)
        assert outcome is not None
        assert outcome.result is Result.DRIFTED
        assert time.now >= 60

    def test_one_that_cannot_be_read_is_an_error(self) -> None:
        account = FakeAccount.holding(a=100)
        account.unreadable.add(CRN)
        with pytest.raises(QauvernError):
            self.check(account)


class TestWrite:
    @pytest.mark.parametrize(
        ("acts", "result", "writes", "wrote"),
        [
            pytest.param([], Result.DONE, 1, True, id="takes effect"),
            pytest.param([become.loses_its_answer], Result.DONE, 1, True, id="answer lost"),
            pytest.param([become.is_lost], Result.DONE, 2, True, id="lost on the way, then taken"),
            pytest.param([become.must_wait], Result.DONE, 2, True, id="told to wait, then taken"),
            pytest.param([become.is_refused], Result.FAILED, 1, False, id="refused"),
            pytest.param([become.is_ignored], Result.FAILED, 1, False, id="accepted and ignored"),
            pytest.param([become.fails], Result.FAILED, 1, False, id="operation fails"),
            pytest.param([become.hangs], Result.UNKNOWN, 1, True, id="operation does not end"),
            pytest.param([become.cannot_be_read_back], Result.UNKNOWN, 1, True, id="not to be read back"),
            pytest.param([become.is_lost] * ATTEMPTS, Result.UNKNOWN, ATTEMPTS, None, id="always lost"),
            pytest.param([become.must_wait] * ATTEMPTS, Result.FAILED, ATTEMPTS, False, id="always told to wait"),
        ],
    )
    def test_comes_to(self, acts: list[Act], result: Result, writes: int, wrote: bool | None) -> None:
        """`wrote` None: not looked at."""
        outcome, account, _ = write(acts)
        assert (outcome.result, len(account.writes)) == (result, writes), outcome.detail
        assert wrote in (None, outcome.wrote)
        assert outcome.detail or outcome.is_done, "what did not end well says why"
        if outcome.is_done:
            assert outcome.actual == CHANGE.after

    def test_restricted_backends_are_sent_along(self) -> None:
        outcome, account, _ = write([], backends=("ibm_a", "ibm_b"))
        assert outcome.result is Result.DONE
        assert account.instances[CRN].backends == ("ibm_a", "ibm_b")

    def test_backends_that_got_lost_are_a_failure_although_the_values_took(self) -> None:
        outcome, _, _ = write([become.wipes_the_backends], backends=("ibm_a",))
        assert (outcome.result, outcome.wrote) == (Result.FAILED, True)
        assert "backends" in outcome.detail

    def test_values_that_are_there_already_are_written_again_where_the_change_says_so(self) -> None:
        account, again = FakeAccount.holding(a=100), change("a", 100, 100)
        account.script[CRN] = [become.must_wait, become.is_lost]
        writer = Writer(account, FakeTime().pace())
        outcome = writer.write(again, writer.precheck(again))
        assert (outcome.result, outcome.wrote, len(account.writes)) == (Result.DONE, True, 3)

    @pytest.mark.parametrize("act", [become.is_refused, become.fails])
    def test_values_that_are_there_already_do_not_tell_that_they_were_written(self, act: Act) -> None:
        account, again = FakeAccount.holding(a=100), change("a", 100, 100)
        account.script[CRN] = [act]
        writer = Writer(account, FakeTime().pace())
        assert writer.write(again, writer.precheck(again)).result is Result.FAILED

    def test_waits_as_long_as_it_is_told_to(self) -> None:
        _, _, time = write([become.must_wait])
        assert time.sleeps == [7.0]

    def test_waits_longer_each_time_an_answer_is_lost(self) -> None:
        _, _, time = write([become.is_lost] * ATTEMPTS)
        assert time.sleeps == [1.0, 2.0, 4.0, 8.0]

    def test_an_operation_is_awaited_until_the_timeout_and_no_longer(self) -> None:
        outcome, _, time = write([become.hangs])
        assert time.now == pytest.approx(60, abs=0.01)
        assert "60 s" in outcome.detail
        assert max(time.sleeps) <= 5.0
