"""Text for a terminal: names made safe to print, lines and tables that fit its width. Widths are in terminal cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TypeVar

import click

if TYPE_CHECKING:
    from qauvern.figures import Figure
    from qauvern.units import TimeUnit

Row = TypeVar("Row")

_GAP: Final = "  "
_NIL: Final = frozenset({"0", "0.00", "-", "="})
"""Cells that say that there is nothing, which are dimmed."""

_NARROWEST: Final = 8
"""Fewer cells than these are not left to a word that is cut."""

Style = Callable[[str], str]


def _bold(text: str) -> str:
    return click.style(text, bold=True)


def _dim(text: str) -> str:
    return click.style(text, dim=True)


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


def cell_width(text: str) -> int:
    """How many cells of a terminal the text takes: most letters take one, Chinese, Japanese and Korean ones two."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    width: int = wcswidth(text)
    return len(text) if width < 0 else width


_AT_SPACES: Final = re.compile(r"(?<=\S)(?=\s)")
_AT_SPACES_AND_HYPHENS: Final = re.compile(r"(?<=\S)(?=\s)|(?<=\w-)(?=\w)")


def wrap(text: str, width: int | None, *, hanging: str = "", at_hyphens: bool = False) -> list[str]:
    """The text in lines of at most `width` cells (None: one line), the second and later ones behind `hanging`.

    Words are broken nowhere but at hyphens, and there only if asked for: one that is wider than a line sticks out.
    """
    if width is None or cell_width(text) <= width:
        return [text]
    lines = [""]
    for piece in (_AT_SPACES_AND_HYPHENS if at_hyphens else _AT_SPACES).split(text):
        if lines[-1].strip() and cell_width(lines[-1] + piece) > width:
            lines.append(hanging + piece.lstrip())
        else:
            lines[-1] += piece
    return lines


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its header, a cell for each row, and what stands in the rows of totals, if anything does.

    Figures are right-aligned. Where the table is too wide, columns with `shrinks_to` are wrapped down to that many
    cells, at spaces and hyphens; then columns of the highest `drop_order` go first, while those of 0 stay; then those
    that shrink do so down to their longest word; and at last single words are cut. `colors` is one for each cell
    (None: as it is); what a colour says, the cell's text says too. Rows in `headings` are those of groups: bold.
    """

    header: str
    cells: Sequence[str]
    is_text: bool = False
    drop_order: int = 0
    shrinks_to: int | None = None
    colors: Sequence[str | None] = ()
    totals: Sequence[str] = ()
    headings: Collection[int] = ()

    @property
    def width(self) -> int:
        return max(map(cell_width, (self.header, *self.totals, *self.cells)))

    @property
    def word_width(self) -> int:
        """To how many cells it shrinks without a word being cut."""
        if self.shrinks_to is None:
            return self.width
        pieces = (piece.strip() for cell in self.cells for piece in _AT_SPACES_AND_HYPHENS.split(cell))
        return max(map(cell_width, (self.header, *self.totals, *pieces)))

    @property
    def least_width(self) -> int:
        """To how many cells it shrinks before other columns go."""
        return self.width if self.shrinks_to is None else min(self.width, max(self.shrinks_to, self.word_width))


def figure_column(
    figure: Figure[Row],
    rows: Sequence[Row],
    *,
    unit: TimeUnit | None = None,
    cells: Sequence[str] | None = None,
    drop_order: int = 0,
    shrinks_to: int | None = None,
    colors: Sequence[str | None] = (),
    total: str | None = None,
) -> Column:
    """A figure as a column: its heading, its text for each row unless `cells` are given, and its total if any.

    `unit` None is seconds.
    """
    from qauvern.units import TimeUnit  # with fractions, which the help of a command does without

    unit = unit or TimeUnit.SECONDS
    return Column(
        figure.heading_in(unit),
        [figure.text(row, unit) for row in rows] if cells is None else cells,
        is_text=figure.unit.is_text,
        drop_order=drop_order,
        shrinks_to=shrinks_to,
        colors=colors,
        totals=[figure.total_text(rows, unit) if total is None else total],
    )


@dataclass(frozen=True, slots=True)
class Table:
    """A drawn table, and the headers of the columns that the width had no room for."""

    text: str
    dropped: tuple[str, ...]


def draw_table(columns: Sequence[Column], *, width: int | None) -> Table:
    """The table within `width` cells (None: any width); with last rows of totals where any column has them."""
    columns = [replace(each, cells=[printable(cell) for cell in each.cells]) for each in columns]
    kept = _kept(columns, width)
    widths = _widths(kept, width)
    rule = _dim(_GAP.join("-" * each for each in widths))
    bold = [_bold] * len(kept)
    lines = [_drawn_row(kept, widths, [each.header for each in kept], bold), rule]
    for index in range(len(kept[0].cells)):
        styles = [_style(each, index) for each in kept]
        lines.append(_drawn_row(kept, widths, [each.cells[index] for each in kept], styles))
    if any(any(each.totals) for each in kept):
        totals = zip_longest(*(each.totals for each in kept), fillvalue="")
        lines += [rule, *(_drawn_row(kept, widths, row, bold) for row in totals)]
    shown = {each.header for each in kept}
    return Table("\n".join(lines), tuple(each.header for each in columns if each.header not in shown))


def _kept(columns: Sequence[Column], width: int | None) -> list[Column]:
    kept = list(columns)
    while width is not None and _total_width([each.least_width for each in kept]) > width:
        last = max(kept, key=lambda each: each.drop_order)
        if last.drop_order == 0:
            break
        kept = [each for each in kept if each is not last]
    return kept


def _widths(columns: Sequence[Column], width: int | None) -> list[int]:
    """Each column's width; those that shrink do so in their order, no more than it takes."""
    widths = [each.width for each in columns]
    for least_of in (lambda each: each.least_width, lambda each: each.word_width, lambda each: cell_width(each.header)):
        for index, each in enumerate(columns):
            excess = 0 if width is None else max(0, _total_width(widths) - width)
            if excess and each.shrinks_to is not None:
                widths[index] = max(min(widths[index], least_of(each)), widths[index] - excess, _NARROWEST)
    return widths


