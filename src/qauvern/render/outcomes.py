"""What is said of a run: what was done, and by name what was not and why."""

from __future__ import annotations

from collections.abc import Sequence

from qauvern.apply import AppliedRun, Outcome, Result
from qauvern.plan import Change, seconds_moved
from qauvern.render.text import printable, some_of
from qauvern.units import format_seconds

_LABELS = {
    Result.FAILED: "FAILED",
    Result.UNKNOWN: "UNKNOWN",
    Result.NOT_ENFORCED: "NOT ENFORCED",
    Result.HELD_BACK: "held back",
    Result.DRIFTED: "left alone",
    Result.NOT_STARTED: "not started",
}


def change_text(change: Change) -> str:
    """The change in one phrase: allocation 100 -> 250 s, limit none -> 500 s."""
    parts = [
        f"{what} {format_seconds(before, absent='none')} -> {format_seconds(after, absent='none')} s"
        for what, before, after in (
            ("allocation", change.before.allocation_seconds, change.after.allocation_seconds),
            ("limit", change.before.limit_seconds, change.after.limit_seconds),
        )
        if before != after
    ]
    return ", ".join(parts) or "the same values again"


def change_lines(changes: Sequence[Change]) -> list[str]:
    """One line for each change, by name."""
    ordered = sorted(changes, key=lambda change: (change.name.casefold(), change.crn))
    return [f"  {printable(change.name)}: {change_text(change)}" for change in ordered]


def waiting_text(changes: Sequence[Change]) -> str:
    """The increases that will be held back, since those who would give seconds up were not chosen."""
    ordered = sorted(changes, key=lambda change: (change.name.casefold(), change.crn))
    named = [f"{printable(change.name)} ({change.allocation_delta:+,} s)" for change in ordered]
    count = "1 increase needs" if len(ordered) == 1 else f"{len(ordered):,} increases need"
    return (
        f"{count} seconds that instances outside the selection would give up, and will be held back: {some_of(named)}."
    )


def changes_summary(changes: Sequence[Change]) -> str:
    """What the changes come to, in one line: 9 up, 10 down, 3 limits; 264,161 s move."""
    deltas = [change.allocation_delta for change in changes]
    limits = sum(change.before.limit_seconds != change.after.limit_seconds for change in changes)
    counted = [
        (sum(delta > 0 for delta in deltas), "up"),
        (sum(delta < 0 for delta in deltas), "down"),
        (limits, "limit" if limits == 1 else "limits"),
        (sum(change.is_rewrite for change in changes), "written again"),
    ]
    said = ", ".join(f"{count:,} {what}" for count, what in counted if count)
    return f"{said or 'nothing to change'}; {format_seconds(seconds_moved(changes))} s move"


def problem_lines(run: AppliedRun) -> list[str]:
    """One line for each change that did not come to its end, with the reason; one for all that were not started."""
    ordered = sorted(run.outcomes, key=lambda outcome: outcome.change.name.casefold())
    waiting = [outcome for outcome in ordered if outcome.result is Result.NOT_STARTED]
    told = [outcome for outcome in ordered if len(waiting) == 1 or outcome.result is not Result.NOT_STARTED]
    lines = [
        f"{_LABELS[outcome.result]}: {printable(outcome.change.name)} ({change_text(outcome.change)}): "
        f"{printable(outcome.detail)}"
        for outcome in told
        if outcome.result in _LABELS
    ]
    if len(waiting) > 1:
        names = some_of([printable(outcome.change.name) for outcome in waiting])
        reasons = "; ".join(dict.fromkeys(printable(outcome.detail) for outcome in waiting))
        lines.append(f"{_LABELS[Result.NOT_STARTED]}: {_count(waiting)} ({names}): {reasons}")
    return lines


def _count(outcomes: Sequence[Outcome]) -> str:
    return "1 change" if len(outcomes) == 1 else f"{len(outcomes):,} changes"


def run_summary(run: AppliedRun) -> str:
    """How the run ended, in one line."""
    counted = [
        (len(run.having(Result.DONE)), "written"),
        (len(run.having(Result.ALREADY_DONE)), "already done"),
        (len(run.having(Result.FAILED)), "failed"),
        (len(run.having(Result.UNKNOWN)), "of unknown outcome"),
        (len(run.having(Result.NOT_ENFORCED)), "written, but not enforced"),
        (len(run.having(Result.HELD_BACK)), "held back"),
        (len(run.having(Result.DRIFTED)), "left alone, changed by others"),
        (len(run.having(Result.NOT_STARTED)), "not started"),
    ]
    said = ", ".join(f"{count} {what}" for count, what in counted if count)
    moved = seconds_moved(outcome.change for outcome in run.having(Result.DONE))
    given = f"; {format_seconds(moved)} s moved" if moved else ""
    return f"{_count(run.outcomes)}: {said or 'none'}{given}."


def progress_line(outcome: Outcome) -> str:
    """What is said of a change the moment it has ended."""
    label = _LABELS.get(outcome.result, outcome.result.value)
    return f"  {label:<12} {printable(outcome.change.name)}: {change_text(outcome.change)}"
