"""demo: a guided run of the main job on a fresh sandbox, in a folder of its own, without questions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from qauvern.cli import _command, _options, _say, _shell
from qauvern.cli._options import GlobalOptions

if TYPE_CHECKING:
    from pathlib import Path

    from qauvern.actions.analyze import Analysis
    from qauvern.balance import Line
    from qauvern.model import Crn, Settings
    from qauvern.render.text import Table

_MOST_SHOWN = 5


@_command.named("demo")
@click.option("--instances", type=click.IntRange(3, 100_000), default=24, show_default=True, help="How many instances.")
@click.option("--seed", type=int, default=1, show_default=True, help="Equal seeds make equal accounts.")
@click.pass_context
def command(ctx: click.Context, instances: int, seed: int) -> None:
    """Walk through configure, show, analyze, optimize and undo on a made-up account.

    Nothing leaves this machine: the account is the sandbox, in a folder of its own.
    """
    import tempfile

    from qauvern.actions.sandbox import sandbox_errors
    from qauvern.sandbox import Sandbox

    folder = tempfile.mkdtemp(prefix="qauvern-demo-")
    ctx.obj = _within(folder, _options.current())
    place = _shell.workplace()
    _say.data("This account is made up and kept on this machine. Each command below can be tried again afterwards.")
    with sandbox_errors(), Sandbox.create(instances=instances, seed=seed, folder=place.sandbox_folder):
        pass
    _walk(ctx, place.sandbox_config)
    _say.data()
    _say.data(f"The account and its config file are in {folder}; delete it when you like.")
    _say.next_step("`qauvern --sandbox analyze` keeps a sandbox of yours; `qauvern help` leads on to a real account.")


def _within(folder: str, options: GlobalOptions) -> GlobalOptions:
    """The global options of commands on a sandbox that is kept in the folder."""
    from qauvern.actions.workplace import STATE_VARIABLE

    return replace(
        options,
        sandbox=True,
        staging=False,
        environment={**options.environment, STATE_VARIABLE: folder},
        variables=(f"{STATE_VARIABLE}={folder}",),
    )


def _walk(ctx: click.Context, config: Path) -> None:
    from qauvern.actions.analyze import analyze

    _step(1, "A config file from the live account: every instance in use, with its limit.")
    _run(ctx, "configure", "--output", str(config))
    _step(2, "How it stands: some instances have used up what they hold, others hold much and use little.")
    _run(ctx, "show")
    _step(3, "A fair new allocation: a floor for everyone, the rest by recent activity, nobody above its limit.")
    _run(ctx, "analyze")
    settings = _shell.settings(config)
    before = analyze(_shell.account(None), settings)
    _step(4, "Applied safely: decreases first, then limits, then increases; each one read back.")
    _run(ctx, "optimize", "--yes")
    _step(5, "How it stands now.")
    _run(ctx, "show")
    _step(6, "What moved.")
    _say_what_moved(before, _held_now(settings))
    _step(7, "And back: every run is journalled, and can be undone.")
    _run(ctx, "undo", "--yes")


def _step(number: int, says: str) -> None:
    _say.data()
    _say.data(f"{number}. {says}", bold=True)
    _say.data()


def _run(ctx: click.Context, name: str, *arguments: str) -> None:
    assert isinstance(ctx.parent, click.Context)
    assert isinstance(ctx.parent.command, click.Group)
    _say.data(f"$ {_say.command_line(name, *arguments)}")
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


def _say_what_moved(before: Analysis, held_now: dict[Crn, int]) -> None:
    """Says what the underutilized instances held and hold, and what those hold that gained the most."""
    from qauvern.units import format_ms, format_seconds

    lines = before.proposal.lines
    idle = [line for line in lines if line.is_underutilized]
    gains = sorted((_held(line) - held_now[line.crn], line.crn, line) for line in lines)
    gained = [line for loss, _, line in gains[:_MOST_SHOWN] if loss < 0]
    held, now = sum(map(_held, idle)), sum(held_now[line.crn] for line in idle)
    used = sum(line.usage.consumed_ms for line in idle)
    _say.data(
        f"The {len(idle)} underutilized instances held {format_seconds(held)} s, of which they had used "
        f"{format_ms(used)} s in 28 days. They hold {format_seconds(now)} s now.\n"
        f"The {len(gained)} instances that gained the most:\n"
    )
    _say.table_data(_gains_table(gained, held_now))


def _gains_table(gained: list[Line], held_now: dict[Crn, int]) -> Table:
    from qauvern import figures
    from qauvern.render.text import Column, draw_table, figure_column
    from qauvern.units import format_seconds, format_signed_seconds

    before, now = [_held(line) for line in gained], [held_now[line.crn] for line in gained]
    changes = [after - held for held, after in zip(before, now, strict=True)]
    return draw_table(
        [
            figure_column(figures.NAME, gained, shrinks_to=24, total="Total"),
            figure_column(figures.USED_28D, gained),
            Column("Before", list(map(format_seconds, before)), totals=[format_seconds(sum(before))]),
            Column("Now", list(map(format_seconds, now)), totals=[format_seconds(sum(now))]),
            Column("Change", list(map(format_signed_seconds, changes)), totals=[format_signed_seconds(sum(changes))]),
        ],
        width=_say.output_width(),
    )


def _held(line: Line) -> int:
    return line.live.allocation_seconds or 0
