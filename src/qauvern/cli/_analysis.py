"""What analyze and optimize have in common: the display of an analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qauvern.cli import _say
from qauvern.figures import by_name
from qauvern.render.account import over_budget_warnings
from qauvern.render.analysis import (
    UNDERUTILIZED_NOTE,
    analysis_notes,
    analysis_summary,
    analysis_table,
    changes_table,
    picture_rows,
    underutilized_lines,
)
from qauvern.render.documents import ANALYSIS_COLUMNS, analysis_document, analysis_rows
from qauvern.render.groups import proposed_groups_table
from qauvern.render.pictures import picture_columns, picture_notes
from qauvern.render.views import proposed_groups

if TYPE_CHECKING:
    from qauvern.actions.analyze import Analysis
    from qauvern.balance import Line
    from qauvern.model import Crn
    from qauvern.render.listing import Listing, View
    from qauvern.units import TimeUnit


def display(
    analysis: Analysis, output_format: str, listing: Listing[Line], unit: TimeUnit, *, with_pictures: bool = False
) -> None:
    """The proposal on stdout, as far as it is listed; warnings and broken invariants on stderr."""
    proposal, width = analysis.proposal, _say.output_width()
    if output_format == "table":
        with _say.paging():
            day = analysis.snapshot.taken_at.date()
            rows = picture_rows(listing.rows) if with_pictures else []
            pictures = picture_columns(rows, day, unicode=_say.prints_unicode()) if with_pictures else []
            table = analysis_table(proposal, width=width, listing=listing, unit=unit, pictures=pictures)
            _say.data(analysis_summary(proposal, preview_date=analysis.preview_date, width=width) + "\n")
            _say.table_data(table)
            groups = [] if listing.selects else proposed_groups(proposal, with_none=True)
            if groups:
                _say.data()
                _say.table_data(proposed_groups_table(groups, width=width, unit=unit))
            underutilized = underutilized_lines(listing.rows)
            _say.paragraphs(
                analysis_notes(listing.rows, over_budget=proposal.over_budget),
                picture_notes(pictures, table.dropped),
                [*underutilized, UNDERUTILIZED_NOTE] if underutilized else [],
            )
    else:
        _display_rows(analysis, output_format, listing)
    warn(analysis)


def display_changes(
    analysis: Analysis, output_format: str, view: View[Line], chosen: frozenset[Crn], unit: TimeUnit
) -> None:
    """What changes of the chosen on stdout, warnings and broken invariants on stderr."""
    proposal, width = analysis.proposal, _say.output_width()
    if output_format == "table":
        listing = view.listing(by_name(proposal.changes), chosen=chosen)
        _say.data(analysis_summary(proposal, width=width))
        if listing.rows:
            _say.data()
            _say.table_data(changes_table(proposal, width=width, listing=listing, unit=unit))
            _say.paragraphs(analysis_notes(listing.rows, over_budget=proposal.over_budget))
    else:
        _display_rows(analysis, output_format, view.listing(by_name(proposal.lines), chosen=chosen))
    warn(analysis)


def _display_rows(analysis: Analysis, output_format: str, listing: Listing[Line]) -> None:
    proposal, preview_date = analysis.proposal, analysis.preview_date
    if output_format == "json":
        _say.json_data(analysis_document(proposal, preview_date=preview_date, listing=listing))
    else:
        _say.csv_data(analysis_rows(proposal, preview_date=preview_date, listing=listing), ANALYSIS_COLUMNS)


def warn(analysis: Analysis) -> None:
    """Warnings and broken invariants on stderr."""
    for notice in analysis.warnings:
        _say.notice(notice)
    for warning in over_budget_warnings(analysis.proposal):
        _say.warning(warning + ".")
    _say.broken_invariants(analysis.proposal.broken)
