"""The nouns: CRNs, grants, fairness."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from fractions import Fraction

import pytest

from qauvern.model import Crn, DailyUsage, Instance, NetGrant, Usage, UsageNotRead, fairness
from tests.helpers.make import Team, crn, snapshot

GOOD = "crn:v1:bluemix:public:quantum-computing:eu-de:a/abc123:0f-9::"


class TestCrn:
    def test_knows_its_parts_and_is_its_text(self) -> None:
        made = Crn(GOOD)
        assert (made.region, made.account_id, made.guid) == ("eu-de", "abc123", "0f-9")
        assert made == GOOD
        assert {GOOD: 1}[made] == 1

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "crn",
            GOOD[:-1],
            GOOD + "x",
            GOOD + "\n",
            " " + GOOD,
            GOOD.replace("quantum-computing", "cloud-object-storage"),
            GOOD.replace("eu-de", ""),
            GOOD.replace("a/abc123", "abc123"),
            GOOD.replace("a/abc123", "a/"),
            GOOD.replace("0f-9", ""),
            GOOD.replace("v1", "v2"),
            GOOD.replace("eu-de", "eu/de"),
        ],
    )
    def test_refuses_what_is_none_and_says_how_one_reads(self, text: str) -> None:
        with pytest.raises(ValueError, match="quantum-computing:REGION:a/ACCOUNT:GUID::"):
            Crn(text)

    def test_survives_copies_with_its_parts(self) -> None:
        for made in (copy.deepcopy(Crn(GOOD)), pickle.loads(pickle.dumps(Crn(GOOD)))):
            assert isinstance(made, Crn)
            assert made.region == "eu-de"


class TestFairness:
    @pytest.mark.parametrize(
        ("consumed_ms", "allocation", "expected"),
        [
            pytest.param(250, 1, Fraction(1, 4), id="consumed over allocation"),
            pytest.param(3_000, 1, Fraction(3), id="above 1"),
            pytest.param(0, 10, Fraction(0), id="unused"),
            pytest.param(0, 0, Fraction(0), id="neither"),
            pytest.param(1, 0, None, id="infinite"),
        ],
    )
    def test_is(self, consumed_ms: int, allocation: int, expected: Fraction | None) -> None:
        assert fairness(consumed_ms, allocation) == expected


class TestNetGrant:
    @pytest.mark.parametrize(
        ("today", "active"),
        [(date(2026, 2, 28), False), (date(2026, 3, 1), True), (date(2026, 3, 10), True), (date(2026, 3, 11), False)],
    )
    def test_is_active_from_its_start_on_and_before_its_end(self, today: date, active: bool) -> None:
        assert NetGrant(date(2026, 3, 1), date(2026, 3, 11), 100).is_active(today) is active


class TestInstance:
    @pytest.mark.parametrize(("allocation", "archived"), [(0, True), (1, False), (None, False)])
    def test_is_archived_at_an_allocation_of_0_and_not_without_one(
        self, allocation: int | None, archived: bool
    ) -> None:
        assert Instance("a", crn("a"), allocation, None).is_archived is archived


class TestSnapshot:
    def test_the_plans_usage_is_that_of_configured_and_others(self) -> None:
        seen = snapshot([Team("a", consumed=1.5), Team("b", consumed=2)], budget=10, unconfigured_consumed=0.25)
        assert seen.plan_consumed_ms == 1_500 + 2_000 + 250


class TestUsage:
    def test_what_was_not_read_is_not_zero(self) -> None:
        for figure in ("daily_ms", "recent_ms", "last_14d_ms", "last_7d_ms", "last_3d_ms", "last_24h_ms"):
            with pytest.raises(UsageNotRead):
                getattr(Usage(7), figure)

    def test_daily_usage_knows_its_days_from_the_first_that_was_read(self) -> None:
        daily = DailyUsage(date(2026, 3, 2), {date(2026, 3, 3): 5})
        assert (daily.get(date(2026, 3, 3), 0), daily.get(date(2026, 3, 2), 0), dict(daily)) == (
            5,
            0,
            {date(2026, 3, 3): 5},
        )
        with pytest.raises(UsageNotRead) as unread:
            daily.get(date(2026, 3, 1), 0)
        assert unread.value.facts == {"since": date(2026, 3, 2), "asked": date(2026, 3, 1)}

    def test_days_between_two_both_included(self) -> None:
        first, last = date(2026, 3, 2), date(2026, 3, 4)
        daily = DailyUsage(first, {date(2026, 3, 5): 4, last: 3, first: 1})
        assert daily.between(first, last) == [(first, 1), (last, 3)]
        with pytest.raises(UsageNotRead):
            daily.between(date(2026, 3, 1), last)
