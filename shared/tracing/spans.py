"""A span, which traces are looked at, and the bytes that a collector reads. Pure.

The form is OTLP 1.x in its JSON encoding: camel case, ids in hexadecimal, 64-bit numbers as text
(opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding").
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

import msgspec

TRACE_HALF = 1 << 64


class Kind(IntEnum):
    """OTLP's numbers."""

    internal = 1
    client = 3
    producer = 4
    consumer = 5


class Span(NamedTuple):
    """Something that took its time. Times are nanoseconds since 1970."""

    name: str
    kind: Kind
    trace_id: str
    span_id: str
    parent_id: str | None
    start_ns: int
    end_ns: int
    attributes: Mapping[str, str | int] = {}
    failed: bool = False


def is_chosen(trace_id: str, ratio: float) -> bool:
    """Whether a trace is among the share that is looked at: every process with the same share says the same.

    As OpenTelemetry's TraceIdRatioBased sampler: by the second half of the trace's id.
    """
    return int(trace_id[16:], 16) < round(ratio * TRACE_HALF)


def encode(service: str, spans: Iterable[Span]) -> bytes:
    """The body of a request to `/v1/traces`."""
    resource = {"attributes": _attributes({"service.name": service, "service.namespace": "rapport"})}
    scope = {"scope": {"name": "rapport"}, "spans": [_of(span) for span in spans]}
    return _encode({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})


def _of(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "parentSpanId": span.parent_id or "",
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
        "attributes": _attributes(span.attributes),
        "status": {"code": 2} if span.failed else {},
    }


def _attributes(named: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [
        {"key": name, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for name, value in named.items()
    ]


_encode = msgspec.json.Encoder().encode
