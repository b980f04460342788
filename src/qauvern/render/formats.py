"""Rows as CSV: one for each instance (or run), with text that a spreadsheet cannot take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows below a header of their keys, in the first row's order; nested objects become `outer_inner` columns."""
    flat = [_flattened(row) for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in flat)
    return text.getvalue()


def _flattened(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            flat |= _flattened(value, f"{prefix}{key}_")
        elif not isinstance(value, list):
            flat[prefix + key] = value
    return flat


def _cell(value: Any) -> Any:
    """Numbers as they are, none as nothing, true and false as JSON writes them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
