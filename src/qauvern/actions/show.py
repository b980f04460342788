"""show and instances: the account as it is, without a proposal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qauvern.actions.account import Account
from qauvern.actions.analyze import Daily, take_snapshot
from qauvern.balance import held_by_unconfigured, is_over_budget
from qauvern.errors import Notice
from qauvern.model import Crn, Instance, Settings, Snapshot, Usage
from qauvern.plan import live_notices


@dataclass(frozen=True, slots=True)
class Shown:
    """The account at one moment. `unconfigured_held_seconds` is what those hold that the config file does not list.

    `warnings` are what is odd about the groups of the config file.
    """

    snapshot: Snapshot
    unconfigured_held_seconds: int
    is_over_budget: bool
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownInstances:
    """What is seen without administrator rights; of usage no more than the official 28-day figure."""

    instances: Mapping[Crn, Instance]
    usage: Mapping[Crn, Usage]


def show(account: Account, settings: Settings, *, daily: Daily = Daily.LIMITS) -> Shown:
    """The account and its instances. Takes administrator rights.

    Raises:
        CloudError: the account cannot be read.
    """
    from qauvern.config import group_warnings

    with account:
        snapshot = take_snapshot(account, settings, account.now(), daily=daily)
    return Shown(
        snapshot,
        held_by_unconfigured(snapshot, settings),
        is_over_budget(snapshot),
        group_warnings(settings),
    )


def show_instances(account: Account, settings: Settings) -> ShownInstances:
    """The listed instances, and what the configured ones used. Takes no administrator rights.

    Raises:
        CloudError: they cannot be read.
    """
    with account:
        with account.workplace.progress("Reading the account") as progress:
            seen = account.client.read_instances_view(settings, now=account.now(), progress=progress)
        for notice in live_notices(seen.instances, seen.usage):
            account.workplace.warn(notice)
    return ShownInstances(seen.instances, seen.usage)
