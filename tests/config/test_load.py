"""The config file: what is taken, and what every refused one is answered."""

from __future__ import annotations

import re
import stat
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import qauvern.config._tree as tree
from qauvern.config import ConfigError, load, parse
from qauvern.errors import Remedy
from qauvern.model import BalancePeriod, BillingPlan, LimitRule, NetGrant, Reserve, ReserveBasis, Settings

PATH = Path("config.yaml")

no_deadline = hypothesis_settings(deadline=None)


def crn(guid: str = "one", account: str = "acc") -> str:
    return f"crn:v1:bluemix:public:quantum-computing:us-east:a/{account}:{guid}::"


def config(top: str = "", instance: str = "", **replaced: str) -> str:
    """A valid file: five lines of its own, then `top`, then one instance with `instance` in it."""
    head = {"account_id": "acc", "plan": "premium", "minimum_allocation_seconds": "60", **replaced}
    lines = [f"{key}: {value}" for key, value in head.items()]
    lines += top.splitlines()
    lines += ["instances:", "  - name: one", f'    crn: "{crn()}"']
    lines += [f"    {line}" for line in instance.splitlines()]
    return "\n".join(lines) + "\n"


def read(text: str | bytes) -> Settings:
    return parse(text if isinstance(text, bytes) else text.encode(), PATH)


def problems(text: str | bytes) -> list[str]:
    """The problems without the path."""
    with pytest.raises(ConfigError) as caught:
        read(text)
    lines = str(caught.value).splitlines()
    assert lines == [str(problem) for problem in caught.value.problems]
    return [line.removeprefix("config.yaml:") for line in lines]


def only_problem(text: str | bytes) -> str:
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


def utc(*parts: int) -> datetime:
    year, month, day, *rest = parts
    return datetime(year, month, day, *rest, tzinfo=timezone.utc)  # type: ignore[arg-type,misc]


class TestWhatIsTaken:
    @pytest.mark.parametrize("written", ["paygo", "PayGo", "PAYGO"])
    def test_plans_in_any_case(self, written: str) -> None:
        assert read(config(plan=written)).plan is BillingPlan.PAYGO

    @pytest.mark.parametrize("written", ["none", '"none"'])
    def test_a_limit_of_none(self, written: str) -> None:
        (instance,) = read(config(instance=f"limit_seconds: {written}")).instances
        assert instance.limit_seconds is LimitRule.NONE

    def test_the_least_file(self) -> None:
        settings = read(config())
        assert settings.account_id == "acc"
        assert settings.plan is BillingPlan.PREMIUM
        assert settings.minimum_allocation_seconds == 60
        assert settings.reserve == Reserve(Decimal(0), ReserveBasis.POOL)
        (instance,) = settings.instances
        assert (instance.name, instance.crn) == ("one", crn())
        assert (instance.limit_seconds, instance.net_grants, instance.period) == (LimitRule.LIVE, (), None)

    def test_every_key(self) -> None:
        settings = read(
            config(
                "allocation_reserve_percent: 12.50\nallocation_reserve_basis: budget\n"
                "balance_period:\n  start_date: 2026-01-01T00:00:00Z\n  end_date: '2026-07-01T02:00:00+02:00'",
                "limit_seconds: 1000000000000\nnet_grants:\n- start_date: 2026-03-01T00:00:00Z\n"
                "  net_grant_seconds: 5\n  end_date: 2026-03-11T00:00:00Z",
            )
        )
        assert settings.reserve == Reserve(Decimal("12.50"), ReserveBasis.BUDGET)
        assert str(settings.reserve.percent) == "12.50"
        (instance,) = settings.instances
        assert instance.limit_seconds == 10**12
        assert instance.net_grants == (NetGrant(date(2026, 3, 1), date(2026, 3, 11), 5),)
        assert instance.period == BalancePeriod(utc(2026, 1, 1), utc(2026, 7, 1))

    @pytest.mark.parametrize("text", ["1e10", "0123", "'12'", '"ab-c_9"', "2026-03-01", "7f00"])
    def test_an_account_id_is_taken_by_its_text_whatever_yaml_reads(self, text: str) -> None:
        plain = text.strip("'\"")
        assert read(config(account_id=text).replace("a/acc:", f"a/{plain}:")).account_id == plain

    @pytest.mark.parametrize("text", ["", " ", " null", " ~", " []", "\n  []"])
    def test_no_net_grants_are_none_even_without_a_limit(self, text: str) -> None:
        assert read(config(instance=f"net_grants:{text.strip(chr(10))}")).instances[0].net_grants == ()

    def test_zero_is_a_minimum_and_a_limit(self) -> None:
        settings = read(config(instance="limit_seconds: 0", minimum_allocation_seconds="0"))
        assert (settings.minimum_allocation_seconds, settings.instances[0].limit_seconds) == (0, 0)

    @pytest.mark.parametrize("percent", ["0", "0.0", "99.999", "7"])
    def test_reserve_percent_is_exact(self, percent: str) -> None:
        assert str(read(config(f"allocation_reserve_percent: {percent}")).reserve.percent) == percent

    def test_equal_names_and_a_byte_order_mark_and_windows_line_ends(self) -> None:
        text = config() + f'  - name: one\n    crn: "{crn("two")}"\n'
        settings = read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
        assert [instance.name for instance in settings.instances] == ["one", "one"]

    def test_a_name_of_180_characters(self) -> None:
        name = "é" * 180
        assert read(config().replace("name: one", f"name: {name}")).instances[0].name == name


