"""demo: a guided run of the main job, without questions."""

from __future__ import annotations

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
        steps = [run.stdout.index(f"$ qauvern {name}") for name in ("configure", "show", "analyze", "optimize")]
        assert steps == sorted(steps)
        assert run.stdout.rindex("$ qauvern show") > steps[-1]
        assert "idle instances held" in run.stdout
        last_table = run.stdout[run.stdout.rindex("Name ") :].splitlines()[0].split()
        assert {"Before", "Now"} <= set(last_table)

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
