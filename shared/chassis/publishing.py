"""A fact becomes an event: its id, time, causes and trace follow from the item that led to it. Pure.

Folding the same item again says the same facts with the same ids, so their readers recognise a repetition.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from chassis.items import Item
from chassis.outcomes import Outcome
from contracts import Event, Fact, TimeReached
from contracts.envelope import entry_of
from contracts.ids import derived_id
from contracts.kafka import rfc3339, subject_of


def events_of(source: str, outcomes: Sequence[tuple[Item, Outcome]]) -> Iterator[Event[Fact]]:
    """Every fact of the outcomes as an event of `source`, in fold order."""
    for item, outcome in outcomes:
        names: list[str] = []
        for fact in outcome.facts:
            subject = subject_of(fact)
            name = f"{entry_of(type(fact)).type}|{subject}"
            identity = derived_id(source, *_cause(item), name, str(names.count(name)))
            names.append(name)
            yield Event(
                id=identity,
                source=source,
                time=item.at,
                data=fact,
                subject=subject,
                correlation_id=item.correlation_id,
                causation_id=item.id,
                traceparent=continued_trace(item.traceparent, item.correlation_id, identity),
            )


def _cause(item: Item) -> tuple[str, ...]:
    """What names the cause everywhere: two storefronts may both have an event 1001."""
    return (item.source, item.id) if isinstance(item, Event) else (item.id,)


def continued_trace(traceparent: str | None, correlation_id: str, identity: str) -> str:
    """W3C trace context: the same trace, a new span that follows from the event's id.

    An event that came without a trace starts one, named after its correlation.
    """
    parts = (traceparent or "").split("-")
    known = len(parts) == 4 and len(parts[1]) == 32 and len(parts[3]) == 2
    trace_id = parts[1] if known else blake2b(correlation_id.encode(), digest_size=16).hexdigest()
    flags = parts[3] if known else "01"
    return f"00-{trace_id}-{blake2b(identity.encode(), digest_size=8).hexdigest()}-{flags}"


def time_reached(source: str, topic: str, partition: int, at: datetime) -> Event[Any]:
    """What a service says on its own topic when a partition's simulated time has come to `at`."""
    identity = derived_id("time-reached", source, topic, str(partition), rfc3339(at))
    return Event(id=identity, source=source, time=at, data=TimeReached(at=at), correlation_id=identity)
