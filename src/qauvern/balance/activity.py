"""How active an instance has been lately (Design.md, Activity score)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from qauvern.model import Usage
from qauvern.units import MS_PER_SECOND

SCORE_DENOMINATOR: Final = 84
"""Least common multiple of the day counts 1, 3, 7, 14 and 28: times this, the score is an integer."""


@dataclass(frozen=True, slots=True)
class ScoreTerm:
    """One window's part of the score: `factor` * milliseconds used, in milliseconds * 84."""

    window: str
    used_ms: int
    factor: int

    @property
    def scaled(self) -> int:
        return self.factor * self.used_ms


@dataclass(frozen=True, slots=True)
class ActivityScore:
    """32*u24h/1 + 16*u3/3 + 8*u7/7 + 4*u14/14 + 2*c/28, held exactly as an integer: milliseconds * 84."""

    terms: tuple[ScoreTerm, ...]
    scaled: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scaled", sum([term.factor * term.used_ms for term in self.terms]))

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.scaled, SCORE_DENOMINATOR * MS_PER_SECOND)

    @property
    def is_active(self) -> bool:
        return self.scaled > 0


def activity_score(usage: Usage) -> ActivityScore:
    """The score that the pool is shared by."""
    return ActivityScore(
        (
            ScoreTerm("24h", usage.last_24h_ms, 2688),
            ScoreTerm("3d", usage.last_3d_ms, 448),
            ScoreTerm("7d", usage.last_7d_ms, 96),
            ScoreTerm("14d", usage.last_14d_ms, 24),
            ScoreTerm("28d", usage.consumed_ms, 6),
        )
    )
