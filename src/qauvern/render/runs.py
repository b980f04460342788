"""What history says: the runs, or one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from qauvern import figures
from qauvern.apply import JournalledChange, JournalledCreation, Result, Run, is_undone
from qauvern.figures import RUN_ID, Figure, Record, RunRow
from qauvern.render.analysis import SHORT_REASONS
from qauvern.render.text import Column, Table, draw_table, facts, figure_column, printable
from qauvern.units import format_seconds


def _rows(runs: Sequence[Run]) -> list[RunRow]:
    return [RunRow(run, is_undone(run, runs)) for run in runs]


def runs_table(runs: Sequence[Run], *, width: int | None) -> Table:
    """One row for each run, oldest first."""
    rows = _rows(runs)
    return draw_table(
        [
            figure_column(RUN_ID, rows),
            figure_column(figures.RUN_STARTED, rows, drop_order=2),
            Column("Who", [_who(run) for run in runs], is_text=True, shrinks_to=10),
            figure_column(figures.RUN_PLAN, rows, drop_order=3),
            Column("Changes", [_done_of(run) for run in runs]),
            figure_column(figures.RUN_MOVED, rows),
            Column("Ended", [_ended(run, runs) for run in runs], is_text=True, shrinks_to=11),
            *([figure_column(figures.RUN_MESSAGE, rows, shrinks_to=12)] if any(run.message for run in runs) else []),
        ],
        width=width,
    )


def run_summary_facts(run: Run, runs: Sequence[Run]) -> str:
    """What one run was about, and how it ended."""
    deltas = [each.change.allocation_delta for each in run.changes if each.result is Result.DONE]
    up, down = sum(delta for delta in deltas if delta > 0), -sum(delta for delta in deltas if delta < 0)
    pairs = [
        ("Run", run.run_id),
        ("Started", f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Account", f"{run.account_id or 'not known'}, plan {run.plan}, {run.endpoint_family} endpoints"),
        ("Who", f"{run.operator.user} on {run.operator.host}, process {run.operator.pid}"),
        *([("Selected", _selection(run))] if run.is_of_a_selection else []),
        ("Changes", f"{_done_of(run)} done"),
        ("Moved", f"{format_seconds(up)} s up, {format_seconds(down)} s down"),
        ("Ended", _ended(run, runs)),
    ]
    if run.message:
        pairs.append(("Message", printable(run.message)))
    if run.creation is not None:
        pairs += _creation_facts(run.creation)
    if run.damaged_lines:
        pairs.append(("Journal", f"{run.damaged_lines} of its lines cannot be read; what they told is in doubt"))
    return facts(pairs)


def run_table(run: Run, *, width: int | None) -> Table:
    """One row for each change of a run."""
    changes = by_name(run)
    return draw_table(
        [
            figure_column(figures.CHANGE_NAME, changes, shrinks_to=24, total=""),
            Column("Allocation", [_moved(each, "allocation_seconds") for each in changes], shrinks_to=9),
            Column("Limit", [_moved(each, "limit_seconds") for each in changes], shrinks_to=9),
            figure_column(
                figures.CHANGE_REASON, changes, cells=[_short_reason(each) for each in changes], shrinks_to=11
            ),
            figure_column(figures.CHANGE_RESULT, changes, shrinks_to=7),
        ],
        width=width,
    )


def run_details(run: Run) -> list[str]:
    """What there is to say of single changes of a run, such as IBM's own message."""
    return [printable(f"{each.change.name}: {each.detail}") for each in by_name(run) if each.detail]


def by_name(run: Run) -> list[JournalledChange]:
    """The changes of a run as a person looks for them."""
    return sorted(run.changes, key=lambda each: (each.change.name.casefold(), each.change.crn))


def _moved(each: JournalledChange, what: str) -> str:
    """The value before and after; one that stays stands alone."""
    before, after = getattr(each.change.before, what), getattr(each.change.after, what)
    if before == after:
        return format_seconds(before)
    return f"{format_seconds(before, absent='none')} -> {format_seconds(after, absent='none')}"


