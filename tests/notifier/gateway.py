"""A real HTTP service for tests that takes text messages as JSON, and answers as it is told to."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Gateway:
    """`answers` are given to the next requests (a status, or `silence`: taken and never answered), then 200."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[str] = []
        self.answers: list[int | str] = []
        self.port = 0
        self.at_once = self._now = 0
        self.delay_s = 0.0
        self.lock = threading.Lock()

    @property
    def addresses(self) -> list[str]:
        """Where what was taken went."""
        return [path.rpartition("/")[2] for path, _ in self.taken]

    def answer(self, path: str, body: dict[str, Any]) -> int | str:
        """To one request."""
        with self.lock:
            self._now += 1
            self.at_once = max(self.at_once, self._now)
            self.asked.append(path)
            said = self.answers.pop(0) if self.answers else 200
        time.sleep(self.delay_s)
        with self.lock:
            self._now -= 1
            if said in (200, "silence"):
                self.taken.append((path, body))
        return said


@contextmanager
def open_gateway() -> Iterator[Gateway]:
    """Listening on a free port of this machine."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = gateway.answer(self.path, body)
            if said == "silence":
                time.sleep(1.5)
                return
            self.send_response(int(said))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