class TestDates:
    @pytest.mark.parametrize(
        ("written", "moment"),
        [
            ("2026-03-01T00:00:00Z", utc(2026, 3, 1)),
            ("'2026-03-01T00:00:00Z'", utc(2026, 3, 1)),
            ("2026-03-01 00:00:00+00:00", utc(2026, 3, 1)),
            ("2026-03-01 00:00:00 +00:00", utc(2026, 3, 1)),
            ("2026-03-01T05:30:00+05:30", utc(2026, 3, 1)),
            ("2026-03-01t01:00:00.5+01", utc(2026, 3, 1, 0, 0, 0, 500_000)),
            ("2026-3-1 1:00:00 +1", utc(2026, 3, 1)),
            ("2026-03-01T00:00z", utc(2026, 3, 1)),
            ("2026-03-01T00:00:00-0100", utc(2026, 3, 1, 1)),
            ("20260301T000000Z", utc(2026, 3, 1)),
            ("9999-12-31T23:59:59Z", utc(9999, 12, 31, 23, 59, 59)),
        ],
    )
    def test_every_way_to_write_a_moment(self, written: str, moment: datetime) -> None:
        settings = read(config(f"balance_period:\n  start_date: {written}"))
        assert settings.instances[0].period == BalancePeriod(moment)

    @pytest.mark.parametrize(
        ("written", "answer"),
        [
            ("2026-03-01", "has no time: write 2026-03-01T00:00:00Z"),
            ("2026-3-1", "has no time: write 2026-03-01T00:00:00Z"),
            ("2026-03-01T00:00:00", "has no UTC offset: write 2026-03-01T00:00:00Z"),
            ("'2026-03-01 10:00'", "has no UTC offset: write 2026-03-01T10:00Z"),
            ("2026-02-30T00:00:00Z", "not a date that exists"),
            ("2026-03-01T25:00:00Z", "not a date that exists"),
            ("2026-03-01T00:00:00+99:00", "not a date that exists"),
            ("0000-01-01T00:00:00Z", "not a date that exists"),
            ("0001-01-01T00:00:00+10:00", "outside the years 1970 to 9999"),
            ("9999-12-31T23:59:59-10:00", "outside the years 1970 to 9999"),
            ("0206-03-01T00:00:00Z", "outside the years 1970 to 9999"),
            ("20260-03-01T00:00:00Z", "not a date that exists"),
            ("2026", "has no UTC offset"),
            ("yesterday", "not an ISO 8601 date"),
            ("true", "not an ISO 8601 date"),
            ("1" * 5000, "not an ISO 8601 date"),
            ("٢٠٢٦-03-01T00:00:00Z", "not an ISO 8601 date"),
            ("", "is empty (null): write a date such as 2026-03-01T00:00:00Z"),
            ("[]", "is a list: write a date such as"),
        ],
    )
    def test_what_is_no_moment(self, written: str, answer: str) -> None:
        found = only_problem(config(f"balance_period:\n  start_date: {written}"))
        assert found.startswith("5:1")
        assert answer in found

    @pytest.mark.parametrize(
        ("own", "period"),
        [
            ("", BalancePeriod(utc(2026, 1, 1), utc(2026, 7, 1))),
            ("start_date: 2026-02-01T00:00:00Z", BalancePeriod(utc(2026, 2, 1), utc(2026, 7, 1))),
            ("end_date: 2026-02-01T00:00:00Z", BalancePeriod(utc(2026, 1, 1), utc(2026, 2, 1))),
            (
                "start_date: 2027-02-01T00:00:00Z\nend_date: 2027-02-02T00:00:00Z",
                BalancePeriod(utc(2027, 2, 1), utc(2027, 2, 2)),
            ),
        ],
    )
    def test_own_dates_override_those_of_the_balance_period(self, own: str, period: BalancePeriod) -> None:
        top = "balance_period:\n  start_date: 2026-01-01T00:00:00Z\n  end_date: 2026-07-01T00:00:00Z"
        assert read(config(top, own)).instances[0].period == period

    @pytest.mark.parametrize(
        ("top", "own", "answer"),
        [
            ("", "end_date: 2026-02-01T00:00:00Z", "there is no start_date to go with it"),
            (
                "",
                "start_date: 2026-02-01T00:00:00Z\nend_date: 2026-02-01T00:00:00Z",
                "is not after the start_date, 2026-02-01T00:00:00Z",
            ),
            (
                "balance_period: {start_date: 2026-01-01T00:00:00Z}",
                "end_date: 2025-02-01T00:00:00Z",
                "is not after the start_date of balance_period, 2026-01-01",
            ),
            (
                "balance_period: {start_date: 2026-01-01T00:00:00Z, end_date: 2026-02-01T00:00:00Z}",
                "start_date: 2026-02-01T00:00:00Z",
                "is not before the end_date of balance_period, 2026-02-01T00:00:00Z: add an end_date here",
            ),
            (
                "balance_period: {start_date: 2026-01-01T00:00:00Z, end_date: 2025-02-01T00:00:00Z}",
                "",
                "is not after start_date, 2026-01-01T00:00:00Z",
            ),
            ("balance_period: {end_date: 2026-01-01T00:00:00Z}", "", "balance_period has no `start_date`"),
            ("balance_period:", "", "is empty (null): write start_date and end_date"),
        ],
    )
    def test_periods_that_are_none(self, top: str, own: str, answer: str) -> None:
        assert answer in only_problem(config(top, own))


