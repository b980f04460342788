"""The kinds of single values a config file has: what each takes, and what it answers to everything else.

Every kind goes by the scalar's exact text. What YAML 1.1 would make of it (010 is 8, 1:30 is 90, yes is true) is
never used, only explained.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from typing import Final, Generic, TypeVar

from dateutil.parser import isoparse

from qauvern.config._problems import shown
from qauvern.config._tree import Scalar
from qauvern.model import NO_GROUP, UNSHARED_PLANS, BillingPlan, Crn, LimitRule, ReserveBasis
from qauvern.units import parse_duration

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

MAX_SECONDS: Final = 10**12
"""Some 30,000 years. What is larger is a slip of the keyboard."""
MAX_NAME_LENGTH: Final = 180
MIN_YEAR: Final = 1970

_MAX_PERCENT_CHARACTERS: Final = 30


class Unfit(Exception):
    """The value is not of the kind. The message says what it is and what to write."""


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """A kind of single value: what a person would write, and how it is read.

    `read` raises Unfit. It never sees null, except in a key that takes it.
    """

    expected: str
    read: Callable[[Scalar], T]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that this one is probably a misspelling of."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    close = get_close_matches(word[:100].casefold().replace("-", "_"), by_folded, n=1, cutoff=0.7)
    return by_folded[close[0]] if close else None


def listed(words: Iterable[str], last: str = "and") -> str:
    """a, b and c"""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail


# --- whole seconds ---------------------------------------------------------------------------------------------

_WHOLE = re.compile(r"0|[1-9][0-9]*")
_FRACTION = re.compile(r"\+?([0-9]*)\.([0-9]*)")
_EXPONENT = re.compile(r"\+?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+")
_SEXAGESIMAL = re.compile(r"\+?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?")
_OTHER_BASES = (
    (re.compile(r"0[xX]([0-9a-fA-F]+)"), 16, "hexadecimal"),
    (re.compile(r"0[bB]([01]+)"), 2, "binary"),
    (re.compile(r"0[oO]([0-7]+)"), 8, "octal"),
)


def _whole_seconds(scalar: Scalar) -> int:
    text = scalar.text
    if not (scalar.is_plain and _WHOLE.fullmatch(text)):
        raise Unfit(f"{shown(text)} {_not_whole_seconds(scalar)}")
    # The length comes first: Python refuses to convert more than 4300 digits.
    if len(text) > len(str(MAX_SECONDS)) or int(text) > MAX_SECONDS:
        raise Unfit(f"{shown(text)} is too large: write at most {MAX_SECONDS} seconds")
    return int(text)


def _limit(scalar: Scalar) -> int | LimitRule:
    if scalar.text == LimitRule.NONE.value:
        return LimitRule.NONE
    try:
        return _whole_seconds(scalar)
    except Unfit as unfit:
        raise Unfit(f"{unfit}; `none` removes the limit") from None


def _positive_seconds(scalar: Scalar) -> int:
    seconds = _whole_seconds(scalar)
    if seconds == 0:
        raise Unfit("`0` gives nothing: write more than 0 seconds, or take the net grant out")
    return seconds


def _not_whole_seconds(scalar: Scalar) -> str:
    """What the scalar is instead of whole seconds, and what to write."""
    text = scalar.text
    if not scalar.is_plain:
        if _WHOLE.fullmatch(text):
            return f"is quoted, and so is text: write it without quotes, {_clip(text)}"
        return "is text: write whole seconds without quotes, such as 3600"
    if scalar.tag == "bool":
        return "is read as true or false: write whole seconds, such as 3600"
    if text.startswith("-"):
        return "is below 0: write 0 or more whole seconds"
    if text.startswith("+") and _WHOLE.fullmatch(text[1:]):
        return f"has a sign: write {_clip(text[1:])}"
    if re.fullmatch(r"[0-9]+", text):
        decimal = text.lstrip("0") or "0"
        if re.fullmatch(r"0[0-7]+", text) and len(text) <= 15:
            return f"is read by YAML as octal, that is {int(text, 8)}: write {decimal} if you mean {decimal}"
        return f"has a leading 0: write {_clip(decimal)}"
    if re.fullmatch(r"\+?[0-9]+(?:[_,'][0-9_,']*)", text):
        return f"has separators between its digits: write {_clip(re.sub('[^0-9]', '', text).lstrip('0') or '0')}"
    return _not_decimal(text) or (
        "is read as a date: write whole seconds, such as 3600"
        if scalar.tag == "timestamp"
        else f"is not whole seconds: write {_as_duration(text) or 'a number such as 3600'}"
    )


def _not_decimal(text: str) -> str | None:
    for pattern, base, name in _OTHER_BASES:
        match = pattern.fullmatch(text)
        if match is not None:
            write = int(match[1], base) if len(match[1]) <= 10 else "it with decimal digits"
            return f"is written as {name}: write {write}"
    if _SEXAGESIMAL.fullmatch(text):
        return f"is read by YAML as a number to the base 60{_base_60(text)}: write whole seconds, such as 3600"
    if text.lstrip("+").lower() in (".inf", ".nan"):
        return "is not a finite number: write whole seconds, such as 3600"
    match = _FRACTION.fullmatch(text)
    if match is not None and match[1] + match[2]:
        whole = match[1].lstrip("0") or "0"
        if not match[2].strip("0"):
            return f"is written as a fraction: write {_clip(whole)}"
        return f"is a fraction: write whole seconds, {_clip(whole)} or the next one up"
    if _EXPONENT.fullmatch(text):
        return f"is written with an exponent: write {_without_exponent(text) or 'every digit of it'}"
    return None


def _base_60(text: str) -> str:
    parts = text.lstrip("+").split(":")
    if len(text) > 15 or "." in text:
        return ""
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return f", that is {seconds}"


def _without_exponent(text: str) -> str | None:
    if len(text) > 30:
        return None
    exact = Decimal(text)
    if not exact.is_finite() or exact.adjusted() > 12 or exact.adjusted() < 0 or exact != exact.to_integral_value():
        return None
    return str(int(exact))


def _as_duration(text: str) -> str | None:
    """The seconds of a duration as the command line takes it."""
    if len(text) > 20:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError:
        return None
    return str(seconds) if seconds <= MAX_SECONDS else None


def _clip(digits: str) -> str:
    return digits if len(digits) <= 20 else f"{digits[:19]}…"


# --- percent ---------------------------------------------------------------------------------------------------

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def _reserve_percent(scalar: Scalar) -> Decimal:
    percent = _percent(scalar)
    if percent >= 100:
        raise Unfit(f"{shown(scalar.text)} leaves nothing to hand out: write a percentage from 0 to below 100")
    return percent


def _percent(scalar: Scalar) -> Decimal:
    text = scalar.text
    if not scalar.is_plain:
        raise Unfit(f"{shown(text)} is quoted, and so is text: write a percentage without quotes, such as 12.5")
    if scalar.tag == "bool":
        raise Unfit(f"{shown(text)} is read as true or false: write a percentage, such as 12.5")
    if text.startswith("-"):
        raise Unfit(f"{shown(text)} is below 0: write a percentage of 0 or more")
    if not _DECIMAL.fullmatch(text):
        bare = text.removesuffix("%").strip()
        bare = f"0{bare}" if bare.startswith(".") else bare
        hint = bare if len(bare) <= 20 and _DECIMAL.fullmatch(bare) else "plain digits, such as 10 or 12.5"
        raise Unfit(f"{shown(text)} is not a decimal number: write {hint}")
    if len(text) > _MAX_PERCENT_CHARACTERS:
        raise Unfit(f"{shown(text)} has too many digits: write at most {_MAX_PERCENT_CHARACTERS} characters")
    return Decimal(text)


def _up_to_100_percent(scalar: Scalar) -> Decimal:
    percent = _percent(scalar)
    if percent > 100:
        raise Unfit(f"{shown(scalar.text)} is above 100: write a percentage from 0 to 100")
    return percent


# --- words -----------------------------------------------------------------------------------------------------

_READ_AS = {
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "null": "nothing",
    "timestamp": "a date",
}
_ACCOUNT_ID = re.compile(r"[A-Za-z0-9_-]+")


def breaks_a_line(character: str) -> bool:
    """Whether the character is a control character, a line separator or half of a surrogate pair."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _text(scalar: Scalar) -> str:
    if scalar.is_plain and scalar.tag != "str":
        read_as = _READ_AS.get(scalar.tag, "something else than text")
        quoted = json.dumps(scalar.text, ensure_ascii=False) if len(scalar.text) <= 40 else '"..."'
        raise Unfit(f"{shown(scalar.text)} is read by YAML as {read_as}: quote it, {quoted}")
    return scalar.text


