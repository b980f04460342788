"""How commands talk: data to stdout, everything else to stderr.

Names and messages from outside may hold what steers a terminal. So every text is made printable here, whatever it is
made of; the only escape sequences that go out are those of the styles that this module and draw_table put around it.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from qauvern.cli._options import GlobalOptions
from qauvern.errors import Notice, QauvernError
from qauvern.render.text import Table, escaped_json, printable, printable_lines, wrap

if TYPE_CHECKING:
    from qauvern.balance import BrokenInvariant
    from qauvern.cloud import RequestEvent, Statistics
    from qauvern.render.remedies import CommandLine, Happened


class NoAnswer(QauvernError):
    """A question with nobody to answer it."""


def output_width() -> int | None:
    """Characters a line of stdout may have; None (any number) where it goes to a pipe or a file."""
    if os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty():
        return shutil.get_terminal_size().columns
    return None


PICTURES_UP_TO = 100
"""Instances for which a terminal shows pictures of itself."""


def wants_pictures(daily: bool | None, instances: int, output_format: str) -> bool:
    """True where --daily was said, or where nothing was said on a terminal with few instances. Tables only."""
    if output_format != "table":
        return False
    return (sys.stdout.isatty() and instances <= PICTURES_UP_TO) if daily is None else daily


def prints_unicode() -> bool:
    """True where stdout takes any character."""
    return (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")


@dataclass
class _Held:
    """What is said while a page is made up: its text, and what goes to stderr behind it."""

    text: str = ""
    told: list[Callable[[], None]] = field(default_factory=list)


_held: _Held | None = None


@contextmanager
def paging() -> Iterator[None]:
    """What goes to stdout within is one page: on a terminal with fewer lines, it goes through a pager.

    What is told meanwhile follows, where the pager does not hide it.
    """
    global _held
    if not sys.stdout.isatty() or _held is not None:
        yield
        return
    from qauvern.cli._pager import paged

    held = _held = _Held()
    try:
        yield
    finally:
        _held = None
        if held.text.count("\n") >= shutil.get_terminal_size().lines:
            paged(held.text.removesuffix("\n"))
        else:
            _out(held.text, end="")
        for tell in held.told:
            tell()


def _out(text: str, end: str = "\n") -> None:
    """Text to stdout as it is. Of itself click would write UTF-8 to a stream that takes ASCII only."""
    if _held is not None:
        _held.text += text + end
    else:
        click.echo(text + end, file=sys.stdout, nl=False)


def data(text: str = "", *, color: str | None = None, bold: bool | None = None) -> None:
    """Data, to stdout: a line, or several."""
    text = printable_lines(text)
    _out(click.style(text, fg=color, bold=bold) if color or bold else text)


def json_data(document: Any) -> None:
    """A document, to stdout; what its encoding lacks is escaped as JSON does it."""
    import json

    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2, allow_nan=False)
    _out(escaped_json(text))


def page_data(text: str) -> None:
    """A page, to stdout: exact and as UTF-8, but on a terminal."""
    _out(printable_lines(text)) if sys.stdout.isatty() else click.echo(text.encode(), file=sys.stdout, nl=False)


def csv_data(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> None:
    """Rows as CSV, to stdout, with these columns or those that the rows have. Exact, but on a terminal."""
    from qauvern.render.formats import csv_text

    text = csv_text(rows, columns)
    _out(printable_lines(text) if sys.stdout.isatty() else text, end="")


def table_data(table: Table) -> None:
    """A table to stdout; what its width left out to stderr."""
    _out(table.text)
    if table.dropped:
        note(f"Not shown at this width: {', '.join(table.dropped)}. Widen the terminal, or use --format json.")


def _tell(*lines: str, label: str = "", color: bool | None = None) -> None:
    """Lines to stderr, behind a styled label. Nobody may read them any more: a run that writes goes on to its end."""
    if _held is not None:
        _held.told.append(lambda: _tell(*lines, label=label, color=color))
        return
    _counter.wipe()
    with suppress(BrokenPipeError):
        click.echo(label + "\n  ".join(map(printable, lines)), file=sys.stderr, color=color)


def paragraphs(*paragraphs: Sequence[str]) -> None:
    """Paragraphs of lines, to stdout, wrapped to its width, a blank line before each; empty ones are passed over."""
    width = output_width()
    for lines in paragraphs:
        if lines:
            data("\n" + "\n".join(part for line in lines for part in wrap(line, width, hanging="   ")))


def note(text: str, options: GlobalOptions | None = None) -> None:
    """A remark, to stderr, unless --quiet. Another thread than the command's own has to bring the options."""
    options = options or click.get_current_context().ensure_object(GlobalOptions)
    if not options.quiet:
        _tell(text)


