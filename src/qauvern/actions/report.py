"""report: what the page is made from, and whom it is for."""

from __future__ import annotations

from dataclasses import dataclass

from qauvern.actions.account import Account
from qauvern.actions.analyze import Analysis, Daily, analyze
from qauvern.actions.apply import NoSuchInstance, find_instance
from qauvern.errors import Remedy
from qauvern.model import Crn, Settings
from qauvern.plan import Selection

_GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Audience:
    """Those whose page it is: these instances, and the group that they are, if they are one."""

    crns: frozenset[Crn]
    group: str | None = None


def audience(settings: Settings, wanted: str) -> Audience:
    """Whom a page for `group:NAME`, or for the instance of that name, CRN or GUID, is about.

    Raises:
        BadSelection: the config file has no such group.
        NoSuchInstance: it has no such instance, or several, or the group has no instances.
    """
    if not wanted.startswith(_GROUP):
        return Audience(frozenset({find_instance(settings, wanted).crn}))
    selection = Selection.parse([wanted])
    selection.unmatched(settings)
    crns = selection.chosen(settings)
    if not crns:
        raise NoSuchInstance(f"no instance is in {wanted!r}.", remedy=Remedy.LIST_INSTANCES)
    return Audience(crns, wanted.removeprefix(_GROUP))


def report(account: Account, settings: Settings) -> Analysis:
    """An analysis with each instance's daily usage, as far back as the windows and limits of the last 28 days take it.

    Raises:
        As `analyze`.
    """
    return analyze(account, settings, daily=Daily.PAST_LIMITS)
