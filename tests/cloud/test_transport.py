from __future__ import annotations

import random
import socket
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from qauvern.cloud import (
    BadEnvironment,
    BadResponse,
    CloudError,
    NotAuthorized,
    NotFound,
    RequestEvent,
    RequestRefused,
    Unavailable,
    Unreachable,
    parsing,
    timeout_from_environment,
)
from qauvern.cloud.attempt import Request
from qauvern.cloud.patience import Patience
from qauvern.cloud.transport import Transport
from qauvern.errors import Remedy, WriteOutcomeUnknown, WriteRefused
from tests.cloud.conftest import FakeTime, FixedTokens
from tests.cloud.server import Answer, Asked, Server, ok

ERROR = {"trace": "tr-1", "errors": [{"code": 1234, "message": "Nope.", "solution": "Ask Anna."}]}
DONE = ok({"done": True})


def asking(server: Server, method: str = "GET", path: str = "/thing", **more: Any) -> Request:
    return Request("read instance 'alpha'", method, server.url + path, **more)


def read(transport: Transport, request: Request, tokens: FixedTokens | None = None) -> Any:
    return transport.read(request, parsing.document, tokens=tokens)


class TestReads:
    def test_what_goes_out(self, transport: Transport, server: Server, tokens: FixedTokens) -> None:
        server.answer_in_turn(DONE)
        request = asking(server, params=(("a", "crn:v1::"), ("a", "x y")), headers={"Account-Id": "acc"})
        assert read(transport, request, tokens) == {"done": True}
        (asked,) = server.asked
        assert asked.query == {"a": ["crn:v1::", "x y"]}
        assert asked.headers["Authorization"] == "Bearer token-1"
        assert asked.headers["Account-Id"] == "acc"
        assert asked.headers["User-Agent"].startswith("qauvern/")

    def test_a_thread_keeps_its_connection(self, transport: Transport, server: Server) -> None:
        server.answer_in_turn(DONE)
        for _ in range(5):
            read(transport, asking(server))
        assert {asked.connection for asked in server.asked} == {0}

    def test_netrc_does_not_replace_the_token(
        self,
        transport: Transport,
        server: Server,
        tokens: FixedTokens,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login me password mine\n")
        monkeypatch.setenv("NETRC", str(netrc))
        server.answer_in_turn(DONE)
        read(transport, asking(server), tokens)
        assert server.asked[0].headers["Authorization"] == "Bearer token-1"

    def test_plain_http_to_this_machine_never_goes_through_a_proxy(
        self, transport: Transport, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        server.answer_in_turn(DONE)
        assert read(transport, asking(server)) == {"done": True}

    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_is_tried_again_with_backoff(
        self, transport: Transport, server: Server, fake_time: FakeTime, status: int
    ) -> None:
        server.answer_in_turn(*[Answer(status=status)] * 3, DONE)
        assert read(transport, asking(server)) == {"done": True}
        assert fake_time.sleeps == [0.5, 1.0, 2.0]

    @pytest.mark.parametrize("cut", ["before", "inside"])
    def test_is_tried_again_after_a_broken_connection(self, transport: Transport, server: Server, cut: str) -> None:
        server.answer_in_turn(Answer({"filler": "x" * 1000}, cut=cut), DONE)
        assert read(transport, asking(server)) == {"done": True}
        assert len(server.asked) == 2

    def test_rows_are_counted_afresh_after_a_break(self, transport: Transport, server: Server) -> None:
        whole = {"data": [1] * 1000}
        server.answer_in_turn(Answer(whole, cut="inside"), ok(whole))
        assert transport.read(asking(server), lambda chunks: sum(parsing.data_rows(chunks))) == 1000

    def test_giving_up_says_how_often_it_tried_and_what_came_last(self, transport: Transport, server: Server) -> None:
        server.answer_in_turn(Answer(status=500), Answer(status=502), Answer(ERROR, status=503))
        with pytest.raises(Unavailable) as caught:
            read(transport, asking(server))
        text = str(caught.value)
        assert text.startswith("Could not read instance 'alpha': gave up after 6 tries, last answer 503: ")
        assert 'IBM says: "Nope. Ask Anna" (code 1234, trace tr-1)' in text
        assert caught.value.remedy is Remedy.TRY_LATER
        assert (caught.value.status, caught.value.trace, len(server.asked)) == (503, "tr-1", 6)

    def test_giving_up_on_the_network(self, transport: Transport, server: Server) -> None:
        server.answer_in_turn(Answer(cut="before"))
        with pytest.raises(
            Unreachable,
            match=r"read instance 'alpha' \(GET http://127.*\): gave up after 6 tries, last: the connection was cut",
        ):
            read(transport, asking(server))

    def test_no_answer_within_the_timeout(self, patience: Patience, server: Server) -> None:
        transport = Transport(timeout_seconds=0.05, patience=replace(patience, tries=2))
        server.answer_in_turn(Answer(delay=5))
        with pytest.raises(Unreachable, match=r"after 2 tries, last: no answer for 0\.05 s") as caught:
            read(transport, asking(server))
        assert caught.value.remedy is Remedy.CHECK_NETWORK
        transport.close()

    def test_nobody_listens(self, transport: Transport, server: Server) -> None:
        request = replace(asking(server), base_url=f"http://127.0.0.1:{free_port()}/thing")
        with pytest.raises(Unreachable, match="the connection was refused"):
            read(transport, request)

    @pytest.mark.parametrize(
        ("status", "kind", "remedy"),
        [
            (400, RequestRefused, Remedy.HEED_IBM),
            (401, NotAuthorized, Remedy.CHECK_API_KEY),
            (403, NotAuthorized, Remedy.ASK_FOR_ACCESS),
            (404, NotFound, Remedy.CHECK_IDS),
            (501, Unavailable, Remedy.TRY_LATER),
            (302, RequestRefused, Remedy.CORRECT_ENDPOINT),
        ],
    )
    def test_other_refusals_are_final(
        self, transport: Transport, server: Server, status: int, kind: type[CloudError], remedy: Remedy
    ) -> None:
        server.answer_in_turn(Answer(ERROR, status=status, headers={"Location": "/elsewhere"}))
        with pytest.raises(kind, match=f"read instance 'alpha': status {status}.*Nope.*trace tr-1") as caught:
            read(transport, asking(server))
        assert (caught.value.remedy, caught.value.facts["asked"]) == (remedy, "read instance 'alpha'")
        assert len(server.asked) == 1

    @pytest.mark.parametrize(
        ("words", "known", "action"),
        [
            ("You lack quantum-computing.usage.read.", None, "quantum-computing.usage.read"),
            ("Missing account-analytics-filters.read, it seems", "a.b.read", "account-analytics-filters.read"),
            ("No.", "quantum-computing.account-configuration.read", "quantum-computing.account-configuration.read"),
            ("See docs.ibm.com.", None, None),
        ],
    )
    def test_a_403_names_the_action_that_is_missing(
        self, transport: Transport, server: Server, words: str, known: str | None, action: str | None
    ) -> None:
        server.answer_in_turn(Answer({"message": words}, status=403))
        with pytest.raises(NotAuthorized) as caught:
            read(transport, asking(server, action=known, is_admin=True))
        assert (caught.value.remedy, caught.value.facts["action"]) == (Remedy.ASK_FOR_ADMINISTRATOR, action)

    @pytest.mark.parametrize(
        ("body", "words", "trace"),
        [
            ({"message": "Gone", "status_code": 400, "transaction_id": "t-2"}, "Gone", "t-2"),
            ({"errors": [{"code": "bad", "message": "One"}, {"message": "Two"}]}, "One Two", "h-9"),
            ({"message": "\x1b[31mred\n\nalarm"}, "[31mred alarm", "h-9"),
            ({"message": "x" * 5000}, "x" * 600 + "...", "h-9"),
            (b"<html>Bad gateway</html>", "without a message", "h-9"),
            (b"\xff\xfe", "without a message", "h-9"),
            ([1, 2], "without a message", "h-9"),
            ({"errors": "what?", "message": {"no": "text"}}, "without a message", "h-9"),
        ],
    )
    def test_ibms_words_in_all_their_shapes(
        self, transport: Transport, server: Server, body: object, words: str, trace: str
    ) -> None:
        server.answer_in_turn(Answer(body, status=400, headers={"Transaction-Id": "h-9"}))
        with pytest.raises(RequestRefused) as caught:
            read(transport, asking(server))
        assert words in str(caught.value)
        assert caught.value.trace == trace
        assert "\x1b" not in str(caught.value)
        assert "html" not in str(caught.value)

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (ok(b"<html>"), "HTML"),
            (ok(b'{"a": NaN}'), "NaN"),
            (ok(b'{"a": '), "is cut off"),
            (ok(b"[" * 100_000), "nested"),
            (ok(b""), "empty"),
            (Answer(b"not zipped", headers={"Content-Encoding": "gzip"}), "unpacked"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_what_was_asked(
        self, transport: Transport, server: Server, answer: Answer, says: str
    ) -> None:
        server.answer_in_turn(answer)
        with pytest.raises(BadResponse, match=f"^Could not read instance 'alpha': .*{says}") as caught:
            read(transport, asking(server))
        assert caught.value.remedy is Remedy.CHECK_ENDPOINTS
        assert len(server.asked) == 1

    def test_a_body_is_bounded_also_where_it_is_zipped(self, transport: Transport, server: Server) -> None:
        server.answer_in_turn(Answer(b'"' + b"x" * 3_000_000 + b'"', gzipped=True))
        with pytest.raises(BadResponse, match="longer than 1,000,000 bytes"):
            transport.read(asking(server), parsing.document, max_bytes=1_000_000)


class TestRetryAfter:
    def test_seconds(self, transport: Transport, server: Server, fake_time: FakeTime) -> None:
        server.answer_in_turn(Answer(status=503, headers={"Retry-After": "7"}), DONE)
        read(transport, asking(server))
        assert fake_time.sleeps == [7.0]

    def test_a_date(self, transport: Transport, server: Server, fake_time: FakeTime) -> None:
        then = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
        server.answer_in_turn(Answer(status=429, headers={"Retry-After": then}), DONE)
        read(transport, asking(server))
        assert sum(fake_time.sleeps) == pytest.approx(59.5, abs=1.5)

    @pytest.mark.parametrize("value", ["soon", "-3", "1e9999"])
    def test_what_cannot_be_read_is_left_aside(
        self, transport: Transport, server: Server, fake_time: FakeTime, value: str
    ) -> None:
        server.answer_in_turn(Answer(status=503, headers={"Retry-After": value}), DONE)
        read(transport, asking(server))
        assert sum(fake_time.sleeps) <= 0.5

    def test_too_long_gives_up_and_says_so(self, transport: Transport, server: Server, fake_time: FakeTime) -> None:
        server.answer_in_turn(Answer(status=429, headers={"Retry-After": "600"}))
        with pytest.raises(Unavailable, match=r"after 1 try, last answer 429.*wait 600 s.*120 s at most") as caught:
            read(transport, asking(server))
        assert (caught.value.retry_after_seconds, caught.value.remedy) == (600, Remedy.WAIT)
        assert fake_time.sleeps == []

    def test_it_slows_all_workers(self, transport: Transport, server: Server, fake_time: FakeTime) -> None:
        """While one is told to wait 30 s, nobody asks; afterwards everybody does."""
        server.answer_in_turn(Answer(status=429, headers={"Retry-After": "30"}), DONE)
        times: list[float] = []
        script = server.script

        def noting(asked: Asked) -> Answer:
            times.append(fake_time.now)
            return script(asked)

        server.script = noting
        first = read(transport, asking(server))
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: read(transport, asking(server)), range(4)))
        assert first == {"done": True}
        assert times[0] == 1_000
        assert min(times[1:]) >= 1_030

    def test_a_held_gate_holds_requests_that_were_not_limited_themselves(self, server: Server) -> None:
        transport = Transport(timeout_seconds=5, patience=Patience(backoff=0.2, chance=lambda: 0.0))
        script_time: dict[str, list[float]] = {"/a": [], "/b": []}

        def script(asked: Asked) -> Answer:
            script_time[asked.path].append(time.monotonic())
            return Answer(status=429) if asked.path == "/a" and len(script_time["/a"]) == 1 else DONE

        server.script = script
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(read, transport, asking(server, path="/a"))
            while not script_time["/a"]:
                time.sleep(0.001)
            time.sleep(0.05)
            two = pool.submit(read, transport, asking(server, path="/b"))
            one.result(), two.result()
        assert script_time["/b"][0] - script_time["/a"][0] >= 0.2
        transport.close()

    def test_waiting_in_a_queue_that_moves_is_not_giving_up(self, transport: Transport, server: Server) -> None:
        """A limit lets other requests through: the one that is unlucky 20 times still gets its turn."""
        unlucky = 0

        def script(asked: Asked) -> Answer:
            nonlocal unlucky
            if asked.path != "/unlucky":
                return DONE
            unlucky += 1
            transport._gate.succeeded()  # as when another worker's request gets through meanwhile
            return Answer(status=429) if unlucky <= 20 else DONE

        server.script = script
        assert read(transport, asking(server, path="/unlucky")) == {"done": True}

    def test_backoff_has_jitter_and_a_ceiling(self) -> None:
        patience = Patience()
        waits = {patience.backoff_for(3, random.random()) for _ in range(20)}
        assert len(waits) > 1
        assert all(1.0 <= wait <= 2.0 for wait in waits)
        assert patience.backoff_for(50, 0) <= 30


class TestTokens:
    def test_a_401_renews_the_token_once_and_asks_again(
        self, transport: Transport, server: Server, tokens: FixedTokens
    ) -> None:
        server.script = lambda asked: DONE if asked.headers["Authorization"].endswith("token-2") else Answer(status=401)
        assert read(transport, asking(server), tokens) == {"done": True}
        assert len(server.asked) == 2

    def test_a_second_401_is_final(self, transport: Transport, server: Server, tokens: FixedTokens) -> None:
        server.answer_in_turn(Answer(ERROR, status=401))
        with pytest.raises(NotAuthorized, match="status 401"):
            read(transport, asking(server), tokens)
        assert len(server.asked) == 2

    def test_a_secret_that_the_server_echoes_is_not_repeated(
        self, server: Server, patience: Patience, events: list[RequestEvent]
    ) -> None:
        transport = Transport(timeout_seconds=5, patience=patience, observer=events.append)
        key, password, token = ("".join(reversed(text)) for text in ("yek-t3rc3s", "drowssap", "1-nekot"))
        transport.redact.add(key)
        body = {"message": f"{key} {'x' * 586}{key} Bearer {token} https://me:{password}@proxy", "trace": key}
        server.answer_in_turn(Answer(body, status=400, headers={"X-Request-Id": key}))
        with pytest.raises(RequestRefused) as caught:
            read(transport, asking(server, params=(("k", key),)), FixedTokens())
        told = "".join(traceback.format_exception(caught.value)) + repr(events) + repr(vars(caught.value))
        assert "s3cr3t" not in told
        assert token not in told
        assert password not in told
        assert "s3cr3t" not in str(transport.statistics)
        transport.close()


def write(transport: Transport, request: Request, tokens: FixedTokens) -> Any:
    return transport.write(request, parsing.document, tokens=tokens)


class TestWrites:
    @pytest.mark.parametrize(
        "answer",
        [
            *[Answer(ERROR, status=status) for status in (302, 400, 403, 404, 408, 409, 422, 429)],
        ],
        ids=lambda answer: str(answer.status),
    )
    def test_a_refusal_is_definite_and_not_repeated(
        self, transport: Transport, server: Server, tokens: FixedTokens, answer: Answer
    ) -> None:
        server.answer_in_turn(answer)
        with pytest.raises(WriteRefused, match=f"instance 'alpha': status {answer.status}.*Nope") as caught:
            write(transport, asking(server, "PATCH"), tokens)
        assert (caught.value.retry_after is not None) == (answer.status == 429)
        assert len(server.asked) == 1

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            *[(Answer(ERROR, status=status), f"status {status}") for status in (500, 502, 503, 504)],
            (Answer(cut="before"), "cut"),
            (Answer({"filler": "x" * 100}, cut="inside"), "cut"),
            (Answer(delay=5), "no answer"),
            (ok(b"<html>"), "HTML"),
        ],
    )
    def test_whatever_may_have_been_done_is_unknown_and_not_repeated(
        self, server: Server, patience: Patience, tokens: FixedTokens, answer: Answer, says: str
    ) -> None:
        transport = Transport(timeout_seconds=0.2, patience=patience)
        server.answer_in_turn(answer)
        with pytest.raises(WriteOutcomeUnknown, match=f"instance 'alpha': .*{says}") as caught:
            write(transport, asking(server, "PATCH", json={"a": 1}), tokens)
        assert caught.value.remedy is Remedy.READ_BACK
        assert len(server.asked) == 1
        transport.close()

    def test_what_could_not_be_sent_was_not_done(
        self, transport: Transport, server: Server, tokens: FixedTokens
    ) -> None:
        request = replace(asking(server, "PATCH"), base_url=f"http://127.0.0.1:{free_port()}/thing")
        with pytest.raises(WriteRefused, match="the connection was refused, so nothing was written"):
            write(transport, request, tokens)

    def test_a_429_tells_when_it_may_be_sent_again_and_slows_all(
        self, transport: Transport, server: Server, tokens: FixedTokens, fake_time: FakeTime
    ) -> None:
        server.answer_in_turn(Answer(status=429, headers={"Retry-After": "9"}), DONE)
        with pytest.raises(WriteRefused) as caught:
            write(transport, asking(server, "PATCH"), tokens)
        assert caught.value.retry_after == 9
        assert fake_time.sleeps == []
        read(transport, asking(server))
        assert fake_time.sleeps == [9.0]

    def test_a_401_renews_the_token_and_is_sent_once_more(
        self, transport: Transport, server: Server, tokens: FixedTokens
    ) -> None:
        server.answer_in_turn(Answer(status=401), DONE)
        assert write(transport, asking(server, "PATCH"), tokens) == {"done": True}
        assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer token-1", "Bearer token-2"]
        server.answer_in_turn(Answer(status=401))
        with pytest.raises(WriteRefused, match="status 401"):
            write(transport, asking(server, "PATCH"), tokens)
        assert len(server.asked) == 4


