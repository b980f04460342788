"""What show and instances say: the configured instances with what they hold and used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from qauvern.figures import RESERVE_PERCENT
from qauvern.model import Account, Crn, Instance, InstanceSettings, Reserve, Settings, Snapshot, Usage, fairness
from qauvern.render.pictures import PictureRow
from qauvern.render.text import Column, Table, draw_table, facts, printable
from qauvern.units import (
    MS_PER_SECOND,
    SECONDS_PER_QAU,
    format_ms,
    format_percent,
    format_seconds,
    seconds_number,
)


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One configured instance as it stands: `live` is None where the account lacks it, `usage` where none was read."""

    configured: InstanceSettings
    live: Instance | None
    usage: Usage | None

    @property
    def allocation_seconds(self) -> int | None:
        return None if self.live is None else self.live.allocation_seconds

    @property
    def consumed_ms(self) -> int:
        return 0 if self.usage is None else self.usage.consumed_ms

    @property
    def has_fairness(self) -> bool:
        return self.usage is not None and self.allocation_seconds is not None

    @property
    def fairness(self) -> Fraction | None:
        """None is infinite; only meaningful where `has_fairness`."""
        return fairness(self.consumed_ms, self.allocation_seconds or 0)

    @property
    def state(self) -> str:
        if self.live is None:
            return "missing"
        if self.live.is_archived:
            return "archived"
        limit = self.live.limit_seconds
        return "limit reached" if limit is not None and self.consumed_ms >= limit * MS_PER_SECOND else ""


def instance_views(settings: Settings, instances: Iterable[Instance], usage: Mapping[Crn, Usage]) -> list[InstanceView]:
    """The configured instances by name."""
    live = {instance.crn: instance for instance in instances}
    return [
        InstanceView(configured, live.get(configured.crn), usage.get(configured.crn))
        for configured in sorted(settings.instances, key=lambda each: (each.name.casefold(), each.crn))
    ]


def by_fairness(views: Sequence[InstanceView]) -> list[InstanceView]:
    """Lowest fairness first, which is the order in which IBM's queue serves them; infinite and unknown ones last."""
    return sorted(views, key=lambda view: (not view.has_fairness, view.fairness is None, view.fairness or 0))


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the instances shown."""

    held_seconds: int
    consumed_ms: int

    @classmethod
    def of(cls, views: Sequence[InstanceView]) -> Totals:
        return cls(sum(view.allocation_seconds or 0 for view in views), sum(view.consumed_ms for view in views))

    @property
    def utilization(self) -> Fraction | None:
        return fairness(self.consumed_ms, self.held_seconds)


# --- table ------------------------------------------------------------------------------------------------------


def picture_rows(views: Sequence[InstanceView]) -> list[PictureRow]:
    """What is drawn of each row of `instances_table`."""
    return [
        PictureRow(
            {} if view.usage is None else view.usage.daily_ms, view.consumed_ms, view.allocation_seconds, _limit(view)
        )
        for view in views
    ]


def instances_table(views: Sequence[InstanceView], *, width: int | None, pictures: Sequence[Column] = ()) -> Table:
    """One row for each instance, with totals; the Period column where any has a balance period."""
    totals = Totals.of(views)
    has_period = any(view.usage is not None and view.usage.period_ms is not None for view in views)
    columns = [
        Column("Name", [printable(view.configured.name) for view in views], is_text=True, shrinks_to=16),
        Column("Region", [view.configured.crn.region for view in views], is_text=True, drop_order=3),
        Column("Allocation", [format_seconds(view.allocation_seconds) for view in views]),
        Column("Limit", [format_seconds(_limit(view)) for view in views]),
        Column("Consumed (28d)", [_consumed(view) for view in views]),
        *([Column("Period", [_period(view) for view in views], drop_order=1)] if has_period else []),
        Column("Fairness", [fairness_text(view) for view in views]),
        Column("State", [view.state for view in views], is_text=True, colors=["yellow"] * len(views)),
    ]
    total_row = [
        "Total",
        "",
        format_seconds(totals.held_seconds),
        "",
        format_ms(totals.consumed_ms),
        *([""] if has_period else []),
        _fairness_figure(totals.utilization),
        "",
    ]
    return draw_table([*columns, *pictures], width=width, totals=[*total_row, *[""] * len(pictures)])


OVER_BUDGET_NOTE = (
    "over budget: the plan's 28-day usage has reached its budget, so allocations follow usage until enough of it "
    "leaves the window; more budget ends it sooner."
)
LIMIT_REACHED_NOTE = (
    "limit reached: its 28-day usage has come to its limit; running work goes on, the rest waits until usage leaves "
    "the window; a higher limit_seconds or a net grant lets it run sooner."
)
_STATE_NOTES = {
    "limit reached": LIMIT_REACHED_NOTE,
    "archived": "archived: its allocation is 0, and it stops analyze and optimize; update takes it out of the file.",
    "missing": "missing: the account does not list it, and it stops analyze and optimize; update takes it out of the "
    "file.",
}


def state_notes(views: Sequence[InstanceView], *, over_budget: bool = False) -> list[str]:
    """What the states in the table mean and what to do about them, where they show."""
    states = {view.state for view in views}
    return [
        *([OVER_BUDGET_NOTE] if over_budget else []),
        *(note for state, note in _STATE_NOTES.items() if state in states),
    ]


def fairness_text(view: InstanceView) -> str:
    return _fairness_figure(view.fairness) if view.has_fairness else "-"


def _fairness_figure(value: Fraction | None) -> str:
    return "inf" if value is None else f"{float(value):.2f}"


def _limit(view: InstanceView) -> int | None:
    return None if view.live is None else view.live.limit_seconds


def _consumed(view: InstanceView) -> str:
    return format_ms(None if view.usage is None else view.usage.consumed_ms)


def _period(view: InstanceView) -> str:
    return format_ms(None if view.usage is None else view.usage.period_ms)


def account_summary(snapshot: Snapshot, settings: Settings, *, unconfigured_held: int) -> str:
    """The account's figures, one a line."""
    account = snapshot.account
    totals = Totals.of(instance_views(settings, snapshot.instances.values(), snapshot.usage))
    return facts(
        [
            ("Account", account.account_id),
            ("Plan", account.plan.value),
            ("Budget (28 days)", budget_text(account.budget_seconds)),
            ("Unallocated", _with_share(account.unallocated_seconds * MS_PER_SECOND, account)),
            ("Held by configured instances", _with_share(totals.held_seconds * MS_PER_SECOND, account)),
            ("Held by unconfigured instances", _with_share(unconfigured_held * MS_PER_SECOND, account)),
            ("Consumed (28 days)", _with_share(snapshot.plan_consumed_ms, account)),
            ("Utilization", utilization_text(totals)),
            ("Reserve", reserve_rule(settings.reserve)),
            ("Limit", "none" if account.limit_seconds is None else f"{format_seconds(account.limit_seconds)} s"),
        ]
    )


