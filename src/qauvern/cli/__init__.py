"""The command line. The group knows its commands by name and imports one only when it is asked for.

The commands' modules in turn import the client (requests) and the config loader (yaml) where they use them, so that
help, completion and a usage error load neither.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click
from click.core import ParameterSource

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

COMMANDS = {
    "configure": "Write a config file from the live account.",
    "show": "Show the account and its configured instances.",
    "instances": "Show the configured instances, without admin rights.",
    "analyze": "Show the usage and the new allocations it leads to.",
    "optimize": "Analyze, ask, and apply the new allocations.",
    "explain": "Derive every number of one instance.",
    "report": "Write one self-contained HTML page.",
    "update": "Reconcile the config file with the live account.",
    "history": "Show past applied runs, or one of them.",
    "undo": "Put a run's values back.",
    "create": "Provision a service instance.",
    "sandbox": "A made-up account on this machine: serve, reset, show.",
    "demo": "A guided run of the main job on a fresh sandbox.",
}
"""Each command with what --help says of it; its module in this package bears its name."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"qauvern.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"qauvern {version('qauvern')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings=CONTEXT_SETTINGS)
@click.option("--staging", is_flag=True, envvar="IBMCLOUD_STAGING", help="Use IBM Cloud's staging endpoints.")
@click.option("--sandbox", is_flag=True, help="Use the made-up sandbox account of this machine; no key needed.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    envvar="QAUVERN_CONCURRENCY",
    help="Requests in flight at a time.",
)
@click.option("-v", "--verbose", count=True, help="Say each request on stderr; repeat for more.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing on stderr but warnings and errors.")
@click.option("--no-color", is_flag=True, help="No colour (also with NO_COLOR set).")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
@click.pass_context
def group(
    ctx: click.Context, staging: bool, sandbox: bool, concurrency: int, verbose: int, quiet: bool, no_color: bool
) -> None:
    """Share an organisation's IBM Quantum time fairly among its service instances.

    Start with `qauvern demo`, or with `qauvern configure` on a real account.
    """
    from qauvern.cli._options import GlobalOptions

    if staging and sandbox and ctx.get_parameter_source("staging") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--sandbox and --staging exclude each other: the sandbox is no IBM Cloud.")
    ctx.obj = GlobalOptions(staging and not sandbox, sandbox, concurrency, verbose, quiet)
    ctx.color = GlobalOptions.wants_color(no_color)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its status."""
    from qauvern.cli._exit import run

    run(group, arguments)
