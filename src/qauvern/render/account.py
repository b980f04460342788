"""What is said of the account as a whole, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from qauvern import figures
from qauvern.balance import Proposal, over_budget_notices
from qauvern.model import Instance, ReserveBasis
from qauvern.render.text import printable, some_of
from qauvern.render.views import AccountView
from qauvern.units import MS_PER_SECOND, SECONDS_PER_QAU, format_percent, format_seconds


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the account in words, and its name and value in JSON if it has them there."""

    label: str
    text: str
    note: str = ""
    key: str | None = None
    value: int | float | None = None


def account_facts(view: AccountView) -> Iterator[Fact]:
    """What show, analyze and the report say of the account, in this order."""
    budget = view.account.budget_seconds
    qau = "" if budget is None else f"{budget / SECONDS_PER_QAU:,.2f} QAU"
    yield _of_figure(figures.BUDGET, view, qau)
    yield _of_figure(figures.CONSUMED, view, _share(view.consumed_ms, budget))
    yield _of_figure(figures.CONFIGURED_CONSUMED, view, _share(view.configured_consumed_ms, budget))
    if view.utilization is None:
        yield Fact(figures.UTILIZATION.heading, "usage without any allocation")
    else:
        yield Fact(figures.UTILIZATION.heading, figures.UTILIZATION.text(view), "of what configured instances hold")
    yield _of_figure(figures.UNALLOCATED, view, _share(view.account.unallocated_seconds * MS_PER_SECOND, budget))
    held = view.configured_held_seconds
    yield Fact("Held by configured instances", f"{format_seconds(held)} s", _share(held * MS_PER_SECOND, budget))
    share = _share(view.unconfigured_held_seconds * MS_PER_SECOND, budget)
    note = "; ".join(each for each in (share, unconfigured_text(view.unconfigured)) if each)
    yield _of_figure(figures.HELD_BY_UNCONFIGURED, view, note)
    if view.proposal is not None:
        yield Fact("Pool over the floors", f"{format_seconds(view.proposal.pool.seconds)} s")
    yield Fact("Reserve", reserve_text(view))
    if view.proposal is not None:
        yield _of_figure(figures.DISTRIBUTABLE, view, "")
    yield _of_figure(figures.ACCOUNT_LIMIT, view, "")


def _of_figure(figure: figures.Figure[AccountView], view: AccountView, note: str) -> Fact:
    value = figure.value(view)
    return Fact(figure.heading, "none" if value is None else f"{figure.text(view)} s", note, figure.name, value)


def fact_pairs(view: AccountView) -> list[tuple[str, str]]:
    """The facts for a terminal: label and text."""
    return [(each.label, each.text + (f" ({each.note})" if each.note else "")) for each in account_facts(view)]


def _share(milliseconds: int, budget: int | None) -> str:
    return f"{format_percent(Fraction(milliseconds, budget * MS_PER_SECOND))} of the budget" if budget else ""


_NAMED: Final = 10


def unconfigured_text(instances: tuple[Instance, ...]) -> str:
    """The unconfigured instances by name with what they hold, those that hold most first."""
    named = [f"{printable(each.name)} {format_seconds(each.allocation_seconds)} s" for each in instances]
    return some_of(named, at_most=_NAMED)


def reserve_text(view: AccountView) -> str:
    """The reserve as the config file sets it, and in seconds where there is a proposal."""
    reserve = view.reserve
    if not reserve.percent:
        return "none"
    text = f"{reserve.percent.normalize():f}% of the {reserve.basis.value}"
    if view.proposal is None:
        return text
    pool = view.proposal.pool
    seconds = pool.reserve_seconds if reserve.basis is ReserveBasis.POOL else pool.budget_reserve_seconds
    return f"{text}, {format_seconds(seconds)} s"


def over_budget_warnings(proposal: Proposal) -> list[str]:
    """What an over-budget plan means, and for which instances."""
    return [notice.text for notice in over_budget_notices(proposal)]
