"""Failures as facts: what a request that failed for good was about, how it ended, and which remedy there is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from qauvern.cloud.attempt import Break, Failure, Misfit, Refusal, Request, Sent
from qauvern.cloud.credentials import Redactor
from qauvern.cloud.errors import (
    BadResponse,
    CloudError,
    NotAuthorized,
    NotFound,
    RequestRefused,
    Unavailable,
    Unreachable,
)
from qauvern.cloud.patience import Fail, Patience
from qauvern.errors import Remedy, WriteOutcomeUnknown, WriteRefused

_MAX_IBM_MESSAGE: Final = 600
_ACTION: Final = re.compile(r"\b(?:[a-z][a-z0-9-]*\.){1,3}(?:read|list|retrieve|create|update|write|delete|manage)\b")
"""An IAM action in IBM's words, such as quantum-computing.account-configuration.read."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Makes the error of a request that is not tried again. Secrets are taken out of what it says."""

    redact: Redactor
    patience: Patience

    def of_read(self, request: Request, failure: Failure, fail: Fail, attempts: int) -> CloudError:
        """The error of a read, which was tried so many times."""
        could_not = f"Could not {request.asked}"
        tried = f"gave up after {_tries(attempts)}, last" if fail.gave_up else ""
        if isinstance(failure, Misfit):
            return BadResponse(self.redact(f"{could_not}: {_told(failure)}."), asked=request.asked, trace=failure.trace)
        if isinstance(failure, Break):
            at = f"{request.method} {request.url}"
            told = f"{tried}: {failure.words}" if tried else failure.words
            return Unreachable(self.redact(f"{could_not} ({at}): {told}."), asked=request.asked)
        told = f"{tried} answer {failure.status}: {_told(failure)}" if tried else _told(failure)
        return self._refused(request, failure, f"{could_not}: {told}.", fail)

    def of_write(self, request: Request, failure: Failure, fail: Fail) -> WriteRefused | WriteOutcomeUnknown:
        """The error of a write."""
        if isinstance(failure, Misfit) or (isinstance(failure, Break) and failure.sent is Sent.PERHAPS):
            return self._outcome_unknown(request, failure)
        if isinstance(failure, Break):
            text = f"Could not {request.asked}: {failure.words}, so nothing was written."
            return WriteRefused(self.redact(text), remedy=Remedy.CHECK_NETWORK, asked=request.asked)
        if failure.status >= 500:
            return self._outcome_unknown(request, failure)
        refused = self._refused(request, failure, f"Could not {request.asked}: {_told(failure)}.", fail)
        return _as_write(refused, str(refused), fail.resend_after)

    def of_write_without_token(self, request: Request, cause: CloudError) -> WriteRefused:
        """The error of a write that was not sent, since there was no token for it."""
        text = f"Could not {request.asked}, and nothing was written: {cause}"
        return _as_write(cause, self.redact(text))

    def _outcome_unknown(self, request: Request, failure: Failure) -> WriteOutcomeUnknown:
        text = f"Lost track of the request to {request.asked}: {_told(failure)}. It may or may not have been done."
        return WriteOutcomeUnknown(self.redact(text), remedy=Remedy.READ_BACK, asked=request.asked)

    def _refused(self, request: Request, refusal: Refusal, text: str, fail: Fail) -> CloudError:
        kind, remedy = _kind(refusal.status)
        facts: dict[str, object] = {"asked": request.asked}
        if refusal.status == 403:
            named = _ACTION.search(refusal.words)
            action = named[0] if named else request.action
            facts["action"] = action
            facts["access"] = "access to it" if action is None else f"the IAM action {action}"
            remedy = Remedy.ASK_FOR_ADMINISTRATOR if request.is_admin else Remedy.ASK_FOR_ACCESS
        wait = refusal.retry_after
        if fail.gave_up and wait is not None and wait > self.patience.retry_after_max:
            text += (
                f" IBM asks to wait {wait:,.0f} s, and qauvern waits {self.patience.retry_after_max:,.0f} s at most."
            )
            remedy = Remedy.WAIT
        return kind(
            self.redact(text),
            status=refusal.status,
            code=refusal.code,
            trace=refusal.trace,
            retry_after_seconds=wait,
            remedy=remedy,
            **facts,
        )


def _as_write(cause: CloudError, text: str, retry_after: float | None = None) -> WriteRefused:
    refused = WriteRefused(text, retry_after=retry_after, remedy=cause.remedy)
    refused.facts = cause.facts
    return refused


def _kind(status: int) -> tuple[type[CloudError], Remedy]:
    if status in (401, 403):
        return NotAuthorized, Remedy.CHECK_API_KEY
    if status == 404:
        return NotFound, Remedy.CHECK_IDS
    if status == 429:
        return Unavailable, Remedy.SLOW_DOWN
    if status >= 500:
        return Unavailable, Remedy.TRY_LATER
    if 300 <= status < 400:
        # Redirects are not followed, since the token must not travel.
        return RequestRefused, Remedy.CORRECT_ENDPOINT
    return RequestRefused, Remedy.HEED_IBM


def _told(failure: Failure) -> str:
    """What happened, in IBM's words where there are any."""
    if not isinstance(failure, Refusal):
        trace = failure.trace if isinstance(failure, Misfit) else None
        return failure.words + (f" (trace {trace})" if trace else "")
    words = failure.words.rstrip(".")
    if len(words) > _MAX_IBM_MESSAGE:
        words = words[:_MAX_IBM_MESSAGE] + "..."
    labels = [f"code {failure.code}" if failure.code else "", f"trace {failure.trace}" if failure.trace else ""]
    details = ", ".join(filter(None, labels))
    return (
        f"status {failure.status}"
        + (f', IBM says: "{words}"' if words else ", without a message of IBM's")
        + (f" ({details})" if details else "")
    )


def _tries(count: int) -> str:
    return "1 try" if count == 1 else f"{count} tries"
