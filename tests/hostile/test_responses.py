"""Every answer that the client reads, bent in every place: an error that a person understands, or a right answer."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import pytest
from hypothesis import settings

from qauvern.cloud import BadResponse, Cloud, Endpoints, Patience, connect
from qauvern.errors import QauvernError, WriteOutcomeUnknown
from qauvern.model import BillingPlan, Crn, NewInstance
from tests.cloud.server import Answer, Asked, Server, serving
from tests.helpers.cli import PREMIUM
from tests.helpers.make import ACCOUNT_ID, NOW, crn
from tests.hostile.mutations import BODIES, DELETED, DOUBLED, RAW, VALUES, Path, bent, places

A, B = crn("a"), crn("b", "eu-de")
LARGEST_MS = 10**15
"""Above every figure that is believed."""


def resource(label: str, region: str = "us-east") -> dict[str, Any]:
    return {
        "id": crn(label, region),
        "crn": crn(label, region),
        "guid": label,
        "name": f"team {label}",
        "state": "active",
        "resource_plan_id": PREMIUM,
        "last_operation": {"type": "update", "state": "succeeded", "description": "done"},
        "parameters": {"usage_allocation_seconds": "9"},
        "extensions": {"usage_allocation_seconds": 600, "instance_limit_seconds": None, "backends": ["ibm_a", "ibm_b"]},
    }


def account_row(number: int) -> dict[str, Any]:
    return {
        "plan_id": PREMIUM,
        "subscription_id": f"s-{number}",
        "usage_allocation_seconds": 1_000,
        "unallocated_usage_seconds": 100,
        "usage_limit_seconds": 2_000,
    }


TOKEN = {"access_token": "a-good-token", "token_type": "Bearer", "expires_in": 3600, "expiration": 1_900_000_000}
LIST = {"rows_count": 2, "next_url": None, "resources": [resource("a"), resource("b", "eu-de")]}
ROWS = {
    "interval_start": "2026-03-01T00:00:00Z",
    "group_by": "instance",
    "data": [{"key": A, "usage": 1_500, "plan": "premium"}, {"key": None, "usage": 3}],
}
DAYS = {
    "data": [
        {"key": A, "interval_start": "2026-03-10T00:00:00Z", "interval_end": "2026-03-11T00:00:00Z", "usage": 1_500},
        {"key": A, "interval_start": "2026-03-11T00:00:00Z", "interval_end": "2026-03-12T00:00:00Z", "usage": 20},
    ]
}
CONSUMED = {
    "instance_id": A,
    "usage_consumed_seconds": 12.25,
    "usage_limit_seconds": 100,
    "usage_period": {"start_time": "2026-03-01T00:00:00Z"},
}

Ask = Callable[[Cloud, Server], Any]
SINCE = {A: date(2026, 3, 1)}
START = NOW - timedelta(days=28)

READS: dict[str, tuple[Any, Ask]] = {
    "token": (TOKEN, lambda cloud, _server: cloud.usage(A)),
    "list": (LIST, lambda cloud, _server: cloud.list_instances(BillingPlan.PREMIUM)),
    "get": (resource("a"), lambda cloud, _server: cloud.read(A)),
    "account": (
        {"account_id": ACCOUNT_ID, "plans": [account_row(1), account_row(2)]},
        lambda cloud, _server: cloud.account(ACCOUNT_ID, BillingPlan.PREMIUM),
    ),
    "usage": (CONSUMED, lambda cloud, _server: cloud.usage(A)),
    "usage_grouped": (
        ROWS,
        lambda cloud, server: cloud.usage_by_instance(server.url, ACCOUNT_ID, BillingPlan.PREMIUM, START, NOW, A),
    ),
    "usage_grouped_by_date": (
        DAYS,
        lambda cloud, server: cloud.daily_usage(server.url, ACCOUNT_ID, BillingPlan.PREMIUM, SINCE, NOW),
    ),
}
NEW = NewInstance("team a", "us-east", "default", BillingPlan.PREMIUM)
WRITES: dict[str, tuple[Any, Ask]] = {
    "write": (resource("a"), lambda cloud, _server: cloud.write(A, 600, None, None)),
    "create": (resource("a"), lambda cloud, _server: cloud.create(NEW)),
}
ENDPOINTS = READS | WRITES
MATTERS = frozenset(
    {
        *("access_token", "expires_in", "next_url", "resources", "name", "crn", "state", "resource_plan_id"),
        *("extensions", "usage_allocation_seconds", "instance_limit_seconds", "backends", "last_operation", "plans"),
        *("plan_id", "subscription_id", "unallocated_usage_seconds", "usage_limit_seconds", "usage_consumed_seconds"),
        *("data", "key", "usage", "account_id", "instance_id"),
    }
)
"""The keys that are read. Whatever stands under others must change nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def ask(server: Server, name: str, body: bytes, status: int = 200) -> Any:
    """What the client makes of that body."""
    wanted = "token" if name == "token" else "other"

    def script(asked: Asked) -> Answer:
        is_token = asked.path == "/identity/token"
        if is_token == (wanted == "token"):
            return Answer(body, status=status)
        return Answer(TOKEN if is_token else CONSUMED)

    server.script = script
    endpoints = Endpoints(server.url, server.url, server.url, server.url)
    with connect(endpoints, "the-key", patience=Patience(tries=1), timeout_seconds=10) as cloud:
        return ENDPOINTS[name][1](cloud, server)


