"""How many requests a snapshot takes: one official usage read for each instance, the pages, and few more."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from qauvern import cloud
from qauvern.config import parse
from qauvern.model import Settings
from qauvern.sandbox import Sandbox

FEW_MORE = 30


@pytest.mark.parametrize("count", [24, 150, 400])
@pytest.mark.parametrize("daily_for_all", [False, True], ids=["plain", "with daily usage of all"])
def test_a_snapshot_takes_one_read_an_instance_the_pages_and_at_most_30_more(count: int, daily_for_all: bool) -> None:
    with Sandbox.create(instances=count, seed=3) as sandbox, sandbox.serve() as running:
        settings = _settings(sandbox)
        now = datetime.now(timezone.utc)
        since = {one.crn: now.date() - timedelta(days=28) for one in settings.instances} if daily_for_all else {}
        with cloud.connect(cloud.Endpoints.from_environment(running.environment()), running.api_key) as client:
            snapshot = client.take_snapshot(settings, now=now, daily_since=since)
        asked = Counter(request.kind for request in sandbox.requests)
    configured = len(settings.instances)
    assert asked["usage"] == configured == len(snapshot.usage)
    assert asked["list"] <= -(-count // 100)
    assert sum(asked.values()) - asked["usage"] - asked["list"] <= FEW_MORE


def test_the_view_without_administrator_rights_takes_reads_pages_and_a_token() -> None:
    with Sandbox.create(instances=150, seed=3) as sandbox, sandbox.serve() as running:
        settings = _settings(sandbox)
        with cloud.connect(cloud.Endpoints.from_environment(running.environment()), running.api_key) as client:
            client.read_instances_view(settings, now=datetime.now(timezone.utc))
        asked = Counter(request.kind for request in sandbox.requests)
    assert asked == {"usage": len(settings.instances), "list": 2, "token": 1}


def test_a_token_that_expires_in_the_middle_is_renewed_once_for_all_workers() -> None:
    with Sandbox.create(instances=150, seed=3, latency=0.002) as sandbox, sandbox.serve() as running:
        settings = _settings(sandbox)
        revoked = False

        def revoke_in_the_middle(done: int, _total: int) -> None:
            nonlocal revoked
            if done > 40 and not revoked:
                revoked = True
                sandbox.revoke_tokens()

        with cloud.connect(cloud.Endpoints.from_environment(running.environment()), running.api_key) as client:
            client.take_snapshot(settings, now=datetime.now(timezone.utc), progress=revoke_in_the_middle)
        asked = Counter(request.kind for request in sandbox.requests)
    assert revoked
    assert asked["token"] == 2


def _settings(sandbox: Sandbox) -> Settings:
    return parse(json.dumps(sandbox.default_configuration()).encode(), Path("sandbox.yaml"))
