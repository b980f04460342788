"""What is odd about a config file that is valid, and the names of its instances."""

from __future__ import annotations

from collections import defaultdict

from qauvern.config._problems import shown
from qauvern.config._values import MAX_NAME_LENGTH, breaks_a_line
from qauvern.errors import Notice, Remedy
from qauvern.model import Crn, Settings

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def settings_notices(settings: Settings) -> tuple[Notice, ...]:
    """That there are no instances, or one notice for each name that several of them have, by name."""
    if not settings.instances:
        return (Notice("the config file lists no instances", Remedy.FILL_CONFIG),)
    crns: defaultdict[str, list[Crn]] = defaultdict(list)
    for instance in settings.instances:
        crns[instance.name].append(instance.crn)
    return tuple(
        Notice(
            f"{len(same)} instances are named {shown(name)}; only the CRN tells them apart: {', '.join(sorted(same))}",
            facts={"name": name, "crns": tuple(sorted(same))},
        )
        for name, same in sorted(crns.items())
        if len(same) > 1
    )


def config_name(name: str, crn: Crn) -> str:
    """The name under which a live instance stands in the config file.

    That is its own, but for what a config file refuses: control characters are replaced, what is longer than 180
    characters is cut, and an instance with a blank name goes by its GUID.
    """
    if not name.strip():
        return crn.guid
    clean = "".join(_REPLACEMENT if breaks_a_line(character) else character for character in name)
    return clean[:MAX_NAME_LENGTH] if clean[:MAX_NAME_LENGTH].strip() else crn.guid
