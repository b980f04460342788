"""Hostile values, and how an answer is bent: one place of its JSON, or the whole of its text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a place in a JSON document."""

_RAW: Final = "@@raw:{}@@"
RAW: Final[dict[str, str]] = {
    _RAW.format("long"): "1" + "0" * 5_000,
    _RAW.format("exponent"): "1e400000000",
    _RAW.format("out of range"): "1e99999999999999999999",
    _RAW.format("tiny"): "1e-400000000",
    _RAW.format("deep"): "[" * 500 + "]" * 500,
    _RAW.format("very deep"): "[" * 100_000 + "]" * 100_000,
}
"""What json.dumps would not write, by the text that stands for it until then."""

DELETED: Final = object()
"""Takes the place away instead."""
DOUBLED: Final = object()
"""Lists an item twice, or gives a key twice with another value."""

VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, -0.0, 0.5, 1.0, 59, 10**6, 10**11, 10**11 + 1, 10**400, float("nan"), float("-inf")),
    *("", " ", "0", "-5", "12e3", "x" * 5_000, "\x1b[31m\x07\r\n\u202e\u200b", "\ud800", "\x00", "ANY", "failed"),
    *([], {}, [[]], {"": None}, [1, "a"], [None]),
    *("premium", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+14:00", "/v2/resource_instances", "http://["),
    *("crn:v1:bluemix:public:quantum-computing:mars-1:a/0123456789abcdef0123456789abcdef:g::", "crn:v1:x"),
    *RAW,
    DELETED,
    DOUBLED,
)

BODIES: Final[dict[str, bytes]] = {
    "empty": b"",
    "blank": b" \n ",
    "HTML": b"<!DOCTYPE html><html><body>Sign in</body></html>",
    "plain text": b"upstream connect error",
    "not UTF-8": b'{"\xff": 1}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "null": b"null",
    "a figure": b"12",
    "a text": b'"data"',
    "a list": b"[]",
    "an empty object": b"{}",
    "NaN": b"NaN",
    "two documents": b"{}{}",
    "a trailing comma": b'{"data": [],}',
    "an open list": b'{"data": [',
    "a key twice": b'{"data": [], "plans": [], "resources": [], "data": [], "plans": [], "resources": []}',
    "only brackets": b"[" * 300_000,
    "only keys": b'{"a":' * 100_000,
    "only digits": b"9" * 300_000,
    "an open string": b'"' + b"a" * 300_000,
    "zeros": bytes(1_000),
    "gzip": b"\x1f\x8b\x08\x00garbage",
}
"""Whole bodies that are no answer."""


def places(document: Any, path: Path = ()) -> Iterator[Path]:
    """Every place of a document, the whole of it first."""
    yield path
    if isinstance(document, (dict, list)):
        for key, child in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(child, (*path, key))


def place(document: Any, turns: Sequence[int]) -> Path:
    """The place that is reached by taking these turns, each modulo the number of ways."""
    path: Path = ()
    for turn in turns:
        if not isinstance(document, (dict, list)) or not document:
            break
        key: str | int = list(document)[turn % len(document)] if isinstance(document, dict) else turn % len(document)
        path, document = (*path, key), document[key]  # type: ignore[index]
    return path


def bent(document: Any, path: Path, value: Any) -> str:
    """The text of the document with the value at that place."""
    holder: dict[str | int, Any] = {"": deepcopy(document)}
    parent: Any = holder
    way: Path = ("", *path)
    for key in way[:-1]:
        parent = parent[key]
    last: Any = way[-1]
    if value is DOUBLED and isinstance(parent, list):
        parent.insert(last, deepcopy(parent[last]))
    elif value is DOUBLED and path:
        kept = parent[last]
        parent[last] = "@@double@@"
        text = json.dumps(holder[""])
        return text.replace('"@@double@@"', f"{json.dumps(kept)}, {json.dumps(last)}: {json.dumps(_another(kept))}")
    elif value is DELETED and path:
        del parent[last]
    elif value not in (DELETED, DOUBLED):
        parent[last] = value
    text = json.dumps(holder[""])
    for name, raw in RAW.items():
        text = text.replace(json.dumps(name), raw)
    return text


def _another(value: Any) -> Any:
    """Something that the place might also have held."""
    return value + 7 if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def bounded(examples: int) -> Callable[[Any], Any]:
    """So many examples, the same in every run; with the profile `fuzz` as many, and as random, as that says."""
    relaxed = settings(
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    if settings().max_examples > 100:
        return relaxed
    return settings(relaxed, max_examples=examples, derandomize=True, database=None)


turns = st.lists(st.integers(0, 1_000), max_size=6)
values = st.sampled_from(VALUES) | st.integers() | st.floats() | st.text(max_size=20)