class TestNetGrants:
    @pytest.mark.parametrize(
        ("dates", "days"),
        [
            ("start_date: 2026-03-01T00:00:00Z", (date(2026, 3, 1), date(2026, 3, 29))),
            # 23:00 at -02:00 is 01:00 of the next day in UTC.
            ("start_date: 2026-02-28T23:00:00-02:00", (date(2026, 3, 1), date(2026, 3, 29))),
            (
                "start_date: 2026-03-01T23:59:00Z\n  end_date: 2026-03-02T00:00:00Z",
                (date(2026, 3, 1), date(2026, 3, 2)),
            ),
        ],
    )
    def test_dates_are_whole_utc_dates_and_the_end_is_28_days_on(self, dates: str, days: tuple[date, date]) -> None:
        (grant,) = (
            read(config(instance=f"limit_seconds: 1\nnet_grants:\n- net_grant_seconds: 1\n  {dates}"))
            .instances[0]
            .net_grants
        )
        assert (grant.start_date, grant.end_date) == days

    @pytest.mark.parametrize(
        ("grant", "answer"),
        [
            (
                "{start_date: 2026-03-01T00:00:00Z, end_date: 2026-03-01T23:00:00Z, net_grant_seconds: 1}",
                "it is from 2026-03-01 on and before 2026-03-01, in whole UTC dates; write 2026-03-02 or later",
            ),
            ("{start_date: 2026-03-01T00:00:00Z, net_grant_seconds: 0}", "write more than 0 seconds"),
            ("{start_date: 2026-03-01T00:00:00Z}", "a net grant has no `net_grant_seconds`"),
            ("{net_grant_seconds: 5}", "a net grant has no `start_date`"),
            ("{start_date: 9999-12-20T00:00:00Z, net_grant_seconds: 1}", "is too far ahead"),
            (
                "{start_date: 9999-12-31T00:00:00Z, end_date: 9999-12-31T00:00:00Z, net_grant_seconds: 1}",
                "could never be active",
            ),
            ("5", "not a mapping: a net grant is a mapping with start_date and net_grant_seconds"),
            ("", "this is empty: a net grant is a mapping"),
        ],
    )
    def test_grants_that_are_none(self, grant: str, answer: str) -> None:
        assert answer in only_problem(config(instance=f"limit_seconds: 1\nnet_grants:\n- {grant}"))

    def test_a_grant_without_a_limit(self) -> None:
        text = config(instance="net_grants:\n- {start_date: 2026-03-01T00:00:00Z, net_grant_seconds: 1}")
        assert only_problem(text) == (
            "8:5: net_grants: a net grant comes on top of a limit, and this instance has none: add limit_seconds"
        )

    def test_a_malformed_limit_is_the_one_problem(self) -> None:
        grants = "net_grants:\n- {start_date: 2026-03-01T00:00:00Z, net_grant_seconds: 1}"
        assert "limit_seconds: `10h` is not whole seconds: write 36000" in only_problem(
            config(instance=f"limit_seconds: 10h\n{grants}")
        )


