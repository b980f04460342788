"""Exit statuses, mapped in one place: every error is one line on stderr and a status, never a traceback."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Sequence
from enum import IntEnum
from types import FrameType
from typing import TextIO

import click

VERY_VERBOSE = 2
"""How often --verbose has to be said for a bug to show where it happened."""


class ExitStatus(IntEnum):
    """What a run of qauvern ends with."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    PARTIAL = 3
    STALE = 4
    LOCKED = 5
    GUARDRAIL = 6
    PENDING = 7
    INTERRUPTED = 130


def run(command: click.Command, arguments: Sequence[str] | None) -> None:
    """Runs the command and exits the process with its status."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    status: int | None
    try:
        status = command.main(args=arguments, prog_name="qauvern", standalone_mode=False)
    except click.exceptions.Exit as stopped:
        status = stopped.exit_code
    except click.ClickException as mistake:
        from qauvern.render.text import printable_lines

        said = io.StringIO()
        mistake.show(said)
        click.echo(printable_lines(said.getvalue()), nl=False, file=sys.stderr)
        status = ExitStatus.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrupted." if sys.stderr.isatty() else "Interrupted.", file=sys.stderr)
        status = ExitStatus.INTERRUPTED
    except Exception as error:
        status = report(error)
    for stream in (sys.stdout, sys.stderr):
        _flush_or_leave_to_nobody(stream)
    sys.exit(int(status or 0))


def _open_what_is_closed() -> None:
    """Gives a process that was started without a standard stream one that goes nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM is taken like Ctrl-C."""
    raise KeyboardInterrupt


def report(error: Exception) -> ExitStatus:
    """Says what ended a command before it wrote anything; its status.

    Called while the command's context is there, since that knows the global options; before there is one, without.
    """
    from qauvern.actions.select import BadSelection
    from qauvern.apply import Locked
    from qauvern.cli._options import GlobalOptions
    from qauvern.cli._say import NoAnswer, error_lines, own_command_line
    from qauvern.cloud import BadEnvironment
    from qauvern.config import BadEntry, ConfigError
    from qauvern.errors import QauvernError, Remedy
    from qauvern.render.remedies import CommandLine, said

    context = click.get_current_context(silent=True)
    options = GlobalOptions() if context is None else context.ensure_object(GlobalOptions)
    color = GlobalOptions.wants_color(False) if context is None else context.color
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        error_lines(["there is no space left to write the output to."], color=color)
        return ExitStatus.ERROR
    if not isinstance(error, QauvernError):
        if options.verbose >= VERY_VERBOSE:
            import traceback

            traceback.print_exception(error)
        else:
            bug = QauvernError(f"a bug in qauvern: {type(error).__name__}: {error}", remedy=Remedy.REPORT_BUG)
            error_lines([said(bug)], color=color)
        return ExitStatus.ERROR
    command_line = CommandLine() if context is None else own_command_line()
    happened = error.problems if isinstance(error, ConfigError) else [error]
    error_lines([said(each, command_line) for each in happened], color=color)
    if isinstance(error, Locked):
        return ExitStatus.LOCKED
    return (
        ExitStatus.USAGE
        if isinstance(error, (ConfigError, BadEntry, NoAnswer, BadEnvironment, BadSelection))
        else ExitStatus.ERROR
    )


def _flush_or_leave_to_nobody(stream: TextIO) -> None:
    """Where the reader has gone, keeps Python from complaining once more at its exit, and from another status."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
