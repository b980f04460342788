"""What an account used before its last month: 400 days, by projects that are on for weeks and off for weeks.

It is made from the account's seed, instance by instance and only when it is asked for. Nothing of it lies within the
windows that balancing looks at. Weekdays depend on the date, so the same seed gives other days to another date.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from ._model import (
    ALL_BACKENDS,
    BACKENDS,
    DAY_MS,
    HOUR_MS,
    LONG_AGO_MS,
    NO_EVENTS,
    Account,
    Event,
    Events,
    Instance,
    epoch_ms,
)

HISTORY_DAYS = 400
_MONTH_DAYS = 28
_LONGEST_GRANT_DAYS = 75
_MOST_MS_A_DAY = 40_000_000
_SATURDAY = 5


class History:
    """The jobs of long ago of the instances that the account was made with."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._instances = {each.crn: each for each in account.instances}
        self._granted = {entry["crn"] for entry in account.configuration["instances"] if "net_grants" in entry}

    def of(self, crn: str) -> Events:
        """None where the instance did not exist then, or never ran anything."""
        recent = self._account.events.get(crn, NO_EVENTS)
        if crn not in self._instances or not recent.events:
            return NO_EVENTS
        newest_ms = -_LONGEST_GRANT_DAYS * DAY_MS if crn in self._granted else LONG_AGO_MS
        jobs = _jobs(self._account, self._instances[crn], recent)
        return Events([job for job in jobs if job.offset_ms < newest_ms])


def _jobs(account: Account, instance: Instance, recent: Events) -> Iterator[Event]:
    rng = Random(f"{account.seed} {instance.crn}")
    anchor_ms = epoch_ms(account.anchor)
    created = datetime.fromisoformat(instance.created_at.replace("Z", "+00:00"))
    oldest = min(HISTORY_DAYS, (account.anchor - created).days - 1)
    backends, users = _backends(instance), sorted({event.user for event in recent.events})
    former = rng.randrange(len(account.users))
    presence, weekend, spread = rng.uniform(0.4, 0.9), rng.uniform(0.1, 0.5), rng.uniform(0.4, 1.0)
    on_days, off_days = rng.randint(14, 60), rng.randint(7, 70)
    share = presence * on_days / (on_days + off_days)
    typical_ms = _ms_a_day(instance, recent, rng) / share
    midnight = account.anchor.replace(hour=0, minute=0, second=0)
    is_on, left = rng.random() < 0.5, rng.randint(1, 30)
    for age in range(oldest, 0, -1):
        if not left:
            is_on = not is_on
            left = max(5, int((on_days if is_on else off_days) * rng.uniform(0.5, 1.5)))
        left -= 1
        day = midnight - timedelta(days=age)
        if not is_on or rng.random() > presence * (weekend if day.weekday() >= _SATURDAY else 1.0):
            continue
        burst = rng.uniform(3, 6) if rng.random() < 0.03 else 1.0
        usage_ms = min(_MOST_MS_A_DAY, int(typical_ms * rng.lognormvariate(-spread * spread / 2, spread) * burst))
        jobs = rng.randint(1, 3)
        for number in range(jobs):
            part_ms = usage_ms // jobs + (usage_ms % jobs if number == 0 else 0)
            offset_ms = epoch_ms(day) - anchor_ms + int(rng.uniform(7, 20) * HOUR_MS)
            user = former if age > 150 and rng.random() < 0.3 else rng.choice(users)
            backend = rng.choice(backends)
            if part_ms:
                yield Event(offset_ms, part_ms, backend, user)


def _backends(instance: Instance) -> list[int]:
    allowed = instance.held.backends
    return [
        number for number, name in enumerate(BACKENDS[instance.region]) if allowed == ALL_BACKENDS or name in allowed
    ]


def _ms_a_day(instance: Instance, recent: Events, rng: Random) -> float:
    """What it used on an average day, weekends and quiet weeks included: about as much as of late, or as it may."""
    of_late = recent.usage_ms(-_MONTH_DAYS * DAY_MS, 0)
    may = 1000 * (instance.held.allocation_seconds or 0) * rng.uniform(0.1, 0.4)
    return max(of_late * rng.uniform(0.5, 1.2), may, 500_000) / _MONTH_DAYS
