"""From what a hook says to events: their ids, and whether a service could read them. No I/O.

The same hook gives the same ids and the same bytes whenever it comes, so that a redelivery says nothing twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import structs

from contracts import Event, Fact
from contracts.catalogue import catalogue
from contracts.envelope import entry_of
from contracts.ids import derived_id
from contracts.kafka import LARGEST_VALUE_BYTES, LONGEST_ATTRIBUTE, Record, encode, subject_of, to_record
from contracts.moments import check_moments
from contracts.past import past_correlation
from contracts.storefront import CARRY_CONTACTS
from contracts.traces import continued_trace
from contracts.unreadable import Unreadable
from orders_listener.ingest.hooks import Hook, OfCustomer, OfOrder, OfParcel, Saying

Ids: TypeAlias = Mapping[str, str]
"""The ids of a fact that its hook did not know."""
_UNKNOWN = "unknown-yet"
"""Stands for an id while a fact is checked that waits for its ids."""


class Unsayable(Exception):
    """A fact breaks its contract; the message names the field, never its content."""


class Waiting(NamedTuple):
    """A fact whose customer is not known yet, in the form in which it is kept: it names nobody."""

    of: OfOrder | OfParcel
    event_id: str
    source: str
    type: str
    correlation_id: str
    data: str
    occurred_at: datetime


def record_said(hook: Hook, number: int, saying: Saying, ids: Ids) -> Record:
    """What goes on Kafka for a hook's saying, its first being number 0. Raises `Unsayable`."""
    return checked(_event_of(hook, number, saying, ids))


def waiting_of(hook: Hook, number: int, saying: Saying) -> Waiting | None:
    """What is kept of a saying until its ids are known; None for what must not be kept here: names and addresses.

    Raises `Unsayable` now rather than when nobody is there to hear it.
    """
    of = saying.of
    if isinstance(of, OfCustomer) or saying.fact in CARRY_CONTACTS:
        return None
    missing = dict.fromkeys(_missing(of), _UNKNOWN)
    event = _event_of(hook, number, saying, missing)
    checked(event)
    known = msgspec.json.decode(encode(event.data), type=dict[str, Any])
    data = encode({name: content for name, content in known.items() if name not in missing})
    return Waiting(
        of, event.id, event.source, event.type, event.correlation_id, data.decode(), occurred_at(hook, saying)
    )


def occurred_at(hook: Hook, saying: Saying) -> datetime:
    """When it happened; for a fact that does not say so in a way that can be read, when we were told."""
    try:
        moment = msgspec.convert(saying.data.get("occurred_at"), datetime)
    except msgspec.ValidationError:
        return hook.received_at
    return moment if moment.tzinfo else hook.received_at


def event_kept(row: Any, ids: Ids) -> Event[Fact]:
    """The event of a `Waiting` in its row, now that its ids are known: as if they had been known at once.

    Raises `Unsayable`.
    """
    data: Mapping[str, Any] = msgspec.json.decode(row.data)
    fact = _fact(catalogue()[row.type].fact, {**data, **ids})
    event = _event(row.event_id, row.source, fact, row.received_at)
    return structs.replace(event, correlation_id=row.correlation_id)


def checked(event: Event[Any]) -> Record:
    """What goes on Kafka. Raises `Unsayable` for what no service could read.

    The fact went through its contract when it was made, so only what contracts do not say is looked at here; that this
    is as much as reading the record again is shown by a test.
    """
    record = to_record(event)
    try:
        check_moments(event.type, event.data, event.time)
    except Unreadable as error:
        raise Unsayable(f"{event.type}: {error.detail}") from error
    if b"\\u0000" in record.value or "\x00" in event.id:
        raise Unsayable(f"{event.type}: a text contains U+0000")
    if len(record.value) > LARGEST_VALUE_BYTES:
        raise Unsayable(f"{event.type}: more than {LARGEST_VALUE_BYTES} bytes")
    return record


def _event_of(hook: Hook, number: int, saying: Saying, ids: Ids) -> Event[Fact]:
    fact = _fact(saying.fact, {**saying.data, **ids})
    event = _event(_event_id(hook, number), hook.source, fact, hook.received_at)
    if not saying.past:
        return event
    return structs.replace(event, correlation_id=past_correlation(hook.received_at, event.id))


def _missing(of: OfOrder | OfParcel) -> Sequence[str]:
    return ("customer_id",) if isinstance(of, OfOrder) else ("customer_id", "order_id", "shipment_id")


def _event_id(hook: Hook, number: int) -> str:
    """The provider's own name for its news, with a number behind it from the second fact on."""
    identity = f"{hook.topic}:{hook.key}" + (f":{number}" if number else "")
    return (
        identity if len(identity) <= LONGEST_ATTRIBUTE else derived_id(hook.source, hook.topic, hook.key, str(number))
    )


def _fact(kind: type[Fact], data: Mapping[str, Any]) -> Fact:
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise Unsayable(f"{entry_of(kind).type}: {without_content(error)}") from error


def _event(identity: str, source: str, fact: Fact, time: datetime) -> Event[Fact]:
    return Event(
        id=identity,
        source=source,
        time=time,
        data=fact,
        subject=subject_of(fact),
        correlation_id=identity,
        traceparent=continued_trace(None, identity, identity),
    )


def without_content(error: Exception) -> str:
    """A decoder's words without the content that they cite."""
    message = str(error)
    return "Invalid value" + message[message.rfind(" - at ") :] if message.startswith("Invalid enum value") else message
