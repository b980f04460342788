"""One door to the command line for tests: runs it in-process, and shows everything when an assertion fails."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from qauvern.cli import main
from qauvern.sandbox import RequestRecord, RunningSandbox, Sandbox

PREMIUM = "7f666d17-7893-47d8-bf9d-2b2389fc4dfc"
"""The id of the premium plan."""

SECRETS = (Sandbox.api_key, Sandbox.member_api_key, "Bearer ", "access_token")
"""What no output may ever hold."""


class Stream(io.TextIOWrapper):
    """A standard stream in memory that may say of itself that it is a terminal."""

    def __init__(self, text: str = "", *, is_terminal: bool = False, encoding: str = "utf-8") -> None:
        self._memory = io.BytesIO(text.encode(encoding))
        super().__init__(self._memory, encoding=encoding, newline="\n", write_through=True)
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal

    @property
    def written(self) -> str:
        encoding = "utf-8" if self.encoding == "ascii" else self.encoding  # what click takes in its place
        return self._memory.getvalue().decode(encoding)


@dataclass(frozen=True)
class Run:
    """One run of qauvern: what it was given, and what came of it."""

    arguments: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    requests: tuple[RequestRecord, ...] = ()

    def json(self) -> Any:
        """stdout, which must be one JSON document and nothing else."""
        return json.loads(self.stdout)

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    @property
    def kinds(self) -> list[str]:
        """The kinds of the requests that this run made, in order."""
        return [record.kind for record in self.requests]

    @property
    def writes(self) -> list[RequestRecord]:
        return [record for record in self.requests if record.kind in ("patch", "create", "configuration")]

    def __str__(self) -> str:
        requests = "\n".join(
            f"{record.method} {record.path} -> {record.status} {record.fault}".rstrip() for record in self.requests
        )
        return (
            f"$ qauvern {' '.join(self.arguments)}\nexit code {self.exit_code}\n--- stdout\n{self.stdout}\n"
            f"--- stderr\n{self.stderr}\n--- requests\n{requests}"
        )


@dataclass
class Qauvern:
    """Runs qauvern in-process, in an environment of its own. Every run is kept for the report of a failure."""

    environment: dict[str, str] = field(default_factory=dict)
    sandbox: Sandbox | None = None
    runs: list[Run] = field(default_factory=list)

    def __call__(
        self,
        *arguments: str | Path,
        exits: int | None = 0,
        answers: str | None = None,
        piped: str = "",
        columns: int | None = None,
        env: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
        colors: bool = False,
        traceback: bool = False,
    ) -> Run:
        """Runs it. `exits` is the status it must end with (None: any).

        `answers` is what a person types; with it stdin is a terminal. `piped` is what stdin holds otherwise. `colors`
        makes stdout and stderr terminals. `traceback` says whether there must be one.
        """
        no_pager = {"QAUVERN_PAGER": ""}  # it would write to the real stdout
        variables = {
            **no_pager,
            **self.environment,
            **({} if columns is None else {"COLUMNS": str(columns)}),
            **(env or {}),
        }
        stdin = Stream(answers or piped, is_terminal=answers is not None)
        stdout, stderr = (Stream(is_terminal=colors, encoding=encoding) for _ in range(2))
        before = 0 if self.sandbox is None else len(self.sandbox.requests)
        texts = tuple(map(str, arguments))
        with (
            mock.patch.dict(os.environ, variables),
            mock.patch.multiple(sys, stdin=stdin, stdout=stdout, stderr=stderr),
        ):
            exit_code = _exit_code_of(texts)
        requests = () if self.sandbox is None else tuple(self.sandbox.requests[before:])
        run = Run(texts, exit_code, stdout.written, stderr.written, requests)
        self.runs.append(run)
        leaked = [secret for secret in SECRETS if secret in run.output]
        assert not leaked, f"{leaked} in the output"
        assert ("Traceback" in run.output) is traceback, "a traceback" if not traceback else "no traceback"
        if exits is not None:
            assert run.exit_code == exits, f"exit code {run.exit_code}, expected {exits}: {run.stderr}"
        return run

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.runs))


def _exit_code_of(arguments: tuple[str, ...]) -> int:
    try:
        main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    raise AssertionError("main() did not exit")


@dataclass
class Site:
    """A served sandbox account, a config file for it, and qauvern pointed at both by the environment."""

    sandbox: Sandbox
    running: RunningSandbox
    folder: Path
    qauvern: Qauvern

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    def configuration(self) -> dict[str, Any]:
        """The config file that goes with the account, as plain data."""
        return self.sandbox.default_configuration()

    def write_config(self, configuration: dict[str, Any] | str) -> Path:
        """Puts plain data (JSON is YAML too), or a text as it is, in place of the config file."""
        text = configuration if isinstance(configuration, str) else json.dumps(configuration, indent=1)
        self.config.write_text(text, encoding="utf-8")
        return self.config

    def crn_of(self, name: str) -> str:
        return next(str(each["crn"]) for each in self.configuration()["instances"] if each["name"] == name)

    def archived_crn(self) -> str:
        """The CRN of the account's archived instance."""
        (name,) = self.sandbox.describe()["archived_names"]
        return str(self.live()[name]["crn"])

    def missing_crn(self) -> str:
        """A CRN of the account that no instance has."""
        return (
            f"crn:v1:bluemix:public:quantum-computing:us-east:a/{self.sandbox.account_id}"
            ":00000000-0000-4000-8000-000000000000::"
        )

    def set_budget(self, seconds: int) -> None:
        """Replaces the account's subscriptions to the plan by one of that many seconds."""
        self.sandbox.operator.set_budget(seconds)

    def as_member(self) -> None:
        """From now on the key is that of somebody without administrator rights."""
        self.qauvern.environment["IBMCLOUD_API_KEY"] = self.sandbox.member_api_key

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """qauvern in a process of its own, in the environment that runs in-process have too."""
        return start(*arguments, folder=self.folder, env=self.qauvern.environment)

    def live(self) -> dict[str, dict[str, Any]]:
        """Every instance of the plan by name as the account has it now, read without the client under test."""
        form = urlencode({"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": self.sandbox.api_key})
        token = _fetch(f"{self.running.iam_url}/identity/token", {}, form.encode())["access_token"]
        instances: dict[str, dict[str, Any]] = {}
        path: str | None = f"/v2/resource_instances?resource_plan_id={PREMIUM}&limit=100"
        while path:
            url = self.running.resource_controller_url + path
            page = _fetch(url, {"Authorization": f"Bearer {token}"})
            instances.update({each["name"]: each for each in page["resources"]})
            path = page["next_url"]
        return instances

    def held(self) -> dict[str, int | None]:
        """The allocation of every instance of the plan by name, in seconds."""
        return {name: each["extensions"]["usage_allocation_seconds"] for name, each in self.live().items()}


def start(*arguments: str, folder: Path, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """qauvern in a process of its own, without a terminal."""
    return subprocess.Popen(
        [sys.executable, "-c", "from qauvern.cli import main; main()", *arguments],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _fetch(url: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    with urlopen(Request(url, body, headers), timeout=10) as answer:
        return json.load(answer)


def widest(text: str) -> int:
    """The length of the longest line."""
    return max(map(len, text.splitlines()), default=0)


def table_rows(text: str, columns: Iterable[str]) -> list[list[str]]:
    """The cells of the rows of the table in `text` that has these headers first; its rule and totals left out."""
    lines = text.splitlines()
    start = next(index for index, line in enumerate(lines) if line.split()[:1] == [next(iter(columns))])
    spans, at = [], 0
    for dashes in lines[start + 1].split("  "):
        spans.append((at, at + len(dashes)))
        at += len(dashes) + 2
    rows = []
    for line in lines[start + 2 :]:
        if line.startswith("---"):
            break
        rows.append([line[first:last].strip() for first, last in spans])
    return rows
