"""Edits in a config file's text: only the lines that change are touched, so comments, order and quoting stay."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from qauvern.config._load import parse
from qauvern.config._problems import ConfigError
from qauvern.config._reconcile import Reconciliation
from qauvern.config._render import instance_lines, quoted
from qauvern.config._tree import LOADER
from qauvern.errors import QauvernError, Remedy
from qauvern.model import Crn, Settings

_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_PLAIN_NAME = re.compile("[A-Za-z][A-Za-z0-9_.-]*")


class CannotEdit(QauvernError):
    """A config file that is laid out so that it cannot be edited line by line."""

    remedy = Remedy.EDIT_BY_HAND


def edit_config(text: str, path: Path, settings: Settings, changes: Reconciliation) -> str:
    """The config file's text with the changes made, checked to say just that.

    Raises:
        CannotEdit: the instances are not a block list, one line for each key, or the outcome would not be the
            config that was meant; the file has to be edited by hand.
    """
    lines = Lines.of(text)
    listed = instance_list(text, path)
    nodes = listed.value
    for node in nodes:
        item = Item.of(node, lines, path)
        _edit_item(item, changes, lines, path)
    _append(listed, changes, lines, path)
    return checked(lines.text(), path, changes.applied_to(settings))


def checked(edited: str, path: Path, meant: Settings) -> str:
    """The edited text, which says just what was meant.

    Raises:
        CannotEdit: it does not.
    """
    try:
        outcome = parse(edited.encode("utf-8"), path)
    except ConfigError as error:
        raise CannotEdit(f"{path} cannot be updated: the result would not be a valid config file: {error}") from error
    if outcome != meant:
        raise CannotEdit(f"{path} cannot be updated: it is laid out so that it cannot be edited safely")
    return edited


@dataclass(slots=True)
class Lines:
    """A text's lines with their breaks, and what is to become of each."""

    lines: list[str]
    newline: str
    inserted: dict[int, list[str]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, text: str) -> Lines:
        breaks = list(_LINE_BREAK.finditer(text))
        starts = [0, *(each.end() for each in breaks)]
        ends = [*(each.end() for each in breaks), len(text)]
        lines = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        return cls([line for line in lines if line], breaks[0][0] if breaks else "\n")

    def indent_of(self, number: int) -> int:
        line = self.lines[number]
        return len(line) - len(line.lstrip(" "))

    def is_blank_or_comment(self, number: int) -> bool:
        content = self.lines[number].strip()
        return not content or content.startswith("#")

    def insert_after(self, number: int, texts: Sequence[str]) -> None:
        self.inserted.setdefault(number, []).extend(text + self.newline for text in texts)

    def text(self) -> str:
        return "".join(self._edited())

    def _edited(self) -> Iterator[str]:
        for number, line in enumerate(self.lines):
            inserted = self.inserted.get(number, [])
            if number not in self.deleted:
                yield line + self.newline if inserted and not _LINE_BREAK.search(line) else line
            yield from inserted


@dataclass(frozen=True, slots=True)
class Item:
    """A list item as lines: from that of its dash to that of its last value, with the comments that stand within."""

    node: Any
    first: int
    last: int
    dash_column: int

    @classmethod
    def of(cls, node: Any, lines: Lines, path: Path) -> Item:
        first = node.start_mark.line
        before = lines.lines[first][: node.start_mark.column]
        while not re.fullmatch(r"\s*-\s+", before):
            first -= 1
            if first < 0 or not (lines.is_blank_or_comment(first) or _is_dash_alone(lines.lines[first])):
                raise not_a_block_list(path)
            before = lines.lines[first].split("#")[0].rstrip() + " "
        return cls(node, first, _last_line(node, lines, before.index("-")), before.index("-"))

    def value(self, key: str) -> Any:
        return next((value for name, value in self.node.value if name.value == key), None)

    def key(self, key: str) -> Any:
        return next((name for name, _ in self.node.value if name.value == key), None)


def _is_dash_alone(line: str) -> bool:
    return re.fullmatch(r"\s*-(\s+#.*)?", line.rstrip()) is not None


def _last_line(node: Any, lines: Lines, dash_column: int) -> int:
    last = end_line(node)
    number = last + 1
    while number < len(lines.lines) and lines.is_blank_or_comment(number):
        if lines.lines[number].strip() and lines.indent_of(number) > dash_column:
            last = number
        number += 1
    return last


