"""Computes an instance's numbers again from its explanation alone, by Design.md's rules, without qauvern's code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Any

FACTORS = {
    "24h": Fraction(32),
    "3d": Fraction(16, 3),
    "7d": Fraction(8, 7),
    "14d": Fraction(4, 14),
    "28d": Fraction(2, 28),
}
_WINDOWS = {"24h": "24h", "3d": "3day", "7d": "7day", "14d": "14day", "28d": "28day"}


def exact(seconds: float) -> Fraction:
    """Seconds to the millisecond, in which usage is metered."""
    return Fraction(round(seconds * 1000), 1000)


def check(document: dict[str, Any]) -> None:
    """Every number of the explanation follows from others of it."""
    instance = document["instance"]
    score = _check_score(document["score"], instance)
    _check_limit(document["limit"], instance)
    _check_pool(document)
    over = document["account"]["over_allocation_budget"]
    consumed = exact(instance["consumed_28day_seconds"])
    limit = document["limit"]["seconds"]
    assert instance["limit_reached"] == (limit is not None and consumed >= limit)
    is_held = over and instance["limit_reached"]
    assert document["allocation_cap_seconds"] == (floor(consumed) if over else limit)
    if document["floor"] is None:
        assert (document["room_seconds"], document["share"]["seconds"]) == (0, 0)
        assert instance["new_allocation_seconds"] == instance["current_allocation_seconds"]
        return
    least = _check_floor(document["floor"], consumed, over)
    cap, room = document["allocation_cap_seconds"], document["room_seconds"]
    assert room == (0 if is_held else None if cap is None else max(0, cap - least))
    share, unrounded = document["share"]["seconds"], Fraction(document["share"]["exact_seconds"])
    if is_kept(document):
        assert share == unrounded == instance["current_allocation_seconds"] - least
    elif is_held or score == 0:
        assert share == unrounded == 0
    elif document["level_exact"] is None:
        assert share == unrounded == room
    else:
        wanted = Fraction(document["level_exact"]) * _check_weight(document, score)
        assert unrounded == (wanted if room is None else min(wanted, Fraction(room)))
        assert abs(share - unrounded) < 1
    new = least + share
    assert instance["new_allocation_seconds"] == new
    assert instance["allocation_delta_seconds"] == new - instance["current_allocation_seconds"]


def _check_weight(document: dict[str, Any], score: Fraction) -> Fraction:
    """100 - e percent of the score, and e percent of a mean of scores, which `check_groups` looks at."""
    weight, equal = document["weight"], Fraction(str(document["sharing"]["equal_percent"]))
    assert Fraction(weight["activity_exact"]) == (100 - equal) * score / 100
    assert (Fraction(weight["equal_exact"]) == 0) == (equal == 0)
    assert Fraction(weight["seconds_exact"]) == Fraction(weight["activity_exact"]) + Fraction(weight["equal_exact"])
    return Fraction(weight["seconds_exact"])


def check_groups(documents: Sequence[dict[str, Any]]) -> None:
    """The explanations of all configured instances together make what their groups are said to get."""
    first = documents[0]
    total = first["pool"]["distributable_seconds"] + first["pool"]["floors_seconds"]
    level = None if first["entitlement_level_exact"] is None else Fraction(first["entitlement_level_exact"])
    by_name: dict[str, list[dict[str, Any]]] = {}
    for each in documents:
        assert each["entitlement_level_exact"] == first["entitlement_level_exact"]
        assert each["group"] is None or each["group"]["name"] == (each["instance"]["group"] or "none")
        if each["group"] is not None:
            by_name.setdefault(each["group"]["name"], []).append(each)
    for members in by_name.values():
        group = members[0]["group"]
        assert all(each["group"] == group for each in members)
        assert group["instances"] == len(members)
        floors = sum(each["floor"]["seconds"] for each in members if each["floor"])
        assert group["floors_seconds"] == floors
        new = sum(each["instance"]["new_allocation_seconds"] or 0 for each in members if each["floor"])
        assert group["new_allocation_seconds"] == new
        part, exact_part = group["part_seconds"], Fraction(group["part_exact"])
        assert abs(part - exact_part) < 1
        if not any(map(is_kept, documents)):
            assert new == floors + part
        limit, room, share = group["limit_seconds"], group["room_seconds"], group["share_percent"]
        rooms = [each["room_seconds"] for each in members if each["room_seconds"] != 0 and _score(each) > 0]
        to_limit = None if limit is None else max(0, limit - floors)
        if share:
            bounds = [bound for bound in (to_limit, None if None in rooms else sum(rooms)) if bound is not None]
            assert room == (min(bounds) if bounds else None)
            _check_entitled(group, total, level)
        else:
            assert room == to_limit
            assert group["entitlement_exact"] == (None if share is None else "0")
        equal = Fraction(str(first["sharing"]["equal_percent"]))
        if share:
            active = [_score(each) for each in members if each["floor"] and _score(each) > 0]
            for each in members:
                if each["floor"] and _score(each) > 0:
                    assert Fraction(each["weight"]["equal_exact"]) == equal * sum(active) / len(active) / 100


def _check_entitled(group: dict[str, Any], total: int, level: Fraction | None) -> None:
    floors, room = Fraction(group["floors_seconds"]), group["room_seconds"]
    entitlement = Fraction(group["entitlement_exact"])
    assert entitlement == total * Fraction(str(group["share_percent"])) / 100
    gets = floors + Fraction(group["part_exact"])
    most = None if room is None else floors + room
    if level is not None:
        wanted = max(floors, level * Fraction(str(group["share_percent"])))
        assert gets == (wanted if most is None else min(wanted, most))
    else:
        assert gets in (floors, most)
    assert Fraction(group["lent_exact"]) == (0 if most is None else max(Fraction(0), entitlement - most))
    assert Fraction(group["beyond_entitlement_exact"]) == max(Fraction(0), gets - entitlement)


def check_whole(documents: Sequence[dict[str, Any]]) -> None:
    """The explanations of all configured instances together make the proposal: floors, pool and rounding."""
    first = documents[0]
    assert all(each["pool"] == first["pool"] and each["level_exact"] == first["level_exact"] for each in documents)
    assert first["pool"]["floors_seconds"] == sum(each["floor"]["seconds"] for each in documents if each["floor"])
    kept = sum(each["share"]["seconds"] for each in documents if is_kept(each))
    taking = [each for each in documents if not is_kept(each) and each["room_seconds"] != 0 and _score(each) > 0]
    rooms = [each["room_seconds"] for each in taking]
    to_share = max(0, first["pool"]["distributable_seconds"] - kept)  # what is kept may take of the reserve
    total = to_share if None in rooms else min(to_share, sum(rooms))
    wanted = {each["instance"]["crn"]: Fraction(each["share"]["exact_seconds"]) for each in taking}
    assert sum(wanted.values()) == (total if taking else 0)
    shares = {crn: floor(share) for crn, share in wanted.items()}
    odd = int(sum(wanted.values()) - sum(shares.values()))
    for crn in sorted(wanted, key=lambda crn: (shares[crn] - wanted[crn], crn))[:odd]:
        shares[crn] += 1
    assert shares == {each["instance"]["crn"]: each["share"]["seconds"] for each in taking}


def is_kept(document: dict[str, Any]) -> bool:
    return any("dead band" in each for each in document["touched_by"])


def _score(document: dict[str, Any]) -> Fraction:
    return Fraction(document["score"]["seconds_exact"])


def _check_score(score: dict[str, Any], instance: dict[str, Any]) -> Fraction:
    assert [term["window"] for term in score["terms"]] == list(FACTORS)
    total = Fraction(0)
    for term in score["terms"]:
        assert term["used_seconds"] == instance[f"consumed_{_WINDOWS[term['window']]}_seconds"]
        assert Fraction(term["factor_exact"]) == FACTORS[term["window"]]
        assert Fraction(term["seconds_exact"]) == FACTORS[term["window"]] * exact(term["used_seconds"])
        total += Fraction(term["seconds_exact"])
    assert Fraction(score["seconds_exact"]) == total
    assert abs(instance["activity_score"] - total) <= total / 10**12
    return total


def _check_floor(said: dict[str, Any], consumed: Fraction, over: bool) -> int:
    least = int(said["seconds"])
    match said["rule"]:
        case "28-day usage":
            assert least == (floor(consumed) if over else ceil(consumed))
        case "minimum_allocation_seconds":
            assert over or least >= consumed
        case _:
            assert least == 1
    return least


def _check_limit(limit: dict[str, Any], instance: dict[str, Any]) -> None:
    assert instance["new_limit_seconds"] == limit["seconds"]
    last = date.fromisoformat(limit["window_end_date"])
    first = date.fromisoformat(limit["window_start_date"])
    assert (last - first).days == 28
    terms = limit["terms"]
    if terms is None:
        live = {"live": instance["current_limit_seconds"], "none": None}
        assert limit["seconds"] == live[limit["source"]]
        return
    assert limit["source"] == "config"
    grants = terms["grants"]
    charges = {index: _by_day(each["charged"]) for index, each in enumerate(grants)}
    for index, each in enumerate(grants):
        start, end = date.fromisoformat(each["start_date"]), date.fromisoformat(each["end_date"])
        assert each["is_active"] == (start <= last < end)
        assert each["still_credits"] == (start <= last and end > first)
        assert all(start <= day < end for day in charges[index])
        assert exact(each["spent_seconds"]) == sum(charges[index].values())
        assert exact(each["unspent_seconds"]) == each["net_grant_seconds"] - sum(charges[index].values()) >= 0
    base = _by_day(terms["used"])
    for charged in charges.values():
        for day, paid in charged.items():
            base[day] -= paid
    assert all(rest >= 0 for rest in base.values()), "nothing is paid twice"
    active = [each for each in grants if each["is_active"]]
    starts = [each["start_date"] for each in active]
    assert terms["boost_start_date"] == (min(starts) if starts else None)
    funded = sum(
        (
            paid
            for index, charged in charges.items()
            if grants[index]["still_credits"]
            for day, paid in charged.items()
            if first <= day <= last
        ),
        start=Fraction(0),
    )
    before = sum((rest for day, rest in base.items() if starts and first <= day < date.fromisoformat(min(starts))))
    parts = [
        Fraction(terms["base_seconds"]),
        funded,
        sum((exact(each["unspent_seconds"]) for each in active), start=Fraction(0)),
        max(Fraction(0), before - terms["base_seconds"]) if starts else Fraction(0),
    ]
    names = ("base_seconds", "grant_funded_seconds", "unspent_grant_seconds", "pre_boost_overage_seconds")
    assert [exact(terms[name]) for name in names] == parts
    assert exact(terms["total_seconds"]) == sum(parts)
    assert limit["seconds"] == ceil(sum(parts))


def _by_day(rows: Sequence[dict[str, Any]]) -> dict[date, Fraction]:
    return {date.fromisoformat(row["date"]): exact(row["seconds"]) for row in rows}


def _check_pool(document: dict[str, Any]) -> None:
    pool, reserve, budget = document["pool"], document["reserve"], document["pool"]["budget_seconds"]
    assert budget == document["account"]["allocation_budget_seconds"]
    assert pool["unconfigured_held_seconds"] == document["account"]["unmanaged_allocation_seconds"]
    if budget is None:
        assert (pool["seconds"], pool["distributable_seconds"]) == (0, 0)
        return
    assert pool["seconds"] == max(0, budget - pool["unconfigured_held_seconds"] - pool["floors_seconds"])
    percent = Fraction(str(reserve["percent"]))
    if reserve["basis"] == "pool":
        expected = floor(pool["seconds"] * (100 - percent) / 100)
    else:
        expected = max(0, pool["seconds"] - ceil(budget * percent / 100))
    assert pool["distributable_seconds"] == reserve["distributable_pool_seconds"] == expected
