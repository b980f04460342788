"""What every command is made of: it takes the global options too, and an error ends it with its status."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import click
from click.core import ParameterSource

from qauvern.cli._options import GlobalOptions


def global_options() -> list[click.Option]:
    """The options that are taken before and after a command."""
    return [
        click.Option(["--staging"], is_flag=True, envvar="IBMCLOUD_STAGING", help="Use IBM Cloud's staging endpoints."),
        click.Option(
            ["--sandbox"], is_flag=True, help="Use the made-up sandbox account of this machine; no key needed."
        ),
        click.Option(
            ["--concurrency"],
            type=click.IntRange(1, 64),
            default=16,
            show_default=True,
            envvar="QAUVERN_CONCURRENCY",
            help="Requests in flight at a time.",
        ),
        click.Option(["-v", "--verbose"], count=True, help="Say each request on stderr; repeat for more."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Say nothing on stderr but warnings and errors."),
        click.Option(["--no-color"], is_flag=True, help="No colour (also with NO_COLOR set)."),
        click.Option(["--no-pager"], is_flag=True, help="Do not page what is longer than the screen."),
    ]


def _repeated(option: click.Option) -> click.Option:
    """The option as it is behind a command: said or not said, since the group has read its variable and default."""
    option.hidden, option.envvar, option.default = True, None, None
    return option


class _Base(click.Command):
    """Takes global options, and turns an error into the status that it ends with."""

    @functools.cached_property
    def global_options(self) -> list[click.Option]:
        """What this command takes of them."""
        return [_repeated(option) for option in global_options()]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*self.global_options, *super().get_params(ctx)]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            _take_global_options(ctx)
        return rest

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        names = " ".join(option.opts[0] for option in self.global_options if option.hidden)
        if names:
            with formatter.section("Global options"):
                formatter.write_text(f"{names} (see {ctx.find_root().info_name} --help)")

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            from qauvern.cli._exit import report

            return report(error)


class Command(_Base):
    """A command of qauvern."""


class Group(_Base, click.Group):
    """A group of commands."""


named = functools.partial(click.command, cls=Command)
"""As click.command, for a command of qauvern."""


def _take_global_options(ctx: click.Context) -> None:
    """Adds the global options said here to those said before.

    Raises:
        click.UsageError: --sandbox and --staging were both said, wherever.
    """
    said = {str(option.name): ctx.params.pop(str(option.name)) for option in global_options()}
    before = ctx.ensure_object(GlobalOptions)
    sandbox = before.sandbox or bool(said["sandbox"])
    if sandbox and _is_on_the_command_line("staging", ctx):
        raise click.UsageError("--sandbox and --staging exclude each other: the sandbox is not IBM Cloud.", ctx)
    ctx.obj = replace(
        before,
        sandbox=sandbox,
        staging=(before.staging or bool(said["staging"])) and not sandbox,
        concurrency=said["concurrency"] or before.concurrency,
        verbose=before.verbose + (said["verbose"] or 0),
        quiet=before.quiet or bool(said["quiet"]),
        pager=before.pager and not said["no_pager"],
    )
    if GlobalOptions.wants_color(bool(said["no_color"])) is False:
        ctx.color = False


def _is_on_the_command_line(name: str, ctx: click.Context | None) -> bool:
    while ctx is not None:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            return True
        ctx = ctx.parent
    return False
