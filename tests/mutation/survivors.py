"""The mutants that may survive, each with the reason why no test can tell it from the code."""

from __future__ import annotations

from typing import NamedTuple


class Survivor(NamedTuple):
    """`becomes` is what the mutant makes of the line `line` in `function`."""

    function: str
    line: str
    becomes: str
    reason: str


SURVIVORS: tuple[Survivor, ...] = ()
