"""A made-up account: seeded, believable, and with usage that stays put relative to the moment it was made.

No job lies within `_QUIET_MS` of the edge of a window that balancing looks at, so that the figures of the 24-hour
to 28-day windows are the same for commands run within some hours of the reset, whatever the date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import count, product
from random import Random
from typing import Any
from uuid import UUID

from ._model import (
    ACCOUNT_REGION,
    ALL_BACKENDS,
    BACKENDS,
    DAY_MS,
    HOUR_MS,
    PLAN_IDS,
    REGIONS,
    Account,
    Event,
    Events,
    Held,
    Instance,
    Operation,
    SandboxError,
    Subscription,
    crn_of,
    iso,
)

FEWEST_INSTANCES = 3
MINIMUM_ALLOCATION_SECONDS = 60
_QUIET_MS = 4 * HOUR_MS
_EDGES_MS = tuple(days * DAY_MS for days in (0, 1, 3, 7, 14, 28))
_HISTORY_DAYS = (29.5, 88.0)


@dataclass(frozen=True)
class _Burst:
    """A share of an instance's usage, spread over jobs between two ages in days."""

    newest_days: float
    oldest_days: float
    share: float
    jobs: int


@dataclass(frozen=True)
class _Grant:
    """A net grant by ages in days at the anchor's date; a negative age lies ahead."""

    start_days: int
    end_days: int
    seconds: int


@dataclass(frozen=True)
class _Draft:
    """What a kind of instance holds and used over 28 days; `history` is milliseconds used in the months before that.

    `age_days` is how long ago it was created; None: longer ago than that.
    """

    allocation: int
    usage_ms: int = 0
    bursts: tuple[_Burst, ...] = ()
    limit: int | None = None
    configured_limit: int | None = None
    restricted: bool = False
    history_ms: int = 0
    grants: tuple[_Grant, ...] = ()
    day_edges: tuple[int, ...] = ()
    age_days: int | None = None


_RECENT = (
    _Burst(0.2, 0.8, 0.25, 6),
    _Burst(1.2, 2.8, 0.35, 6),
    _Burst(3.2, 6.8, 0.25, 5),
    _Burst(7.2, 13.8, 0.15, 3),
)
_EVEN = (
    _Burst(0.2, 0.8, 0.04, 1),
    _Burst(1.2, 6.8, 0.21, 4),
    _Burst(7.2, 13.8, 0.25, 4),
    _Burst(14.2, 27.8, 0.50, 6),
)
_WEEKLY = tuple(_Burst(day + 0.25, day + 0.75, 0.25, 4) for day in (1, 8, 15, 22))


def _seconds(rng: Random, low: int, high: int) -> int:
    return rng.randrange(low, high + 1, 100)


def _part(rng: Random, seconds: int, low: float, high: float) -> int:
    return int(seconds * 1000 * rng.uniform(low, high))


def _starving(rng: Random) -> _Draft:
    allocation = _seconds(rng, 6_000, 15_000)
    return _Draft(allocation, _part(rng, allocation, 0.93, 1.25), _RECENT, history_ms=_part(rng, allocation, 0.1, 0.4))


def _hoarding(rng: Random) -> _Draft:
    allocation = _seconds(rng, 30_000, 96_000)
    trickle = _part(rng, allocation, 0.002, 0.02) if rng.random() < 0.6 else 0
    return _Draft(allocation, trickle, (_Burst(7.2, 27.8, 1.0, 4),), history_ms=_part(rng, allocation, 0.05, 0.3))


def _steady(rng: Random) -> _Draft:
    allocation = _seconds(rng, 10_000, 30_000)
    return _Draft(allocation, _part(rng, allocation, 0.3, 0.7), _EVEN, history_ms=_part(rng, allocation, 0.5, 0.9))


def _restricted(rng: Random) -> _Draft:
    allocation = _seconds(rng, 8_000, 20_000)
    return _Draft(allocation, _part(rng, allocation, 0.3, 0.6), _EVEN, restricted=True)


def _faded(rng: Random) -> _Draft:
    allocation = _seconds(rng, 15_000, 40_000)
    return _Draft(
        allocation,
        _part(rng, allocation, 0.3, 0.8),
        (_Burst(14.5, 27.5, 1.0, 8),),
        history_ms=_part(rng, allocation, 0.1, 0.6),
    )


def _newcomer(rng: Random) -> _Draft:
    allocation = _seconds(rng, 3_000, 5_000)
    return _Draft(allocation, _part(rng, allocation, 0.5, 0.85), (_Burst(0.2, 0.8, 1.0, 5),), age_days=20)


