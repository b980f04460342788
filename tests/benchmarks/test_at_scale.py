"""A thousand instances over a slow link, against one request at a time; ten thousand within little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from qauvern import cloud
from qauvern.apply import Executor, Pace
from qauvern.balance import propose
from qauvern.config import parse
from qauvern.model import Settings, Snapshot
from qauvern.plan import Ledger, changes_of
from qauvern.sandbox import Sandbox
from tests.benchmarks.measuring import measured, median_seconds

pytestmark = pytest.mark.timeout(600)

LATENCY = 0.020
INSTANCES = 1_000
IN_FLIGHT = 16
REQUESTS_ONE_AT_A_TIME = 6
TIMES_FASTER = 40
ROUND_TRIPS_ALLOWED = 2.5
MEBIBYTE = 1024**2


@dataclass
class Scene:
    sandbox: Sandbox
    settings: Settings
    endpoints: cloud.Endpoints
    now: datetime

    def connect(self, concurrency: int = IN_FLIGHT) -> cloud.Cloud:
        return cloud.connect(self.endpoints, self.sandbox.api_key, concurrency=concurrency)

    def snapshot(self) -> Snapshot:
        with self.connect() as client:
            return client.take_snapshot(self.settings, now=self.now)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with (
        Sandbox.create(instances=INSTANCES, seed=1, latency=LATENCY, operation_delay=0.0) as sandbox,
        sandbox.serve() as running,
    ):
        settings = parse(json.dumps(sandbox.default_configuration()).encode(), Path("sandbox.yaml"))
        endpoints = cloud.Endpoints.from_environment(running.environment())
        yield Scene(sandbox, settings, endpoints, datetime.now(timezone.utc))


def one_request_at_a_time(scene: Scene) -> float:
    """Seconds that a client takes which asks six things of each instance, one after the other, on one connection."""
    with scene.connect(concurrency=1) as client:
        client.list_instances(scene.settings.plan)
        started = time.perf_counter()
        for configured in scene.settings.instances:
            crn = configured.crn
            base = scene.endpoints.quantum_base(crn.region)
            client.usage(crn)
            for days in (1, 3, 7, 14):
                start = scene.now - timedelta(days=days)
                since = {crn: start.date()}
                client.daily_usage(base, scene.settings.account_id, scene.settings.plan, since, scene.now)
            client.read(crn)
        return time.perf_counter() - started


def test_a_snapshot_is_forty_times_faster_than_one_request_at_a_time(benchmark: BenchmarkFixture, scene: Scene) -> None:
    snapshot = measured(benchmark, scene.snapshot, rounds=3, warmup_rounds=1)
    assert len(snapshot.usage) == len(scene.settings.instances)
    wall = median_seconds(benchmark)
    sequential = one_request_at_a_time(scene)
    pages = -(-INSTANCES // 100)
    round_trips = 1 + pages + len(scene.settings.instances) / IN_FLIGHT
    benchmark.extra_info |= {"sequential_seconds": sequential, "times_faster": sequential / wall}
    print(
        f"\nsnapshot {wall:.2f} s, {sequential / wall:.0f} times faster than {sequential:.1f} s for "
        f"{REQUESTS_ONE_AT_A_TIME} requests an instance; {wall / LATENCY:.0f} round trips, "
        f"{ROUND_TRIPS_ALLOWED * round_trips:.0f} allowed"
    )
    assert sequential / wall >= TIMES_FASTER
    assert wall <= ROUND_TRIPS_ALLOWED * round_trips * LATENCY


def test_writes_go_side_by_side_within_a_phase(benchmark: BenchmarkFixture, scene: Scene) -> None:
    """Three round trips for each change (read, write, read back), sixteen changes at a time."""
    snapshot = scene.snapshot()
    proposal = propose(snapshot, scene.settings, scene.now.date())
    changes = changes_of(proposal)

    def apply() -> None:
        ledger = Ledger.of(
            changes,
            cap=proposal.account.budget_seconds,
            total_held=proposal.pool.unconfigured_held_seconds + proposal.configured_held_seconds,
        )
        with scene.connect() as client:
            run = Executor(client, ledger, concurrency=IN_FLIGHT, pace=Pace()).run(changes)
        assert run.is_complete

    measured(benchmark, apply, rounds=1)
    wall = median_seconds(benchmark)
    in_sequence = 3 * LATENCY * len(changes)
    print(f"\n{len(changes)} changes in {wall:.2f} s; one at a time they would take {in_sequence:.0f} s at least")
    assert wall <= in_sequence / 4
    assert scene.sandbox.max_total_seconds() <= scene.sandbox.budget_seconds()


@pytest.mark.parametrize("output_format", ["table", "json"])
def test_ten_thousand_instances_within_300_mebibytes(tmp_path: Path, output_format: str) -> None:
    with Sandbox.create(instances=10_000, seed=1) as sandbox, sandbox.serve() as running:
        config = tmp_path / "config.yaml"
        config.write_text(json.dumps(sandbox.default_configuration()))
        code = (
            "import resource, sys\n"
            f"sys.argv = ['qauvern', 'analyze', '--config', {str(config)!r}, '--format', {output_format!r}]\n"
            "from qauvern.cli import main\n"
            "try:\n    main()\nfinally:\n"
            "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **running.environment()},
            capture_output=True,
            text=True,
            check=True,
        )
        asked = Counter(request.kind for request in sandbox.requests)
    peak = int(ran.stderr.split()[-1]) * 1024
    print(f"\nanalyze --format {output_format}: peak {peak / MEBIBYTE:.0f} MiB, {sum(asked.values()):,} requests")
    assert peak <= 300 * MEBIBYTE
