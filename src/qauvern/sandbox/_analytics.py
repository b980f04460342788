"""Analytics of one region: what was used in an interval, by key and by day, and which values there are to filter by.

All times in rows are milliseconds. For any interval the rows of each grouping add up to the same figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ._live import USAGE_WINDOW_DAYS, LiveAccount
from ._model import (
    ACCOUNT_REGION,
    BACKENDS,
    DAY_MS,
    PLAN_IDS,
    PLAN_NAMES,
    Event,
    Instance,
    Usage,
    epoch_ms,
    from_epoch_ms,
    iso,
)
from ._quantum import service_instance
from ._wire import Call, Refusal, Reply, moment

_GROUPS = ("instance", "plan", "backend", "user_id", "subscription_id")
_MOST_FILTERS = 200
Key = str | None


class _Source:
    """The jobs of one instance, or those that belong to none any more, and what a report says about them."""

    def __init__(self, live: LiveAccount, instance: Instance | None, usage: Usage) -> None:
        self.instance = instance
        self.usage = usage
        self.plan = "premium" if instance is None else PLAN_NAMES[instance.plan_id]
        self.region = ACCOUNT_REGION if instance is None else instance.region
        self.subscription_id = None if instance is None else instance.subscription_id
        self._users = live.account.users

    def key_of(self, group: str) -> Callable[[Event], Key]:
        if group == "backend":
            return lambda event: BACKENDS[self.region][event.backend]
        if group == "user_id":
            return lambda event: self._users[event.user]
        crn = None if self.instance is None else self.instance.crn
        fixed = {"plan": self.plan, "instance": crn, "subscription_id": self.subscription_id}[group]
        return lambda _event: fixed

    def details(self) -> dict[str, Any]:
        if self.instance is None:
            return {}
        return {
            "instance_name": self.instance.name,
            "instance_guid": self.instance.guid,
            "plan_id": self.instance.plan_id,
            "plan": self.plan,
            "subscription_id": self.subscription_id,
            "region": self.region,
            "resource_group": self.instance.resource_group,
        }


_Jobs = Iterator[tuple[_Source, Iterator[Event]]]


class _Sum:
    """What some jobs come to."""

    __slots__ = ("by_mode", "details", "jobs", "longest_ms", "queue_ms", "sessions", "usage_ms")

    def __init__(self, details: dict[str, Any] | None = None) -> None:
        self.usage_ms = self.jobs = self.sessions = self.queue_ms = self.longest_ms = 0
        self.by_mode = {"job": 0, "session": 0, "batch": 0}
        self.details = details or {}

    def add(self, event: Event) -> None:
        queue_ms, mode = event.traits
        self.usage_ms += event.usage_ms
        self.jobs += 1
        self.sessions += mode == "session"
        self.by_mode[mode] += event.usage_ms
        self.queue_ms += queue_ms
        self.longest_ms = max(self.longest_ms, queue_ms)

    def row(self) -> dict[str, Any]:
        return {
            "usage": self.usage_ms,
            "jobs": self.jobs,
            "sessions": self.sessions,
            "individual_usage": self.by_mode["job"],
            "dedicated_usage": self.by_mode["session"],
            "batch_usage": self.by_mode["batch"],
            "queue_time": self.queue_ms,
            "avg_queue_time": self.queue_ms // max(1, self.jobs),
            "max_queue_time": self.longest_ms,
            **self.details,
        }


def analytics(live: LiveAccount, call: Call) -> Reply:
    """What was used inside [interval_start, interval_end) of this region's instances."""
    _check_account(live, call)
    start, end = _interval(live, call)
    anchor_ms = epoch_ms(live.account.anchor)
    start_ms, end_ms = epoch_ms(start) - anchor_ms, epoch_ms(end) - anchor_ms
    jobs = _jobs(live, call, start_ms, end_ms)
    span = {"interval_start": iso(start), "interval_end": iso(end)}
    if call.item == "usage":
        whole = _Sum()
        for _, events in jobs:
            for event in events:
                whole.add(event)
        return Reply(200, span | whole.row())
    group = call.one("group_by") or ""
    groups = _GROUPS if call.item == "usage_grouped" else _GROUPS[:1]
    if group not in groups:
        raise Refusal(400, "bad_group", f"group_by must be one of {', '.join(groups)}.")
    rows = _grouped(jobs, group) if call.item == "usage_grouped" else _by_date(jobs, anchor_ms)
    return Reply(200, span | {"group_by": group, "data": list(rows)})


