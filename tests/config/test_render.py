"""The text of a new config file reads back as what it was made of."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qauvern.config import config_name, parse, render_config
from qauvern.errors import QauvernError
from qauvern.model import (
    BalancePeriod,
    BillingPlan,
    Crn,
    Group,
    Instance,
    LimitRule,
    NetGrant,
    Reserve,
    Settings,
    Sharing,
)

no_deadline = hypothesis_settings(deadline=None)

START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def live(name: str, guid: str = "g", *, allocation: int | None = 600, limit: int | None = None) -> Instance:
    crn = Crn(f"crn:v1:bluemix:public:quantum-computing:us-east:a/acc:{guid}::")
    return Instance(name, crn, allocation, limit)


def read(text: str) -> Settings:
    return parse(text.encode(), Path("config.yaml"))


class TestRenderConfig:
    def test_by_name_then_crn_without_archived_ones_with_live_limits(self) -> None:
        instances = [
            live("b", "2", limit=0),
            live("gone", "9", allocation=0),
            live("b", "1", limit=500),
            live("a", "3", allocation=None),
        ]
        settings = read(render_config("acc", BillingPlan.PAYGO, instances))
        assert [(one.name, one.crn.guid, one.limit_seconds) for one in settings.instances] == [
            ("a", "3", LimitRule.LIVE),
            ("b", "1", 500),
            ("b", "2", 0),
        ]
        assert (settings.plan, settings.minimum_allocation_seconds) == (BillingPlan.PAYGO, 60)
        assert settings.reserve == Reserve()
        assert settings.instances[0].period is None

    def test_the_balance_period_is_written_in_utc(self) -> None:
        end = datetime(2026, 7, 1, 2, tzinfo=timezone(timedelta(hours=2)))
        settings = read(render_config("acc", BillingPlan.PREMIUM, [live("a")], balance_start=START, balance_end=end))
        assert settings.instances[0].period == BalancePeriod(START, datetime(2026, 7, 1, tzinfo=timezone.utc))

    def test_a_balance_period_without_an_end(self) -> None:
        settings = read(render_config("acc", BillingPlan.PREMIUM, [live("a")], balance_start=START))
        assert settings.instances[0].period == BalancePeriod(START)

    def test_the_optional_keys_work_once_their_mark_is_taken_away(self) -> None:
        text = render_config("acc", BillingPlan.PREMIUM, [live("a", "1"), live("b", "2")])
        text = re.sub(r"^( *)#(?=[a-z-])", r"\1", text, flags=re.MULTILINE)
        # The example stands above `instances:`; here it becomes the first of them.
        before, after = text.split("# For example:\n#\n")
        sample, after = after.split("instances:\n")
        sample = re.sub("^# ", "", sample, flags=re.MULTILINE).replace("a/ACCOUNT:GUID", "a/acc:example")
        settings = read(f"{before}instances:\n{sample}{after}")
        assert settings.reserve == Reserve(Decimal(10))
        first, *others = settings.instances
        assert first.name == "an example"
        assert settings.groups == (Group("a department", Decimal(40), 360_000),)
        assert settings.sharing == Sharing()
        assert first.group == "a department"
        assert first.limit_seconds == 36_000
        assert first.net_grants == (NetGrant(date(2026, 3, 1), date(2026, 4, 1), 7_200),)
        assert first.period == BalancePeriod(
            datetime(2026, 2, 1, tzinfo=timezone.utc), datetime(2026, 5, 1, tzinfo=timezone.utc)
        )
        assert others[0].period == BalancePeriod(START, datetime(2026, 7, 1, tzinfo=timezone.utc))

    @pytest.mark.parametrize(
        ("account", "instances", "start", "end", "answer"),
        [
            ("acc", [], None, None, "no instance of the premium plan"),
            ("acc", [live("a", allocation=0)], None, None, "no instance of the premium plan"),
            ("other", [live("a")], None, None, "is of account acc, not of other"),
            ("a b", [live("a")], None, None, "is not an account id"),
            ("acc", [live("a")], None, START, "has an end and no start"),
            ("acc", [live("a")], START, START, "ends before it begins"),
            ("acc", [live("a")], START.replace(tzinfo=None), None, "need a UTC offset"),
        ],
    )
    def test_what_would_not_read_back_is_refused(
        self, account: str, instances: list[Instance], start: datetime | None, end: datetime | None, answer: str
    ) -> None:
        with pytest.raises(QauvernError, match=answer):
            render_config(account, BillingPlan.PREMIUM, instances, balance_start=start, balance_end=end)

    def test_account_ids_that_look_like_numbers(self) -> None:
        odd = Instance("a", Crn("crn:v1:bluemix:public:quantum-computing:us-east:a/0e10:g::"), 1, None)
        assert read(render_config("0e10", BillingPlan.PREMIUM, [odd])).account_id == "0e10"

    @no_deadline
    @given(st.lists(st.text(max_size=200), min_size=1, max_size=4), st.integers(0, 10**12))
    @example(["yes", "123", "null", "- a"], 1)
    @example(["a: b # c", "'", '"', "\\x"], 1)
    @example(["\x7f", "\x85", "\u2028\ufeff", "\ufffe\U0001f600"], 1)
    @example(["<<", "=", "*a", "!!int"], 1)
    def test_any_names_read_back(self, names: list[str], limit: int) -> None:
        instances = [live(name, f"g{n}", limit=limit) for n, name in enumerate(names)]
        settings = read(render_config("acc", BillingPlan.PREMIUM, instances))
        assert {one.crn: one.name for one in settings.instances} == {
            one.crn: config_name(one.name, one.crn) for one in instances
        }
        assert {one.limit_seconds for one in settings.instances} == {limit}
