"""What explain prints as JSON: every number of one instance, with where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final

from qauvern import figures
from qauvern.balance import (
    SCORE_DENOMINATOR,
    Floor,
    FloorSource,
    GrantLedger,
    GroupPart,
    LimitSource,
    LimitTerms,
    Line,
    Proposal,
    Reason,
    ScoreTerm,
    Weight,
    window_start,
)
from qauvern.figures import Figure, Record
from qauvern.plan import Refusal
from qauvern.render.documents import CONTEXT
from qauvern.render.remedies import said_of_invariant
from qauvern.render.views import AccountView
from qauvern.units import MS_PER_SECOND, format_seconds


@dataclass(frozen=True, slots=True)
class _Derivation:
    """One line of a proposal, and the guardrails that refuse it."""

    proposal: Proposal
    line: Line
    refusals: Sequence[Refusal]
    preview_date: date | None

    @property
    def plan(self) -> str:
        return self.proposal.account.plan.value

    @property
    def account(self) -> AccountView:
        return AccountView.of_proposal(self.proposal)

    @property
    def part(self) -> GroupPart | None:
        return self.proposal.part_of(self.line)


def _of_terms(figure: Figure[LimitTerms]) -> Callable[[_Derivation], Any]:
    def read(row: _Derivation) -> Any:
        return None if row.line.limit.terms is None else figure.read(row.line.limit.terms)

    return read


def _used_by_day(line: Line, today: date) -> list[tuple[date, int]]:
    terms = line.limit.terms
    return (
        []
        if terms is None or not terms.grants
        else [(day, used_ms) for day, used_ms in sorted(line.usage.daily_ms.items()) if day <= today]
    )


_DAY_FIGURES: Final[tuple[Figure[tuple[date, int]], ...]] = (
    Figure("date", "Day", figures.DAY, lambda each: each[0], "The UTC day"),
    Figure("seconds", "Seconds", figures.USED, lambda each: each[1], "Seconds of usage"),
)
_GRANT: Final[Record[GrantLedger]] = Record(
    "grant",
    "Net grant",
    "One net grant that takes part in the limit, and what it paid.",
    (
        Figure(
            "start_date", "Start", figures.DAY, lambda each: each.grant.start_date, "First UTC day that it is active"
        ),
        Figure("end_date", "End", figures.DAY, lambda each: each.grant.end_date, "UTC day before which it is active"),
        Figure(
            "net_grant_seconds",
            "Budget",
            figures.SECONDS,
            lambda each: each.grant.net_grant_seconds,
            "Seconds that it may pay over its life",
        ),
        Figure(
            "is_active", "Active", figures.FLAG, lambda each: each.is_active, "True from its start until before its end"
        ),
        Figure(
            "still_credits",
            "Still credits",
            figures.FLAG,
            lambda each: each.still_credits,
            "True when it has started and its end is after the day 28 days ago",
        ),
        Figure(
            "charged",
            "Charged",
            figures.parts(Record("charge", "Charge", "What it paid on one day.", _DAY_FIGURES)),
            lambda each: sorted(each.charged_ms.items()),
            "What it paid, by UTC day, oldest first",
        ),
        Figure("spent_seconds", "Spent", figures.USED, lambda each: each.spent_ms, "Seconds that it paid in all"),
        Figure(
            "unspent_seconds",
            "Unspent",
            figures.USED,
            lambda each: each.unspent_ms,
            "Seconds of its budget that are left",
        ),
    ),
)
_TERMS: Final[Record[_Derivation]] = Record(
    "limit_terms",
    "Terms",
    "The four terms of the limit, and the usage and net grants that they come from.",
    (
        *(figure.of(_of_terms(figure)) for figure in figures.LIMIT_BREAKDOWN.figures),
        Figure(
            "used",
            "Usage by day",
            figures.parts(Record("used_on_a_day", "Usage", "What was used on one day.", _DAY_FIGURES)),
            lambda row: _used_by_day(row.line, row.proposal.today),
            "What was used on each UTC day that net grants can reach, oldest first, days without usage left out; what "
            "of it no net grant paid is base usage. Empty without net grants",
        ),
        Figure(
            "grants",
            "Net grants",
            figures.parts(_GRANT),
            lambda row: row.line.limit.terms.grants if row.line.limit.terms else (),
            "Those that take part, in the order of the config file",
        ),
    ),
)
_SCORE_TERM: Final[Record[ScoreTerm]] = Record(
    "score_term",
    "Term of the score",
    "One window's part of the activity score.",
    (
        Figure(
            "window",
            "Window",
            figures.one_of(("24h", "3d", "7d", "14d", "28d")),
            lambda term: term.window,
            "The window, which ends now",
        ),
        Figure("used_seconds", "Used", figures.USED, lambda term: term.used_ms, "Seconds used in the window"),
        Figure(
            "factor_exact",
            "Factor",
            figures.EXACT,
            lambda term: factor_of(term),
            "What a second used counts, as a fraction",
        ),
        Figure(
            "seconds_exact",
            "Term",
            figures.EXACT,
            lambda term: Fraction(term.scaled, SCORE_DENOMINATOR * MS_PER_SECOND),
            "used_seconds times factor_exact, in seconds, as an exact fraction",
        ),
    ),
)
_SCORE: Final[Record[_Derivation]] = Record(
    "score",
    "Activity score",
    "The sum of its terms.",
    (
        Figure("terms", "Terms", figures.parts(_SCORE_TERM), lambda row: row.line.score.terms, "One for each window"),
        Figure(
            "seconds_exact",
            "Score",
            figures.EXACT,
            lambda row: row.line.score.seconds,
            "Sum of the terms, in seconds, as an exact fraction; 0 is inactive",
        ),
    ),
)
_FLOOR: Final[Record[Floor]] = Record(
    "floor",
    "Floor",
    "Its size and the rule that set it.",
    (
        Figure("seconds", "Floor", figures.SECONDS, lambda floor: floor.seconds, "Seconds"),
        Figure(
            "rule",
            "Rule",
            figures.one_of(each.value for each in FloorSource),
            lambda floor: floor.source.value,
            "The rule that set it",
        ),
    ),
)
_LIMIT: Final[Record[_Derivation]] = Record(
    "limit",
    "Limit",
    "The most that it may use, and where that comes from.",
    (
        Figure(
            "seconds",
            "Limit",
            figures.SECONDS,
            lambda row: row.line.limit.seconds,
            "Seconds of the 28-day window",
            null="no limit",
        ),
        Figure(
            "source",
            "Source",
            figures.one_of(each.value for each in LimitSource),
            lambda row: row.line.limit.source.value,
            "config: limit_seconds and net grants; live: the limit in the account; none",
        ),
        Figure(
            "window_start_date",
            "Start of the window",
            figures.DAY,
            lambda row: window_start(row.proposal.today),
            "First UTC day of the window, 28 days before its last",
        ),
        Figure(
            "window_end_date",
            "End of the window",
            figures.DAY,
            lambda row: row.proposal.today,
            "Last UTC day of the window: today, or the preview date",
        ),
        Figure(
            "terms",
            "Terms",
            figures.part(_TERMS),
            lambda row: None if row.line.limit.terms is None else row,
            "What it is made of",
            null="the config file sets no limit",
        ),
    ),
)
_POOL: Final[Record[_Derivation]] = Record(
    "pool",
    "Pool",
    "What there is to hand out over the floors.",
    (
        Figure(
            "budget_seconds",
            "Budget",
            figures.SECONDS,
            lambda row: row.proposal.account.budget_seconds,
            "Seconds of the 28-day window",
            null="the plan has no budget",
        ),
        Figure(
            "unconfigured_held_seconds",
            figures.HELD_BY_UNCONFIGURED.heading,
            figures.SECONDS,
            lambda row: row.proposal.pool.unconfigured_held_seconds,
            "Seconds, reserved for them",
        ),
        Figure(
            "floors_seconds",
            "Floors",
            figures.SECONDS,
            lambda row: row.proposal.pool.floors_seconds,
            "Sum of the floors of all configured instances, in seconds",
        ),
        Figure(
            "seconds",
            "Pool",
            figures.SECONDS,
            lambda row: row.proposal.pool.seconds,
            "max(0, budget - held by unconfigured instances - floors), in seconds",
        ),
        Figure(
            "distributable_seconds",
            figures.DISTRIBUTABLE.heading,
            figures.SECONDS,
            lambda row: row.proposal.pool.distributable_seconds,
            "What the reserve leaves of the pool, in seconds",
        ),
    ),
)
_SHARE: Final[Record[Line]] = Record(
    "share",
    "Share",
    "What it gets over its floor.",
    (
        Figure(
            "exact_seconds",
            "Before rounding",
            figures.EXACT,
            lambda line: line.exact_share,
            "min(room, level * weight) in seconds, as an exact fraction; what the dead band keeps is taken as it is",
        ),
        Figure(
            "seconds",
            "Share",
            figures.BALANCE,
            lambda line: line.share,
            "Whole seconds by largest remainder; with the dead band what it holds over its floor now",
        ),
    ),
)
_SHARING: Final[Record[Proposal]] = Record(
    "sharing",
    "Sharing",
    "What shares go by.",
    (
        Figure(
            "equal_percent",
            "In equal parts",
            figures.SHARE_PERCENT,
            lambda proposal: proposal.sharing.equal_percent,
            "Percentage that goes in equal parts to the active instances, the rest by activity",
        ),
    ),
)
_WEIGHT: Final[Record[Weight]] = Record(
    "weight",
    "Weight",
    "What its share goes by: a part by activity, and one in equal parts.",
    (
        Figure(
            "activity_exact",
            "By activity",
            figures.EXACT,
            lambda weight: weight.activity_seconds,
            "What equal_percent leaves of its activity score, in seconds, as an exact fraction",
        ),
        Figure(
            "equal_exact",
            "In equal parts",
            figures.EXACT,
            lambda weight: weight.equal_seconds,
            "equal_percent of the mean activity score of the active ones that it shares with, in seconds, as an exact "
            "fraction",
        ),
        Figure(
            "seconds_exact",
            "Weight",
            figures.EXACT,
            lambda weight: weight.seconds,
            "The sum of both, in seconds, as an exact fraction; without equal parts the activity score",
        ),
    ),
)
_GROUP_PART: Final[Record[GroupPart]] = Record(
    "group_part",
    "Group",
    "What the instance's group is entitled to, and what it gets.",
    (
        figures.GROUP_NAME.of(lambda part: part.name),
        figures.GROUP_SHARE.of(lambda part: part.share_percent),
        figures.GROUP_LIMIT.of(lambda part: part.limit_seconds),
        figures.GROUP_INSTANCES.of(lambda part: part.members),
        Figure(
            "floors_seconds",
            "Floors",
            figures.SECONDS,
            lambda part: part.floors_seconds,
            "Sum of the floors of its instances, in seconds",
        ),
        Figure(
            "room_seconds",
            "Room",
            figures.SECONDS,
            lambda part: part.room,
            "The most that its instances can get over their floors, in seconds",
            null="unlimited",
        ),
        Figure(
            "entitlement_exact",
            "Entitled to",
            figures.EXACT,
            lambda part: part.entitlement,
            "Its share of all that is shared, floors included, before any is lent, in seconds, as an exact fraction",
            null="no group has a share",
        ),
        Figure(
            "lent_exact",
            "Lent",
            figures.EXACT,
            lambda part: part.lent,
            "What of that it can take no more, in seconds, as an exact fraction: others have it until it can",
        ),
        Figure(
            "beyond_entitlement_exact",
            "Above what it is entitled to",
            figures.EXACT,
            lambda part: part.beyond_entitlement,
            "What it gets above that, in seconds, as an exact fraction: lent by others, or needed by its floors",
        ),
        Figure(
            "part_exact",
            "Part before rounding",
            figures.EXACT,
            lambda part: part.exact_part,
            "What it gets over its floors, in seconds, as an exact fraction",
        ),
        Figure(
            "part_seconds",
            "Part",
            figures.BALANCE,
            lambda part: part.part,
            "What it gets over its floors, in whole seconds by largest remainder",
        ),
        figures.GROUP_NEW.of(
            lambda part: part.new_allocation_seconds,
            meaning="Seconds that its instances are to hold together: floors and part, unless the dead band keeps some",
        ),
        Figure(
            "level_exact",
            "Level",
            figures.EXACT,
            lambda part: part.level,
            "Seconds for each second of weight to its instances that are below their room, as an exact fraction",
            null="none of them is",
        ),
    ),
)
EXPLAIN: Final[Record[_Derivation]] = Record(
    "explain",
    "explain",
    "What explain prints as JSON: every number of one instance. Exact figures are fractions as text, such as 1/3.",
    (
        *CONTEXT,
        Figure(
            "instance",
            "Instance",
            figures.part(figures.ANALYZED_INSTANCE),
            lambda row: row.line,
            "The instance as analyze shows it",
        ),
        Figure("score", "Activity score", figures.part(_SCORE), lambda row: row, "The sum of its terms"),
        Figure(
            "floor",
            "Floor",
            figures.part(_FLOOR),
            lambda row: row.line.floor,
            "What the new allocation is at least",
            null="it has no allocation",
        ),
        Figure(
            "limit",
            "Limit",
            figures.part(_LIMIT),
            lambda row: row,
            "The most that it may use, and where that comes from",
        ),
        Figure("pool", "Pool", figures.part(_POOL), lambda row: row, "What there is to hand out over the floors"),
        Figure(
            "sharing",
            "Sharing",
            figures.part(_SHARING),
            lambda row: row.proposal,
            "What shares go by",
        ),
        Figure(
            "group",
            "Group",
            figures.part(_GROUP_PART),
            lambda row: row.part,
            "What its group is entitled to, and what it gets; where groups have shares, `none` is the group of the "
            "instances in no group",
            null="it is in no group",
        ),
        Figure(
            "entitlement_level_exact",
            "Level of the groups",
            figures.EXACT,
            lambda row: row.proposal.entitlement_level,
            "Seconds for each percent of share to the groups that are neither at their floors nor at the most that "
            "they can take, as an exact fraction",
            null="no group has a share, or none is in between",
        ),
        Figure("weight", "Weight", figures.part(_WEIGHT), lambda row: row.line.weight, "What its share goes by"),
        Figure(
            "allocation_cap_seconds",
            "Cap",
            figures.SECONDS,
            lambda row: row.line.allocation_cap,
            "The most that its new allocation may be, unless the floor is higher, in seconds: its limit, or over "
            "budget its own usage",
            null="unlimited",
        ),
        Figure(
            "room_seconds",
            "Room",
            figures.SECONDS,
            lambda row: row.line.room,
            "The most that it may get over its floor, in seconds",
            null="unlimited",
        ),
        Figure(
            "level_exact",
            "Level",
            figures.EXACT,
            lambda row: row.line.level,
            "Seconds handed out for each second of weight to those below their room, as an exact fraction: of its "
            "group where that has a level of its own, else of all",
            null="each of those got all its room",
        ),
        Figure("share", "Share", figures.part(_SHARE), lambda row: row.line, "What it gets over its floor"),
        Figure(
            "reason",
            figures.REASON.heading,
            figures.REASON_TEXT,
            lambda row: row.line.reason.value,
            "Why the new allocation is what it is",
        ),
        Figure(
            "touched_by",
            "Touched by",
            figures.STRINGS,
            lambda row: touched_by(row.proposal, row.line, row.refusals),
            "What has a say beyond the plain shares: the regime over budget, the dead band, its group's limit, broken "
            "invariants and guardrails that refuse the run",
        ),
    ),
)


def explanation_document(
    proposal: Proposal, line: Line, refusals: Sequence[Refusal], *, preview_date: date | None = None
) -> dict[str, Any]:
    """What explain prints as JSON. Exact figures are fractions as text, such as 1/3."""
    return EXPLAIN.of(_Derivation(proposal, line, refusals, preview_date))


def factor_of(term: ScoreTerm) -> Fraction:
    return Fraction(term.factor, SCORE_DENOMINATOR)


def touched_by(proposal: Proposal, line: Line, refusals: Sequence[Refusal]) -> list[str]:
    """What has a say beyond the plain shares: regime, dead band, its group's limit, broken invariants, guardrails."""
    said = []
    if proposal.over_budget:
        said.append("the plan is over budget: allocations follow usage")
    if line.reason is Reason.DEAD_BAND:
        said.append("the dead band (minimum_change_seconds) keeps its allocation")
    part = proposal.part_of(line)
    if part is not None and part.is_at_limit:
        said.append(f"the limit of its group {part.name} keeps what its instances hold together at {_limit_of(part)}")
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


def _limit_of(part: GroupPart) -> str:
    if part.limit_is_below_floors:
        return f"their floors, {format_seconds(part.floors_seconds)} s"
    return f"{format_seconds(part.limit_seconds)} s"
