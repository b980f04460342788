"""sandbox serve / reset / show, and any command with --sandbox."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from qauvern.config import load
from tests.helpers.cli import Qauvern, start


class TestOption:
    def test_the_main_job_needs_nothing_and_its_state_is_kept(self, qauvern: Qauvern) -> None:
        before = qauvern("--sandbox", "analyze", "--format", "json").json()
        qauvern("--sandbox", "optimize", "--yes")
        after = qauvern("--sandbox", "show", "--format", "json").json()
        assert [each["new_allocation_seconds"] for each in before["instances"]] == [
            each["allocation_seconds"] for each in after["instances"]
        ]

    def test_endpoint_variables_and_keys_are_ignored(self, qauvern: Qauvern) -> None:
        nobody = {"IBMCLOUD_IAM_API_ENDPOINT": "http://127.0.0.1:1", "IBMCLOUD_API_KEY": "@/does/not/exist"}
        qauvern("--sandbox", "show", env=nobody)

    def test_configure_takes_the_sandboxs_account(self, qauvern: Qauvern, tmp_path: Path) -> None:
        qauvern("--sandbox", "configure", "--output", "new.yaml")
        shown = qauvern("--sandbox", "show", "--format", "json").json()
        assert load(tmp_path / "new.yaml").account_id == shown["account"]["account_id"]

    def test_a_config_file_named_on_the_command_line_is_used(self, qauvern: Qauvern) -> None:
        run = qauvern("--sandbox", "show", "--config", "absent.yaml", exits=2)
        assert "absent.yaml" in run.stderr

    def test_with_staging_it_is_bad_usage(self, qauvern: Qauvern) -> None:
        run = qauvern("--sandbox", "--staging", "show", exits=2)
        assert "--staging" in run.stderr

    def test_create_provisions_there(self, qauvern: Qauvern) -> None:
        options = ["-t", "us-east", "-g", "default", "-p", "premium", "-a", "60"]
        crn = qauvern("--sandbox", "create", "new-team", *options).stdout.strip()
        qauvern("--sandbox", "configure", "--output", "new.yaml")
        assert crn in Path("new.yaml").read_text()


class TestReset:
    def test_equal_seeds_make_equal_accounts_others_do_not(self, qauvern: Qauvern) -> None:
        def held(seed: int) -> list[tuple[str, int]]:
            qauvern("sandbox", "reset", "--instances", "6", "--seed", str(seed))
            document = qauvern("--sandbox", "show", "--format", "json").json()
            return [(each["name"], each["allocation_seconds"]) for each in document["instances"]]

        first = held(7)
        assert held(7) == first
        assert held(8) != first

    def test_undoes_what_was_written(self, qauvern: Qauvern) -> None:
        before = qauvern("--sandbox", "show").stdout
        qauvern("--sandbox", "optimize", "--yes")
        assert qauvern("--sandbox", "show").stdout != before
        qauvern("sandbox", "reset")
        assert qauvern("--sandbox", "show").stdout == before

    @pytest.mark.parametrize("arguments", [["--instances", "2"], ["--instances", "x"], ["--seed", "x"]], ids=" ".join)
    def test_bad_usage(self, qauvern: Qauvern, arguments: list[str]) -> None:
        qauvern("sandbox", "reset", *arguments, exits=2)


class TestShow:
    def test_describes_the_account(self, qauvern: Qauvern) -> None:
        qauvern("sandbox", "reset", "--instances", "6", "--seed", "3")
        lines = dict(line.split("  ", 1) for line in qauvern("sandbox", "show").stdout.splitlines())
        assert lines["Seed"].strip() == "3"
        assert lines["Instances"].strip() == "6"


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
class TestServe:
    @pytest.fixture(params=["as it comes", "ignored"], autouse=True)
    def interrupts(self, request: pytest.FixtureRequest) -> Iterator[None]:
        """What the parent does about SIGINT, which its children inherit: a shell has background jobs ignore it."""
        wanted = signal.SIG_IGN if request.param == "ignored" else signal.default_int_handler
        before = signal.signal(signal.SIGINT, wanted)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: str(number.name))
    def test_prints_what_to_export_answers_and_ends_quietly(self, tmp_path: Path, number: signal.Signals) -> None:
        with start("sandbox", "serve", folder=tmp_path) as process:
            assert process.stdout is not None
            exports = [process.stdout.readline() for _ in range(5)]
            variables = dict(line.removeprefix("export ").rstrip().split("=", 1) for line in exports)
            base = variables["IBMCLOUD_IAM_API_ENDPOINT"].strip("'").removesuffix("/iam")
            with urlopen(f"{base}/_sandbox/account", timeout=5) as answer:
                assert json.load(answer)["instances"] == 24
            process.send_signal(number)
            stdout, stderr = process.communicate(timeout=20)
        assert set(variables) == {
            "IBMCLOUD_API_KEY",
            "IBMCLOUD_IAM_API_ENDPOINT",
            "IBMCLOUD_RESOURCE_CONTROLLER_API_ENDPOINT",
            "IBMCLOUD_QUANTUM_API_ENDPOINT",
            "IBMCLOUD_USER_MANAGEMENT_ENDPOINT",
        }
        assert process.returncode == 0
        assert stdout == ""
        assert "Traceback" not in stderr
        assert "Interrupted" not in stderr

    def test_while_it_is_served_another_command_says_who_has_it(self, qauvern: Qauvern, tmp_path: Path) -> None:
        with start("sandbox", "serve", folder=tmp_path) as process:
            assert process.stdout is not None
            process.stdout.readline()
            run = qauvern("sandbox", "show", exits=1)
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert "sandbox" in run.stderr

    @pytest.mark.parametrize("fault", ["nonsense", "patch=418teapot", "moon=500"])
    def test_a_fault_that_cannot_be_read_is_bad_usage(self, qauvern: Qauvern, fault: str) -> None:
        run = qauvern("sandbox", "serve", "--fault", fault, exits=2)
        assert "--fault" in run.stderr