def assert_sane(value: Any) -> None:
    """Nothing but what the model promises: exact figures within bounds, texts that can be written, real CRNs."""
    if is_dataclass(value):
        for each in fields(value):
            assert_sane(getattr(value, each.name))
    elif isinstance(value, (tuple, list)):
        for each in value:
            assert_sane(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            assert_sane(key)
            assert_sane(each)
    elif isinstance(value, str) and not isinstance(value, Enum):
        value.encode()
        assert value
        if isinstance(value, Crn):
            assert Crn(str(value)) == value
    elif not isinstance(value, (Enum, date, datetime)) and value is not None:
        assert type(value) is int, f"{value!r} is no figure"
        assert abs(value) <= LARGEST_MS


def assert_clear(error: QauvernError, name: str) -> None:
    text = str(error)
    assert text.isprintable(), f"{text!r} would steer a terminal"
    assert len(text) < 2_000
    assert text.startswith(("Could not ", "Lost track of ", "IBM")), text
    assert "the-key" not in text
    assert "a-good-token" not in text
    if name == "create":
        assert isinstance(error, WriteOutcomeUnknown), "it may have been created"


def sampled(cases: list[Any], seed: str) -> list[Any]:
    """As many as time allows, always the same; with the profile `fuzz` all."""
    at_most = len(cases) if settings().max_examples > 100 else 120
    return Random(seed).sample(cases, min(at_most, len(cases)))


def label_of(value: Any) -> str:
    return {id(DELETED): "deleted", id(DOUBLED): "doubled"}.get(id(value), repr(value)[:30])


@pytest.mark.parametrize("name", ENDPOINTS)
class TestEveryAnswer:
    def test_bent_in_every_place_by_every_value(self, server: Server, name: str) -> None:
        good, _ = ENDPOINTS[name]
        expected = ask(server, name, bent(good, (), DELETED).encode())
        cases = [(path, value) for path in places(good) for value in VALUES if path or value is not DELETED]
        for path, value in sampled(cases, name):
            self._ask_bent(server, name, good, path, value, expected)

    @staticmethod
    def _ask_bent(server: Server, name: str, good: Any, path: Path, value: Any, expected: Any) -> None:
        text = bent(good, path, value)
        told = f"{name} with {label_of(value)} at {path}"
        try:
            result = ask(server, name, text.encode("utf-8", "surrogatepass"))
        except QauvernError as error:
            assert_clear(error, name)
            return
        except Exception as fault:
            raise AssertionError(told) from fault
        assert_sane(result)
        if name == "write":
            return
        if not {key for key in path if isinstance(key, str)} & MATTERS and path and value is not DOUBLED:
            of_rows = name.startswith("usage_grouped") or name == "list"
            if not (of_rows and isinstance(path[-1], int)):
                assert result == expected, told

    @pytest.mark.parametrize("body", BODIES)
    def test_that_is_no_answer_at_all(self, server: Server, name: str, body: str) -> None:
        if name == "write":
            ask(server, name, BODIES[body])  # it was taken: what came of it is read back
            return
        with pytest.raises(QauvernError) as caught:
            ask(server, name, BODIES[body])
        assert_clear(caught.value, name)

    @pytest.mark.parametrize("status", [400, 401, 403, 418, 429, 500])
    def test_that_is_an_error_in_any_shape(self, server: Server, name: str, status: int) -> None:
        hostile = "\x1b[31m\x07\r\n\u202eno\u200b"
        bodies = [
            f'{{"errors": {RAW["@@raw:deep@@"]}}}'.encode(),
            b'{"errors": [{"message": 12, "code": {"a": []}}, null, "x"], "trace": ["t"]}',
            bent({"message": hostile, "transaction_id": hostile, "status_code": hostile}, (), DELETED).encode(),
            bent({"errors": [{"message": hostile, "code": hostile}], "trace": hostile}, (), DELETED).encode(),
            bent({"errorCode": hostile, "errorMessage": hostile, "context": [hostile]}, (), DELETED).encode(),
            bent({"message": "x" * 60_000}, (), DELETED).encode(),
            *(BODIES[each] for each in ("empty", "HTML", "null", "only brackets", "zeros")),
        ]
        for body in bodies:
            with pytest.raises(QauvernError) as caught:
                ask(server, name, body, status)
            text = str(caught.value)
            assert text.isprintable(), text
            assert len(text) < 2_500
            assert str(status) in text


class TestTheSumOfSubscriptions:
    def test_one_listed_twice_does_not_count_twice(self, server: Server) -> None:
        body = bent({"plans": [account_row(1), account_row(1)]}, (), DELETED)
        with pytest.raises(BadResponse, match="subscription 's-1' is listed twice"):
            ask(server, "account", body.encode())

    def test_one_without_its_figure_leaves_it_unknown(self, server: Server) -> None:
        body = bent({"plans": [account_row(1), account_row(2)]}, ("plans", 1, "usage_allocation_seconds"), DELETED)
        with pytest.raises(BadResponse, match="their sum is not known"):
            ask(server, "account", body.encode())


class TestBackends:
    @pytest.mark.parametrize("value", [DELETED, None])
    def test_a_list_that_was_there_and_is_missing_now_is_not_all(self, server: Server, value: Any) -> None:
        """Else the write would open the instance to every backend."""

        def script(asked: Asked) -> Answer:
            if asked.path == "/identity/token":
                return Answer(TOKEN)
            if asked.path.endswith("resource_instances"):
                return Answer(LIST)
            return Answer(bent(resource("a"), ("extensions", "backends"), value).encode())

        server.script = script
        endpoints = Endpoints(server.url, server.url, server.url, server.url)
        with connect(endpoints, "the-key", patience=Patience(tries=1)) as cloud:
            assert cloud.read(A).instance.backends is None
            cloud.list_instances(BillingPlan.PREMIUM)
            with pytest.raises(BadResponse, match=r"backends of instance 'team a' .* are missing"):
                cloud.read(A)


class TestListWithoutEnd:
    def test_it_ends_all_the_same(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("qauvern.cloud.resource_controller.MAX_PAGES", 20)

        def script(asked: Asked) -> Answer:
            if asked.path == "/identity/token":
                return Answer(TOKEN)
            start = int(asked.query.get("start", ["0"])[0]) + 1
            return Answer({"resources": [], "next_url": f"/v2/resource_instances?start={start}"})

        server.script = script
        endpoints = Endpoints(server.url, server.url, server.url, server.url)
        with (
            connect(endpoints, "the-key", patience=Patience(tries=1)) as cloud,
            pytest.raises(BadResponse, match="does not end after 20 pages"),
        ):
            cloud.list_instances(BillingPlan.PREMIUM)


@contextmanager
def endless(start: bytes, piece: bytes) -> Iterator[tuple[str, list[int]]]:
    """A server whose answers to GET never end; how many bytes each reader took of them."""
    taken: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say(b'{"access_token": "a-good-token", "expires_in": 3600}')

        def do_GET(self) -> None:
            self._say(start)
            taken.append(0)
            try:
                while True:
                    self.wfile.write(piece)
                    taken[-1] += len(piece)
            except OSError:
                pass

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_address[1]}", taken
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class TestEndlessAnswers:
    """A hundred megabytes, and more: read as far as the cap goes, in bounded memory."""

    CAP = 1 << 20

    @pytest.mark.parametrize(
        ("name", "start", "piece"),
        [
            ("usage_grouped", b'{"data": [', b'{"key": null, "usage": 1},' * 4_000),
            ("usage_grouped", b'{"data": ["', b"a" * 100_000),
            ("usage_grouped", b'{"more": [', b"[" + b" " * 10_000 + b"],"),
            ("usage_grouped", b"", b" " * 100_000),
            ("usage_grouped_by_date", b'{"data": [', b'{"key": "crn", "usage": 1},' * 4_000),
            ("list", b'{"resources": ["', b"a" * 100_000),
            ("usage", b"", b" " * 100_000),
        ],
    )
    def test_are_cut_off(self, name: str, start: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("qauvern.cloud.quantum.MAX_STREAM_BYTES", self.CAP)
        monkeypatch.setattr(
            "qauvern.cloud.transport.Transport.read.__kwdefaults__", {"tokens": None, "max_bytes": self.CAP}
        )
        with endless(start, piece) as (url, taken):
            stand_in = Server(url)
            tracemalloc.start()
            try:
                with (
                    connect(Endpoints(url, url, url, url), "the-key", patience=Patience(tries=1)) as cloud,
                    pytest.raises(BadResponse, match=r"longer than 1,048,576 bytes|absurdly long"),
                ):
                    READS[name][1](cloud, stand_in)
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        assert peak < 8 * self.CAP
        assert taken[0] < 16 * self.CAP  # the rest is what the sockets hold: some 10 MB under load
