"""What a share goes by: activity, and equal parts beside it (Design.md, Sharing)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from qauvern.balance.activity import SCORE_DENOMINATOR
from qauvern.model import Sharing
from qauvern.units import MS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Weight:
    """What an instance's share goes by, held as integers: seconds of activity score, times `scale`.

    The two parts are (100 - e)% of its own score, and e% of the mean score of all it shares with.
    """

    by_activity: int
    in_equal_parts: int
    scale: int

    @property
    def scaled(self) -> int:
        return self.by_activity + self.in_equal_parts

    @property
    def activity_seconds(self) -> Fraction:
        return Fraction(self.by_activity, self.scale)

    @property
    def equal_seconds(self) -> Fraction:
        return Fraction(self.in_equal_parts, self.scale)

    @property
    def seconds(self) -> Fraction:
        return Fraction(self.scaled, self.scale)


def weights_of(scores: Sequence[int], sharing: Sharing) -> list[Weight]:
    """The weights of those who share a pool, by their scaled scores; a score of 0 takes no part, and weighs nothing.

    (100 - e) * score * n + e * S, times the denominator of e: with n that take part and S the sum of their scores, that
    is in the proportions of (100 - e) * score / S + e / n. For e = 0 the weights are the scores.
    """
    scale = SCORE_DENOMINATOR * MS_PER_SECOND
    equal, whole = sharing.equal_percent.as_integer_ratio()
    if equal == 0:
        return [Weight(score, 0, scale) for score in scores]
    active, total = sum(score > 0 for score in scores), sum(scores)
    factor, share = (100 * whole - equal) * active, equal * total
    scale *= 100 * whole * max(1, active)
    return [Weight(factor * score, share if score else 0, scale) for score in scores]
