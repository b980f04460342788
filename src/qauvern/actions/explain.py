"""explain: one instance's line of the proposal, which carries its own derivation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from qauvern.actions.account import Account
from qauvern.actions.analyze import Analysis, analyze
from qauvern.actions.apply import find_instance
from qauvern.balance import Line
from qauvern.model import Settings


@dataclass(frozen=True, slots=True)
class Explained:
    """One instance within the analysis of all."""

    analysis: Analysis
    line: Line


def explain(account: Account, settings: Settings, wanted: str, *, preview_date: date | None = None) -> Explained:
    """The derivation of every number of the configured instance of that name, CRN or GUID.

    Raises:
        NoSuchInstance: there is none, or several.
        As `analyze`.
    """
    instance = find_instance(settings, wanted)
    analysis = analyze(account, settings, preview_date=preview_date)
    return Explained(analysis, next(line for line in analysis.proposal.lines if line.crn == instance.crn))
