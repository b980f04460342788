"""What the sandbox answers: every request line, its kind, the IAM action that it takes, and who answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from . import _analytics, _controller, _people, _quantum
from ._live import LiveAccount
from ._wire import Call, Reply

IAM_BASE = "/iam"
RC_BASE = "/rc"
USERS_BASE = "/user-management"
QUANTUM_BASE = "/quantum/{region}/api"
OWN_BASE = "/_sandbox"
UNKNOWN = "unknown"
WRITES = ("patch", "create", "configuration")
_BASES = {"iam": IAM_BASE, "rc": RC_BASE, "users": USERS_BASE, "quantum": QUANTUM_BASE}
_RC, _QUANTUM = "resource-controller.instance", "quantum-computing"

Handler = Callable[[LiveAccount, Call], Reply]


@dataclass(frozen=True)
class Route:
    """`action` is empty where no token is looked at; `path` may hold one {placeholder}, the call's item."""

    method: str
    service: str
    path: str
    kind: str
    action: str = ""
    handler: Handler | None = None


_TABLE = (
    Route("POST", "iam", "identity/token", "token"),
    Route("GET", "rc", "v2/resource_instances", "list", f"{_RC}.retrieve", _controller.list_instances),
    Route("POST", "rc", "v2/resource_instances", "create", f"{_RC}.create", _controller.create_instance),
    Route("GET", "rc", "v2/resource_instances/{id}", "get", f"{_RC}.retrieve", _controller.get_instance),
    Route("PATCH", "rc", "v2/resource_instances/{id}", "patch", f"{_RC}.update", _controller.patch_instance),
    Route("GET", "users", "v2/accounts/{account_id}/users", "users", "user-management.user.list", _people.users),
    Route("GET", "quantum", "v1/versions", "versions", "", _quantum.versions),
    Route(
        "GET",
        "quantum",
        "v1/accounts/{account_id}",
        "account",
        f"{_QUANTUM}.account-configuration.read",
        _quantum.account,
    ),
    Route("GET", "quantum", "v1/instances/usage", "usage", f"{_QUANTUM}.instance-usage.read", _quantum.instance_usage),
    Route(
        "PUT",
        "quantum",
        "v1/instances/configuration",
        "configuration",
        f"{_QUANTUM}.instance-configuration.update",
        _quantum.set_configuration,
    ),
    *(
        Route(
            "GET",
            "quantum",
            f"v1/analytics/{report}",
            "analytics",
            f"{_QUANTUM}.account-analytics-usage.read",
            _analytics.analytics,
        )
        for report in ("usage", "usage_grouped", "usage_grouped_by_date")
    ),
    Route(
        "GET",
        "quantum",
        "v1/analytics/filters",
        "filters",
        f"{_QUANTUM}.account-analytics-filters.read",
        _analytics.filters,
    ),
    Route("GET", "quantum", "v1/backends", "backends", f"{_QUANTUM}.device.read", _quantum.backends),
    Route("GET", "quantum", "v1/workloads", "workloads", f"{_QUANTUM}.job.read", _quantum.workloads),
)
_FIXED = {(route.method, route.service, route.path): route for route in _TABLE if "{" not in route.path}
_WITH_ITEM = [(route, re.compile(re.sub(r"\{\w+\}", "([^/]+)", route.path))) for route in _TABLE if "{" in route.path]


def routes() -> list[tuple[str, str]]:
    """Every request that is answered: its method, and its path as a template, bases included."""
    return [(route.method, f"{_BASES[route.service]}/{route.path}") for route in _TABLE]


def sort_call(method: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[Call, Route | None]:
    """The call that a request line makes, and its route; kind "unknown" where no service has such a path."""
    path, _, query_text = target.partition("?")
    query = parse_qs(query_text, keep_blank_values=True)
    service, region, rest = _split(path)
    route, item = _FIXED.get((method, service, rest)), rest.rpartition("/")[2]
    if route is None:
        for candidate, pattern in _WITH_ITEM:
            matched = pattern.fullmatch(rest)
            if matched and (candidate.method, candidate.service) == (method, service):
                route, item = candidate, unquote(matched[1])
    kind = "own" if service == "own" else UNKNOWN if route is None else route.kind
    return Call(method, target, service, kind, query, headers, body, region, item), route


def _split(path: str) -> tuple[str, str, str]:
    for service, base in (("iam", IAM_BASE), ("rc", RC_BASE), ("users", USERS_BASE), ("own", OWN_BASE)):
        if path.startswith(base + "/"):
            return service, "", path[len(base) + 1 :]
    parts = path.split("/", 4)
    if len(parts) == 5 and parts[1] == "quantum" and parts[3] == "api":
        return "quantum", unquote(parts[2]), parts[4]
    return "", "", path
