"""What is wrong with a config file, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from qauvern.errors import QauvernError, Remedy

MAX_PROBLEMS: Final = 1_000
"""A file with more problems than this is not a config file; the rest is left out."""

_SHOWN_CHARACTERS: Final = 60


class Position(NamedTuple):
    """A place in the file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint. `line` and `column` count from 1; both are None where the file could not be read at all."""

    path: Path
    line: int | None
    column: int | None
    message: str
    remedy: Remedy | None = None
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        where = "" if self.line is None else f":{self.line}:{self.column}"
        return f"{self.path}{where}: {self.message}"


class ConfigError(QauvernError):
    """The config file cannot be used. `problems` are all of its problems, by position; `str()` is one line for each."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class Complaints:
    """Collects the problems of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._problems: list[Problem] = []

    def add(self, at: Position | None, message: str, remedy: Remedy | None = None) -> None:
        """Notes a problem.

        Raises:
            ConfigError: there are more of them than anybody would read.
        """
        line, column = at or (None, None)
        self._problems.append(Problem(self._path, line, column, message, remedy))
        if len(self._problems) >= MAX_PROBLEMS:
            last = f"only the first {MAX_PROBLEMS:,} problems are listed: is this a config file?"
            raise ConfigError([*self._problems, Problem(self._path, line, column, last)])

    def error(self) -> ConfigError:
        return ConfigError(self._problems)

    def __bool__(self) -> bool:
        return bool(self._problems)


def shown(text: str) -> str:
    """A piece of the file as a message quotes it: on one line, printable, and not too long."""
    clipped = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in clipped)
    return f"`{escaped}`"
