"""Guardrails: exact at their threshold, and their refusal says what was found."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern.errors import Remedy
from qauvern.model import Guardrails
from qauvern.plan import Change, GuardrailName, refusals
from tests.helpers.account import change


def changes(count: int) -> tuple[Change, ...]:
    return tuple(change(f"i{index}", 100, 101) for index in range(count))


def refused(guardrails: Guardrails, *some: Change, configured: int = 10) -> list[GuardrailName]:
    return [refusal.name for refusal in refusals(some, guardrails, configured)]


class TestThresholds:
    @pytest.mark.parametrize(("most", "count", "holds"), [(3, 3, True), (3, 4, False), (0, 0, True), (0, 1, False)])
    def test_max_changes(self, most: int, count: int, holds: bool) -> None:
        assert (refused(Guardrails(max_changes=most), *changes(count)) == []) == holds

    @pytest.mark.parametrize(
        ("percent", "count", "configured", "holds"),
        [
            pytest.param("30", 3, 10, True, id="3 of 10 is 30%"),
            pytest.param("29.9", 3, 10, False, id="and above 29.9%"),
            pytest.param("33.3", 1, 3, False, id="1 of 3 is above 33.3%"),
            pytest.param("33.34", 1, 3, True, id="and below 33.34%"),
            pytest.param("0.1", 1, 1000, True, id="1 of 1000 is 0.1%, which no float is"),
            pytest.param("0.07", 7, 10_000, True, id="7 of 10,000 is 0.07%"),
            pytest.param("0", 1, 1000, False, id="0% allows none"),
        ],
    )
    def test_max_changes_percent(self, percent: str, count: int, configured: int, holds: bool) -> None:
        guardrails = Guardrails(max_changes_percent=Decimal(percent))
        assert (refused(guardrails, *changes(count), configured=configured) == []) == holds

    @pytest.mark.parametrize(
        ("percent", "before", "after", "holds"),
        [
            pytest.param("30", 100, 70, True, id="100 to 70 is 30%"),
            pytest.param("30", 100, 69, False, id="100 to 69 is 31%"),
            pytest.param("0.1", 1000, 999, True, id="1000 to 999 is 0.1%"),
            pytest.param("0.1", 999, 998, False, id="999 to 998 is a little more"),
            pytest.param("14.3", 7, 6, True, id="7 to 6 is 14.2857...%"),
            pytest.param("14.28", 7, 6, False, id="and above 14.28%"),
            pytest.param("0", 100, 100, True, id="0% allows what stays"),
            pytest.param("0", 100, 500, True, id="0% allows an increase"),
        ],
    )
    def test_max_decrease_percent(self, percent: str, before: int, after: int, holds: bool) -> None:
        guardrails = Guardrails(max_decrease_percent=Decimal(percent))
        assert (refused(guardrails, change("a", before, after, limits=(None, 5))) == []) == holds

    @given(
        before=st.integers(1, 10**9),
        after=st.integers(1, 10**9),
        hundredths=st.integers(0, 10_000),
    )
    def test_max_decrease_percent_is_exact(self, before: int, after: int, hundredths: int) -> None:
        guardrails = Guardrails(max_decrease_percent=Decimal(hundredths) / 100)
        decrease = Fraction(before - after, before) * 100
        assert bool(refused(guardrails, change("a", before, after))) == (decrease > Fraction(hundredths, 100))


def test_an_instance_without_an_allocation_never_decreases() -> None:
    assert refused(Guardrails(max_decrease_percent=Decimal(0)), change("a", None, None, limits=(5, 1))) == []


def test_only_the_offenders_of_a_decrease_are_named() -> None:
    guardrails = Guardrails(max_decrease_percent=Decimal("12.5"))
    (refusal,) = refusals([change("big", 1_000, 10), change("small", 100, 99)], guardrails, 2)
    assert [offender.name for offender in refusal.offenders] == ["big"]


@pytest.mark.parametrize(
    ("guardrails", "allows", "found"),
    [
        (
            Guardrails(max_changes=1),
            "max_changes allows 1 changes",
            "there are 2: big 1,000 -> 10 s, paygo (limit)",
        ),
        (
            Guardrails(max_changes_percent=Decimal("0.08110")),  # 1.000774 of 1,234
            "max_changes_percent allows changes to 0.08110% of the 1,234 configured instances, which is 1",
            "there are 2: big 1,000 -> 10 s, paygo (limit)",
        ),
        (
            Guardrails(max_decrease_percent=Decimal("12.5")),
            "max_decrease_percent allows a decrease by 12.5% of an instance's allocation",
            "1 changes go beyond it: big 1,000 -> 10 s",
        ),
    ],
)
def test_a_refusal_says_what_is_allowed_what_was_found_and_what_to_do(
    guardrails: Guardrails, allows: str, found: str
) -> None:
    some = [change("big", 1_000, 10), change("paygo", None, None, limits=(None, 5))]
    (refusal,) = refusals(some, guardrails, 1_234)
    assert refusal.message == f"guardrail {allows}, but {found}. Nothing was written"
    assert (refusal.remedy, refusal.facts) == (Remedy.RAISE_GUARDRAIL, {"guardrail": refusal.name.value})


def test_an_allocation_that_comes_or_goes_reads_as_from_or_to_0() -> None:
    (refusal,) = refusals([change("new", None, 100), change("old", 100, None)], Guardrails(max_changes=0), 2)
    assert "there are 2: new 0 -> 100 s, old 100 -> 0 s. " in refusal.message


@pytest.mark.parametrize(
    ("count", "end"),
    [(20, "i18 100 -> 101 s, i19 100 -> 101 s. "), (21, "i18 100 -> 101 s, i19 100 -> 101 s and 1 more. ")],
)
def test_twenty_are_named_at_most(count: int, end: str) -> None:
    (refusal,) = refusals(changes(count), Guardrails(max_changes=0), count)
    assert refusal.message.partition("Nothing")[0].endswith(end)
    assert len(refusal.offenders) == count


def test_each_is_ignored_by_its_own_name_alone() -> None:
    guardrails = Guardrails(0, Decimal(0), Decimal(0))
    some = [change("a", 100, 1)]
    assert len(refusals(some, guardrails, 1)) == 3
    for name in GuardrailName:
        assert name not in [refusal.name for refusal in refusals(some, guardrails, 1, [name])]
        assert len(refusals(some, guardrails, 1, [name])) == 2


def test_all_are_off_by_default() -> None:
    assert refused(Guardrails(), change("a", 10**9, 1), *changes(1000), configured=1) == []
