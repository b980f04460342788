"""Rows as CSV: one for each instance (or run), with text that a spreadsheet cannot take for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """The rows below a header; nested objects become `outer_inner` columns, lists are left out.

    The header is `columns`, or the rows' keys in the first row's order where none are given.
    """
    flat = [_flattened(row) for row in rows]
    columns = columns or list(dict.fromkeys(key for row in flat for key in row))
    return "".join(_line(cells) for cells in (columns, *([_cell(row.get(key)) for key in columns] for row in flat)))


def _line(cells: Sequence[Any]) -> str:
    # A lone carriage return is quoted only where the line ends in one (before Python 3.13).
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


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
