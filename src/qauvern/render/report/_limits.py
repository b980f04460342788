"""An instance's effective limit day by day around today, with the net grants that move it (Design.md, Net grants)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from qauvern.balance import GrantLedger, Line, effective_limit, limit_terms, usage_in_window
from qauvern.model import WINDOW_DAYS, Crn, NetGrant
from qauvern.render.text import printable

DAYS_AROUND: Final = WINDOW_DAYS
"""How many days back and ahead the history goes."""


@dataclass(frozen=True, slots=True)
class LimitDay:
    """The limit E as of one UTC day, and the usage in that day's window. After today, nothing more is used."""

    day: date
    limit_seconds: int | None
    window_usage_ms: int


@dataclass(frozen=True, slots=True)
class LimitStep:
    """Consecutive days, both in, with the same limit."""

    first: date
    last: date
    limit_seconds: int | None


@dataclass(frozen=True, slots=True)
class GrantSpan:
    """One net grant and what it has paid up to today."""

    grant: NetGrant
    state: str
    spent_ms: int
    unspent_ms: int


@dataclass(frozen=True, slots=True)
class LimitHistory:
    """One instance whose net grants move its limit on a day from 28 back to 28 ahead."""

    name: str
    crn: Crn
    base_seconds: int
    today: date
    days: tuple[LimitDay, ...]
    grants: tuple[GrantSpan, ...]

    @property
    def steps(self) -> tuple[LimitStep, ...]:
        """The days, put together where the limit stays the same."""
        steps: list[LimitStep] = []
        for each in self.days:
            if steps and steps[-1].limit_seconds == each.limit_seconds:
                steps[-1] = LimitStep(steps[-1].first, each.day, each.limit_seconds)
            else:
                steps.append(LimitStep(each.day, each.day, each.limit_seconds))
        return tuple(steps)

    @property
    def next_step(self) -> LimitStep | None:
        """When the limit next changes if nothing more is used; None where it stays."""
        return next((step for step in self.steps if step.first > self.today), None)


def limit_history(line: Line, today: date) -> LimitHistory | None:
    """None where no net grant has a say on any of the days.

    Takes daily usage that is complete for the limit of every day from 28 back to today.
    """
    configured = line.configured
    base_seconds = configured.limit_seconds
    if not isinstance(base_seconds, int) or not configured.net_grants:
        return None
    days = [today + timedelta(days=offset) for offset in range(-DAYS_AROUND, DAYS_AROUND + 1)]
    limits = [effective_limit(configured, line.live, line.usage, day) for day in days]
    if not any(limit.terms is not None and limit.terms.has_crediting_grant for limit in limits):
        return None
    return LimitHistory(
        name=printable(line.name),
        crn=line.crn,
        base_seconds=base_seconds,
        today=today,
        days=tuple(
            LimitDay(day, limit.seconds, usage_in_window(line.usage.daily_ms, day))
            for day, limit in zip(days, limits, strict=True)
        ),
        grants=_spans(line, base_seconds, today),
    )


def _spans(line: Line, base_seconds: int, today: date) -> tuple[GrantSpan, ...]:
    configured = line.configured
    terms = limit_terms(base_seconds, configured.net_grants, line.usage, today)
    return tuple(_span(grant, terms.grants, today) for grant in configured.net_grants)


def _span(grant: NetGrant, ledgers: Sequence[GrantLedger], today: date) -> GrantSpan:
    """One that takes no part today has been told of nothing: it is still to come, or long over."""
    ledger = next((each for each in ledgers if each.grant == grant), None)
    if grant.start_date > today:
        state = "to come"
    elif grant.is_active(today):
        state = "active"
    else:
        state = "ended, still credits" if ledger is not None and ledger.still_credits else "over"
    if ledger is None:
        return GrantSpan(grant, state, 0, grant.net_grant_seconds * 1_000 if state == "to come" else 0)
    return GrantSpan(grant, state, ledger.spent_ms, ledger.unspent_ms)
