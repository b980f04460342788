"""Reads JSON answers exactly and with suspicion: figures are int or Decimal, and what does not fit is named.

Rows of a long answer are read one at a time, so that memory does not grow with it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn

from qauvern.model import ResourceUnits

MAX_SECONDS: Final = 10**11
"""No figure of an account is above this, about 3,000 years: what is, is damage."""

MAX_ROW_CHARACTERS: Final = 1 << 20
"""The longest single value in a stream of rows; IBM's take about 600 characters."""


_MAX_SHOWN = 200


class BadBody(Exception):
    """An answer that does not fit. The transport turns it into a BadResponse that says what was asked."""


def _refuse_constant(name: str) -> NoReturn:
    raise BadBody(f"it holds {name}, which is not a JSON number")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs. A key given twice has two meanings, and which one is meant is not guessed."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise BadBody(f"it holds the key {shown(twice)} twice")
    return made


_BLANKS = re.compile(r"[ \t\r\n]*")
_END_MARKS = tuple(" \t\r\n,:]}")
_DECODER = json.JSONDecoder(object_pairs_hook=_without_doubles, parse_float=Decimal, parse_constant=_refuse_constant)


def document(chunks: Iterable[bytes]) -> Any:
    """The JSON document of a whole body.

    Raises:
        BadBody: it is not JSON, holds NaN or Infinity or a key twice in one object, or is nested absurdly.
    """
    body = b"".join(chunks)
    try:
        return _DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, ArithmeticError):
        raise BadBody(_not_json(body)) from None
    except RecursionError:
        raise BadBody("it is nested too deeply") from None


def _not_json(body: bytes) -> str:
    start = body.lstrip()[:1]
    if not start:
        return "it is empty"
    if start == b"<":
        return "it is an HTML page, not JSON: a proxy or a wrong endpoint may have answered"
    return "it is not valid JSON, or is cut off"


def data_rows(chunks: Iterable[bytes]) -> Iterator[Any]:
    """The rows of the `data` list of a JSON object, one at a time, holding no more than a chunk and a row.

    Raises:
        BadBody: it is not a JSON object with a `data` list, or is cut off. The rows before that have been given out.
    """
    reader = _Reader(chunks)
    reader.take("{")
    found = False
    while True:
        key = reader.value() if found or reader.peek() != "}" else None
        if key is None:
            break
        reader.take(":")
        if key != "data":
            reader.value()
        elif found:
            raise BadBody("it holds `data` twice")
        else:
            found = True
            yield from reader.array()
        if reader.take(",}") == "}":
            break
    if not found:
        raise BadBody("it holds no `data` list")
    reader.expect_end()


class _Reader:
    """A JSON text that arrives in chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is not blank, without taking it; "" at the end."""
        while True:
            match = _BLANKS.match(self._text, self._at)
            assert match is not None  # it matches the empty text
            self._at = match.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_more():
                return ""

    def take(self, expected: str) -> str:
        """The next character that is not blank, which must be one of those expected."""
        character = self.peek()
        if not character:
            raise BadBody("it is cut off" if self._text else "it is empty")
        if character not in expected:
            raise BadBody(_not_json(character.encode()) if character == "<" else "it did not match the promised shape")
        self._at += 1
        return character

    def value(self) -> Any:
        """The next JSON value, whole."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                pass
            except (ValueError, ArithmeticError):
                raise BadBody("it holds a number that cannot be read") from None
            except RecursionError:
                raise BadBody("it is nested too deeply") from None
            else:
                # Without an end mark a figure might go on in the next chunk: 12. and then 5.
                if self._text[end : end + 1] in _END_MARKS:
                    self._at = end
                    return value
            length = len(self._text) - self._at
            if length > MAX_ROW_CHARACTERS:
                raise BadBody("it is not valid JSON, or one of its values is absurdly long")
            # Twice as much before the next try: else a long value that comes in drops takes quadratic time.
            if not self._read_more():
                raise BadBody("it is not valid JSON, or is cut off")
            while len(self._text) - self._at < 2 * length and self._read_more():
                pass

    def array(self) -> Iterator[Any]:
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            if self.take(",]") == "]":
                return

    def expect_end(self) -> None:
        if self.peek():
            raise BadBody("something follows its end")

    def _read_more(self) -> bool:
        try:
            for chunk in self._chunks:
                text = self._decode(chunk)
                if text:
                    self._text = self._text[self._at :] + text
                    self._at = 0
                    return True
            self._decode(b"", True)
        except UnicodeDecodeError:
            raise BadBody("it is not UTF-8") from None
        return False


def an_object(value: Any, what: str) -> dict[str, Any]:
    """Raises: BadBody: the value is not a JSON object."""
    if not isinstance(value, dict):
        raise BadBody(f"{what} is {shown(value)}, not an object")
    return value


def a_list(value: Any, what: str) -> list[Any]:
    """Raises: BadBody: the value is not a JSON list."""
    if not isinstance(value, list):
        raise BadBody(f"{what} is {shown(value)}, not a list")
    return value


def a_text(value: Any, what: str) -> str:
    """Raises: BadBody: the value is no text, is empty, or holds what UTF-8 cannot."""
    if not isinstance(value, str) or not value:
        raise BadBody(f"{what} is {shown(value)}, not a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadBody(f"{what} is not a valid text") from None
    return value


def a_figure(value: Any, what: str, *, lowest: int = 0, highest: int = MAX_SECONDS) -> int | Decimal:
    """A number, exact.

    Raises:
        BadBody: the value is no number (true and false are none), or out of [lowest, highest].
    """
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise BadBody(f"{what} is {shown(value)}, not a number")
    if not lowest <= value <= highest:
        raise BadBody(f"{what} is {shown(value)}, which cannot be")
    return value


def a_whole_number(value: Any, what: str, *, lowest: int = 0, highest: int = MAX_SECONDS) -> int:
    """An integer, also where it is written 3600.0.

    Raises:
        BadBody: the value is none, or out of [lowest, highest].
    """
    figure = a_figure(value, what, lowest=lowest, highest=highest)
    if figure != int(figure):
        raise BadBody(f"{what} is {shown(value)}, not a whole number")
    return int(figure)


def seconds_or_none(value: Any, what: str) -> int | None:
    """Whole seconds, as a number or a string of digits; null stands for none.

    Raises:
        BadBody: the value is neither.
    """
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value):
        value = int(value)
    return whole_number_or_none(value, what)


def figure_or_none(value: Any, what: str) -> Decimal | None:
    """A number of 0 or more, exact; null stands for none.

    Raises:
        BadBody: the value is none of those.
    """
    return None if value is None else Decimal(a_figure(value, what))


def resource_units(answer: Mapping[str, Any], held: str, limit: str, of: str) -> ResourceUnits | None:
    """The two figures in resource units of these names; None where neither is told.

    Raises:
        BadBody: one of them is not a number of 0 or more.
    """
    units = ResourceUnits(*(figure_or_none(answer.get(name), f"{name} {of}") for name in (held, limit)))
    return None if units == ResourceUnits(None, None) else units


def whole_number_or_none(value: Any, what: str, *, lowest: int = 0, highest: int = MAX_SECONDS) -> int | None:
    """Like a_whole_number, where null stands for none."""
    return None if value is None else a_whole_number(value, what, lowest=lowest, highest=highest)


def shown(value: Any) -> str:
    """A value of an answer, short enough for a message."""
    if value is None:
        return "missing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # an int of more digits than Python prints
        return "an absurdly long number"
    # Not cut to length: half a secret would not be recognised, and slip through.
    return text if len(text) <= _MAX_SHOWN else f"{len(text):,} characters long"
