from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from decimal import Decimal

import pytest

from qauvern.cloud import parsing
from qauvern.cloud.parsing import BadBody


def chunks(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


class TestDocument:
    def test_figures_are_exact(self) -> None:
        assert parsing.document([b'{"a": 0.', b"1}"]) == {"a": Decimal("0.1")}

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"", "empty"),
            (b" <html>", "HTML"),
            (b'{"a": 1', "is cut off"),
            (b'{"a": NaN}', "NaN"),
            (b'{"a": -Infinity}', "-Infinity"),
            (b"[" * 200_000, "nested"),
            (b'"\xff"', "not valid JSON"),
            (b'{"a": 1e9999999999999999999999}', "not valid JSON"),
        ],
    )
    def test_what_is_no_document_is_refused(self, body: bytes, says: str) -> None:
        with pytest.raises(BadBody, match=says):
            parsing.document([body])


class TestDataRows:
    BODY = '{"total": 12.5, "data": [{"key": "ä", "usage": 12}, 34, 5.75e1, null ] , "more": {"data": [1]}} '.encode()

    @pytest.mark.parametrize("size", [*range(1, 12), 1_000])
    def test_however_it_is_cut(self, size: int) -> None:
        rows = list(parsing.data_rows(chunks(self.BODY, size)))
        assert rows == [{"key": "ä", "usage": 12}, 34, Decimal("57.5"), None]

    def test_an_empty_list(self) -> None:
        assert list(parsing.data_rows([b'{"data": [ ]}'])) == []

    @pytest.mark.parametrize("length", range(len(BODY.rstrip())))
    def test_breaking_off_anywhere_is_noticed(self, length: int) -> None:
        with pytest.raises(BadBody, match=r"is cut off|empty|UTF-8"):
            list(parsing.data_rows(chunks(self.BODY[:length], 7)))

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"{}", "no `data`"),
            (b'{"rows": []}', "no `data`"),
            (b'{"data": null}', "shape"),
            (b'{"data": [], "data": []}', "twice"),
            (b'{"data": [1 2]}', "shape"),
            (b'{"data": [1x]}', "not valid JSON"),
            (b'{"data": [NaN]}', "NaN"),
            (b'{"data": []} x', "follows"),
            (b"[]", "shape"),
            (b"<html></html>", "HTML"),
            (b'{"data": ["\xff"]}', "UTF-8"),
            (b'{"data": [' + b"[" * 200_000, "nested"),
            (b'{"data": ["' + b"x" * 3_000_000, "absurdly long"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, body: bytes, says: str) -> None:
        with pytest.raises(BadBody, match=says):
            list(parsing.data_rows(chunks(body, 65_536)))

    def test_memory_stays_flat(self) -> None:
        """17 MB, a thousand instances by day over 28 days, are read within 2 MB."""
        row = json.dumps({"key": "crn", "usage": 1, "filler": "x" * 570}).encode()

        def body() -> Iterator[bytes]:
            yield b'{"data": ['
            for _ in range(279):
                yield b",".join([row] * 100) + b","
            yield row + b"]}"

        tracemalloc.start()
        try:
            assert sum(value["usage"] for value in parsing.data_rows(body())) == 27_901
            assert tracemalloc.get_traced_memory()[1] < 2 << 20
        finally:
            tracemalloc.stop()


class TestFigures:
    @pytest.mark.parametrize(
        ("value", "figure"), [(0, 0), (3600, 3600), (Decimal("3600.0"), 3600), (Decimal("1e3"), 1000)]
    )
    def test_a_whole_number(self, value: object, figure: int) -> None:
        assert parsing.a_whole_number(value, "it") == figure

    @pytest.mark.parametrize(
        "value",
        [
            True,
            False,
            None,
            "60",
            -1,
            Decimal("1.5"),
            Decimal("-0.1"),
            10**12,
            Decimal("1e400"),
            [],
            {},
            pytest.param(10**5000, id="huge"),
        ],
    )
    def test_what_is_none_is_refused(self, value: object) -> None:
        with pytest.raises(BadBody, match="it is"):
            parsing.a_whole_number(value, "it")

    @pytest.mark.parametrize("value", ["", None, 3, "\ud800"])
    def test_what_is_no_text_is_refused(self, value: object) -> None:
        with pytest.raises(BadBody, match="it is"):
            parsing.a_text(value, "it")
