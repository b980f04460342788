"""The fenced blocks of Design.md marked `worked-example`: how they are read, and how they are run.

A block names its kind on the first line. Lines of settings follow, then a table: a header and rows, in which `->` parts
what goes in from what comes out. `-` stands for none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from qauvern.apply import read_run
from qauvern.balance import activity_score, limit_terms, propose, water_fill
from qauvern.balance.floors import Floor, floor_of, floor_over_budget
from qauvern.model import Guardrails, NetGrant, ReserveBasis, Usage
from qauvern.plan import Ledger, Phase, refusals
from qauvern.render.analysis import SHORT_REASONS
from qauvern.units import ceil_seconds, ms_from_seconds
from tests.helpers import make
from tests.helpers.account import change

_BLOCK = re.compile(r"^```worked-example\n(.*?)^```$", re.MULTILINE | re.DOTALL)

Row = dict[str, str]


@dataclass(frozen=True)
class WorkedExample:
    """One block: its kind, its settings, and its rows, each as what goes in and what is to come out."""

    line: int
    kind: str
    settings: tuple[str, ...]
    rows: tuple[tuple[Row, Row], ...]

    def setting(self, pattern: str) -> re.Match[str]:
        """The one setting that fits the pattern."""
        (match,) = self.all_settings(pattern)
        return match

    def all_settings(self, pattern: str) -> list[re.Match[str]]:
        return [match for text in self.settings if (match := re.fullmatch(pattern, text))]

    def computed(self) -> list[Row]:
        """What the code makes of each row."""
        return RUNNERS[self.kind](self)

    @property
    def expected(self) -> list[Row]:
        return [outcome for _, outcome in self.rows]


def worked_examples(text: str) -> list[WorkedExample]:
    return [_parsed(match[1], text.count("\n", 0, match.start()) + 1) for match in _BLOCK.finditer(text)]


def _parsed(block: str, line: int) -> WorkedExample:
    kind, *lines = block.splitlines()
    first_of_table = next(number for number, text in enumerate(lines) if "->" in text)
    header, *rows = [_halves(text) for text in lines[first_of_table:]]
    return WorkedExample(
        line,
        kind,
        tuple(lines[:first_of_table]),
        tuple((_named(header[0], given, line), _named(header[1], outcome, line)) for given, outcome in rows),
    )


def _halves(text: str) -> tuple[list[str], list[str]]:
    given, outcome = text.split("->")
    return re.split(r"\s+", given.strip()), re.split(r"\s{2,}", outcome.strip())


def _named(names: Sequence[str], cells: Sequence[str], line: int) -> Row:
    assert len(names) == len(cells), f"Design.md:{line}: {len(names)} columns, but {cells}"
    return dict(zip(names, cells, strict=True))


def _optional(cell: str) -> int | None:
    return None if cell == "-" else int(cell)


def _cell(seconds: int | None) -> str:
    return "-" if seconds is None else str(seconds)


def _rounding(example: WorkedExample) -> list[Row]:
    return [{"ms": str(ms_from_seconds(Decimal(given["consumed_seconds"])))} for given, _ in example.rows]


def _score(example: WorkedExample) -> list[Row]:
    scores = [activity_score(make.usage(**_usage(given))) for given, _ in example.rows]
    return [{"score": str(score.seconds), "times 84": str(Fraction(score.scaled, 1000))} for score in scores]


def _usage(given: Mapping[str, str]) -> dict[str, float]:
    return {
        "consumed": float(given["28d"]),
        "last_14d": float(given["14d"]),
        "last_7d": float(given["7d"]),
        "last_3d": float(given["3d"]),
        "last_24h": float(given["24h"]),
    }


def _floors(rule: Callable[[int, int], Floor]) -> Callable[[WorkedExample], list[Row]]:
    def run(example: WorkedExample) -> list[Row]:
        return [
            {"floor": str(rule(ms_from_seconds(Decimal(given["28d"])), int(given["minimum"])).seconds)}
            for given, _ in example.rows
        ]

    return run


def _water_fill(example: WorkedExample) -> list[Row]:
    given = [each for each, _ in example.rows]
    shares = water_fill(
        int(example.setting(r"pool (\d+)")[1]),
        [int(each["weight"]) for each in given],
        [_optional(each["room"]) for each in given],
    )
    return [{"share": str(share)} for share in shares]


def _effective_limit(example: WorkedExample) -> list[Row]:
    day = r"(\d{4}-\d\d-\d\d)"
    grants = [
        NetGrant(date.fromisoformat(each[2]), date.fromisoformat(each[3]), int(each[1]))
        for each in example.all_settings(rf"grant (\d+) from {day} to {day}")
    ]
    used = {date.fromisoformat(each[2]): int(each[1]) for each in example.all_settings(rf"used (\d+) on {day}")}
    usage = Usage(0, daily=make.daily(used))
    base = int(example.setting(r"limit (\d+)")[1])
    return [
        {"limit": str(ceil_seconds(limit_terms(base, grants, usage, date.fromisoformat(given["today"])).total_ms))}
        for given, _ in example.rows
    ]


def _sharing(example: WorkedExample) -> list[Row]:
    """Live limits are those wanted, and analytics say what the row says."""
    teams = [
        make.Team(
            given["instance"],
            allocation=int(given["holds"]),
            limit=_optional(given["limit"]),
            live_limit=_optional(given["limit"]),
        )
        for given, _ in example.rows
    ]
    reserve = example.setting(r"reserve ([\d.]+)% of the (pool|budget)")
    seen = make.snapshot(
        teams,
        budget=int(example.setting(r"budget (\d+)")[1]),
        unallocated=int(example.setting(r"unallocated (\d+)")[1]),
    )
    usage = {team.crn: make.usage(**_usage(given)) for team, (given, _) in zip(teams, example.rows, strict=True)}
    proposal = propose(
        replace(seen, usage=usage),
        make.settings(
            teams,
            minimum=int(example.setting(r"minimum (\d+)")[1]),
            reserve_percent=reserve[1],
            basis=ReserveBasis(reserve[2]),
        ),
        make.TODAY,
    )
    assert not proposal.broken
    lines = [make.line(proposal, team.name) for team in teams]
    return [
        {
            "score": str(line.score.seconds),
            "floor": _cell(line.floor.seconds if line.floor else None),
            "room": _cell(line.room),
            "share": str(line.share),
            "new": _cell(line.new_allocation),
        }
        for line in lines
    ]


def _over_budget(example: WorkedExample) -> list[Row]:
    """Each used what it used at an even pace, in the last 28 days."""
    teams = [
        make.Team(
            given["instance"],
            consumed=float(given["28d"]),
            active=float(given["28d"]) / 28,
            limit=_optional(given["limit"]),
            live_limit=_optional(given["limit"]),
        )
        for given, _ in example.rows
    ]
    seen = make.snapshot(teams, budget=int(example.setting(r"budget (\d+)")[1]))
    proposal = propose(seen, make.settings(teams, minimum=int(example.setting(r"minimum (\d+)")[1])), make.TODAY)
    assert proposal.over_budget
    assert not proposal.broken
    return [{"new": _cell(make.new_allocations(proposal)[team.name])} for team in teams]


def _groups(example: WorkedExample) -> list[Row]:
    """`28d` and `24h` are what was used then, `holds` the live allocation; live limits are those wanted."""
    teams = [
        make.Team(
            given["instance"],
            allocation=int(given.get("holds", "1")),
            consumed=float(given.get("28d", "0")),
            active=float(given["24h"]),
            limit=_optional(given["limit"]),
            live_limit=_optional(given["limit"]),
            group=None if given["group"] == "-" else given["group"],
        )
        for given, _ in example.rows
    ]
    groups = [
        make.group(each[1], share=each[2], limit=None if each[3] is None else int(each[3]))
        for each in example.all_settings(r"group (\w+)(?: share ([\d.]+))?(?: limit (\d+))?")
    ]
    proposal = propose(
        make.snapshot(teams, budget=int(example.setting(r"budget (\d+)")[1])),
        make.settings(
            teams,
            minimum=int(example.setting(r"minimum (\d+)")[1]),
            groups=groups,
            equal_percent=next((each[1] for each in example.all_settings(r"equal percent ([\d.]+)")), "0"),
            minimum_change=next((int(each[1]) for each in example.all_settings(r"minimum change (\d+)")), 0),
        ),
        make.TODAY,
    )
    assert not proposal.broken
    lines = [make.line(proposal, team.name) for team in teams]
    computed = [
        {"share": str(line.share), "new": _cell(line.new_allocation), "reason": SHORT_REASONS[line.reason]}
        for line in lines
    ]
    return [{name: row[name] for name in expected} for row, expected in zip(computed, example.expected, strict=True)]


def _dead_band(example: WorkedExample) -> list[Row]:
    teams = [
        make.Team(given["instance"], allocation=int(given["holds"]), active=float(given["24h"]))
        for given, _ in example.rows
    ]
    settings = make.settings(teams, minimum=int(example.setting(r"minimum (\d+)")[1]))
    minimum_change = int(example.setting(r"minimum change (\d+)")[1])
    proposal = propose(
        make.snapshot(teams, budget=int(example.setting(r"budget (\d+)")[1])),
        replace(settings, guardrails=Guardrails(minimum_change_seconds=minimum_change)),
        make.TODAY,
    )
    assert not proposal.broken
    lines = [make.line(proposal, team.name) for team in teams]
    return [{"new": _cell(line.new_allocation), "reason": SHORT_REASONS[line.reason]} for line in lines]


def _guardrails(example: WorkedExample) -> list[Row]:
    """Each row is a run; a cell is the allocation of an instance before and after."""
    guardrails = Guardrails(
        max_changes_percent=Decimal(example.setting(r"max_changes_percent (\d+)")[1]),
        max_decrease_percent=Decimal(example.setting(r"max_decrease_percent (\d+)")[1]),
    )
    return [
        {
            "refused by": ", ".join(
                refusal.name.value
                for refusal in refusals(
                    [change(name, *map(int, cell.split(":"))) for name, cell in given.items() if cell != "-"],
                    guardrails,
                    len(given),
                )
            )
            or "nothing"
        }
        for given, _ in example.rows
    ]


def _ledger(example: WorkedExample) -> list[Row]:
    """The changes one after the other; `write` is what comes of a write that is not held back."""
    changes = tuple(change(given["instance"], int(given["holds"]), int(given["new"])) for given, _ in example.rows)
    assert sorted(changes, key=lambda each: list(Phase).index(each.phase)) == list(changes)
    others = int(example.setting(r"others hold (\d+)")[1])
    total_held = others + sum(each.before.allocation_seconds or 0 for each in changes)
    ledger = Ledger.of(changes, cap=int(example.setting(r"budget (\d+)")[1]), total_held=total_held)
    rows = []
    for each, (given, _) in zip(changes, example.rows, strict=True):
        outcome = given["write"] if ledger.reserve(each) else "held back"
        if outcome == "done":
            ledger.settle(each.crn, each.after.allocation_seconds)
        rows.append({"outcome": outcome, "most held": str(ledger.most_held)})
    return rows


def _journal(example: WorkedExample) -> list[Row]:
    """The lines before the table are those of the file, the last of them cut off."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.jsonl"
        path.write_text("\n".join(example.settings), encoding="utf-8")
        run = read_run(path)
    assert run.damaged_lines == 1
    results = {each.change.name: each.status for each in run.changes}
    return [{"result": results[given["instance"]]} for given, _ in example.rows]


RUNNERS: dict[str, Callable[[WorkedExample], list[Row]]] = {
    "rounding": _rounding,
    "activity score": _score,
    "floor": _floors(floor_of),
    "floor over budget": _floors(floor_over_budget),
    "water-fill": _water_fill,
    "effective limit": _effective_limit,
    "sharing": _sharing,
    "over budget": _over_budget,
    "groups": _groups,
    "dead band": _dead_band,
    "guardrails": _guardrails,
    "ledger": _ledger,
    "journal": _journal,
}
