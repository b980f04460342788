"""analyze: what it reads from the account is enough for what it proposes, and for what else was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from qauvern.actions.account import Account, load_settings
from qauvern.actions.analyze import Daily, analyze, take_snapshot
from qauvern.actions.workplace import Workplace
from qauvern.balance import propose, window_start
from qauvern.model import Settings, UsageNotRead

DOCKING_LIMIT = 13_442
"""Of drug-docking in the sandbox account: 5,000 s, and what its net grants add by daily usage."""


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(Workplace(sandbox=True, environ={"QAUVERN_STATE_DIR": str(tmp_path)}))


@pytest.fixture
def settings(account: Account) -> Settings:
    return load_settings(account.workplace)


@pytest.mark.parametrize("daily", Daily)
def test_a_net_grant_lifts_the_limit_whatever_else_is_read(account: Account, settings: Settings, daily: Daily) -> None:
    analysis = analyze(account, settings, daily=daily)
    limits = {line.name: line.new_limit for line in analysis.proposal.lines}
    assert limits["drug-docking"] == DOCKING_LIMIT


def test_without_daily_usage_there_is_no_proposal(account: Account, settings: Settings) -> None:
    """Usage that was not read is not zero: it would have made a limit of 5,000 s."""
    with account:
        moment = account.now()
        snapshot = account.client.take_snapshot(settings, now=moment)
    with pytest.raises(UsageNotRead, match="drug-docking"):
        propose(snapshot, settings, moment.date())


@pytest.mark.parametrize("daily", [Daily.WINDOW, Daily.PAST_LIMITS])
def test_daily_usage_of_the_window_is_read_for_every_instance(
    account: Account, settings: Settings, daily: Daily
) -> None:
    with account:
        moment = account.now()
        snapshot = take_snapshot(account, settings, moment, daily=daily)
    first = window_start(moment.date())
    assert all(usage.daily_ms.since <= first for usage in snapshot.usage.values())
