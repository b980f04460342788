"""What history says: the runs, or one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qauvern.apply import JournalledChange, JournalledCreation, Result, Run, is_undone
from qauvern.plan import Holding
from qauvern.render.outcomes import change_text
from qauvern.render.text import Column, Table, draw_table, facts, printable
from qauvern.units import format_seconds


def runs_table(runs: Sequence[Run], *, width: int | None) -> Table:
    """One row for each run, oldest first."""
    return draw_table(
        [
            Column("Run", [run.run_id for run in runs], is_text=True),
            Column("When (UTC)", [f"{run.started_at:%Y-%m-%d %H:%M}" for run in runs], is_text=True, drop_order=2),
            Column("Who", [_who(run) for run in runs], is_text=True, shrinks_to=10),
            Column("Plan", [run.plan for run in runs], is_text=True, drop_order=3),
            Column("Changes", [_done_of(run) for run in runs]),
            Column("Moved (s)", [format_seconds(run.seconds_moved) for run in runs]),
            Column("Ended", [_ended(run, runs) for run in runs], is_text=True),
        ],
        width=width,
    )


def run_summary_facts(run: Run, runs: Sequence[Run]) -> str:
    """What one run was about, and how it ended."""
    pairs = [
        ("Run", run.run_id),
        ("Started", f"{run.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Account", f"{run.account_id or 'not known'}, plan {run.plan}, {run.endpoint_family} endpoints"),
        ("Who", f"{run.operator.user} on {run.operator.host}, process {run.operator.pid}"),
        ("Changes", f"{_done_of(run)} done"),
        ("Moved", f"{format_seconds(run.seconds_moved)} s"),
        ("Ended", _ended(run, runs)),
    ]
    if run.creation is not None:
        pairs += _creation_facts(run.creation)
    if run.damaged_lines:
        pairs.append(("Journal", f"{run.damaged_lines} of its lines cannot be read; what they told is in doubt"))
    return facts(pairs)


def run_table(run: Run, *, width: int | None) -> Table:
    """One row for each change of a run."""
    changes = sorted(run.changes, key=lambda each: (each.change.name.casefold(), each.change.crn))
    return draw_table(
        [
            Column("Name", [printable(each.change.name) for each in changes], is_text=True, shrinks_to=16),
            Column("Change", [change_text(each.change) for each in changes], is_text=True),
            Column("Result", [each.status.value for each in changes], is_text=True),
            Column("Detail", [printable(each.detail) for each in changes], is_text=True, drop_order=1),
        ],
        width=width,
    )


RUN_COLUMNS = (
    *("run", "started_at", "account_id", "plan", "endpoint_family", "user", "host", "pid", "ended", "undoes"),
    *("undone", "changes_planned", "changes_done", "seconds_moved", "damaged_lines"),
)
"""The columns of the runs as CSV: the keys of `run_document`."""

CHANGE_COLUMNS = (
    *("name", "crn"),
    *(f"{when}_{what}_seconds" for when in ("before", "after", "actual") for what in ("allocation", "limit")),
    *("reason", "result", "detail"),
)
"""The columns of a run's changes as CSV, whatever became of them."""


def run_document(run: Run, runs: Sequence[Run], *, with_changes: bool) -> dict[str, Any]:
    """One run as plain data."""
    document: dict[str, Any] = {
        "run": run.run_id,
        "started_at": run.started_at.isoformat(),
        "account_id": run.account_id,
        "plan": run.plan,
        "endpoint_family": run.endpoint_family,
        "user": run.operator.user,
        "host": run.operator.host,
        "pid": run.operator.pid,
        "ended": run.ended.value,
        "undoes": run.undoes,
        "undone": is_undone(run, runs),
        "changes_planned": len(run.changes),
        "changes_done": run.count(Result.DONE, Result.ALREADY_DONE),
        "seconds_moved": run.seconds_moved,
        "damaged_lines": run.damaged_lines,
    }
    if with_changes:
        document["changes"] = [_change_document(each) for each in run.changes]
    return document


def _change_document(each: JournalledChange) -> dict[str, Any]:
    change = each.change
    return {
        "name": change.name,
        "crn": str(change.crn),
        "before": _holding(change.before),
        "after": _holding(change.after),
        "actual": None if each.actual is None else _holding(each.actual),
        "reason": change.reason,
        "result": each.status.value,
        "detail": each.detail,
    }


def _holding(holding: Holding) -> dict[str, int | None]:
    return {"allocation_seconds": holding.allocation_seconds, "limit_seconds": holding.limit_seconds}


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


def _who(run: Run) -> str:
    return printable(f"{run.operator.user}@{run.operator.host}")


def _done_of(run: Run) -> str:
    return f"{run.count(Result.DONE, Result.ALREADY_DONE)}/{len(run.changes)}"


def _ended(run: Run, runs: Sequence[Run]) -> str:
    parts = [run.ended.value]
    if run.undoes is not None:
        parts.append(f"undo of {run.undoes}")
    if run.creation is not None:
        parts.append(f"{'created' if run.creation.crn else 'create'} {printable(run.creation.wanted.name)}")
    if is_undone(run, runs):
        parts.append("undone")
    return ", ".join(parts)
