"""What analyze, show and instances print as JSON and CSV: scripts depend on the names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from qauvern import figures
from qauvern.balance import Line, Proposal
from qauvern.figures import Figure, Record, by_name
from qauvern.model import Settings, Snapshot
from qauvern.render.account import over_budget_warnings
from qauvern.render.listing import Listing
from qauvern.render.remedies import said_of_invariant
from qauvern.render.views import AccountView, GroupView, InstanceView, Totals, proposed_groups, shown_groups


@dataclass(frozen=True, slots=True)
class _Analyzed:
    """A proposal, the instances of it that are listed, and the day that it is a preview of, if it is one."""

    proposal: Proposal
    listing: Listing[Line]
    preview_date: date | None

    @property
    def plan(self) -> str:
        return self.proposal.account.plan.value

    @property
    def account(self) -> AccountView:
        return AccountView.of_proposal(self.proposal)


_PREVIEW_DATE: Final[Figure[_Analyzed]] = Figure(
    "preview_date",
    "Preview",
    figures.DAY,
    lambda document: document.preview_date,
    "UTC day that net grants, limits and their window are of; usage and allocations are today's",
    null="today",
)
CONTEXT: Final[tuple[Figure[Any], ...]] = (
    figures.PLAN,
    _PREVIEW_DATE,
    Figure(
        "account",
        "Account",
        figures.part(figures.ANALYZED_ACCOUNT),
        lambda document: document.account,
        "The plan's budget and usage",
    ),
    Figure(
        "reserve",
        "Reserve",
        figures.part(figures.ANALYZED_RESERVE),
        lambda document: document.account,
        "What is not handed out, and what is",
    ),
)
"""What a proposal is about, read from whatever has a plan, a preview_date and an account."""

_OF_SHOWN: Final = "With a selection: sums over the instances that are listed"
_OF_ALL: Final = "Sums over all configured instances"
_ANALYZED_TOTALS: Final = figures.part(figures.totals_of(figures.ANALYZED_INSTANCE))
ANALYZE: Final[Record[_Analyzed]] = Record(
    "analyze",
    "analyze",
    "What analyze and a dry run of optimize print as JSON: a proposal.",
    (
        *CONTEXT,
        Figure(
            "validation_errors",
            "Broken invariants",
            figures.STRINGS,
            lambda document: [said_of_invariant(broken) for broken in document.proposal.broken],
            "What keeps the proposal from being applied, one sentence or more each; empty where nothing does",
        ),
        Figure(
            "over_budget_warnings",
            "Over budget",
            figures.STRINGS,
            lambda document: over_budget_warnings(document.proposal),
            "What a plan over its budget means, and whom it holds at its floor; empty otherwise",
        ),
        Figure(
            "groups",
            "Groups",
            figures.parts(figures.ANALYZED_GROUP),
            lambda document: proposed_groups(document.proposal),
            "The groups by name; empty where the config file has none",
        ),
        Figure(
            "instances",
            "Instances",
            figures.parts(figures.ANALYZED_INSTANCE),
            lambda document: document.listing.rows,
            "The configured instances, by name if nothing else is asked for; with a selection those that are selected",
        ),
        Figure(
            "shown",
            "Shown",
            _ANALYZED_TOTALS,
            lambda document: document.listing.rows,
            _OF_SHOWN,
            only_if=lambda document: document.listing.selects,
        ),
        Figure(
            "totals",
            "Totals",
            _ANALYZED_TOTALS,
            lambda document: document.listing.everything,
            _OF_ALL,
            only_if=lambda document: document.listing.selects,
        ),
    ),
)


def analysis_document(
    proposal: Proposal, *, preview_date: date | None = None, listing: Listing[Line] | None = None
) -> dict[str, Any]:
    """What analyze prints as JSON: scripts depend on its names."""
    return ANALYZE.of(_analyzed(proposal, preview_date, listing))


ANALYSIS_COLUMNS: Final = (*figures.ANALYZED_INSTANCE.columns(), _PREVIEW_DATE.name)
"""The columns of `analysis_rows` as CSV, whatever an instance holds."""


def analysis_rows(
    proposal: Proposal, *, preview_date: date | None = None, listing: Listing[Line] | None = None
) -> list[dict[str, Any]]:
    """One row for each instance that is listed, for CSV."""
    document = _analyzed(proposal, preview_date, listing)
    day = _PREVIEW_DATE.value(document)
    return [{**record, _PREVIEW_DATE.name: day} for record in figures.ANALYZED_INSTANCE.all(document.listing.rows)]


def _analyzed(proposal: Proposal, preview_date: date | None, listing: Listing[Line] | None) -> _Analyzed:
    return _Analyzed(proposal, Listing.of(by_name(proposal.lines)) if listing is None else listing, preview_date)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What show or instances print: the instances, and the account where it was read."""

    plan: str
    listing: Listing[InstanceView]
    account: AccountView | None = None
    groups: Sequence[GroupView] = ()


