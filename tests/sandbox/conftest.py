"""A small client of the tests' own, and a sandbox that answers over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import pytest
import requests

from qauvern.sandbox import RunningSandbox, Sandbox

PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"
GRANT_TYPE = "urn:ibm:params:oauth:grant-type:apikey"


class Client:
    """Talks to a running sandbox without retries."""

    def __init__(self, sandbox: Sandbox, running: RunningSandbox, session: requests.Session) -> None:
        self.sandbox = sandbox
        self.running = running
        self.session = session
        session.headers.update({"IBM-API-Version": "2026-04-15", "Account-Id": sandbox.account_id})

    def token(self, key: str | None = None) -> requests.Response:
        form = {"grant_type": GRANT_TYPE, "apikey": key or self.sandbox.api_key}
        return self.session.post(f"{self.running.iam_url}/identity/token", data=form, timeout=5)

    def log_in(self, key: str | None = None) -> Client:
        self.session.headers["Authorization"] = "Bearer " + self.token(key).json()["access_token"]
        return self

    def rc(self, method: str, path: str = "", **options: Any) -> requests.Response:
        url = f"{self.running.resource_controller_url}/v2/resource_instances{path}"
        return self.session.request(method, url, timeout=5, **options)

    def list(self, **query: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        page = self.rc("GET", params=query).json()
        found += page["resources"]
        while page["next_url"]:
            url = self.running.resource_controller_url + page["next_url"]
            page = self.session.get(url, timeout=5).json()
            found += page["resources"]
        return found

    def get(self, crn: str) -> dict[str, Any]:
        return dict(self.rc("GET", "/" + quote(crn, safe="")).json())

    def patch(self, crn: str, **parameters: Any) -> requests.Response:
        return self.rc("PATCH", "/" + quote(crn, safe=""), json={"parameters": parameters})

    def quantum(self, path: str, *, region: str = "us-east", method: str = "GET", **options: Any) -> requests.Response:
        url = self.running.quantum_url.replace("{region}", region) + path
        return self.session.request(method, url, timeout=5, **options)

    def named(self, name: str) -> dict[str, Any]:
        return next(found for found in self.list() if found["name"] == name)


Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Makes a sandbox (operations end at once unless told otherwise), serves it, and logs in."""
    with ExitStack() as stack:

        def make(sandbox: Sandbox | None = None, **options: Any) -> Client:
            options.setdefault("operation_delay", 0.0)
            made = stack.enter_context(sandbox or Sandbox.create(**options))
            running = stack.enter_context(made.serve())
            session = stack.enter_context(requests.Session())
            return Client(made, running, session)

        yield make


@pytest.fixture
def client(serve: Serve) -> Client:
    """An administrator's client on the default account."""
    return serve().log_in()