class TestWholeSeconds:
    @pytest.mark.parametrize(
        ("written", "answer"),
        [
            ("yes", "`yes` is read as true or false: write whole seconds"),
            ("true", "`true` is read as true or false"),
            ("-1", "`-1` is below 0: write 0 or more"),
            ("-0", "`-0` is below 0"),
            ("+60", "`+60` has a sign: write 60"),
            ("1.5", "`1.5` is a fraction: write whole seconds, 1 or the next one up"),
            ("60.0", "`60.0` is written as a fraction: write 60"),
            ("010", "`010` is read by YAML as octal, that is 8: write 10 if you mean 10"),
            ("089", "`089` has a leading 0: write 89"),
            ("0o10", "`0o10` is written as octal: write 8"),
            ("0x3C", "`0x3C` is written as hexadecimal: write 60"),
            ("0b11", "`0b11` is written as binary: write 3"),
            ("1:30", "`1:30` is read by YAML as a number to the base 60, that is 90"),
            ("1_000", "`1_000` has separators between its digits: write 1000"),
            ("96,000", "`96,000` has separators between its digits: write 96000"),
            ("'60'", "`60` is quoted, and so is text: write it without quotes, 60"),
            ('"lots"', "`lots` is text: write whole seconds without quotes"),
            ("1e3", "`1e3` is written with an exponent: write 1000"),
            ("1.0e+3", "`1.0e+3` is written with an exponent: write 1000"),
            ("1e999999999", "`1e999999999` is written with an exponent: write every digit"),
            (".inf", "`.inf` is not a finite number"),
            (".NaN", "`.NaN` is not a finite number"),
            ("2026-03-01", "`2026-03-01` is read as a date"),
            ("10h", "`10h` is not whole seconds: write 36000"),
            ("lots", "`lots` is not whole seconds: write a number such as 3600"),
            ("٣", "is not whole seconds: write a number such as 3600"),
            ("", "is empty (null): write whole seconds such as 3600"),
            ("null", "is empty (null): write whole seconds such as 3600"),
            ("[60]", "is a list: write whole seconds"),
            ("{a: 60}", "is a mapping of keys to values: write whole seconds"),
            ("1000000000001", "is too large: write at most 1000000000000 seconds"),
            ("9" * 5000, "is too large"),
            ("0" * 5000, "has a leading 0"),
            ("0x" + "f" * 9000, "is written as hexadecimal: write it with decimal digits"),
            ("!!int 5", "the tag `tag:yaml.org,2002:int` is not supported"),
        ],
        ids=lambda value: value[:20],
    )
    def test_each_mistake_says_what_it_was_read_as_and_what_to_write(self, written: str, answer: str) -> None:
        found = only_problem(config(minimum_allocation_seconds=written))
        assert found.startswith("3:")
        assert answer in found
        assert len(found) < 250


