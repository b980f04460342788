"""The embedded sandbox: any command against it, in-process, its state kept between commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qauvern.cli._places import SANDBOX_CONFIG_NAME, sandbox_folder
from qauvern.errors import QauvernError
from qauvern.files import write_text_atomically
from qauvern.sandbox import Sandbox, SandboxError


@dataclass(frozen=True)
class EmbeddedSandbox:
    """What the running sandbox gives a command: the variables of its endpoints and key, and its account."""

    environment: dict[str, str]
    account_id: str
    plan: str


@contextmanager
def sandbox_errors() -> Iterator[None]:
    """Says a sandbox's complaint as qauvern says its own."""
    try:
        yield
    except SandboxError as error:
        raise QauvernError(str(error)) from error


@contextmanager
def running_sandbox() -> Iterator[EmbeddedSandbox]:
    """The sandbox of this machine, answering for the length of the block."""
    with sandbox_errors(), Sandbox.open(sandbox_folder()) as sandbox, sandbox.serve() as running:
        yield EmbeddedSandbox(running.environment(), sandbox.account_id, sandbox.plan)


def sandbox_config() -> Path:
    """The sandbox's own config file, written anew where it is missing."""
    path = sandbox_folder() / SANDBOX_CONFIG_NAME
    if not path.exists():
        with sandbox_errors(), Sandbox.open(sandbox_folder()) as sandbox:
            write_sandbox_config(sandbox, path)
    return path


def write_sandbox_config(sandbox: Sandbox, path: Path) -> None:
    """Writes the config file that goes with the sandbox's account."""
    from qauvern.config import render_plain

    heading = "The config file of the sandbox account. Change it as you like; `qauvern sandbox reset` writes it anew."
    write_text_atomically(path, render_plain(sandbox.default_configuration(), heading))
