"""The ledger that keeps the caps: at every moment, the most that the plan's instances can hold, also in each group."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from qauvern.model import Crn
from qauvern.plan.changes import Change, Phase, in_phase


@dataclass(frozen=True, slots=True)
class Cap:
    """The most seconds that a group's members may hold together, and what all of them hold now."""

    group: str
    seconds: int
    held: int
    members: Collection[Crn]


@dataclass(slots=True)
class Ledger:
    """Counts what is held while changes are written, in seconds.

    `cap` is the budget (None: a plan without one), `elsewhere` what instances outside the changes hold, `held` what
    those within hold. A change that is reserved, in flight or of unknown outcome counts with the larger of its values.
    `groups` are ledgers of instances that have a cap of their own beside; `group` is the name of one of these.
    """

    cap: int | None
    elsewhere: int
    held: dict[Crn, int]
    groups: tuple[Ledger, ...] = ()
    group: str = ""
    _pending: dict[Crn, int] = field(default_factory=dict)

    @classmethod
    def of(cls, changes: tuple[Change, ...], *, cap: int | None, total_held: int, groups: Iterable[Cap] = ()) -> Ledger:
        """A ledger for `changes` to a plan whose instances, all of them, hold `total_held` now."""
        held = {change.crn: change.before.allocation_seconds or 0 for change in changes}
        within = []
        for group in groups:
            of_members = {crn: seconds for crn, seconds in held.items() if crn in group.members}
            elsewhere = group.held - sum(of_members.values())
            within.append(cls(group.seconds, elsewhere, of_members, group=group.group))
        return cls(cap, total_held - sum(held.values()), held, tuple(within))

    @property
    def most_held(self) -> int:
        """The most that can be held now, whatever comes of what is under way."""
        return self.elsewhere + sum(max(held, self._pending.get(crn, 0)) for crn, held in self.held.items())

    @property
    def keeps_cap(self) -> bool:
        return self.cap is None or self.most_held <= self.cap

    def keeps_caps_of(self, change: Change) -> bool:
        """None of the totals that the change counts in is over its cap."""
        return all(each.keeps_cap for each in self._of(change.crn))

    def reserve(self, change: Change) -> bool:
        """Counts the change with the larger of its values; refuses an increase that would lift a total over its cap.

        A change that takes nothing more is never refused, also while the total is above the cap already.
        """
        if self.full_for(change) is not None:
            return False
        for each in self._of(change.crn):
            each._pending[change.crn] = change.after.allocation_seconds or 0
        return True

    def full_for(self, change: Change) -> Ledger | None:
        """Where there is no room for the change, which is not reserved: this ledger, or that of its group."""
        return next((each for each in self._of(change.crn) if not each._has_room(change)), None)

    def settle(self, crn: Crn, allocation_seconds: int | None) -> None:
        """The instance is known to hold this much, and nothing is under way for it."""
        for each in self._of(crn):
            each._pending.pop(crn, None)
            each.held[crn] = allocation_seconds or 0

    def observe(self, crn: Crn, allocation_seconds: int | None) -> None:
        """The instance was seen to hold this much, and what is under way for it may still come to pass."""
        for each in self._of(crn):
            each.held[crn] = allocation_seconds or 0

    def release(self, crn: Crn) -> None:
        """Nothing was written: the instance holds what it held."""
        for each in self._of(crn):
            each._pending.pop(crn, None)

    def _of(self, crn: Crn) -> Iterator[Ledger]:
        """Itself, and those of the groups that the instance is in."""
        yield self
        yield from (group for group in self.groups if crn in group.held)

    def _has_room(self, change: Change) -> bool:
        held, wanted = self.held[change.crn], change.after.allocation_seconds or 0
        return wanted <= held or self.cap is None or self.most_held + wanted - held <= self.cap


def without_room(changes: tuple[Change, ...], ledger: Ledger) -> tuple[Change, ...]:
    """The increases that a cap holds back though every other change takes: others would have to give seconds up.

    It uses up the ledger, which is a fresh one of the changes.
    """
    for change in in_phase(changes, Phase.DECREASE):
        ledger.settle(change.crn, change.after.allocation_seconds)
    return tuple(change for change in in_phase(changes, Phase.INCREASE) if not ledger.reserve(change))