def _unused(rng: Random) -> _Draft:
    return _Draft(_seconds(rng, 8_000, 20_000))


def _near_limit(rng: Random) -> _Draft:
    allocation = _seconds(rng, 12_000, 20_000)
    limit = allocation * 6 // 10
    return _Draft(allocation, _part(rng, limit, 0.955, 0.985), _RECENT, limit, limit)


def _over_limit(rng: Random) -> _Draft:
    allocation = _seconds(rng, 10_000, 16_000)
    limit = allocation // 2
    return _Draft(allocation, _part(rng, limit, 1.03, 1.08), _RECENT, limit, limit)


def _course(rng: Random) -> _Draft:
    allocation = _seconds(rng, 12_000, 18_000)
    return _Draft(allocation, _part(rng, allocation, 0.4, 0.6), _WEEKLY, 14_000, 16_000)


def _granted(rng: Random) -> _Draft:
    """Ten days into a grant, with usage that the plain limit would have stopped."""
    bursts = (_Burst(0.2, 2.8, 0.5, 8), _Burst(3.2, 8.8, 0.4, 6), _Burst(14.2, 26.8, 0.1, 2))
    used = _part(rng, 10_000, 0.95, 1.05)
    return _Draft(9_000, used, bursts, 6_000, 6_000, grants=(_Grant(10, -18, 12_000),), day_edges=(10, 28))


def _grant_ended(rng: Random) -> _Draft:
    """A grant that ended 17 days ago and still credits the usage it paid for."""
    bursts = (_Burst(18.2, 26.8, 0.7, 6), _Burst(0.2, 13.5, 0.3, 5))
    used = _part(rng, 12_000, 0.95, 1.05)
    return _Draft(16_000, used, bursts, 15_000, 5_000, grants=(_Grant(45, 17, 9_000),), day_edges=(45, 28, 17))


def _archived(rng: Random) -> _Draft:
    return _Draft(0, history_ms=_part(rng, 9_000, 0.5, 1.0))


_Role = Callable[[Random], _Draft]
_ROLES: tuple[tuple[_Role, str], ...] = (
    (_starving, "chem-catalysis"),
    (_hoarding, "finance-portfolio"),
    (_steady, "materials-superconductors"),
    (_faded, "protein-folding"),
    (_near_limit, "logistics-routing"),
    (_starving, "error-mitigation-lab"),
    (_hoarding, "automotive-battery"),
    (_steady, "nuclear-structure"),
    (_newcomer, "quantum-walks-starter"),
    (_restricted, "device-benchmarks"),
    (_unused, "agritech-pilot"),
    (_starving, "lattice-gauge-theory"),
    (_course, "qml-course-2026"),
    (_granted, "spin-glass-sampling"),
    (_hoarding, "climate-modelling"),
    (_over_limit, "hackathon-autumn"),
    (_steady, "aerospace-cfd"),
    (_grant_ended, "drug-docking"),
    (_faded, "telecom-scheduling"),
    (_hoarding, "energy-grid"),
)
_ONCE: dict[_Role, _Role] = {_granted: _steady, _grant_ended: _unused}
_UNCONFIGURED: tuple[tuple[_Role, str], ...] = ((_steady, "visitor-access"), (_hoarding, "legacy-pilot"))
_INTERNAL: tuple[tuple[_Role, str], ...] = ((_steady, "platform-tests"), (_newcomer, "calibration-studies"))
_ARCHIVED: tuple[tuple[_Role, str], ...] = ((_archived, "summer-school-2025"),)
_GROUPS = (
    "chem", "bio", "finance", "materials", "physics", "maths", "optics", "pharma", "aero", "auto", "energy", "climate",
    "logistics", "crypto", "ml", "hep", "nuclear", "plasma", "geo", "astro", "medical", "robotics", "signal", "telecom",
)  # fmt: skip
_TOPICS = (
    "vqe", "qaoa", "sampling", "tomography", "dynamics", "ground-states", "kernels", "transport", "annealing-study",
    "thermal-states", "embedding", "optimisation", "simulation", "course-2025", "course-2026", "thesis", "pilot",
    "benchmarks", "error-mitigation", "phase-diagrams", "spectroscopy", "scattering", "scheduling", "inference",
)  # fmt: skip


