"""Selection: which of the configured instances a command is about, by name, CRN, group, region or state."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from fnmatch import translate
from typing import Final

from qauvern.balance import Line
from qauvern.errors import QauvernError, Remedy
from qauvern.model import NO_GROUP, Crn, Settings, Usage
from qauvern.units import MS_PER_SECOND

_NEAR: Final = 0.5
"""How much alike a name must be to be asked about, as difflib counts it."""


class State(str, Enum):
    """What can hold of an instance now. Its limit is the new one of a proposal, else the live one."""

    CHANGED = "changed"
    LIMIT_REACHED = "limit-reached"
    IN_DEBT = "in-debt"
    IDLE = "idle"
    UNLIMITED = "unlimited"


STATE_MEANINGS: Final[Mapping[State, str]] = {
    State.CHANGED: "its allocation or its limit is to change",
    State.LIMIT_REACHED: "its 28-day usage has come to its limit",
    State.IN_DEBT: "its 28-day usage is above its limit",
    State.IDLE: "it used nothing in the last 28 days",
    State.UNLIMITED: "it has no limit",
}


def states_of_line(line: Line) -> frozenset[State]:
    """The states of an instance of a proposal."""
    return _states(
        changed=line.is_change,
        limit_reached=line.limit_reached,
        in_debt=line.is_in_debt,
        idle=_is_idle(line.usage),
        unlimited=line.new_limit is None,
    )


def states_held(usage: Usage | None, limit_seconds: int | None) -> frozenset[State]:
    """The states of an instance with that live limit, for which nothing is proposed; none where no usage was read."""
    if usage is None:
        return frozenset()
    limit_ms = None if limit_seconds is None else limit_seconds * MS_PER_SECOND
    return _states(
        changed=False,
        limit_reached=limit_ms is not None and usage.consumed_ms >= limit_ms,
        in_debt=limit_ms is not None and usage.consumed_ms > limit_ms,
        idle=_is_idle(usage),
        unlimited=limit_ms is None,
    )


def _is_idle(usage: Usage) -> bool:
    """Also by the last 14 days where they were read: they can be ahead of IBM's 28-day figure."""
    return usage.consumed_ms == 0 and (usage.recent is None or usage.recent.last_14d_ms == 0)


def _states(*, changed: bool, limit_reached: bool, in_debt: bool, idle: bool, unlimited: bool) -> frozenset[State]:
    holds = (changed, limit_reached, in_debt, idle, unlimited)
    return frozenset(state for state, it_does in zip(State, holds, strict=True) if it_does)


Candidate = tuple[Crn, str, str | None]
"""What a term looks at of an instance, beside its states: CRN, name and group."""

StatesOf = Callable[[Crn], Collection[State]]
"""What holds of an instance now."""


class BadSelection(QauvernError):
    """A selection that names what there is not."""


class Kind(str, Enum):
    """What a term goes by."""

    NAME = "name"
    CRN = "crn"
    GROUP = "group"
    REGION = "region"
    STATE = "state"


