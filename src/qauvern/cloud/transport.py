"""The one loop that drives requests, of documents and of streams, of reads and of writes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from typing import Final, Protocol, TypeVar

from qauvern.cloud.attempt import DEFAULT_TIMEOUT_SECONDS, Request, RequestEvent, Sender, Statistics, Success
from qauvern.cloud.credentials import Redactor
from qauvern.cloud.errors import CloudError
from qauvern.cloud.failures import Failures
from qauvern.cloud.patience import Fail, HoldAll, Patience, RenewToken, Tried, Wait, decide

T = TypeVar("T")

MAX_DOCUMENT_BYTES: Final = 64 << 20
"""The largest answer that is read whole, unpacked."""
MAX_STREAM_BYTES: Final = 4 << 30
"""The largest answer that is read row by row, unpacked."""


class Tokens(Protocol):
    """Gives out access tokens."""

    def current(self) -> str:
        """A token that is still good by its own account."""

    def renew(self, refused: str) -> None:
        """Makes sure that `current` is another one than that which a service has refused."""


class Gate:
    """Holds all workers back while IBM asks to wait, and knows whether anything gets through."""

    _SPREAD = 0.1
    """Workers leave within this part of the wait (a second at most) of each other, not all at once."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._opens_at = -math.inf
        self.passed = 0
        """How many requests have succeeded."""

    def hold(self, seconds: float) -> None:
        with self._lock:
            self._opens_at = max(self._opens_at, self._patience.clock() + seconds)

    def wait(self) -> None:
        while True:
            with self._lock:
                remaining = self._opens_at - self._patience.clock()
            if remaining <= 0:
                return
            self._patience.sleep(remaining + min(1.0, remaining * self._SPREAD) * self._patience.chance())

    def succeeded(self) -> None:
        with self._lock:
            self.passed += 1


class Transport:
    """Makes requests for any number of threads: with a timeout, patience, no leaks, and failures that say what."""

    def __init__(
        self,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        patience: Patience | None = None,
        observer: Callable[[RequestEvent], None] | None = None,
        redact: Redactor | None = None,
    ) -> None:
        self.redact = redact or Redactor()
        self._patience = patience or Patience()
        self._gate = Gate(self._patience)
        self._sender = Sender(timeout_seconds, observer, self.redact)
        self._failures = Failures(self.redact, self._patience)

    @property
    def statistics(self) -> Statistics:
        return self._sender.statistics

    def close(self) -> None:
        """Closes every thread's connections."""
        self._sender.close()

    def read(
        self,
        request: Request,
        parse: Callable[[Iterable[bytes]], T],
        *,
        tokens: Tokens | None = None,
        max_bytes: int = MAX_DOCUMENT_BYTES,
    ) -> T:
        """Asks, again where that may help, and returns what `parse` makes of the body of a 2xx answer.

        `parse` is called afresh with each answer, gets the body in chunks, and raises BadBody where it does not fit.

        Raises:
            NotAuthorized, NotFound, RequestRefused: IBM refused it.
            Unavailable, Unreachable: IBM failed, or could not be reached, on every try.
            BadResponse: the answer does not fit.
        """
        return self._drive(request, parse, tokens, max_bytes, is_write=False)

    def write(self, request: Request, parse: Callable[[Iterable[bytes]], T], *, tokens: Tokens) -> T:
        """Sends a write once, and once more only after a 401, which is a definite refusal.

        Raises:
            WriteRefused: it definitely was not done. `retry_after` is set after a 429 only.
            WriteOutcomeUnknown: it may have been done; read back to know.
        """
        return self._drive(request, parse, tokens, MAX_DOCUMENT_BYTES, is_write=True)

    def _drive(
        self,
        request: Request,
        parse: Callable[[Iterable[bytes]], T],
        tokens: Tokens | None,
        max_bytes: int,
        *,
        is_write: bool,
    ) -> T:
        tried = Tried(is_write, may_renew=tokens is not None, passed=self._gate.passed)
        refused: str | None = None
        while True:
            self._gate.wait()
            token = self._token(request, tokens, refused, is_write=is_write)
            outcome = self._sender.attempt(request, parse, token, tried.attempts + 1, max_bytes)
            if isinstance(outcome, Success):
                self._gate.succeeded()
                return outcome.value
            tried, decision = decide(
                tried, outcome, self._patience, passed=self._gate.passed, chance=self._patience.chance()
            )
            refused = token if isinstance(decision, RenewToken) else None
            if isinstance(decision, Wait):
                self._patience.sleep(decision.seconds)
            elif isinstance(decision, HoldAll):
                self._gate.hold(decision.seconds)
            elif isinstance(decision, Fail):
                if decision.hold_all_seconds is not None:
                    self._gate.hold(decision.hold_all_seconds)
                if is_write:
                    raise self._failures.of_write(request, outcome, decision)
                raise self._failures.of_read(request, outcome, decision, tried.attempts)

    def _token(self, request: Request, tokens: Tokens | None, refused: str | None, *, is_write: bool) -> str | None:
        """The token to send, another one than that which was refused."""
        if tokens is None:
            return None
        try:
            if refused is not None:
                tokens.renew(refused)
            return tokens.current()
        except CloudError as error:
            if not is_write:
                raise
            raise self._failures.of_write_without_token(request, error) from None
