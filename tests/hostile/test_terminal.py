"""Names and messages that would steer a terminal are shown, not obeyed, wherever they come out."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qauvern.config import render_plain
from qauvern.sandbox import Call, Reply
from tests.hostile.conftest import HostileSite

CODES = "\x1b[31m\x07\r\x9b2J\u200b\u202e\u2028\x7f"
"""Red, a bell, back to the start, clear the screen in one character, nothing visible, backwards, a line end, delete."""
LIVE = f"evil{CODES}\nError: all is lost"
CONFIGURED = "evil\u202e\u200b\u2066\ufeff"
"""A config file takes no control characters in a name, but those that have no width."""
OWN_STYLE = re.compile("\x1b\\[[0-9;]*m")

COMMANDS: dict[str, list[str]] = {
    "show": ["show", "--daily"],
    "show, narrow": ["show"],
    "instances": ["instances"],
    "analyze": ["-vvv", "analyze", "--daily"],
    "analyze, previewed": ["analyze", "--preview-date", "2026-01-01"],
    "explain": ["explain", CONFIGURED],
    "dry run": ["optimize", "--dry-run"],
    "update, looked at": ["update", "--dry-run"],
    "update": ["update", "--yes"],
    "report": ["report", "--output", "report.html"],
    "configure": ["configure", "-a", "ACCOUNT", "-p", "premium", "--force", "-o", "new.yaml"],
    "optimize": ["-v", "optimize", "--yes"],
    "history": ["history"],
    "undo, looked at": ["undo", "--dry-run"],
    "undo": ["-v", "undo", "--yes"],
    "no such instance": ["explain", LIVE],
    "no such file": ["show", "--config", LIVE],
    "no such option": ["analyze", f"--{LIVE}"],
    "no such command": [LIVE],
    "bad date": ["analyze", "--preview-date", LIVE],
    "no such run": ["undo", LIVE],
    "create": ["create", "evil", "-t", CODES, "-g", "default", "-p", "premium"],
    "create, refused": ["create", LIVE, "-t", "us-east", "-g", "default", "-p", "premium"],
}


@pytest.fixture
def evil(hostile: HostileSite) -> HostileSite:
    """An account in which every instance has the name, in the config file too as far as that takes it."""
    configuration = hostile.configuration()
    configuration["instances"][0]["name"] = CONFIGURED
    hostile.write_config(render_plain(configuration, "Names that mean harm."))

    def bend(call: Call, reply: Reply) -> Reply:
        if call.kind == "get":
            return Reply(reply.status, {**reply.document, "name": LIVE}, reply.headers)
        if call.kind == "list":
            resources = [{**each, "name": LIVE} for each in reply.document["resources"]]
            return Reply(reply.status, {**reply.document, "resources": resources}, reply.headers)
        return reply

    hostile.bend = bend
    return hostile


def assert_shown(text: str, *, styled: bool = False) -> None:
    """Nothing in it steers a terminal, but for our own styles on one."""
    plain = OWN_STYLE.sub("", text) if styled else text
    bad = {char for char in plain if not char.isprintable() and char != "\n"}
    if styled:
        bad -= {"\r"}  # the progress bar's
    assert not bad, f"{bad} in {text!r}"
    assert not any(line.startswith("Error: all is lost") for line in plain.split("\n")), "a forged line"
    assert "evil\x1b" not in text, "a style that is not ours"


def arguments_of(site: HostileSite, command: str) -> list[str]:
    return [site.sandbox.account_id if each == "ACCOUNT" else each for each in COMMANDS[command]]


class TestEveryCommand:
    def test_shows_what_would_steer(self, evil: HostileSite) -> None:
        for command in COMMANDS:
            run = evil.qauvern(*arguments_of(evil, command), exits=None, columns=60 if "narrow" in command else None)
            assert_shown(run.output)
            if command in ("analyze", "show", "instances", "explain"):
                assert r"evil\u202e\u200b" in run.stdout
        page = (evil.folder / "report.html").read_text(encoding="utf-8")
        assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b\u202e\u2066]", page)

    def test_on_a_terminal_too(self, evil: HostileSite) -> None:
        for command in ("show", "analyze", "dry run", "update, looked at", "optimize", "history", "undo"):
            run = evil.qauvern(*arguments_of(evil, command), exits=None, colors=True, answers="y\n")
            assert_shown(run.stdout, styled=True)
            assert_shown(re.sub("\x1b\\[\\?25[lh]|\x1b\\[K", "", run.stderr), styled=True)

    def test_questions(self, evil: HostileSite) -> None:
        run = evil.qauvern("configure", "-a", "x", "-p", "premium", "-o", evil.config, exits=None, answers="n\n")
        assert_shown(run.output)
        other = evil.folder / f"evil{CODES.replace('/', '')}.yaml"
        other.write_text(evil.config.read_text())
        assert_shown(evil.qauvern("update", "--config", other, exits=None, answers="n\n").output)


class TestData:
    @pytest.mark.parametrize("command", [["show"], ["instances"], ["analyze"], ["explain", CONFIGURED]])
    def test_json_is_exact_and_escaped(self, evil: HostileSite, command: list[str]) -> None:
        run = evil.qauvern(*command, "--format", "json")
        assert_shown(run.stdout)
        assert CONFIGURED in _texts(run.json())

    def test_csv_is_exact_in_a_pipe_and_shown_on_a_terminal(self, evil: HostileSite) -> None:
        rows = list(csv.DictReader(io.StringIO(evil.qauvern("analyze", "--format", "csv").stdout)))
        assert CONFIGURED in [row["name"] for row in rows]
        assert_shown(evil.qauvern("analyze", "--format", "csv", colors=True).stdout)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


class TestWhatIbmSays:
    @pytest.mark.parametrize("kind", ["token", "list", "get", "patch", "account", "usage", "analytics"])
    def test_in_errors(self, hostile: HostileSite, kind: str) -> None:
        hostile.bend = lambda call, reply: (
            Reply(403, {"errors": [{"message": LIVE, "code": LIVE}], "trace": LIVE}) if call.kind == kind else reply
        )
        run = hostile.qauvern("-vv", "optimize", "--yes", exits=None)
        assert run.exit_code in (1, 3)
        assert_shown(run.output)
        assert "evil" in run.output
        assert_shown(hostile.qauvern("history", exits=0).output)
        for each in json.loads(hostile.qauvern("history", "--format", "json").stdout)["runs"]:
            assert_shown(hostile.qauvern("history", each["run"]).output)


class TestAsciiTerminal:
    @pytest.mark.parametrize(
        "variables",
        [
            {"PYTHONIOENCODING": "ascii"},
            {"LC_ALL": "C"},
            {"PYTHONUTF8": "0", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
        ],
    )
    def test_every_command_works(self, evil: HostileSite, variables: dict[str, str]) -> None:
        """Outside of this process, where Python chooses the encodings itself."""
        configuration = evil.configuration()
        configuration["instances"][0]["name"] = "Zürich 量子 \u202e"
        evil.write_config(render_plain(configuration, "Names of all kinds."))
        commands = [
            ["show", "--daily"],
            ["analyze"],
            ["analyze", "--format", "json"],
            ["explain", "Zürich 量子 \u202e"],
        ]
        commands += [["update", "--dry-run"], ["optimize", "--yes"], ["history"]]
        script = (
            "import json, sys\nfrom qauvern.cli import main\n"
            "for arguments in json.loads(sys.argv[1]):\n"
            "    try:\n        main(arguments)\n"
            "    except SystemExit as end:\n        assert not end.code, (arguments, end.code)\n"
        )
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
        ended = subprocess.run(
            [sys.executable, "-c", script, json.dumps(commands)],
            cwd=evil.folder,
            env=environment | evil.qauvern.environment | variables,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr.decode("utf-8", "replace")[-3_000:]
        assert_shown(ended.stdout.decode())
        if "PYTHONIOENCODING" in variables:
            assert ended.stdout.isascii()
            assert rb"Z\xfcrich" in ended.stdout


def test_a_state_folder_of_any_name(hostile: HostileSite, tmp_path: Path) -> None:
    folder = tmp_path / f"state{CODES}"
    hostile.qauvern.environment["QAUVERN_STATE_DIR"] = str(folder)
    assert hostile.optimize().exit_code == 0
    (next(folder.rglob("*.jsonl")).parent / "broken.jsonl").write_text("{}")
    for command in (["history"], ["undo", "--yes"]):
        assert_shown(hostile.qauvern(*command, exits=0).output)
