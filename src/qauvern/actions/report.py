"""report: what the page is made from."""

from __future__ import annotations

from qauvern.actions.account import Account
from qauvern.actions.analyze import Analysis, Daily, analyze
from qauvern.model import Settings


def report(account: Account, settings: Settings) -> Analysis:
    """An analysis with each instance's daily usage, as far back as the limits of the last 28 days take it.

    Raises:
        As `analyze`.
    """
    return analyze(account, settings, daily=Daily.PAST_LIMITS)
