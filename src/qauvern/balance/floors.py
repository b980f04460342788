"""The floor below which no new allocation goes (Design.md, Floor and Over budget)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from qauvern.units import MS_PER_SECOND, ceil_seconds, floor_seconds


class FloorSource(str, Enum):
    """The rule that set a floor."""

    MINIMUM = "minimum_allocation_seconds"
    CONSUMED = "28-day usage"
    ONE_SECOND = "one second, since 0 would archive the instance"


@dataclass(frozen=True, slots=True)
class Floor:
    """A floor in whole seconds and the rule that set it."""

    seconds: int
    source: FloorSource


def floor_of(consumed_ms: int, minimum_seconds: int) -> Floor:
    """max(minimum, ceil(c), 1)."""
    return _highest(minimum_seconds, ceil_seconds(consumed_ms))


def floor_over_budget(consumed_ms: int, minimum_seconds: int) -> Floor:
    """max(minimum, 1), or max(1, floor(c)) where 0 < c < minimum, so that fairness reaches 1 where it can."""
    if 0 < consumed_ms < minimum_seconds * MS_PER_SECOND:
        return _highest(0, floor_seconds(consumed_ms))
    return _highest(minimum_seconds, 0)


def _highest(minimum_seconds: int, consumed_seconds: int) -> Floor:
    if consumed_seconds > minimum_seconds:
        return Floor(consumed_seconds, FloorSource.CONSUMED)
    if minimum_seconds > 0:
        return Floor(minimum_seconds, FloorSource.MINIMUM)
    return Floor(1, FloorSource.ONE_SECOND)