class TestWatching:
    def test_each_attempt_is_told_and_counted(
        self, transport: Transport, server: Server, events: list[RequestEvent]
    ) -> None:
        server.answer_in_turn(Answer(status=503), Answer(cut="before"), DONE)
        read(transport, asking(server, params=(("a", "1"),)))
        assert [(event.method, event.status, event.attempt) for event in events] == [
            ("GET", 503, 1),
            ("GET", None, 2),
            ("GET", 200, 3),
        ]
        assert events[0].url == f"{server.url}/thing?a=1"
        assert events[1].error == "the connection was cut before the answer was complete"
        assert events[2].error is None
        assert (transport.statistics.requests, transport.statistics.retries) == (3, 2)
        assert transport.statistics.slowest_seconds == max(event.duration_seconds for event in events)


class TestTimeoutFromEnvironment:
    @pytest.mark.parametrize(("text", "seconds"), [("", 60), ("5", 5), (" 0.5 ", 0.5), ("3600", 3600)])
    def test_seconds(self, text: str, seconds: float) -> None:
        assert timeout_from_environment({"IBMCLOUD_HTTP_TIMEOUT": text}) == seconds
        assert timeout_from_environment({}) == 60

    @pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1m", "3601"])
    def test_a_bad_value_is_refused(self, text: str) -> None:
        with pytest.raises(BadEnvironment, match="IBMCLOUD_HTTP_TIMEOUT"):
            timeout_from_environment({"IBMCLOUD_HTTP_TIMEOUT": text})


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