def end_line(node: Any) -> int:
    """The line of the node's last value."""
    if isinstance(node, yaml.MappingNode) and node.value and not node.flow_style:
        return max(end_line(value) for _, value in node.value)
    if isinstance(node, yaml.SequenceNode) and node.value and not node.flow_style:
        return max(end_line(each) for each in node.value)
    end = node.end_mark
    return int(end.line - 1 if end.column == 0 and end.line > node.start_mark.line else end.line)


def instance_list(text: str, path: Path) -> Any:
    root: Any = yaml.compose(text, Loader=LOADER)
    listed = next(value for key, value in root.value if key.value == "instances")
    if (
        root.flow_style
        or (listed.value and listed.flow_style)
        or any(not isinstance(each, yaml.MappingNode) or each.flow_style for each in listed.value)
    ):
        raise not_a_block_list(path)
    return listed


def not_a_block_list(path: Path) -> CannotEdit:
    return CannotEdit(
        f"{path} cannot be updated: its instances are not a block list with one line for each key, "
        "`- name: ...` with crn below"
    )


def _edit_item(item: Item, changes: Reconciliation, lines: Lines, path: Path) -> None:
    crn = Crn(item.value("crn").value)
    if crn in changes.removed:
        lines.deleted.update(range(item.first, item.last + 1))
        return
    if crn in changes.renamed:
        _replace_value(item.value("name"), changes.renamed[crn], lines, path)
    if crn in changes.limits:
        indent = " " * item.key("crn").start_mark.column
        lines.insert_after(end_line(item.value("crn")), [f"{indent}limit_seconds: {changes.limits[crn]}"])
    if crn in changes.dropped_grants:
        _drop_grants(item, set(changes.dropped_grants[crn]), lines, path)


def _replace_value(node: Any, text: str, lines: Lines, path: Path) -> None:
    start, end = node.start_mark, node.end_mark
    if start.line != end.line:
        raise CannotEdit(f"{path} cannot be updated: the name on line {start.line + 1} takes several lines")
    line = lines.lines[start.line]
    lines.lines[start.line] = line[: start.column] + in_style(node.style, text) + line[end.column :]


def in_style(style: str | None, text: str) -> str:
    """The text quoted as the old one was, or not at all as the old one, where it can be; else in double quotes."""
    if style == "'" and "'" not in text and text.isprintable():
        return f"'{text}'"
    if not style and _PLAIN_NAME.fullmatch(text) and isinstance(yaml.safe_load(text), str):
        return text
    return quoted(text)


def _drop_grants(item: Item, dropped: set[int], lines: Lines, path: Path) -> None:
    grants = item.value("net_grants")
    if grants.flow_style:
        raise not_a_block_list(path)
    grant_items = [Item.of(node, lines, path) for node in grants.value]
    for index in dropped:
        lines.deleted.update(range(grant_items[index].first, grant_items[index].last + 1))
    if len(dropped) < len(grant_items):
        return
    key = item.key("net_grants")
    if key.start_mark.line > item.first:
        lines.deleted.update(range(key.start_mark.line, grant_items[0].first))
    else:  # the item's dash stands on this line
        line = lines.lines[item.first]
        colon = line.index(":", key.end_mark.column)
        lines.lines[item.first] = f"{line[: colon + 1]} []{line[colon + 1 :]}"


def _append(listed: Any, changes: Reconciliation, lines: Lines, path: Path) -> None:
    if not changes.added:
        return
    if listed.value:
        last = Item.of(listed.value[-1], lines, path)
        number, dash_column, key_column = last.last, last.dash_column, last.node.start_mark.column
    else:
        _open_empty_list(listed, lines, path)
        number, dash_column, key_column = listed.start_mark.line, 2, 4
    dash = f"{' ' * dash_column}-".ljust(key_column)
    for each in changes.added:
        first, *others = instance_lines(each.name, each.crn, each.limit_seconds)
        lines.insert_after(number, [dash + first, *(" " * key_column + line for line in others)])


def _open_empty_list(listed: Any, lines: Lines, path: Path) -> None:
    """Takes the brackets of an empty list away, so that items can follow."""
    start, end = listed.start_mark, listed.end_mark
    if start.line != end.line:
        raise not_a_block_list(path)
    line = lines.lines[start.line]
    rest = line[end.column :]
    lines.lines[start.line] = (line[: start.column].rstrip() if not rest.strip() else line[: start.column]) + rest
