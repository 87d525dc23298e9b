"""The spans of saying something on Kafka, read from the headers it was said with. Pure.

The id of such a span is the one that the header names: readers follow from it without knowing who said it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from contracts.kafka import Record
from contracts.traces import place_of, step_of
from tracing.spans import Kind, Span

Wants = Callable[[str], bool]
"""Whether a trace, by its id, is looked at."""


def said(records: Iterable[Record], wants: Wants, start_ns: int, end_ns: int) -> Iterator[Span]:
    """What a publisher says itself, from its decision to the acknowledgement."""
    for topic, _, _, headers in records:
        span = publishing(topic, {name: content.decode() for name, content in headers}, wants, start_ns, end_ns)
        if span is not None:
            yield span


def publishing(topic: str, headers: Mapping[str, str], wants: Wants, start_ns: int, end_ns: int) -> Span | None:
    """Saying one event; None where nobody looks at its trace, or it has none (time-reached)."""
    traceparent, source = headers.get("ce_traceparent"), headers["ce_source"]
    trace_id, span_id, sampled = place_of(traceparent, headers["ce_id"])
    if traceparent is None or span_id is None or not (sampled and wants(trace_id)):
        return None
    cause_id = headers.get("ce_causationid")
    return Span(
        name=f"publish {headers['ce_type']}",
        kind=Kind.producer,
        trace_id=trace_id,
        span_id=span_id,
        parent_id=step_of(source, cause_id) if cause_id else None,
        start_ns=start_ns,
        end_ns=end_ns,
        attributes=about(topic, headers["ce_id"], headers.get("ce_correlationid")),
    )


def about(topic: str | None, event_id: str, correlation_id: str | None) -> dict[str, str | int]:
    """What a span says of an event (OpenTelemetry's semantic conventions for messaging); no customer."""
    named = {
        "messaging.system": "kafka" if topic else None,
        "messaging.destination.name": topic,
        "messaging.message.id": event_id,
        "rapport.correlation_id": correlation_id,
    }
    return {name: content for name, content in named.items() if content is not None}


__all__: Sequence[str] = ["about", "publishing", "said"]