def _instance_name(scalar: Scalar) -> str:
    return _name(scalar, "write the name that the instance has in the account")


def _group(scalar: Scalar) -> str:
    return _name(scalar, "write the name of one of the groups, or leave the key out")


def _name(scalar: Scalar, instead: str) -> str:
    name = _text(scalar)
    if not name.strip():
        raise Unfit(f"the name is blank: {instead}")
    if len(name) > MAX_NAME_LENGTH:
        raise Unfit(f"{shown(name)} has {len(name):,} characters: a name has at most {MAX_NAME_LENGTH}")
    unprintable = next(filter(breaks_a_line, name), None)
    if unprintable is not None:
        raise Unfit(f"{shown(name)} holds the control character U+{ord(unprintable):04X}: take it out")
    return name


def _group_name(scalar: Scalar) -> str:
    name = _name(scalar, "write a name that the instances' group can give")
    if name == NO_GROUP:
        raise Unfit(f"{shown(name)} cannot be the name of a group: it stands for the instances in no group")
    return name


def _account_id(scalar: Scalar) -> str:
    # By its text whatever YAML takes it for: an id of hex digits may well read 1234 or 12e4.
    if not is_account_id(scalar.text):
        raise Unfit(f"{shown(scalar.text)} is not an account id: it has letters, digits, - and _ only")
    return scalar.text


