"""After the writes: what IBM enforces is compared, and backends that were left out are seen to stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.apply import AppliedRun, Executor, Result
from qauvern.errors import QauvernError
from qauvern.model import Crn, Enforced
from qauvern.plan import Change, Ledger
from tests.helpers import account as become
from tests.helpers.account import Act, FakeAccount, FakeTime, change
from tests.helpers.make import crn

A, B, C = crn("a"), crn("b"), crn("c")


def run(account: FakeAccount, *changes: Change, concurrency: int = 2) -> tuple[AppliedRun, FakeTime, list[int]]:
    time, lags = FakeTime(), list[int]()
    ledger = Ledger.of(changes, cap=None, total_held=0)
    executor = Executor(account, ledger, pace=time.pace(), concurrency=concurrency, on_lag=lags.append)
    return executor.run(changes), time, lags


def results(applied: AppliedRun) -> list[Result]:
    return [outcome.result for outcome in applied.outcomes]


class TestEnforced:
    def test_each_written_instance_is_looked_at_once_where_nothing_lags(self) -> None:
        account = FakeAccount.holding(a=100, b=100)
        applied, time, lags = run(account, change("a", 100, 50), change("b", 100, 150))
        assert applied.is_complete
        assert (sorted(account.looks), time.sleeps, lags) == ([A, B], [], [])

    def test_one_that_lags_is_looked_at_again_and_holds_nobody_back(self) -> None:
        account = FakeAccount.holding(a=100, b=100, c=100)
        account.lags[A] = 3
        applied, _, lags = run(account, change("a", 100, 50), change("b", 100, 150), change("c", 100, 200))
        assert applied.is_complete
        assert account.writes[-1] in (B, C), "the increases did not wait for it"
        assert (account.looks.count(A), account.looks.count(B), lags) == (4, 1, [1, 1, 1])

    def test_one_that_is_not_enforced_in_time_has_failed_by_that_word(self) -> None:
        account = FakeAccount.holding(a=100, b=100)
        account.lags[A] = 10**6
        applied, time, _ = run(account, change("a", 100, 50), change("b", 100, 50))
        assert results(applied) == [Result.NOT_ENFORCED, Result.DONE]
        assert not applied.is_complete
        late = applied.outcomes[0]
        assert (late.wrote, late.result.value) == (True, "not enforced")
        assert "limit 1 s enforced, none held" in late.detail
        assert time.now == pytest.approx(60, abs=0.01)

    def test_what_cannot_be_read_is_not_taken_for_enforced(self) -> None:
        class Silent(FakeAccount):
            def enforced(self, crn: Crn) -> Enforced:
                raise QauvernError(f"no answer about {crn}")

        applied, _, _ = run(Silent(FakeAccount.holding(a=100).instances), change("a", 100, 50))
        assert results(applied) == [Result.NOT_ENFORCED]
        assert "no answer" in applied.outcomes[0].detail

    def test_what_this_run_did_not_write_is_not_looked_at(self) -> None:
        account = FakeAccount.holding(a=50, b=100)
        account.script[B] = [become.is_refused]
        run(account, change("a", 100, 50), change("b", 100, 50))
        assert account.looks == []

    def test_an_allocation_that_ibm_does_not_tell_agrees_with_any(self) -> None:
        assert Enforced(None, 60).agrees_with(100, 60)
        assert Enforced(0, None).agrees_with(None, None)
        assert not Enforced(99, 60).agrees_with(100, 60)
        assert not Enforced(None, None).agrees_with(100, 60)


class TestBackends:
    """a, b and c have an explicit list each, and IBM's support has changed which backends are in effect."""

    CHANGES = change("a", 100, 50), change("b", 100, 50), change("c", 100, 150)

    def account(self) -> FakeAccount:
        account = FakeAccount.holding(a=100, b=100, c=100)
        for each in (A, B, C):
            account.instances[each] = replace(account.instances[each], backends=("ibm_a", "ibm_b"))
            account.effective[each] = frozenset({"ibm_a"})
        return account

    def test_the_list_is_not_sent_and_it_is_said(self) -> None:
        account = self.account()
        applied, _, _ = run(account, *self.CHANGES)
        assert applied.is_complete
        assert set(account.sent_backends.values()) == {None}
        assert "ibm_a, ibm_b" in applied.outcomes[0].detail

    def test_a_list_that_is_in_effect_is_sent_whatever_its_order(self) -> None:
        account = self.account()
        account.effective[A] = frozenset({"ibm_b", "ibm_a"})
        run(account, *self.CHANGES[:1])
        assert account.sent_backends[A] == ("ibm_a", "ibm_b")

    def test_one_goes_first_and_where_its_backends_changed_the_others_are_held_back(self) -> None:
        account = self.account()
        account.script = {each: [become.wipes_the_effective_backends] for each in (A, B, C)}
        applied, _, _ = run(account, *self.CHANGES)
        assert len(account.writes) == 1
        assert sorted(results(applied)) == [Result.FAILED, Result.HELD_BACK, Result.HELD_BACK]
        failed = next(each for each in applied.outcomes if each.result is Result.FAILED)
        assert "ibm_other" in failed.detail

    @pytest.mark.parametrize("act", [become.hangs, become.cannot_be_read_back])
    def test_where_it_is_not_known_what_became_of_the_first_the_others_are_held_back(self, act: Act) -> None:
        account = self.account()
        account.script[A] = [act]
        applied, _, _ = run(account, *self.CHANGES, concurrency=1)
        assert results(applied) == [Result.UNKNOWN, Result.HELD_BACK, Result.HELD_BACK]
        assert account.writes == [A]

    def test_where_the_first_was_refused_the_next_one_goes_first(self) -> None:
        account = self.account()
        account.script[A] = [become.is_refused]
        applied, _, _ = run(account, *self.CHANGES, concurrency=1)
        assert results(applied) == [Result.FAILED, Result.DONE, Result.DONE]

    def test_an_instance_of_another_kind_is_not_held_back(self) -> None:
        account = self.account()
        account.script[A] = [become.wipes_the_effective_backends]
        account.effective[B] = frozenset({"ibm_a", "ibm_b"})
        applied, _, _ = run(account, *self.CHANGES, concurrency=1)
        assert results(applied) == [Result.FAILED, Result.DONE, Result.HELD_BACK]