class TestReserve:
    @pytest.mark.parametrize(
        ("written", "answer"),
        [
            ("100", "leaves nothing to hand out"),
            ("-1", "is below 0"),
            ("yes", "is read as true or false"),
            (".nan", "is not a decimal number"),
            (".inf", "is not a decimal number"),
            ("'10'", "is quoted"),
            ("10%", "write 10"),
            (".5", "write 0.5"),
            ("1e1", "is not a decimal number"),
            ("010", "is not a decimal number"),
            ("1_0", "is not a decimal number"),
            ("0." + "1" * 9000, "has too many digits"),
            ("", "is empty (null)"),
        ],
        ids=lambda value: value[:20],
    )
    def test_percent(self, written: str, answer: str) -> None:
        assert answer in only_problem(config(f"allocation_reserve_percent: {written}"))

    def test_basis(self) -> None:
        assert "`pol` is not a basis of the reserve: did you mean pool?" in only_problem(
            config("allocation_reserve_basis: pol")
        )


class TestWords:
    @pytest.mark.parametrize(
        ("written", "answer"),
        [
            ("123", '`123` is read by YAML as a number: quote it, "123"'),
            ("yes", '`yes` is read by YAML as true or false: quote it, "yes"'),
            ("2026-03-01", '`2026-03-01` is read by YAML as a date: quote it, "2026-03-01"'),
            ("", "is empty (null): write the instance's name"),
            ('""', "the name is blank"),
            ('"  "', "the name is blank"),
            (r'"a\nb"', r"`a\nb` holds the control character U+000A"),
            (r'"a\x1b[0m"', r"`a\x1b[0m` holds the control character U+001B"),
            ("x" * 181, "has 181 characters: a name has at most 180"),
        ],
        ids=lambda value: value[:20],
    )
    def test_names(self, written: str, answer: str) -> None:
        assert answer in only_problem(config().replace("name: one", f"name: {written}"))

    @pytest.mark.parametrize(
        ("written", "answer"),
        [
            ("premum", "`premum` is not a plan: did you mean premium?"),
            ("flex", "the plan flex is not shared: it has no rolling window"),
            ("Open", "the plan open is not shared: it has no allocation to share"),
            ("lite", "write internal, premium or paygo"),
        ],
    )
    def test_plans(self, written: str, answer: str) -> None:
        assert answer in only_problem(config(plan=written))

    @pytest.mark.parametrize(
        ("written", "answer"),
        [("a b", "is not an account id"), ("''", "is not an account id"), ("", "is empty (null)"), ("~", "is empty")],
    )
    def test_account_ids(self, written: str, answer: str) -> None:
        assert answer in only_problem(config(account_id=written))

    def test_a_malformed_crn(self) -> None:
        assert "is not the CRN of a quantum service instance" in only_problem(config().replace("a/acc", "acc"))

    def test_a_crn_of_another_account(self) -> None:
        assert only_problem(config().replace("a/acc", "a/other")) == (
            "6:10: crn: the instance is of account other, but account_id is acc: "
            "take the instance out, or correct account_id"
        )

    def test_a_crn_listed_twice_names_the_first_line(self) -> None:
        text = config() + f'  - name: two\n    crn: "{crn()}"\n'
        assert only_problem(text) == "8:10: crn: this instance is listed already, on line 6: keep one"

    def test_a_crn_without_quotes(self) -> None:
        assert "a CRN ends in `::` and has to stand in quotes" in only_problem(config().replace('"', ""))


