"""The fenced blocks of the documents marked `console`: how they are read, run, and compared with what comes out.

A line that begins with `$ ` is a command; what it says, on stdout and stderr, stands below it. The commands of a block
run one after the other, as on a terminal 80 columns wide, on the sandbox account as a reset leaves it at `NOW`. Beside
`qauvern` a block may say `cat FILE` and `echo $?`. A prompt's answer stands behind it, as a person sees it.

What differs from run to run:

- a line `...` stands for any lines, and `...` within a line for any text;
- a run's id stands for the id that the run got, the same one all through the block, in commands too;
- a moment such as `2026-03-02 09:30`, and the number of a process, stand for any other;
- the port of `--port` stands for a free one.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property, partial
from pathlib import Path
from unittest import mock

import pytest

from qauvern.cli import main
from qauvern.help import page
from qauvern.sandbox import Sandbox
from tests.helpers.cli import Stream

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)
"""When all examples run: their dates are those of this day."""

COLUMNS = "80"
HOME = "/home/ann"
"""What the documents write for the home folder."""

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN_ID = r"\d{8}T\d{6}Z-[0-9a-f]{4}"
_MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?"
_PROCESS = r"process \d+"
_ANSWER = re.compile(r"\[y/N\]: (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Step:
    """One command, and the lines that are to come of it."""

    command: str
    expected: tuple[str, ...]

    @property
    def answers(self) -> list[str]:
        """What a person types."""
        return _ANSWER.findall("\n".join(self.expected))


@dataclass(frozen=True)
class ConsoleExample:
    """One block, at its line of the document."""

    line: int
    steps: tuple[Step, ...]


def console_examples(text: str) -> list[ConsoleExample]:
    return [
        ConsoleExample(text.count("\n", 0, match.start()) + 1, tuple(steps(match[1]))) for match in BLOCK.finditer(text)
    ]


def steps(block: str) -> Iterator[Step]:
    first, *parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert not first, f"this stands before the first command: {first}"
    for part in parts:
        command, *lines = part.splitlines()
        yield Step(command, tuple(line.rstrip() for line in lines if line.strip() or line is not lines[-1]))


@dataclass
class Console:
    """A shell in a folder of its own: enough of one for the examples."""

    folder: Path
    environment: Mapping[str, str]
    last_status: int = 0
    run_ids: dict[str, str] = field(default_factory=dict)
    """The run ids of the documents, and those they stand for."""
    ports: dict[str, str] = field(default_factory=dict)
    """The ports likewise."""

    def run(self, step: Step) -> list[str]:
        """What the command says, line by line."""
        command = re.sub(RUN_ID, lambda match: self.run_ids.get(match[0], match[0]), step.command)
        command = re.sub(r"(?<=--port )\d+", lambda match: self.ports.setdefault(match[0], _free_port()), command)
        if command == "echo $?":
            return [str(self.last_status)]
        words = shlex.split(command)
        variables = {}
        while words and re.match(r"[A-Z_]+=", words[0]):
            name, _, variables[name] = words.pop(0).partition("=")
        program, *arguments = words
        if program == "cat":
            return "".join((self.folder / name).read_text() for name in arguments).splitlines()
        assert program == "qauvern", f"an example runs {program}"
        said = self._qauvern(arguments, variables, step.answers)
        said = said.replace(self.environment["HOME"], HOME)
        for documented, port in self.ports.items():
            said = said.replace(f":{port}/", f":{documented}/")
        return [line.rstrip() for line in said.splitlines()]

    def _qauvern(self, arguments: list[str], variables: Mapping[str, str], answers: list[str]) -> str:
        output = Stream()
        keyboard = _Keyboard("".join(f"{answer}\n" for answer in answers), output)
        with (
            mock.patch.dict(os.environ, {**self.environment, **variables}),
            mock.patch.multiple(sys, stdin=keyboard, stdout=output, stderr=output),
        ):
            try:
                main(arguments)
            except SystemExit as end:
                self.last_status = end.code if isinstance(end.code, int) else 1
        return output.written

    def matches(self, step: Step, said: list[str]) -> bool:
        """Whether the lines are those that are expected; learns what the run ids in them stand for."""
        match = re.fullmatch(_pattern(step.expected, self.run_ids), "".join(f"{line}\n" for line in said))
        if match is None:
            return False
        self.run_ids |= {_documented(group): run_id for group, run_id in match.groupdict().items()}
        return True

    def documented(self, line: str) -> str:
        """A line that a command said, with the run ids of the documents."""
        for documented, run_id in self.run_ids.items():
            line = line.replace(run_id, documented)
        return line


class _Keyboard(Stream):
    """Shows what is typed, as a terminal does."""

    def __init__(self, text: str, screen: Stream) -> None:
        super().__init__(text, is_terminal=bool(text))
        self._screen = screen

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        typed = super().readline(size)
        self._screen.write(typed)
        return typed


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _pattern(expected: tuple[str, ...], run_ids: Mapping[str, str]) -> str:
    known = dict(run_ids)
    return "".join(r"(?:.*\n)*?" if line == "..." else line_pattern(line, known) + r"\n" for line in expected)


def line_pattern(line: str, known: dict[str, str] | None = None) -> str:
    """What the line stands for. Run ids in it are those `known`, by the ids of the documents, or any."""
    known = {} if known is None else known
    parts = re.split(rf"({RUN_ID}|{_MOMENT}|{_PROCESS}|\.\.\.)", line)
    return "".join(_part_pattern(part, known) for part in parts)


def _part_pattern(part: str, known: dict[str, str]) -> str:
    if part == "...":
        return ".*?"
    if re.fullmatch(_MOMENT, part):
        return _MOMENT
    if re.fullmatch(_PROCESS, part):
        return _PROCESS
    if not re.fullmatch(RUN_ID, part):
        return re.escape(part)
    if part in known:
        return known[part]
    group = "run_" + part.replace("-", "_")
    known[part] = f"(?P={group})"
    return f"(?P<{group}>{RUN_ID})"


def _documented(group: str) -> str:
    return group.removeprefix("run_").replace("_", "-")


@dataclass
class Consoles:
    """Makes fresh consoles, each with the sandbox account of `NOW`; `files` are in their folders, by name."""

    folder: Path
    files: Mapping[str, str]
    """What an example may name, and what is added to the sandbox's config file to make it."""

    @classmethod
    def of_the_manual(cls, folder: Path) -> Consoles:
        """With `guarded.yaml`: the sandbox's config file with the lines that the manual shows for guardrails."""
        guardrails = re.search(r"^```yaml\n(guardrails:\n.*?)^```$", page("configuration"), re.MULTILINE | re.DOTALL)
        assert guardrails
        return cls(folder, {"guarded.yaml": guardrails[1]})

    @cached_property
    def _account(self) -> Path:
        """The state folder of a sandbox that has just been reset."""
        from qauvern.actions.sandbox import write_sandbox_config

        account = self.folder / "account"
        with Sandbox.create(now=NOW, folder=account / "sandbox") as sandbox:
            write_sandbox_config(sandbox, account / "sandbox" / "config.yaml")
        return account

    @contextmanager
    def fresh(self, name: str) -> Iterator[Console]:
        """A console whose clock stands at `NOW` and runs on."""
        home = self.folder / name
        state, folder = home / ".local" / "state" / "qauvern", home / "work"
        folder.mkdir(parents=True)
        shutil.copytree(self._account, state)
        own_config = (state / "sandbox" / "config.yaml").read_text()
        for file, addition in self.files.items():
            (folder / file).write_text(own_config + addition)
        ahead = NOW - datetime.now(timezone.utc)
        before = Path.cwd()
        os.chdir(folder)
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.delenv("XDG_STATE_HOME", raising=False)
                patch.setattr("qauvern.actions.workplace.utc_now", lambda: datetime.now(timezone.utc) + ahead)
                patch.setattr(Sandbox, "create", partial(Sandbox.create, now=NOW))
                patch.setattr(Sandbox, "wait", lambda _sandbox: None)
                patch.setattr(socket, "gethostname", lambda: "ops")
                patch.setattr(tempfile, "tempdir", str(home))
                yield Console(folder, {"HOME": str(home), "LOGNAME": "ann", "COLUMNS": COLUMNS})
        finally:
            os.chdir(before)
