"""What analyze and optimize have in common: the proposal, and its display."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from qauvern.balance import Proposal, propose
from qauvern.cli import _account, _say
from qauvern.model import Settings
from qauvern.render.analysis import (
    UNDERUTILIZED_NOTE,
    analysis_document,
    analysis_notes,
    analysis_rows,
    analysis_summary,
    analysis_table,
    changes_table,
    over_budget_warnings,
    picture_rows,
    underutilized_lines,
)
from qauvern.render.pictures import picture_columns, picture_notes

if TYPE_CHECKING:
    from qauvern import cloud


def propose_now(
    client: cloud.Cloud, settings: Settings, *, preview_date: date | None = None, daily_for_all: bool = False
) -> Proposal:
    """The proposal for the account as it is at this moment; net grants and their window as of the preview date."""
    moment = _account.now()
    today = preview_date or moment.date()
    snapshot = _account.take_snapshot(client, settings, moment, today=today, daily_for_all=daily_for_all)
    return propose(snapshot, settings, today)


def display(
    proposal: Proposal, output_format: str, *, preview_date: date | None = None, with_pictures: bool = False
) -> None:
    """The whole proposal on stdout, warnings and broken invariants on stderr."""
    if output_format == "table":
        pictures = (
            picture_columns(picture_rows(proposal), _account.now().date(), unicode=_say.prints_unicode())
            if with_pictures
            else []
        )
        table = analysis_table(proposal, width=_say.output_width(), pictures=pictures)
        _say.data(analysis_summary(proposal, preview_date=preview_date) + "\n")
        _say.table_data(table)
        _say.paragraphs(
            analysis_notes(proposal.lines, over_budget=proposal.over_budget),
            picture_notes(pictures, table.dropped),
            [*underutilized, UNDERUTILIZED_NOTE] if (underutilized := underutilized_lines(proposal)) else [],
        )
    else:
        _display_rows(proposal, output_format, preview_date)
    _warn(proposal)


def display_changes(proposal: Proposal, output_format: str) -> None:
    """What changes on stdout, warnings and broken invariants on stderr."""
    if output_format == "table":
        _say.data(analysis_summary(proposal))
        if proposal.changes:
            _say.data()
            _say.table_data(changes_table(proposal, width=_say.output_width()))
            _say.paragraphs(analysis_notes(proposal.changes, over_budget=proposal.over_budget))
    else:
        _display_rows(proposal, output_format, None)
    _warn(proposal)


def _display_rows(proposal: Proposal, output_format: str, preview_date: date | None) -> None:
    if output_format == "json":
        _say.json_data(analysis_document(proposal, preview_date=preview_date))
    else:
        _say.csv_data(analysis_rows(proposal, preview_date=preview_date))


def _warn(proposal: Proposal) -> None:
    held, listed = proposal.pool.unconfigured_held_seconds, proposal.pool.unconfigured_listed_seconds
    if proposal.account.budget_seconds is not None and listed > held:
        _say.warning(
            f"the account's figures leave {held:,} s for unconfigured instances, but those listed hold {listed:,} s: "
            "the budget may lie below what is held. Increases that would lift the total over the budget are held back."
        )
    for warning in over_budget_warnings(proposal):
        _say.warning(warning + ".")
    _say.error_lines(f"invariant {broken.number}: {broken.message}" for broken in proposal.broken)


def count_text(count: int) -> str:
    """How many changes there are, in words."""
    return "1 change" if count == 1 else f"{count:,} changes"
