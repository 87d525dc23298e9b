"""What a provider's module says of hooks, addressed and folded as the service would."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from chassis.sequence import LONG_AGO
from contracts import Event, Fact
from contracts.storefront import CustomerErased
from orders_listener.entries import HistoryFact
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, OfCustomer, OfOrder, OfParcel, Saying
from storefront.saying import record_of
from tests.orders_listener.shop import ADA, ORDER, Told, tell

Heard: TypeAlias = Callable[[Hook], Sequence[Saying] | Ignored]
RECEIVED = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
OWNER = {"customer_id": ADA, "order_id": ORDER, "shipment_id": "s-1"}


def hook(topic: str, body: object, key: str = "k-1", at: datetime = RECEIVED) -> Hook:
    """A delivery, its body as JSON."""
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Hook(topic=topic, key=key, source="/provider/shop", body=content, received_at=at)


def facts_of(answer: Sequence[Saying] | Ignored) -> list[Fact]:
    """The facts of what was said, the customer's, the order's and the parcel's ids filled in."""
    assert not isinstance(answer, Ignored), answer
    return [_fact(saying) for saying in answer]


def _fact(saying: Saying) -> Fact:
    match saying.of:
        case OfCustomer(customer_id):
            ids = {"customer_id": customer_id}
        case OfOrder():
            ids = {"customer_id": OWNER["customer_id"]}
        case OfParcel():
            ids = OWNER
    assert not ids.keys() & saying.data.keys()
    return msgspec.convert({**saying.data, **ids}, saying.fact)


def events_of(heard: Heard, one: Hook) -> list[Event[Any]]:
    """The events that the hook becomes; each is read back as Kafka would have it."""
    answer = heard(one)
    facts = [] if isinstance(answer, Ignored) else facts_of(answer)
    events = [_event(one, number, fact) for number, fact in enumerate(facts)]
    for event in events:
        record_of(event)
    return events


def _event(one: Hook, number: int, fact: Fact) -> Event[Any]:
    name = f"{one.topic}:{one.key}" + (f":{number}" if number else "")
    return Event(id=name, source=one.source, time=one.received_at, data=fact, correlation_id=name)


def told(*events: Event[Any] | Fact, until: datetime = LONG_AGO) -> Told:
    """What the fold makes of them, in this order where all were said at once; they are Ada's."""
    about_orders = [event for event in events if not isinstance(event, Event) or _is_history(event.data)]
    return tell(*about_orders, until=until)


def _is_history(fact: Any) -> bool:
    return isinstance(fact, HistoryFact | CustomerErased)


def survives(heard: Heard, one: Hook) -> None:
    """The module gives facts that hold their contracts, or says why not; it never breaks."""
    with suppress(BadHook):
        events_of(heard, one)
