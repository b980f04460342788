"""What is odd about the groups of a config file, though it can be used."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from qauvern.config._problems import shown
from qauvern.errors import Notice, Remedy
from qauvern.model import Settings


def group_warnings(settings: Settings) -> tuple[Notice, ...]:
    """Groups without members, by name; shares of 100 that leave nothing for the instances in no group."""
    used = {instance.group for instance in settings.instances}
    found = [
        Notice(f"the group {shown(name)} has no instances", Remedy.GIVE_A_GROUP, {"group": name})
        for name in sorted(group.name for group in settings.groups)
        if name not in used
    ]
    ungrouped = sum(instance.group is None for instance in settings.instances)
    if ungrouped and sum(Fraction(group.share_percent or Decimal(0)) for group in settings.groups) == 100:
        found.append(
            Notice(
                f"the shares of the groups add up to 100, which leaves nothing but their floors to the {ungrouped:,} "
                f"instance{'s' if ungrouped > 1 else ''} in no group",
                Remedy.LEAVE_A_SHARE,
                {"ungrouped": ungrouped},
            )
        )
    return tuple(found)
