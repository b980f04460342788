"""Groups at size: a thousand instances in fifty of them, and a hundred thousand in five thousand."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from random import Random

import pytest

from qauvern import cloud
from qauvern.actions.analyze import Daily, daily_since
from qauvern.balance import propose
from qauvern.config import parse
from qauvern.model import Group, Settings, Snapshot
from qauvern.render.documents import analysis_document
from qauvern.sandbox import Sandbox
from tests.helpers.make import TODAY, Team, group, settings, snapshot

MOST_TIMES_SLOWER = 1.1
MOST_TIMES_SLOWER_ALONE = 1.35
MOST_OVER_N_LOG_N = 2.0
"""What caches and the allocator may add to the growth of n log n, as a factor."""

By = Callable[[int], list[Group]]


def by_limits(count: int) -> list[Group]:
    """Every third group's limit is tight, every third one's is wide, and the others have none."""
    return [group(f"g{number:05}", limit=[20_000, 10**9, None][number % 3]) for number in range(count)]


def by_shares(count: int) -> list[Group]:
    """One in five has no share."""
    share = f"{80 / count:.6f}"
    return [group(f"g{number:05}", share=share if number % 5 else None) for number in range(count)]


def account(instances: int, groups: list[Group]) -> tuple[Snapshot, Settings]:
    """All of them active; every tenth in no group."""
    random = Random(instances)
    teams = [
        Team(
            f"t{number:06}",
            random.randrange(1, 5_000),
            consumed=random.randrange(3_000),
            active=random.randrange(1, 1_000),
            limit=random.choice([None, random.randrange(1_000, 20_000)]),
            group=groups[number % len(groups)].name if groups and number % 10 else None,
        )
        for number in range(instances)
    ]
    held = sum(team.allocation or 0 for team in teams)
    return snapshot(teams, budget=3 * held), settings(teams, minimum=60, groups=groups)


def in_groups(settings: Settings, groups: list[Group]) -> Settings:
    """Every tenth instance stays in no group."""
    instances = tuple(
        replace(each, group=groups[number % len(groups)].name if number % 10 else None)
        for number, each in enumerate(settings.instances)
    )
    return replace(settings, instances=instances, groups=tuple(groups))


def without_groups(settings: Settings) -> Settings:
    return replace(settings, instances=tuple(replace(each, group=None) for each in settings.instances), groups=())


def fastest(computed: Callable[[], object], rounds: int) -> float:
    """Seconds of processor time of the fastest of these rounds."""

    def once() -> float:
        started = time.process_time()
        computed()
        return time.process_time() - started

    return min(once() for _ in range(rounds))


@pytest.mark.parametrize("groups", [by_limits, by_shares])
def test_an_analysis_of_a_thousand_in_fifty_groups_takes_about_as_long_as_without(groups: By) -> None:
    """Reading the account over HTTP, which groups ask nothing more of, and what is computed from it."""
    with Sandbox.create(instances=1_000, seed=1) as sandbox, sandbox.serve() as running:
        plain = without_groups(parse(json.dumps(sandbox.default_configuration()).encode(), Path("sandbox.yaml")))
        endpoints = cloud.Endpoints.from_environment(running.environment())
        now = datetime.now(timezone.utc)
        since = daily_since(plain, now.date(), Daily.LIMITS, now.date())

        def read() -> Snapshot:
            with cloud.connect(endpoints, sandbox.api_key, concurrency=16) as client:
                return client.take_snapshot(plain, now=now, daily_since=since)

        seen = read()
        reading = fastest(read, 2)

    def analysed(wanted: Settings) -> str:
        return json.dumps(analysis_document(propose(seen, wanted, now.date())))

    without, grouped = (fastest(partial(analysed, wanted), 20) for wanted in (plain, in_groups(plain, groups(50))))
    print(f"\nreading takes {reading:.2f} s, the rest {grouped:.3f} s with groups and {without:.3f} s without")
    assert reading + grouped <= MOST_TIMES_SLOWER * (reading + without)


@pytest.mark.parametrize("groups", [by_limits, by_shares])
def test_the_proposal_alone_takes_hardly_longer(groups: By) -> None:
    plain, grouped = account(1_000, []), account(1_000, groups(50))
    assert propose(*grouped, TODAY).broken == ()
    seconds = [fastest(partial(propose, *made, TODAY), 50) for made in (plain, grouped)]
    print(f"\nthe proposal takes {1000 * seconds[1]:.1f} ms with groups and {1000 * seconds[0]:.1f} ms without")
    assert seconds[1] <= MOST_TIMES_SLOWER_ALONE * seconds[0]


@pytest.mark.parametrize("groups", [by_limits, by_shares])
def test_it_grows_about_as_n_log_n(groups: By) -> None:
    small, large = 10_000, 100_000

    def seconds_for(count: int) -> float:
        made = account(count, groups(count // 20))
        return fastest(partial(propose, *made, TODAY), 2)

    seconds = {count: seconds_for(count) for count in (small, large)}
    ratio = seconds[large] / seconds[small]
    print(f"\n{large:,} instances in {large // 20:,} groups: {seconds[large]:.1f} s, {ratio:.1f} times {small:,}")
    assert ratio <= MOST_OVER_N_LOG_N * (large * math.log(large)) / (small * math.log(small))
