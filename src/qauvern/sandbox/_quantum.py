"""The Quantum API of one region: accounts, usage, analytics, limits, devices and workloads."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from ._account import events_of
from ._live import USAGE_WINDOW_DAYS, LiveAccount
from ._model import (
    ACCOUNT_REGION,
    ALL_BACKENDS,
    BACKENDS,
    DAY_MS,
    PLAN_IDS,
    PLAN_NAMES,
    Event,
    Events,
    Instance,
    epoch_ms,
    from_epoch_ms,
    iso,
)
from ._tokens import ADMINISTRATOR
from ._wire import Call, Refusal, Reply

_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
_GROUPS = ("instance", "plan", "backend", "user_id", "subscription_id")


def check_headers(call: Call) -> None:
    """Every request states the API version, a date."""
    version = call.header("IBM-API-Version")
    if version is None or not _VERSION.fullmatch(version):
        raise Refusal(400, "missing_version", "The header IBM-API-Version is missing or not a date.")
    if call.region not in BACKENDS:
        raise Refusal(404, "unknown_region", f"There is no region {call.region!r}.")


def account(live: LiveAccount, call: Call, role: str) -> Reply:
    _require_administrator(role)
    if call.region != ACCOUNT_REGION:
        raise Refusal(404, "not_found", f"Accounts are answered for in {ACCOUNT_REGION}.")
    if call.item != live.account.account_id:
        raise Refusal(404, "account_not_found", f"The account {call.item} could not be found.")
    if call.header("Account-Id") not in (None, call.item):
        raise Refusal(403, "forbidden", "The header Account-Id names another account.")
    plan_id = call.one("plan_id")
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
    instance = _service_instance(live, call)
    consumed_ms, held = live.consumed_ms(instance), instance.held
    end = live.now()
    document: dict[str, Any] = {
        "instance_id": instance.crn,
        "plan_id": instance.plan_id,
        "usage_consumed_seconds": consumed_ms // 1000 if consumed_ms % 1000 == 0 else consumed_ms / 1000,
        "usage_period": {"start_time": iso(end - timedelta(days=USAGE_WINDOW_DAYS)), "end_time": iso(end)},
    }
    if held.allocation_seconds is not None:
        document["usage_allocation_seconds"] = held.allocation_seconds
    if held.limit_seconds is not None:
        document["usage_limit_seconds"] = held.limit_seconds
        document["usage_limit_reached"] = consumed_ms >= held.limit_seconds * 1000
    return Reply(200, document)


def set_configuration(live: LiveAccount, call: Call, role: str) -> Reply:
    _require_administrator(role)
    instance = _service_instance(live, call)
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
    instance = _service_instance(live, call)
    allowed = instance.held.backends
    devices = [
        {
            "name": name,
            "status": {"name": "online", "reason": "available"},
            "is_simulator": False,
            "qubits": 133 + 23 * (zlib.crc32(name.encode()) % 2),
            "queue_length": zlib.crc32((name + instance.region).encode()) % 40,
        }
        for name in BACKENDS[instance.region]
        if allowed == ALL_BACKENDS or name in allowed
    ]
    return Reply(200, {"devices": devices})


def workloads(live: LiveAccount, call: Call) -> Reply:
    """The newest 20 jobs of the last 28 days."""
    instance = _service_instance(live, call)
    anchor_ms = epoch_ms(live.account.anchor)
    end_ms = epoch_ms(live.now()) - anchor_ms
    jobs = list(events_of(live.account, instance.crn).between(end_ms - USAGE_WINDOW_DAYS * DAY_MS, end_ms))
    rows = [
        {
            "id": f"d{zlib.crc32(f'{instance.crn}{job.offset_ms}'.encode()):08x}",
            "instance": instance.crn,
            "mode": "job",
            "status": "completed",
            "backend": BACKENDS[instance.region][job.backend],
            "user_id": live.account.users[job.user],
            "created": iso(from_epoch_ms(anchor_ms + job.offset_ms)),
            "usage_seconds": job.usage_ms / 1000,
        }
        for job in reversed(jobs[-20:])
    ]
    return Reply(200, {"workloads": rows, "total_count": len(jobs)})


class _Source:
    """The jobs of one instance, or those that belong to none any more, and what a report says about them."""

    def __init__(self, live: LiveAccount, instance: Instance | None, events: Events) -> None:
        self.instance = instance
        self.events = events
        self.plan_id = PLAN_IDS["premium"] if instance is None else instance.plan_id
        self.region = ACCOUNT_REGION if instance is None else instance.region
        self._users = live.account.users

    def key(self, group: str) -> Callable[[Event], str | None]:
        fixed: str | None
        if group == "backend":
            names = BACKENDS[self.region]
            return lambda event: names[event.backend]
        if group == "user_id":
            return lambda event: self._users[event.user]
        if group == "plan":
            fixed = PLAN_NAMES[self.plan_id]
        elif self.instance is None:
            fixed = None
        else:
            fixed = self.instance.crn if group == "instance" else self.instance.subscription_id
        return lambda _: fixed

    def is_one_key(self, group: str) -> bool:
        return group in ("instance", "plan", "subscription_id")

    def details(self) -> dict[str, Any]:
        if self.instance is None:
            return {}
        return {
            "instance_name": self.instance.name,
            "instance_guid": self.instance.guid,
            "plan_id": self.plan_id,
            "plan": PLAN_NAMES[self.plan_id],
            "subscription_id": self.instance.subscription_id,
            "region": self.region,
            "resource_group": self.instance.resource_group,
        }


def analytics(live: LiveAccount, call: Call, role: str) -> Reply:
    """Milliseconds used inside [interval_start, interval_end), of this region's instances."""
    _require_administrator(role)
    if call.header("Account-Id") is None:
        raise Refusal(400, "missing_account", "The header Account-Id is missing.")
    if call.header("Account-Id") != live.account.account_id:
        raise Refusal(403, "forbidden", "You are not authorized to see the usage of this account.")
    start, end = _interval(live, call)
    anchor_ms = epoch_ms(live.account.anchor)
    start_ms, end_ms = epoch_ms(start) - anchor_ms, epoch_ms(end) - anchor_ms
    sources = list(_sources(live, call))
    span = {"interval_start": iso(start), "interval_end": iso(end)}
    if call.item == "usage":
        return Reply(200, span | {"usage": sum(s.events.usage_ms(start_ms, end_ms) for s in sources)})
    group = call.one("group_by") or ""
    if group not in _GROUPS:
        raise Refusal(400, "bad_group", f"group_by must be one of {', '.join(_GROUPS)}.")
    if call.item == "usage_grouped":
        rows = [
            {"key": key, "usage": usage} | details for key, usage, details in _grouped(sources, group, start_ms, end_ms)
        ]
        return Reply(200, span | {"group_by": group, "data": rows})
    return Reply(200, span | {"group_by": group, "data": list(_by_date(sources, group, start_ms, end_ms, anchor_ms))})


