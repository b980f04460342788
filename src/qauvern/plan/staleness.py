"""Whether a saved plan still fits the account: done already, still to do, or stale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from qauvern.balance import Line, Proposal, check_invariants
from qauvern.model import Crn, Instance, Settings
from qauvern.plan.changes import Change, Holding
from qauvern.plan.document import BadSavedPlan, SavedPlan, config_digest
from qauvern.units import seconds_text


@dataclass(frozen=True, slots=True)
class Fit:
    """How a saved plan fits the account as it is now. Any difference makes it stale: nothing of it may be written."""

    to_do: tuple[Change, ...]
    done: tuple[Change, ...]
    differences: tuple[str, ...]


def refuse_other_account(saved: SavedPlan, settings: Settings, endpoint_family: str) -> None:
    """Holds a saved plan against where it would be applied.

    Raises:
        BadSavedPlan: it is of another account, billing plan or endpoint family.
    """
    for what, of_plan, here in (
        ("account", saved.account_id, settings.account_id),
        ("billing plan", saved.plan.value, settings.plan.value),
        ("endpoint family", saved.endpoint_family, endpoint_family),
    ):
        if of_plan != here:
            raise BadSavedPlan(f"the saved plan is of {what} {of_plan}, and this run is on {here}. Nothing was written")


def fit(saved: SavedPlan, settings: Settings, live: Mapping[Crn, Instance], fresh: Proposal) -> Fit:
    """Holds a saved plan against the account as it is now.

    Args:
        live: the instances that the account lists.
        fresh: the proposal that the account leads to now, for its usage and limits.
    """
    differences: list[str] = []
    to_do: list[Change] = []
    done: list[Change] = []
    if saved.config_digest != config_digest(settings):
        differences.append("the config file has changed since the plan was made")
    configured = {line.crn for line in fresh.lines}
    enforced = {line.crn for line in fresh.lines if line.is_enforced}
    for change in saved.changes:
        instance = live.get(change.crn)
        if instance is None or change.crn not in configured:
            differences.append(f"{change.name}: it is no longer among the configured instances of the account")
            continue
        holds = Holding.of(instance)
        if change.is_rewrite and holds == change.after:
            (done if change.crn in enforced else to_do).append(change)
        elif holds == change.after:
            done.append(change)
        elif holds == change.before:
            to_do.append(change)
        else:
            differences.append(f"{change.name}: {_describe(holds, change)}")
    if not differences:
        differences = [f"with today's usage {broken}" for broken in broken_by(saved.changes, fresh)]
    return Fit(tuple(to_do), tuple(done), tuple(differences))


def broken_by(changes: Sequence[Change], fresh: Proposal, *, with_their_limits: bool = False) -> list[str]:
    """The invariants that the changes break with the usage and limits of `fresh`; other instances' values do not.

    `with_their_limits`: by the limits that the changes set, not by those of `fresh`.
    """
    planned = {change.crn: change.after for change in changes}

    def applied(line: Line) -> Line:
        if line.crn not in planned:
            return replace(line, new_allocation=line.live.allocation_seconds)
        after = planned[line.crn]
        limit = replace(line.limit, seconds=after.limit_seconds) if with_their_limits else line.limit
        return replace(line, new_allocation=after.allocation_seconds, limit=limit)

    return [
        f"invariant {broken.number} is broken: {broken.message}"
        for broken in check_invariants(replace(fresh, lines=tuple(map(applied, fresh.lines))))
        if broken.number == 1 or planned.keys() & set(broken.crns)
    ]


def _describe(holds: Holding, change: Change) -> str:
    return "; ".join(
        f"its {what} is {seconds_text(now)}, and the saved plan takes it from {seconds_text(before)} to "
        f"{seconds_text(after)}"
        for what, now, before, after in (
            (
                "allocation",
                holds.allocation_seconds,
                change.before.allocation_seconds,
                change.after.allocation_seconds,
            ),
            ("limit", holds.limit_seconds, change.before.limit_seconds, change.after.limit_seconds),
        )
        if before != after or now != before
    )
