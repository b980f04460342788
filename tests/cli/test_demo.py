"""demo: a guided run of the main job, without questions."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path

import pytest

from tests.helpers.cli import Qauvern


@pytest.fixture(autouse=True)
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


class TestDemo:
    def test_runs_every_step_and_shows_before_and_after(self, qauvern: Qauvern) -> None:
        run = qauvern("demo", columns=100)
        commands = re.findall(r"^\$ \S+ qauvern --sandbox (\w+)", run.stdout, re.MULTILINE)
        assert commands == ["configure", "show", "analyze", "optimize", "show", "undo"]
        assert "underutilized instances held" in run.stdout
        last_table = run.stdout[run.stdout.rindex("Name ") :].splitlines()[0].split()
        assert {"Before", "Now"} <= set(last_table)

    def test_counts_the_same_idle_instances_in_every_step(self, qauvern: Qauvern) -> None:
        shown = " ".join(qauvern("demo").stdout.split())
        figures = r"([\d,]+) s\D* used ([\d,.]+) s"
        analyzed = re.search(rf"Underutilized: (\d+) instances hold {figures}", shown)
        moved = re.search(rf"The (\d+) underutilized instances held {figures}", shown)
        assert analyzed is not None
        assert moved is not None
        assert analyzed.groups() == moved.groups()

    def test_puts_the_values_back_at_the_end(self, qauvern: Qauvern) -> None:
        run = qauvern("demo")
        shows = [part for part in re.split(r"^\$ ", run.stdout, flags=re.MULTILINE) if "--sandbox show" in part]
        first, _ = shows
        again = shlex.split(first.splitlines()[0])
        variable, value = again[0].split("=")
        assert qauvern(*again[2:], env={variable: value}).stdout in first

    def test_every_command_that_it_names_works_afterwards(self, qauvern: Qauvern) -> None:
        run = qauvern("demo", "--instances", "4")
        named = re.findall(r"(QAUVERN_STATE_DIR)=(\S+) qauvern (--sandbox (?!configure)[^`\n]*)", run.output)
        assert len(named) > 8
        for variable, folder, command in named:
            words = re.split(r" (?:shows|applies|takes) ", command)[0].split()
            qauvern(*words, env={variable: folder}, answers="n\n")

    def test_leaves_the_kept_sandbox_alone(self, qauvern: Qauvern) -> None:
        before = qauvern("--sandbox", "show").stdout
        qauvern("demo", "--instances", "6", "--seed", "9")
        assert qauvern("--sandbox", "show").stdout == before

    @pytest.mark.parametrize("seed", range(1, 6))
    def test_works_for_the_smallest_account_of_any_seed(self, qauvern: Qauvern, seed: int) -> None:
        qauvern("demo", "--instances", "3", "--seed", str(seed))

    def test_needs_no_network_variables_and_ignores_those_there_are(self, qauvern: Qauvern) -> None:
        qauvern("demo", "--instances", "4", env={"IBMCLOUD_IAM_API_ENDPOINT": "http://127.0.0.1:1"})

    def test_too_few_instances_is_bad_usage(self, qauvern: Qauvern) -> None:
        qauvern("demo", "--instances", "2", exits=2)
