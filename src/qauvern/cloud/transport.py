"""Requests as they should be made: with a timeout, patience, no leaks, and failures that say what was asked.

The loop over attempts is qauvern's own, not that of urllib3's Retry (which reads Retry-After here): a body that breaks
off half-way must count as an attempt too, one 429 must slow all workers, and a write must never be repeated.
"""

from __future__ import annotations

import math
import os
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import metadata
from typing import Any, Final, Generic, NoReturn, Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies
from urllib3.exceptions import InvalidHeader

from qauvern.cloud import parsing, workers
from qauvern.cloud.credentials import Redactor
from qauvern.cloud.errors import (
    BadEnvironment,
    BadResponse,
    CloudError,
    NotAuthorized,
    NotFound,
    RequestRefused,
    Unavailable,
    Unreachable,
)
from qauvern.cloud.parsing import BadBody
from qauvern.errors import WriteOutcomeUnknown, WriteRefused

T = TypeVar("T")

TIMEOUT_VARIABLE: Final = "IBMCLOUD_HTTP_TIMEOUT"
DEFAULT_TIMEOUT_SECONDS: Final = 60.0
MAX_TIMEOUT_SECONDS: Final = 3_600.0

MAX_DOCUMENT_BYTES: Final = 64 << 20
"""The largest answer that is read whole, unpacked."""
MAX_STREAM_BYTES: Final = 4 << 30
"""The largest answer that is read row by row, unpacked."""

_MAX_ERROR_BYTES = 64 << 10
_CHUNK_BYTES = 64 << 10
_MAX_IBM_MESSAGE = 600
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})


def timeout_from_environment(environ: Mapping[str, str]) -> float:
    """Seconds that a server may stay silent: IBMCLOUD_HTTP_TIMEOUT, else 60.

    Raises:
        BadEnvironment: the variable is no number of seconds above 0 and up to 3,600.
    """
    text = environ.get(TIMEOUT_VARIABLE, "").strip()
    if not text:
        return DEFAULT_TIMEOUT_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= MAX_TIMEOUT_SECONDS:
        raise BadEnvironment(
            f"The environment variable {TIMEOUT_VARIABLE} is {text!r}, not a number of seconds above 0 and up to "
            f"{MAX_TIMEOUT_SECONDS:,.0f}. Unset it for {DEFAULT_TIMEOUT_SECONDS:.0f} seconds."
        )
    return seconds


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

    def backoff_for(self, fruitless: int) -> float:
        """How long to wait after so many tries in vain (1 or more)."""
        longest = min(self.backoff_max, self.backoff * 2.0 ** min(fruitless - 1, 32))
        return longest * (1 - self.chance() / 2)


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask. `asked` completes the sentence "Could not ...", and names the instance where there is one."""

    asked: str
    method: str
    base_url: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    form: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """The whole URL, as it goes out."""
        return f"{self.base_url}?{urlencode(self.params)}" if self.params else self.base_url


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """One attempt at a request, for whoever watches. There are no secrets in it.

    `status` is None where no answer came, and `error` says why. `attempt` counts from 1.
    """

    method: str
    url: str
    status: int | None
    error: str | None
    duration_seconds: float
    attempt: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was sent so far. `requests` counts every attempt, `retries` those that repeated an earlier one."""

    requests: int = 0
    retries: int = 0
    slowest_seconds: float = 0.0
    slowest_url: str = ""


class Tokens(Protocol):
    """Gives out access tokens."""

    def current(self) -> str:
        """A token that is still good by its own account."""

    def renew(self, refused: str) -> None:
        """Makes sure that `current` is another one than that which a service has refused."""


# --- what one attempt came to ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Success(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An answer other than 2xx."""

    status: int
    words: str
    code: str | None
    trace: str | None
    retry_after: float | None


class _Sent(Enum):
    NO = "the request was not sent"
    PERHAPS = "the request may have been carried out"


@dataclass(frozen=True, slots=True)
class _Break:
    """No answer, or not all of it."""

    words: str
    sent: _Sent
    hopeless: bool = False
    """Trying again would end the same way."""


@dataclass(frozen=True, slots=True)
class _Misfit:
    """An answer of 2xx that does not fit."""

    words: str
    trace: str | None


