"""IAM's tokens: handed out against an API key, signed, and good for a while."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import secrets
import time
from threading import Lock
from typing import Any

from ._wire import Refusal, Reply

ADMINISTRATOR = "administrator"
MEMBER = "member"
_MEMBERS_MAY = frozenset(
    {
        "resource-controller.instance.retrieve",
        "quantum-computing.instance-usage.read",
        "quantum-computing.device.read",
        "quantum-computing.job.read",
    }
)
_GRANT_TYPE = "urn:ibm:params:oauth:grant-type:apikey"


class Tokens:
    """Which key may what, and which tokens are still good. Lifetimes in seconds, at most 3600."""

    def __init__(self, roles_by_key: dict[str, str], account_id: str, lifetime: float) -> None:
        self._roles_by_key = roles_by_key
        self._account_id = account_id
        self._lifetime = min(lifetime, 3600)
        self._secret = secrets.token_bytes(32)
        self._lock = Lock()
        self._live: dict[str, tuple[float, str]] = {}

    def add_key(self, key: str, role: str) -> None:
        self._roles_by_key[key] = role

    def exchange(self, form: dict[str, list[str]]) -> Reply:
        if form.get("grant_type") != [_GRANT_TYPE]:
            raise Refusal(400, "BXNIM0128E", "The grant_type of the request is not supported.")
        role = self._roles_by_key.get(form.get("apikey", [""])[-1])
        if role is None:
            raise Refusal(400, "BXNIM0415E", "Provided API key could not be found.")
        issued = time.time()
        token = self._signed({"iat": int(issued), "exp": math.ceil(issued + self._lifetime), "role": role})
        with self._lock:
            self._live[token] = (time.monotonic() + self._lifetime, role)
        return Reply(
            200,
            {
                "access_token": token,
                "refresh_token": "not_supported",
                "token_type": "Bearer",
                "expires_in": math.ceil(self._lifetime),
                "expiration": math.ceil(issued + self._lifetime),
                "scope": "ibm openid",
            },
        )

    def role(self, authorization: str | None) -> str:
        """The role of a bearer token; a Refusal with status 401 where it is missing, unknown or expired."""
        scheme, _, token = (authorization or "").partition(" ")
        with self._lock:
            expires, role = self._live.get(token, (0.0, ""))
        if scheme.lower() != "bearer" or not role:
            raise Refusal(401, "unauthorized", "The token of the request is missing or not valid.")
        if time.monotonic() >= expires:
            raise Refusal(401, "unauthorized", "The token of the request has expired.")
        return role

    def revoke(self) -> None:
        """Make every token that is out worthless, as if it had expired."""
        with self._lock:
            self._live.clear()

    def _signed(self, claims: dict[str, Any]) -> str:
        claims |= {"iss": "https://iam.cloud.ibm.com/identity", "jti": secrets.token_hex(8)}
        claims |= {"account": {"bss": self._account_id, "valid": True}, "sub": claims["role"]}
        parts = [{"alg": "HS256", "typ": "JWT"}, claims]
        text = b".".join(_base64(json.dumps(part).encode()) for part in parts)
        return (text + b"." + _base64(hmac.new(self._secret, text, hashlib.sha256).digest())).decode()


def require(action: str, role: str, denied: frozenset[str]) -> None:
    """A Refusal with status 403 that names the IAM action, where the role lacks it or it was denied to everybody."""
    if action in denied or (role != ADMINISTRATOR and action not in _MEMBERS_MAY):
        code = "RC-Forbidden" if action.startswith("resource-controller.") else "forbidden"
        raise Refusal(403, code, f"You are not authorized to perform this action: {action} is required.")


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
