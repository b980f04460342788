"""Sorts a request line: which service, which kind of request, which region, which item."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, unquote

from ._wire import Call

IAM_BASE = "/iam"
RC_BASE = "/rc"
QUANTUM_BASE = "/quantum/{region}/api"
OWN_BASE = "/_sandbox"
UNKNOWN = "unknown"

_FIXED = {
    ("POST", "iam", "identity/token"): "token",
    ("GET", "rc", "v2/resource_instances"): "list",
    ("POST", "rc", "v2/resource_instances"): "create",
    ("GET", "quantum", "v1/instances/usage"): "usage",
    ("PUT", "quantum", "v1/instances/configuration"): "configuration",
    ("GET", "quantum", "v1/analytics/usage"): "analytics",
    ("GET", "quantum", "v1/analytics/usage_grouped"): "analytics",
    ("GET", "quantum", "v1/analytics/usage_grouped_by_date"): "analytics",
    ("GET", "quantum", "v1/backends"): "backends",
    ("GET", "quantum", "v1/workloads"): "workloads",
}
_WITH_ITEM = {
    ("GET", "rc", "v2/resource_instances"): "get",
    ("PATCH", "rc", "v2/resource_instances"): "patch",
    ("GET", "quantum", "v1/accounts"): "account",
}


def sort_call(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call that a request line makes; kind "unknown" where no service has such a path.

    The `item` of an analytics call is which of the three reports is asked for; of others, the decoded last segment.
    """
    path, _, query_text = target.partition("?")
    query = parse_qs(query_text, keep_blank_values=True)
    service, region, rest = _split(path)
    kind, item = _FIXED.get((method, service, rest), UNKNOWN), ""
    if kind == "analytics":
        item = rest.rpartition("/")[2]
    elif kind == UNKNOWN:
        parent, _, last = rest.rpartition("/")
        kind, item = _WITH_ITEM.get((method, service, parent), UNKNOWN), unquote(last)
    if service == "own":
        kind, item = "own", rest
    return Call(method, target, service, kind, query, headers, body, region, item)


def _split(path: str) -> tuple[str, str, str]:
    for base, service in ((IAM_BASE, "iam"), (RC_BASE, "rc"), (OWN_BASE, "own")):
        if path.startswith(base + "/"):
            return service, "", path[len(base) + 1 :]
    parts = path.split("/", 4)
    if len(parts) == 5 and parts[1] == "quantum" and parts[3] == "api":
        return "quantum", unquote(parts[2]), parts[4]
    return "", "", path
