"""What analyze and optimize have in common: the proposal, and its display."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from qauvern.balance import Proposal, propose
from qauvern.cli import _account, _say
from qauvern.model import Settings
from qauvern.render.analysis import (
    analysis_document,
    analysis_notes,
    analysis_rows,
    analysis_summary,
    analysis_table,
    changes_table,
    over_budget_warnings,
    underutilized_lines,
)

if TYPE_CHECKING:
    from qauvern import cloud


def propose_now(client: cloud.Cloud, settings: Settings, *, preview_date: date | None = None) -> Proposal:
    """The proposal for the account as it is at this moment; net grants and their window as of the preview date."""
    moment = _account.now()
    today = preview_date or moment.date()
    return propose(_account.take_snapshot(client, settings, moment, today=today), settings, today)


def display(
    proposal: Proposal, output_format: str, *, changes_only: bool = False, preview_date: date | None = None
) -> None:
    """The proposal on stdout, warnings and broken invariants on stderr."""
    if output_format == "json":
        _say.json_data(analysis_document(proposal, preview_date=preview_date))
    elif output_format == "csv":
        _say.csv_data(analysis_rows(proposal, preview_date=preview_date))
    else:
        draw = changes_table if changes_only else analysis_table
        _say.data(analysis_summary(proposal, preview_date=preview_date) + "\n")
        if proposal.changes or not changes_only:
            _say.table_data(draw(proposal, width=_say.output_width()))
        for paragraph in (analysis_notes(proposal), [] if changes_only else underutilized_lines(proposal)):
            if paragraph:
                _say.data("\n" + "\n".join(paragraph))
    for warning in over_budget_warnings(proposal):
        _say.warning(warning + ".")
    _say.error_lines(f"invariant {broken.number}: {broken.message}" for broken in proposal.broken)


def count_text(count: int) -> str:
    """How many changes there are, in words."""
    return "1 change" if count == 1 else f"{count:,} changes"
