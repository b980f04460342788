"""The command line. The group knows its commands by name and imports one only when it is asked for.

The commands' modules in turn import the client (requests) and the config loader (yaml) where they use them, so that
help, completion and a usage error load neither.
"""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Sequence

import click

from qauvern.cli._command import Group, global_options

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

COMMANDS = {
    "configure": "Write a config file from the live account.",
    "show": "Show the account and its configured instances.",
    "instances": "Show the configured instances, without admin rights.",
    "analyze": "Show the usage and the new allocations it leads to.",
    "optimize": "Analyze, ask, and apply the new allocations.",
    "grant": "Add a net grant to the config file, and write its limit.",
    "set": "Change an instance's limit or group in the config file.",
    "explain": "Derive every number of one instance.",
    "report": "Write one self-contained HTML page.",
    "update": "Reconcile the config file with the live account.",
    "history": "Show past applied runs, or one of them.",
    "undo": "Put a run's values back.",
    "create": "Provision a service instance.",
    "sandbox": "A made-up account on this machine: serve, reset, show.",
    "demo": "A guided run of the main job on a fresh sandbox.",
    "help": "Show the manual, one of its pages, or the help of a command.",
}
"""Each command with what --help says of it; its module in this package bears its name."""


class LazyGroup(Group):
    """A group that imports a command's module when the command is asked for. It explains the global options."""

    @functools.cached_property
    def global_options(self) -> list[click.Option]:
        """All of them, with what the environment says."""
        return global_options()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"qauvern.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as mistake:
            raise click.NoSuchCommand(mistake.command_name, possibilities=COMMANDS, ctx=ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"qauvern {version('qauvern')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings=CONTEXT_SETTINGS)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def group() -> None:
    """Share an organisation's IBM Quantum time fairly among its service instances.

    Start with `qauvern demo`, or with `qauvern configure` on a real account. `qauvern help` is the manual.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its status."""
    from qauvern.cli._exit import run

    if os.environ.get("_QAUVERN_COMPLETE", "").startswith("bash"):
        from qauvern.cli._completion import register_bash

        register_bash()
    run(group, arguments)