def budget_text(seconds: int | None) -> str:
    """The budget in seconds and QAU."""
    if seconds is None:
        return "none"
    return f"{format_seconds(seconds)} s ({seconds / SECONDS_PER_QAU:,.2f} QAU)"


def _with_share(milliseconds: int, account: Account) -> str:
    text = f"{format_ms(milliseconds)} s"
    if not account.budget_seconds:
        return text
    return f"{text} ({format_percent(Fraction(milliseconds, account.budget_seconds * MS_PER_SECOND))})"


def utilization_text(totals: Totals) -> str:
    """What the configured instances consumed of what they hold, as a percentage."""
    if totals.utilization is None:
        return "usage without any allocation"
    return f"{format_percent(totals.utilization)} of what configured instances hold"


def reserve_rule(reserve: Reserve) -> str:
    """The reserve as the config file sets it."""
    return "none" if not reserve.percent else f"{reserve.percent.normalize():f}% of the {reserve.basis.value}"


# --- JSON -------------------------------------------------------------------------------------------------------


def show_document(snapshot: Snapshot, settings: Settings, *, unconfigured_held: int) -> dict[str, Any]:
    """The document of `show --format json`."""
    account = snapshot.account
    views = instance_views(settings, snapshot.instances.values(), snapshot.usage)
    totals = Totals.of(views)
    return {
        "plan": account.plan.value,
        "account": {
            "account_id": account.account_id,
            "allocation_budget_seconds": account.budget_seconds,
            "unallocated_seconds": account.unallocated_seconds,
            "consumed_seconds": seconds_number(snapshot.plan_consumed_ms),
            "configured_consumed_seconds": seconds_number(totals.consumed_ms),
            "limit_seconds": account.limit_seconds,
            "unmanaged_allocation_seconds": unconfigured_held,
            "utilization_percent": None if totals.utilization is None else float(totals.utilization * 100),
        },
        "reserve": {"percent": RESERVE_PERCENT.json(settings.reserve.percent), "basis": settings.reserve.basis.value},
        "instances": [_view_document(view) for view in views],
    }


def instances_document(settings: Settings, views: Sequence[InstanceView]) -> dict[str, Any]:
    """The document of `instances --format json`."""
    totals = Totals.of(views)
    return {
        "plan": settings.plan.value,
        "instances": [_view_document(view) for view in views],
        "totals": {
            "allocation_seconds": totals.held_seconds,
            "consumed_28day_seconds": seconds_number(totals.consumed_ms),
            "utilization_percent": None if totals.utilization is None else float(totals.utilization * 100),
        },
    }


def instance_rows(views: Sequence[InstanceView]) -> list[dict[str, Any]]:
    """One row for each instance, for CSV."""
    return [_view_document(view) for view in views]


def _view_document(view: InstanceView) -> dict[str, Any]:
    period_ms = None if view.usage is None else view.usage.period_ms
    return {
        "name": view.configured.name,
        "crn": str(view.configured.crn),
        "region": view.configured.crn.region,
        "state": view.state or "active",
        "allocation_seconds": view.allocation_seconds,
        "limit_seconds": _limit(view),
        "consumed_28day_seconds": None if view.usage is None else seconds_number(view.usage.consumed_ms),
        "period_seconds": None if period_ms is None else seconds_number(period_ms),
        "fairness": float(view.fairness) if view.has_fairness and view.fairness is not None else None,
    }
