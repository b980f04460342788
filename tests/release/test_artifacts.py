"""What is shipped, run as a newcomer would: the pex with a system Python, wheel and sdist in an empty environment.

`just release-test` builds dist/ first; the default test run leaves this folder out.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

import pytest

from qauvern.help import TOPICS

pytestmark = pytest.mark.timeout(600)

DIST = Path(__file__).parents[2] / "dist"
STARTUP_RATIO = 1.5
ROUNDS = 9


def run(command: Sequence[str | Path], home: Path, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Runs a command with nothing of this process's environment but the system's folders."""
    home.mkdir(exist_ok=True)
    environment = {"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
    ran = subprocess.run([str(each) for each in command], env=environment, capture_output=True, text=True, check=False)
    assert not check or ran.returncode == 0, f"{ran.args} ended with {ran.returncode}\n{ran.stdout}\n{ran.stderr}"
    return ran


def only(pattern: str) -> Path:
    found = list(DIST.glob(pattern))
    assert len(found) == 1, f"{DIST / pattern}: {found}; build it with `just dist`"
    return found[0]


class TestPex:
    pex = DIST / "qauvern.pex"

    def test_runs_the_demo_in_an_empty_home(self, tmp_path: Path) -> None:
        told = run([self.pex, "demo"], tmp_path / "home").stdout
        assert " s moved" in told

    def test_does_the_main_job_on_the_sandbox(self, tmp_path: Path) -> None:
        home = tmp_path / "home"
        before = json.loads(run([self.pex, "--sandbox", "analyze", "--format", "json"], home).stdout)
        run([self.pex, "--sandbox", "optimize", "--yes"], home)
        after = json.loads(run([self.pex, "--sandbox", "analyze", "--format", "json"], home).stdout)
        wanted = {each["crn"]: each["new_allocation_seconds"] for each in before["instances"]}
        assert {each["crn"]: each["current_allocation_seconds"] for each in after["instances"]} == wanted
        assert "complete" in run([self.pex, "--sandbox", "history"], home).stdout
        run([self.pex, "--sandbox", "undo", "--yes"], home)
        undone = json.loads(run([self.pex, "--sandbox", "analyze", "--format", "json"], home).stdout)
        held = {each["crn"]: each["current_allocation_seconds"] for each in before["instances"]}
        assert {each["crn"]: each["current_allocation_seconds"] for each in undone["instances"]} == held

    @pytest.mark.parametrize("arguments", [["update", "--yes"], ["explain", "drug-docking"], ["instances"], ["show"]])
    def test_runs_the_other_commands_on_the_sandbox(self, tmp_path: Path, arguments: list[str]) -> None:
        run([self.pex, "--sandbox", *arguments], tmp_path / "home")

    def test_shows_every_page_of_the_manual(self, tmp_path: Path) -> None:
        for topic in TOPICS:
            told = run([self.pex, "help", topic], tmp_path / "home").stdout
            assert told.splitlines()[0].lower().replace(" ", "-") == topic

    def test_report_says_what_it_needs(self, tmp_path: Path) -> None:
        told = run([self.pex, "--sandbox", "report", "-o", tmp_path / "report.html"], tmp_path / "home", check=False)
        assert (told.returncode, "qauvern[report]" in told.stderr) == (1, True)

    def test_starts_within_one_and_a_half_times_the_installed_command(self, tmp_path: Path) -> None:
        installed = Path(sys.executable).with_name("qauvern")
        home = tmp_path / "home"
        run([self.pex, "--help"], home)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(ROUNDS):
            for command, seconds in ((self.pex, ours), (installed, theirs)):
                started = time.perf_counter()
                run([command, "--help"], home)
                seconds.append(time.perf_counter() - started)
        ratio = statistics.median(ours) / statistics.median(theirs)
        print(f"\nqauvern.pex --help: {ratio:.2f} times the installed command")
        assert ratio <= STARTUP_RATIO


@pytest.mark.parametrize("pattern", ["qauvern-*.whl", "qauvern-*.tar.gz"], ids=["wheel", "sdist"])
def test_installs_into_an_empty_environment_and_runs_the_demo(tmp_path: Path, pattern: str) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=True)
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet", only(pattern)]
    subprocess.run([str(each) for each in pip], check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    told = run([environment / "bin" / "qauvern", "demo"], tmp_path / "home").stdout
    assert " s moved" in told
    assert "What is not promised" in run([environment / "bin" / "qauvern", "help", "safety"], tmp_path / "home").stdout
    assert shutil.which("qauvern", path=str(environment / "bin")) is not None
