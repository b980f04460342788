"""The plan of an undo."""

from __future__ import annotations

import pytest

from qauvern.model import Instance
from qauvern.plan import Holding, UndoPlan, WrittenChange, plan_undo
from tests.helpers.account import change
from tests.helpers.make import crn

CHANGE = change("a", 100, 250, limits=(None, 500))
CONFIGURED = [crn("a"), crn("b")]


def undo(
    held: int | None, limit: int | None, *, left: Holding | None = None, force: bool = False, configured: bool = True
) -> UndoPlan:
    live = {crn("a"): Instance("a", crn("a"), held, limit)}
    written = [WrittenChange(CHANGE, left or CHANGE.after)]
    return plan_undo(written, live, "R1", configured=CONFIGURED if configured else [], force=force)


def test_what_holds_what_the_run_wrote_goes_back() -> None:
    plan = undo(250, 500)
    (back,) = plan.changes
    assert (back.before, back.after) == (CHANGE.after, CHANGE.before)
    assert "R1" in back.reason
    assert plan.left_alone == ()


def test_what_is_back_already_is_neither_written_nor_named() -> None:
    assert undo(100, None) == UndoPlan((), ())


@pytest.mark.parametrize(("held", "limit"), [(251, 500), (250, None), (100, 500), (None, 500)])
def test_what_others_changed_is_left_alone_unless_forced(held: int | None, limit: int | None) -> None:
    plan = undo(held, limit)
    assert plan.changes == ()
    assert "changed by others" in plan.left_alone[0][1]
    (back,) = undo(held, limit, force=True).changes
    assert (back.before, back.after) == (Holding(held, limit), CHANGE.before)


def test_what_the_run_left_half_way_goes_back_too() -> None:
    """IBM took the allocation and not the limit, and the journal has seen it so."""
    assert len(undo(250, None, left=Holding(250, None)).changes) == 1


@pytest.mark.parametrize("force", [False, True])
def test_an_archived_one_is_left_alone(force: bool) -> None:
    assert "archived" in undo(0, None, force=force).left_alone[0][1]


@pytest.mark.parametrize("force", [False, True])
def test_one_that_is_not_configured_any_more_is_never_written(force: bool) -> None:
    plan = undo(250, 500, force=force, configured=False)
    assert plan.changes == ()
    assert "config file" in plan.left_alone[0][1]


def test_one_that_is_gone_is_named() -> None:
    plan = plan_undo([WrittenChange(CHANGE, CHANGE.after)], {}, "R1", configured=CONFIGURED, force=True)
    assert "not in the account" in plan.left_alone[0][1]


def test_changes_are_in_the_order_of_their_crns() -> None:
    other = change("b", 5, 6)
    live = {crn("a"): Instance("a", crn("a"), 250, 500), crn("b"): Instance("b", crn("b"), 6, None)}
    written = [WrittenChange(other, other.after), WrittenChange(CHANGE, CHANGE.after)]
    assert [each.name for each in plan_undo(written, live, "R1", configured=CONFIGURED).changes] == ["a", "b"]
