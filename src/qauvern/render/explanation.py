"""What explain says: every number of one instance, derived line by line from what its proposal carries."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from qauvern.balance import (
    SCORE_DENOMINATOR,
    GrantLedger,
    LimitSource,
    LimitTerms,
    Line,
    Proposal,
    Reason,
    ScoreTerm,
    window_start,
)
from qauvern.figures import ANALYZED_INSTANCE, LIMIT_BREAKDOWN
from qauvern.model import fairness
from qauvern.plan import Refusal
from qauvern.render.analysis import IN_DEBT_NOTE, analysis_context
from qauvern.render.instances import LIMIT_REACHED_NOTE
from qauvern.render.remedies import said_of_invariant
from qauvern.render.text import facts, printable
from qauvern.units import MS_PER_SECOND, format_ms, format_seconds, format_signed_seconds, seconds_number


def explanation_document(
    proposal: Proposal, line: Line, refusals: Sequence[Refusal], *, preview_date: date | None = None
) -> dict[str, Any]:
    """The document of `explain --format json`. Exact figures are fractions as text, such as 1/3."""
    return {
        **analysis_context(proposal, preview_date),
        "instance": ANALYZED_INSTANCE.of(line),
        "score": {
            "terms": [_term_document(term) for term in line.score.terms],
            "seconds_exact": str(line.score.seconds),
        },
        "floor": None if line.floor is None else {"seconds": line.floor.seconds, "rule": line.floor.source.value},
        "limit": {
            "seconds": line.limit.seconds,
            "source": line.limit.source.value,
            "window_start_date": window_start(proposal.today).isoformat(),
            "window_end_date": proposal.today.isoformat(),
            "terms": None if line.limit.terms is None else _terms_document(line.limit.terms, line, proposal.today),
        },
        "pool": {
            "budget_seconds": proposal.account.budget_seconds,
            "unconfigured_held_seconds": proposal.pool.unconfigured_held_seconds,
            "floors_seconds": proposal.pool.floors_seconds,
            "seconds": proposal.pool.seconds,
            "distributable_seconds": proposal.pool.distributable_seconds,
        },
        "allocation_cap_seconds": line.allocation_cap,
        "room_seconds": line.room,
        "level_exact": None if proposal.level is None else str(proposal.level),
        "share": {"exact_seconds": str(line.exact_share), "seconds": line.share},
        "reason": line.reason.value,
        "touched_by": touched_by(proposal, line, refusals),
    }


def _term_document(term: ScoreTerm) -> dict[str, Any]:
    return {
        "window": term.window,
        "used_seconds": seconds_number(term.used_ms),
        "factor_exact": str(_factor(term)),
        "seconds_exact": str(Fraction(term.scaled, SCORE_DENOMINATOR * MS_PER_SECOND)),
    }


def _factor(term: ScoreTerm) -> Fraction:
    return Fraction(term.factor, SCORE_DENOMINATOR)


def _terms_document(terms: LimitTerms, line: Line, today: date) -> dict[str, Any]:
    used_by_day = sorted(line.usage.daily_ms.items()) if terms.grants else []
    return {
        **LIMIT_BREAKDOWN.of(terms),
        "used": [
            {"date": day.isoformat(), "seconds": seconds_number(used_ms)}
            for day, used_ms in used_by_day
            if day <= today
        ],
        "grants": [_grant_document(ledger) for ledger in terms.grants],
    }


def _grant_document(ledger: GrantLedger) -> dict[str, Any]:
    return {
        "start_date": ledger.grant.start_date.isoformat(),
        "end_date": ledger.grant.end_date.isoformat(),
        "net_grant_seconds": ledger.grant.net_grant_seconds,
        "is_active": ledger.is_active,
        "still_credits": ledger.still_credits,
        "charged": [
            {"date": day.isoformat(), "seconds": seconds_number(paid_ms)}
            for day, paid_ms in sorted(ledger.charged_ms.items())
        ],
        "spent_seconds": seconds_number(ledger.spent_ms),
        "unspent_seconds": seconds_number(ledger.unspent_ms),
    }


def touched_by(proposal: Proposal, line: Line, refusals: Sequence[Refusal]) -> list[str]:
    """What has a say beyond the plain shares: the regime, the dead band, broken invariants and guardrails."""
    said = []
    if proposal.over_budget:
        said.append("the plan is over budget: allocations follow usage")
    if line.reason is Reason.DEAD_BAND:
        said.append("the dead band (minimum_change_seconds) keeps its allocation")
    said += [
        f"invariant {broken.number}: {said_of_invariant(broken)}"
        for broken in proposal.broken
        if line.crn in broken.crns
    ]
    said += [
        f"guardrail {refusal.name.value} refuses the run, for this instance too"
        for refusal in refusals
        if any(change.crn == line.crn for change in refusal.offenders)
    ]
    return said


# --- text -------------------------------------------------------------------------------------------------------


def explanation_text(proposal: Proposal, line: Line, refusals: Sequence[Refusal], *, width: int | None) -> str:
    """The derivation as paragraphs within `width` characters (None: any), each figure with where it comes from."""
    text = "\n\n".join(
        "\n".join(paragraph)
        for paragraph in (
            [f"{printable(line.name)}", str(line.crn)],
            _usage_lines(line),
            _score_lines(line),
            _floor_lines(line),
            _limit_lines(line),
            _share_lines(proposal, line),
            _outcome_lines(proposal, line, refusals),
        )
    )
    return "\n".join(wrapped(each, width) for each in text.split("\n"))


def wrapped(line: str, width: int | None) -> str:
    """The line broken between words where it is wider than `width`; a CRN, which is one word, stays whole."""
    if width is None or len(line) <= width:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line,
        max(width, 20),
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
        drop_whitespace=True,
    )


def _usage_lines(line: Line) -> list[str]:
    usage, held = line.usage, line.live.allocation_seconds
    fair = None if held is None else fairness(usage.consumed_ms, held)
    return [
        "Usage (s)",
        _indented(
            [
                ("28 days, IBM's own window", format_ms(usage.consumed_ms)),
                ("14 days", format_ms(usage.last_14d_ms)),
                ("7 days", format_ms(usage.last_7d_ms)),
                ("3 days", format_ms(usage.last_3d_ms)),
                ("24 hours", format_ms(usage.last_24h_ms)),
                ("Allocation held", format_seconds(held, absent="none")),
                ("Fairness", "none" if held is None else "infinite" if fair is None else f"{float(fair):.3f}"),
            ]
        ),
    ]


def _score_lines(line: Line) -> list[str]:
    terms = [
        (
            f"{term.window}: {format_ms(term.used_ms)} x {_factor(term)}",
            f"{term.scaled / SCORE_DENOMINATOR / MS_PER_SECOND:,.3f}",
        )
        for term in line.score.terms
    ]
    note = "" if line.score.is_active else "  (inactive: it takes no share)"
    return ["Activity score (s)", _indented([*terms, ("Sum", f"{float(line.score.seconds):,.3f}{note}")])]


def _floor_lines(line: Line) -> list[str]:
    if line.floor is None:
        return ["Floor", "  none: it has no allocation, and takes part with its limit only"]
    return ["Floor", f"  {format_seconds(line.floor.seconds)} s, set by: {line.floor.source.value}"]


def _limit_lines(line: Line) -> list[str]:
    limit = line.limit
    if limit.source is LimitSource.NONE:
        return ["Limit", "  none, neither in the config file nor in the account"]
    if limit.seconds is None:
        return ["Limit", "  none: limit_seconds is none in the config file, which removes a live limit"]
    if limit.terms is None:
        live = f"  {format_seconds(limit.seconds)} s, the live one: the config file sets none"
        return ["Limit", live, *_reached_lines(line)]
    terms = limit.terms
    boost = "the boost" if terms.boost_start_date is None else f"{terms.boost_start_date}"
    pairs = [
        ("limit_seconds of the config file", format_seconds(terms.base_seconds)),
        ("+ usage in the window that net grants paid", format_ms(terms.grant_funded_ms)),
        ("+ unspent budget of the active net grants", format_ms(terms.unspent_grant_ms)),
        (f"+ base usage from before {boost} above limit_seconds", format_ms(terms.pre_boost_overage_ms)),
        ("= limit, rounded up to a second", format_seconds(limit.seconds)),
    ]
    grants = [each for ledger in terms.grants for each in _grant_lines(ledger)]
    return ["Limit (s)", _indented(pairs), *grants, *_reached_lines(line)]


def _reached_lines(line: Line) -> list[str]:
    if line.is_in_debt:
        return [f"  {IN_DEBT_NOTE}"]
    return [f"  {LIMIT_REACHED_NOTE}"] if line.limit_reached else []


def _grant_lines(ledger: GrantLedger) -> Iterator[str]:
    grant = ledger.grant
    state = "active" if ledger.is_active else "ended, still credits" if ledger.still_credits else "does not credit"
    yield (
        f"  Net grant of {format_seconds(grant.net_grant_seconds)} s, {grant.start_date} to before {grant.end_date} "
        f"({state}): {format_ms(ledger.spent_ms)} s charged, {format_ms(ledger.unspent_ms)} s left"
    )
    for day, paid_ms in sorted(ledger.charged_ms.items()):
        yield f"    {day}  {format_ms(paid_ms)} s"


def _share_lines(proposal: Proposal, line: Line) -> list[str]:
    pool = proposal.pool
    cap = "unlimited" if line.allocation_cap is None else f"{format_seconds(line.allocation_cap)}"
    pairs = [
        ("Budget", format_seconds(proposal.account.budget_seconds, absent="none")),
        ("- held by unconfigured instances", format_seconds(pool.unconfigured_held_seconds)),
        ("- floors of all configured instances", format_seconds(pool.floors_seconds)),
        ("= pool (0 at least)", format_seconds(pool.seconds)),
        ("of which is handed out, after the reserve", format_seconds(pool.distributable_seconds)),
        ("Most that this instance may hold", cap),
        ("Its room above the floor", format_seconds(line.room, absent="unlimited")),
        ("Level (s for each s of score)", "none" if proposal.level is None else f"{float(proposal.level):,.6f}"),
        ("Its share before rounding", f"{float(line.exact_share):,.3f}"),
        ("Its share, whole seconds by largest remainder", format_seconds(line.share)),
    ]
    return ["Share of the pool (s)", _indented(pairs)]


def _outcome_lines(proposal: Proposal, line: Line, refusals: Sequence[Refusal]) -> list[str]:
    if line.floor is None:
        said = f"  left as it is: {format_seconds(line.live.allocation_seconds, absent='none')}"
    else:
        sum_text = f"{format_seconds(line.floor.seconds)} + {format_seconds(line.share)}"
        now = f"{format_seconds(line.live.allocation_seconds)} s ({format_signed_seconds(line.allocation_delta)})"
        said = f"  {sum_text} = {format_seconds(line.new_allocation)} s, now {now}"
    return [
        "New allocation",
        said,
        f"  {line.reason.value}",
        *[f"  {printable(each)}" for each in touched_by(proposal, line, refusals)],
    ]


def _indented(pairs: Sequence[tuple[str, str]]) -> str:
    width = max(len(value) for _, value in pairs)
    return "\n".join(f"  {row}" for row in facts([(label, f"{value:>{width}}") for label, value in pairs]).splitlines())
