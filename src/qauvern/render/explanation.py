"""What explain says: every number of one instance, derived line by line from what its proposal carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from qauvern import figures
from qauvern.balance import SCORE_DENOMINATOR, GrantLedger, GroupPart, LimitSource, Line, Proposal
from qauvern.plan import Refusal
from qauvern.render.analysis import IN_DEBT_NOTE
from qauvern.render.derivation import explanation_document, factor_of, touched_by
from qauvern.render.instances import LIMIT_REACHED_NOTE
from qauvern.render.text import facts, printable, wrap
from qauvern.units import MS_PER_SECOND, format_ms, format_seconds, format_signed_seconds

__all__ = ["explanation_document", "explanation_text", "touched_by", "wrapped"]


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
            *_group_paragraphs(proposal, line),
            *_weight_paragraphs(proposal, line),
            _share_lines(proposal, line),
            _outcome_lines(proposal, line, refusals),
        )
    )
    return "\n".join(wrapped(each, width) for each in text.split("\n"))


def wrapped(line: str, width: int | None) -> str:
    """The line broken between words where it is wider than `width`; a CRN, which is one word, stays whole."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return "\n".join(wrap(line, width, hanging=indent))


def _usage_lines(line: Line) -> list[str]:
    used = (figures.USED_28D, figures.USED_14D, figures.USED_7D, figures.USED_3D, figures.USED_24H)
    has_allocation = line.live.allocation_seconds is not None
    fairness = figures.FAIRNESS.text(line) if has_allocation else "-"
    pairs = [(figure.heading, figure.text(line)) for figure in (*used, figures.CURRENT_ALLOCATION)]
    return ["Usage (s)", _indented([*pairs, (figures.FAIRNESS.heading, fairness)])]


def _score_lines(line: Line) -> list[str]:
    terms = [
        (
            f"{term.window}: {format_ms(term.used_ms)} x {factor_of(term)}",
            f"{term.scaled / SCORE_DENOMINATOR / MS_PER_SECOND:,.3f}",
        )
        for term in line.score.terms
    ]
    note = "" if line.score.is_active else "  (inactive: it takes no share)"
    return [
        f"{figures.ACTIVITY_SCORE.heading} (s)",
        _indented([*terms, ("Sum", f"{float(line.score.seconds):,.3f}{note}")]),
    ]


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


def _group_paragraphs(proposal: Proposal, line: Line) -> Iterator[list[str]]:
    part = proposal.part_of(line)
    if part is None:
        return
    heading = "No group" if line.group is None else f"Group {printable(part.name)}"
    pairs = _by_limit(part) if part.entitlement is None else _by_share(proposal, part, part.entitlement)
    if part.new_allocation_seconds != part.floors_seconds + part.part:
        pairs.append(("Its instances hold, with the dead band", format_seconds(part.new_allocation_seconds)))
    yield [f"{heading} (s)", _indented(pairs)]


def _by_limit(part: GroupPart) -> list[tuple[str, str]]:
    return [
        ("Limit of the group", format_seconds(part.limit_seconds, absent="unlimited")),
        (f"- floors of its {_instances(part)}", format_seconds(part.floors_seconds)),
        ("= its room (0 at least)", format_seconds(part.room, absent="unlimited")),
        ("Its part before rounding", f"{float(part.exact_part):,.3f}"),
        ("Its part, whole seconds by largest remainder", format_seconds(part.part)),
    ]


def _by_share(proposal: Proposal, part: GroupPart, entitlement: Fraction) -> list[tuple[str, str]]:
    level = proposal.entitlement_level
    most = None if part.room is None else part.floors_seconds + part.room
    return [
        ("All that is shared: handed out, and all floors", format_seconds(proposal.shared_seconds)),
        (f"Entitled to {figures.GROUP_SHARE.unit.text(part.share_percent)} of it", f"{float(entitlement):,.3f}"),
        (f"At least, by the floors of its {_instances(part)}", format_seconds(part.floors_seconds)),
        ("At most, by limits and who is active", format_seconds(most, absent="unlimited")),
        ("Level of the groups (s for each percent)", "none" if level is None else f"{float(level):,.6f}"),
        ("It gets, before rounding", f"{float(part.floors_seconds + part.exact_part):,.3f}"),
        *([("which lends to others, for now", f"{float(part.lent):,.3f}")] if part.lent else []),
        *(
            [("which is above what it is entitled to by", f"{float(part.beyond_entitlement):,.3f}")]
            if part.beyond_entitlement
            else []
        ),
        ("- its floors", format_seconds(part.floors_seconds)),
        ("= its part, whole seconds by largest remainder", format_seconds(part.part)),
    ]


def _instances(part: GroupPart) -> str:
    return "1 instance" if part.members == 1 else f"{part.members:,} instances"


def _weight_paragraphs(proposal: Proposal, line: Line) -> Iterator[list[str]]:
    """Where a share goes by more than the score."""
    equal = proposal.sharing.equal_percent
    if equal:
        text, rest = (figures.SHARE_PERCENT.text(each) for each in (equal, 100 - equal))
        yield [
            "Weight (s)",
            _indented(
                [
                    (f"{rest} of its score", f"{float(line.weight.activity_seconds):,.3f}"),
                    (
                        f"+ {text} of the mean score of the active ones",
                        f"{float(line.weight.equal_seconds):,.3f}",
                    ),
                    ("= weight", f"{float(line.weight.seconds):,.3f}"),
                ]
            ),
        ]


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
        (
            f"Level (s for each s of {'weight' if proposal.sharing.equal_percent else 'score'})",
            "none" if line.level is None else f"{float(line.level):,.6f}",
        ),
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
