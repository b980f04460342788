"""What to do after an attempt that failed: a pure function of what was tried so far and of how it ended.

The loop over attempts is qauvern's own, not that of urllib3's Retry: a body that breaks off half-way must count as an
attempt too, one 429 must slow all workers, and a write must never be repeated.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from qauvern.cloud import workers
from qauvern.cloud.attempt import Break, Failure, Misfit, Refusal

TRY_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How often, and how long, to try again. All in seconds.

    A request is tried `tries` times; before the n-th repeat it waits `backoff * 2**(n-1)`, at most `backoff_max`, less
    up to a half by chance. Where IBM says how long to wait that counts, unless it is above `retry_after_max`.
    """

    tries: int = 6
    backoff: float = 0.5
    backoff_max: float = 30.0
    retry_after_max: float = 120.0
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = workers.pause
    chance: Callable[[], float] = random.random

    def backoff_for(self, fruitless: int, chance: float) -> float:
        """How long to wait after so many tries in vain (1 or more); `chance` in [0, 1) takes up to a half off."""
        longest = min(self.backoff_max, self.backoff * 2.0 ** min(fruitless - 1, 32))
        return longest * (1 - chance / 2)


@dataclass(frozen=True, slots=True)
class Tried:
    """How far a request has come.

    `fruitless` counts the attempts since the queue last moved, `passed` the requests of all workers that had succeeded
    when this one was last tried. `may_renew`: a token that is refused may be replaced, once.
    """

    is_write: bool
    may_renew: bool
    passed: int
    attempts: int = 0
    fruitless: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again after so many seconds; others need not wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class HoldAll:
    """Ask again after so many seconds, in which no worker asks anything."""

    seconds: float


@dataclass(frozen=True, slots=True)
class RenewToken:
    """Ask again with another token."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Do not ask again.

    `gave_up`: it was tried often enough, or IBM asks to wait for too long. `hold_all_seconds`: how long no worker
    should ask anything all the same. `resend_after`: seconds after which a write that was refused may be sent again.
    """

    gave_up: bool = False
    hold_all_seconds: float | None = None
    resend_after: float | None = None


Decision = Wait | HoldAll | RenewToken | Fail


def decide(tried: Tried, failure: Failure, patience: Patience, *, passed: int, chance: float) -> tuple[Tried, Decision]:
    """What to do after an attempt that failed, and how far the request has come with it.

    Args:
        tried: how far it had come before the attempt.
        passed: how many requests of all workers have succeeded by now.
        chance: in [0, 1), for the jitter.
    """
    tried = replace(tried, attempts=tried.attempts + 1)
    if tried.may_renew and _status(failure) == 401:
        return replace(tried, may_renew=False), RenewToken()
    if tried.is_write:
        return tried, _after_write(failure, patience, chance)
    # While others get through, a 429 is a queue and not a failure.
    queued = _status(failure) == 429 and passed > tried.passed
    tried = replace(tried, fruitless=1 if queued else tried.fruitless + 1, passed=passed)
    return tried, _after_read(tried, failure, patience, chance)


def _after_read(tried: Tried, failure: Failure, patience: Patience, chance: float) -> Decision:
    if isinstance(failure, Misfit):
        return Fail()
    is_last = tried.fruitless >= patience.tries
    backoff = patience.backoff_for(tried.fruitless, chance)
    if isinstance(failure, Break):
        return Fail(gave_up=not failure.hopeless) if failure.hopeless or is_last else Wait(backoff)
    if failure.status not in TRY_AGAIN:
        return Fail()
    asked_to_wait = failure.retry_after
    if is_last or (asked_to_wait or 0) > patience.retry_after_max:
        return Fail(gave_up=True)
    if asked_to_wait is not None:
        return HoldAll(asked_to_wait)
    return HoldAll(backoff) if failure.status == 429 else Wait(backoff)


def _after_write(failure: Failure, patience: Patience, chance: float) -> Fail:
    """A write is sent once: whoever sent it reads back before it is sent again."""
    if not isinstance(failure, Refusal):
        return Fail()
    is_limited = failure.status == 429
    wait = failure.retry_after
    if wait is None and is_limited:
        wait = patience.backoff_for(1, chance)
    return Fail(
        hold_all_seconds=None if wait is None else min(wait, patience.retry_after_max),
        resend_after=wait if is_limited else None,
    )


def _status(failure: Failure) -> int | None:
    return failure.status if isinstance(failure, Refusal) else None
