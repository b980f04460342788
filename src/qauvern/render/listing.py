"""Which rows a table lists, in which order, and what it adds up: the same for every command that lists instances."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Generic, Protocol, TypeVar

from qauvern.figures import Figure, Record
from qauvern.model import Crn, InstanceSettings
from qauvern.render.text import Column
from qauvern.units import TimeUnit


class Configured(Protocol):
    """What a row is about: a configured instance."""

    @property
    def configured(self) -> InstanceSettings: ...


Row = TypeVar("Row", bound=Configured)


class UnknownField(ValueError):
    """A field to sort by that the rows do not have."""


@dataclass(frozen=True)
class Order(Generic[Row]):
    """By which figure rows are sorted: numbers by value and sign, infinite ones as the largest; none comes last."""

    figure: Figure[Row]
    descending: bool = False

    @classmethod
    def parse(cls, text: str, record: Record[Row]) -> Order[Row]:
        """The order of FIELD, FIELD:asc or FIELD:desc; a field goes by its JSON name or its heading.

        Raises:
            UnknownField: the rows have no such field; it names the nearest.
        """
        field, _, direction = text.rpartition(":")
        if not field or direction.casefold() not in ("asc", "desc"):
            field, direction = text, "asc"
        fields = {_plain(name): figure for figure in sortable(record) for name in (figure.name, figure.heading)}
        figure = fields.get(_plain(field))
        if figure is None:
            near = get_close_matches(_plain(field), fields, n=1, cutoff=0.0)
            raise UnknownField(
                f"there is no field {field!r} to sort by. Did you mean {fields[near[0]].name!r}? The fields are "
                f"{', '.join(each.name for each in sortable(record))}."
            )
        return cls(figure, direction.casefold() == "desc")

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """The rows in this order; equal ones as they came."""
        return _ranked(rows, self.figure.rank, descending=self.descending)

    def of_groups(self, groups: Iterable[Part[Row]]) -> list[Part[Row]]:
        """The groups by what their rows come to together; as they came where that makes no sense."""
        return _ranked(groups, lambda group: self.figure.rank_together(group.rows), descending=self.descending)


def _ranked(things: Iterable[Any], rank: Callable[[Any], Any], *, descending: bool) -> list[Any]:
    ranked = [(rank(thing), thing) for thing in things]
    known = [pair for pair in ranked if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [thing for _, thing in known] + [thing for known_rank, thing in ranked if known_rank is None]


def sortable(record: Record[Row]) -> list[Figure[Row]]:
    """The figures that rows can be sorted by: not those that are objects or lists."""
    return [figure for figure in record.figures if figure.unit.record is None and not figure.unit.is_list]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip().casefold())


@dataclass(frozen=True)
class Part(Generic[Row]):
    """Rows that belong together, under a title: a group."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """The rows of a table in their order, and all that there are. `parts` is None where they are not grouped.

    `selects`: some were asked for, be it all in the end.
    """

    rows: tuple[Row, ...]
    everything: tuple[Row, ...]
    parts: tuple[Part[Row], ...] | None = None
    selects: bool = False

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Listing[Row]:
        """A listing of all rows as they come."""
        listed = tuple(rows)
        return cls(listed, listed)

    @property
    def entries(self) -> list[Row | Part[Row]]:
        """The lines of the table: each row, and a group before its rows."""
        if self.parts is None:
            return list(self.rows)
        entries: list[Row | Part[Row]] = []
        for part in self.parts:
            entries += [part, *part.rows]
        return entries

    def spread(self, column: Column) -> Column:
        """A column of the rows, with a blank for each line of a group."""
        cells = iter(column.cells)
        return replace(column, cells=["" if isinstance(entry, Part) else next(cells) for entry in self.entries])

    @property
    def totals(self) -> Iterator[Part[Row]]:
        """What stands below: the total, or that of the rows that are shown and that of all."""
        if len(self.rows) == len(self.everything):
            yield Part("Total", self.rows)
        else:
            yield Part(f"Shown ({len(self.rows):,})", self.rows)
            yield Part(f"All ({len(self.everything):,})", self.everything)


@dataclass(frozen=True)
class View(Generic[Row]):
    """How rows are listed: by default all of them, as they come. `selects` as for `Listing`."""

    order: Order[Row] | None = None
    top: int | None = None
    by_group: bool = False
    selects: bool = False

    def listing(
        self,
        rows: Iterable[Row],
        *,
        chosen: Collection[Crn] | None = None,
    ) -> Listing[Row]:
        """The chosen ones of the rows (None: all), sorted, cut to the first of them, and put into their groups."""
        everything = tuple(rows)
        listed = [row for row in everything if chosen is None or row.configured.crn in chosen]
        if self.order is not None:
            listed = self.order.sorted(listed)
        listed = listed[: self.top]
        if not self.by_group:
            return Listing(tuple(listed), everything, selects=self.selects)
        parts = _parts(listed)
        if self.order is not None:
            parts = self.order.of_groups(parts)
        return Listing(tuple(row for part in parts for row in part.rows), everything, tuple(parts), self.selects)


IN_NO_GROUP = "in no group"


def _parts(rows: Iterable[Row]) -> list[Part[Row]]:
    """The rows group by group, by name; those in none come last."""
    groups: dict[str | None, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.configured.group, []).append(row)
    names = sorted(groups, key=lambda name: (name is None, (name or "").casefold(), name or ""))
    return [
        Part(f"{IN_NO_GROUP if name is None else name} ({len(groups[name]):,})", tuple(groups[name])) for name in names
    ]


def title_column(figure: Figure[Row], listing: Listing[Row], *, shrinks_to: int) -> Column:
    """The column that names each line: rows by the figure, groups and totals by their titles."""
    indent = "" if listing.parts is None else "  "
    return Column(
        figure.heading,
        [entry.title if isinstance(entry, Part) else indent + figure.text(entry) for entry in listing.entries],
        is_text=True,
        shrinks_to=shrinks_to,
        totals=[total.title for total in listing.totals],
        headings=_headings(listing),
    )


def listed_column(
    figure: Figure[Row],
    listing: Listing[Row],
    *,
    unit: TimeUnit = TimeUnit.SECONDS,
    cell: Callable[[Row], str] | None = None,
    color: Callable[[Row], str | None] = lambda _row: None,
    drop_order: int = 0,
    shrinks_to: int | None = None,
) -> Column:
    """A figure as a column: of each row, by `cell` where that is given, of each group, and of the totals."""

    def text(entry: Row | Part[Row]) -> str:
        if isinstance(entry, Part):
            return figure.total_text(entry.rows, unit)
        return figure.text(entry, unit) if cell is None else cell(entry)

    return Column(
        figure.heading_in(unit),
        [text(entry) for entry in listing.entries],
        is_text=figure.unit.is_text,
        drop_order=drop_order,
        shrinks_to=shrinks_to,
        colors=[None if isinstance(entry, Part) else color(entry) for entry in listing.entries],
        totals=[figure.total_text(total.rows, unit) for total in listing.totals],
        headings=_headings(listing),
    )


def group_column(figure: Figure[Row], listing: Listing[Row], *, drop_order: int) -> list[Column]:
    """The column of groups, where any row is in one and the rows do not stand below theirs."""
    if listing.parts is not None or all(row.configured.group is None for row in listing.rows):
        return []
    return [listed_column(figure, listing, drop_order=drop_order, shrinks_to=12)]


def _headings(listing: Listing[Any]) -> frozenset[int]:
    return frozenset(index for index, entry in enumerate(listing.entries) if isinstance(entry, Part))
