"""What is to be changed, as sorted data: each instance with its values before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from qauvern.balance import Line, Proposal
from qauvern.model import Crn, Instance

LIMIT: Final = "limit"
"""Why only the limit changes."""
NOT_ENFORCED: Final = "not enforced"
"""Why values are written that an instance has already."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What an instance holds: its allocation and its limit in seconds; None for one that it does not have."""

    allocation_seconds: int | None
    limit_seconds: int | None

    @classmethod
    def of(cls, instance: Instance) -> Holding:
        return cls(instance.allocation_seconds, instance.limit_seconds)


class Phase(str, Enum):
    """When a change is written: what frees seconds first, what takes them last."""

    DECREASE = "decrease"
    LIMIT_ONLY = "limit only"
    INCREASE = "increase"


@dataclass(frozen=True, slots=True)
class Change:
    """One instance's values before and after, and why. Where they are the same, they are written again."""

    name: str
    crn: Crn
    before: Holding
    after: Holding
    reason: str

    @property
    def allocation_delta(self) -> int:
        """Seconds by which the allocation changes; negative for a decrease."""
        return (self.after.allocation_seconds or 0) - (self.before.allocation_seconds or 0)

    @property
    def is_rewrite(self) -> bool:
        """The values are written again as they are, since IBM does not enforce them."""
        return self.before == self.after

    @property
    def phase(self) -> Phase:
        if self.allocation_delta < 0:
            return Phase.DECREASE
        return Phase.INCREASE if self.allocation_delta > 0 else Phase.LIMIT_ONLY


def changes_of(proposal: Proposal) -> tuple[Change, ...]:
    """The changes of a proposal, in CRN order."""
    return tuple(
        Change(
            name=line.name,
            crn=line.crn,
            before=Holding.of(line.live),
            after=Holding(line.new_allocation, line.new_limit),
            reason=line.reason.value if line.changes_allocation else NOT_ENFORCED if line.is_rewrite else LIMIT,
        )
        for line in proposal.changes
    )


def seconds_moved(changes: Iterable[Change]) -> int:
    """Seconds that change hands: what the changes give to instances or take from them, whichever is more."""
    deltas = [change.allocation_delta for change in changes]
    return max(sum(delta for delta in deltas if delta > 0), -sum(delta for delta in deltas if delta < 0))


def limit_change(line: Line) -> Change | None:
    """The change of a line's limit alone, its allocation left as it is; None where it has that limit already."""
    before = Holding.of(line.live)
    after = Holding(before.allocation_seconds, line.new_limit)
    return None if after == before else Change(line.name, line.crn, before, after, LIMIT)


def in_phase(changes: tuple[Change, ...], phase: Phase) -> tuple[Change, ...]:
    """The changes that are written in `phase`, in their order."""
    return tuple(change for change in changes if change.phase is phase)