_SHOWN_INSTANCES: Final = figures.parts(figures.SHOWN_INSTANCE)
_LISTED: Final = "The configured instances, {} if nothing else is asked for; with a selection those that are selected"
_INSTANCES: Final[Figure[_Shown]] = Figure(
    "instances", "Instances", _SHOWN_INSTANCES, lambda document: document.listing.rows, _LISTED.format("by name")
)
_TOTALS: Final = figures.part(
    Record(
        "totals",
        "Totals",
        "Sums over instances.",
        (
            figures.SHOWN_ALLOCATION.of(
                lambda totals: totals.held_seconds, meaning="Seconds that they hold together", null=""
            ),
            figures.SHOWN_USED.of(
                lambda totals: totals.consumed_ms, meaning="Seconds that they used together", null=""
            ),
            figures.UTILIZATION,
        ),
    )
)
_OF_THE_SHOWN: Final[Figure[_Shown]] = Figure(
    "shown",
    "Shown",
    _TOTALS,
    lambda document: Totals.of(document.listing.rows),
    _OF_SHOWN,
    only_if=lambda document: document.listing.selects,
)
_OF_EVERYTHING: Final[Figure[_Shown]] = Figure(
    "totals", "Totals", _TOTALS, lambda document: Totals.of(document.listing.everything), _OF_ALL
)
SHOW: Final[Record[_Shown]] = Record(
    "show",
    "show",
    "What show prints as JSON: the account and its configured instances.",
    (
        figures.PLAN,
        Figure(
            "account",
            "Account",
            figures.part(figures.SHOWN_ACCOUNT),
            lambda document: document.account,
            "The plan's budget and usage",
        ),
        Figure(
            "reserve",
            "Reserve",
            figures.part(figures.SHOWN_RESERVE),
            lambda document: document.account,
            "As the config file sets it",
        ),
        Figure(
            "groups",
            "Groups",
            figures.parts(figures.SHOWN_GROUPED),
            lambda document: document.groups,
            "The groups by name; empty where the config file has none",
        ),
        _INSTANCES,
        _OF_THE_SHOWN,
        replace(_OF_EVERYTHING, only_if=_OF_THE_SHOWN.only_if),
    ),
)
INSTANCES: Final[Record[_Shown]] = Record(
    "instances",
    "instances",
    "What instances prints as JSON: the configured instances, without administrator rights.",
    (
        figures.PLAN,
        _INSTANCES.of(lambda document: document.listing.rows, meaning=_LISTED.format("lowest fairness first")),
        _OF_THE_SHOWN,
        _OF_EVERYTHING,
    ),
)


def show_document(snapshot: Snapshot, settings: Settings, listing: Listing[InstanceView]) -> dict[str, Any]:
    """What show prints as JSON."""
    account = AccountView.of_snapshot(snapshot, settings)
    return SHOW.of(_Shown(account.plan, listing, account, shown_groups(settings, listing.everything)))


def instances_document(settings: Settings, listing: Listing[InstanceView]) -> dict[str, Any]:
    """What instances prints as JSON."""
    return INSTANCES.of(_Shown(settings.plan.value, listing))


INSTANCE_COLUMNS: Final = tuple(figures.SHOWN_INSTANCE.columns())
"""The columns of `instance_rows` as CSV."""


def instance_rows(views: Sequence[InstanceView]) -> list[dict[str, Any]]:
    """One row for each instance, for CSV."""
    return figures.SHOWN_INSTANCE.all(views)