def filters(live: LiveAccount, call: Call) -> Reply:
    """The values in use in the interval, by filter."""
    _check_account(live, call)
    start, end = _interval(live, call)
    anchor_ms = epoch_ms(live.account.anchor)
    found: dict[str, set[str]] = {group: set() for group in _GROUPS}
    for source, events in _jobs(live, call, epoch_ms(start) - anchor_ms, epoch_ms(end) - anchor_ms):
        keys = [(source.key_of(group), values) for group, values in found.items()]
        for event in events:
            for key_of, values in keys:
                if (key := key_of(event)) is not None:
                    values.add(key)
    return Reply(200, {group: sorted(values) for group, values in found.items()})


def _grouped(jobs: _Jobs, group: str) -> Iterator[dict[str, Any]]:
    """One row a key with usage; keys without usage are absent."""
    sums: dict[Key, _Sum] = {}
    for source, events in jobs:
        key_of = source.key_of(group)
        for event in events:
            key = key_of(event)
            if key not in sums:
                sums[key] = _Sum(source.details() if group == "instance" else None)
            sums[key].add(event)
    for key, total in sums.items():
        yield {"key": key} | total.row()


def _by_date(jobs: _Jobs, anchor_ms: int) -> Iterator[dict[str, Any]]:
    """One row an instance and UTC day; its interval is the whole day, its usage what lies in the one asked for."""
    sums: dict[tuple[int, str], _Sum] = {}
    keys: dict[str, Key] = {}
    for source, events in jobs:
        key = "" if source.instance is None else source.instance.crn
        keys[key] = key or None
        details = source.details()
        for event in events:
            place = ((anchor_ms + event.offset_ms) // DAY_MS, key)
            if place not in sums:
                sums[place] = _Sum(details)
            sums[place].add(event)
    bounds = {day: (iso(from_epoch_ms(day * DAY_MS)), iso(from_epoch_ms((day + 1) * DAY_MS))) for day, _ in sums}
    for (day, key), total in sorted(sums.items(), key=lambda item: item[0]):
        first, last = bounds[day]
        yield {"key": keys[key], "interval_start": first, "interval_end": last} | total.row()


def _jobs(live: LiveAccount, call: Call, start_ms: int, end_ms: int) -> _Jobs:
    """The jobs in the interval that the call's filters let through, source by source."""
    wanted: dict[str, set[str]] = {}
    for group in _GROUPS:
        values = call.query.get(group, [])
        if len(values) > _MOST_FILTERS:
            raise Refusal(400, "too_many", f"{group} may be given {_MOST_FILTERS} times at most.")
        if values:
            wanted[group] = set(values)
    if unknown := sorted(wanted.get("plan", set()) - set(PLAN_IDS)):
        raise Refusal(400, "bad_plan", f"There is no plan {unknown[0]!r}.")
    for source in _sources(live, wanted.get("instance")):
        if source.region != call.region:
            continue
        keys = [(source.key_of(group), values) for group, values in wanted.items()]
        events = source.usage.between(start_ms, end_ms)
        yield source, (event for event in events if all(key_of(event) in values for key_of, values in keys))


def _sources(live: LiveAccount, crns: set[str] | None) -> Iterator[_Source]:
    for crn in live.account.events if crns is None else crns:
        instance = live.instances.get(crn)
        if instance is not None:
            yield _Source(live, instance, live.usage(crn))
    yield _Source(live, None, Usage(live.account.unattributed))


def _check_account(live: LiveAccount, call: Call) -> None:
    """The account is named by Account-Id, or by the Service-CRN of one of its instances in the region."""
    if call.header("Service-CRN") is not None:
        service_instance(live, call)
    elif call.header("Account-Id") is None or live.conditions.refuses_account_id:
        raise Refusal(400, "missing_crn", "The header Service-CRN is missing.")
    elif call.header("Account-Id") != live.account.account_id:
        raise Refusal(403, "forbidden", "You are not authorized to see the usage of this account.")


def _interval(live: LiveAccount, call: Call) -> tuple[datetime, datetime]:
    end = moment(call, "interval_end") or live.now()
    start = moment(call, "interval_start") or end - timedelta(days=USAGE_WINDOW_DAYS)
    if start >= end:
        raise Refusal(400, "bad_interval", "interval_start must be before interval_end.")
    return start, end