class TestKeys:
    def test_an_unknown_key_is_answered_with_the_nearest(self) -> None:
        assert only_problem(config("allocation_reserve_bases: 5")) == (
            "4:1: unknown key `allocation_reserve_bases` in the config file: did you mean `allocation_reserve_basis`?"
        )

    def test_or_with_the_known_ones(self) -> None:
        assert only_problem(config(instance="colour: red")) == (
            "7:5: unknown key `colour` in an instance: known are name, crn, group, limit_seconds, net_grants, "
            "start_date and end_date"
        )

    def test_or_with_where_it_belongs(self) -> None:
        assert "it belongs to a group or an instance; check the indentation" in only_problem(config("limit_seconds: 5"))
        assert "it belongs to an instance; check the indentation" in only_problem(config("net_grants: []"))

    def test_a_misspelled_required_key_is_not_also_missing(self) -> None:
        assert "did you mean `account_id`?" in only_problem(config().replace("account_id", "acount_id"))

    @pytest.mark.parametrize(
        ("key", "instead"),
        [
            ("enforce_usage_floor", "every floor covers 28-day usage now; take the key out"),
            ("usage_floor_relax_above_percent", "floors relax by themselves when the plan is over budget"),
            ("target_usage_seconds", "write limit_seconds for a cap"),
            ("projects", "write its entries under instances"),
            ("project_limit_seconds", "write limit_seconds"),
            ("plan_id", "write plan: internal, premium or paygo"),
        ],
    )
    def test_keys_of_older_formats_are_refused_with_what_to_write_instead(self, key: str, instead: str) -> None:
        problem = only_problem(config(f"{key}: 5"))
        assert f"`{key}` is a key of an older format" in problem
        assert instead in problem

    def test_a_key_given_twice(self) -> None:
        assert only_problem(config("plan: paygo")) == "4:1: `plan` is given twice, first on line 2: keep one"

    @pytest.mark.parametrize("key", ["[a]", "{a: b}", "? [a]\n"])
    def test_a_key_that_is_no_word(self, key: str) -> None:
        assert "4:" in only_problem(config(f"{key}: 5"))

    @pytest.mark.parametrize("key", ["account_id", "plan", "minimum_allocation_seconds"])
    def test_missing_keys_of_the_file(self, key: str) -> None:
        text = "\n".join(line for line in config().splitlines() if not line.startswith(key))
        assert only_problem(text).startswith(f"1:1: the config file has no `{key}`: add it, with ")

    def test_missing_keys_of_an_instance(self) -> None:
        found = problems("account_id: a\nplan: paygo\nminimum_allocation_seconds: 1\ninstances:\n  - {}\n")
        assert [line.split(":")[2] for line in found] == [" an instance has no `name`", " an instance has no `crn`"]

    def test_all_missing_at_once(self) -> None:
        assert len(problems("{}")) == 4


