"""What analyze and optimize have in common: the display of an analysis."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qauvern.cli import _say
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
from qauvern.render.pictures import picture_columns, picture_notes

if TYPE_CHECKING:
    from qauvern.actions.analyze import Analysis
    from qauvern.model import Crn


def display(analysis: Analysis, output_format: str, *, with_pictures: bool = False) -> None:
    """The whole proposal on stdout, warnings and broken invariants on stderr."""
    proposal = analysis.proposal
    if output_format == "table":
        day = analysis.snapshot.taken_at.date()
        pictures = picture_columns(picture_rows(proposal), day, unicode=_say.prints_unicode()) if with_pictures else []
        table = analysis_table(proposal, width=_say.output_width(), pictures=pictures)
        summary = analysis_summary(proposal, preview_date=analysis.preview_date, width=_say.output_width())
        _say.data(summary + "\n")
        _say.table_data(table)
        _say.paragraphs(
            analysis_notes(proposal.lines, over_budget=proposal.over_budget),
            picture_notes(pictures, table.dropped),
            [*underutilized, UNDERUTILIZED_NOTE] if (underutilized := underutilized_lines(proposal)) else [],
        )
    else:
        _display_rows(analysis, output_format)
    warn(analysis)


def display_changes(analysis: Analysis, output_format: str, chosen: frozenset[Crn]) -> None:
    """What changes of the chosen on stdout, warnings and broken invariants on stderr."""
    proposal = analysis.proposal
    lines = tuple(line for line in proposal.lines if line.crn in chosen)
    changes = [line for line in lines if line.is_change]
    if output_format == "table":
        _say.data(analysis_summary(proposal, width=_say.output_width()))
        if changes:
            _say.data()
            _say.table_data(changes_table(replace(proposal, lines=lines), width=_say.output_width()))
            _say.paragraphs(analysis_notes(changes, over_budget=proposal.over_budget))
    else:
        _display_rows(analysis, output_format)
    warn(analysis)


def _display_rows(analysis: Analysis, output_format: str) -> None:
    proposal, preview_date = analysis.proposal, analysis.preview_date
    if output_format == "json":
        _say.json_data(analysis_document(proposal, preview_date=preview_date))
    else:
        _say.csv_data(analysis_rows(proposal, preview_date=preview_date), ANALYSIS_COLUMNS)


def warn(analysis: Analysis) -> None:
    """Warnings and broken invariants on stderr."""
    for notice in analysis.warnings:
        _say.notice(notice)
    for warning in over_budget_warnings(analysis.proposal):
        _say.warning(warning + ".")
    _say.broken_invariants(analysis.proposal.broken)
