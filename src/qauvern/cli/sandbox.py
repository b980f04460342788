"""sandbox serve / reset / show: the made-up account of this machine."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _say, _shell

if TYPE_CHECKING:
    from qauvern.sandbox import Sandbox


@_command.named("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes a free one.")
@click.option("--latency", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Answer that much later.")
@click.option("--fault", "faults", multiple=True, metavar="SPEC", help="Inject a fault, such as patch:2=429; repeat.")
def serve(port: int, latency: float, faults: tuple[str, ...]) -> None:
    """Serve the sandbox account over HTTP on 127.0.0.1 until Ctrl-C; prints the environment to export.

    \b
    A fault is TARGET[:WHICH]=KIND[:COUNT], for example:
      usage=500:3           the first three usage reads fail with 500
      patch:2=cut-after     the second write is carried out, its answer lost
      analytics=slow:0.5    analytics answers half a second later
    """
    from qauvern.actions.sandbox import sandbox_errors

    with _ended_by_signals(), sandbox_errors(), _opened(latency, faults) as sandbox, sandbox.serve(port) as running:
        for name, value in running.environment().items():
            _say.data(f"export {name}='{value}'")
        _say.note(f"Account {sandbox.account_id}, plan {sandbox.plan}. Ctrl-C ends it.")
        sandbox.wait()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Ends the block quietly at SIGTERM and at SIGINT, which background jobs of a shell are made to ignore."""
    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.default_int_handler) if is_main else None
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)


def _opened(latency: float, faults: tuple[str, ...]) -> Sandbox:
    from qauvern.sandbox import Sandbox

    try:
        return Sandbox.open(_shell.workplace().sandbox_folder, latency=latency, faults=faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from error


@_command.named("reset")
@click.option("--instances", type=click.IntRange(3, 100_000), default=24, show_default=True, help="How many instances.")
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds make equal accounts.")
def reset(instances: int, seed: int) -> None:
    """Start the sandbox account afresh, with its config file and without its past runs."""
    from qauvern.actions.sandbox import reset_sandbox

    place = _shell.workplace()
    reset_sandbox(place, instances=instances, seed=seed)
    _say.note(f"A fresh sandbox account with {instances} instances in {place.sandbox_folder}.")
    _say.next_step("qauvern --sandbox analyze")


@_command.named("show")
def show() -> None:
    """Describe the sandbox account."""
    from qauvern.actions.sandbox import sandbox_errors
    from qauvern.render.text import facts
    from qauvern.sandbox import Sandbox

    with sandbox_errors(), Sandbox.open(_shell.workplace().sandbox_folder) as sandbox:
        described = sandbox.describe()
    _say.data(facts([(key.replace("_", " ").capitalize(), _text(value)) for key, value in described.items()]))
    _say.next_step("qauvern --sandbox analyze, or qauvern sandbox serve for other programs.")


def _text(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return "none" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3f}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return ", ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else str(value)


@click.group("sandbox", cls=_command.Group, commands=[serve, reset, show])
def command() -> None:
    """A made-up account on this machine, which any command uses with --sandbox.

    Its state is kept between commands. `reset` starts it afresh, `serve` lets other programs use it over HTTP.
    """
