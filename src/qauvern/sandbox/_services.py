"""Dispatch: has each request answered by the service it is for, lets the faults have their way, and records it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from threading import Event as Signal
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from . import _quantum
from ._faults import Effect, Faults, Verdict
from ._live import LiveAccount
from ._model import RequestRecord
from ._routes import OWN_BASE, WRITES, Route, sort_call
from ._tokens import Tokens, require
from ._wire import Call, Cut, Refusal, Reply

_HTML = "<!DOCTYPE html><html><body><h1>We'll be right back</h1></body></html>"

Interceptor = Callable[[Call, Callable[[], Reply]], Reply]
"""Is given a call and what carries it out; returns the answer, or raises Cut."""


class Services:
    """The services in front of one account. `own` holds what the sandbox says about itself, by name."""

    def __init__(
        self,
        live: LiveAccount,
        tokens: Tokens,
        faults: Faults,
        *,
        latency: float,
        save: Callable[[], None],
        own: Mapping[str, Callable[[], Any]],
    ) -> None:
        self.faults = faults
        self.interceptors: list[Interceptor] = []
        self.stopping = Signal()
        self._live = live
        self._tokens = tokens
        self._latency = latency
        self._save = save
        self._own = own
        self._requests: list[RequestRecord] = []
        self._requests_lock = Lock()

    @property
    def requests(self) -> list[RequestRecord]:
        with self._requests_lock:
            return list(self._requests)

    def clear_requests(self) -> None:
        with self._requests_lock:
            self._requests.clear()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What the server sends back; raises Cut where the connection is to end without an answer."""
        call, route = sort_call(method, target, headers, body)
        if call.kind == "own":
            return self._about_itself(call)
        verdict = self.faults.judge(call.kind, self._concerned(call))
        delay = self._latency + verdict.delay_seconds
        if delay:
            self.stopping.wait(delay)
        carry_out: Callable[[], Reply] = partial(self._perform, call, route, verdict.effect)
        for interceptor in self.interceptors:
            carry_out = partial(interceptor, call, carry_out)
        try:
            reply = carry_out()
        except Cut:
            self._record(call, 0, verdict)
            raise
        self._record(call, reply.status, verdict)
        return reply

    def _perform(self, call: Call, route: Route | None, effect: Effect | None) -> Reply:
        if effect is None:
            return self._carried_out(call, route)
        if not effect.carried_out:
            return _instead(call, effect)
        reply = self._carried_out(replace(call, effect=effect.kind), route)
        if effect.kind == "cut-after":
            raise Cut
        if effect.kind == "status":
            return _instead(call, effect)
        if effect.kind == "truncated":
            whole = reply.body().decode()
            headers = {"Content-Type": "application/json", **reply.headers}
            return Reply(reply.status, headers=headers, text=whole[: len(whole) // 2])
        return reply

    def _carried_out(self, call: Call, route: Route | None) -> Reply:
        try:
            reply = self._routed(call, route)
        except Refusal as refusal:
            reply = refusal.reply(call.service)
        self._save()
        return reply

    def _routed(self, call: Call, route: Route | None) -> Reply:
        if route is None:
            raise Refusal(404, "not_found", f"There is nothing at {call.method} {call.path}.")
        if route.handler is None:
            return self._tokens.exchange(parse_qs(call.body.decode("utf-8", "replace")))
        if not route.action:
            _quantum.check_region(call)
            return route.handler(self._live, call)
        role = self._tokens.role(call.header("Authorization"))
        if call.service == "quantum":
            _quantum.check_headers(call)
        require(route.action, role, self._live.conditions.denied_actions)
        with self._live.lock:
            self._live.settle()
            return route.handler(self._live, call)

    def _concerned(self, call: Call) -> set[str]:
        """Every way to name the instances that a call is about: CRN, GUID and name."""
        identifiers = [call.item] if call.kind in ("get", "patch") else call.query.get("instance", [])
        if crn := call.header("Service-CRN"):
            identifiers = [*identifiers, crn]
        names = set(identifiers)
        for identifier in identifiers:
            if instance := self._live.find(identifier):
                names |= {instance.crn, instance.guid, instance.name}
        if call.kind == "create":
            with suppress(Refusal):
                names.add(str(call.json().get("name")))
        return names

    def _record(self, call: Call, status: int, verdict: Verdict) -> None:
        body: Any = None
        if call.kind in WRITES:
            try:
                body = dict(call.json())
            except Refusal:
                body = call.body.decode("utf-8", "replace")
        record = RequestRecord(call.method, call.path, call.kind, self._live.now(), status, verdict.text, body)
        with self._requests_lock:
            self._requests.append(record)

    def _about_itself(self, call: Call) -> Reply:
        """What the sandbox says about itself, without authentication."""
        name = call.path.partition("?")[0].removeprefix(OWN_BASE + "/")
        if call.method != "GET" or name not in self._own:
            return Reply(404, {"message": f"GET {OWN_BASE}/ and one of {', '.join(self._own)}"})
        return Reply(200, self._own[name]())


def _instead(call: Call, effect: Effect) -> Reply:
    """What a fault answers in place of the service."""
    if effect.kind == "refuse":
        raise Cut(hard=True)
    if effect.kind == "cut-before":
        raise Cut
    if effect.kind == "html":
        return Reply(200, headers={"Content-Type": "text/html"}, text=_HTML)
    message = "Too many requests." if effect.status == 429 else f"The sandbox was told to answer {effect.status}."
    return Refusal(effect.status, "injected_fault", message, effect.retry_after_seconds).reply(call.service)
