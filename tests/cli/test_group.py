"""The group: help, version, global options, streams, colours, encodings, and how it ends."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from qauvern.cli import COMMANDS
from tests.helpers.cli import SECRETS, Qauvern, Site, start

MODULES_AFTER_HELP = """
import json, sys
from qauvern.cli import main
loaded = {}
for command in sys.argv[1:]:
    try:
        main([*command.split(), "--help"])
    except SystemExit:
        loaded[command] = sorted(sys.modules)
print(json.dumps(loaded))
"""
SLOW = {
    *("requests", "urllib3", "yaml", "dateutil", "wcwidth", "filelock", "jinja2"),
    *("sqlite3", "pathlib", "ssl", "socket", "http", "email", "logging", "tempfile", "decimal", "concurrent"),
}


class TestHelp:
    @pytest.mark.parametrize("option", ["-h", "--help"])
    def test_lists_every_command(self, qauvern: Qauvern, option: str) -> None:
        run = qauvern(option)
        for name, does in COMMANDS.items():
            assert f"  {name}" in run.stdout
            assert does in run.stdout
        assert run.stderr == ""

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_has_its_own(self, qauvern: Qauvern, name: str) -> None:
        assert f"Usage: qauvern {name}" in qauvern(name, "-h").stdout

    def test_loads_little(self) -> None:
        """What makes a start slow is loaded when a command runs, not for its help."""
        done = subprocess.run(
            [sys.executable, "-c", MODULES_AFTER_HELP, *COMMANDS, "sandbox show"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        loaded = json.loads(done.stdout.splitlines()[-1])
        assert set(loaded) == {*COMMANDS, "sandbox show"}
        for name, modules in loaded.items():
            own = {each for each in modules if each.startswith("qauvern.") and not each.startswith("qauvern.cli")}
            assert own <= {"qauvern.errors", "qauvern.render", "qauvern.render.text", "qauvern.help"}, name
            assert not SLOW & {each.split(".")[0] for each in modules}, name

    def test_version(self, qauvern: Qauvern) -> None:
        assert qauvern("--version").stdout == f"qauvern {version('qauvern')}\n"


class TestBadUsage:
    @pytest.mark.parametrize(
        ("arguments", "names"),
        [
            (["dance"], "dance"),
            (["--dance"], "--dance"),
            (["show", "--dance"], "--dance"),
            (["show", "extra"], "extra"),
            (["show", "--format", "xml"], "xml"),
            (["--concurrency", "0", "show"], "--concurrency"),
            (["--concurrency", "65", "show"], "--concurrency"),
            (["sandbox", "dance"], "dance"),
        ],
        ids=" ".join,
    )
    def test_is_2_and_names_it(self, site: Site, arguments: list[str], names: str) -> None:
        run = site.qauvern(*arguments, exits=2)
        assert names in run.stderr
        assert run.stdout == ""
        assert run.requests == ()

    def test_a_bad_variable_is_named(self, site: Site) -> None:
        assert "many" in site.qauvern("show", env={"QAUVERN_CONCURRENCY": "many"}, exits=2).stderr

    @pytest.mark.parametrize(
        ("arguments", "nearest"),
        [(["analyse"], "analyze"), (["sandbox", "rest"], "reset"), (["sandbox", "show", "--no-colour"], "--no-color")],
    )
    def test_a_slip_of_the_keyboard_is_answered_with_what_is_nearest(
        self, qauvern: Qauvern, arguments: list[str], nearest: str
    ) -> None:
        assert f"'{nearest}'" in qauvern(*arguments, exits=2).stderr


class TestGlobalOptions:
    """They are taken before a command, after it, and on both sides."""

    @pytest.mark.parametrize(
        "arguments",
        [["--sandbox", "-q", "show"], ["show", "--sandbox", "-q"], ["-q", "show", "--sandbox"]],
        ids=" ".join,
    )
    def test_are_taken_before_and_after(self, qauvern: Qauvern, arguments: list[str]) -> None:
        run = qauvern(*arguments)
        assert "Cur Alloc" in run.stdout
        assert run.stderr == ""

    def test_go_on_in_what_is_said_next(self, qauvern: Qauvern) -> None:
        assert "qauvern --sandbox optimize" in qauvern("analyze", "--sandbox").stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--sandbox", "--staging", "show"],
            ["--sandbox", "show", "--staging"],
            ["--staging", "show", "--sandbox"],
            ["show", "--staging", "--sandbox"],
            ["sandbox", "--staging", "show", "--sandbox"],
        ],
        ids=" ".join,
    )
    def test_sandbox_and_staging_exclude_each_other(self, qauvern: Qauvern, arguments: list[str]) -> None:
        assert "--staging" in qauvern(*arguments, exits=2).stderr

    @pytest.mark.parametrize("arguments", [["--sandbox", "show"], ["show", "--sandbox"]], ids=" ".join)
    def test_sandbox_goes_before_the_variable_for_staging(self, qauvern: Qauvern, arguments: list[str]) -> None:
        qauvern(*arguments, env={"IBMCLOUD_STAGING": "1"})

    def test_what_stands_after_goes_before_the_variable(self, site: Site) -> None:
        site.qauvern("show", "--concurrency", "2", env={"QAUVERN_CONCURRENCY": "3"})
        site.qauvern("show", "--concurrency", "65", env={"QAUVERN_CONCURRENCY": "3"}, exits=2)

    def test_no_color_counts_after_the_command_too(self, site: Site) -> None:
        assert "\x1b[" not in site.qauvern("show", "--no-color", "-c", "absent.yaml", colors=True, exits=2).stderr

    def test_are_named_in_the_help_of_a_command(self, qauvern: Qauvern) -> None:
        shown = qauvern("show", "--help").stdout
        assert all(name in shown for name in ("--staging", "--sandbox", "--concurrency", "-v", "-q", "--no-color"))


class TestConfigFile:
    @pytest.mark.parametrize("command", ["show", "instances", "analyze", "optimize"])
    def test_every_mistake_is_told_with_its_place_before_any_request(self, site: Site, command: str) -> None:
        site.write_config("account_id: acc\nplan: gold\nminimum_allocation_seconds: 1.5\ninstances: []\nextra: 1\n")
        run = site.qauvern(command, exits=2)
        for place in ("config.yaml:2:7: ", "config.yaml:3:29: ", "config.yaml:5:1: "):
            assert place in run.stderr
        assert run.requests == ()
        assert run.stdout == ""

    def test_a_missing_file_says_how_to_make_one(self, site: Site) -> None:
        site.config.unlink()
        assert "qauvern configure" in site.qauvern("show", exits=2).stderr

    def test_the_variable_names_another_file(self, site: Site) -> None:
        site.config.rename(site.folder / "other.yaml")
        site.qauvern("show", env={"QAUVERN_CONFIG": "other.yaml"})


class TestStreams:
    def test_quiet_leaves_only_warnings_and_errors(self, site: Site) -> None:
        for command in ("show", "analyze", "instances", "optimize --dry-run"):
            assert site.qauvern("--quiet", *command.split(), columns=80).stderr == ""
        assert "Next:" in site.qauvern("show").stderr
        site.set_budget(100_000)
        assert "Warning" in site.qauvern("-q", "show").stderr

    def test_verbose_tells_each_request_on_stderr(self, site: Site) -> None:
        run = site.qauvern("-v", "show", "--format", "json")
        assert run.json()
        told = [line for line in run.stderr.splitlines() if " -> 200 in " in line]
        assert len(told) == len(run.requests)

    @pytest.mark.parametrize("fault", ["token=500:1", "analytics=403", "usage=404", "patch=403"])
    @pytest.mark.usefixtures("no_waiting")
    def test_no_secret_is_ever_told(self, site: Site, fault: str) -> None:
        site.sandbox.inject(fault)
        run = site.qauvern("-vv", "optimize", "--yes", exits=None)
        assert run.stderr
        assert not [secret for secret in SECRETS if secret in run.output]

    def test_a_key_on_the_command_line_is_warned_of_and_not_repeated(self, site: Site) -> None:
        run = site.qauvern("show", "--api-key", site.sandbox.api_key)
        assert "process list" in run.stderr

    def test_a_key_in_a_file_is_taken_without_a_warning(self, site: Site) -> None:
        (site.folder / "key").write_text(site.sandbox.api_key + "\n")
        del site.qauvern.environment["IBMCLOUD_API_KEY"]
        assert "Warning" not in site.qauvern("show", "--api-key", "@key").stderr

    def test_without_a_terminal_and_columns_tables_are_never_cut(self, site: Site) -> None:
        run = site.qauvern("analyze")
        assert "Not shown" not in run.stderr
        assert "Reason" in run.stdout


class TestColor:
    @pytest.mark.parametrize(
        ("options", "env", "colored"),
        [
            pytest.param([], {}, True, id="terminal"),
            pytest.param([], {"NO_COLOR": "1"}, False, id="NO_COLOR"),
            pytest.param(["--no-color"], {}, False, id="--no-color"),
        ],
    )
    @pytest.mark.parametrize("config", ["config.yaml", "absent.yaml"], ids=["done", "error"])
    def test_only_at_a_terminal_and_only_if_wanted(
        self, site: Site, config: str, options: list[str], env: dict[str, str], colored: bool
    ) -> None:
        run = site.qauvern(*options, "show", "-c", config, env=env, colors=True, exits=None)
        assert bool(re.search(r"\x1b\[[0-9;]*m", run.output)) is colored

    def test_never_into_a_pipe(self, site: Site) -> None:
        assert "\x1b[" not in site.qauvern("show").output


class TestFaultsOfItsOwn:
    def test_are_told_in_one_line_with_how_to_see_more(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("qauvern.render.views.instance_views", lambda *_: 1 // 0)
        run = site.qauvern("show", exits=1)
        assert "a bug in qauvern" in run.stderr
        assert "-vv" in run.stderr

    @pytest.mark.parametrize(
        "arguments", [["-vv", "show"], ["-v", "show", "-v"], ["show", "--verbose", "--verbose"], ["show", "-qvv"]]
    )
    def test_show_where_they_happened_when_very_verbose(
        self, site: Site, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
    ) -> None:
        monkeypatch.setattr("qauvern.render.views.instance_views", lambda *_: 1 // 0)
        assert "ZeroDivisionError" in site.qauvern(*arguments, exits=1, traceback=True).stderr


class TestInterrupted:
    def test_ctrl_c_while_reading_is_130_without_a_traceback(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("qauvern.render.views.instance_views", interrupted)
        run = site.qauvern("show", exits=130)
        assert run.stderr.endswith("Interrupted.\n")


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
class TestProcess:
    """What only a process of its own shows."""

    def test_a_reader_that_goes_away_is_no_traceback(self, tmp_path: Path) -> None:
        with start("--sandbox", "analyze", "--format", "json", folder=tmp_path) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            stderr = process.stderr.read()
            assert process.wait(20) in (0, 1)
        assert "Traceback" not in stderr
        assert "Exception ignored" not in stderr

    @pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
    def test_an_encoding_that_lacks_characters_is_no_error(self, site: Site, encoding: str) -> None:
        configuration = site.configuration()
        configuration["instances"][0]["name"] = "量子"
        site.write_config(configuration)
        site.qauvern.environment["PYTHONIOENCODING"] = encoding
        with site.start("show") as process:
            stdout, stderr = process.communicate(timeout=20)
        assert process.returncode == 0, stderr
        assert "aerospace" not in stdout
        with site.start("show", "--format", "json") as process:
            stdout, _ = process.communicate(timeout=20)
        assert json.loads(stdout)["instances"][-1]["name"] == "量子"