class TestStructure:
    @pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
    def test_an_empty_file(self, text: str) -> None:
        assert only_problem(text) == "1:1: the file is empty"

    @pytest.mark.parametrize("text", ["- a\n", "hello\n", "null\n", "5"])
    def test_a_file_that_is_no_mapping(self, text: str) -> None:
        assert only_problem(text).startswith("1:1: the file is not a mapping of keys to values")

    @pytest.mark.parametrize(
        ("text", "answer"),
        [("", "is empty (null)"), ("five", "is a single value"), ("{}", "is a mapping")],
    )
    def test_no_instances(self, text: str, answer: str) -> None:
        head = config().split("instances:")[0]
        assert answer in only_problem(f"{head}instances: {text}\n")

    def test_an_empty_list_of_instances_is_a_valid_file(self) -> None:
        head = config().split("instances:")[0]
        assert read(f"{head}instances: []\n").instances == ()

    def test_several_documents(self) -> None:
        assert only_problem(config() + "---\nplan: paygo\n").startswith("7:1: a second YAML document starts here")

    def test_aliases_anchors_and_merge_keys(self) -> None:
        text = config("balance_period: &p\n  start_date: 2026-01-01T00:00:00Z", "<<: *p\nlimit_seconds: *q")
        assert [line.split(":")[2] for line in problems(text)] == [
            " the anchor `&p` is not supported",
            " the merge key `<<` is not supported",
            " the alias `*p` is not supported",
            " the alias `*q` is not supported",
        ]

    def test_a_billion_laughs_cost_nothing(self) -> None:
        lines = ["a0: &a0 [lol]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
        assert sum("is not supported" in line for line in problems("\n".join(lines))) == 12 + 9 * 11

    @pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 5_000 + "a", "? " * 5_000])
    def test_deep_nesting(self, text: str) -> None:
        """Refused with a place, by our own bound or by a parser that has one: which of the two is not ours to pin."""
        assert re.match(r"1:\d+: ", problems(text)[-1])

    def test_tags(self) -> None:
        assert "is not supported: write the value without a tag" in only_problem(
            config().replace("name: one", "name: !!python/object/apply:os.system [ls]")
        )

    @pytest.mark.parametrize(
        ("text", "answer"),
        [
            ("a: [1\nb: 2\n", "2:2: not YAML: "),
            ("a:\n\tb: 1\n", "2:1: not YAML: there is a tab here"),
            ("a: 'x\n", "not YAML: "),
            ("a: b: c\n", "1:5: not YAML: "),
            ("%YAML 9999.1\n---\na\n", "not YAML"),
        ],
    )
    def test_syntax_errors(self, text: str, answer: str) -> None:
        assert answer in only_problem(text)

    def test_control_characters_all_at_once(self) -> None:
        assert problems("a: \0\nbb: \x1b\n") == [
            "1:4: the control character U+0000 cannot stand in YAML: take it out",
            "2:5: the control character U+001B cannot stand in YAML: take it out",
        ]

    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
    def test_not_utf_8(self, mark: bytes) -> None:
        assert only_problem(mark + "a: é\nb: ".encode() + b"\xe9\n") == (
            "2:4: the byte 0xe9 is not UTF-8: save the file as UTF-8"
        )

    def test_all_problems_at_once_by_position(self) -> None:
        own = "limit_seconds: 1.5\nstart_date: 2026-03-01"
        text = config("foo: 1", own, plan="no", minimum_allocation_seconds="010")
        found = problems(text)
        assert [line.split(" ")[0] for line in found] == ["2:7:", "3:29:", "4:1:", "8:20:", "9:17:"]

    def test_more_problems_than_anybody_reads(self) -> None:
        found = problems("\n".join(f"k{n}:" for n in range(3_000)))
        assert len(found) == 1_001
        assert "only the first 1,000 problems are listed" in found[-1]

    def test_more_values_than_a_config_file_has(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tree, "MAX_EVENTS", 100)
        assert "more than 100 keys and values" in only_problem("a: [" + "1," * 100 + "]")

    def test_both_of_pyyamls_loaders_say_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        own = "limit_seconds:\nnet_grants:\n- {start_date: '1', x: *y }\n- &z a: 010\n-\nend_date:"
        text = config("foo: [1, {a: b}]\nplan:", own)
        first = problems(text)
        monkeypatch.setattr(tree, "LOADER", yaml.SafeLoader)
        assert problems(text) == first
        assert len(first) > 8


