"""What can go wrong between qauvern and IBM Cloud: one class for each kind of cause.

A message says what was asked (and for which instance), the status, IBM's own words and its trace id; what to do about
it is the `remedy`. It never holds the API key or a token. The two ways a write can fail, WriteRefused and
WriteOutcomeUnknown, are in qauvern.errors, since apply acts upon them.
"""

from __future__ import annotations

from qauvern.errors import QauvernError, Remedy


class CloudError(QauvernError):
    """Something between qauvern and IBM Cloud.

    `status` is the HTTP status of the last answer, None where there was none. `code` and `trace` are IBM's error code
    and trace id. `retry_after_seconds` is how long IBM asked to wait. Those that are known are among the `facts` too.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        trace: str | None = None,
        retry_after_seconds: float | None = None,
        remedy: Remedy | None = None,
        **facts: object,
    ) -> None:
        answer = {"status": status, "code": code, "trace": trace, "retry_after_seconds": retry_after_seconds}
        known = {name: value for name, value in answer.items() if value is not None}
        super().__init__(message, remedy=remedy, **known, **facts)
        self.status = status
        self.code = code
        self.trace = trace
        self.retry_after_seconds = retry_after_seconds


class BadEnvironment(CloudError):
    """An environment variable cannot be used. No request was made. Facts: `variable`, `example`."""

    remedy = Remedy.SET_VARIABLE


class BadApiKey(CloudError):
    """There is no usable API key. No request was made."""

    remedy = Remedy.MAKE_API_KEY


class KeyRefused(CloudError):
    """IAM does not take the API key."""

    remedy = Remedy.MAKE_API_KEY


class NotAuthorized(CloudError):
    """The key is good, but its owner may not do this. Fact: `action`, the IAM action that is missing, if known."""

    remedy = Remedy.ASK_FOR_ACCESS


class NotFound(CloudError):
    """IBM knows no such thing."""

    remedy = Remedy.CHECK_IDS


class RequestRefused(CloudError):
    """IBM refused a read for a reason of its own: its message says which."""

    remedy = Remedy.HEED_IBM


class Unavailable(CloudError):
    """IBM's service kept failing or asked to wait for too long."""

    remedy = Remedy.TRY_LATER


class Unreachable(CloudError):
    """No connection could be made, or none lasted."""

    remedy = Remedy.CHECK_NETWORK


class BadResponse(CloudError):
    """IBM's answer is not what its API promises, so nothing is concluded from it."""

    remedy = Remedy.CHECK_ENDPOINTS


class NoSuchPlan(CloudError):
    """The account has no subscription to the plan."""

    remedy = Remedy.CHECK_IDS


class WrongAccount(CloudError):
    """The API key is of another account than the config file."""

    remedy = Remedy.USE_KEY_OF_ACCOUNT
