"""Long output a screen at a time, in the way of git."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress

import click

from qauvern.cli._options import GlobalOptions


def paged(text: str) -> None:
    """Text with styles, to stdout: on a terminal through a pager, elsewhere and with --no-pager as it is.

    The pager is QAUVERN_PAGER, else PAGER, else `less`, which ends by itself where all fits on the screen. None is
    used where that is empty or `cat`, or is not installed.
    """
    context = click.get_current_context()
    pager = _pager() if sys.stdout.isatty() and context.ensure_object(GlobalOptions).pager else ""
    if not pager:
        click.echo(text, file=sys.stdout)
        return
    shown = click.unstyle(text) if context.color is False else text
    process = subprocess.Popen(
        pager,
        shell=True,
        stdin=subprocess.PIPE,
        encoding=sys.stdout.encoding,
        errors="backslashreplace",
        env={"LESS": "FRX", "LV": "-c", **os.environ},
    )
    with suppress(KeyboardInterrupt):
        process.communicate(shown + "\n")
    while process.poll() is None:  # Ctrl-C is for the pager, which outlives it
        with suppress(KeyboardInterrupt):
            process.wait()


def _pager() -> str:
    pager = next((os.environ[name] for name in ("QAUVERN_PAGER", "PAGER") if name in os.environ), "less").strip()
    if pager in ("", "cat"):
        return ""
    try:
        program = shlex.split(pager)[0]
    except ValueError:
        program = pager
    return pager if shutil.which(program) else ""