class TestFiles:
    def test_the_path_leads_every_problem(self, tmp_path: Path) -> None:
        path = tmp_path / "my.yaml"
        path.write_text("- a")
        with pytest.raises(ConfigError) as caught:
            load(path)
        (problem,) = caught.value.problems
        assert (problem.path, problem.line, problem.column) == (path, 1, 1)
        assert str(caught.value).startswith(f"{path}:1:1: ")

    def test_a_good_file(self, tmp_path: Path) -> None:
        path = tmp_path / "config.yaml"
        path.write_text(config())
        assert load(path) == read(config())

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="no such file") as refusal:
            load(tmp_path / "none.yaml")
        assert [problem.remedy for problem in refusal.value.problems] == [Remedy.WRITE_CONFIG]

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="is a folder"):
            load(tmp_path)

    def test_an_unreadable_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(ConfigError, match="no permission to read it"):
            load(tmp_path / "config.yaml")

    @pytest.mark.parametrize("name", ["x" * 5_000, "a\0b", "file/below"], ids=["too long", "NUL", "below a file"])
    def test_impossible_names(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(ConfigError, match="cannot be read"):
            load(tmp_path / name)

    def test_a_file_larger_than_16_mb(self, tmp_path: Path) -> None:
        path = tmp_path / "config.yaml"
        with path.open("wb") as file:
            file.truncate(16 * 1024 * 1024 + 1)
        assert stat.S_ISREG(path.stat().st_mode)
        with pytest.raises(ConfigError, match="larger than 16 MB"):
            load(path)


YAML_LIKE = st.text(alphabet=st.sampled_from("ab01-:?,[]{}&*!|>'\"%@`#<=~. \n\t\\xuU\u0085\u2028\ufeffé"), max_size=80)
VALUES = st.one_of(YAML_LIKE, st.text(max_size=30), st.from_regex(r"[-+0-9._:eExoTZ ]{1,25}", fullmatch=True))
LOADERS = st.sampled_from([tree.LOADER, yaml.SafeLoader])


class TestAnythingElse:
    """Whatever the file holds, it is either settings or a ConfigError."""

    @no_deadline
    @given(st.binary(max_size=200))
    def test_any_bytes(self, content: bytes) -> None:
        self.attempt(content)

    @no_deadline
    @given(YAML_LIKE, LOADERS)
    @example('"\\UFFFFFFFF"', yaml.SafeLoader)
    @example('"\\ud800"', yaml.SafeLoader)
    @example("%YAML " + "9" * 5000 + ".1\n---\na", yaml.SafeLoader)
    @example("!%ff a", yaml.SafeLoader)
    def test_any_yaml_like_text(self, text: str, loader: object) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tree, "LOADER", loader)
            self.attempt(text.encode("utf-8", "surrogatepass"))

    @no_deadline
    @given(
        st.sampled_from(["minimum_allocation_seconds", "plan", "account_id", "allocation_reserve_percent", "name"]),
        VALUES,
    )
    def test_any_value_of_a_key(self, key: str, value: str) -> None:
        text = config(instance=f"{key}: {value}") if key == "name" else config(**{key: value})
        self.attempt(text.encode("utf-8", "surrogatepass"))

    @no_deadline
    @given(VALUES, VALUES)
    def test_any_date(self, start: str, end: str) -> None:
        grant = f"limit_seconds: 1\nnet_grants:\n- start_date: {start}\n  end_date: {end}\n  net_grant_seconds: 1"
        text = config(f"balance_period:\n  start_date: {start}\n  end_date: {end}", grant)
        self.attempt(text.encode("utf-8", "surrogatepass"))

    @staticmethod
    def attempt(content: bytes) -> None:
        refusal = None
        try:
            settings = parse(content, PATH)
        except ConfigError as error:
            refusal = error
        if refusal is None:
            assert settings.instances
        else:
            assert refusal.problems
            assert len(str(refusal).split("\n")) == len(refusal.problems)
