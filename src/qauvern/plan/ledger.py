"""The ledger that keeps the cap: at every moment, the most that the plan's instances can hold together."""

from __future__ import annotations

from dataclasses import dataclass, field

from qauvern.model import Crn
from qauvern.plan.changes import Change


@dataclass(slots=True)
class Ledger:
    """Counts what is held while changes are written, in seconds.

    `cap` is the budget (None: a plan without one), `elsewhere` what instances outside the changes hold, `held` what
    those within hold. A change that is reserved, in flight or of unknown outcome counts with the larger of its values.
    """

    cap: int | None
    elsewhere: int
    held: dict[Crn, int]
    _pending: dict[Crn, int] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: tuple[Change, ...], *, cap: int | None, total_held: int) -> Ledger:
        """A ledger for `changes` to a plan whose instances, all of them, hold `total_held` now."""
        held = {change.crn: change.before.allocation_seconds or 0 for change in changes}
        return cls(cap, total_held - sum(held.values()), held)

    @property
    def most_held(self) -> int:
        """The most that can be held now, whatever comes of what is under way."""
        return self.elsewhere + sum(max(held, self._pending.get(crn, 0)) for crn, held in self.held.items())

    @property
    def keeps_cap(self) -> bool:
        return self.cap is None or self.most_held <= self.cap

    def reserve(self, change: Change) -> bool:
        """Counts the change with the larger of its values; refuses an increase that would lift the total over the cap.

        A change that takes nothing more is never refused, also while the total is above the cap already.
        """
        wanted = change.after.allocation_seconds or 0
        held = self.held[change.crn]
        if wanted > held and self.cap is not None and self.most_held + wanted - held > self.cap:
            return False
        self._pending[change.crn] = wanted
        return True

    def settle(self, crn: Crn, allocation_seconds: int | None) -> None:
        """The instance is known to hold this much, and nothing is under way for it."""
        self._pending.pop(crn, None)
        self.held[crn] = allocation_seconds or 0

    def observe(self, crn: Crn, allocation_seconds: int | None) -> None:
        """The instance was seen to hold this much, and what is under way for it may still come to pass."""
        self.held[crn] = allocation_seconds or 0

    def release(self, crn: Crn) -> None:
        """Nothing was written: the instance holds what it held."""
        self._pending.pop(crn, None)
