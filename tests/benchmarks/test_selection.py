"""Selection by pattern of 10,000 instances: within 50 ms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from qauvern.model import InstanceSettings
from qauvern.plan import Selection
from tests.benchmarks.measuring import measured, median_seconds
from tests.helpers.make import crn, settings

COUNT = 10_000
MOST_SECONDS = 0.05


@pytest.mark.parametrize("only", [["dept-7-*"], ["*-99"], ["dept-1?-*", "dept-[2-4]-*"]], ids=" ".join)
def test_is_fast_enough(benchmark: BenchmarkFixture, only: list[str]) -> None:
    instances = tuple(InstanceSettings(f"dept-{i % 50}-{i}", crn(f"guid-{i}")) for i in range(COUNT))
    account = replace(settings([]), instances=instances)

    def select() -> int:
        selection = Selection.parse(only)
        assert not selection.unmatched(account)
        return len(selection.chosen(account))

    chosen = measured(benchmark, select, rounds=10, warmup_rounds=1)
    assert 0 < chosen < COUNT
    assert median_seconds(benchmark) <= MOST_SECONDS