class _Gate:
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
    """Sends requests for any number of threads, with one keep-alive session for each."""

    def __init__(
        self,
        *,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        patience: Patience | None = None,
        observer: Callable[[RequestEvent], None] | None = None,
        redact: Redactor | None = None,
    ) -> None:
        self.redact = redact or Redactor()
        self._timeout = timeout_seconds
        self._patience = patience or Patience()
        self._gate = _Gate(self._patience)
        self._observer = observer
        self._user_agent = f"qauvern/{_version()}"
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []
        self._statistics = Statistics()

    @property
    def statistics(self) -> Statistics:
        return self._statistics

    def close(self) -> None:
        """Closes every thread's connections."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
            self._local = threading.local()

    # -- reads ---------------------------------------------------------------------------------------------------

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
        attempt, fruitless, passed = 0, 0, self._gate.passed
        renewed = False
        while True:
            self._gate.wait()
            token = tokens.current() if tokens else None
            attempt += 1
            outcome = self._exchange(request, parse, token, attempt, max_bytes)
            if isinstance(outcome, _Success):
                self._gate.succeeded()
                return outcome.value
            if isinstance(outcome, _Misfit):
                raise self._misfit(request, outcome)
            if _is_status(outcome, 401) and tokens and token and not renewed:
                tokens.renew(token)
                renewed = True
                continue
            # While others get through, a 429 is a queue and not a failure.
            queued = _is_status(outcome, 429) and self._gate.passed > passed
            fruitless, passed = 1 if queued else fruitless + 1, self._gate.passed
            self._wait_before_repeat(request, outcome, attempt, fruitless)

    def _wait_before_repeat(self, request: Request, outcome: _Refusal | _Break, attempt: int, fruitless: int) -> None:
        """Raises: CloudError: repeating does not help, or has been tried often enough."""
        if isinstance(outcome, _Break):
            if outcome.hopeless or fruitless >= self._patience.tries:
                raise self._broken(request, outcome, attempt)
            self._patience.sleep(self._patience.backoff_for(fruitless))
            return
        if outcome.status not in _TRY_AGAIN:
            raise self._refused(request, outcome)
        asked_to_wait = outcome.retry_after
        if fruitless >= self._patience.tries or (asked_to_wait or 0) > self._patience.retry_after_max:
            raise self._gave_up(request, outcome, attempt)
        delay = self._patience.backoff_for(fruitless) if asked_to_wait is None else asked_to_wait
        if outcome.status == 429 or asked_to_wait is not None:
            self._gate.hold(delay)
        else:
            self._patience.sleep(delay)

    # -- writes --------------------------------------------------------------------------------------------------

    def write(
        self,
        request: Request,
        parse: Callable[[Iterable[bytes]], T],
        *,
        tokens: Tokens,
    ) -> T:
        """Sends a write once, and once more only after a 401, which is a definite refusal.

        Raises:
            WriteRefused: it definitely was not done. `retry_after` is set after a 429 only.
            WriteOutcomeUnknown: it may have been done; read back to know.
        """
        renewed = False
        attempt = 0
        while True:
            self._gate.wait()
            try:
                token = tokens.current()
            except CloudError as error:
                raise self._write_refused(request, error) from None
            attempt += 1
            outcome = self._exchange(request, parse, token, attempt, MAX_DOCUMENT_BYTES)
            if isinstance(outcome, _Success):
                self._gate.succeeded()
                return outcome.value
            if isinstance(outcome, _Misfit):
                raise self._outcome_unknown(request, outcome)
            if _is_status(outcome, 401) and not renewed:
                try:
                    tokens.renew(token)
                except CloudError as error:
                    raise self._write_refused(request, error) from None
                renewed = True
                continue
            self._fail_write(request, outcome)

    def _fail_write(self, request: Request, outcome: _Refusal | _Break) -> NoReturn:
        if isinstance(outcome, _Break):
            if outcome.sent is _Sent.PERHAPS:
                raise self._outcome_unknown(request, outcome)
            raise WriteRefused(
                self.redact(f"Could not {request.asked}: {outcome.words}, so nothing was written. {_TRY_NETWORK}")
            )
        wait = outcome.retry_after
        if outcome.status == 429 and wait is None:
            wait = self._patience.backoff_for(1)
        if wait is not None:
            self._gate.hold(min(wait, self._patience.retry_after_max))
        if outcome.status >= 500:
            raise self._outcome_unknown(request, outcome)
        raise WriteRefused(str(self._refused(request, outcome)), retry_after=wait if outcome.status == 429 else None)

    def _write_refused(self, request: Request, cause: CloudError) -> WriteRefused:
        return WriteRefused(self.redact(f"Could not {request.asked}, and nothing was written: {cause}"))

    def _outcome_unknown(self, request: Request, outcome: _Refusal | _Break | _Misfit) -> WriteOutcomeUnknown:
        return WriteOutcomeUnknown(
            self.redact(
                f"Lost track of the request to {request.asked}: {_told(outcome)}. It may or may not have been done: "
                "look at the live values before writing again."
            )
        )

    # -- failures of reads -----------------------------------------------------------------------------------------

    def _refused(self, request: Request, refusal: _Refusal) -> CloudError:
        kind: type[CloudError] = {401: NotAuthorized, 403: NotAuthorized, 404: NotFound}.get(
            refusal.status, Unavailable if refusal.status == 429 or refusal.status >= 500 else RequestRefused
        )
        return self._about(kind, request, refusal, f"{_told(refusal)}. {_what_to_try(refusal.status)}")

    def _gave_up(self, request: Request, refusal: _Refusal, attempt: int) -> CloudError:
        text = f"gave up after {_tries(attempt)}, last answer {refusal.status}: {_told(refusal)}. "
        if refusal.retry_after is not None and refusal.retry_after > self._patience.retry_after_max:
            text += (
                f"IBM asks to wait {refusal.retry_after:,.0f} s, and qauvern waits "
                f"{self._patience.retry_after_max:,.0f} s at most: run it again after that."
            )
        else:
            text += _what_to_try(refusal.status)
        return self._about(Unavailable, request, refusal, text)

    def _about(self, kind: type[CloudError], request: Request, refusal: _Refusal, text: str) -> CloudError:
        return kind(
            self.redact(f"Could not {request.asked}: {text}"),
            status=refusal.status,
            code=refusal.code,
            trace=refusal.trace,
            retry_after_seconds=refusal.retry_after,
        )

    def _broken(self, request: Request, outcome: _Break, attempt: int) -> CloudError:
        tried = "" if outcome.hopeless else f"gave up after {_tries(attempt)}, last: "
        at = f"{request.method} {request.url}"
        return Unreachable(self.redact(f"Could not {request.asked} ({at}): {tried}{outcome.words}. {_TRY_NETWORK}"))

    def _misfit(self, request: Request, misfit: _Misfit) -> BadResponse:
        return BadResponse(
            self.redact(f"Could not {request.asked}: {_told(misfit)}. {_TRY_ENDPOINT}"), trace=misfit.trace
        )

    # -- one attempt -----------------------------------------------------------------------------------------------

    def _exchange(
        self,
        request: Request,
        parse: Callable[[Iterable[bytes]], T],
        token: str | None,
        attempt: int,
        max_bytes: int,
    ) -> _Success[T] | _Refusal | _Break | _Misfit:
        """One request and its answer. Every way it can end is a value, so that no exception drags secrets along."""
        workers.check_cancelled()
        status: int | None = None
        trace: str | None = None
        outcome: _Success[T] | _Refusal | _Break | _Misfit
        started = time.monotonic()
        try:
            with self._send(request, token) as response:
                status, trace = response.status_code, self._trace(response.headers)
                is_taken = 200 <= status < 300
                outcome = _Success(parse(_body(response, max_bytes))) if is_taken else _refusal(response, self.redact)
        except BadBody as error:
            outcome = _Misfit(f"IBM's answer cannot be used: {error}", trace)
        except requests.exceptions.ContentDecodingError:
            outcome = _Misfit("IBM's answer cannot be used: it cannot be unpacked", trace)
        except (OSError, urllib3.exceptions.HTTPError, UnicodeError) as error:
            outcome = _break(error, self._timeout)
        failure = outcome.words if isinstance(outcome, (_Break, _Misfit)) else None
        self._record(request, status, failure, time.monotonic() - started, attempt)
        return outcome

    def _trace(self, headers: Mapping[str, str]) -> str | None:
        trace = _trace_of_headers(headers)
        return trace and self.redact(trace)

    def _send(self, request: Request, token: str | None) -> requests.Response:
        url = request.url
        headers = {"User-Agent": self._user_agent, "Accept": "application/json", "Accept-Encoding": "gzip"}
        headers |= request.headers
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        # Plain http goes to this machine only, so never through a proxy, which would see the key.
        proxies = get_environ_proxies(url) if urlsplit(url).scheme == "https" else {}
        return self._session().request(
            request.method,
            url,
            headers=headers,
            data=request.form,
            json=request.json,
            timeout=self._timeout,
            allow_redirects=False,
            stream=True,
            proxies=proxies,
            verify=os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True,
        )

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            # Without the environment no netrc is read, which would replace the token. Proxies and the CA bundle are
            # passed with each request.
            session.trust_env = False
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _record(self, request: Request, status: int | None, error: str | None, seconds: float, attempt: int) -> None:
        url = self.redact(request.url)
        with self._lock:
            before = self._statistics
            slowest = seconds > before.slowest_seconds
            self._statistics = Statistics(
                before.requests + 1,
                before.retries + (attempt > 1),
                seconds if slowest else before.slowest_seconds,
                url if slowest else before.slowest_url,
            )
            if self._observer is not None:
                error = None if error is None else self.redact(error)
                self._observer(RequestEvent(request.method, url, status, error, seconds, attempt))


def _version() -> str:
    try:
        return metadata.version("qauvern")
    except metadata.PackageNotFoundError:
        return "unknown"


def _is_status(outcome: _Refusal | _Break, status: int) -> bool:
    return isinstance(outcome, _Refusal) and outcome.status == status


# --- bodies and what IBM says in them --------------------------------------------------------------------------


def _body(response: requests.Response, max_bytes: int) -> Iterator[bytes]:
    """The body, unpacked, in chunks. Raises: BadBody: it is longer than max_bytes."""
    length = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        length += len(chunk)
        if length > max_bytes:
            raise BadBody(f"it is longer than {max_bytes:,} bytes")
        yield chunk


def _refusal(response: requests.Response, redact: Redactor) -> _Refusal:
    try:
        body = parsing.document(_body(response, _MAX_ERROR_BYTES))
    except (BadBody, OSError, urllib3.exceptions.HTTPError):
        body = None  # the status tells enough
    words, code, trace = _ibm_error(body)
    trace = trace or _trace_of_headers(response.headers)
    return _Refusal(
        status=response.status_code,
        words=redact(words),  # before it is cut to length: half a secret would not be recognised
        code=code and redact(code),
        trace=trace and redact(trace),
        retry_after=_retry_after(response.headers.get("Retry-After")),
    )


def _ibm_error(body: Any) -> tuple[str, str | None, str | None]:
    """IBM's words, code and trace id, in any of the shapes that its services use."""
    if not isinstance(body, dict):
        return "", None, None
    errors = body.get("errors")
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    first = entries[0] if entries else {}
    context = body.get("context")
    words = [_line(entry.get(key)) for entry in entries[:3] for key in ("message", "solution", "more_info")]
    words += [_line(body.get(key)) for key in ("message", "errorMessage", "errorDetails")]
    code = first.get("code") or body.get("errorCode") or body.get("error_code")
    trace = body.get("trace") or body.get("transaction_id")
    if not trace and isinstance(context, dict):
        trace = context.get("requestId")
    return " ".join(dict.fromkeys(filter(None, words))), _line(code) or None, _line(trace) or None


