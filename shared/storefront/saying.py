"""From a fact to the record that says it; ids that stay the same when it is said again. Pure."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from contracts import Event, Fact, TimeReached
from contracts.envelope import entry_of
from contracts.ids import derived_id
from contracts.kafka import Record, from_record, rfc3339, subject_of, to_record
from contracts.storefront import CUSTOMERS, ORDERS, SHIPMENTS
from contracts.traces import continued_trace
from contracts.unreadable import Unreadable
from storefront.errors import Unsayable

TOPICS = (ORDERS, SHIPMENTS, CUSTOMERS)
"""All that a storefront says, it says here."""


class Said(NamedTuple):
    """A fact and when the storefront says it; when it happened stands in the fact."""

    fact: Fact
    said_at: datetime


def event_of(said: Said, source: str, event_id: str | None = None, traceparent: str | None = None) -> Event[Any]:
    """The fact in its envelope. A storefront is where a story begins, so the event is its own correlation, and begins
    a trace unless `traceparent` (W3C) names one that it belongs to.

    Raises `Unsayable` for something that is no storefront fact or for a time without an offset.
    """
    fact, said_at = said
    _require_offset(said_at)
    identity = event_id or _id_of(fact, said_at, source)
    return Event(
        id=identity,
        source=source,
        time=said_at,
        data=fact,
        subject=_subject(fact),
        correlation_id=identity,
        traceparent=continued_trace(traceparent, identity, identity),
    )


def record_of(event: Event[Any]) -> Record:
    """What goes on Kafka, read back once as a service will: what cannot be read must not be sent."""
    record = to_record(event)
    try:
        from_record(record.key, record.value, record.headers, wanted=(event.type,))
    except Unreadable as error:
        raise Unsayable(f"{event.type} of {event.data.customer_id!r}: {error}") from error
    return record


def time_reached_record(at: datetime, source: str, topic: str, partition: int) -> Record:
    """Everything before `at` has been said on this partition; the same again has the same id."""
    _require_offset(at)
    identity = derived_id(source, "time-reached", topic, str(partition), rfc3339(at))
    event = Event(id=identity, source=source, time=at, data=TimeReached(at=at.astimezone(UTC)), correlation_id=identity)
    return to_record(event, topic=topic)


def _require_offset(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise Unsayable(f"{moment.isoformat()} has no offset: pass a datetime with tzinfo")


def _subject(fact: Fact) -> str | None:
    try:
        topic = entry_of(type(fact)).topic
    except KeyError:
        topic = ""
    if topic not in TOPICS:
        raise Unsayable(f"{type(fact).__name__} is not a storefront's fact: see contracts.storefront")
    return subject_of(fact)


def _id_of(fact: Fact, said_at: datetime, source: str) -> str:
    """A storefront that crashed and publishes again says the same again: same bytes, same moment, same id."""
    content = sha256(msgspec.json.encode(fact)).hexdigest()
    return derived_id(source, entry_of(type(fact)).type, subject_of(fact) or "", rfc3339(said_at), content)
