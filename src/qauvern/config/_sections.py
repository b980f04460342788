"""What a section of the file is: a table of keys, each with the kind of its value."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from typing import Any, ClassVar, Final, Generic, TypeVar, overload

from qauvern.config._problems import Complaints, Position, shown
from qauvern.config._tree import Items, Mapping, Node, Refused, Scalar
from qauvern.config._values import Unfit, Value, listed, nearest

T = TypeVar("T")

RETIRED_KEYS: Final[MappingType[str, str]] = {
    "enforce_usage_floor": "every floor covers 28-day usage now; take the key out",
    "usage_floor_relax_above_percent": "floors relax by themselves when the plan is over budget; take the key out",
    "target_usage_seconds": "shares follow recent activity now; take the key out, and write limit_seconds for a cap",
    "projects": "write its entries under instances, each with name, crn and a group of `groups`",
    "project_limit_seconds": "write limit_seconds",
    "plan_id": "write plan: internal, premium or paygo",
}
"""Keys of formats that are no longer read, with what became of them and what to write instead."""


class Entries:
    """A key whose value is a list."""

    def __init__(self, expected: str) -> None:
        self.expected = expected


class SubSection:
    """A key whose value is a mapping."""

    def __init__(self, expected: str) -> None:
        self.expected = expected


class Key(Generic[T]):
    """A key of a section. On a section that was read it is the value, or None where that is missing or refused."""

    name: str

    @overload
    def __init__(self: Key[Items], kind: Entries, *, required: bool = ..., takes_null: bool = ...) -> None: ...
    @overload
    def __init__(self: Key[Mapping], kind: SubSection, *, required: bool = ..., takes_null: bool = ...) -> None: ...
    @overload
    def __init__(self, kind: Value[T], *, required: bool = ..., takes_null: bool = ...) -> None: ...
    def __init__(
        self, kind: Value[T] | Entries | SubSection, *, required: bool = False, takes_null: bool = False
    ) -> None:
        self.kind = kind
        self.required = required
        self.takes_null = takes_null

    def __set_name__(self, owner: type[Section], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, section: None, owner: type[Section]) -> Key[T]: ...
    @overload
    def __get__(self, section: Section, owner: type[Section]) -> T | None: ...
    def __get__(self, section: Section | None, owner: type[Section]) -> Key[T] | T | None:
        if section is None:
            return self
        value: T | None = section.values.get(self.name)
        return value

    def read(self, node: Node, complaints: Complaints) -> Any:
        """The value of the node, or None where it was complained about (or is null and may be)."""
        if isinstance(node, Refused):
            return None
        if isinstance(node, Scalar) and node.is_null:
            if not self.takes_null:
                leave = "" if self.required else ", or leave the key out"
                complaints.add(node.at, f"{self.name}: is empty (null): write {self.kind.expected}{leave}")
            return None
        if isinstance(self.kind, Value):
            if isinstance(node, Scalar):
                try:
                    return self.kind.read(node)
                except Unfit as unfit:
                    complaints.add(node.at, f"{self.name}: {unfit}")
                    return None
        elif isinstance(node, Items if isinstance(self.kind, Entries) else Mapping):
            return node
        complaints.add(node.at, f"{self.name}: is {_kind_of(node)}: write {self.kind.expected}")
        return None


class Section:
    """Reads one mapping of the file by the keys of its subclass, and complains about everything else in it."""

    noun: ClassVar[str]
    keys: ClassVar[dict[str, Key[Any]]]
    _nouns_by_key: ClassVar[dict[str, list[str]]] = {}

    def __init_subclass__(cls) -> None:
        cls.keys = {name: key for name, key in vars(cls).items() if isinstance(key, Key)}
        for name in cls.keys:
            Section._nouns_by_key.setdefault(name, []).append(cls.noun)

    def __init__(self, node: Mapping, complaints: Complaints) -> None:
        self.at = node.at
        self.values: dict[str, Any] = {}
        self._given: dict[str, Position] = {}
        meant: set[str] = set()
        lines: dict[str, int] = {}
        for key_node, value_node in node.pairs:
            name = self._key_name(key_node, complaints)
            if name is None:
                continue
            if name in lines:
                complaints.add(key_node.at, f"{shown(name)} is given twice, first on line {lines[name]}: keep one")
                continue
            lines[name] = key_node.at.line
            key = self.keys.get(name)
            if key is None:
                near = nearest(name, self.keys)
                meant.update([near] if near else [])
                complaints.add(key_node.at, self._unknown(name, near))
                continue
            self._given[name] = value_node.at
            self.values[name] = key.read(value_node, complaints)
        for name, key in self.keys.items():
            # A misspelled key has been named already.
            if key.required and name not in self._given and name not in meant:
                complaints.add(self.at, f"{self.noun} has no `{name}`: add it, with {key.kind.expected}")

    def place_of(self, key: str) -> Position | None:
        """Where the value of the key stands; None where the key is not given."""
        return self._given.get(key)

    def has(self, key: str) -> bool:
        return key in self._given

    def refused(self, key: str) -> bool:
        """The key is given, and there was a complaint about its value (or it is null and may be)."""
        return key in self._given and self.values[key] is None

    def _key_name(self, node: Node, complaints: Complaints) -> str | None:
        if isinstance(node, Refused):
            return None
        if not isinstance(node, Scalar):
            complaints.add(node.at, f"a key is a word, not {_kind_of(node)}: write one of {listed(self.keys)}")
            return None
        if node.is_plain and node.tag == "merge":
            complaints.add(node.at, "the merge key `<<` is not supported: write the keys out")
            return None
        return node.text

    def _unknown(self, name: str, near: str | None) -> str:
        if name in RETIRED_KEYS:
            return f"{shown(name)} is a key of an older format: {RETIRED_KEYS[name]}"
        start = f"unknown key {shown(name)} in {self.noun}: "
        if name in self._nouns_by_key:
            return f"{start}it belongs to {listed(self._nouns_by_key[name], 'or')}; check the indentation"
        return start + (f"did you mean `{near}`?" if near else f"known are {listed(self.keys)}")


def _kind_of(node: Node) -> str:
    if isinstance(node, Items):
        return "a list"
    return "a mapping of keys to values" if isinstance(node, Mapping) else "a single value"