_MEMBERS: dict[str, frozenset[str]] = {
    "chemistry": frozenset({"chem", "materials", "protein", "drug", "bio", "pharma"}),
    "physics": frozenset({"physics", "nuclear", "lattice", "spin", "error", "hep", "plasma", "optics", "astro"}),
    "teaching": frozenset({"qml", "hackathon", "quantum"}),
}
"""The groups of the configuration, and how the names of their instances begin. The other instances are in none."""
_GROUP_LIMITS = {"teaching": 120_000}
"""Loose: no group is at its limit in an account as it is made."""


def _group_of(name: str) -> str | None:
    first = name.partition("-")[0]
    return next((group for group, names in _MEMBERS.items() if first in names), None)


def _groups(entries: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The groups that have instances."""
    used = {entry.get("group") for entry in entries}
    for group in _MEMBERS:
        if group in used:
            limit = {"limit_seconds": _GROUP_LIMITS[group]} if group in _GROUP_LIMITS else {}
            yield {"name": group, **limit}


def make_account(instances: int, seed: int, now: datetime, clock_offset_seconds: float) -> Account:
    """An account of `instances` instances in all its plans; the same seed and number give the same figures.

    From 6 instances on one is archived, from 8 (12) on one (two) are in the internal plan, and from 5 (10) on
    one (two) are left out of the configuration.
    """
    if instances < FEWEST_INSTANCES:
        raise SandboxError(f"a sandbox account needs at least {FEWEST_INSTANCES} instances, not {instances}")
    return _Maker(instances, seed, now, clock_offset_seconds).account()


class _Maker:
    def __init__(self, instances: int, seed: int, now: datetime, clock_offset_seconds: float) -> None:
        self.rng = Random(seed)
        self.seed = seed
        self.anchor = now.astimezone(timezone.utc).replace(microsecond=0)
        self.clock_offset_seconds = clock_offset_seconds
        self.account_id = f"{self.rng.getrandbits(128):032x}"
        self.users = tuple(f"IBMid-{self.rng.getrandbits(40):010X}" for _ in range(max(4, min(400, instances * 2))))
        archived = _ARCHIVED if instances >= 6 else ()
        internal = _INTERNAL[: (instances >= 8) + (instances >= 12)]
        unconfigured = _UNCONFIGURED[: (instances >= 5) + (instances >= 10)]
        apart = len(archived) + len(internal) + len(unconfigured)
        self.groups = (
            ("premium", tuple(self._configured(instances - apart)), True),
            ("premium", unconfigured, False),
            ("premium", archived, False),
            ("internal", internal, False),
        )
        self.unconfigured = tuple(name for _, name in unconfigured)
        self.subscription_ids = {"premium": (self._uuid(), self._uuid()), "internal": (self._uuid(),)}
        self.events: dict[str, Events] = {}

    def account(self) -> Account:
        made: list[Instance] = []
        entries: list[dict[str, Any]] = []
        number = count()
        for plan, group, configured in self.groups:
            for role, name in group:
                draft = role(self.rng)
                instance = self._instance(next(number), plan, name, draft)
                made.append(instance)
                if configured:
                    entries.append(self._entry(instance, draft))
        # The Resource Controller lists in no order that anyone should rely on.
        self.rng.shuffle(made)
        return Account(
            account_id=self.account_id,
            seed=self.seed,
            anchor=self.anchor,
            clock_offset_seconds=self.clock_offset_seconds,
            subscriptions=tuple(self._subscriptions(made)),
            users=self.users,
            instances=tuple(made),
            events=self.events,
            unattributed=Events(list(self._jobs(95_250, (_Burst(3.2, 20.0, 1.0, 4),), _EDGES_MS, (0,), (0,)))),
            configuration={
                "account_id": self.account_id,
                "plan": "premium",
                "minimum_allocation_seconds": MINIMUM_ALLOCATION_SECONDS,
                "groups": list(_groups(entries)),
                "instances": sorted(entries, key=lambda entry: str(entry["name"])),
            },
            unconfigured=self.unconfigured,
        )

    def _configured(self, number: int) -> Iterator[tuple[_Role, str]]:
        yield from _ROLES[:number]
        names = self._names()
        for index in range(len(_ROLES), number):
            role = _ROLES[index % len(_ROLES)][0]
            yield _ONCE.get(role, role), next(names)

    def _names(self) -> Iterator[str]:
        taken = {name for _, name in _ROLES}
        pairs = [name for pair in product(_GROUPS, _TOPICS) if (name := "-".join(pair)) not in taken]
        self.rng.shuffle(pairs)
        yield from pairs
        for round_number in count(2):
            yield from (f"{pair}-{round_number}" for pair in pairs)

    def _uuid(self) -> str:
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def _instance(self, number: int, plan: str, name: str, draft: _Draft) -> Instance:
        region = ACCOUNT_REGION if plan == "internal" or number % 3 != 2 else REGIONS[1]
        crn = crn_of(region, self.account_id, self._uuid())
        devices = BACKENDS[region]
        backends = tuple(sorted(self.rng.sample(devices, 2))) if draft.restricted else ALL_BACKENDS
        usable = [index for index, device in enumerate(devices) if not draft.restricted or device in backends]
        users = self.rng.sample(range(len(self.users)), self.rng.randint(1, 3))
        edges = _EDGES_MS
        jobs = list(self._jobs(draft.usage_ms, draft.bursts, edges, usable, users, draft.day_edges))
        history = (_Burst(*_HISTORY_DAYS, 1.0, 5),)
        jobs += self._jobs(draft.history_ms, history, edges, usable, users, draft.day_edges)
        if jobs:
            self.events[crn] = Events(jobs)
        days, seconds = self.rng.randint(91, 900), self.rng.randint(0, 86_399)
        created = iso(self.anchor - timedelta(days=draft.age_days or days, seconds=seconds))
        held = Held(draft.allocation, draft.limit, backends)
        return Instance(
            crn=crn,
            name=name,
            region=region,
            plan_id=PLAN_IDS[plan],
            subscription_id=self.rng.choice(self.subscription_ids[plan]),
            created_at=created,
            updated_at=created,
            held=held,
            operation=Operation("create", "succeeded"),
            parameters={
                "usage_allocation_seconds": str(draft.allocation),
                "instance_limit_seconds": None if draft.limit is None else str(draft.limit),
                "backends": list(backends),
            },
        )

    def _jobs(
        self,
        total_ms: int,
        bursts: Sequence[_Burst],
        edges_ms: Sequence[int],
        backends: Sequence[int],
        users: Sequence[int],
        day_edges: Sequence[int] = (),
    ) -> Iterator[Event]:
        rng = self.rng
        left = total_ms
        for index, burst in enumerate(bursts):
            share = left if index == len(bursts) - 1 else int(total_ms * burst.share)
            left -= share
            if share < burst.jobs:
                continue
            cuts = sorted(rng.sample(range(1, share), burst.jobs - 1))
            for start, end in zip([0, *cuts], [*cuts, share], strict=True):
                age = self._quiet_age(burst, edges_ms, day_edges)
                yield Event(-age, end - start, rng.choice(backends), rng.choice(users))

    def _quiet_age(self, burst: _Burst, edges_ms: Sequence[int], day_edges: Sequence[int]) -> int:
        """Milliseconds before the anchor, away from window edges and, for grants, from midnights."""
        while True:
            age = int(self.rng.uniform(burst.newest_days, burst.oldest_days) * DAY_MS)
            if all(abs(age - edge) > _QUIET_MS for edge in edges_ms) and all(
                abs(age - day * DAY_MS - DAY_MS // 2) > DAY_MS // 2 + _QUIET_MS for day in day_edges
            ):
                return age

    def _entry(self, instance: Instance, draft: _Draft) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": instance.name, "crn": instance.crn}
        if (group := _group_of(instance.name)) is not None:
            entry["group"] = group
        if draft.configured_limit is not None:
            entry["limit_seconds"] = draft.configured_limit
        if draft.grants:
            midnight = self.anchor.replace(hour=0, minute=0, second=0)
            entry["net_grants"] = [
                {
                    "start_date": iso(midnight - timedelta(days=grant.start_days)),
                    "end_date": iso(midnight - timedelta(days=grant.end_days)),
                    "net_grant_seconds": grant.seconds,
                }
                for grant in draft.grants
            ]
        return entry

    def _subscriptions(self, made: Sequence[Instance]) -> Iterator[Subscription]:
        """Budgets in whole thousands of seconds, about 4% above what the instances hold."""
        for plan, ids in self.subscription_ids.items():
            plan_id = PLAN_IDS[plan]
            held = sum(i.held.allocation_seconds or 0 for i in made if i.plan_id == plan_id)
            budget = max(10_000, -(-held * 104 // 100_000) * 1000)
            first = budget * 62 // 100_000 * 1000 if len(ids) == 2 else budget
            for subscription_id, share in zip(ids, (first, budget - first), strict=False):
                yield Subscription(subscription_id, plan_id, share)
