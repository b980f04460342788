"""Starting up costs little more than click does."""

from __future__ import annotations

import compileall
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

import qauvern
from qauvern.cli import COMMANDS
from tests.benchmarks.measuring import measured

MOST_TIMES_CLICK = 1.6
ROUNDS = 11

CLICK = [sys.executable, "-c", "import click"]
STARTS = {
    "import qauvern": "import qauvern",
    "import qauvern.cli": "import qauvern.cli",
    **{
        f"qauvern {' '.join(arguments)}": f"from qauvern.cli import main; main({arguments})"
        for arguments in [["--help"], *([command, "--help"] for command in COMMANDS)]
    },
}


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    """As installed: click's modules are compiled already, and so are ours."""
    assert compileall.compile_dir(str(Path(qauvern.__path__[0])), quiet=1)


@pytest.mark.parametrize("name", STARTS)
def test_it_starts_within_1_6_times_click(benchmark: BenchmarkFixture, name: str) -> None:
    """Both are measured in turns, and their fastest counts: what else runs only adds to it."""
    click_seconds, own_seconds = [], []
    for _ in range(ROUNDS):
        click_seconds.append(seconds_of(CLICK))
        own_seconds.append(seconds_of([sys.executable, "-c", STARTS[name]]))
    ratio = min(own_seconds) / min(click_seconds)
    benchmark.extra_info["times click"] = round(ratio, 2)
    measured(benchmark, lambda: seconds_of([sys.executable, "-c", STARTS[name]]), rounds=5)
    print(f"\n{name}: {ratio:.2f} times `import click` ({min(click_seconds) * 1000:.0f} ms)")
    assert ratio <= MOST_TIMES_CLICK


def seconds_of(command: list[str]) -> float:
    """Seconds of processor time, which a busy machine changes little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
