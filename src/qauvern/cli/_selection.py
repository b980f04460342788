"""The options by which a command takes a part of the configured instances."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from qauvern.cli import _completion

CommandBody = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for. `only` is None for all."""

    only: tuple[str, ...] | None
    exclude: tuple[str, ...]


_OPTIONS = {
    "only": click.option(
        "--only",
        multiple=True,
        metavar="TERM",
        shell_complete=_completion.terms,
        help="Only these: a name or pattern (chem-*), CRN, GUID, group:NAME, region:NAME, state:NAME; repeat for more.",
    ),
    "exclude": click.option(
        "--exclude", multiple=True, metavar="TERM", shell_complete=_completion.terms, help="Without these; as --only."
    ),
}


def selection_options(*names: str) -> Callable[[CommandBody], CommandBody]:
    """The options of these names, as one argument `wanted`."""

    def decorated(command: CommandBody) -> CommandBody:
        @functools.wraps(command)
        def taken(*arguments: Any, **options: Any) -> Any:
            said = {name: options.pop(name) for name in names}
            return command(*arguments, wanted=Wanted(**{**said, "only": said["only"] or None}), **options)

        called: CommandBody = taken
        for name in reversed(names):
            called = _OPTIONS[name](called)
        return called

    return decorated
