"""The spans of a service's work: folding an item, and what it said reaching Kafka. Pure.

Ids are derived (`contracts.traces`), so the relay, often another process than the one that folded, makes spans below
that step. Called only where traces go out.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chassis.items import Command, Due, Item
from chassis.outbox import headers_of
from chassis.outcomes import Outcome
from contracts import Event
from contracts.envelope import entry_of
from contracts.traces import place_of, step_of
from tracing import Kind, Span
from tracing.messages import Wants, about, publishing


def folding(
    source: str, outcomes: Sequence[tuple[Item, Outcome]], wants: Wants, start_ns: int, end_ns: int
) -> Iterator[Span]:
    """One for each item of a transaction, all as long as the transaction: that is how long each waited for it."""
    for item, outcome in outcomes:
        trace_id, parent_id, sampled = place_of(item.traceparent, item.correlation_id)
        if not sampled or not wants(trace_id):
            continue
        yield Span(
            name=_name(item),
            kind=Kind.consumer if isinstance(item, Event) else Kind.internal,
            trace_id=trace_id,
            span_id=step_of(source, item.id),
            parent_id=step_of(source, item.set_by) if isinstance(item, Due) else parent_id,
            start_ns=start_ns,
            end_ns=end_ns,
            attributes={
                **about(_topic(item), item.id, item.correlation_id),
                "messaging.batch.message_count": len(outcomes),
                "rapport.facts": len(outcome.facts),
                "rapport.decisions": ", ".join(f"{d.rule}: {d.outcome} ({d.reason})" for d in outcome.decisions),
            },
        )


def relaying(rows: Iterable[Any], wants: Wants, now_ns: int) -> Iterator[Span]:
    """One for each row of the outbox that Kafka has acknowledged now; `age_s` is how long it lay there."""
    for row in rows:
        headers = {name: content.decode() for name, content in headers_of(row.headers)}
        span = publishing(row.topic, headers, wants, now_ns - int(float(row.age_s) * 1e9), now_ns)
        if span is not None:
            yield span


def _name(item: Item) -> str:
    match item:
        case Event():
            return f"process {item.type}"
        case Due(kind=kind):
            return f"deadline {kind}"
        case Command(data=data):
            return f"command {type(data).__name__}"


def _topic(item: Item) -> str | None:
    return entry_of(type(item.data)).topic if isinstance(item, Event) else None
