"""The JSON Schema of what is printed as JSON, made from the figures. `python -m qauvern.render.schema` prints it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any, Final

from qauvern.balance import Reason
from qauvern.figures import REASON_TEXT, Figure, Record
from qauvern.render.derivation import EXPLAIN
from qauvern.render.documents import ANALYZE, INSTANCES, SHOW
from qauvern.render.runs import HISTORY, OPTIMIZE, RUN

DOCUMENTS: Final[tuple[Record[Any], ...]] = (ANALYZE, SHOW, INSTANCES, HISTORY, RUN, OPTIMIZE, EXPLAIN)


def schema() -> dict[str, Any]:
    """A schema of draft 2020-12 with one definition for each object."""
    records = {record.name: record for document in DOCUMENTS for record in _within(document)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:qauvern:documents",
        "title": "What qauvern prints as JSON",
        "description": "One definition for each document; each is named after its command, `run` is that of "
        "`history RUN`. Names that end in _seconds are seconds, whole numbers where they are whole; usage is in "
        "seconds of quantum time, allocations and limits are of the rolling 28-day window. Dates are UTC days.",
        "anyOf": [{"$ref": f"#/$defs/{document.name}"} for document in DOCUMENTS],
        "$defs": {name: _object(record) for name, record in sorted(records.items())},
    }


def schema_text() -> str:
    """The file that is shipped."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _within(record: Record[Any]) -> Iterator[Record[Any]]:
    yield record
    for figure in record.figures:
        if figure.unit.record is not None:
            yield from _within(figure.unit.record)


def _object(record: Record[Any]) -> dict[str, Any]:
    return {
        "title": record.title,
        "description": record.meaning,
        "type": "object",
        "properties": {figure.name: _property(figure) for figure in record.figures},
        "required": [figure.name for figure in record.figures if figure.only_if is None],
        "additionalProperties": False,
    }


def _property(figure: Figure[Any]) -> dict[str, Any]:
    about = {
        "title": figure.heading,
        "description": f"{figure.meaning}; null: {figure.null}." if figure.null else f"{figure.meaning}.",
    }
    said = dict(figure.unit.schema)
    if figure.unit is REASON_TEXT:
        said["enum"] = [each.value for each in Reason]
    if not figure.null:
        return {**about, **said}
    if "$ref" in said:
        return {**about, "anyOf": [said, {"type": "null"}]}
    if "enum" in said:
        said["enum"] = [*said["enum"], None]
    return {**about, **said, "type": [said["type"], "null"]}


if __name__ == "__main__":
    sys.stdout.write(schema_text())
