"""The plan of an undo: the values before a run, for what the run changed and nobody has changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from qauvern.model import Crn, Instance
from qauvern.plan.changes import Change, Holding


@dataclass(frozen=True, slots=True)
class WrittenChange:
    """A change that a run wrote or may have written. `left` is what it left behind as far as the journal knows."""

    change: Change
    left: Holding


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """What an undo writes, and what it leaves alone: changed by others since, gone, or not configured any more."""

    changes: tuple[Change, ...]
    left_alone: tuple[tuple[Change, str], ...]


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
    left_alone: list[tuple[Change, str]] = []
    for each in sorted(written, key=lambda each: each.change.crn):
        change = each.change
        instance = live.get(change.crn)
        if instance is None:
            left_alone.append((change, "it is not in the account any more"))
            continue
        holds = Holding.of(instance)
        back = Change(change.name, change.crn, before=holds, after=change.before, reason=f"undo of run {run_id}")
        if holds == change.before:
            continue
        if change.crn not in configured:
            left_alone.append((change, "it is not in the config file any more"))
        elif instance.is_archived:
            left_alone.append((change, "it has been archived since"))
        elif holds in (change.after, each.left) or force:
            changes.append(back)
        else:
            left_alone.append((change, "changed by others since; --force puts it back all the same"))
    return UndoPlan(tuple(changes), tuple(left_alone))
