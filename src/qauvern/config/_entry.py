"""One instance's entry in a config file: its limit, its group, one more net grant. No other line is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from qauvern.config._edit import CannotEdit, Item, Lines, checked, end_line, in_style, instance_list, not_a_block_list
from qauvern.config._render import quoted
from qauvern.config._values import nearest
from qauvern.errors import QauvernError, Remedy
from qauvern.model import NO_GROUP, Crn, InstanceSettings, LimitRule, NetGrant, Settings


class BadEntry(QauvernError):
    """An entry that no config file may have: nothing was written."""


@dataclass(frozen=True, slots=True)
class EntryEdit:
    """What is to change in one instance's entry; None stays as it is.

    `limit` is whole seconds or a rule (LIVE takes the key away), `group` a group's name or NO_GROUP, `grant` is added
    to the net grants that are there.
    """

    limit: int | LimitRule | None = None
    group: str | None = None
    grant: NetGrant | None = None

    def applied_to(self, configured: InstanceSettings) -> InstanceSettings:
        """The entry once it has been edited.

        Raises:
            BadEntry: a net grant would have no limit to come on top of.
        """
        edited = replace(
            configured,
            limit_seconds=configured.limit_seconds if self.limit is None else self.limit,
            group={None: configured.group, NO_GROUP: None}.get(self.group, self.group),
            net_grants=(*configured.net_grants, *([] if self.grant is None else [self.grant])),
        )
        if edited.net_grants and isinstance(edited.limit_seconds, LimitRule):
            if self.grant is not None:
                raise BadEntry(
                    f"a net grant comes on top of a limit, and the config file gives {configured.name} "
                    f"({configured.crn}) none.",
                    remedy=Remedy.SET_A_LIMIT,
                    name=configured.name,
                    crn=configured.crn,
                )
            raise BadEntry(
                f"{configured.name} ({configured.crn}) has net grants, which come on top of a limit: it cannot do "
                "without one.",
                remedy=Remedy.TAKE_GRANTS_OUT,
                name=configured.name,
                crn=configured.crn,
            )
        return edited


def edit_entry(text: str, path: Path, settings: Settings, crn: Crn, edit: EntryEdit) -> str:
    """The config file's text with one instance's entry edited, checked to say just that.

    Raises:
        BadEntry: as EntryEdit.applied_to, or the group is not one of the settings'.
        CannotEdit: the file is laid out so that it has to be edited by hand.
    """
    names = [group.name for group in settings.groups]
    if edit.group is not None and edit.group not in (NO_GROUP, *names):
        near = nearest(edit.group, names)
        meant = f" Did you mean {near!r}?" if near else ""
        raise BadEntry(
            f"the config file has no group {edit.group!r}.{meant}",
            remedy=Remedy.NAME_A_GROUP,
            groups=", ".join(names) or "none",
        )
    entries = tuple(edit.applied_to(each) if each.crn == crn else each for each in settings.instances)
    lines = Lines.of(text)
    items = [Item.of(node, lines, path) for node in instance_list(text, path).value]
    item = next(each for each in items if Crn(each.value("crn").value) == crn)
    if edit.limit is not None:
        figure = edit.limit.value if isinstance(edit.limit, LimitRule) else str(edit.limit)
        _set(item, "limit_seconds", None if edit.limit is LimitRule.LIVE else figure, lines, path, _as_it_is)
    if edit.group is not None:
        _set(item, "group", None if edit.group == NO_GROUP else edit.group, lines, path, in_style)
    if edit.grant is not None:
        _add_grant(item, edit.grant, lines, path)
    return checked(lines.text(), path, replace(settings, instances=entries))


def _set(
    item: Item, key: str, text: str | None, lines: Lines, path: Path, write: Callable[[str | None, str], str]
) -> None:
    """Gives the key that value, written in the old one's style, or takes it away."""
    name, value = item.key(key), item.value(key)
    if name is None:
        if text is not None:
            below = item.key("crn")
            lines.insert_after(
                end_line(item.value("crn")), [f"{' ' * below.start_mark.column}{key}: {write(None, text)}"]
            )
        return
    number = name.start_mark.line
    if value.start_mark.line != value.end_mark.line or value.start_mark.line != number:
        raise CannotEdit(f"{path} cannot be updated: {key} on line {number + 1} takes several lines")
    if text is not None:
        line = lines.lines[number]
        before, after = line[: value.start_mark.column], line[value.end_mark.column :]
        space = "" if before.endswith(" ") else " "
        lines.lines[number] = f"{before}{space}{write(value.style, text)}{after}"
    elif number == item.first:
        raise CannotEdit(f"{path} cannot be updated: {key} is the first key of its entry, on line {number + 1}")
    else:
        lines.deleted.add(number)


def _as_it_is(_style: str | None, text: str) -> str:
    return text


def _add_grant(item: Item, grant: NetGrant, lines: Lines, path: Path) -> None:
    name, value = item.key("net_grants"), item.value("net_grants")
    if name is None:
        column = item.key("crn").start_mark.column
        lines.insert_after(end_line(item.node), [f"{' ' * column}net_grants:", *_grant_lines(grant, column + 2)])
    elif isinstance(value, yaml.SequenceNode) and value.value:
        if value.flow_style or any(not isinstance(each, yaml.MappingNode) or each.flow_style for each in value.value):
            raise not_a_block_list(path)
        last = Item.of(value.value[-1], lines, path)
        lines.insert_after(last.last, _grant_lines(grant, last.dash_column))
    else:  # [] or nothing
        number, start, end = name.start_mark.line, value.start_mark, value.end_mark
        if not start.line == end.line == number:
            raise not_a_block_list(path)
        line = lines.lines[number]
        lines.lines[number] = line[: start.column].rstrip() + line[end.column :]
        lines.insert_after(number, _grant_lines(grant, name.start_mark.column + 2))


def _grant_lines(grant: NetGrant, column: int) -> list[str]:
    indent = " " * column
    return [
        f"{indent}- start_date: {_day(grant.start_date)}",
        f"{indent}  end_date: {_day(grant.end_date)}",
        f"{indent}  net_grant_seconds: {grant.net_grant_seconds}",
    ]


def _day(day: Any) -> str:
    return quoted(f"{day.isoformat()}T00:00:00Z")
