"""YAML text -> a tree in which every node knows its place.

The tree is built from PyYAML's events, without recursion, so that nesting, aliases and tags are refused where they
stand and everything else in the file is still read. Scalars keep their exact text: nothing is converted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from qauvern.config._problems import Complaints, Position, shown
from qauvern.errors import Remedy

MAX_DEPTH: Final = 20
"""A config file nests four deep. This also keeps a hostile file from costing anything."""
MAX_EVENTS: Final = 1_000_000
"""Some 100,000 instances."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NOT_IN_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG_PREFIX: Final = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value by its exact text. `tag` is what YAML takes it for: str, int, float, bool, null, timestamp, ..."""

    text: str
    tag: str
    is_plain: bool
    at: Position

    @property
    def is_null(self) -> bool:
        return self.tag == "null"


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    nodes: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values as written, equal keys included."""

    pairs: tuple[tuple[Node, Node], ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Refused:
    """Stands where something was that has been complained about already."""

    at: Position


Node: TypeAlias = Scalar | Items | Mapping | Refused


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been met yet."""

    is_mapping: bool
    is_tagged: bool
    at: Position
    children: list[Node] = field(default_factory=list)

    def close(self) -> Node:
        if self.is_tagged:
            return Refused(self.at)
        if self.is_mapping:
            return Mapping(tuple(zip(self.children[::2], self.children[1::2], strict=True)), self.at)
        return Items(tuple(self.children), self.at)


def read_tree(text: str, complaints: Complaints) -> Node | None:
    """The root of the file's one document, or None where there is nothing to read any further."""
    for unprintable in _NOT_IN_YAML.finditer(text):
        at = position_of(text, unprintable.start())
        complaints.add(at, f"the control character U+{ord(unprintable[0]):04X} cannot stand in YAML: take it out")
    if complaints:
        return None
    try:
        return _compose(text, complaints)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(1, 1) if mark is None else Position(mark.line + 1, mark.column + 1)
        complaints.add(at, _syntax_message(error, at, text))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # The pure Python scanner lets a few impossible escapes and directives out as ValueError.
        complaints.add(Position(1, 1), f"not readable as YAML: {' '.join(str(error).split())[:200]}")
    return None


def position_of(text: str, offset: int) -> Position:
    """The place of the character at the offset."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _compose(text: str, complaints: Complaints) -> Node | None:
    stack = [_Open(is_mapping=False, is_tagged=False, at=Position(1, 1))]
    documents = 0
    for count, (loader, event) in enumerate(_events(text)):
        at = Position(event.start_mark.line + 1, event.start_mark.column + 1)
        if count >= MAX_EVENTS:
            complaints.add(at, f"the file holds more than {MAX_EVENTS:,} keys and values: is this a config file?")
            return None
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                complaints.add(at, "a second YAML document starts here: a config file is one, without `---` inside")
                break
        elif isinstance(event, yaml.AliasEvent):
            complaints.add(at, f"the alias {shown(f'*{event.anchor}')} is not supported: write the values out")
            stack[-1].children.append(Refused(at))
        elif isinstance(event, yaml.ScalarEvent):
            _refuse_decoration(event, at, complaints)
            stack[-1].children.append(_scalar(loader, event, at))
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            _refuse_decoration(event, at, complaints)
            if len(stack) > MAX_DEPTH:
                complaints.add(at, f"lists and mappings are nested more than {MAX_DEPTH} deep: a config file never is")
                return None
            stack.append(_Open(isinstance(event, yaml.MappingStartEvent), event.tag is not None, at))
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            closed = stack.pop()
            stack[-1].children.append(closed.close())
    roots = stack[0].children
    if not roots or (isinstance(roots[0], Scalar) and roots[0].is_null and not roots[0].text):
        complaints.add(Position(1, 1), "the file is empty", Remedy.WRITE_CONFIG)
        return None
    return roots[0]


def _events(text: str) -> Iterator[tuple[Any, Any]]:
    loader = LOADER(text)
    try:
        while loader.check_event():
            yield loader, loader.get_event()
    finally:
        loader.dispose()


def _scalar(loader: Any, event: yaml.ScalarEvent, at: Position) -> Node:
    if event.tag is not None:
        return Refused(at)
    tag: str = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    return Scalar(event.value, tag.removeprefix(_TAG_PREFIX), not event.style, at)


def _refuse_decoration(event: Any, at: Position, complaints: Complaints) -> None:
    if event.anchor is not None:
        complaints.add(at, f"the anchor {shown(f'&{event.anchor}')} is not supported: take it out")
    if event.tag is not None:
        complaints.add(at, f"the tag {shown(event.tag)} is not supported: write the value without a tag")


def _syntax_message(error: yaml.MarkedYAMLError, at: Position, text: str) -> str:
    lines = text.split("\n")
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    if line[at.column - 1 : at.column] == "\t":
        return "not YAML: there is a tab here, and YAML is indented with spaces"
    message = f"not YAML: {error.problem or error.context or 'it cannot be read from here on'}"
    if error.problem and error.context and error.context_mark is not None:
        message += f" ({error.context} that starts on line {error.context_mark.line + 1})"
    if re.search(r":\s+crn:v1:", line):
        message += '; a CRN ends in `::` and has to stand in quotes: crn: "crn:v1:...::"'
    return " ".join(message.split())