def _total_width(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _drawn_row(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[str], styles: Sequence[Style]) -> str:
    """The row's lines: cells that are wrapped go over several."""
    parts = [
        [_cut(part, width) for part in wrap(cell, width, at_hyphens=True)]
        for cell, width in zip(cells, widths, strict=True)
    ]
    lines = []
    for texts in zip_longest(*parts, fillvalue=""):
        line = ""
        for index, (column, text) in enumerate(zip(columns, texts, strict=True)):
            padding = " " * (widths[index] - cell_width(text))
            painted = styles[index](text) if text else text
            line += (_GAP if index else "") + (painted + padding if column.is_text else padding + painted)
        lines.append(line.rstrip())
    return "\n".join(lines)


def _cut(text: str, width: int) -> str:
    """The text, or its beginning and two dots where it has no place to be broken at."""
    if cell_width(text) <= width:
        return text
    while cell_width(text) > width - 2:
        text = text[:-1]
    return text + ".."


def _style(column: Column, index: int) -> Style:
    if index in column.headings:
        return _bold
    if column.cells[index] in _NIL:
        return _dim
    color = column.colors[index] if index < len(column.colors) else None
    return lambda text: click.style(text, fg=color) if color else text


def facts(pairs: Iterable[tuple[str, str]], *, width: int | None = None) -> str:
    """Labels and values below each other, the values aligned, and wrapped where the line is wider than `width`."""
    pairs = list(pairs)
    label_width = max(cell_width(label) for label, _ in pairs)
    hanging = " " * (label_width + len(_GAP))
    return "\n".join(
        line.rstrip()
        for label, value in pairs
        for line in wrap(label + hanging[cell_width(label) :] + value, width, hanging=hanging)
    )


def some_of(texts: Sequence[str], *, at_most: int = 10) -> str:
    """The texts in a row, the first few and how many more there are: a, b and 3 more."""
    more = len(texts) - at_most
    return ", ".join(texts[:at_most]) + (f" and {more:,} more" if more > 0 else "")
