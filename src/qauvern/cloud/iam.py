"""Access tokens from IAM: one for all workers, renewed before it expires and when a service refuses it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from typing import Final

from qauvern.cloud import parsing, workers
from qauvern.cloud.attempt import Request
from qauvern.cloud.credentials import ApiKey
from qauvern.cloud.errors import CloudError, KeyRefused, NotAuthorized, RequestRefused
from qauvern.cloud.parsing import BadBody
from qauvern.cloud.transport import Transport

GRANT_TYPE: Final = "urn:ibm:params:oauth:grant-type:apikey"
MAX_LIFE_SECONDS: Final = 3_600
KEY_NOT_FOUND: Final = "BXNIM0415E"

_KEY_STATUSES = (400, 401, 403)
_USED_LIFE = 0.8
"""A token is renewed after this part of its life."""


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    good_until: float


class TokenSource:
    """Gives out IAM access tokens for an API key. Any number of threads may ask."""

    def __init__(
        self, transport: Transport, iam_url: str, api_key: ApiKey, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport = transport
        self._url = f"{iam_url}/identity/token"
        self._key = api_key
        self._clock = clock
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._asked = 0
        self._refusal: KeyRefused | None = None
        self._refused_batch: object | None = None
        transport.redact.add(api_key.reveal())

    def current(self) -> str:
        """A token that is in the first 80% of its life.

        Raises:
            KeyRefused: IAM does not take the key.
            CloudError: IAM failed or could not be reached.
        """
        asked_before = self._asked
        with self._lock:
            if self._token is None or self._clock() >= self._token.good_until:
                self._token = self._ask(asked_before)
            return self._token.value

    def renew(self, refused: str) -> None:
        """Asks for a new token, unless another thread has already replaced the refused one.

        Raises:
            As `current`.
        """
        asked_before = self._asked
        with self._lock:
            if self._token is not None and self._token.value == refused:
                self._token = None
                self._token = self._ask(asked_before)

    def _ask(self, asked_before: int) -> _Token:
        """A new token. A refusal serves all who waited for it, and its batch; who comes later asks again."""
        batch = workers.batch_at_hand()
        if self._refusal is not None and (
            self._asked > asked_before or (batch is not None and batch is self._refused_batch)
        ):
            raise copy(self._refusal)
        request = Request(
            asked="get an access token for the API key",
            method="POST",
            base_url=self._url,
            form={"grant_type": GRANT_TYPE, "apikey": self._key.reveal()},
        )
        asked_at = self._clock()
        try:
            value, life = self._transport.read(request, _parse)
        except (RequestRefused, NotAuthorized) as error:
            if error.status not in _KEY_STATUSES:
                raise
            self._refusal, self._refused_batch = self._key_refused(error), batch
            raise copy(self._refusal) from None
        finally:
            self._asked += 1
        self._refusal = None
        self._transport.redact.add(value)
        return _Token(value, asked_at + life * _USED_LIFE)

    def _key_refused(self, error: CloudError) -> KeyRefused:
        if error.code == KEY_NOT_FOUND:
            trace = f", trace {error.trace}" if error.trace else ""
            text = (
                f"IBM Cloud does not know the API key from {self._key.source} (status {error.status}, code "
                f"{error.code}{trace}): it was deleted, mistyped, or is for other endpoints."
            )
        else:
            text = f"IBM Cloud does not take the API key from {self._key.source}. {error}"
        return KeyRefused(text, status=error.status, code=error.code, trace=error.trace)


def _parse(chunks: Iterable[bytes]) -> tuple[str, float]:
    """The token and its life in seconds."""
    answer = parsing.an_object(parsing.document(chunks), "it")
    value = answer.get("access_token")
    if not isinstance(value, str) or not re.fullmatch(r"[!-~]+", value):
        raise BadBody("it holds no token that could be sent")
    life = parsing.a_figure(answer.get("expires_in"), "expires_in")
    if life == 0:
        raise BadBody("expires_in is 0")
    return value, float(min(life, MAX_LIFE_SECONDS))