_SHORT: Final = {reason.value: short for reason, short in SHORT_REASONS.items()}


def _short_reason(each: JournalledChange) -> str:
    return _SHORT.get(each.change.reason, each.change.reason)


RUN_COLUMNS: Final = tuple(figures.RUN_SUMMARY.columns())
"""The columns of the runs as CSV."""

CHANGE_COLUMNS: Final = tuple(figures.JOURNALLED_CHANGE.columns())
"""The columns of a run's changes as CSV, whatever became of them."""

HISTORY: Final[Record[list[RunRow]]] = Record(
    "history",
    "history",
    "What history prints as JSON: the applied runs.",
    (Figure("runs", "Runs", figures.parts(figures.RUN_SUMMARY), lambda rows: rows, "The applied runs, oldest first"),),
)
RUN_CHANGES: Final[Figure[RunRow]] = Figure(
    "changes",
    "Changes",
    figures.parts(figures.JOURNALLED_CHANGE),
    lambda row: row.run.changes,
    "Its changes, in the order of the plan",
)
RUN: Final[Record[RunRow]] = Record(
    "run",
    "history RUN",
    "What history RUN prints as JSON: one applied run with its changes.",
    (*figures.RUN_SUMMARY.figures, RUN_CHANGES),
)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an optimize came to: its run as its journal tells it, or None where nothing was to be written."""

    run: Run | None
    status: str


OPTIMIZE: Final[Record[Applied]] = Record(
    "optimize",
    "optimize",
    "What optimize prints as JSON when it is no dry run: the run that it made.",
    (
        RUN_ID.of(lambda applied: applied.run and applied.run.run_id, null="nothing was to be written"),
        Figure(
            "status",
            "Status",
            figures.TEXT,
            lambda applied: applied.status,
            "How it ended: complete, nothing to do, partial, interrupted, or not written",
        ),
        RUN_CHANGES.of(lambda applied: applied.run.changes if applied.run else ()),
    ),
)


def run_document(run: Run, runs: Sequence[Run], *, with_changes: bool) -> dict[str, Any]:
    """One run as plain data."""
    return (RUN if with_changes else figures.RUN_SUMMARY).of(RunRow(run, is_undone(run, runs)))


def _creation_facts(creation: JournalledCreation) -> list[tuple[str, str]]:
    wanted, actual = creation.wanted, creation.actual
    held = [("asked for", wanted.allocation_seconds, wanted.limit_seconds)]
    if actual is not None:
        held.append(("IBM made it", actual.allocation_seconds, actual.limit_seconds))
    values = "; ".join(
        f"{what} allocation {format_seconds(allocation, absent='none')}, limit {format_seconds(limit, absent='none')}"
        for what, allocation, limit in held
    )
    return [
        ("Instance", printable(f"{wanted.name} in {wanted.region}")),
        ("CRN", creation.crn or "not known: it may be there or not"),
        ("Holds (s)", values),
        *([("Detail", printable(creation.detail))] if creation.detail else []),
    ]


def _selection(run: Run) -> str:
    parts = [] if run.only is None else ["only " + (", ".join(run.only) or "nothing")]
    return printable("; ".join(parts + ([f"without {', '.join(run.exclude)}"] if run.exclude else [])))


def _who(run: Run) -> str:
    return printable(f"{run.operator.user}@{run.operator.host}")


def _done_of(run: Run) -> str:
    return f"{run.changes_done}/{len(run.changes)}"


def _ended(run: Run, runs: Sequence[Run]) -> str:
    parts = [run.ended.value]
    if run.undoes is not None:
        parts.append(f"undo of {run.undoes}")
    if run.creation is not None:
        parts.append(f"{'created' if run.creation.crn else 'create'} {printable(run.creation.wanted.name)}")
    if is_undone(run, runs):
        parts.append("undone")
    return ", ".join(parts)
