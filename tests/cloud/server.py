"""A server on loopback that does as a test tells it, down to cutting connections, and records what it was asked."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; the path is unquoted, the query a list of values for each name."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    target: str
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What to answer. `cut` closes the connection: "before" any byte, or "inside" the body. `delay` is in seconds."""

    body: object = field(default_factory=dict)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: str = ""
    delay: float = 0.0
    gzipped: bool = False


Script = Callable[[Asked], Answer]


class Server:
    """Answers as `script` says; `asked` is what it was asked so far."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[Asked] = []
        self.script: Script = lambda _asked: Answer()
        self.stopping = threading.Event()

    def answer_in_turn(self, *answers: Answer) -> None:
        """Gives these answers one after the other, then the last one for ever."""
        waiting = list(answers)
        lock = threading.Lock()

        def script(_asked: Asked) -> Answer:
            with lock:
                return waiting.pop(0) if len(waiting) > 1 else waiting[0]

        self.script = script


def ok(body: object) -> Answer:
    return Answer(body)


@contextmanager
def serving() -> Iterator[Server]:
    """A running server."""
    connections: dict[int, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=unquote(parts.path),
                query=parse_qs(parts.query),
                headers=dict(self.headers.items()),
                body=self.rfile.read(length),
                target=self.path,
                connection=connections.setdefault(self.client_address[1], len(connections)),
            )
            server.asked.append(asked)
            self._answer(server.script(asked))

        def _answer(self, answer: Answer) -> None:
            if answer.delay:
                server.stopping.wait(answer.delay)
            if answer.cut == "before":
                self.close_connection = True
                return
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            if answer.gzipped:
                body = gzip.compress(body)
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            if answer.gzipped:
                self.send_header("Content-Encoding", "gzip")
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.cut == "inside":
                body = body[: len(body) // 2]
                self.close_connection = True
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_PATCH = _do

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, request: object, client_address: object) -> None:
            """Quiet: the tests cut connections on purpose."""

    listener = Quiet(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{listener.server_address[1]}")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        listener.shutdown()
        listener.server_close()
        thread.join()
