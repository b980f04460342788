"""Any account, any settings: what must hold for every proposal."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from qauvern.balance import Proposal, propose
from qauvern.model import ReserveBasis, Settings, Snapshot
from tests.helpers.make import TODAY, Team, settings, snapshot

seconds = st.one_of(st.integers(0, 30), st.integers(0, 5000))
optional_seconds = st.one_of(st.none(), seconds)


@st.composite
def accounts(draw: st.DrawFn) -> tuple[Snapshot, Settings]:
    count = draw(st.integers(1, 8))
    teams = [
        Team(
            f"team-{index}",
            allocation=draw(st.one_of(st.none(), st.integers(1, 2000))),
            consumed=draw(st.integers(0, 2_000_000)) / 1000,
            active=draw(st.integers(0, 500_000)) / 1000,
            limit=draw(optional_seconds),
            live_limit=draw(optional_seconds),
        )
        for index in range(count)
    ]
    seen = snapshot(
        teams,
        budget=draw(st.one_of(st.none(), st.integers(0, 20_000))),
        unallocated=draw(st.integers(0, 5000)),
        unconfigured_consumed=draw(seconds),
    )
    wanted = settings(
        teams,
        minimum=draw(st.integers(0, 100)),
        reserve_percent=str(draw(st.decimals(0, "99.99", places=2))),
        basis=draw(st.sampled_from(ReserveBasis)),
    )
    return seen, wanted


def proposal_of(account: tuple[Snapshot, Settings]) -> Proposal:
    return propose(*account, TODAY)


@given(accounts(), st.randoms(use_true_random=False))
def test_the_order_of_the_inputs_has_no_say(account: tuple[Snapshot, Settings], random: Random) -> None:
    seen, wanted = account
    shuffled = list(wanted.instances)
    listed = list(seen.instances.items())
    random.shuffle(shuffled)
    random.shuffle(listed)
    again = propose(replace(seen, instances=dict(listed)), replace(wanted, instances=tuple(shuffled)), TODAY)
    assert again == propose(seen, wanted, TODAY)


@given(accounts())
def test_the_total_fits_the_budget_unless_the_floors_alone_do_not(account: tuple[Snapshot, Settings]) -> None:
    proposal = proposal_of(account)
    budget = proposal.account.budget_seconds
    if budget is None:
        assert proposal.broken == ()
        return
    floors_fit = proposal.pool.unconfigured_held_seconds + proposal.pool.floors_seconds <= budget
    assert (proposal.new_total_seconds <= budget) == floors_fit
    assert [broken.number for broken in proposal.broken] == ([] if floors_fit else [1])


@given(accounts())
def test_every_allocation_keeps_to_usage_minimum_limit_and_is_never_0(account: tuple[Snapshot, Settings]) -> None:
    proposal, minimum = proposal_of(account), account[1].minimum_allocation_seconds
    for line in proposal.lines:
        new, consumed = line.new_allocation, Fraction(line.usage.consumed_ms, 1000)
        if line.floor is None:
            assert new == line.live.allocation_seconds
            continue
        assert new is not None
        assert new >= 1
        if proposal.over_budget:
            lower_floor = max(1, int(consumed)) if 0 < consumed < minimum else max(minimum, 1)
            assert new >= lower_floor
            assert new <= max(consumed, Fraction(lower_floor))
            floor = lower_floor
        else:
            floor = max(minimum, 1, -int(-consumed // 1))
            assert new >= floor
        assert line.new_limit is None or new <= max(line.new_limit, floor)


@given(accounts())
def test_the_pool_goes_out_up_to_the_room_there_is(account: tuple[Snapshot, Settings]) -> None:
    proposal = proposal_of(account)
    shares = sum(line.share for line in proposal.lines)
    rooms = [line.room for line in proposal.lines if line.score.is_active]
    if None in rooms:
        assert shares == proposal.pool.distributable_seconds
    else:
        assert shares == min(proposal.pool.distributable_seconds, sum(room or 0 for room in rooms))
    assert shares == sum(line.exact_share for line in proposal.lines)


@given(accounts())
def test_inactive_instances_stay_at_their_floor(account: tuple[Snapshot, Settings]) -> None:
    for line in proposal_of(account).lines:
        if not line.score.is_active and line.floor is not None:
            assert line.new_allocation == line.floor.seconds


@given(accounts())
def test_applying_a_proposal_leaves_nothing_to_change(account: tuple[Snapshot, Settings]) -> None:
    """With usage unchanged and every change applied, the next proposal is the same."""
    seen, wanted = account
    proposal = propose(seen, wanted, TODAY)
    if proposal.broken or seen.account.budget_seconds is None:
        return
    held_before = proposal.configured_held_seconds
    applied = {
        line.crn: replace(line.live, allocation_seconds=line.new_allocation, limit_seconds=line.new_limit)
        for line in proposal.lines
    }
    held_after = sum(instance.allocation_seconds or 0 for instance in applied.values())
    unallocated = seen.account.unallocated_seconds + held_before - held_after
    if unallocated < 0 or seen.account.budget_seconds - seen.account.unallocated_seconds < held_before:
        return  # an account whose figures contradict each other
    after = replace(
        seen,
        instances={**seen.instances, **applied},
        account=replace(seen.account, unallocated_seconds=unallocated),
    )
    assert propose(after, wanted, TODAY).changes == ()
