"""What each figure is called, in which unit it is, how it is read, what it means and whether it adds up: once.

Tables, JSON, CSV, the report's page and the JSON Schema are made from what stands here. Pure: figures read whatever
they are given, and import none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from qauvern.model import BillingPlan, ReserveBasis, fairness
from qauvern.units import (
    MS_PER_SECOND,
    TimeUnit,
    format_ms,
    format_percent,
    format_seconds,
    format_signed_seconds,
    seconds_number,
)

if TYPE_CHECKING:
    from qauvern.apply import JournalledChange, JournalledCreation, Run
    from qauvern.balance import LimitTerms, Line
    from qauvern.model import Instance
    from qauvern.plan import Holding
    from qauvern.render.views import AccountView, GroupView, InstanceView

Row = TypeVar("Row")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Unit:
    """How a figure is written: `json` turns what was read into a JSON value, `text` into what a person reads.

    `schema` is what JSON Schema says of the value, `record` what it is an object of, or a list of objects; `timed`
    turns time into text in another unit. None is passed to none of them: it is null, and `absent` as text.
    """

    schema: Mapping[str, Any]
    json: Callable[[Any], Any] = lambda value: value
    text: Callable[[Any], str] = str
    absent: str = "-"
    is_text: bool = False
    record: Record[Any] | None = None
    timed: Callable[[Any, TimeUnit], str] | None = None

    @property
    def is_list(self) -> bool:
        return self.schema.get("type") == "array"


def number(figure: Fraction) -> int | float:
    """An exact figure as a JSON number: whole where it is whole."""
    return figure.numerator if figure.denominator == 1 else float(figure)


def _ratio_text(ratio: Fraction) -> str:
    return f"{float(ratio):.2f}"


_DAY_PATTERN: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_FRACTION_PATTERN: Final = "^-?[0-9]+(/[1-9][0-9]*)?$"

TEXT: Final = Unit({"type": "string"}, is_text=True)
CRN_TEXT: Final = Unit({"type": "string", "pattern": "^crn:v1:.*:quantum-computing:.*::$"}, json=str, is_text=True)
DAY: Final = Unit(
    {"type": "string", "format": "date", "pattern": _DAY_PATTERN}, json=lambda day: day.isoformat(), is_text=True
)
MOMENT: Final = Unit(
    {"type": "string", "format": "date-time"},
    json=lambda moment: moment.isoformat(),
    text=lambda moment: f"{moment:%Y-%m-%d %H:%M}",
    is_text=True,
)
FLAG: Final = Unit({"type": "boolean"})
COUNT: Final = Unit({"type": "integer", "minimum": 0}, text=lambda count: f"{count:,}")


def _seconds_in(seconds: int, unit: TimeUnit) -> str:
    return unit.text(seconds * MS_PER_SECOND)


def _delta_in(seconds: int, unit: TimeUnit) -> str:
    return unit.text(seconds * MS_PER_SECOND, signed=True)


def _used_in(milliseconds: int, unit: TimeUnit) -> str:
    return unit.text(milliseconds)


SECONDS: Final = Unit({"type": "integer", "minimum": 0}, text=format_seconds, timed=_seconds_in)
"""Whole seconds, of an allocation or a limit."""
BALANCE: Final = Unit({"type": "integer"}, text=format_seconds, timed=_seconds_in)
"""Whole seconds that may be below zero."""
DELTA: Final = Unit({"type": "integer"}, text=format_signed_seconds, timed=_delta_in)
"""Whole seconds by which something changes."""
USED: Final = Unit({"type": "number", "minimum": 0}, json=seconds_number, text=format_ms, timed=_used_in)
"""Usage: read in milliseconds, written in seconds."""
SCORE: Final = Unit({"type": "number", "minimum": 0}, json=number, text=lambda score: f"{float(score):,.1f}")
RATIO: Final = Unit({"type": "number", "minimum": 0}, json=float, text=_ratio_text, absent="inf")
"""Of usage to allocation; None is infinite."""
UTILIZATION_PERCENT: Final = Unit(
    {"type": "number", "minimum": 0}, json=lambda ratio: float(ratio * 100), text=format_percent
)
RESERVE_PERCENT: Final = Unit(
    {"type": "number", "minimum": 0, "exclusiveMaximum": 100}, json=lambda percent: number(Fraction(percent))
)
SHARE_PERCENT: Final = Unit(
    {"type": "number", "minimum": 0, "maximum": 100},
    json=lambda percent: number(Fraction(percent)),
    text=lambda percent: f"{percent.normalize():f}%",
)
"""Exact, as the config file gives it."""
EXACT: Final = Unit({"type": "string", "pattern": _FRACTION_PATTERN}, json=str, is_text=True)
"""A fraction as text, such as 1/3."""


STRINGS: Final = Unit({"type": "array", "items": {"type": "string"}}, json=list)


def one_of(values: Iterable[str]) -> Unit:
    """Text that is one of the values."""
    return Unit({"type": "string", "enum": list(values)}, is_text=True)


REASON_TEXT: Final = Unit({"type": "string"}, is_text=True)
"""One of the reasons of balance, which the schema lists."""


@dataclass(frozen=True)
class Figure(Generic[Row]):
    """One figure: its JSON name, its heading wherever it is shown, its unit, and how it is read from a row.

    `meaning` is a sentence without its full stop; `null` says what None means, and is empty where there is none.
    `adds_up` tells that a total over several rows makes sense; `together` is what it is of them where that is no sum.
    `ranks_by` is what it is sorted by where that is not what is read; None comes last. Where `only_if` is not true of a
    row, its object does not have the figure at all.
    """

    name: str
    heading: str
    unit: Unit
    read: Callable[[Row], Any]
    meaning: str
    null: str = ""
    adds_up: bool = False
    together: Callable[[Sequence[Row]], Any] | None = None
    ranks_by: Callable[[Row], Any] | None = None
    only_if: Callable[[Row], bool] | None = None

    def of(
        self,
        read: Callable[[Other], Any],
        *,
        name: str = "",
        meaning: str = "",
        null: str | None = None,
        unit: Unit | None = None,
        together: Callable[[Sequence[Other]], Any] | None = None,
        ranks_by: Callable[[Other], Any] | None = None,
    ) -> Figure[Other]:
        """The same figure, read from rows of another kind, where it may have another JSON name."""
        return Figure(
            name or self.name,
            self.heading,
            unit or self.unit,
            read,
            meaning or self.meaning,
            self.null if null is None else null,
            self.adds_up,
            together,
            ranks_by,
        )

    def value(self, row: Row) -> Any:
        """Its JSON value."""
        figure = self.read(row)
        return None if figure is None else self.unit.json(figure)

    def text(self, row: Row, unit: TimeUnit = TimeUnit.SECONDS) -> str:
        """Its text in a table; time is in `unit`."""
        return self.written(self.read(row), unit)

    def total(self, rows: Iterable[Row]) -> Any:
        """What it is of the rows together, as it is read; in a sum none counts as nothing. None where it is nothing."""
        if self.together is not None:
            return self.together(list(rows))
        return sum(self.read(row) or 0 for row in rows) if self.adds_up else None

    def total_text(self, rows: Iterable[Row], unit: TimeUnit = TimeUnit.SECONDS) -> str:
        """The total's text; empty where there is none."""
        return self.written(self.total(rows), unit) if self.adds_up or self.together is not None else ""

    def written(self, figure: Any, unit: TimeUnit = TimeUnit.SECONDS) -> str:
        """What was read, or added up, as text; time is in `unit`."""
        if figure is None:
            return self.unit.absent
        return self.unit.text(figure) if self.unit.timed is None else self.unit.timed(figure, unit)

    def heading_in(self, unit: TimeUnit) -> str:
        """Its heading, with the unit of time where that is not seconds."""
        return self.heading if self.unit.timed is None or unit is TimeUnit.SECONDS else f"{self.heading} ({unit.value})"

    def rank(self, row: Row) -> Any:
        """What rows are sorted by: numbers by value, infinite ones as the largest, text in any case; None last."""
        return self._ranked(self.read(row)) if self.ranks_by is None else self.ranks_by(row)

    def rank_together(self, rows: Sequence[Row]) -> Any:
        """What groups of rows are sorted by; None for all of them where they come to nothing together."""
        return self._ranked(self.total(rows)) if self.adds_up or self.together is not None else None

    def _ranked(self, figure: Any) -> Any:
        if isinstance(figure, str):
            return figure.casefold()
        return inf if figure is None and self.unit is RATIO else figure


