"""Where the config file and the live account differ, and what the file is to say instead. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from qauvern.config._names import config_name
from qauvern.errors import QauvernError, Remedy
from qauvern.model import Crn, Instance, InstanceSettings, LimitRule, Settings


@dataclass(frozen=True, slots=True)
class Steps:
    """Which parts of a reconciliation are wanted."""

    add: bool = True
    remove: bool = True
    names: bool = True
    limits: bool = True
    net_grants: bool = True


class WhyRemoved(str, Enum):
    """Why an instance goes out of the config file."""

    ARCHIVED = "archived"
    MISSING = "not in the account"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What is to change in the config file.

    `dropped_grants` are indexes into an instance's net_grants.
    """

    added: tuple[InstanceSettings, ...]
    removed: Mapping[Crn, WhyRemoved]
    renamed: Mapping[Crn, str]
    limits: Mapping[Crn, int]
    dropped_grants: Mapping[Crn, tuple[int, ...]]

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.renamed or self.limits or self.dropped_grants)

    def applied_to(self, settings: Settings) -> Settings:
        """What the file says once it has been edited."""
        kept = tuple(self._edited(each) for each in settings.instances if each.crn not in self.removed)
        return replace(settings, instances=(*kept, *self.added))

    def _edited(self, configured: InstanceSettings) -> InstanceSettings:
        crn = configured.crn
        dropped = self.dropped_grants.get(crn, ())
        return replace(
            configured,
            name=self.renamed.get(crn, configured.name),
            limit_seconds=self.limits.get(crn, configured.limit_seconds),
            net_grants=tuple(grant for index, grant in enumerate(configured.net_grants) if index not in dropped),
        )


def reconcile(
    settings: Settings,
    live: Sequence[Instance],
    *,
    region: str | None = None,
    steps: Steps | None = None,
    grants_without_effect: Mapping[Crn, tuple[int, ...]],
) -> Reconciliation:
    """Holds the config file against all instances of its plan that the account lists, archived ones too.

    With `region` only that region's entries are looked at.

    Raises:
        QauvernError: the list is suddenly empty, which is taken for an error and changes nothing; or no instance
            would be left in the file.
    """
    steps = steps or Steps()
    own = {
        instance.crn: instance
        for instance in live
        if instance.crn.account_id == settings.account_id and region in (None, instance.crn.region)
    }
    configured = {each.crn: each for each in settings.instances if region in (None, each.crn.region)}
    if not own and configured:
        where = "" if region is None else f" in {region}"
        raise QauvernError(
            f"the account lists no {settings.plan.value} instance{where} any more, and the config file has "
            f"{len(configured)}. This is taken for an error, and nothing was changed",
            remedy=Remedy.CHECK_ACCOUNT,
        )
    staying = {crn: each for crn, each in configured.items() if crn in own and not own[crn].is_archived}
    added = _added(own, configured, settings) if steps.add else ()
    removed = _removed(own, configured) if steps.remove else {}
    if removed and len(removed) == len(settings.instances) and not added:
        raise QauvernError(
            "every instance of the config file is archived or no longer in the account. This is taken for an error, "
            "and nothing was changed",
            remedy=Remedy.CHECK_ACCOUNT,
        )
    return Reconciliation(
        added=added,
        removed=removed,
        renamed={
            crn: config_name(own[crn].name, crn)
            for crn, each in staying.items()
            if steps.names and each.name not in (own[crn].name, config_name(own[crn].name, crn))
        },
        limits={
            crn: limit
            for crn, each in staying.items()
            if steps.limits and each.limit_seconds is LimitRule.LIVE and (limit := own[crn].limit_seconds) is not None
        },
        dropped_grants={
            crn: indexes
            for crn, indexes in grants_without_effect.items()
            if steps.net_grants and indexes and crn in staying
        },
    )


def limit_setting(live: Instance) -> int | LimitRule:
    """What an entry says for the limit that the instance has."""
    return LimitRule.LIVE if live.limit_seconds is None else live.limit_seconds


def _added(
    own: Mapping[Crn, Instance], configured: Mapping[Crn, InstanceSettings], settings: Settings
) -> tuple[InstanceSettings, ...]:
    new = [instance for crn, instance in own.items() if crn not in configured and not instance.is_archived]
    return tuple(
        sorted(
            (
                InstanceSettings(
                    config_name(each.name, each.crn), each.crn, limit_setting(each), (), settings.balance_period
                )
                for each in new
            ),
            key=lambda each: (each.name, each.crn),
        )
    )


def _removed(own: Mapping[Crn, Instance], configured: Mapping[Crn, InstanceSettings]) -> dict[Crn, WhyRemoved]:
    return {
        crn: WhyRemoved.ARCHIVED if crn in own else WhyRemoved.MISSING
        for crn in configured
        if crn not in own or own[crn].is_archived
    }
