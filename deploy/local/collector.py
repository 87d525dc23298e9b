"""A collector of traces on this machine: takes OTLP over HTTP in JSON, and keeps it. For `make trace` and tests.

Believes nothing: what is not a span, or names a customer's address, is its owner's mistake and kept as it came.
"""

import gzip
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self


class Seen(NamedTuple):
    """A span as it came, and who made it."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any]


class Collector:
    """Listens while its block lasts. `answers` are given to the first requests instead of 200."""

    def __init__(self, answers: tuple[int, ...] = ()) -> None:
        self.bodies: list[bytes] = []
        """Of every request that was taken, as JSON."""
        self._answers = list(answers)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def endpoint(self) -> str:
        """What `OTEL_EXPORTER_OTLP_ENDPOINT` is set to."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def spans(self) -> list[Seen]:
        """All that came, each span once, by their beginning."""
        found = {span.span_id: span for body in list(self.bodies) for span in _spans(json.loads(body))}
        return sorted(found.values(), key=lambda span: (span.start_ns, span.end_ns))

    def trace(self, trace_id: str) -> list[Seen]:
        """Those of one trace."""
        return [span for span in self.spans() if span.trace_id == trace_id]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                answer = collector._answers.pop(0) if collector._answers else 200
                if answer == 200 and self.path == "/v1/traces":
                    collector.bodies.append(gzip.decompress(body))
                self.send_response(answer if self.path == "/v1/traces" else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler


def _spans(body: Any) -> list[Seen]:
    return [
        Seen(
            _named(part["resource"]["attributes"])["service.name"],
            span["name"],
            span["traceId"],
            span["spanId"],
            span["parentSpanId"],
            int(span["startTimeUnixNano"]),
            int(span["endTimeUnixNano"]),
            _named(span["attributes"]),
        )
        for part in body["resourceSpans"]
        for scope in part["scopeSpans"]
        for span in scope["spans"]
    ]


def _named(attributes: Any) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in attributes}