def totals_of(record: Record[Row]) -> Record[Sequence[Row]]:
    """The totals of rows as an object: how many there are, and each figure that adds up."""

    def added_up(figure: Figure[Row]) -> Figure[Sequence[Row]]:
        return figure.of(figure.total, null="")

    count: Figure[Sequence[Row]] = Figure("instances", "Instances", COUNT, len, "How many there are")
    return Record(
        f"{record.name}_totals",
        f"{record.title} totals",
        "Sums over instances.",
        (count, *(added_up(figure) for figure in record.figures if figure.adds_up)),
    )


@dataclass(frozen=True)
class Record(Generic[Row]):
    """A JSON object: the figures of one row in their order. `name` is that of its definition in the schema."""

    name: str
    title: str
    meaning: str
    figures: tuple[Figure[Row], ...]

    def of(self, row: Row) -> dict[str, Any]:
        """The object of one row."""
        return {
            figure.name: figure.value(row) for figure in self.figures if figure.only_if is None or figure.only_if(row)
        }

    def all(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        return [self.of(row) for row in rows]

    def columns(self, prefix: str = "") -> list[str]:
        """The names of the columns as CSV, of an object within this one `outer_inner`; lists have none."""
        names: list[str] = []
        for figure in self.figures:
            if figure.unit.is_list:
                continue
            inner = figure.unit.record
            names += [prefix + figure.name] if inner is None else inner.columns(f"{prefix}{figure.name}_")
        return names


def part(record: Record[Any]) -> Unit:
    """The unit of a figure that is one object."""
    return Unit({"$ref": f"#/$defs/{record.name}"}, json=record.of, record=record)


def parts(record: Record[Any]) -> Unit:
    """The unit of a figure that is a list of objects."""
    return Unit({"type": "array", "items": {"$ref": f"#/$defs/{record.name}"}}, json=record.all, record=record)


# --- an instance of a proposal ----------------------------------------------------------------------------------

_CRN_MEANING: Final = "Cloud Resource Name of the service instance, in full"

NAME: Final[Figure[Line]] = Figure(
    "name", "Name", TEXT, lambda line: line.name, "The instance's name in the config file"
)
CRN: Final[Figure[Line]] = Figure("crn", "CRN", CRN_TEXT, lambda line: line.crn, _CRN_MEANING)
GROUP: Final[Figure[Line]] = Figure(
    "group", "Group", TEXT, lambda line: line.group, "The group that it belongs to", null="it is in none"
)
CURRENT_ALLOCATION: Final[Figure[Line]] = Figure(
    "current_allocation_seconds",
    "Cur Alloc",
    SECONDS,
    lambda line: line.live.allocation_seconds,
    "Seconds of the 28-day window that it holds now",
    null="it has no allocation",
    adds_up=True,
)
NEW_ALLOCATION: Final[Figure[Line]] = Figure(
    "new_allocation_seconds",
    "New Alloc",
    SECONDS,
    lambda line: line.new_allocation,
    "Seconds that it is to hold",
    null="it takes part with its limit only",
    adds_up=True,
)
ALLOCATION_DELTA: Final[Figure[Line]] = Figure(
    "allocation_delta_seconds",
    "Change",
    DELTA,
    lambda line: line.allocation_delta,
    "Seconds by which the allocation is to change; negative for a decrease",
    adds_up=True,
)
REASON: Final[Figure[Line]] = Figure(
    "allocation_change_reason",
    "Reason",
    REASON_TEXT,
    lambda line: line.reason.value if line.changes_allocation else None,
    "Why the allocation is to change",
    null="it stays",
)
CURRENT_LIMIT: Final[Figure[Line]] = Figure(
    "current_limit_seconds",
    "Cur Limit",
    SECONDS,
    lambda line: line.live.limit_seconds,
    "Seconds of the 28-day window that it may use now",
    null="no limit",
)
NEW_LIMIT: Final[Figure[Line]] = Figure(
    "new_limit_seconds",
    "New Limit",
    SECONDS,
    lambda line: line.new_limit,
    "Seconds that it is to be allowed to use",
    null="no limit",
)
LIMIT_DELTA: Final[Figure[Line]] = Figure(
    "limit_delta_seconds",
    "Limit Change",
    DELTA,
    lambda line: _limit_delta(line.new_limit, line.live.limit_seconds),
    "Seconds by which the limit is to change",
    null="only one of the two is a limit at all",
)
USED_28D: Final[Figure[Line]] = Figure(
    "consumed_28day_seconds",
    "Used 28d",
    USED,
    lambda line: line.usage.consumed_ms,
    "Seconds used, by IBM's own 28-day window",
    adds_up=True,
)
USED_14D: Final[Figure[Line]] = Figure(
    "consumed_14day_seconds",
    "14d",
    USED,
    lambda line: line.usage.last_14d_ms,
    "Seconds used in the 14 days that end now",
    adds_up=True,
)
USED_7D: Final[Figure[Line]] = Figure(
    "consumed_7day_seconds",
    "7d",
    USED,
    lambda line: line.usage.last_7d_ms,
    "Seconds used in the 7 days that end now",
    adds_up=True,
)
USED_3D: Final[Figure[Line]] = Figure(
    "consumed_3day_seconds",
    "3d",
    USED,
    lambda line: line.usage.last_3d_ms,
    "Seconds used in the 3 days that end now",
    adds_up=True,
)
USED_24H: Final[Figure[Line]] = Figure(
    "consumed_24h_seconds",
    "24h",
    USED,
    lambda line: line.usage.last_24h_ms,
    "Seconds used in the 24 hours that end now",
    adds_up=True,
)
FAIRNESS: Final[Figure[Line]] = Figure(
    "fairness",
    "Fairness",
    RATIO,
    lambda line: line.fairness,
    "28-day usage over the allocation held now; 0 when both are 0",
    null="infinite (usage, and an allocation of 0)",
)
ACTIVITY_SCORE: Final[Figure[Line]] = Figure(
    "activity_score",
    "Activity score",
    SCORE,
    lambda line: line.score.seconds,
    "32*u24h/1 + 16*u3/3 + 8*u7/7 + 4*u14/14 + 2*u28/28, in seconds; 0 is inactive",
)

# The terms of a limit, which the report's table of limits shows one by one.
LIMIT_BASE: Final[Figure[LimitTerms]] = Figure(
    "base_seconds", "Base", SECONDS, lambda terms: terms.base_seconds, "limit_seconds of the config file, in seconds"
)
LIMIT_GRANT_FUNDED: Final[Figure[LimitTerms]] = Figure(
    "grant_funded_seconds",
    "+ paid by grants",
    USED,
    lambda terms: terms.grant_funded_ms,
    "Seconds of usage in the window that still-crediting net grants paid",
)
LIMIT_UNSPENT: Final[Figure[LimitTerms]] = Figure(
    "unspent_grant_seconds",
    "+ unspent grants",
    USED,
    lambda terms: terms.unspent_grant_ms,
    "Seconds that the active net grants have left",
)
LIMIT_OVERAGE: Final[Figure[LimitTerms]] = Figure(
    "pre_boost_overage_seconds",
    "+ from before the boost",
    USED,
    lambda terms: terms.pre_boost_overage_ms,
    "Seconds of base usage in the window, from before boost_start_date, above the base limit",
)
LIMIT_BREAKDOWN: Final[Record[LimitTerms]] = Record(
    "limit_breakdown",
    "Limit breakdown",
    "The four terms of a limit.",
    (
        LIMIT_BASE,
        LIMIT_GRANT_FUNDED,
        LIMIT_UNSPENT,
        LIMIT_OVERAGE,
        Figure(
            "boost_start_date",
            "Start of the boost",
            DAY,
            lambda terms: terms.boost_start_date,
            "UTC day on which the earliest active net grant started",
            null="none is active",
        ),
        Figure(
            "total_seconds",
            "= limit",
            USED,
            lambda terms: terms.total_ms,
            "Sum of the four terms in seconds; the limit is this, rounded up to a second",
        ),
    ),
)

ANALYZED_INSTANCE: Final[Record[Line]] = Record(
    "analyzed_instance",
    "Instance",
    "One configured instance of a proposal.",
    (
        *(NAME, CRN, GROUP, CURRENT_ALLOCATION, NEW_ALLOCATION, ALLOCATION_DELTA, REASON),
        *(CURRENT_LIMIT, NEW_LIMIT, LIMIT_DELTA, USED_28D, USED_14D, USED_7D, USED_3D, USED_24H),
        *(FAIRNESS, ACTIVITY_SCORE),
        Figure(
            "limit_breakdown",
            "Limit breakdown",
            part(LIMIT_BREAKDOWN),
            lambda line: line.limit.terms,
            "The terms of the new limit",
            null="the config file sets no limit",
        ),
        Figure(
            "limit_reached",
            "Limit reached",
            FLAG,
            lambda line: line.limit_reached,
            "True when its 28-day usage has come to its new limit: what runs goes on, the rest waits",
        ),
    ),
)


def _limit_delta(new: int | None, live: int | None) -> int | None:
    if new is None or live is None:
        return 0 if new == live else None
    return new - live


def by_name(lines: Iterable[Line]) -> list[Line]:
    """The lines of a proposal as a person looks for them."""
    return sorted(lines, key=lambda line: (line.name.casefold(), line.crn))


def instance_records(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The `instances` of the JSON of analyze: one dictionary for each line of a proposal, by name."""
    return ANALYZED_INSTANCE.all(by_name(lines))


# --- an instance as it stands -----------------------------------------------------------------------------------

SHOWN_ALLOCATION: Final[Figure[InstanceView]] = CURRENT_ALLOCATION.of(
    lambda view: view.allocation_seconds,
    name="allocation_seconds",
    meaning="Seconds of the 28-day window that it holds",
    null="none, or it is missing",
)
SHOWN_LIMIT: Final[Figure[InstanceView]] = CURRENT_LIMIT.of(
    lambda view: view.limit_seconds,
    name="limit_seconds",
    meaning="Seconds of the 28-day window that it may use",
    null="no limit, or it is missing",
)
SHOWN_USED: Final[Figure[InstanceView]] = USED_28D.of(
    lambda view: None if view.usage is None else view.usage.consumed_ms, null="none was read"
)
SHOWN_FAIRNESS: Final[Figure[InstanceView]] = FAIRNESS.of(
    lambda view: view.fairness if view.has_fairness else None,
    meaning="28-day usage over the allocation; 0 when both are 0",
    null="infinite, or unknown: no allocation, or no usage read",
    together=lambda views: fairness(SHOWN_USED.total(views), SHOWN_ALLOCATION.total(views)),
    ranks_by=lambda view: None if not view.has_fairness else inf if view.fairness is None else view.fairness,
)
SHOWN_NAME: Final[Figure[InstanceView]] = NAME.of(lambda view: view.configured.name)
SHOWN_GROUP: Final[Figure[InstanceView]] = GROUP.of(lambda view: view.configured.group)
REGION: Final[Figure[InstanceView]] = Figure(
    "region", "Region", TEXT, lambda view: view.configured.crn.region, "The region that the CRN names"
)
STATE: Final[Figure[InstanceView]] = Figure(
    "state",
    "State",
    one_of(("active", "limit reached", "archived", "missing")),
    lambda view: view.state or "active",
    "active, limit reached (28-day usage has come to the limit), archived (its allocation is 0), or missing (the "
    "account does not list it)",
)
USED_IN_PERIOD: Final[Figure[InstanceView]] = Figure(
    "period_seconds",
    "Period",
    USED,
    lambda view: None if view.usage is None else view.usage.period_ms,
    "Seconds used in its balance period up to now",
    null="it has none, or (instances) it was not read",
)
SHOWN_INSTANCE: Final[Record[InstanceView]] = Record(
    "shown_instance",
    "Instance",
    "One configured instance as it stands.",
    (
        *(SHOWN_NAME, CRN.of(lambda view: view.configured.crn), SHOWN_GROUP, REGION, STATE, SHOWN_ALLOCATION),
        *(SHOWN_LIMIT, SHOWN_USED, USED_IN_PERIOD, SHOWN_FAIRNESS),
    ),
)

# --- a group ----------------------------------------------------------------------------------------------------

GROUP_NAME: Final[Figure[GroupView]] = Figure(
    "name",
    "Group",
    TEXT,
    lambda group: group.name,
    "The group's name in the config file; `none` where groups have shares: the instances in no group",
)
GROUP_SHARE: Final[Figure[GroupView]] = Figure(
    "share_percent",
    "Share",
    SHARE_PERCENT,
    lambda group: group.share_percent,
    "Percentage of all that is shared, floors included, that it is entitled to; of `none` what the shares leave of 100",
    null="no group has a share",
)
GROUP_LIMIT: Final[Figure[GroupView]] = Figure(
    "limit_seconds",
    "Limit",
    SECONDS,
    lambda group: group.limit_seconds,
    "Seconds that the allocations of its instances may add up to, unless their floors are more",
    null="no limit",
)
GROUP_CURRENT: Final[Figure[GroupView]] = CURRENT_ALLOCATION.of(
    lambda group: group.current_allocation_seconds, meaning="Seconds that its instances hold together now", null=""
)
GROUP_NEW: Final[Figure[GroupView]] = NEW_ALLOCATION.of(
    lambda group: group.new_allocation_seconds, meaning="Seconds that its instances are to hold together", null=""
)
GROUP_DELTA: Final[Figure[GroupView]] = ALLOCATION_DELTA.of(lambda group: group.allocation_delta)
GROUP_USED: Final[Figure[GroupView]] = USED_28D.of(
    lambda group: group.consumed_ms, meaning="Seconds that its instances used, by IBM's own 28-day window"
)
GROUP_INSTANCES: Final[Figure[GroupView]] = Figure(
    "instances", "Instances", COUNT, lambda group: group.instances, "How many instances it has", adds_up=True
)
ANALYZED_GROUP: Final[Record[GroupView]] = Record(
    "analyzed_group",
    "Group",
    "One group of a proposal.",
    (GROUP_NAME, GROUP_SHARE, GROUP_LIMIT, GROUP_CURRENT, GROUP_NEW, GROUP_USED, GROUP_INSTANCES),
)
SHOWN_GROUPED: Final[Record[GroupView]] = Record(
    "shown_group",
    "Group",
    "One group as it stands.",
    (GROUP_NAME, GROUP_SHARE, GROUP_LIMIT, GROUP_CURRENT, GROUP_USED, GROUP_INSTANCES),
)

# --- the account ------------------------------------------------------------------------------------------------

BUDGET: Final[Figure[AccountView]] = Figure(
    "allocation_budget_seconds",
    "Budget (28 days)",
    SECONDS,
    lambda view: view.account.budget_seconds,
    "Seconds of the 28-day window that the plan may hand out, over all its subscriptions",
    null="the plan has no budget",
)
UNALLOCATED: Final[Figure[AccountView]] = Figure(
    "unallocated_seconds",
    "Unallocated",
    BALANCE,
    lambda view: view.account.unallocated_seconds,
    "Seconds of the budget that no instance holds",
)
CONSUMED: Final[Figure[AccountView]] = Figure(
    "consumed_seconds",
    "Consumed (28 days)",
    USED,
    lambda view: view.consumed_ms,
    "Seconds that all instances of the plan used in the last 28 days",
)
CONFIGURED_CONSUMED: Final[Figure[AccountView]] = Figure(
    "configured_consumed_seconds",
    "Consumed by configured instances",
    USED,
    lambda view: view.configured_consumed_ms,
    "Seconds that the instances of the config file used in the last 28 days",
)
ACCOUNT_LIMIT: Final[Figure[AccountView]] = Figure(
    "limit_seconds",
    "Limit of the account",
    SECONDS,
    lambda view: view.account.limit_seconds,
    "Seconds of the 28-day window that the account's plan may use",
    null="none",
)
HELD_BY_UNCONFIGURED: Final[Figure[AccountView]] = Figure(
    "unmanaged_allocation_seconds",
    "Held by unconfigured instances",
    SECONDS,
    lambda view: view.unconfigured_held_seconds,
    "Seconds that instances which the config file does not list hold; they are reserved for them",
)
UTILIZATION: Final[Figure[Any]] = Figure(
    "utilization_percent",
    "Utilization",
    UTILIZATION_PERCENT,
    lambda view: view.utilization,
    "What the configured instances consumed of what they hold, in percent",
    null="infinite: usage without any allocation",
)
DISTRIBUTABLE: Final[Figure[AccountView]] = Figure(
    "distributable_pool_seconds",
    "To hand out",
    SECONDS,
    lambda view: view.distributable_seconds,
    "Seconds that are handed out over the floors, the reserve taken off",
)
UNMANAGED_INSTANCE: Final[Record[Instance]] = Record(
    "unmanaged_instance",
    "Unconfigured instance",
    "An instance that the account lists and the config file does not.",
    (
        NAME.of(lambda instance: instance.name, meaning="The instance's name in the account"),
        CRN.of(lambda instance: instance.crn),
        SHOWN_ALLOCATION.of(lambda instance: instance.allocation_seconds, null="it has no allocation"),
    ),
)
_ACCOUNT: Final[tuple[Figure[AccountView], ...]] = (
    Figure("account_id", "Account", TEXT, lambda view: view.account.account_id, "The IBM Cloud account"),
    *(BUDGET, UNALLOCATED, CONSUMED, CONFIGURED_CONSUMED, ACCOUNT_LIMIT, HELD_BY_UNCONFIGURED),
    Figure(
        "unmanaged_instances",
        "Unconfigured instances",
        parts(UNMANAGED_INSTANCE),
        lambda view: view.unconfigured,
        "The instances that the config file does not list, archived ones left out, those that hold most first",
    ),
)
ANALYZED_ACCOUNT: Final[Record[AccountView]] = Record(
    "account",
    "Account",
    "The plan's budget and usage, as analyze and explain see it.",
    (
        *_ACCOUNT,
        Figure(
            "over_allocation_budget",
            "Over budget",
            FLAG,
            lambda view: view.is_over_budget,
            "True when the plan's 28-day usage has reached its budget: allocations follow usage until enough of it "
            "leaves the window",
        ),
    ),
)
SHOWN_ACCOUNT: Final[Record[AccountView]] = Record(
    "show_account", "Account", "The plan's budget and usage, as show sees it.", (*_ACCOUNT, UTILIZATION)
)
_RESERVE: Final[tuple[Figure[AccountView], ...]] = (
    Figure(
        "percent",
        "Percent",
        RESERVE_PERCENT,
        lambda view: view.reserve.percent,
        "Percentage that is not handed out, from 0 to below 100",
    ),
    Figure(
        "basis",
        "Basis",
        one_of(each.value for each in ReserveBasis),
        lambda view: view.reserve.basis.value,
        "What the reserve is a percentage of: the pool over the floors, or the whole budget",
    ),
)
ANALYZED_RESERVE: Final[Record[AccountView]] = Record(
    "reserve", "Reserve", "The part that is not handed out, and what is.", (*_RESERVE, DISTRIBUTABLE)
)
SHOWN_RESERVE: Final[Record[AccountView]] = Record(
    "show_reserve", "Reserve", "The part that is not handed out, as the config file sets it.", _RESERVE
)
PLAN: Final[Figure[Any]] = Figure(
    "plan",
    "Plan",
    one_of(each.value for each in BillingPlan),
    lambda view: view.plan,
    "The plan whose budget is shared",
)

# --- runs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run, and whether a later one took it back."""

    run: Run
    is_undone: bool


RUN_ID: Final[Figure[RunRow]] = Figure("run", "Run", TEXT, lambda row: row.run.run_id, "The run's id")
RUN_STARTED: Final[Figure[RunRow]] = Figure(
    "started_at", "When (UTC)", MOMENT, lambda row: row.run.started_at, "When it started: ISO 8601 with a UTC offset"
)
RUN_PLAN: Final[Figure[RunRow]] = PLAN.of(lambda row: row.run.plan)
RUN_MOVED: Final[Figure[RunRow]] = Figure(
    "seconds_moved",
    "Moved (s)",
    SECONDS,
    lambda row: row.run.seconds_moved,
    "Seconds of allocation that the changes that are done gave to instances or took from them, whichever is more",
)
HOLDING: Final[Record[Holding]] = Record(
    "holding",
    "Holding",
    "What an instance holds.",
    (
        SHOWN_ALLOCATION.of(
            lambda held: held.allocation_seconds, meaning="Seconds of the 28-day window", null="no allocation"
        ),
        SHOWN_LIMIT.of(lambda held: held.limit_seconds, meaning="Seconds of the 28-day window", null="no limit"),
    ),
)
CREATION: Final[Record[JournalledCreation]] = Record(
    "creation",
    "Creation",
    "The instance that a run of create was to make.",
    (
        NAME.of(lambda made: made.wanted.name),
        CRN.of(lambda made: made.crn, null="IBM had not said it yet"),
        REGION.of(lambda made: made.wanted.region),
        Figure(
            "resource_group", "Resource group", TEXT, lambda made: made.wanted.resource_group, "The resource group's id"
        ),
        Figure(
            "asked",
            "Asked for",
            part(HOLDING),
            lambda made: made.wanted,
            "What was asked for; an allocation of null was not sent, so that IBM decided",
        ),
        Figure(
            "actual",
            "Actual",
            part(HOLDING),
            lambda made: made.actual,
            "What IBM made of it",
            null="it was not made, or that is in doubt",
        ),
        Figure("detail", "Detail", TEXT, lambda made: made.detail, "Why it was not made, or is in doubt; else empty"),
    ),
)
RUN_MESSAGE: Final[Figure[RunRow]] = Figure(
    "message", "Message", TEXT, lambda row: row.run.message, "Why it was made, as was said; empty where nobody did"
)
RUN_SUMMARY: Final[Record[RunRow]] = Record(
    "run_summary",
    "Run",
    "One applied run.",
    (
        RUN_ID,
        RUN_STARTED,
        Figure(
            "kind",
            "Kind",
            one_of(("apply", "undo", "create")),
            lambda row: row.run.kind.value,
            "What it was for: to apply a proposal or plan, to undo a run, or to create an instance",
        ),
        Figure(
            "account_id",
            "Account",
            TEXT,
            lambda row: row.run.account_id,
            "The IBM Cloud account that it wrote to",
            null="IBM had not said yet whose the new instance is",
        ),
        RUN_PLAN,
        Figure(
            "endpoint_family",
            "Endpoints",
            TEXT,
            lambda row: row.run.endpoint_family,
            "Which of IBM's endpoints it wrote to, such as production or staging",
        ),
        Figure("user", "User", TEXT, lambda row: row.run.operator.user, "Who ran it on that host"),
        Figure("host", "Host", TEXT, lambda row: row.run.operator.host, "The machine that it ran on"),
        Figure("pid", "Process", BALANCE, lambda row: row.run.operator.pid, "The id of its process on that host"),
        Figure(
            "ended",
            "Ended",
            TEXT,
            lambda row: row.run.ended.value,
            "How it ended: complete, partial, failed (nothing was created), interrupted, cut off, or under way (its "
            "process may still be at work)",
        ),
        Figure(
            "undoes",
            "Undoes",
            TEXT,
            lambda row: row.run.undoes,
            "The id of the run that it took back",
            null="it is no undo",
        ),
        Figure("undone", "Undone", FLAG, lambda row: row.is_undone, "True when a later run took it back"),
        Figure(
            "only",
            "Only",
            STRINGS,
            lambda row: row.run.only,
            "What its changes were selected by, where they were",
            null="all but what exclude names",
            only_if=lambda row: row.run.is_of_a_selection,
        ),
        Figure(
            "exclude",
            "Without",
            STRINGS,
            lambda row: row.run.exclude,
            "What was left out of that",
            only_if=lambda row: row.run.is_of_a_selection,
        ),
        Figure(
            "changes_planned",
            "Changes planned",
            COUNT,
            lambda row: len(row.run.changes),
            "How many changes it was to make",
        ),
        Figure("changes_done", "Changes done", COUNT, lambda row: row.run.changes_done, "How many of them are done"),
        RUN_MOVED,
        Figure(
            "creation",
            "Creation",
            part(CREATION),
            lambda row: row.run.creation,
            "The instance that it was to make",
            null="its kind is another",
        ),
        Figure(
            "damaged_lines",
            "Damaged lines",
            COUNT,
            lambda row: row.run.damaged_lines,
            "How many lines of its journal cannot be read",
        ),
        RUN_MESSAGE,
    ),
)
CHANGE_NAME: Final[Figure[JournalledChange]] = NAME.of(lambda each: each.change.name)
CHANGE_REASON: Final[Figure[JournalledChange]] = Figure(
    "reason", REASON.heading, TEXT, lambda each: each.change.reason, "Why it was to change"
)
CHANGE_RESULT: Final[Figure[JournalledChange]] = Figure(
    "result",
    "Result",
    TEXT,
    lambda each: each.status.value,
    "What became of it, in words, such as done, failed, not started or in doubt",
)
JOURNALLED_CHANGE: Final[Record[JournalledChange]] = Record(
    "journalled_change",
    "Change",
    "One change of an applied run.",
    (
        CHANGE_NAME,
        CRN.of(lambda each: each.change.crn),
        Figure("before", "Before", part(HOLDING), lambda each: each.change.before, "What the instance held"),
        Figure("after", "After", part(HOLDING), lambda each: each.change.after, "What it was to hold"),
        Figure(
            "actual",
            "Actual",
            part(HOLDING),
            lambda each: each.actual,
            "What it was read to hold afterwards",
            null="nothing was read back",
        ),
        CHANGE_REASON,
        CHANGE_RESULT,
        Figure(
            "detail",
            "Detail",
            TEXT,
            lambda each: each.detail,
            "More of that, such as IBM's own message; empty where there is none",
        ),
    ),
)
