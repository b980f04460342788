"""help: the manual's topics, its pages, commands' help, and the pager."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from qauvern.cli import COMMANDS
from qauvern.help import TOPICS, summary
from tests.helpers.cli import Qauvern, widest


class TestHelp:
    def test_lists_topics_with_their_summaries_and_commands(self, qauvern: Qauvern) -> None:
        told = " ".join(qauvern("help").stdout.split())
        assert [topic for topic in TOPICS if f"{topic} {summary(topic)}" not in told] == []
        assert [name for name, does in COMMANDS.items() if f"{name} {does}" not in told] == []

    @pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic != "practice"])  # names the sandbox's keys
    def test_shows_a_page(self, qauvern: Qauvern, topic: str) -> None:
        told = qauvern("help", topic, columns=60).stdout
        assert told.splitlines()[0].lower().replace(" ", "-") == topic
        assert "\x1b" not in told

    @pytest.mark.parametrize("words", [["Exit-Statuses"], ["exit", "statuses"]], ids=" ".join)
    def test_takes_a_topic_as_people_write_it(self, qauvern: Qauvern, words: list[str]) -> None:
        assert qauvern("help", *words).stdout == qauvern("help", "exit-statuses").stdout

    @pytest.mark.parametrize("command", [*COMMANDS, "sandbox serve"])
    def test_shows_the_help_of_a_command(self, qauvern: Qauvern, command: str) -> None:
        assert qauvern("help", *command.split()).stdout == qauvern(*command.split(), "--help").stdout

    @pytest.mark.parametrize(("words", "near"), [("safty", "safety"), ("optimise", "optimize"), ("xyzzy", None)])
    def test_an_unknown_topic_is_2_and_names_the_nearest(self, qauvern: Qauvern, words: str, near: str | None) -> None:
        run = qauvern("help", words, exits=2)
        assert words in run.stderr
        assert ("Did you mean" in run.stderr) is (near is not None)
        assert near is None or near in run.stderr.partition("Did you mean")[2]
        assert run.stdout == ""

    def test_lines_are_not_too_long_to_read(self, qauvern: Qauvern) -> None:
        assert widest(qauvern("help", "safety", columns=300).stdout) <= 100

    def test_completes_topics_and_commands(self, qauvern: Qauvern) -> None:
        env = {"_QAUVERN_COMPLETE": "bash_complete", "COMP_WORDS": "qauvern help e", "COMP_CWORD": "2"}
        completed = [line.partition(",")[2] for line in qauvern(env=env).stdout.splitlines()]
        assert completed == ["environment", "exit-statuses", "explain"]


def on_a_terminal(folder: Path, *arguments: str, **variables: str) -> str:
    """What qauvern shows on a terminal of its own."""
    ours, theirs = pty.openpty()
    environment = {key: value for key, value in os.environ.items() if key not in ("PAGER", "QAUVERN_PAGER", "LESS")}
    process = subprocess.Popen(
        [sys.executable, "-c", "from qauvern.cli import main; main()", *arguments],
        cwd=folder,
        env={**environment, "TERM": "xterm", **variables},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # that is how Linux says that the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait(timeout=30) == 0, shown
    return shown.decode().replace("\r\n", "\n")


MARKING = "sed s/^/paged:/"


class TestPager:
    @pytest.mark.parametrize(
        ("options", "variables", "is_paged"),
        [
            pytest.param([], {"QAUVERN_PAGER": MARKING}, True, id="QAUVERN_PAGER"),
            pytest.param([], {"PAGER": MARKING}, True, id="PAGER"),
            pytest.param([], {"PAGER": "false", "QAUVERN_PAGER": MARKING}, True, id="ours-wins"),
            pytest.param([], {"PAGER": MARKING, "QAUVERN_PAGER": ""}, False, id="none"),
            pytest.param([], {"PAGER": "cat"}, False, id="cat"),
            pytest.param([], {"PAGER": "/no/such/pager -x"}, False, id="not-installed"),
            pytest.param(["--no-pager"], {"PAGER": MARKING}, False, id="no-pager"),
        ],
    )
    def test_is_the_one_that_is_asked_for(
        self, tmp_path: Path, options: list[str], variables: dict[str, str], is_paged: bool
    ) -> None:
        shown = on_a_terminal(tmp_path, *options, "help", "grants", **variables)
        assert "Net grants" in shown
        assert ("paged:" in shown) is is_paged

    def test_gets_styles_unless_they_are_unwanted(self, tmp_path: Path) -> None:
        assert "\x1b[1mGrants" in on_a_terminal(tmp_path, "help", "grants", PAGER=MARKING)
        assert "\x1b" not in on_a_terminal(tmp_path, "--no-color", "help", "grants", PAGER=MARKING)

    def test_may_be_left_before_the_end(self, tmp_path: Path) -> None:
        shown = on_a_terminal(tmp_path, "help", "commands", PAGER="head -n 1")
        assert "Commands" in shown
        assert "optimize" not in shown

    def test_is_told_how_to_show_styles_and_to_end_by_itself(self, tmp_path: Path) -> None:
        assert "FRX" in on_a_terminal(tmp_path, "help", "grants", PAGER='echo "$LESS"; cat >/dev/null')
        assert "FRX" not in on_a_terminal(tmp_path, "help", "grants", PAGER='echo "$LESS"; cat >/dev/null', LESS="R")

    def test_shows_the_page_with_the_keys_of_the_sandbox(self, tmp_path: Path) -> None:
        assert "qauvern-sandbox-member" in on_a_terminal(tmp_path, "help", "practice", PAGER=MARKING)

    def test_is_not_used_for_a_pipe(self, qauvern: Qauvern) -> None:
        assert "Net grants" in qauvern("help", "grants", env={"PAGER": "false"}).stdout