def _grouped(
    sources: list[_Source], group: str, start_ms: int, end_ms: int
) -> Iterator[tuple[str | None, int, dict[str, Any]]]:
    """One row a key with usage; keys without usage are absent."""
    sums: dict[str | None, int] = {}
    details: dict[str | None, dict[str, Any]] = {}
    for source in sources:
        key_of = source.key(group)
        if source.is_one_key(group):
            usage = source.events.usage_ms(start_ms, end_ms)
            if usage:
                key = key_of(source.events.events[0])
                sums[key] = sums.get(key, 0) + usage
                details[key] = source.details() if group == "instance" else {}
            continue
        for event in source.events.between(start_ms, end_ms):
            key = key_of(event)
            sums[key] = sums.get(key, 0) + event.usage_ms
    for key, usage in sums.items():
        yield key, usage, details.get(key, {})


def _by_date(
    sources: list[_Source], group: str, start_ms: int, end_ms: int, anchor_ms: int
) -> Iterator[dict[str, Any]]:
    """One row a key and UTC day with usage; a row's interval is the whole day, its usage what lies in the interval."""
    sums: dict[tuple[int, str | None], int] = {}
    details: dict[str | None, dict[str, Any]] = {}
    for source in sources:
        key_of = source.key(group)
        for event in source.events.between(start_ms, end_ms):
            key = key_of(event)
            row = ((anchor_ms + event.offset_ms) // DAY_MS, key)
            sums[row] = sums.get(row, 0) + event.usage_ms
            if group == "instance" and key not in details:
                details[key] = source.details()
    days = {day for day, _ in sums}
    bounds = {day: (iso(from_epoch_ms(day * DAY_MS)), iso(from_epoch_ms((day + 1) * DAY_MS))) for day in days}
    for (day, key), usage in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or "")):
        first, last = bounds[day]
        yield {"key": key, "interval_start": first, "interval_end": last, "usage": usage} | details.get(key, {})


def _sources(live: LiveAccount, call: Call) -> Iterator[_Source]:
    names = call.query.get("plan", [])
    if unknown := [name for name in names if name not in PLAN_IDS]:
        raise Refusal(400, "bad_plan", f"There is no plan {unknown[0]!r}.")
    plan_ids = {PLAN_IDS[name] for name in names} or set(PLAN_NAMES)
    crns = call.query.get("instance")
    used = live.account.events if crns is None else dict.fromkeys(crns)
    for crn in used:
        instance = live.instances.get(crn)
        if instance is not None and instance.region == call.region and instance.plan_id in plan_ids:
            yield _Source(live, instance, events_of(live.account, crn))
    if crns is None:
        orphan = _Source(live, None, live.account.unattributed)
        if orphan.region == call.region and orphan.plan_id in plan_ids:
            yield orphan


def _interval(live: LiveAccount, call: Call) -> tuple[datetime, datetime]:
    end = _moment(call, "interval_end") or live.now()
    start = _moment(call, "interval_start") or end - timedelta(days=USAGE_WINDOW_DAYS)
    if start >= end:
        raise Refusal(400, "bad_interval", "interval_start must be before interval_end.")
    return start, end


def _moment(call: Call, name: str) -> datetime | None:
    text = call.one(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
        return (moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise Refusal(400, "bad_interval", f"{name} must be an ISO 8601 time in UTC, not {text!r}.") from None


def _require_administrator(role: str) -> None:
    if role != ADMINISTRATOR:
        raise Refusal(403, "forbidden", "You are not authorized to perform this action.")


def _service_instance(live: LiveAccount, call: Call) -> Instance:
    crn = call.header("Service-CRN")
    if crn is None:
        raise Refusal(400, "missing_crn", "The header Service-CRN is missing.")
    instance = live.instances.get(crn)
    if instance is None or instance.region != call.region:
        raise Refusal(404, "instance_not_found", f"The instance {crn} could not be found in {call.region}.")
    return instance
