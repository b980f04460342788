"""What the account says of itself that whoever reads or writes it should know: what is not enforced, or not in seconds.

What an instance holds is what was asked of IBM; what IBM holds it to comes with its usage, and may differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from qauvern.errors import Notice, QauvernError, Remedy
from qauvern.model import Crn, Enforced, Instance, ResourceUnits, Usage
from qauvern.plan.changes import Holding
from qauvern.units import seconds_text

_NAMED_AT_MOST: Final = 20


class CountedInUnits(QauvernError):
    """The account counts in resource units, whose worth in seconds is not known: nothing may be written to it."""

    remedy = Remedy.MANAGE_IN_CONSOLE


def refuse_resource_units(instances: Mapping[Crn, Instance], usage: Mapping[Crn, Usage]) -> None:
    """Called before the first write.

    Raises:
        CountedInUnits: one of the instances is counted in resource units. Facts: `crns`.
    """
    counted = dict(_in_units(instances, usage))
    if counted:
        first = instances[next(iter(counted))].name
        others = f" and {len(counted) - 1:,} more" if len(counted) > 1 else ""
        raise CountedInUnits(
            f"IBM counts {first!r}{others} in resource units, and how they convert to seconds is not known. "
            "Nothing was written.",
            crns=tuple(counted),
        )


def live_notices(instances: Mapping[Crn, Instance], usage: Mapping[Crn, Usage]) -> tuple[Notice, ...]:
    """What differs between what the instances hold and what is enforced, and what is counted in resource units."""
    lagging = {
        crn: f"{instance.name!r} ({difference(Holding.of(instance), enforced)})"
        for crn, instance in _by_name(instances)
        if crn in usage
        and (enforced := usage[crn].enforced) is not None
        and not enforced.agrees_with(instance.allocation_seconds, instance.limit_seconds)
    }
    said = []
    if lagging:
        text = f"IBM does not enforce what these instances hold: {_some(lagging.values())}."
        said.append(Notice(text, Remedy.WRITE_AGAIN, {"crns": tuple(lagging)}))
    counted = {crn: f"{instances[crn].name!r} ({told})" for crn, told in _in_units(instances, usage)}
    if counted:
        text = f"IBM counts in resource units, which qauvern shows and does not write: {_some(counted.values())}."
        said.append(Notice(text, Remedy.MANAGE_IN_CONSOLE, {"crns": tuple(counted)}))
    return tuple(said)


def difference(holding: Holding, enforced: Enforced) -> str:
    """How the enforced values differ from what is held."""
    parts = []
    held, limit = holding.allocation_seconds, holding.limit_seconds
    if enforced.allocation_seconds not in (None, held or 0):
        parts.append(f"allocation {seconds_text(enforced.allocation_seconds)} enforced, {seconds_text(held)} held")
    if enforced.limit_seconds != limit:
        parts.append(f"limit {seconds_text(enforced.limit_seconds)} enforced, {seconds_text(limit)} held")
    return ", ".join(parts)


def _in_units(instances: Mapping[Crn, Instance], usage: Mapping[Crn, Usage]) -> Iterator[tuple[Crn, str]]:
    """The instances that are counted in resource units, by name, each with its figures."""
    nothing = ResourceUnits(None, None)
    for crn, instance in _by_name(instances):
        held = instance.units or nothing
        used = (usage[crn].units if crn in usage else None) or nothing
        figures = [
            ("allocation", held.held),
            ("limit", held.limit),
            ("consumed", used.held),
            ("enforced limit", used.limit),
        ]
        told = [f"{what} {_units(figure)}" for what, figure in figures if figure is not None]
        if told:
            yield crn, ", ".join(told)


def _by_name(instances: Mapping[Crn, Instance]) -> Iterable[tuple[Crn, Instance]]:
    return sorted(instances.items(), key=lambda item: (item[1].name.casefold(), item[0]))


def _units(figure: Decimal) -> str:
    return f"{figure.normalize():f} RU"


def _some(told: Collection[str]) -> str:
    first, more = list(told)[:_NAMED_AT_MOST], len(told) - _NAMED_AT_MOST
    return "; ".join(first) + (f"; and {more:,} more" if more > 0 else "")
