"""What an order in a shop's records says, as events. Owns their ids, their moment and what is assumed of old parcels.

An id follows from the content: the same file again says the same again, and that counts once. Everything is said at the
moment of the import, under a correlation that tells it from news (`contracts.past`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from contracts import Event, Fact
from contracts.envelope import entry_of
from contracts.ids import derived_id
from contracts.kafka import subject_of
from contracts.past import past_correlation
from contracts.storefront import CustomerUpdated, ShipmentCreated, ShipmentProgressed, ShipmentStatus
from orders_listener.ingest.hooks import BadHook, OfCustomer, Saying
from orders_listener.ingest.shopify.bodies import Order
from orders_listener.ingest.shopify.orders import RECORD, said_of

FEW = (CustomerUpdated,)
"""Said when it was true: an address out of an old order takes the place of no newer one."""


class Mistake(NamedTuple):
    """Something in a file that is no order."""

    place: str
    """`row 17`, `line 3, order 2`."""
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


class Record(NamedTuple):
    """One order and where it stands."""

    place: str
    order: Order


class Import(NamedTuple):
    """One run over a file."""

    source: str
    """As the hooks of the shop have it: `/shopify/berlin.myshopify.com`."""
    at: datetime
    """Its moment, a whole second."""
    arrives_after: timedelta | None
    """So long after a parcel left it counts as delivered, where nobody has said so; None: never."""


def events_of(record: Record, run: Import) -> list[Event[Any]] | Mistake:
    """All that an order shows; nothing of a test order."""
    if record.order.test:
        return []
    try:
        sayings = [*said_of(record.order, run.at, RECORD)]
        facts = [_fact(saying) for saying in [*_arrivals(sayings, run), *sayings]]
    except (BadHook, msgspec.ValidationError) as error:
        return Mistake(record.place, str(error))
    return [_event(fact, run) for fact in facts]


def _arrivals(sayings: Sequence[Saying], run: Import) -> Iterator[Saying]:
    """Deliveries of parcels that left long ago and that nobody said anything of since."""
    arrived = {saying.data["shipment_id"] for saying in sayings if saying.fact is ShipmentProgressed}
    for saying in sayings:
        if run.arrives_after is None or saying.fact is not ShipmentCreated or saying.data["shipment_id"] in arrived:
            continue
        at = saying.data["occurred_at"] + run.arrives_after
        if at <= run.at:
            parcel = {name: saying.data[name] for name in ("order_id", "shipment_id")}
            yield Saying(
                saying.of, ShipmentProgressed, parcel | {"occurred_at": at, "status": ShipmentStatus.delivered}
            )


def _fact(saying: Saying) -> Fact:
    assert isinstance(saying.of, OfCustomer)  # noqa: S101 an order names its customer
    return msgspec.convert({**saying.data, "customer_id": saying.of.customer_id}, saying.fact)


def _event(fact: Fact, run: Import) -> Event[Any]:
    content = msgspec.json.encode(fact).decode()
    identity = derived_id("backfill", run.source, entry_of(type(fact)).type, content)
    return Event(
        id=identity,
        source=run.source,
        time=fact.occurred_at if isinstance(fact, FEW) else run.at,
        data=fact,
        subject=subject_of(fact),
        correlation_id=past_correlation(run.at, identity),
    )


def mistakes_in(records: Iterable[Record | Mistake], run: Import) -> Iterator[Mistake]:
    """Everything in a file that cannot be said."""
    for record in records:
        found = record if isinstance(record, Mistake) else events_of(record, run)
        if isinstance(found, Mistake):
            yield found