def _trace_of_headers(headers: Mapping[str, str]) -> str | None:
    for name in ("Transaction-Id", "X-Transaction-Id", "X-Request-Id", "X-Correlation-Id"):
        if headers.get(name):
            return _line(headers[name])
    return None


def _line(value: Any) -> str:
    """A text from outside on one line, without anything that would steer a terminal."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date. What cannot be read counts as absent."""
    if value is None:
        return None
    try:
        return float(urllib3.Retry().parse_retry_after(value))
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _break(error: Exception, timeout_seconds: float) -> _Break:
    """What became of a request that got no answer, in words without any text of the library."""
    causes = list(_causes(error))

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    library = urllib3.exceptions
    if caused_by(ssl.SSLCertVerificationError):
        return _Break("the server's TLS certificate is not trusted", _Sent.NO, hopeless=True)
    if caused_by(library.ProxyError):
        return _Break("the proxy could not be used", _Sent.NO)
    if caused_by(library.NameResolutionError):
        return _Break("the host's name could not be resolved", _Sent.NO)
    if caused_by(library.ConnectTimeoutError, library.NewConnectionError):
        if caused_by(ConnectionRefusedError):
            return _Break("the connection was refused", _Sent.NO)
        return _Break("no connection could be made", _Sent.NO)
    if caused_by(library.ReadTimeoutError, requests.exceptions.ReadTimeout, TimeoutError):
        return _Break(f"no answer for {timeout_seconds:g} s", _Sent.PERHAPS)
    if caused_by(library.SSLError, requests.exceptions.SSLError, ssl.SSLError):
        return _Break("the TLS connection failed", _Sent.PERHAPS)
    if caused_by(library.ProtocolError, requests.exceptions.ConnectionError, ConnectionError):
        return _Break("the connection was cut before the answer was complete", _Sent.PERHAPS)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return _Break("the connection was cut before the answer was complete", _Sent.PERHAPS)
    if isinstance(error, OSError) and not isinstance(error, requests.exceptions.RequestException):
        return _Break("the CA bundle or the connection could not be set up", _Sent.NO, hopeless=True)
    return _Break(f"the request could not be made ({type(error).__name__})", _Sent.PERHAPS, hopeless=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and all that it wraps, in the ways of requests, urllib3 and Python."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__]
            yield cause


# --- words -----------------------------------------------------------------------------------------------------

_TRY_NETWORK = (
    "Check the network, the proxy and the endpoint variables (IBMCLOUD_..._API_ENDPOINT), and run it again; "
    f"{TIMEOUT_VARIABLE} sets how many seconds it waits."
)
_TRY_ENDPOINT = (
    "Nothing was concluded from it. Check the endpoint variables (IBMCLOUD_..._API_ENDPOINT) and any proxy; "
    "if they are right, IBM's API has changed or is at fault: report it."
)


def _told(outcome: _Refusal | _Break | _Misfit) -> str:
    """What happened, in IBM's words where there are any."""
    if not isinstance(outcome, _Refusal):
        trace = outcome.trace if isinstance(outcome, _Misfit) else None
        return outcome.words + (f" (trace {trace})" if trace else "")
    words = outcome.words.rstrip(".")
    if len(words) > _MAX_IBM_MESSAGE:
        words = words[:_MAX_IBM_MESSAGE] + "..."
    labels = [f"code {outcome.code}" if outcome.code else "", f"trace {outcome.trace}" if outcome.trace else ""]
    details = ", ".join(filter(None, labels))
    return (
        f"status {outcome.status}"
        + (f', IBM says: "{words}"' if words else ", without a message of IBM's")
        + (f" ({details})" if details else "")
    )


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"


def _what_to_try(status: int) -> str:
    if status == 401:
        return (
            "The token was refused, a fresh one too: check that the API key is not locked, and is for these endpoints "
            "(--staging?)."
        )
    if status == 403:
        return (
            "The owner of the API key lacks the role for this: ask an administrator of the account for it. "
            "Of the commands that look, `instances` works without administrator rights."
        )
    if status == 404:
        return "Check the CRN, account_id and plan in the config file, and whether --staging is right."
    if status == 429:
        return "IBM limits the rate: run it later, or with a lower --concurrency."
    if status >= 500:
        return "IBM's service is in trouble: try again later, and see https://cloud.ibm.com/status."
    if re.match("3..", str(status)):
        return "Redirects are not followed, since the token must not travel: correct the endpoint variables."
    return "Act on IBM's message; if it makes no sense, report it with the trace id."
