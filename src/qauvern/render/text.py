"""Text for a terminal: names made safe to print, and tables that fit its width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import click

_GAP = 2


def printable(text: str) -> str:
    """The text with control characters made visible instead of obeyed by the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def printable_lines(text: str) -> str:
    """Like printable, where the text's own line breaks stay: for what is made of several lines on purpose."""
    return "\n".join(map(printable, text.split("\n")))


def escaped_json(text: str) -> str:
    """JSON text that means the same and that no terminal obeys: JSON itself lets U+0080 and above stand as they are."""
    if text.isprintable():
        return text
    import json

    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its header and a cell for each row.

    Figures are right-aligned. Where the table is too wide, columns of the highest `drop_order` go first; those of
    0 stay. A column with `shrinks_to` may be cut to that many characters before anything is dropped. `colors` is one
    for each cell (None: as it is); what a colour says, the cell's text says too.
    """

    header: str
    cells: Sequence[str]
    is_text: bool = False
    drop_order: int = 0
    shrinks_to: int | None = None
    colors: Sequence[str | None] = ()

    @property
    def width(self) -> int:
        return max([len(self.header), *(len(cell) for cell in self.cells)])


@dataclass(frozen=True, slots=True)
class Table:
    """A drawn table, and the headers of the columns that the width had no room for."""

    text: str
    dropped: tuple[str, ...]


def draw_table(columns: Sequence[Column], *, width: int | None, totals: Sequence[str] | None = None) -> Table:
    """The table within `width` characters (None: any width). `totals` is a last row, one cell for each column."""
    import tabulate

    tabulate.MIN_PADDING = 0  # else it widens columns beyond their header, and past the width asked for
    columns = [replace(each, cells=[printable(cell) for cell in each.cells]) for each in columns]
    if totals is not None:
        columns = [replace(each, cells=[*each.cells, total]) for each, total in zip(columns, totals, strict=True)]
    kept, dropped = _fit(list(columns), width)
    rows = [list(row) for row in zip(*(_painted(each) for each in kept), strict=True)]
    text = tabulate.tabulate(
        rows,
        headers=[each.header for each in kept],
        tablefmt="simple",
        disable_numparse=True,
        colalign=["left" if each.is_text else "right" for each in kept] if rows else None,
        preserve_whitespace=True,
    )
    if totals is not None:
        lines = text.splitlines()
        text = "\n".join([*lines[:-1], lines[1], lines[-1]])
    return Table("\n".join(line.rstrip() for line in text.splitlines()), tuple(dropped))


def _fit(columns: list[Column], width: int | None) -> tuple[list[Column], list[str]]:
    everything = columns
    while width is not None and _least_width(columns) > width:
        last = max(columns, key=lambda each: each.drop_order)
        if last.drop_order == 0:
            break
        columns = [each for each in columns if each is not last]
    dropped = [each.header for each in everything if all(each is not kept for kept in columns)]
    excess = 0 if width is None else max(0, _total_width(columns) - width)
    return [_shrink(each, excess) for each in columns], dropped


def _total_width(columns: Sequence[Column]) -> int:
    return sum(each.width for each in columns) + _GAP * (len(columns) - 1)


def _least_width(columns: Sequence[Column]) -> int:
    return _total_width(columns) - sum(
        max(0, each.width - each.shrinks_to) for each in columns if each.shrinks_to is not None
    )


def _shrink(column: Column, excess: int) -> Column:
    if column.shrinks_to is None or not excess:
        return column
    width = max(column.shrinks_to, column.width - excess)
    cells = [cell if len(cell) <= width else cell[: width - 2] + ".." for cell in column.cells]
    return replace(column, cells=cells)


def _painted(column: Column) -> list[str]:
    colors = [*column.colors, *[None] * (len(column.cells) - len(column.colors))]
    return [
        click.style(cell, fg=color) if color and cell else cell
        for cell, color in zip(column.cells, colors, strict=True)
    ]


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Labels and values below each other, the values aligned."""
    width = max(len(label) for label, _ in pairs)
    return "\n".join(f"{label:<{width}}  {value}".rstrip() for label, value in pairs)
