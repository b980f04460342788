"""select: which configured instances a command is about, held against the config file before anything else is done."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from qauvern.actions.account import Account
from qauvern.balance import Proposal
from qauvern.errors import QauvernError, Remedy
from qauvern.model import Crn, Instance, Settings, Usage
from qauvern.plan import (
    STATE_MEANINGS,
    BadSelection,
    Selection,
    State,
    Term,
    near,
    states_held,
    states_of_line,
)

__all__ = ["STATE_MEANINGS", "BadSelection", "Selection", "selected", "selected_live", "selection_of"]

_NAMED = 10


def selection_of(
    account: Account,
    settings: Settings,
    only: Collection[str] | None = None,
    exclude: Collection[str] = (),
    *,
    with_proposal: bool = True,
) -> Selection:
    """The selection of these terms. Asks the account only where a term fits nothing in the config file.

    Args:
        only: terms such as chem-*, a CRN or GUID, group:NAME, region:NAME, state:NAME; what any of them selects; None
            for all.
        exclude: terms of what is left out of these.
        with_proposal: whether there will be a proposal, which alone tells what is to change.

    Raises:
        BadSelection: a term is empty, or names what there is not: an unknown group or state, or what nothing in the
            config file has; or it takes a proposal, and there will be none.
    """
    selection = Selection.parse(only, exclude)
    unmatched = selection.unmatched(settings)
    if unmatched:
        raise _nothing_fits(unmatched, settings, _unconfigured(account, settings))
    if selection.takes_a_proposal and not with_proposal:
        raise BadSelection("only a proposal tells what is to change.", remedy=Remedy.SELECT_IN_ANALYZE)
    return selection


def selected(selection: Selection, settings: Settings, proposal: Proposal) -> frozenset[Crn]:
    """The CRNs of what is selected of a proposal's instances."""
    lines = {line.crn: line for line in proposal.lines}
    return selection.chosen(settings, lambda crn: states_of_line(lines[crn]))


def selected_live(
    selection: Selection, settings: Settings, instances: Mapping[Crn, Instance], usage: Mapping[Crn, Usage]
) -> frozenset[Crn]:
    """The CRNs of what is selected where nothing is proposed: states go by the live limits."""

    def states(crn: Crn) -> frozenset[State]:
        live = instances.get(crn)
        return states_held(None if live is None else usage.get(crn), None if live is None else live.limit_seconds)

    return selection.chosen(settings, states)


def _unconfigured(account: Account, settings: Settings) -> list[Instance]:
    """What the account lists beside the configured instances, as far as it can be asked."""
    configured = {each.crn for each in settings.instances}
    try:
        with account:
            listed = account.client.list_instances(settings.plan)
    except QauvernError:
        return []
    return [each for each in listed if each.crn not in configured]


def _nothing_fits(terms: Collection[Term], settings: Settings, unconfigured: Collection[Instance]) -> BadSelection:
    said, known = [], set()
    for term in terms:
        fitting = term.among([(each.crn, each.name, None) for each in unconfigured])
        if fitting:
            names = [f"{each.name} ({each.crn})" for each in unconfigured if each.crn in fitting]
            more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            said.append(f"{term.text!r} fits only what is not configured: {', '.join(names[:_NAMED])}{more}.")
            known.add(term.text)
        else:
            candidates = term.names_in(settings)
            said.append(f"nothing in the config file fits {term.text!r}.{near(term.wanted, candidates)}")
    return BadSelection(
        " ".join(said),
        remedy=Remedy.ADD_TO_CONFIG if known else Remedy.LIST_INSTANCES,
        terms=[term.text for term in terms],
        unconfigured=sorted(known),
    )
