"""Net grants: the worked examples of Design.md, the rules one by one, and the promises for any grants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.balance import (
    EffectiveLimit,
    LimitSource,
    daily_usage_needed_since,
    effective_limit,
    limit_terms,
    usage_in_window,
)
from qauvern.model import DailyUsage, Instance, InstanceSettings, LimitRule, NetGrant, Usage, UsageNotRead
from tests.helpers import make
from tests.helpers.make import crn, grant

JANUARY, FEBRUARY, MARCH, APRIL, MAY = range(1, 6)


def day(month: int, number: int) -> date:
    return date(2026, month, number)


@dataclass(frozen=True)
class Example:
    name: str
    limit: int
    grants: tuple[NetGrant, ...]
    used: dict[date, int]
    expected: dict[date, int]


EXAMPLES = [
    Example(
        "a grant spent over two days decays out of the limit with them",
        10,
        (grant(day(MARCH, 1), day(MARCH, 11), 100),),
        {day(MARCH, 5): 70, day(MARCH, 8): 50},
        {day(MARCH, 10): 110, day(APRIL, 2): 110, day(APRIL, 3): 40, day(APRIL, 6): 10},
    ),
    Example(
        "a long grant: what it funded leaves the window while its unspent budget stays",
        100,
        (grant(day(MARCH, 1), day(MAY, 1), 1000),),
        {day(MARCH, 5): 600},
        {day(APRIL, 2): 1100, day(APRIL, 3): 500, day(MAY, 1): 100},
    ),
    Example(
        "usage from before the boost that exceeded the base limit",
        100,
        (grant(day(MARCH, 1), day(MARCH, 29), 50),),
        {day(FEBRUARY, 20): 150},
        {day(MARCH, 20): 200, day(MARCH, 21): 150, day(MARCH, 29): 100},
    ),
    Example(
        "what one grant has paid is never charged to another later",
        10,
        (grant(day(JANUARY, 1), day(JANUARY, 10), 100), grant(day(JANUARY, 1), day(MARCH, 31), 100)),
        {day(JANUARY, 5): 100},
        {day(FEBRUARY, 6): 110, day(FEBRUARY, 7): 110},
    ),
]


@pytest.mark.parametrize(
    ("example", "today", "expected"),
    [
        pytest.param(example, today, expected, id=f"{example.name}: {today}")
        for example in EXAMPLES
        for today, expected in example.expected.items()
    ],
)
def test_worked_examples(example: Example, today: date, expected: int) -> None:
    assert _limit(example.limit, example.grants, example.used, today) == expected


def _limit(base: int, grants: tuple[NetGrant, ...], used: dict[date, int], today: date) -> int | None:
    configured = InstanceSettings("team", crn("team"), base, grants)
    live = Instance("team", configured.crn, 100, None)
    return effective_limit(configured, live, _usage(used), today).seconds


def _usage(used: Mapping[date, float], since: date = date.min) -> Usage:
    return Usage(0, daily=make.daily(used, since))


NOTHING_USED = _usage({})


class TestWhereALimitComesFrom:
    live = Instance("team", crn("team"), 100, 70)

    def test_the_config_has_the_first_word(self) -> None:
        limit = effective_limit(InstanceSettings("team", crn("team"), 50), self.live, NOTHING_USED, day(MARCH, 1))
        assert (limit.seconds, limit.source.value) == (50, "config")

    def test_then_the_live_limit(self) -> None:
        limit = effective_limit(InstanceSettings("team", crn("team")), self.live, NOTHING_USED, day(MARCH, 1))
        assert (limit.seconds, limit.source.value) == (70, "live")

    def test_else_there_is_none(self) -> None:
        unlimited = Instance("team", crn("team"), 100, None)
        limit = effective_limit(InstanceSettings("team", crn("team")), unlimited, NOTHING_USED, day(MARCH, 1))
        assert (limit.seconds, limit.source.value) == (None, "none")

    def test_none_in_the_config_removes_a_live_one(self) -> None:
        configured = InstanceSettings("team", crn("team"), LimitRule.NONE)
        limit = effective_limit(configured, self.live, NOTHING_USED, day(MARCH, 1))
        assert (limit.seconds, limit.source.value, limit.terms) == (None, "config", None)

    def test_it_comes_with_its_terms(self) -> None:
        grants = (grant(day(MARCH, 1), day(MARCH, 9), 30), grant(day(MARCH, 3), day(MARCH, 20), 40))
        configured = InstanceSettings("team", crn("team"), 50, grants)
        terms = effective_limit(configured, self.live, NOTHING_USED, day(MARCH, 5)).terms
        assert terms == limit_terms(50, grants, NOTHING_USED, day(MARCH, 5))
        assert terms.boost_start_date == day(MARCH, 1)

    def test_a_limit_of_0_is_a_limit(self) -> None:
        assert (
            effective_limit(InstanceSettings("team", crn("team"), 0), self.live, NOTHING_USED, day(MARCH, 1)).seconds
            == 0
        )

    def test_it_is_rounded_up_to_a_second(self) -> None:
        grants = (grant(day(MARCH, 1), day(MARCH, 5), 10),)
        configured = InstanceSettings("team", crn("team"), 50, grants)
        # ended on 5 March having paid 1.001 s of the window: 50 + 1.001, rounded up
        assert effective_limit(configured, self.live, _usage({day(MARCH, 2): 1.001}), day(MARCH, 6)).seconds == 52


class TestReachedAndExceeded:
    @pytest.mark.parametrize(
        ("limit", "consumed_ms", "reached", "exceeded"),
        [
            (50, 49_999, False, False),
            (50, 50_000, True, False),
            (50, 50_001, True, True),
            (0, 0, True, False),
            (None, 10**12, False, False),
        ],
    )
    def test_to_the_millisecond(self, limit: int | None, consumed_ms: int, reached: bool, exceeded: bool) -> None:
        effective = EffectiveLimit(limit, LimitSource.LIVE)
        assert (effective.is_reached_by(consumed_ms), effective.is_exceeded_by(consumed_ms)) == (reached, exceeded)


class TestUsageFromBeforeABoost:
    def test_the_first_day_of_the_boost_is_not_before_it(self) -> None:
        boost = (grant(day(MARCH, 10), day(MARCH, 20), 10),)
        # on 10 March the grant pays 10 of 150; 9 March is above the base limit by 20
        assert _limit(100, boost, {day(MARCH, 10): 150}, day(MARCH, 12)) == 100 + 10
        assert _limit(100, boost, {day(MARCH, 9): 120, day(MARCH, 10): 150}, day(MARCH, 12)) == 100 + 10 + 20


class TestWhichGrantPays:
    def test_the_soonest_ending_pays_first(self) -> None:
        late, soon = grant(day(MARCH, 1), day(MARCH, 20), 100), grant(day(MARCH, 3), day(MARCH, 10), 30)
        terms = limit_terms(0, (late, soon), _usage({day(MARCH, 5): 50}), day(MARCH, 6))
        assert [ledger.spent_ms for ledger in terms.grants] == [20_000, 30_000]

    def test_of_two_that_end_together_the_soonest_starting(self) -> None:
        second, first = grant(day(MARCH, 2), day(MARCH, 20), 100), grant(day(MARCH, 1), day(MARCH, 20), 30)
        terms = limit_terms(0, (second, first), _usage({day(MARCH, 5): 50}), day(MARCH, 6))
        assert [ledger.spent_ms for ledger in terms.grants] == [20_000, 30_000]

    def test_of_two_alike_the_one_listed_first(self) -> None:
        alike = grant(day(MARCH, 1), day(MARCH, 20), 30)
        terms = limit_terms(0, (alike, alike), _usage({day(MARCH, 5): 50}), day(MARCH, 6))
        assert [ledger.spent_ms for ledger in terms.grants] == [30_000, 20_000]

    def test_the_end_date_itself_is_not_paid(self) -> None:
        terms = limit_terms(0, (grant(day(MARCH, 1), day(MARCH, 5), 30),), _usage({day(MARCH, 5): 50}), day(MARCH, 5))
        assert terms.grants[0].spent_ms == 0

    def test_today_is_paid(self) -> None:
        terms = limit_terms(0, (grant(day(MARCH, 5), day(MARCH, 9), 30),), _usage({day(MARCH, 5): 20}), day(MARCH, 5))
        assert (terms.grant_funded_ms, terms.unspent_grant_ms) == (20_000, 10_000)

    def test_what_lies_after_today_is_not_charged(self) -> None:
        terms = limit_terms(0, (grant(day(MARCH, 1), day(MARCH, 9), 30),), _usage({day(MARCH, 6): 20}), day(MARCH, 5))
        assert terms.grants[0].spent_ms == 0

    def test_a_grant_that_has_not_begun_lifts_nothing(self) -> None:
        terms = limit_terms(10, (grant(day(MARCH, 6), day(MARCH, 9), 30),), NOTHING_USED, day(MARCH, 5))
        assert (terms.total_ms, terms.has_crediting_grant) == (10_000, False)


class TestHowFarBackUsageIsNeeded:
    def test_not_at_all_without_grants(self) -> None:
        assert daily_usage_needed_since((), day(MARCH, 20)) is None

    def test_not_at_all_when_every_grant_is_long_over(self) -> None:
        assert daily_usage_needed_since((grant(day(JANUARY, 1), day(JANUARY, 5), 1),), day(MARCH, 20)) is None

    def test_the_window_when_the_grant_is_younger(self) -> None:
        young = grant(day(MARCH, 19), day(MARCH, 30), 1)
        assert daily_usage_needed_since((young,), day(MARCH, 20)) == day(FEBRUARY, 20)

    def test_to_the_start_of_a_grant_that_overlaps_only_through_another(self) -> None:
        chain = (
            grant(day(JANUARY, 1), day(JANUARY, 10), 1),
            grant(day(JANUARY, 9), day(FEBRUARY, 1), 1),
            grant(day(JANUARY, 31), day(APRIL, 1), 1),
            grant(date(2025, 12, 1), day(JANUARY, 1), 1),
        )
        assert daily_usage_needed_since(chain, day(MARCH, 20)) == day(JANUARY, 1)


days = st.integers(0, 120).map(lambda offset: day(JANUARY, 1) + timedelta(days=offset))
grant_strategy = st.builds(
    lambda start, length, seconds: grant(start, start + timedelta(days=length), seconds),
    days,
    st.integers(1, 60),
    st.integers(1, 200),
)
grant_lists = st.lists(grant_strategy, max_size=5).map(tuple)
used_by_day = st.dictionaries(days, st.integers(0, 200_000), max_size=40)
usages = used_by_day.map(lambda used_ms: Usage(0, daily=DailyUsage(date.min, used_ms)))


class TestPromises:
    @given(st.integers(0, 300), grant_lists, usages, days)
    def test_ended_grants_leave_exactly_the_base_limit_minus_base_usage(
        self, base: int, grants: tuple[NetGrant, ...], usage: Usage, today: date
    ) -> None:
        terms = limit_terms(base, grants, usage, today)
        if any(each.is_active(today) for each in grants):
            return
        in_window = usage_in_window(usage.daily_ms, today)
        base_usage = in_window - terms.grant_funded_ms
        assert terms.total_ms - in_window == base * 1000 - base_usage
        assert base_usage >= 0

    @given(st.integers(0, 300), grant_lists, usages, days)
    def test_never_worse_off_than_without_the_grants(
        self, base: int, grants: tuple[NetGrant, ...], usage: Usage, today: date
    ) -> None:
        assert limit_terms(base, grants, usage, today).total_ms >= base * 1000

    @given(st.integers(0, 300), grant_lists, usages, days)
    def test_no_grant_pays_more_than_its_budget_nor_outside_its_days(
        self, base: int, grants: tuple[NetGrant, ...], usage: Usage, today: date
    ) -> None:
        for ledger in limit_terms(base, grants, usage, today).grants:
            assert ledger.unspent_ms >= 0
            assert all(ledger.grant.is_active(paid) and paid <= today for paid in ledger.charged_ms)

    @given(st.integers(0, 300), grant_lists, usages, days)
    def test_usage_from_before_the_days_asked_for_changes_nothing(
        self, base: int, grants: tuple[NetGrant, ...], usage: Usage, today: date
    ) -> None:
        since = daily_usage_needed_since(grants, today)
        needed = {when: ms for when, ms in usage.daily_ms.items() if since is not None and when >= since}
        read = None if since is None else DailyUsage(since, needed)
        assert limit_terms(base, grants, Usage(0, daily=read), today) == limit_terms(base, grants, usage, today)

    @given(st.integers(0, 300), grant_lists, days)
    def test_usage_that_does_not_reach_back_far_enough_gives_no_limit(
        self, base: int, grants: tuple[NetGrant, ...], today: date
    ) -> None:
        since = daily_usage_needed_since(grants, today)
        if since is None:
            assert limit_terms(base, grants, Usage(0), today).total_ms == base * 1000
            return
        for read in (None, DailyUsage(since + timedelta(days=1), {})):
            with pytest.raises(UsageNotRead):
                limit_terms(base, grants, Usage(0, daily=read), today)

    @given(st.integers(0, 300), grant_lists, usages, days)
    def test_what_a_grant_paid_for_a_day_stays_paid_while_it_credits(
        self, base: int, grants: tuple[NetGrant, ...], usage: Usage, today: date
    ) -> None:
        tomorrow = today + timedelta(days=1)
        later = {ledger.grant: ledger for ledger in limit_terms(base, grants, usage, tomorrow).grants}
        if len(later) < len(limit_terms(base, grants, usage, tomorrow).grants):
            return  # two grants alike cannot be told apart here
        for ledger in limit_terms(base, grants, usage, today).grants:
            if ledger.grant in later and later[ledger.grant].still_credits:
                for paid_day, paid_ms in ledger.charged_ms.items():
                    assert later[ledger.grant].charged_ms.get(paid_day) == paid_ms
