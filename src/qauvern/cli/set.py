"""set: one instance's limit and group in the config file and, if wanted, its limit in the account at once."""

from __future__ import annotations

from typing import Any

import click

from qauvern.cli import _command, _completion, _entry
from qauvern.cli._options import DurationType


class LimitType(DurationType):
    """A duration, or one of the words none and live."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from qauvern.model import LimitRule

        if isinstance(value, str) and value.lower() in ("none", "live"):
            return LimitRule(value.lower())
        return super().convert(value, param, ctx)


@_command.named("set")
@click.argument("instance", shell_complete=_completion.instance_names)
@click.option(
    "--limit",
    type=LimitType(),
    metavar="DURATION",
    help="The most it may use in 28 days; none for no limit, live for what the account has.",
)
@click.option("--group", metavar="NAME", help="The group it is in; none for no group.")
@_entry.options
def command(instance: str, limit: Any, group: str | None, **options: Any) -> int:
    """Change the limit or the group of INSTANCE, a name or a CRN, in the config file, and keep every other line.

    With --apply, the limit is written to the account too, and nothing else: the allocation follows with the next
    optimize.
    """
    if limit is None and group is None:
        raise click.UsageError("nothing to set: say --limit, --group or both.")
    return _entry.change(instance, limit=limit, group=group, **options)
