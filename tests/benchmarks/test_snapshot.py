"""A snapshot of a thousand instances: how long it takes, and how many requests."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from qauvern import cloud
from qauvern.balance import daily_usage_needed_since
from qauvern.config import parse
from qauvern.model import Snapshot
from qauvern.sandbox import Sandbox
from tests.benchmarks.measuring import measured

INSTANCES = 1_000
PAGE = 100
WINDOWS = 5
REGIONS = 2


def test_a_snapshot_of_a_thousand_instances(benchmark: BenchmarkFixture) -> None:
    """One official read for each configured instance; analytics by window and region, never by instance."""
    with Sandbox.create(instances=INSTANCES, seed=1) as sandbox, sandbox.serve() as running:
        settings = parse(json.dumps(sandbox.default_configuration()).encode(), Path("sandbox.yaml"))
        endpoints = cloud.Endpoints.from_environment(running.environment())
        now = datetime.now(timezone.utc) + timedelta(seconds=1)
        wanted = {one.crn: daily_usage_needed_since(one.net_grants, now.date()) for one in settings.instances}
        since = {crn: day for crn, day in wanted.items() if day is not None}

        def take() -> Snapshot:
            sandbox.clear_requests()
            with cloud.connect(endpoints, running.api_key) as client:
                return client.take_snapshot(settings, now=now, daily_since=since)

        snapshot = measured(benchmark, take, rounds=3, warmup_rounds=1)
        requests = Counter(request.kind for request in sandbox.requests)

    benchmark.extra_info["requests"] = sum(requests.values())
    print(f"\n{sum(requests.values())} requests for {INSTANCES} instances: {dict(requests)}")
    assert len(snapshot.usage) == len(settings.instances)
    assert requests["token"] == 1
    assert requests["account"] == 1
    assert requests["usage"] == len(settings.instances)
    assert requests["list"] <= -(-INSTANCES // PAGE)
    assert requests["analytics"] <= (WINDOWS + 1) * REGIONS
