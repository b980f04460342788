"""One attempt at a request: it is sent once, and every way in which that can end is a value."""

from __future__ import annotations

import math
import os
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from importlib import metadata
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.utils import get_environ_proxies
from urllib3.exceptions import InvalidHeader

from qauvern.cloud import parsing, workers
from qauvern.cloud.credentials import Redactor
from qauvern.cloud.errors import BadEnvironment
from qauvern.cloud.parsing import BadBody

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


def timeout_from_environment(environ: Mapping[str, str]) -> float:
    """Seconds that a server may stay silent: IBMCLOUD_HTTP_TIMEOUT, else 60.

    Raises:
        BadEnvironment: the variable is not a number of seconds above 0 and up to 3,600.
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
            f"{MAX_TIMEOUT_SECONDS:,.0f}.",
            variable=TIMEOUT_VARIABLE,
            example=f"{DEFAULT_TIMEOUT_SECONDS:.0f}",
        )
    return seconds


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to ask. `asked` completes the sentence "Could not ...", and names the instance where there is one.

    `action` is the IAM action that it takes, where that is known; `is_admin` says that administrators have it.
    """

    asked: str
    method: str
    base_url: str
    params: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    form: Mapping[str, str] | None = field(default=None, repr=False)
    action: str | None = None
    is_admin: bool = False

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


# --- what one attempt came to ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Success(Generic[T]):
    """An answer of 2xx, and what was made of it."""

    value: T


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than 2xx, in IBM's words. `retry_after` is how many seconds IBM asks to wait."""

    status: int
    words: str
    code: str | None
    trace: str | None
    retry_after: float | None


class Sent(Enum):
    """Whether a request got as far as IBM."""

    NO = "the request was not sent"
    PERHAPS = "the request may have been carried out"


@dataclass(frozen=True, slots=True)
class Break:
    """No answer, or not all of it."""

    words: str
    sent: Sent
    hopeless: bool = False
    """Trying again would end the same way."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """An answer of 2xx that does not fit."""

    words: str
    trace: str | None


Failure = Refusal | Break | Misfit


class Sender:
    """Sends requests for any number of threads, with one keep-alive session for each."""

    def __init__(
        self, timeout_seconds: float, observer: Callable[[RequestEvent], None] | None, redact: Redactor
    ) -> None:
        self._timeout = timeout_seconds
        self._observer = observer
        self._redact = redact
        self._user_agent = f"qauvern/{_version()}"
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []
        self.statistics = Statistics()

    def close(self) -> None:
        """Closes every thread's connections."""
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()
            self._local = threading.local()

    def attempt(
        self,
        request: Request,
        parse: Callable[[Iterable[bytes]], T],
        token: str | None,
        number: int,
        max_bytes: int,
    ) -> Success[T] | Failure:
        """One request and its answer. Every way it can end is a value, so that no exception drags secrets along.

        `number` counts the attempts at the request from 1.

        Raises:
            Cancelled: nobody wants the answer any more.
        """
        workers.check_cancelled()
        status: int | None = None
        trace: str | None = None
        outcome: Success[T] | Failure
        started = time.monotonic()
        try:
            with self._send(request, token) as response:
                status, trace = response.status_code, self._trace(response.headers)
                is_taken = 200 <= status < 300
                outcome = Success(parse(_body(response, max_bytes))) if is_taken else _refusal(response, self._redact)
        except BadBody as error:
            outcome = Misfit(f"IBM's answer cannot be used: {error}", trace)
        except requests.exceptions.ContentDecodingError:
            outcome = Misfit("IBM's answer cannot be used: it cannot be unpacked", trace)
        except (OSError, urllib3.exceptions.HTTPError, UnicodeError) as error:
            outcome = _break(error, self._timeout)
        failure = outcome.words if isinstance(outcome, (Break, Misfit)) else None
        self._record(request, status, failure, time.monotonic() - started, number)
        return outcome

    def _trace(self, headers: Mapping[str, str]) -> str | None:
        trace = _trace_of_headers(headers)
        return trace and self._redact(trace)

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
        url = self._redact(request.url)
        with self._lock:
            before = self.statistics
            slowest = seconds > before.slowest_seconds
            self.statistics = Statistics(
                before.requests + 1,
                before.retries + (attempt > 1),
                seconds if slowest else before.slowest_seconds,
                url if slowest else before.slowest_url,
            )
            if self._observer is not None:
                error = None if error is None else self._redact(error)
                self._observer(RequestEvent(request.method, url, status, error, seconds, attempt))


def _version() -> str:
    try:
        return metadata.version("qauvern")
    except metadata.PackageNotFoundError:
        return "unknown"


# --- bodies and what IBM says in them --------------------------------------------------------------------------


def _body(response: requests.Response, max_bytes: int) -> Iterator[bytes]:
    """The body, unpacked, in chunks. Raises: BadBody: it is longer than max_bytes."""
    length = 0
    for chunk in response.iter_content(_CHUNK_BYTES):
        length += len(chunk)
        if length > max_bytes:
            raise BadBody(f"it is longer than {max_bytes:,} bytes")
        yield chunk


def _refusal(response: requests.Response, redact: Redactor) -> Refusal:
    try:
        body = parsing.document(_body(response, _MAX_ERROR_BYTES))
    except (BadBody, OSError, urllib3.exceptions.HTTPError):
        body = None  # the status tells enough
    words, code, trace = _ibm_error(body)
    trace = trace or _trace_of_headers(response.headers)
    return Refusal(
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


def _break(error: Exception, timeout_seconds: float) -> Break:
    """What became of a request that got no answer, in words without any text of the library."""
    causes = list(_causes(error))

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    library = urllib3.exceptions
    if caused_by(ssl.SSLCertVerificationError):
        return Break("the server's TLS certificate is not trusted", Sent.NO, hopeless=True)
    if caused_by(library.ProxyError):
        return Break("the proxy could not be used", Sent.NO)
    if caused_by(library.NameResolutionError):
        return Break("the host's name could not be resolved", Sent.NO)
    if caused_by(library.ConnectTimeoutError, library.NewConnectionError):
        if caused_by(ConnectionRefusedError):
            return Break("the connection was refused", Sent.NO)
        return Break("no connection could be made", Sent.NO)
    if caused_by(library.ReadTimeoutError, requests.exceptions.ReadTimeout, TimeoutError):
        return Break(f"no answer for {timeout_seconds:g} s", Sent.PERHAPS)
    if caused_by(library.SSLError, requests.exceptions.SSLError, ssl.SSLError):
        return Break("the TLS connection failed", Sent.PERHAPS)
    if caused_by(library.ProtocolError, requests.exceptions.ConnectionError, ConnectionError):
        return Break("the connection was cut before the answer was complete", Sent.PERHAPS)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return Break("the connection was cut before the answer was complete", Sent.PERHAPS)
    if isinstance(error, OSError) and not isinstance(error, requests.exceptions.RequestException):
        return Break("the CA bundle or the connection could not be set up", Sent.NO, hopeless=True)
    return Break(f"the request could not be made ({type(error).__name__})", Sent.PERHAPS, hopeless=True)


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
