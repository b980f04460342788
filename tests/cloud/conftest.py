"""Fixtures of the client's tests: a server that does as it is told, and a time that passes at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from qauvern.cloud.attempt import RequestEvent
from qauvern.cloud.patience import Patience
from qauvern.cloud.transport import Transport
from tests.cloud.server import Server, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@dataclass
class FakeTime:
    """A clock that sleeping moves, and the list of sleeps in seconds."""

    now: float = 1_000.0
    sleeps: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self.now += seconds


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def patience(fake_time: FakeTime) -> Patience:
    """Without chance: the backoff is 0.5, 1, 2, 4, 8 seconds."""
    return Patience(clock=fake_time.clock, sleep=fake_time.sleep, chance=lambda: 0.0)


@pytest.fixture
def events() -> list[RequestEvent]:
    return []


@pytest.fixture
def transport(patience: Patience, events: list[RequestEvent]) -> Iterator[Transport]:
    made = Transport(timeout_seconds=5, patience=patience, observer=events.append)
    yield made
    made.close()


class FixedTokens:
    """Gives out token-1, and the next number after each renewal."""

    def __init__(self) -> None:
        self.number = 1

    def current(self) -> str:
        return f"token-{self.number}"

    def renew(self, refused: str) -> None:
        if refused == self.current():
            self.number += 1


@pytest.fixture
def tokens() -> FixedTokens:
    return FixedTokens()
