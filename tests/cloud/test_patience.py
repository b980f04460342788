"""What to do after an attempt that failed: a table of states, outcomes and decisions, without any request."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qauvern.cloud.attempt import Break, Failure, Misfit, Refusal, Sent
from qauvern.cloud.patience import Decision, Fail, HoldAll, Patience, RenewToken, Tried, Wait, decide

PATIENCE = Patience(tries=3, backoff=1.0, backoff_max=10.0, retry_after_max=60.0)
READ = Tried(is_write=False, may_renew=True, passed=0)
LAST_READ = replace(READ, attempts=2, fruitless=2)
WRITE = Tried(is_write=True, may_renew=True, passed=0)
CUT = Break("cut", Sent.PERHAPS)
UNTRUSTED = Break("untrusted", Sent.NO, hopeless=True)
MISFIT = Misfit("no JSON", None)


def answer(status: int, retry_after: float | None = None) -> Refusal:
    return Refusal(status, "", None, None, retry_after)


@pytest.mark.parametrize(
    ("tried", "failure", "decision"),
    [
        (READ, answer(503), Wait(1.0)),
        (replace(READ, fruitless=1), answer(503), Wait(2.0)),
        (LAST_READ, answer(503), Fail(gave_up=True)),
        (READ, answer(503, 7.0), HoldAll(7.0)),
        (READ, answer(429), HoldAll(1.0)),
        (READ, answer(429, 61.0), Fail(gave_up=True)),
        (READ, CUT, Wait(1.0)),
        (LAST_READ, CUT, Fail(gave_up=True)),
        (READ, UNTRUSTED, Fail()),
        (READ, MISFIT, Fail()),
        (READ, answer(400), Fail()),
        (READ, answer(401), RenewToken()),
        (replace(READ, may_renew=False), answer(401), Fail()),
        (WRITE, answer(401), RenewToken()),
        (replace(WRITE, may_renew=False), answer(401), Fail()),
        (WRITE, answer(503), Fail()),
        (WRITE, answer(503, 90.0), Fail(hold_all_seconds=60.0)),
        (WRITE, answer(429), Fail(hold_all_seconds=1.0, resend_after=1.0)),
        (WRITE, answer(429, 90.0), Fail(hold_all_seconds=60.0, resend_after=90.0)),
        (WRITE, CUT, Fail()),
        (WRITE, MISFIT, Fail()),
    ],
)
def test_what_follows(tried: Tried, failure: Failure, decision: Decision) -> None:
    after, decided = decide(tried, failure, PATIENCE, passed=0, chance=0.0)
    assert decided == decision
    assert after.attempts == tried.attempts + 1


def test_a_renewed_token_is_not_a_try_in_vain_and_is_renewed_once() -> None:
    after, _ = decide(LAST_READ, answer(401), PATIENCE, passed=0, chance=0.0)
    assert (after.fruitless, after.may_renew) == (LAST_READ.fruitless, False)


def test_a_429_while_others_get_through_is_a_queue_that_moves() -> None:
    after, decided = decide(LAST_READ, answer(429), PATIENCE, passed=1, chance=0.0)
    assert (decided, after.fruitless, after.passed) == (HoldAll(1.0), 1, 1)


def test_chance_takes_up_to_a_half_off() -> None:
    assert decide(READ, CUT, PATIENCE, passed=0, chance=0.5)[1] == Wait(0.75)
