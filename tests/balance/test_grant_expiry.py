"""When a net grant can be taken out of the config file: once it can change no limit any more, whatever is used."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.balance import day_without_effect, effective_limit, grants_without_effect
from qauvern.model import DailyUsage, Instance, InstanceSettings, NetGrant, Usage
from tests.helpers.make import TODAY, crn, grant

LATER_DAYS = 150


def days(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def limit_on(day: date, base: int, grants: tuple[NetGrant, ...], usage: Usage) -> int | None:
    configured = InstanceSettings("team", crn("team"), base, grants)
    return effective_limit(configured, Instance("team", configured.crn, 100, None), usage, day).seconds


@st.composite
def any_grants(draw: st.DrawFn) -> tuple[NetGrant, ...]:
    spans = draw(
        st.lists(st.tuples(st.integers(-120, 40), st.integers(1, 70), st.integers(1, 300)), min_size=1, max_size=5)
    )
    return tuple(grant(days(start), days(start + length), seconds) for start, length, seconds in spans)


any_usage = st.dictionaries(st.integers(-130, LATER_DAYS).map(days), st.integers(0, 200_000), max_size=25).map(
    lambda used_ms: Usage(0, daily=DailyUsage(date.min, used_ms))
)


class TestGrantsWithoutEffect:
    @given(any_grants(), any_usage, st.integers(0, 200))
    def test_without_them_the_limit_is_the_same_on_every_later_day(
        self, grants: tuple[NetGrant, ...], usage: Usage, base: int
    ) -> None:
        dropped = grants_without_effect(grants, TODAY)
        kept = tuple(each for index, each in enumerate(grants) if index not in dropped)
        for offset in range(LATER_DAYS):
            assert limit_on(days(offset), base, kept, usage) == limit_on(days(offset), base, grants, usage)

    @given(any_grants())
    def test_one_goes_on_the_day_that_was_told_and_not_before(self, grants: tuple[NetGrant, ...]) -> None:
        for index in range(len(grants)):
            goes = day_without_effect(grants, index)
            assert index in grants_without_effect(grants, goes)
            assert index not in grants_without_effect(grants, goes - timedelta(days=1))

    @given(any_grants())
    def test_none_that_is_active_or_lies_ahead_goes(self, grants: tuple[NetGrant, ...]) -> None:
        for index in grants_without_effect(grants, TODAY):
            assert grants[index].end_date + timedelta(days=28) <= TODAY

    @pytest.mark.parametrize(
        ("case", "grants", "expected"),
        [
            ("over for 28 days", [(-60, -28)], (0,)),
            ("over for 27 days: its last day is in the window", [(-60, -27)], ()),
            ("over for long, but one overlaps it that still credits", [(-90, -60), (-70, -20)], ()),
            ("so too through another", [(-120, -90), (-95, -50), (-60, -10)], ()),
            ("one ends as the next starts: no overlap", [(-90, -60), (-60, -20)], (0,)),
            ("all of an overlap over", [(-90, -60), (-70, -30), (0, 10)], (0, 1)),
            ("none", [], ()),
        ],
    )
    def test_cases(self, case: str, grants: list[tuple[int, int]], expected: tuple[int, ...]) -> None:
        made = [grant(days(start), days(end), 100) for start, end in grants]
        assert grants_without_effect(made, TODAY) == expected, case

    def test_one_over_for_long_may_still_count(self) -> None:
        """What the first has paid is not charged to the second as long as both are in the file (Design.md)."""
        first, second = grant(days(-90), days(-60), 100), grant(days(-90), days(-10), 100)
        usage = Usage(0, daily=DailyUsage(date.min, {days(-80): 100_000, days(-20): 50_000}))
        # -80 is paid by the first, so the second pays -20: 10 + 50; alone it spends all on -80 and pays nothing of -20
        assert limit_on(TODAY, 10, (first, second), usage) == 60
        assert limit_on(TODAY, 10, (second,), usage) == 10
        assert grants_without_effect([first, second], TODAY) == ()


class TestDayWithoutEffect:
    def test_is_28_days_after_the_last_end_of_what_overlaps(self) -> None:
        grants = [grant(days(-90), days(-60), 1), grant(days(-70), days(-20), 1), grant(days(5), days(9), 1)]
        assert [day_without_effect(grants, index) for index in range(3)] == [days(8), days(8), days(37)]

    def test_a_grant_without_end_in_practice_has_one_all_the_same(self) -> None:
        forever = grant(days(-5), date.max, 1)
        assert day_without_effect([forever], 0) == date.max
