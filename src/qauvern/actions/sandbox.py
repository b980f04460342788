"""The embedded sandbox: any action against it, in-process, its state kept from one to the next."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qauvern.actions.workplace import Workplace
from qauvern.apply import JOURNAL_FOLDER_NAME
from qauvern.errors import QauvernError, Remedy
from qauvern.files import write_text_atomically
from qauvern.sandbox import Sandbox, SandboxDamaged, SandboxError


@dataclass(frozen=True)
class EmbeddedSandbox:
    """What the running sandbox gives an action: the variables of its endpoints and key, and its account."""

    environment: dict[str, str]
    account_id: str
    plan: str


@contextmanager
def sandbox_errors() -> Iterator[None]:
    """Says a sandbox's complaint as qauvern says its own."""
    try:
        yield
    except SandboxError as error:
        remedy = Remedy.RESET_SANDBOX if isinstance(error, SandboxDamaged) else None
        raise QauvernError(str(error), remedy=remedy) from error


@contextmanager
def running_sandbox(folder: Path) -> Iterator[EmbeddedSandbox]:
    """The sandbox of that folder, answering for the length of the block."""
    with sandbox_errors(), Sandbox.open(folder) as sandbox, sandbox.serve() as running:
        yield EmbeddedSandbox(running.environment(), sandbox.account_id, sandbox.plan)


def sandbox_config(workplace: Workplace) -> Path:
    """The sandbox's own config file, written anew where it is missing."""
    path = workplace.sandbox_config
    if not path.exists():
        with sandbox_errors(), Sandbox.open(workplace.sandbox_folder) as sandbox:
            write_sandbox_config(sandbox, path)
    return path


def reset_sandbox(workplace: Workplace, *, instances: int, seed: int) -> None:
    """Makes the sandbox account afresh, with its config file and without its past runs."""
    folder = workplace.sandbox_folder
    with sandbox_errors(), Sandbox.create(instances=instances, seed=seed, folder=folder) as sandbox:
        shutil.rmtree(folder / JOURNAL_FOLDER_NAME, ignore_errors=True)
        write_sandbox_config(sandbox, workplace.sandbox_config)


def write_sandbox_config(sandbox: Sandbox, path: Path) -> None:
    """Writes the config file that goes with the sandbox's account."""
    from qauvern.config import render_plain

    heading = "The config file of the sandbox account. Change it as you like; a reset of the sandbox writes it anew."
    write_text_atomically(path, render_plain(sandbox.default_configuration(), heading))
