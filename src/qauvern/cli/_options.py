"""Options that commands share, and what the global ones come to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from pathlib import Path

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True)
class GlobalOptions:
    """The options given before and after the command, and the environment that the command runs in."""

    staging: bool = False
    sandbox: bool = False
    concurrency: int = 16
    verbose: int = 0
    quiet: bool = False
    pager: bool = True
    variables: tuple[str, ...] = ()
    """What another command has to have before it, as NAME=value, to work where this one does."""
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)

    @staticmethod
    def wants_color(no_color: bool) -> bool | None:
        """False where colour is unwanted; None leaves it to what stdout is."""
        return False if no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" else None


class DurationType(click.ParamType[int]):
    """Whole seconds: 96000, 96000s, 30m, 10h, 2.5d, 1qau."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from qauvern.units import parse_duration

        if isinstance(value, int):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class FileType(click.Path):
    """A file's path. pathlib is loaded for a command that runs, not for its help."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from pathlib import Path

        return Path(os.fsdecode(super().convert(value, param, ctx)))


api_key_option = click.option(
    "--api-key",
    "-k",
    metavar="KEY",
    help="IBM Cloud API key, or @FILE that holds it. Default: IBMCLOUD_API_KEY, then IC_API_KEY.",
)

config_option = click.option(
    "--config",
    "-c",
    "config_path",
    type=FileType(),
    envvar="QAUVERN_CONFIG",
    default="config.yaml",
    show_default=True,
    help="The config file (QAUVERN_CONFIG).",
)

format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "json", "csv"], case_sensitive=False),
    default="table",
    show_default=True,
    help="How to print the data on stdout.",
)


_MIN_YEAR = 1970


class DayType(click.ParamType[date]):
    """A day, as YYYY-MM-DD, or an ISO 8601 date with a UTC offset, of which it takes the UTC day."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        from dateutil.parser import isoparse

        if isinstance(value, date):
            return value
        try:
            moment = isoparse(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not a valid date: write YYYY-MM-DD.", param, ctx)
        try:
            day = (moment if moment.tzinfo is None else moment.astimezone(timezone.utc)).date()
        except OverflowError:
            day = date.min
        if day.year < _MIN_YEAR:
            self.fail(f"{value!r} is outside the years {_MIN_YEAR} to 9999.", param, ctx)
        return day


preview_date_option = click.option(
    "--preview-date",
    type=DayType(),
    metavar="DATE",
    help="Net grants and limits as of that UTC day, past or future; usage stays today's.",
)

daily_option = click.option(
    "--daily/--no-daily",
    default=None,
    help="Add pictures of daily usage. Default: on a terminal, for at most 100 instances.",
)


class PlanType(click.Choice[str]):
    """One of IBM's plans whose budget is shared; the others are refused with the reason."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from qauvern.model import UNSHARED_PLANS

        if why := UNSHARED_PLANS.get(value.lower()):
            self.fail(f"the plan {value.lower()} is not shared: {why}.", param, ctx)
        return super().convert(value, param, ctx)


plan_choice = PlanType(["internal", "premium", "paygo"], case_sensitive=False)


def current() -> GlobalOptions:
    """The global options of the command that runs in this thread."""
    return click.get_current_context().ensure_object(GlobalOptions)


def config_of(path: Path) -> Path | None:
    """The config file of --config; None is the sandbox's own: with --sandbox only the command line names another."""
    source = click.get_current_context().get_parameter_source("config_path")
    return None if current().sandbox and source is not ParameterSource.COMMANDLINE else path