def next_step(text: str) -> None:
    """What to do next, to stderr."""
    if not click.get_current_context().ensure_object(GlobalOptions).quiet:
        _tell(text, label=click.style("Next: ", bold=True))


def own_command_line() -> CommandLine:
    """How this command reaches its account and config file."""
    from qauvern.render.remedies import CommandLine

    context = click.get_current_context()
    options = context.ensure_object(GlobalOptions)
    global_options = [*(["--sandbox"] if options.sandbox else []), *(["--staging"] if options.staging else [])]
    is_named = context.get_parameter_source("config_path") is ParameterSource.COMMANDLINE
    config = str(context.params["config_path"]) if is_named else None
    return CommandLine(tuple(global_options), config, options.variables)


def command_line(*words: str, with_config: bool = True) -> str:
    """A command of qauvern on the same account and, if it takes one, config file as this one."""
    return own_command_line().spell(*words, with_config=with_config)


def warning(text: str) -> None:
    """A warning, to stderr, with --quiet too."""
    warnings([text])


def notice(notice: Notice) -> None:
    """A warning with what can be done about it, to stderr, with --quiet too."""
    from qauvern.render.remedies import said

    warning(said(notice, own_command_line()))


def warnings(lines: Sequence[str]) -> None:
    """A warning of several lines."""
    _tell(*lines, label=click.style("Warning: ", fg="yellow", bold=True))


def request(event: RequestEvent) -> None:
    """One attempt at a request, to stderr, for --verbose."""
    again = f" (try {event.attempt})" if event.attempt > 1 else ""
    answer = event.status if event.error is None else event.error
    _tell(f"{event.method} {event.url} -> {answer} in {event.duration_seconds * 1000:,.0f} ms{again}")


def requests_total(statistics: Statistics) -> None:
    """What was sent in all, to stderr, for --verbose."""
    _tell(
        f"{statistics.requests:,} requests, {statistics.retries:,} of them retries, "
        f"slowest {statistics.slowest_seconds * 1000:,.0f} ms ({statistics.slowest_url})"
    )


def error_lines(lines: Iterable[str], *, color: bool | None = None) -> None:
    """Errors, to stderr, one a line. `color` None leaves it to the global options and to what stderr is."""
    for line in lines:
        _tell(line, label=click.style("Error: ", fg="red", bold=True), color=color)


def errors(happened: Iterable[Happened]) -> None:
    """Errors with what can be done about them, one a line."""
    from qauvern.render.remedies import said

    error_lines(said(each, own_command_line()) for each in happened)


def broken_invariants(broken: Iterable[BrokenInvariant]) -> None:
    """What a proposal breaks, one a line, with what can be done about it."""
    from qauvern.render.remedies import said_of_invariant

    error_lines(f"invariant {each.number}: {said_of_invariant(each, own_command_line())}" for each in broken)


class _Counter:
    """The last line of the terminal while it counts. It comes when the work takes a while, and is gone afterwards."""

    AFTER_SECONDS = 0.5

    def __init__(self) -> None:
        self._shown = ""

    def show(self, text: str) -> None:
        _to_stderr("\r" + text.ljust(len(self._shown)))
        self._shown = text

    def wipe(self) -> None:
        if self._shown:
            _to_stderr("\r" + " " * len(self._shown) + "\r")
            self._shown = ""


_counter = _Counter()


def _to_stderr(text: str) -> None:
    with suppress(BrokenPipeError):
        click.echo(text, nl=False, file=sys.stderr)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Counts on a terminal, once it takes a while. Yields what to call with how much is done of how much."""
    options = click.get_current_context().ensure_object(GlobalOptions)
    if options.quiet or options.verbose or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    started = time.monotonic()

    def show(done: int, total: int) -> None:
        if time.monotonic() - started >= _Counter.AFTER_SECONDS:
            _counter.show(f"{label}: {done:,} of {total:,}")

    try:
        yield show
    finally:
        _counter.wipe()


def _as_stderr_takes_it(text: str) -> str:
    encoding = sys.stderr.encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def confirmed(question: str, *, yes: bool, otherwise: str = "Say --yes, or --dry-run to look only.") -> bool:
    """True when stdin, a terminal's or not, says yes, or when --yes said so beforehand.

    Raises:
        NoAnswer: stdin ended without an answer.
    """
    if yes:
        return True
    question = _as_stderr_takes_it(printable(question))
    try:
        agreed = click.confirm(question, default=False, err=True)
    except click.Abort as abort:
        if isinstance(abort.__context__, EOFError):
            _to_stderr("\n")
            raise NoAnswer(f"cannot ask: stdin has ended. {otherwise}") from None
        raise
    if not sys.stdin.isatty():  # what a person types ends the line
        _to_stderr("\n")
    return agreed
