"""Requests, replies and IBM's shapes of error, apart from any socket."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4


@dataclass(frozen=True)
class Call:
    """One request, sorted: the service it is for, its kind (a fault's target) and the region and item it names.

    The `item` of an analytics call is which of the reports is asked for; of others, what the path names, decoded.
    `effect` is the kind of the fault that befalls it, where it is carried out all the same.
    """

    method: str
    path: str
    service: str
    kind: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""
    region: str = ""
    item: str = ""
    effect: str = ""

    def one(self, name: str) -> str | None:
        values = self.query.get(name)
        return values[-1] if values else None

    def limit(self, most: int, otherwise: int) -> int:
        """How many rows a page is to have; a Refusal with status 400 beyond 1 to `most`."""
        text = self.one("limit") or str(otherwise)
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise Refusal(400, "bad_request", f"limit must be a number from 1 to {most}.")
        return int(text)

    def position(self, name: str) -> int | None:
        """Where a page begins, from what `opaque` made; a Refusal with status 400 where it is something else."""
        text = self.one(name)
        if text is None:
            return None
        try:
            prefix, _, position = base64.urlsafe_b64decode(text.encode()).decode().partition(":")
            if prefix == "g1A" and position.isascii() and position.isdecimal():
                return int(position)
        except ValueError:
            pass
        raise Refusal(400, "bad_request", f"{name} is not a page of this list.")

    def header(self, name: str) -> str | None:
        return self.headers.get(name)

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object; a Refusal with status 400 where it is none."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise Refusal(400, "bad_request", "The body of the request is not a JSON object.")
        return document


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON document, or raw text of another type."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None

    def body(self) -> bytes:
        if self.text is not None:
            return self.text.encode()
        return b"" if self.status == 204 else json.dumps(self.document, separators=(",", ":")).encode()


class Cut(Exception):
    """The connection ends without an answer; `hard` resets it instead of closing it."""

    def __init__(self, *, hard: bool = False) -> None:
        super().__init__("cut")
        self.hard = hard


def opaque(position: int) -> str:
    """A position in a list as IBM hands it out: nothing to be made sense of."""
    return base64.urlsafe_b64encode(f"g1A:{position}".encode()).decode()


def moment(call: Call, name: str) -> datetime | None:
    """The time that a query parameter gives, in UTC; a Refusal with status 400 where it cannot be read."""
    text = call.one(name)
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
        return (read.replace(tzinfo=timezone.utc) if read.tzinfo is None else read).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise Refusal(400, "bad_interval", f"{name} must be an ISO 8601 time in UTC, not {text!r}.") from None


class Refusal(Exception):
    """A request that is answered with an error; the service it was for decides the shape of the body."""

    def __init__(self, status: int, code: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after

    def reply(self, service: str) -> Reply:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return Reply(self.status, self._document(service), headers)

    def _document(self, service: str) -> dict[str, Any]:
        trace = uuid4().hex
        if service == "users":
            return {
                "errors": [{"code": self.code, "message": self.message}],
                "trace": trace,
                "status_code": self.status,
            }
        if service == "iam":
            return {"errorCode": self.code, "errorMessage": self.message, "context": {"requestId": trace}}
        if service == "rc" and self.code.startswith("RC-"):
            return {"errors": [{"code": self.code, "message": self.message}]}
        if service == "rc":
            return {"message": self.message, "status_code": self.status, "transaction_id": trace}
        error = {
            "code": self.status,
            "message": self.message,
            "solution": "Check the request and try again.",
            "more_info": f"https://cloud.ibm.com/apidocs/quantum-computing#{self.code}",
        }
        return {"trace": trace, "errors": [error]}
