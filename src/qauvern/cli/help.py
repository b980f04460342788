"""help: the manual."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

from qauvern.cli import COMMANDS, _command
from qauvern.help import TOPICS, page, summary

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_WIDEST = 100
"""Lines longer than that are hard to read."""


def _completed(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(each) for each in (*TOPICS, *COMMANDS) if each.startswith(incomplete)]


@_command.named("help")
@click.argument("words", metavar="[TOPIC or COMMAND]", nargs=-1, shell_complete=_completed)
@click.pass_context
def command(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show the manual: the list of its topics, one of them, or the help of a command."""
    from qauvern.cli._pager import paged

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    topic = "-".join(words).lower()
    if not words:
        paged(_contents(width))
    elif topic in TOPICS:
        from qauvern.render.manual import drawn

        paged(drawn(page(topic), width=width))
    else:
        paged(_help_of(ctx, words))


def _contents(width: int) -> str:
    formatter = click.HelpFormatter(width=width)
    with formatter.section(click.style("Topics (qauvern help TOPIC)", bold=True)):
        formatter.write_dl([(each, summary(each)) for each in TOPICS])
    with formatter.section(click.style("Commands (qauvern help COMMAND)", bold=True)):
        formatter.write_dl(list(COMMANDS.items()))
    return formatter.getvalue().rstrip("\n")


def _help_of(ctx: click.Context, words: tuple[str, ...]) -> str:
    assert isinstance(ctx.parent, click.Context)
    context, found = ctx.parent, ctx.parent.command
    for word in words:
        inner = found.get_command(context, word) if isinstance(found, click.Group) else None
        if inner is None:
            raise click.UsageError(_unknown(" ".join(words), [*TOPICS, *COMMANDS]), ctx)
        context, found = click.Context(inner, context, word), inner
    return found.get_help(context)


def _unknown(words: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(words.lower(), known, n=1, cutoff=0.5)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return f"There is no topic or command {words!r}.{meant}"
