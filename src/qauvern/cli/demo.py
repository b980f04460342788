"""demo: a guided run of the main job on a fresh sandbox, in a folder of its own, without questions."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qauvern.actions.sandbox import sandbox_errors
from qauvern.actions.workplace import STATE_VARIABLE
from qauvern.cli import _command, _say, _shell
from qauvern.cli._options import GlobalOptions
from qauvern.render.text import Column, draw_table, printable
from qauvern.sandbox import Sandbox
from qauvern.units import format_ms, format_seconds, format_signed_seconds

if TYPE_CHECKING:
    from qauvern.actions.analyze import Analysis
    from qauvern.balance import Line
    from qauvern.model import Crn, Settings

_BUSY_SHOWN = 5


@_command.named("demo")
@click.option("--instances", type=click.IntRange(3, 100_000), default=24, show_default=True, help="How many instances.")
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds make equal accounts.")
@click.pass_context
def command(ctx: click.Context, instances: int, seed: int) -> None:
    """Walk through configure, show, analyze, optimize and show on a made-up account.

    Nothing leaves this machine: the account is served on loopback by qauvern itself.
    """
    folder = Path(tempfile.mkdtemp(prefix="qauvern-demo-"))
    _say.data(
        "This account is made up, and served on this machine for the length of the demo. "
        "The commands below work within it only."
    )
    with sandbox_errors(), _served(ctx, folder, instances, seed) as sandbox:
        _walk(ctx, sandbox, folder / "config.yaml")
    _say.data(f"The config file and the account's state are in {folder}; delete it when you like.")
    _say.next_step(
        "qauvern --sandbox analyze keeps a sandbox of yours; qauvern help getting-started leads on to a real account."
    )


@contextmanager
def _served(ctx: click.Context, folder: Path, instances: int, seed: int) -> Iterator[Sandbox]:
    """A fresh sandbox, with the global options pointed at it."""
    options = ctx.ensure_object(GlobalOptions)
    with (
        Sandbox.create(instances=instances, seed=seed, folder=folder / "account") as sandbox,
        sandbox.serve() as running,
    ):
        environment = {**options.environment, **running.environment(), STATE_VARIABLE: str(folder / "state")}
        ctx.obj = replace(options, environment=environment, sandbox=False, staging=False)
        yield sandbox


def _walk(ctx: click.Context, sandbox: Sandbox, config: Path) -> None:
    account = ["--account-id", sandbox.account_id, "--plan", sandbox.plan]
    at_config = ["--config", str(config)]
    _step(1, "A config file from the live account: every instance in use, with its limit.")
    _run(ctx, "configure", [*account, "--output", str(config)])
    _step(2, "How it stands: some instances have used up what they hold, others hold much and use nothing.")
    _run(ctx, "show", at_config)
    _step(3, "A fair new allocation: a floor for everyone, the rest by recent activity, nobody above its limit.")
    _run(ctx, "analyze", at_config)
    from qauvern.actions.analyze import analyze

    settings = _shell.settings(config)
    before = analyze(_shell.account(None), settings)
    _step(4, "Applied safely: decreases first, then limits, then increases; each one read back.")
    _run(ctx, "optimize", [*at_config, "--yes"])
    _step(5, "How it stands now.")
    _run(ctx, "show", at_config)
    _step(6, "What moved.")
    _say.data(_moved(before, _held_now(settings)))


def _step(number: int, says: str) -> None:
    _say.data()
    _say.data(f"{number}. {says}", bold=True)
    _say.data()


def _run(ctx: click.Context, name: str, arguments: list[str]) -> None:
    assert isinstance(ctx.parent, click.Context)
    assert isinstance(ctx.parent.command, click.Group)
    _say.data("$ " + " ".join(["qauvern", name, *arguments]))
    command = ctx.parent.command.get_command(ctx.parent, name)
    assert command is not None
    with command.make_context(name, list(arguments), parent=ctx) as invoked:
        status = command.invoke(invoked)
    if status:
        ctx.exit(int(status))


def _held_now(settings: Settings) -> dict[Crn, int]:
    from qauvern.actions.show import show_instances

    seen = show_instances(_shell.account(None), settings)
    return {crn: instance.allocation_seconds or 0 for crn, instance in seen.instances.items()}


def _moved(before: Analysis, held_now: dict[Crn, int]) -> str:
    """What the idle instances held, and what the busy ones hold before and after."""
    lines = before.proposal.lines
    idle = [line for line in lines if line.is_underutilized and held_now[line.crn] < _held(line)]
    busy = sorted(lines, key=lambda line: (_held(line) - held_now[line.crn], line.crn))[:_BUSY_SHOWN]
    idle_held = sum(_held(line) for line in idle)
    idle_now = sum(held_now[line.crn] for line in idle)
    idle_used = sum(line.usage.consumed_ms for line in idle)
    return (
        f"{len(idle)} idle instances held {format_seconds(idle_held)} s and had used {format_ms(idle_used)} s of it in "
        f"28 days. They hold {format_seconds(idle_now)} s now.\n"
        f"The {len(busy)} busy instances that got the most of it:\n\n" + _busy_table(busy, held_now)
    )


def _busy_table(busy: list[Line], held_now: dict[Crn, int]) -> str:
    return draw_table(
        [
            Column("Name", [printable(line.name) for line in busy], is_text=True, shrinks_to=16),
            Column("Used (28d)", [format_ms(line.usage.consumed_ms) for line in busy]),
            Column("Before", [format_seconds(_held(line)) for line in busy]),
            Column("Now", [format_seconds(held_now[line.crn]) for line in busy]),
            Column("Change", [format_signed_seconds(held_now[line.crn] - _held(line)) for line in busy]),
        ],
        width=_say.output_width(),
        totals=[
            "Total",
            format_ms(sum(line.usage.consumed_ms for line in busy)),
            format_seconds(sum(_held(line) for line in busy)),
            format_seconds(sum(held_now[line.crn] for line in busy)),
            format_signed_seconds(sum(held_now[line.crn] - _held(line) for line in busy)),
        ],
    ).text


def _held(line: Line) -> int:
    return line.live.allocation_seconds or 0
