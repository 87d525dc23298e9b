"""A fact becomes an event: its id, time, causes and trace follow from the item that led to it. Pure.

Folding the same item again says the same facts with the same ids, so their readers recognise a repetition.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from chassis.items import Item
from chassis.outcomes import Outcome
from contracts import Event, Fact, TimeReached
from contracts.envelope import entry_of
from contracts.ids import derived_id
from contracts.kafka import rfc3339, subject_of
from contracts.traces import continued_trace


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


def time_reached(source: str, topic: str, partition: int, at: datetime) -> Event[Any]:
    """What a service says on its own topic when a partition's simulated time has come to `at`."""
    identity = derived_id("time-reached", source, topic, str(partition), rfc3339(at))
    return Event(id=identity, source=source, time=at, data=TimeReached(at=at), correlation_id=identity)
