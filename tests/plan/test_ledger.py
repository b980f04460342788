"""The ledger that keeps the cap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qauvern.plan import Cap, Change, Ledger, without_room
from tests.helpers.account import change
from tests.helpers.make import crn


def ledger(*changes: Change, cap: int | None, total: int) -> Ledger:
    return Ledger.of(changes, cap=cap, total_held=total)


class TestLedger:
    def test_an_increase_into_what_is_free_is_admitted_one_second_more_is_not(self) -> None:
        fits, too_much = change("a", 10, 40), change("a", 10, 41)
        assert ledger(fits, cap=100, total=70).reserve(fits)
        assert not ledger(too_much, cap=100, total=70).reserve(too_much)

    def test_a_decrease_frees_nothing_before_it_is_known_to_have_taken(self) -> None:
        down, up = change("down", 60, 20), change("up", 40, 80)
        held = ledger(down, up, cap=100, total=100)
        assert held.reserve(down)
        assert not held.reserve(up)
        held.settle(crn("down"), 20)
        assert held.reserve(up)
        assert held.most_held == 20 + 80

    def test_what_is_released_holds_what_it_held(self) -> None:
        up, other = change("up", 40, 80), change("other", 10, 50)
        held = ledger(up, other, cap=100, total=50)
        assert held.reserve(up)
        assert not held.reserve(other)
        held.release(crn("up"))
        assert held.most_held == 50
        assert held.reserve(other)

    def test_a_decrease_is_never_refused_also_above_the_cap(self) -> None:
        down = change("down", 60, 20)
        assert ledger(down, cap=100, total=500).reserve(down)

    def test_what_instances_outside_the_changes_hold_counts(self) -> None:
        up = change("up", 10, 50)
        assert ledger(up, cap=100, total=60).reserve(up)
        assert not ledger(up, cap=100, total=61).reserve(up)

    def test_an_instance_found_to_hold_more_takes_the_room(self) -> None:
        up, other = change("up", 10, 50), change("other", 10, 10, limits=(None, 5))
        held = ledger(up, other, cap=100, total=20)
        held.settle(crn("other"), 61)
        assert not held.reserve(up)
        assert held.keeps_cap

    def test_without_a_cap_everything_is_admitted(self) -> None:
        up = change("up", 0, 10**12)
        held = ledger(up, cap=None, total=0)
        assert held.reserve(up)
        assert held.keeps_cap

    def test_what_takes_nothing_more_is_never_refused_also_above_the_cap(self) -> None:
        limit_only = change("same", 60, 60, limits=(None, 5))
        assert ledger(limit_only, cap=100, total=500).reserve(limit_only)

    def test_an_instance_without_an_allocation_holds_nothing(self) -> None:
        paygo = change("paygo", None, None, limits=(None, 5))
        held = ledger(paygo, cap=0, total=0)
        assert held.most_held == 0
        assert held.reserve(paygo)
        assert held.most_held == 0
        held.observe(paygo.crn, None)
        assert held.most_held == 0
        held.settle(paygo.crn, None)
        assert held.most_held == 0

    def test_what_is_settled_is_under_way_no_more(self) -> None:
        up = change("up", 40, 80)
        held = ledger(up, cap=100, total=40)
        assert held.reserve(up)
        assert held.most_held == 80
        held.settle(up.crn, 40)
        assert held.most_held == 40

    def test_what_was_only_seen_may_still_come_to_pass(self) -> None:
        up = change("up", 40, 80)
        held = ledger(up, cap=100, total=40)
        assert held.reserve(up)
        held.observe(up.crn, 50)
        assert held.most_held == 80
        held.release(up.crn)
        assert held.most_held == 50

    def test_what_is_released_twice_is_released(self) -> None:
        up = change("up", 40, 80)
        held = ledger(up, cap=100, total=40)
        held.release(up.crn)
        held.release(up.crn)
        assert held.most_held == 40

    @given(
        figures=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=6),
        elsewhere=st.integers(0, 50),
        slack=st.integers(0, 80),
        steps=st.lists(
            st.tuples(st.integers(0, 5), st.sampled_from(["reserve", "take", "fail", "release"])), max_size=40
        ),
    )
    def test_whatever_the_order_nothing_admitted_lifts_the_most_held_above_the_cap(
        self, figures: list[tuple[int, int]], elsewhere: int, slack: int, steps: list[tuple[int, str]]
    ) -> None:
        """`truth` is an account on which each reserved change may or may not have taken effect already."""
        changes = [change(f"i{index}", before, after) for index, (before, after) in enumerate(figures)]
        held_at_first = elsewhere + sum(before for before, _ in figures)
        cap = held_at_first + slack
        held = ledger(*changes, cap=cap, total=held_at_first)
        truth = {each.crn: each.before.allocation_seconds or 0 for each in changes}
        possible = dict(truth)
        under_way: set[str] = set()
        for index, step in steps:
            one = changes[index % len(changes)]
            after = one.after.allocation_seconds or 0
            if step == "reserve" and one.crn not in under_way:
                if held.reserve(one):
                    under_way.add(one.crn)
                    possible[one.crn] = max(truth[one.crn], after)
                else:
                    assert after > truth[one.crn], "only what takes more is refused"
            elif step != "reserve" and one.crn in under_way:
                under_way.discard(one.crn)
                if step == "take":
                    truth[one.crn] = after
                    held.settle(one.crn, after)
                elif step == "fail":
                    held.settle(one.crn, truth[one.crn])
                else:
                    held.release(one.crn)
                possible[one.crn] = truth[one.crn]
            assert held.most_held == elsewhere + sum(possible.values())
            assert held.keeps_cap
            assert held.most_held <= cap


class TestGroups:
    """A cap of 30 s for a and b together, within one of 100 s for all."""

    @staticmethod
    def ledger(*changes: Change, held: int) -> Ledger:
        group = Cap("g", 30, held, frozenset({crn("a"), crn("b")}))
        return Ledger.of(changes, cap=100, total_held=50, groups=[group])

    def test_an_increase_of_a_member_fits_both_caps_or_waits(self) -> None:
        fits, too_much, other = change("a", 10, 20), change("a", 10, 21), change("c", 10, 60)
        assert self.ledger(fits, held=20).reserve(fits)
        held = self.ledger(too_much, other, held=20)
        assert not held.reserve(too_much)
        full = held.full_for(too_much)
        assert full is not None
        assert (full.group, full.cap) == ("g", 30)
        assert held.reserve(other), "what is refused counts nowhere"

    def test_what_a_member_gives_up_the_others_may_take(self) -> None:
        up, down = change("a", 10, 25), change("b", 20, 5)
        held = self.ledger(up, down, held=30)
        assert not held.reserve(up)
        assert held.reserve(down)
        held.settle(crn("b"), 5)
        assert held.reserve(up)
        assert held.keeps_caps_of(up)
        held.release(crn("a"))
        held.observe(crn("b"), 40)
        assert not held.keeps_caps_of(up)
        assert held.keeps_cap, "the total does"

    def test_a_group_above_its_cap_stops_nobody_else(self) -> None:
        up, other = change("a", 10, 11), change("c", 10, 20)
        held = self.ledger(up, other, held=40)
        assert not held.reserve(up)
        assert held.reserve(other)
        assert held.keeps_caps_of(other)


class TestWithoutRoom:
    def test_names_the_increases_that_nobody_in_the_changes_frees_seconds_for(self) -> None:
        down, up, more = change("down", 40, 10), change("up", 10, 50), change("up-too", 10, 20)
        changes = (down, more, up)
        assert without_room(changes, ledger(*changes, cap=100, total=80)) == ()
        assert without_room(changes, ledger(*changes, cap=100, total=81)) == (up,)
        assert without_room((up,), ledger(up, cap=100, total=80)) == (up,)

    @given(
        st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), max_size=6), st.integers(0, 60), st.integers(0, 60)
    )
    def test_what_is_not_named_fits(self, values: list[tuple[int, int]], elsewhere: int, free: int) -> None:
        changes = tuple(change(f"i{index}", before, after) for index, (before, after) in enumerate(values))
        total = elsewhere + sum(before for before, _ in values)
        waiting = without_room(changes, ledger(*changes, cap=total + free, total=total))
        after = total + sum(each.allocation_delta for each in changes if each not in waiting)
        assert after <= total + free
        assert all(after + each.allocation_delta > total + free for each in waiting)
