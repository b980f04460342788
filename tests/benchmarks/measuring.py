"""pytest-benchmark with types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pytest_benchmark.fixture import BenchmarkFixture

T = TypeVar("T")


def measured(benchmark: BenchmarkFixture, function: Callable[[], T], *, rounds: int, warmup_rounds: int = 0) -> T:
    """What the function returns, after so many rounds of it were measured."""
    pedantic: Callable[..., Any] = benchmark.pedantic
    result: T = pedantic(function, rounds=rounds, iterations=1, warmup_rounds=warmup_rounds)
    return result


def median_seconds(benchmark: BenchmarkFixture) -> float:
    """The median of what was measured so far."""
    measured_so_far: Any = benchmark.stats
    return float(measured_so_far.stats.median)
