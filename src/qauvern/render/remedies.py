"""What can be done about an error or a notice, in words.

Beside cli/ and help/ only this module names commands, options and variables.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Final, Protocol

from qauvern.errors import Remedy

_WITHOUT_CONFIG: Final = frozenset({"configure", "create", "history", "sandbox", "demo", "help"})
"""Commands that take no config file."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """How another command of qauvern is spelled so that it reaches the same account and config file as this one.

    `global_options` are those of this command; `config` is the file that it was given, if it was given one.
    """

    global_options: tuple[str, ...] = ()
    config: str | None = None

    def spell(self, *words: str, with_config: bool = True) -> str:
        """The command as it is typed into a shell."""
        takes_config = with_config and self.config is not None and not _WITHOUT_CONFIG & set(words[:1])
        config = ["--config", self.config or ""] if takes_config and "--config" not in words else []
        return shlex.join(["qauvern", *self.global_options, *words, *config])


AS_INSTALLED: Final = CommandLine()

# A text in backticks that begins with `qauvern` is a command, spelled by the CommandLine. {names} are facts.
WORDS: Final[Mapping[Remedy, str]] = {
    Remedy.REPORT_BUG: "Please report it; the same command with -vv shows where it happened.",
}


class Happened(Protocol):
    """An error, a notice or a problem: its text, and what can be done about it."""

    @property
    def remedy(self) -> Remedy | None: ...
    @property
    def facts(self) -> Mapping[str, object]: ...


class _Facts(dict[str, object]):
    """Facts by name. One that is missing stands in capitals, as in a usage line: RUN."""

    def __missing__(self, name: str) -> str:
        return name.upper()


def needs(remedy: Remedy) -> frozenset[str]:
    """The names of the facts that a remedy's words take."""
    return frozenset(name for _, name, _, _ in Formatter().parse(WORDS[remedy]) if name)


def words(remedy: Remedy, facts: Mapping[str, object], command_line: CommandLine = AS_INSTALLED) -> str:
    """A remedy in words: one or more sentences."""
    known = _Facts(facts)

    def spelled(part: str) -> str:
        if not part.startswith("`qauvern "):
            return part.format_map(known)
        return f"`{command_line.spell(*(word.format_map(known) for word in shlex.split(part.strip('`'))[1:]))}`"

    return "".join(map(spelled, re.split(r"(`[^`]*`)", WORDS[remedy])))


def said(happened: Happened, command_line: CommandLine = AS_INSTALLED) -> str:
    """What happened and what can be done about it, as one line."""
    text = str(happened)
    if happened.remedy is None:
        return text
    end = "" if text.endswith((".", "!", "?")) else "."
    return f"{text}{end} {words(happened.remedy, happened.facts, command_line)}"
