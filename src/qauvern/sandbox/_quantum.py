"""The Quantum API of one region: versions, accounts, usage of an instance, limits, devices and workloads."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ._controller import in_units
from ._live import USAGE_WINDOW_DAYS, LiveAccount
from ._model import (
    ACCOUNT_REGION,
    ALL_BACKENDS,
    BACKENDS,
    PLAN_NAMES,
    Instance,
    epoch_ms,
    from_epoch_ms,
    iso,
)
from ._wire import Call, Refusal, Reply, moment, opaque

VERSIONS: dict[str, str | None] = {"2026-04-15": None, "2026-02-15": "2027-02-15"}
"""The API versions that are answered, newest first, and when they end."""
_DEFAULT_ACCOUNT = "0" * 32
_DEFAULT_BUDGET_SECONDS = 600
_MOST_WORKLOADS = 50
_STATUSES = ("pending", "in_progress", "completed", "failed", "canceled")


def check_headers(call: Call) -> None:
    """Every request states the API version, a date."""
    version = call.header("IBM-API-Version")
    if version not in VERSIONS:
        known = ", ".join(VERSIONS)
        raise Refusal(400, "bad_version", f"The header IBM-API-Version must be one of {known}, not {version!r}.")
    check_region(call)


def check_region(call: Call) -> None:
    if call.region not in BACKENDS:
        raise Refusal(404, "unknown_region", f"There is no region {call.region!r}.")


def versions(_live: LiveAccount, _call: Call) -> Reply:
    rows = [{"version": name} | ({"sunset_date": end} if end else {}) for name, end in VERSIONS.items()]
    return Reply(200, {"versions": rows})


def account(live: LiveAccount, call: Call) -> Reply:
    """The plans of the account; of an account that is not known, a default one with an id of its own."""
    if call.region != ACCOUNT_REGION:
        raise Refusal(404, "not_found", f"Accounts are answered for in {ACCOUNT_REGION}.")
    plan_id = call.one("plan_id")
    if call.item != live.account.account_id:
        default = {
            "plan_id": plan_id or next(iter(PLAN_NAMES)),
            "subscription_id": "default",
            "usage_allocation_seconds": _DEFAULT_BUDGET_SECONDS,
            "unallocated_usage_seconds": _DEFAULT_BUDGET_SECONDS,
        }
        return Reply(200, {"account_id": _DEFAULT_ACCOUNT, "plans": [default]})
    if call.header("Account-Id") not in (None, call.item):
        raise Refusal(403, "forbidden", "The header Account-Id names another account.")
    plans: list[dict[str, Any]] = []
    for wanted in dict.fromkeys(s.plan_id for s in live.account.subscriptions):
        if plan_id in (None, wanted):
            plans += _plan_rows(live, wanted)
    return Reply(200, {"account_id": call.item, "plans": plans})


def _plan_rows(live: LiveAccount, plan_id: str) -> Iterator[dict[str, Any]]:
    """One row a subscription; what is held is taken from the first one first."""
    held = live.held_seconds(plan_id)
    for subscription in live.account.subscriptions:
        if subscription.plan_id != plan_id:
            continue
        used_up = min(held, subscription.budget_seconds)
        held -= used_up
        yield {
            "plan_id": plan_id,
            "subscription_id": subscription.subscription_id,
            "usage_allocation_seconds": subscription.budget_seconds,
            "unallocated_usage_seconds": subscription.budget_seconds - used_up,
        }


def instance_usage(live: LiveAccount, call: Call) -> Reply:
    """What the instance used in the 28 days that end now, and what it is held to: extensions may say otherwise."""
    instance = service_instance(live, call)
    consumed_ms, held = live.consumed_ms(instance), instance.in_force
    end = live.now()
    document: dict[str, Any] = {
        "instance_id": instance.crn,
        "plan_id": instance.plan_id,
        "usage_consumed_seconds": consumed_ms // 1000 if consumed_ms % 1000 == 0 else consumed_ms / 1000,
        "usage_period": {"start_time": iso(end - timedelta(days=USAGE_WINDOW_DAYS)), "end_time": iso(end)},
        "usage_limit_reached": live.is_exhausted(instance.plan_id),
    }
    if held.allocation_seconds is not None:
        document["usage_allocation_seconds"] = held.allocation_seconds
    if held.limit_seconds is not None:
        document["usage_limit_seconds"] = held.limit_seconds
        document["usage_limit_reached"] |= consumed_ms >= held.limit_seconds * 1000
    if live.conditions.has_resource_units:
        document["usage_consumed_ru"] = in_units(live.conditions, consumed_ms / 1000)
        document["usage_limit_ru"] = in_units(live.conditions, held.limit_seconds)
    return Reply(200, document)


def set_configuration(live: LiveAccount, call: Call) -> Reply:
    instance = service_instance(live, call)
    document = call.json()
    limit = document.get("instance_limit")
    valid = limit is None or (isinstance(limit, int) and not isinstance(limit, bool) and 0 <= limit < 10**12)
    if "instance_limit" not in document or not valid:
        raise Refusal(400, "bad_request", "instance_limit must be whole seconds or null.")
    if limit is not None and live.consumed_ms(instance) > limit * 1000:
        raise Refusal(409, "limit_below_usage", "The usage of the instance already exceeds this limit.")
    live.set_limit(instance.crn, limit)
    return Reply(204)


def backends(live: LiveAccount, call: Call) -> Reply:
    instance = service_instance(live, call)
    allowed = instance.usable_backends
    with_wait = "wait_time_seconds" in ",".join(call.query.get("fields", [])).split(",")
    devices = [
        _device(live, name, instance.region, with_wait)
        for name in BACKENDS[instance.region]
        if allowed == ALL_BACKENDS or name in allowed
    ]
    return Reply(200, {"devices": devices})


def _device(live: LiveAccount, name: str, region: str, with_wait: bool) -> dict[str, Any]:
    number = zlib.crc32(name.encode())
    device: dict[str, Any] = {
        "name": name,
        "status": {"name": "online", "reason": "available"},
        "is_simulator": False,
        "qubits": 133 + 23 * (number % 2),
        "queue_length": zlib.crc32((name + region).encode()) % 40,
        "clops": 150_000 + number % 100_000,
        "performance_metrics": {"two_q_error_best": {"value": 0.001 + number % 1_000 / 1e6}},
    }
    device |= live.conditions.devices.get(name, {})
    if with_wait:
        device["wait_time_seconds"] = device["queue_length"] * (20 + number % 40)
    return device


def workloads(live: LiveAccount, call: Call) -> Reply:
    """Jobs, newest first, a page at a time."""
    instance = service_instance(live, call)
    limit, status = call.limit(_MOST_WORKLOADS, 20), call.one("status")
    if status not in (None, *_STATUSES):
        raise Refusal(400, "bad_status", f"status must be one of {', '.join(_STATUSES)}.")
    rows = [row for row in _workload_rows(live, instance, call) if status in (None, row["status"])]
    first = call.position("next") or max(0, (call.position("previous") or 0) - limit)
    document: dict[str, Any] = {"workloads": rows[first : first + limit], "total_count": len(rows), "limit": limit}
    if first + limit < len(rows):
        document["next"] = opaque(first + limit)
    if first:
        document["previous"] = opaque(first)
    return Reply(200, document)


def _workload_rows(live: LiveAccount, instance: Instance, call: Call) -> Iterator[dict[str, Any]]:
    anchor_ms = epoch_ms(live.account.anchor)
    after, before = moment(call, "created_after"), moment(call, "created_before")
    start_ms = -(10**15) if after is None else epoch_ms(after) - anchor_ms
    end_ms = epoch_ms(min(live.now(), before or live.now())) - anchor_ms
    users = live.account.users
    wanted = {name: call.one(name) for name in ("backend", "mode", "user_id")}
    if call.one("user") == "me":
        wanted["user_id"] = users[0]
    if call.query.get("tags"):
        return
    for job in reversed(list(live.usage(instance.crn).between(start_ms, end_ms))):
        queue_ms, mode = job.traits
        row = {
            "id": f"d{zlib.crc32(f'{instance.crn}{job.offset_ms}'.encode()):08x}",
            "instance": instance.crn,
            "mode": mode,
            "status": "completed",
            "backend": BACKENDS[instance.region][job.backend],
            "user_id": users[job.user],
            "created": iso(from_epoch_ms(anchor_ms + job.offset_ms)),
            "ended": iso(from_epoch_ms(anchor_ms + job.offset_ms + queue_ms + job.usage_ms)),
            "tags": [],
            "usage": {"qpu_charge_time_seconds": job.usage_ms / 1000, "status": "final"},
            "usage_seconds": job.usage_ms / 1000,
        }
        if all(value in (None, row[name]) for name, value in wanted.items()):
            yield row | ({} if mode == "job" else {"accepting_jobs": False})


def service_instance(live: LiveAccount, call: Call) -> Instance:
    crn = call.header("Service-CRN")
    if crn is None:
        raise Refusal(400, "missing_crn", "The header Service-CRN is missing.")
    instance = live.instances.get(crn)
    if instance is None or instance.region != call.region:
        raise Refusal(404, "instance_not_found", f"The instance {crn} could not be found in {call.region}.")
    return instance
