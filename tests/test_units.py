"""Seconds, milliseconds and percent: parsed, converted, printed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qauvern import units


class TestParseDuration:
    @pytest.mark.parametrize(
        ("text", "seconds"),
        [
            ("96000", 96_000),
            ("96000s", 96_000),
            ("30m", 30 * 60),
            ("10h", 10 * 3_600),
            ("2.5d", 216_000),
            ("1qau", 96_000),
            ("1QAU", 96_000),
            (" 10 h ", 36_000),
            ("0", 0),
            ("0.5m", 30),
            ("0.001h", Fraction(36, 10)),
        ],
    )
    def test_reads_seconds_and_units(self, text: str, seconds: int | Fraction) -> None:
        if isinstance(seconds, Fraction):
            with pytest.raises(ValueError, match="whole number of seconds"):
                units.parse_duration(text)
        else:
            assert units.parse_duration(text) == seconds

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "s",
            "-1",
            "+1",
            "1w",
            "1.h",
            ".5h",
            "1e3",
            "1h30m",
            "0x10",
            "1,000",
            "ten",
            "nan",
            "inf",
            "1 0",
            "\u0661",
        ],
    )
    def test_refuses_what_is_none_and_shows_it(self, text: str) -> None:
        with pytest.raises(ValueError, match="is not a valid duration") as refusal:
            units.parse_duration(text)
        assert repr(text) in str(refusal.value)

    @pytest.mark.parametrize("text", ["0.5", "0.5s", "0.01m", "0.00001qau"])
    def test_refuses_fractions_of_a_second(self, text: str) -> None:
        with pytest.raises(ValueError, match="whole number of seconds"):
            units.parse_duration(text)

    def test_is_exact_where_floats_are_not(self) -> None:
        assert units.parse_duration("0.1h") == 360
        assert units.parse_duration("9007199254740993") == 9_007_199_254_740_993


class TestMilliseconds:
    @pytest.mark.parametrize(
        ("seconds", "milliseconds"), [(3, 3_000), (Decimal("0.30000000000000004"), 300), (Decimal("1.2345"), 1_234)]
    )
    def test_from_seconds_to_the_nearest(self, seconds: int | Decimal, milliseconds: int) -> None:
        assert units.ms_from_seconds(seconds) == milliseconds

    @given(st.integers(0, 10**15))
    def test_ceil_and_floor_enclose(self, milliseconds: int) -> None:
        low, high = units.floor_seconds(milliseconds), units.ceil_seconds(milliseconds)
        assert low * 1000 <= milliseconds <= high * 1000
        assert high - low == (1 if milliseconds % 1000 else 0)

    @pytest.mark.parametrize(("milliseconds", "text"), [(0, "0"), (2_000, "2"), (2_500, "2.5"), (1, "0.001")])
    def test_as_a_json_number_whole_where_whole(self, milliseconds: int, text: str) -> None:
        assert repr(units.seconds_number(milliseconds)) == text


class TestFormat:
    @pytest.mark.parametrize(
        ("milliseconds", "text"),
        [
            (None, "-"),
            (0, "0"),
            (1, "<0.1"),
            (99, "<0.1"),
            (100, "0.1"),
            (1_000, "1"),
            (1_234_567_000, "1,234,567"),
            (1_234_560, "1,234.6"),
            (999_999, "1,000.0"),
        ],
    )
    def test_milliseconds(self, milliseconds: int | None, text: str) -> None:
        assert units.format_ms(milliseconds) == text

    @pytest.mark.parametrize(("seconds", "text"), [(None, "none"), (0, "0"), (96_000, "96,000")])
    def test_seconds(self, seconds: int | None, text: str) -> None:
        assert units.format_seconds(seconds, absent="none") == text

    @pytest.mark.parametrize(("seconds", "text"), [(60, "+60"), (-1_200, "-1,200"), (0, "0")])
    def test_a_change(self, seconds: int, text: str) -> None:
        assert units.format_signed_seconds(seconds) == text

    @pytest.mark.parametrize(
        ("share", "text"), [(Fraction(1, 8), "12.5%"), (Fraction(0), "0.0%"), (Fraction(3), "300.0%")]
    )
    def test_percent(self, share: Fraction, text: str) -> None:
        assert units.format_percent(share) == text


class TestTimeUnit:
    @pytest.mark.parametrize(
        ("unit", "milliseconds", "text"),
        [
            ("h", 5_000_000, "1.39"),
            ("h", 0, "0"),
            ("h", 36_000_000_000, "10,000.00"),
            ("h", 18_000, "0.01"),  # halves go away from zero
            ("h", 17_999, "<0.01"),
            ("h", -1, ">-0.01"),
            ("min", 90_000, "1.50"),
            ("min", 1, "<0.01"),
            ("qau", 96_000_000, "1.0000"),
            ("qau", 60_000, "0.0006"),
            ("s", 1_234_500, "1,234.5"),
            ("s", 5_000_000, "5,000"),
        ],
    )
    def test_shows_time_to_the_nearest_of_its_last_decimal(self, unit: str, milliseconds: int, text: str) -> None:
        assert units.TimeUnit(unit).text(milliseconds) == text

    @pytest.mark.parametrize(
        ("unit", "milliseconds", "text"),
        [("h", 5_000_000, "+1.39"), ("h", -5_000_000, "-1.39"), ("h", 0, "0"), ("s", -5_000_000, "-5,000")],
    )
    def test_shows_the_sign_of_a_change(self, unit: str, milliseconds: int, text: str) -> None:
        assert units.TimeUnit(unit).text(milliseconds, signed=True) == text

    @given(st.integers(-(10**12), 10**12), st.sampled_from(units.TimeUnit))
    def test_is_within_half_of_its_last_decimal_and_0_for_nothing_else(
        self, milliseconds: int, unit: units.TimeUnit
    ) -> None:
        text = unit.text(milliseconds).replace(",", "")
        assert (text == "0") is (milliseconds == 0)
        if unit is not units.TimeUnit.SECONDS and text[0] not in "<>":
            off = Fraction(text) - Fraction(milliseconds, 1000 * unit.seconds)
            assert abs(off) <= Fraction(1, 2 * 10**unit.digits)
