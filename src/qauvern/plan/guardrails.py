"""Guardrails: bounds on one run that refuse it whole before the first write (Design.md, Guardrails)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final

from qauvern.errors import Remedy
from qauvern.model import Guardrails
from qauvern.plan.changes import Change

_NAMED_AT_MOST: Final = 20


class GuardrailName(str, Enum):
    """The guardrails that refuse a run, by the names they have in the config file."""

    MAX_CHANGES = "max_changes"
    MAX_CHANGES_PERCENT = "max_changes_percent"
    MAX_DECREASE_PERCENT = "max_decrease_percent"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A guardrail that refuses a run: its name, what it allows and what was found, and the changes that go beyond."""

    name: GuardrailName
    message: str
    offenders: tuple[Change, ...]
    remedy: Remedy = Remedy.RAISE_GUARDRAIL

    def __str__(self) -> str:
        return self.message

    @property
    def facts(self) -> Mapping[str, object]:
        return {"guardrail": self.name.value}


def refusals(
    changes: Sequence[Change],
    guardrails: Guardrails,
    configured_count: int,
    ignored: Collection[GuardrailName] = (),
) -> tuple[Refusal, ...]:
    """The guardrails that the changes break, but for the ignored ones."""
    found = (
        _max_changes(changes, guardrails),
        _max_changes_percent(changes, guardrails, configured_count),
        _max_decrease_percent(changes, guardrails),
    )
    return tuple(refusal for refusal in found if refusal is not None and refusal.name not in ignored)


def _max_changes(changes: Sequence[Change], guardrails: Guardrails) -> Refusal | None:
    most = guardrails.max_changes
    if most is None or len(changes) <= most:
        return None
    return _refusal(GuardrailName.MAX_CHANGES, f"allows {most:,} changes", f"there are {len(changes):,}", changes)


def _max_changes_percent(changes: Sequence[Change], guardrails: Guardrails, configured: int) -> Refusal | None:
    most = guardrails.max_changes_percent
    if most is None or 100 * len(changes) <= Fraction(most) * configured:
        return None
    bound = int(Fraction(most) * configured / 100)
    allowed = f"allows changes to {most:f}% of the {configured:,} configured instances, which is {bound:,}"
    return _refusal(GuardrailName.MAX_CHANGES_PERCENT, allowed, f"there are {len(changes):,}", changes)


def _max_decrease_percent(changes: Sequence[Change], guardrails: Guardrails) -> Refusal | None:
    most = guardrails.max_decrease_percent
    if most is None:
        return None
    offenders = [
        change
        for change in changes
        if -100 * change.allocation_delta > Fraction(most) * (change.before.allocation_seconds or 0)
    ]
    if not offenders:
        return None
    allowed = f"allows a decrease by {most:f}% of an instance's allocation"
    return _refusal(GuardrailName.MAX_DECREASE_PERCENT, allowed, f"{len(offenders):,} changes go beyond it", offenders)


def _refusal(name: GuardrailName, allowed: str, found: str, offenders: Sequence[Change]) -> Refusal:
    listed = [
        f"{change.name} {change.before.allocation_seconds or 0:,} -> {change.after.allocation_seconds or 0:,} s"
        if change.allocation_delta
        else f"{change.name} (limit)"
        for change in offenders[:_NAMED_AT_MOST]
    ]
    more = len(offenders) - len(listed)
    names = ", ".join(listed) + (f" and {more:,} more" if more else "")
    message = f"guardrail {name.value} {allowed}, but {found}: {names}. Nothing was written"
    return Refusal(name, message, tuple(offenders))
