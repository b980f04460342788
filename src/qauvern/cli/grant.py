"""grant: one more net grant for an instance, in the config file and, if wanted, in its limit at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from qauvern.cli import _command, _completion, _entry, _shell
from qauvern.cli._options import DayType, DurationType


@_command.named("grant")
@click.argument("instance", shell_complete=_completion.instance_names)
@click.argument("duration", type=DurationType())
@click.option("--from", "start", type=DayType(), metavar="DATE", help="The first UTC day. Default: today.")
@click.option(
    "--until", "end", type=DayType(), metavar="DATE", help="The day on which it has ended. Default: 28 days later."
)
@_entry.options
def command(instance: str, duration: int, start: date | None, end: date | None, **options: Any) -> int:
    """Grant INSTANCE, a name or a CRN, so much on top of its limit for a while: 10h, 2.5d, 1qau, 36000.

    Adds a net grant to the config file, and keeps every other line. With --apply, the instance's new limit is written
    to the account too, and nothing else: its allocation follows with the next optimize.
    """
    from qauvern.actions.entry import net_grant

    if duration <= 0:
        raise click.BadParameter("is not above 0 seconds.", param_hint="DURATION")
    start = _shell.workplace().now().date() if start is None else start
    try:
        grant = net_grant(duration, start, end)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint="--until") from error
    return _entry.change(instance, grant=grant, **options)
