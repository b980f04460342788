"""What can go wrong between qauvern and IBM Cloud: one class for each remedy.

A message says what was asked (and for which instance), the status, IBM's own words, its trace id, and what to try.
It never holds the API key or a token. The two ways a write can fail, WriteRefused and WriteOutcomeUnknown, are in
qauvern.errors, since apply acts upon them.
"""

from __future__ import annotations

from qauvern.errors import QauvernError


class CloudError(QauvernError):
    """Something between qauvern and IBM Cloud.

    `status` is the HTTP status of the last answer, None where there was none. `code` and `trace` are IBM's error code
    and trace id. `retry_after_seconds` is how long IBM asked to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        trace: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.trace = trace
        self.retry_after_seconds = retry_after_seconds


class BadEnvironment(CloudError):
    """An environment variable cannot be used: set it right. No request was made."""


class BadApiKey(CloudError):
    """There is no usable API key: give one. No request was made."""


class KeyRefused(CloudError):
    """IAM does not take the API key: make a new one."""


class NotAuthorized(CloudError):
    """The key is good, but its owner may not do this: get the role."""


class NotFound(CloudError):
    """IBM knows no such thing: correct the CRN, account id, plan or endpoint."""


class RequestRefused(CloudError):
    """IBM refused a read for a reason of its own: its message says which."""


class Unavailable(CloudError):
    """IBM's service kept failing or asked to wait for too long: try again later."""


class Unreachable(CloudError):
    """No connection could be made, or none lasted: look at the network, proxy and endpoints."""


class BadResponse(CloudError):
    """IBM's answer is not what its API promises, so nothing is concluded from it."""


class NoSuchPlan(CloudError):
    """The account has no subscription to the plan: correct account_id or plan."""


class WrongAccount(CloudError):
    """The API key is of another account than the config file: use the account's own key."""
