"""The plan of an undo: the values before a run, for what the run changed and nobody has changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from qauvern.errors import Notice, Remedy
from qauvern.model import Crn, Instance
from qauvern.plan.changes import Change, Holding


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """A change that a run wrote or may have written. `left` is what it left behind as far as the journal knows."""

    change: Change
    left: Holding


class WhyLeftAlone(str, Enum):
    """Why an undo does not put an instance's values back."""

    GONE = "it is no longer in the account"
    UNCONFIGURED = "it is no longer in the config file"
    ARCHIVED = "it has been archived since"
    CHANGED_SINCE = "somebody else has changed it since"


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A change that an undo does not take back."""

    change: Change
    why: WhyLeftAlone

    @property
    def notice(self) -> Notice:
        remedy = Remedy.FORCE_UNDO if self.why is WhyLeftAlone.CHANGED_SINCE else None
        return Notice(f"{self.change.name} is left alone: {self.why.value}", remedy)


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo writes, and what it leaves alone: changed by others since, gone, or not configured any more."""

    changes: tuple[Change, ...]
    left_alone: tuple[LeftAlone, ...]


def plan_undo(
    written: Sequence[WrittenChange],
    live: Mapping[Crn, Instance],
    run_id: str,
    *,
    configured: Collection[Crn],
    force: bool = False,
) -> UndoPlan:
    """Plans the values before the run. With `force` also for instances that were changed by others since.

    Instances that are not `configured` are never written.
    """
    changes: list[Change] = []
    left_alone: list[LeftAlone] = []
    for each in sorted(written, key=lambda each: each.change.crn):
        change = each.change
        instance = live.get(change.crn)
        if instance is None:
            left_alone.append(LeftAlone(change, WhyLeftAlone.GONE))
            continue
        holds = Holding.of(instance)
        back = Change(change.name, change.crn, before=holds, after=change.before, reason=f"undo of run {run_id}")
        if holds == change.before:
            continue
        if change.crn not in configured:
            left_alone.append(LeftAlone(change, WhyLeftAlone.UNCONFIGURED))
        elif instance.is_archived:
            left_alone.append(LeftAlone(change, WhyLeftAlone.ARCHIVED))
        elif holds in (change.after, each.left) or force:
            changes.append(back)
        else:
            left_alone.append(LeftAlone(change, WhyLeftAlone.CHANGED_SINCE))
    return UndoPlan(tuple(changes), tuple(left_alone))
