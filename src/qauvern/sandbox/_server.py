"""The HTTP server on loopback: reads requests, lets the faults have their way, and records what happened."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event as Signal
from threading import Lock, Thread
from typing import Any

from ._wire import Cut, Reply

HOST = "127.0.0.1"
_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 2.0


Answer = Callable[[str, str, Any, bytes], Reply]


class Server(ThreadingHTTPServer):
    """Serves `answer(method, target, headers, body)`; stops at once, keep-alive connections and all."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, answer: Answer, stopping: Signal) -> None:
        self.answer = answer
        self.stopping = stopping
        self._open: set[socket.socket] = set()
        self._open_lock = Lock()
        super().__init__((HOST, port), _Handler)

    def start(self) -> None:
        run = Thread(target=self.serve_forever, args=(_POLL_SECONDS,), name="qauvern-sandbox", daemon=True)
        run.start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with self._open_lock:
                waiting = list(self._open)
            if not waiting:
                return
            for connection in waiting:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            time.sleep(0.002)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._open_lock:
            self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        try:
            reply = self.server.answer(self.command, self.path, self.headers, body)
        except Cut as cut:
            self.close_connection = True
            if cut.hard:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            return
        except Exception:
            traceback.print_exc()
            reply = Reply(500, {"message": "The sandbox itself failed; this is a bug in it.", "status_code": 500})
        self._send(reply)

    def _send(self, reply: Reply) -> None:
        body = reply.body()
        kind = "application/json" if reply.text is None else reply.headers.get("Content-Type", "text/html")
        lines = [
            f"HTTP/1.1 {reply.status} {_phrase(reply.status)}",
            "Server: qauvern-sandbox",
            f"Date: {formatdate(usegmt=True)}",
        ]
        if reply.status != HTTPStatus.NO_CONTENT:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items() if name != "Content-Type"]
        if self.server.stopping.is_set():
            self.close_connection = True
            lines.append("Connection: close")
        with contextlib.suppress(OSError):
            self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
