"""The options of the commands that list instances: which, in which order, in which unit of time."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qauvern.cli import _completion

if TYPE_CHECKING:
    from qauvern.figures import Record
    from qauvern.render.listing import Configured, View
    from qauvern.units import TimeUnit

Row = TypeVar("Row", bound="Configured")
CommandBody = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options ask for. `only` is None for all."""

    only: tuple[str, ...] | None
    exclude: tuple[str, ...]
    sort: str | None = None
    top: int | None = None
    by_group: bool = False

    @property
    def words(self) -> list[str]:
        """The terms as they are given to another command."""
        only = [word for term in self.only or () for word in ("--only", term)]
        return only + [word for term in self.exclude for word in ("--exclude", term)]

    def view(self, record: Record[Row]) -> View[Row]:
        """How rows of this kind are listed.

        Raises:
            click.BadParameter: they have no field of that name to sort by.
        """
        from qauvern.render.listing import Order, UnknownField, View

        try:
            order = None if self.sort is None else Order.parse(self.sort, record)
        except UnknownField as unknown:
            raise click.BadParameter(str(unknown), param_hint="--sort") from None
        return View(order, self.top, self.by_group, bool(self.words) or self.top is not None)


_OPTIONS = {
    "only": click.option(
        "--only",
        multiple=True,
        metavar="TERM",
        shell_complete=_completion.terms,
        help="Only these: a name or pattern (chem-*), CRN, GUID, group:NAME, region:NAME, state:NAME; repeat for more.",
    ),
    "exclude": click.option(
        "--exclude", multiple=True, metavar="TERM", shell_complete=_completion.terms, help="Without these; as --only."
    ),
    "sort": click.option(
        "--sort",
        metavar="FIELD[:desc]",
        shell_complete=_completion.fields,
        help="Sort by a JSON name or a heading, such as change:desc.",
    ),
    "top": click.option("--top", type=click.IntRange(min=1), metavar="N", help="The first N of them."),
    "by_group": click.option("--by-group", is_flag=True, help="Group by group, with subtotals."),
}


def selection_options(*names: str) -> Callable[[CommandBody], CommandBody]:
    """The options of these names, as one argument `wanted`."""

    def decorated(command: CommandBody) -> CommandBody:
        @functools.wraps(command)
        def taken(*arguments: Any, **options: Any) -> Any:
            said = {name: options.pop(name) for name in names}
            return command(*arguments, wanted=Wanted(**{**said, "only": said["only"] or None}), **options)

        called: CommandBody = taken
        for name in reversed(names):
            called = _OPTIONS[name](called)
        return called

    return decorated


def _time_unit(_ctx: click.Context, _param: click.Parameter, unit: str) -> TimeUnit:
    from qauvern.units import TimeUnit

    return TimeUnit(unit)


LISTED = ("only", "exclude", "sort", "top", "by_group")

unit_option: Callable[[CommandBody], CommandBody] = click.option(
    "--unit",
    type=click.Choice(["s", "min", "h", "qau"], case_sensitive=False),
    default="s",
    show_default=True,
    envvar="QAUVERN_UNIT",
    callback=_time_unit,
    help="Unit of time in tables (QAUVERN_UNIT); JSON and CSV stay in seconds.",
)
