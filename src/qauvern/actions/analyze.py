"""analyze: the account read once, as far as the settings take it, and the proposal that follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from qauvern.actions.account import Account
from qauvern.balance import (
    BrokenInvariant,
    Proposal,
    account_notices,
    daily_usage_needed_since,
    group_notices,
    propose,
    window_start,
)
from qauvern.errors import Notice, QauvernError, Remedy
from qauvern.figures import instance_records
from qauvern.files import write_text_atomically
from qauvern.model import Crn, Settings, Snapshot
from qauvern.plan import Change, Refusal, SavedPlan, changes_of, config_digest, live_notices, plan_text, refusals


class Daily(Enum):
    """What daily usage is read for. Each reads what those before it do."""

    LIMITS = "the limits that net grants lift"
    WINDOW = "each instance's last 28 days"
    PAST_LIMITS = "the window and the limit of each of the last 28 days"


class BrokenProposal(QauvernError):
    """A proposal that breaks an invariant: it is never applied, and not saved."""

    def __init__(self, broken: tuple[BrokenInvariant, ...]) -> None:
        super().__init__("the proposal breaks an invariant, and nothing was written", broken=broken)


@dataclass(frozen=True, slots=True)
class Analysis:
    """An account as it was read, and the proposal for it. Nothing here changes any more, or asks the account."""

    settings: Settings
    snapshot: Snapshot
    proposal: Proposal
    endpoint_family: str
    preview_date: date | None = None

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the proposal changes, in CRN order; seconds before and after."""
        return changes_of(self.proposal)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The guardrails of the config file that the changes run into."""
        return refusals(self.changes, self.settings.guardrails, len(self.settings.instances))

    @property
    def warnings(self) -> tuple[Notice, ...]:
        """Where the account's own figures contradict each other or leave no reserve; what is odd about groups."""
        from qauvern.config import group_warnings

        return (*account_notices(self.proposal), *group_warnings(self.settings), *group_notices(self.proposal.groups))

    def to_records(self) -> list[dict[str, Any]]:
        """One dictionary for each configured instance, by name: the `instances` of `analyze --format json`.

        Figures whose names end in `_seconds` are in seconds; None stands for none, and for infinite fairness.
        """
        return instance_records(self.proposal.lines)

    def saved_plan(self) -> SavedPlan:
        """The changes as a plan that can be applied later, if the account still fits it.

        Raises:
            BrokenProposal: the proposal breaks an invariant.
            ValueError: this is a preview, which is not to be applied.
        """
        if self.preview_date is not None:
            raise ValueError("a preview is not to be applied")
        if self.proposal.broken:
            raise BrokenProposal(self.proposal.broken)
        return SavedPlan(
            account_id=self.settings.account_id,
            plan=self.settings.plan,
            endpoint_family=self.endpoint_family,
            config_digest=config_digest(self.settings),
            made_at=self.snapshot.taken_at,
            changes=self.changes,
        )


def analyze(
    account: Account, settings: Settings, *, preview_date: date | None = None, daily: Daily = Daily.LIMITS
) -> Analysis:
    """The proposal for the account as it is at this moment. Writes nothing.

    Args:
        preview_date: the UTC day that net grants and their window are looked at for; usage stays today's.
        daily: what daily usage is to be read for, beyond what the proposal takes.

    Raises:
        UnusableInstances: a configured instance is archived, or not in the account.
        CloudError: the account cannot be read.
    """
    with account:
        moment = account.now()
        today = preview_date or moment.date()
        snapshot = take_snapshot(account, settings, moment, today=today, daily=daily)
        proposal = propose(snapshot, settings, today)
        return Analysis(settings, snapshot, proposal, account.client.endpoints.family, preview_date)


def save_plan(analysis: Analysis, path: Path) -> None:
    """Writes the analysis' changes to a file that can be applied later.

    Raises:
        As Analysis.saved_plan. OSError: the file cannot be written.
    """
    write_text_atomically(path, plan_text(analysis.saved_plan()), private=True)


def take_snapshot(
    account: Account, settings: Settings, moment: datetime, *, today: date | None = None, daily: Daily = Daily.LIMITS
) -> Snapshot:
    """The account as far as the settings need it; warns of what differs between config, account and what is enforced.

    `today` is the UTC day that net grants are looked at for, if not that of `moment`.
    """
    from qauvern.config import config_name

    with account.workplace.progress("Reading the account") as progress:
        snapshot = account.client.take_snapshot(
            settings,
            now=moment,
            daily_since=daily_since(settings, today or moment.date(), daily, moment.date()),
            progress=progress,
        )
    for configured in settings.instances:
        live = snapshot.instances.get(configured.crn)
        if live is not None and configured.name not in (live.name, config_name(live.name, live.crn)):
            account.workplace.warn(
                Notice(
                    f"{configured.name} is called {live.name!r} in the account now ({configured.crn}).",
                    Remedy.TAKE_NAME_OVER,
                    {"crn": configured.crn, "name": configured.name, "live_name": live.name},
                )
            )
    for notice in live_notices(snapshot.instances, snapshot.usage):
        account.workplace.warn(notice)
    return snapshot


def daily_since(settings: Settings, today: date, daily: Daily, read_on: date) -> dict[Crn, date]:
    """From which UTC day on each instance's daily usage is read on the day `read_on`; instances without are absent.

    A limit on the day `today` takes it as far back as its net grants do (`daily_usage_needed_since`), and so does each
    day's limit for PAST_LIMITS, beside each instance's usage in the window of the first of these days: a longer span of
    the one request for each region.
    """
    first = window_start(today) if daily is Daily.PAST_LIMITS else today
    days = [first + timedelta(days=offset) for offset in range((today - first).days + 1)]
    since: dict[Crn, date] = {}
    for configured in settings.instances:
        needed = [daily_usage_needed_since(configured.net_grants, day) for day in days]
        if daily is Daily.PAST_LIMITS:
            needed.append(window_start(first))
        if daily is not Daily.LIMITS:
            needed.append(window_start(read_on))
        known = [day for day in needed if day is not None]
        if known:
            since[configured.crn] = min(known)
    return since
