"""Reads the report's page as a program would: its tables, facts, references and identifiers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

Attributes = dict[str, str]
LINKING = ("src", "href", "xlink:href", "srcset", "action", "data", "poster", "style", "background")
"""Attributes by which a page may ask for something else."""


@dataclass
class Row:
    """A row of a table: what each column says, and the value it is sorted by, where it has one."""

    crn: str | None
    kind: str
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


@dataclass
class Page(HTMLParser):
    """The parsed page."""

    source: str
    tables: dict[str, list[Row]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    elements: list[tuple[str, Attributes]] = field(default_factory=list)
    text: str = ""
    data: Any = None

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._keys: list[str] = []
        self._rows: list[Row] = []
        self._row: Row | None = None
        self._part, self._column, self._tag = "", -1, ""
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self._tag = attributes.get("type", tag)
        self.elements.append((tag, attributes))
        self.references += [attributes[name] for name in LINKING if name in attributes]
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "table":
            self._keys, self._rows = [], self.tables.setdefault(attributes["id"], [])
        elif tag in ("thead", "tbody", "tfoot"):
            self._part = tag
        elif tag == "tr":
            self._column = -1
            if self._part == "tbody":
                self._row = Row(attributes.get("data-crn"), attributes.get("class", ""))
                self._rows.append(self._row)
        elif tag in ("th", "td"):
            self._column += 1
            if self._part == "thead":
                self._keys.append(attributes["data-key"])
            elif self._row is not None:
                key = self._keys[self._column]
                self._row.texts[key] = ""
                if "data-v" in attributes:
                    self._row.values[key] = attributes["data-v"]
        elif tag == "dd" and "data-key" in attributes:
            self.facts[attributes["data-key"]] = attributes.get("data-v", "")

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""
        if tag == "tr":
            self._row = None
        elif tag in ("thead", "tbody", "tfoot"):
            self._part = ""

    def handle_data(self, data: str) -> None:
        if self._tag == "application/json":
            self.data = json.loads(data)
            return
        self.text += data
        if self._row is not None and self._column >= 0 and data.strip():
            self._row.texts[self._keys[self._column]] += data

    def row(self, table: str, crn: str) -> Row:
        return next(row for row in self.tables[table] if row.crn == crn)


def number(value: str | None) -> float | None:
    """What a cell's value is in JSON: None where it has none."""
    return None if value is None or value == "" else float(value)