def is_account_id(text: str) -> bool:
    return _ACCOUNT_ID.fullmatch(text) is not None


def _crn(scalar: Scalar) -> Crn:
    try:
        return Crn(scalar.text)
    except ValueError:
        raise Unfit(
            f"{shown(scalar.text)} is not the CRN of a quantum service instance: it reads "
            '"crn:v1:bluemix:public:quantum-computing:REGION:a/ACCOUNT:GUID::"'
        ) from None


def _one_of(kind: type[E], noun: str) -> Value[E]:
    words = [str(member.value) for member in kind]

    def read(scalar: Scalar) -> E:
        if (word := scalar.text.lower()) in words:
            return kind(word)
        if kind is BillingPlan and word in UNSHARED_PLANS:
            raise Unfit(f"the plan {word} is not shared: {UNSHARED_PLANS[word]}")
        near = nearest(scalar.text, words)
        hint = f"did you mean {near}?" if near else f"write {listed(words, 'or')}"
        raise Unfit(f"{shown(scalar.text)} is not a {noun}: {hint}")

    return Value(listed(words, "or"), read)


# --- dates -----------------------------------------------------------------------------------------------------

_DATE_ONLY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_TIMESTAMP = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})(?:[Tt]|[ \t]+)"
    r"(?P<hour>[0-9]{1,2}):(?P<rest>[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)"
    r"[ \t]*(?P<offset>[Zz]|[-+][0-9]{1,2}(?::?[0-9]{2})?)?"
)
_DATE_EXAMPLE: Final = "2026-03-01T00:00:00Z"


def _moment(scalar: Scalar) -> datetime:
    """A moment in UTC."""
    text = scalar.text.strip()
    if _DATE_ONLY.fullmatch(text):
        raise Unfit(f"{shown(text)} has no time: write {_padded(text)}T00:00:00Z for the start of that day in UTC")
    match = _TIMESTAMP.fullmatch(text)
    if len(text) > 60 or (match is None and not re.fullmatch(r"[0-9][0-9TtWwZz:.,+-]*", text)):
        raise Unfit(f"{shown(text)} is not an ISO 8601 date: write it like {_DATE_EXAMPLE}")
    normalised = text.upper() if match is None else _normalised(match)
    try:
        moment = isoparse(normalised)
        if moment.tzinfo is None:
            hint = f"{normalised}Z" if "T" in normalised else _DATE_EXAMPLE
            raise Unfit(f"{shown(text)} has no UTC offset: write {hint} if it is meant in UTC")
        utc = moment.astimezone(timezone.utc)
    except OverflowError:
        raise Unfit(f"{shown(text)} is outside the years {MIN_YEAR} to 9999") from None
    except ValueError as error:
        reason = shown(str(error)).strip("`")
        raise Unfit(f"{shown(text)} is not a date that exists ({reason}): write it like {_DATE_EXAMPLE}") from None
    if utc.year < MIN_YEAR:
        raise Unfit(f"{shown(text)} is outside the years {MIN_YEAR} to 9999")
    return utc


def _padded(day: str) -> str:
    year, month, day_of_month = day.split("-")
    return f"{year}-{month:0>2}-{day_of_month:0>2}"


def _normalised(match: re.Match[str]) -> str:
    """What YAML allows beyond ISO 8601 (a space for the T, single digits, a space before the offset) made ISO 8601."""
    day = _padded(f"{match['year']}-{match['month']}-{match['day']}")
    # isoparse wants either colons in both or in none only of the time; the offset may be +HH, +HHMM or +HH:MM.
    offset = (match["offset"] or "").upper()
    if re.fullmatch(r"[-+][0-9](?::[0-9]{2})?", offset):
        offset = f"{offset[0]}0{offset[1:]}"
    return f"{day}T{match['hour']:0>2}:{match['rest']}{offset}"


ACCOUNT_ID: Final = Value("the account's id", _account_id)
PLAN: Final = _one_of(BillingPlan, "plan")
RESERVE_BASIS: Final = _one_of(ReserveBasis, "basis of the reserve")
NAME: Final = Value("the instance's name", _instance_name)
GROUP: Final = Value("the name of one of the groups", _group)
GROUP_NAME: Final = Value("the group's name", _group_name)
CRN: Final = Value("the instance's CRN in quotes", _crn)
WHOLE_SECONDS: Final = Value("whole seconds such as 3600", _whole_seconds)
LIMIT: Final = Value("whole seconds such as 3600, or none for no limit", _limit)
POSITIVE_SECONDS: Final = Value("whole seconds such as 3600", _positive_seconds)
WHOLE_NUMBER: Final = Value("a whole number such as 20", _whole_seconds)
RESERVE_PERCENT: Final = Value("a percentage such as 12.5", _reserve_percent)
PERCENT: Final = Value("a percentage such as 12.5", _up_to_100_percent)
MOMENT: Final = Value(f"a date such as {_DATE_EXAMPLE}", _moment)
