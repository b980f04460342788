"""What show and instances say in a table: the configured instances with what they hold and used."""

from __future__ import annotations

from collections.abc import Sequence

from qauvern import figures
from qauvern.model import Settings, Snapshot
from qauvern.render.account import fact_pairs
from qauvern.render.listing import Listing, group_column, listed_column, title_column
from qauvern.render.pictures import PictureRow
from qauvern.render.text import Column, Table, draw_table, facts
from qauvern.render.views import AccountView, InstanceView
from qauvern.units import TimeUnit


def picture_rows(views: Sequence[InstanceView]) -> list[PictureRow]:
    """What is drawn of each row of `instances_table`."""
    return [
        PictureRow(
            {} if view.usage is None or view.usage.daily is None else view.usage.daily,
            view.consumed_ms,
            view.allocation_seconds,
            view.limit_seconds,
        )
        for view in views
    ]


def instances_table(
    listing: Listing[InstanceView],
    *,
    width: int | None,
    unit: TimeUnit = TimeUnit.SECONDS,
    pictures: Sequence[Column] = (),
) -> Table:
    """One row for each instance that is listed, with totals; the Period column where any has a balance period.

    `pictures` are of the listing's rows.
    """
    has_period = any(view.usage is not None and view.usage.period_ms is not None for view in listing.rows)
    columns = [
        title_column(figures.SHOWN_NAME, listing, shrinks_to=24),
        *group_column(figures.SHOWN_GROUP, listing, drop_order=4),
        listed_column(figures.REGION, listing, drop_order=3),
        listed_column(figures.SHOWN_ALLOCATION, listing, unit=unit),
        listed_column(figures.SHOWN_LIMIT, listing, unit=unit),
        listed_column(figures.SHOWN_USED, listing, unit=unit),
        *([listed_column(figures.USED_IN_PERIOD, listing, unit=unit, drop_order=1)] if has_period else []),
        listed_column(
            figures.SHOWN_FAIRNESS,
            listing,
            cell=lambda view: figures.SHOWN_FAIRNESS.text(view) if view.has_fairness else "-",
        ),
        listed_column(
            figures.STATE, listing, cell=lambda view: view.state, shrinks_to=13, color=lambda _view: "yellow"
        ),
    ]
    return draw_table([*columns, *map(listing.spread, pictures)], width=width)


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
    "archived": "archived: its allocation is 0, and no new allocations are proposed until it is restored or taken out "
    "of the config file.",
    "missing": "missing: the account does not list it, and no new allocations are proposed until it is taken out of "
    "the config file.",
}


def state_notes(views: Sequence[InstanceView], *, over_budget: bool = False) -> list[str]:
    """What the states in the table mean and what to do about them, where they show."""
    states = {view.state for view in views}
    return [
        *([OVER_BUDGET_NOTE] if over_budget else []),
        *(note for state, note in _STATE_NOTES.items() if state in states),
    ]


def account_summary(snapshot: Snapshot, settings: Settings, *, width: int | None = None) -> str:
    """The account's figures, one a line."""
    view = AccountView.of_snapshot(snapshot, settings)
    about = [("Account", view.account.account_id), (figures.PLAN.heading, view.plan)]
    return facts([*about, *fact_pairs(view)], width=width)
