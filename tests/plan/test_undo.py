"""The plan of an undo."""

from __future__ import annotations

import pytest

from qauvern.errors import Remedy
from qauvern.model import Instance
from qauvern.plan import Change, Holding, LeftAlone, UndoPlan, WhyLeftAlone, WrittenChange, plan_undo
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
    assert back == Change("a", crn("a"), before=CHANGE.after, after=CHANGE.before, reason="undo of run R1")
    assert plan.left_alone == ()


def test_what_is_back_already_is_neither_written_nor_named() -> None:
    assert undo(100, None) == UndoPlan((), ())


@pytest.mark.parametrize(("held", "limit"), [(251, 500), (250, None), (100, 500), (None, 500)])
def test_what_others_changed_is_left_alone_unless_forced(held: int | None, limit: int | None) -> None:
    plan = undo(held, limit)
    assert plan.changes == ()
    assert plan.left_alone == (LeftAlone(CHANGE, WhyLeftAlone.CHANGED_SINCE),)
    assert plan.left_alone[0].notice.remedy is Remedy.FORCE_UNDO
    (back,) = undo(held, limit, force=True).changes
    assert (back.before, back.after) == (Holding(held, limit), CHANGE.before)


def test_what_the_run_left_half_way_goes_back_too() -> None:
    """IBM took the allocation and not the limit, and the journal has seen it so."""
    assert len(undo(250, None, left=Holding(250, None)).changes) == 1


@pytest.mark.parametrize("force", [False, True])
def test_an_archived_one_is_left_alone(force: bool) -> None:
    assert undo(0, None, force=force) == UndoPlan((), (LeftAlone(CHANGE, WhyLeftAlone.ARCHIVED),))


@pytest.mark.parametrize("force", [False, True])
def test_one_that_is_not_configured_any_more_is_never_written(force: bool) -> None:
    plan = undo(250, 500, force=force, configured=False)
    assert plan == UndoPlan((), (LeftAlone(CHANGE, WhyLeftAlone.UNCONFIGURED),))


def test_one_that_is_gone_is_named() -> None:
    plan = plan_undo([WrittenChange(CHANGE, CHANGE.after)], {}, "R1", configured=CONFIGURED, force=True)
    assert plan == UndoPlan((), (LeftAlone(CHANGE, WhyLeftAlone.GONE),))


@pytest.mark.parametrize(
    "live_a",
    [
        pytest.param(None, id="gone"),
        pytest.param(Instance("a", crn("a"), 100, None), id="back already"),
        pytest.param(Instance("a", crn("a"), 7, None), id="changed by others: without a word, no force"),
    ],
)
def test_one_that_is_left_alone_holds_up_no_other(live_a: Instance | None) -> None:
    other = change("b", 5, 6)
    live = {crn("b"): Instance("b", crn("b"), 6, None)}
    if live_a is not None:
        live[crn("a")] = live_a
    written = [WrittenChange(CHANGE, CHANGE.after), WrittenChange(other, other.after)]
    assert [each.name for each in plan_undo(written, live, "R1", configured=CONFIGURED).changes] == ["b"]


def test_changes_are_in_the_order_of_their_crns() -> None:
    other = change("b", 5, 6)
    live = {crn("a"): Instance("a", crn("a"), 250, 500), crn("b"): Instance("b", crn("b"), 6, None)}
    written = [WrittenChange(other, other.after), WrittenChange(CHANGE, CHANGE.after)]
    assert [each.name for each in plan_undo(written, live, "R1", configured=CONFIGURED).changes] == ["a", "b"]