_WILDCARDS: Final = frozenset("*?[")
_PREFIXED: Final = (Kind.GROUP, Kind.REGION, Kind.STATE)


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a selection: `text` as it was given, `wanted` without what says its kind.

    A name is that of an instance, a pattern with `*`, `?` or `[...]` as a shell's, case-sensitive, or a GUID.
    """

    kind: Kind
    text: str
    wanted: str

    @classmethod
    def parse(cls, text: str) -> Term:
        """A term such as chem-*, a CRN or GUID, group:NAME, region:NAME or state:NAME.

        Raises:
            BadSelection: it is empty, or names an unknown state.
        """
        prefix, colon, wanted = text.partition(":")
        if colon and prefix in _PREFIXED:
            term = cls(Kind(prefix), text, wanted)
        else:
            term = cls(Kind.CRN if text.startswith("crn:v1:") else Kind.NAME, text, text)
        if not term.wanted.strip():
            raise BadSelection(f"{text!r} selects nothing: it is empty.", remedy=Remedy.SEE_SELECTION, term=text)
        if term.kind is Kind.STATE and term.wanted not in list(State):
            states = [each.value for each in State]
            raise BadSelection(
                f"{term.wanted!r} is not a state.{near(term.wanted, states)} The states are {', '.join(states)}.",
                remedy=Remedy.SEE_SELECTION,
                term=text,
            )
        return term

    def among(self, candidates: Iterable[Candidate], states: StatesOf | None = None) -> frozenset[Crn]:
        """The CRNs of those that it is about; where `states` is not known, a state is nobody's."""
        wanted = self.wanted
        if self.kind is Kind.NAME:
            if not _WILDCARDS.intersection(wanted):
                return frozenset(crn for crn, name, _ in candidates if wanted in (name, crn.guid))
            fits = re.compile(translate(wanted)).match
            return frozenset(crn for crn, name, _ in candidates if fits(name) or name == wanted)
        if self.kind is Kind.CRN:
            return frozenset(crn for crn, _, _ in candidates if crn == wanted)
        if self.kind is Kind.GROUP:
            return frozenset(crn for crn, _, group in candidates if (NO_GROUP if group is None else group) == wanted)
        if self.kind is Kind.REGION:
            return frozenset(crn for crn, _, _ in candidates if crn.region == wanted)
        return frozenset(crn for crn, _, _ in candidates if states is not None and wanted in states(crn))

    def names_in(self, settings: Settings) -> list[str]:
        """What the term could have named: the regions or the names in the config file."""
        if self.kind is Kind.REGION:
            return sorted({each.crn.region for each in settings.instances})
        return [each.name for each in settings.instances]


def near(wanted: str, known: Iterable[str]) -> str:
    """A sentence that asks about the nearest of the known names, behind a space; empty where none is near."""
    found = get_close_matches(wanted, list(known), n=1, cutoff=_NEAR)
    return f" Did you mean {found[0]!r}?" if found else ""


@dataclass(frozen=True, slots=True)
class Selection:
    """What several terms select: what any of `only` does (None: everything), without what any of `exclude` does."""

    only: tuple[Term, ...] | None = None
    exclude: tuple[Term, ...] = ()

    @classmethod
    def parse(cls, only: Iterable[str] | None = None, exclude: Iterable[str] = ()) -> Selection:
        """The selection of these terms.

        Raises:
            BadSelection: a term is empty, or names an unknown state.
        """
        return cls(None if only is None else tuple(map(Term.parse, only)), tuple(map(Term.parse, exclude)))

    @property
    def is_everything(self) -> bool:
        return self.only is None and not self.exclude

    @property
    def takes_a_proposal(self) -> bool:
        """Only a proposal tells what is to change."""
        return any(term.wanted == State.CHANGED for term in self._terms if term.kind is Kind.STATE)

    @property
    def _terms(self) -> Iterator[Term]:
        yield from self.only or ()
        yield from self.exclude

    def unmatched(self, settings: Settings) -> tuple[Term, ...]:
        """The terms that nothing in the config file has; a group or a state may be empty.

        Raises:
            BadSelection: the config file has no such group.
        """
        candidates = _candidates(settings)
        found: list[Term] = []
        for term in self._terms:
            if term.kind is Kind.GROUP:
                _refuse_unknown_group(term, settings)
            elif term.kind is not Kind.STATE and not term.among(candidates):
                found.append(term)
        return tuple(found)

    def chosen(self, settings: Settings, states: StatesOf | None = None) -> frozenset[Crn]:
        """The CRNs of the configured instances that are selected; `states` says what holds of each."""
        candidates = _candidates(settings)
        everything = frozenset(each.crn for each in settings.instances)
        wanted = frozenset[Crn]().union(*(term.among(candidates, states) for term in self.only or ()))
        unwanted = frozenset[Crn]().union(*(term.among(candidates, states) for term in self.exclude))
        return (everything if self.only is None else wanted) - unwanted


def _candidates(settings: Settings) -> list[Candidate]:
    return [(each.crn, each.name, each.group) for each in settings.instances]


def _refuse_unknown_group(term: Term, settings: Settings) -> None:
    groups = [group.name for group in settings.groups]
    if term.wanted not in (NO_GROUP, *groups):
        listed = "" if groups else " It has no groups."
        raise BadSelection(
            f"the config file has no group {term.wanted!r}.{near(term.wanted, groups)}{listed}",
            remedy=Remedy.SEE_SELECTION,
            term=term.text,
        )
