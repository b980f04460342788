"""The embedded sandbox: any command against it, in-process, its state kept between commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from qauvern.cli._places import sandbox_folder
from qauvern.config import write_text_atomically
from qauvern.model import QauvernError
from qauvern.sandbox import Sandbox, SandboxError

CONFIG_NAME = "config.yaml"


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
    path = sandbox_folder() / CONFIG_NAME
    if not path.exists():
        with sandbox_errors(), Sandbox.open(sandbox_folder()) as sandbox:
            write_sandbox_config(sandbox, path)
    return path


def write_sandbox_config(sandbox: Sandbox, path: Path) -> None:
    """Writes the config file that goes with the sandbox's account (JSON, which is YAML too, laid out for reading)."""
    write_text_atomically(path, as_yaml(sandbox.default_configuration()))


def as_yaml(configuration: dict[str, object]) -> str:
    """Plain data as block-style YAML; every text in quotes."""
    lines = ["# The config file of the sandbox account, written by qauvern. Change it as you like."]
    for key, value in configuration.items():
        lines += _entry(key, value, "")
    return "\n".join(lines) + "\n"


def _entry(key: str, value: object, indent: str) -> list[str]:
    if isinstance(value, dict):
        nested = [line for inner, each in value.items() for line in _entry(inner, each, indent + "  ")]
        return [f"{indent}{key}:", *nested]
    if isinstance(value, list):
        lines = [f"{indent}{key}:"]
        for item in value:
            first, *rest = [line for inner, each in item.items() for line in _entry(inner, each, indent + "    ")]
            lines += [f"{indent}  - {first.strip()}", *rest]
        return lines
    return [f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}"]
