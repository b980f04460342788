"""Starting up costs little more than click does."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.measuring import measured

MOST_TIMES_CLICK = 1.6
ROUNDS = 25

CLICK = [sys.executable, "-c", "import click"]
COMMANDS = {
    "import qauvern.cli": [sys.executable, "-c", "import qauvern.cli"],
    "qauvern --help": [sys.executable, "-c", "from qauvern.cli import main; main(['--help'])"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_starts_within_1_6_times_click(benchmark: BenchmarkFixture, name: str) -> None:
    """Both are measured in turns, so that a busy machine slows both."""
    click_seconds, own_seconds = [], []
    for _ in range(ROUNDS):
        click_seconds.append(seconds_of(CLICK))
        own_seconds.append(seconds_of(COMMANDS[name]))
    ratio = statistics.median(own_seconds) / statistics.median(click_seconds)
    benchmark.extra_info["times click"] = round(ratio, 2)
    measured(benchmark, lambda: seconds_of(COMMANDS[name]), rounds=5)
    print(f"\n{name}: {ratio:.2f} times `import click` ({statistics.median(click_seconds) * 1000:.0f} ms)")
    assert ratio <= MOST_TIMES_CLICK


def seconds_of(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started
