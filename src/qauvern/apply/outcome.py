"""What came of each change, as a type with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from qauvern.plan import Change, Holding


class Result(str, Enum):
    """How one change ended."""

    DONE = "done"
    ALREADY_DONE = "already done"
    DRIFTED = "drifted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_ENFORCED = "not enforced"
    HELD_BACK = "held back"
    NOT_STARTED = "not started"
    IN_DOUBT = "in doubt"
    """Its run was cut off in the middle of its write. Only a journal that is read tells of it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one change ended. `actual` is what the instance was last seen to hold (None: not read); `detail` says why,
    or of one that is done what else there is to know.

    `wrote`: a write of this run took effect, or may have. `may_still_land`: something that was sent, or an operation
    that does not end, may change the instance later on; until then the larger of its values counts.
    """

    change: Change
    result: Result
    detail: str = ""
    actual: Holding | None = None
    wrote: bool = False
    may_still_land: bool = False

    @property
    def is_done(self) -> bool:
        return self.result in (Result.DONE, Result.ALREADY_DONE)


@dataclass(frozen=True, slots=True)
class AppliedRun:
    """The outcomes of a run, in plan order, and whether it was interrupted.

    `fault` is what made qauvern itself stop the run, such as a journal that cannot be written; empty if nothing did.
    """

    outcomes: tuple[Outcome, ...]
    interrupted: bool = False
    fault: str = ""

    def having(self, *results: Result) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.result in results)

    @property
    def is_complete(self) -> bool:
        return not self.interrupted and not self.fault and all(outcome.is_done for outcome in self.outcomes)

    @property
    def wrote_any(self) -> bool:
        """True when a write of this run took effect, or may have."""
        return any(outcome.wrote for outcome in self.outcomes)
