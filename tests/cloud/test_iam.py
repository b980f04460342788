from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from qauvern.cloud import ApiKey, BadResponse, KeyRefused, RequestEvent, Unavailable
from qauvern.cloud.iam import TokenSource
from qauvern.cloud.transport import Transport
from qauvern.errors import Remedy
from tests.cloud.conftest import FakeTime
from tests.cloud.server import Answer, Asked, Server, ok

KEY = "s3cr3t+key/of=admin"


@pytest.fixture
def source(transport: Transport, server: Server, fake_time: FakeTime) -> TokenSource:
    return TokenSource(transport, server.url, ApiKey(KEY, "IBMCLOUD_API_KEY"), clock=fake_time.clock)


def give_numbered_tokens(server: Server, expires_in: object = 3600) -> None:
    server.script = lambda _asked: ok({"access_token": f"tok-{len(server.asked)}", "expires_in": expires_in})


class TestTokenSource:
    def test_asks_as_iam_wants_it(self, source: TokenSource, server: Server) -> None:
        give_numbered_tokens(server)
        assert source.current() == "tok-1"
        (asked,) = server.asked
        assert (asked.method, asked.path) == ("POST", "/identity/token")
        assert asked.body == (
            b"grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=s3cr3t%2Bkey%2Fof%3Dadmin"
        )
        assert "Authorization" not in asked.headers

    def test_one_request_serves_all_workers(self, source: TokenSource, server: Server) -> None:
        give_numbered_tokens(server)
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(lambda _: source.current(), range(64))) == {"tok-1"}
        assert len(server.asked) == 1

    @pytest.mark.parametrize(("expires_in", "good_for"), [(3600, 2880), (100, 80), (10**9, 2880), (0.5, 0.4)])
    def test_is_renewed_after_80_percent_of_its_life(
        self, source: TokenSource, server: Server, fake_time: FakeTime, expires_in: float, good_for: float
    ) -> None:
        give_numbered_tokens(server, expires_in)
        source.current()
        fake_time.now += good_for * 0.99
        assert source.current() == "tok-1"
        fake_time.now += good_for * 0.02
        assert source.current() == "tok-2"

    def test_a_refused_token_is_renewed_by_the_first_worker_only(self, source: TokenSource, server: Server) -> None:
        give_numbered_tokens(server)
        refused = source.current()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda _: source.renew(refused), range(16)))
        assert source.current() == "tok-2"

    def test_an_unknown_key_says_where_it_came_from_and_how_to_make_one(
        self, source: TokenSource, server: Server, events: list[RequestEvent]
    ) -> None:
        error = {"errorCode": "BXNIM0415E", "errorMessage": f"Key {KEY} not found", "context": {"requestId": "r-7"}}
        server.answer_in_turn(Answer(error, status=400))
        with pytest.raises(KeyRefused, match=r"IBMCLOUD_API_KEY.*BXNIM0415E.*r-7") as caught:
            source.current()
        assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(events)
        assert caught.value.remedy is Remedy.MAKE_API_KEY

    def test_a_refused_key_may_be_tried_again(self, source: TokenSource, server: Server) -> None:
        server.answer_in_turn(
            Answer({"errorCode": "BXNIM0415E"}, status=400), ok({"access_token": "t", "expires_in": 9})
        )
        with pytest.raises(KeyRefused):
            source.current()
        assert source.current() == "t"

    def test_one_refusal_serves_all_who_wait_for_it(self, source: TokenSource, server: Server) -> None:
        waiting = threading.Barrier(16, timeout=20)
        server.script = lambda _asked: Answer({"errorCode": "BXNIM0415E"}, status=400, delay=0.5)

        def ask() -> str:
            waiting.wait()
            return source.current()

        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(ask) for _ in range(16)]
        assert {type(one.exception()) for one in asked} == {KeyRefused}
        assert len(server.asked) == 1

    def test_another_refusal_shows_iams_words_without_the_key(self, source: TokenSource, server: Server) -> None:
        error = {"errorCode": "BXNIM0439E", "errorMessage": f"The key {KEY} is locked"}
        server.answer_in_turn(Answer(error, status=403))
        with pytest.raises(KeyRefused, match=r"The key \*\*\* is locked") as caught:
            source.current()
        assert caught.value.remedy is Remedy.MAKE_API_KEY, "IAM speaks of the key, not of roles"

    def test_iam_in_trouble_is_asked_again(self, source: TokenSource, server: Server) -> None:
        server.answer_in_turn(Answer(status=503), ok({"access_token": "tok", "expires_in": 3600}))
        assert source.current() == "tok"

    def test_iam_in_trouble_for_good(self, source: TokenSource, server: Server) -> None:
        server.answer_in_turn(Answer(status=503))
        with pytest.raises(Unavailable, match=r"get an access token.*6 tries"):
            source.current()

    @pytest.mark.parametrize(
        "body",
        [
            {},
            [],
            {"access_token": "", "expires_in": 3600},
            {"access_token": "a\r\nX: b", "expires_in": 3600},
            {"access_token": 7, "expires_in": 3600},
            {"access_token": "tok"},
            {"access_token": "tok", "expires_in": "3600"},
            {"access_token": "tok", "expires_in": 0},
            {"access_token": "tok", "expires_in": -1},
            {"access_token": "tok", "expires_in": True},
        ],
    )
    def test_what_is_no_token_is_refused(self, source: TokenSource, server: Server, body: object) -> None:
        server.answer_in_turn(ok(body))
        with pytest.raises(BadResponse, match=r"get an access token"):
            source.current()


def test_tokens_are_kept_out_of_messages(transport: Transport, source: TokenSource, server: Server) -> None:
    def script(_asked: Asked) -> Answer:
        return ok({"access_token": "very-secret-token", "expires_in": 60})

    server.script = script
    source.current()
    assert transport.redact("it said very-secret-token") == "it said ***"
