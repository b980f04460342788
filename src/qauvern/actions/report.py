"""report: what the page is made from, and whom it is for."""

from __future__ import annotations

from dataclasses import dataclass

from qauvern.actions.account import Account
from qauvern.actions.analyze import Analysis, Daily, analyze
from qauvern.actions.apply import NoSuchInstance, find_instance
from qauvern.errors import Remedy
from qauvern.model import NO_GROUP, Crn, Settings

_GROUP = "group:"


@dataclass(frozen=True, slots=True)
class Audience:
    """Those whose page it is: these instances, and the group that they are, if they are one."""

    crns: frozenset[Crn]
    group: str | None = None


def audience(settings: Settings, wanted: str) -> Audience:
    """Whom a page for `group:NAME`, or for the instance of that name, CRN or GUID, is about.

    Raises:
        NoSuchInstance: the config file has no such instance, or several, or the group has no instances.
    """
    if not wanted.startswith(_GROUP):
        return Audience(frozenset({find_instance(settings, wanted).crn}))
    group = wanted.removeprefix(_GROUP)
    crns = frozenset(each.crn for each in settings.instances if (each.group or NO_GROUP) == group)
    if not crns:
        raise NoSuchInstance(f"the config file has no instance in a group {group!r}.", remedy=Remedy.LIST_INSTANCES)
    return Audience(crns, group)


def report(account: Account, settings: Settings) -> Analysis:
    """An analysis with each instance's daily usage, as far back as the windows and limits of the last 28 days take it.

    Raises:
        As `analyze`.
    """
    return analyze(account, settings, daily=Daily.PAST_LIMITS)
