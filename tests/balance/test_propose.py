"""propose: each step of the balance, with the arithmetic written in the expectation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from qauvern.balance import FloorSource, Pool, Reason, UnusableInstances, activity_score, propose, window_start
from qauvern.errors import Remedy
from qauvern.model import Instance, ReserveBasis, UsageNotRead
from tests.helpers import make
from tests.helpers.make import TODAY, Team, grant, line, new_allocations, settings, snapshot


class TestActivityScore:
    def test_each_window_has_its_factor(self) -> None:
        usage = make.usage(28, last_14d=14, last_7d=7, last_3d=3, last_24h=1)
        # 32*1/1 + 16*3/3 + 8*7/7 + 4*14/14 + 2*28/28
        score = activity_score(usage)
        assert score.seconds == 32 + 16 + 8 + 4 + 2
        assert [(term.window, term.scaled) for term in score.terms] == [
            ("24h", 32 * 84_000),
            ("3d", 16 * 84_000),
            ("7d", 8 * 84_000),
            ("14d", 4 * 84_000),
            ("28d", 2 * 84_000),
        ]

    def test_it_is_exact(self) -> None:
        assert activity_score(make.usage(0.001)).seconds == Fraction(2, 28) / 1000

    def test_no_usage_is_inactive(self) -> None:
        assert activity_score(make.usage(0.001)).is_active
        assert not activity_score(make.usage(0)).is_active


class TestFloors:
    @pytest.mark.parametrize(
        ("consumed", "minimum", "seconds", "source"),
        [
            (0, 60, 60, FloorSource.MINIMUM),
            (59.999, 60, 60, FloorSource.MINIMUM),
            (60.001, 60, 61, FloorSource.CONSUMED),
            (500, 60, 500, FloorSource.CONSUMED),
            (0, 0, 1, FloorSource.ONE_SECOND),
            (0.001, 0, 1, FloorSource.CONSUMED),
        ],
    )
    def test_under_budget(self, consumed: float, minimum: int, seconds: int, source: FloorSource) -> None:
        teams = [Team("a", consumed=consumed)]
        floor = line(propose(snapshot(teams, budget=10_000), settings(teams, minimum=minimum), TODAY), "a").floor
        assert floor is not None
        assert (floor.seconds, floor.source) == (seconds, source)

    @pytest.mark.parametrize(
        ("consumed", "minimum", "seconds", "source"),
        [
            (0, 60, 60, FloorSource.MINIMUM),
            (0.001, 60, 1, FloorSource.ONE_SECOND),
            (0.5, 60, 1, FloorSource.ONE_SECOND),
            (1.5, 60, 1, FloorSource.CONSUMED),
            (30.9, 60, 30, FloorSource.CONSUMED),
            (60, 60, 60, FloorSource.MINIMUM),
            (500, 60, 60, FloorSource.MINIMUM),
            (0, 1, 1, FloorSource.MINIMUM),
            (0, 0, 1, FloorSource.ONE_SECOND),
        ],
    )
    def test_over_budget_usage_below_the_minimum_lowers_it(
        self, consumed: float, minimum: int, seconds: int, source: FloorSource
    ) -> None:
        teams = [Team("a", consumed=consumed)]
        over = snapshot(teams, budget=1000, unconfigured_consumed=1000)
        floor = line(propose(over, settings(teams, minimum=minimum), TODAY), "a").floor
        assert floor is not None
        assert (floor.seconds, floor.source) == (seconds, source)


class TestSharing:
    def test_the_pool_goes_to_the_active_by_score(self) -> None:
        teams = [Team("busy", active=30), Team("half", active=10), Team("idle")]
        # pool 1000 - 3*10 = 970: 3/4 and 1/4 of it are 727.5 and 242.5; the odd second goes to the lower CRN
        result = propose(snapshot(teams, budget=1000), settings(teams), TODAY)
        assert new_allocations(result) == {"busy": 10 + 728, "half": 10 + 242, "idle": 10}

    def test_what_unconfigured_instances_hold_is_left_to_them(self) -> None:
        teams = [Team("busy", allocation=100, active=1)]
        # 1000 - 150 unallocated - 100 configured = 750 are held by others
        result = propose(snapshot(teams, budget=1000, unallocated=150), settings(teams), TODAY)
        assert result.pool.unconfigured_held_seconds == 750
        assert new_allocations(result) == {"busy": 250}

    def test_nothing_is_given_above_a_limit_and_the_rest_stays_unallocated(self) -> None:
        teams = [Team("capped", allocation=50, active=1, limit=200)]
        result = propose(snapshot(teams, budget=1000), settings(teams), TODAY)
        assert new_allocations(result) == {"capped": 200}
        assert result.new_total_seconds == 200

    def test_a_floor_above_the_limit_stands(self) -> None:
        teams = [Team("indebted", consumed=300, active=1, limit=200)]
        result = propose(snapshot(teams, budget=1000), settings(teams), TODAY)
        assert new_allocations(result) == {"indebted": 300}
        assert line(result, "indebted").is_in_debt
        assert line(result, "indebted").reason is Reason.FLOOR_AT_LIMIT
        assert result.broken == ()

    def test_usage_that_was_not_read_is_refused_with_its_instance(self) -> None:
        boost = (grant(date(2026, 3, 10), date(2026, 3, 20), 500),)
        team = Team("boosted", active=1, limit=200, grants=boost)
        seen = snapshot([team], budget=1000)
        complete = seen.usage[team.crn]
        too_short = make.daily(since=window_start(TODAY) + timedelta(days=1))
        for unread in (
            replace(complete, daily=None),
            replace(complete, daily=too_short),
            replace(complete, recent=None),
        ):
            with pytest.raises(UsageNotRead, match="boosted") as refused:
                propose(replace(seen, usage={team.crn: unread}), settings([team]), TODAY)
            assert refused.value.facts["crn"] == team.crn

    def test_a_net_grant_raises_how_far_a_share_can_go(self) -> None:
        boost = (grant(date(2026, 3, 10), date(2026, 3, 20), 500),)
        teams = [Team("boosted", active=1, limit=200, grants=boost)]
        result = propose(snapshot(teams, budget=1000, unallocated=900), settings(teams), TODAY)
        assert new_allocations(result) == {"boosted": 700}
        assert line(result, "boosted").new_limit == 700

    def test_an_instance_without_an_allocation_takes_part_with_its_limit_only(self) -> None:
        teams = [Team("paygo", allocation=None, consumed=50, active=9, limit=70), Team("busy", active=1)]
        result = propose(snapshot(teams, budget=1000, unallocated=900), settings(teams), TODAY)
        assert new_allocations(result) == {"paygo": None, "busy": 1000}
        assert line(result, "paygo").changes_limit
        assert not line(result, "paygo").changes_allocation

    def test_a_plan_without_a_budget_is_never_over_it_and_hands_nothing_out(self) -> None:
        teams = [Team("paygo", allocation=None, consumed=50_000, active=9, limit=70)]
        result = propose(snapshot(teams, budget=None), settings(teams), TODAY)
        assert not result.over_budget
        assert new_allocations(result) == {"paygo": None}
        assert [change.new_limit for change in result.changes] == [70]

    def test_shares_are_exact_before_they_are_rounded(self) -> None:
        teams = [Team(name, active=1) for name in "abc"]
        # pool 40 - 3*10 = 10: 10/3 each, and a score of 2688 * 1000 / 84000 = 32 s
        result = propose(snapshot(teams, budget=40), settings(teams), TODAY)
        assert [each.exact_share for each in result.lines] == [Fraction(10, 3)] * 3
        assert [each.share for each in result.lines] == [4, 3, 3]
        assert result.level == Fraction(10, 3 * 32)

    def test_where_all_get_exactly_their_room_there_is_no_level(self) -> None:
        teams = [Team("a", active=1, limit=50)]
        # pool 50 - 10 = 40, room 50 - 10
        result = propose(snapshot(teams, budget=50), settings(teams), TODAY)
        assert (new_allocations(result), result.level) == ({"a": 50}, None)


class TestReasons:
    @pytest.mark.parametrize(
        ("team", "budget", "reason"),
        [
            (Team("a"), 1_000, Reason.INACTIVE),
            (Team("a", active=1), 1_000, Reason.SHARE),
            (Team("a", active=1, limit=1_000), 900, Reason.SHARE),
            (Team("a", active=1, limit=500), 1_000, Reason.LIMIT),
            (Team("a", active=1, limit=10), 1_000, Reason.FLOOR_AT_LIMIT),
            (Team("a", active=1), 10, Reason.POOL_EMPTY),
            (Team("a", None, active=1), 1_000, Reason.NO_ALLOCATION),
        ],
    )
    def test_under_budget(self, team: Team, budget: int, reason: Reason) -> None:
        result = propose(snapshot([team], budget=budget, unallocated=budget), settings([team]), TODAY)
        assert line(result, "a").reason is reason
        assert line(result, "a").allocation_cap == team.limit

    @pytest.mark.parametrize(
        ("team", "budget", "new", "reason"),
        [
            (Team("a"), 1_000, 10, Reason.INACTIVE),
            (Team("a", consumed=9.5, active=1), 1_000, 9, Reason.OVER_BUDGET_FLOOR),
            (Team("a", consumed=11.5, active=1), 1_000, 11, Reason.OVER_BUDGET_CAP),
            (Team("a", consumed=300.5, active=1), 1_000, 300, Reason.OVER_BUDGET_CAP),
            (Team("a", consumed=300.5, active=1), 200, 200, Reason.OVER_BUDGET_SHARE),
            (Team("a", consumed=300, active=1, limit=300), 1_000, 10, Reason.OVER_BUDGET_HELD),
        ],
    )
    def test_over_budget(self, team: Team, budget: int, new: int, reason: Reason) -> None:
        over = snapshot([team], budget=budget, unallocated=budget, unconfigured_consumed=budget)
        one = line(propose(over, settings([team]), TODAY), "a")
        assert (one.new_allocation, one.reason, one.allocation_cap) == (new, reason, int(team.consumed))


class TestPool:
    teams = (Team("a", 100, active=1), Team("b", 100, consumed=90), Team("c", None))

    @pytest.mark.parametrize(
        ("budget", "basis", "pool"),
        [
            # 1000 - 300 unallocated - 200 are held by others; 1000 - 500 - (10 + 90) = 400
            (1_000, ReserveBasis.POOL, Pool(500, 100, 400, 360)),
            (1_000, ReserveBasis.BUDGET, Pool(500, 100, 400, 300, 100)),
            (None, ReserveBasis.POOL, Pool(0, 0, 0, 0)),
        ],
    )
    def test_what_there_is_to_hand_out(self, budget: int | None, basis: ReserveBasis, pool: Pool) -> None:
        seen = snapshot(self.teams, budget=budget, unallocated=300)
        assert propose(seen, settings(self.teams, reserve_percent="10", basis=basis), TODAY).pool == pool

    def test_what_the_listed_ones_hold_that_are_not_configured(self) -> None:
        seen = snapshot([*self.teams, Team("x", 500), Team("y", None), Team("z", 70)], budget=2_000)
        assert propose(seen, settings(self.teams), TODAY).pool.unconfigured_listed_seconds == 500 + 70

    def test_an_allocation_in_a_plan_without_a_budget_is_left_as_it_is(self) -> None:
        teams = [Team("odd", allocation=100, consumed=500, active=9)]
        result = propose(snapshot(teams, budget=None), settings(teams), TODAY)
        assert new_allocations(result) == {"odd": 100}
        assert (result.changes, result.broken) == ((), ())


class TestReserve:
    teams = (Team("busy", active=1),)

    @pytest.mark.parametrize(
        ("percent", "basis", "handed_out"),
        [
            ("0", ReserveBasis.POOL, 990),
            ("10", ReserveBasis.POOL, 891),  # floor(990 * 90/100)
            ("33.3", ReserveBasis.POOL, 660),  # floor(990 * 66.7/100) = floor(660.33)
            ("0.1", ReserveBasis.POOL, 989),  # floor(989.01)
            ("10", ReserveBasis.BUDGET, 890),  # 990 - 100
            ("33.33", ReserveBasis.BUDGET, 656),  # 990 - ceil(333.3)
            ("99.99", ReserveBasis.BUDGET, 0),  # 990 - 1000 would be below 0
        ],
    )
    def test_what_is_handed_out(self, percent: str, basis: ReserveBasis, handed_out: int) -> None:
        result = propose(
            snapshot(self.teams, budget=1000, unallocated=900),
            settings(self.teams, reserve_percent=percent, basis=basis),
            TODAY,
        )
        assert result.pool.distributable_seconds == handed_out
        assert new_allocations(result) == {"busy": 10 + handed_out}
        assert result.broken == ()


class TestOverBudget:
    def test_the_worked_example(self) -> None:
        teams = [
            Team("first", consumed=500, active=1, limit=500),
            Team("second", consumed=400, active=1, limit=1000),
            Team("third", consumed=300, active=1, limit=1000),
        ]
        result = propose(snapshot(teams, budget=1000, unallocated=700), settings(teams, minimum=60), TODAY)
        assert result.over_budget
        assert new_allocations(result) == {"first": 60, "second": 400, "third": 300}
        assert result.broken == ()

    def test_usage_that_equals_the_budget_is_over_it(self) -> None:
        teams = [Team("a", consumed=400, active=1)]
        at_budget = snapshot(teams, budget=1000, unconfigured_consumed=600)
        assert propose(at_budget, settings(teams), TODAY).over_budget
        assert not propose(replace(at_budget, unconfigured_consumed_ms=599_999), settings(teams), TODAY).over_budget

    def test_every_used_instance_can_reach_fairness_1(self) -> None:
        teams = [Team("little", consumed=7.5, active=1), Team("much", consumed=900, active=1)]
        over = snapshot(teams, budget=1000, unallocated=800, unconfigured_consumed=600)
        result = propose(over, settings(teams, minimum=60), TODAY)
        assert new_allocations(result) == {"little": 7, "much": 900}
        for each in result.lines:
            assert each.new_allocation is not None
            assert each.usage.consumed_ms >= each.new_allocation * 1000


class TestRefusals:
    def test_floors_that_do_not_fit_break_the_first_invariant(self) -> None:
        teams = [Team("a", consumed=600), Team("b", consumed=300)]
        # 200 held by unconfigured + 600 + 300 > 1000
        result = propose(snapshot(teams, budget=1000, unallocated=600), settings(teams), TODAY)
        assert [broken.number for broken in result.broken] == [1]
        assert "1,100 s would exceed the budget of 1,000 s by 100 s" in result.broken[0].message
        assert "a 600 s" in result.broken[0].message

    def test_a_missing_and_an_archived_instance_stop_the_run_by_name(self) -> None:
        teams = [Team("gone"), Team("archived", allocation=0), Team("fine")]
        seen = snapshot(teams, budget=1000)
        without = replace(seen, instances={crn: each for crn, each in seen.instances.items() if each.name != "gone"})
        with pytest.raises(UnusableInstances) as refusal:
            propose(without, settings(teams), TODAY)
        assert str(refusal.value) == (
            f"gone ({teams[0].crn}) is not in the account's premium plan; "
            f"archived ({teams[1].crn}) is archived (its allocation is 0). "
            "Nothing was written"
        )
        assert refusal.value.remedy is Remedy.UPDATE_CONFIG


class TestChanges:
    def test_equal_values_are_no_change(self) -> None:
        teams = [Team("idle", allocation=10, live_limit=50, limit=50)]
        assert propose(snapshot(teams, budget=10), settings(teams), TODAY).changes == ()

    def test_a_limit_alone_is_a_change(self) -> None:
        teams = [Team("idle", allocation=10, live_limit=40, limit=50)]
        (change,) = propose(snapshot(teams, budget=10), settings(teams), TODAY).changes
        assert (change.changes_allocation, change.changes_limit, change.new_limit) == (False, True, 50)

    def test_an_unconfigured_instance_is_never_among_the_lines(self) -> None:
        teams = [Team("ours", active=1)]
        seen = snapshot(teams, budget=1000)
        other = Team("theirs").crn
        seen = replace(seen, instances={**seen.instances, other: Instance("theirs", other, 500, None)})
        assert [each.name for each in propose(seen, settings(teams), TODAY).lines] == ["ours"]


class TestUnderutilized:
    @pytest.mark.parametrize(
        ("allocation", "consumed", "expected"),
        [(100, 49.999, True), (100, 50, False), (10, 0, False), (11, 0, True), (100, 0, True)],
    )
    def test_above_the_floor_and_less_than_half_used(self, allocation: int, consumed: float, expected: bool) -> None:
        teams = [Team("a", allocation=allocation, consumed=consumed)]
        result = propose(snapshot(teams, budget=1000), settings(teams), TODAY)
        assert line(result, "a").is_underutilized is expected
