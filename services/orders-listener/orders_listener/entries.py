"""One fact in an order's history, and how often it counts: once.

Owns the natural key of a fact, its three times and the order in which facts are read. Must not know what follows
from them.
"""

from collections.abc import Iterable, Set
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from contracts.envelope import entry_of
from contracts.ids import derived_id
from contracts.orders import CancellationRequested, DelayAccepted
from contracts.storefront import (
    ContactReceived,
    LineAvailable,
    LineSubstituted,
    LineUnavailable,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    PromiseChanged,
    ReturnReceived,
    ReturnRequested,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
)

HistoryFact = (
    OrderPlaced
    | OrderChanged
    | PromiseChanged
    | OrderPaid
    | PaymentFailed
    | LineUnavailable
    | LineAvailable
    | LineSubstituted
    | OrderCancelled
    | OrderRefunded
    | ReturnRequested
    | ReturnReceived
    | ShipmentCreated
    | ShipmentProgressed
    | ContactReceived
    | DelayAccepted
    | CancellationRequested
)
F = TypeVar("F", bound=HistoryFact)
LINKS = frozenset({"retry_url", "tracking_url"})
"""Fields that open a page to whoever has them. Kept to be said to the customer, shown to nobody else."""


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """A fact with the time it was said and the time this timeline learned of it."""

    key: str
    """What makes a repetition visible, however often and under whatever event id it is said."""
    said_at: datetime
    detected_at: datetime
    """Never earlier than anything the timeline had learned before."""
    fact: HistoryFact

    @property
    def occurred_at(self) -> datetime:
        """When it happened, as far as the publisher knows."""
        return self.fact.placed_at if isinstance(self.fact, OrderPlaced) else self.fact.occurred_at


def entry(fact: HistoryFact, *, said_at: datetime, detected_at: datetime) -> HistoryEntry:
    """The entry of a fact, without what has no place in a pseudonymous history."""
    return HistoryEntry(key=key_of(fact), said_at=said_at, detected_at=detected_at, fact=_without_words(fact))


def key_of(fact: HistoryFact) -> str:
    """The natural key: an id of the fact's own where it has one, otherwise its content."""
    name = entry_of(type(fact)).type
    match fact:
        case OrderPlaced() | CancellationRequested():
            return name
        case OrderRefunded():
            return f"{name}|{fact.refund_id}"
        case OrderPaid(payment_id=str()):
            return f"{name}|{fact.payment_id}"
        case ReturnRequested() | ReturnReceived():
            return f"{name}|{fact.return_id}"
        case ContactReceived():
            return f"{name}|{fact.contact_id}"
        case _:
            return derived_id(name, msgspec.json.encode(fact).decode())


def without_spent_links(entries: tuple[HistoryEntry, ...]) -> tuple[HistoryEntry, ...]:
    """Links open pages to whoever has them: one that pays is kept until the order is paid, one that shows a parcel's
    way until the parcel is there. Independent of arrival."""
    paid = any(isinstance(entry.fact, OrderPaid | OrderCancelled) for entry in entries)
    arrived = {
        entry.fact.shipment_id
        for entry in entries
        if isinstance(entry.fact, ShipmentProgressed) and entry.fact.status is ShipmentStatus.delivered
    }
    return tuple(_without_link(entry, paid, arrived) for entry in entries)


def ends_links(fact: HistoryFact) -> bool:
    """Whether a link may be spent when this is said, or come too late."""
    match fact:
        case OrderPaid() | OrderCancelled() | PaymentFailed() | ShipmentCreated():
            return True
        case ShipmentProgressed(status=status):
            return status is ShipmentStatus.delivered
    return False


def _without_link(entry: HistoryEntry, paid: bool, arrived: Set[str]) -> HistoryEntry:
    match entry.fact:
        case PaymentFailed(retry_url=str()) if paid:
            return structs.replace(entry, fact=structs.replace(entry.fact, retry_url=None))
        case ShipmentCreated(tracking_url=str(), shipment_id=shipment_id) if shipment_id in arrived:
            return structs.replace(entry, fact=structs.replace(entry.fact, tracking_url=None))
    return entry


def in_order(entries: Iterable[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """As it happened; the order itself first, whatever the clocks of others say. Independent of arrival."""
    return tuple(sorted(entries, key=_rank))


def _rank(entry: HistoryEntry) -> tuple[bool, datetime, datetime, str]:
    return not isinstance(entry.fact, OrderPlaced), entry.occurred_at, entry.said_at, entry.key


def _without_words(fact: HistoryFact) -> HistoryFact:
    """Customers' own words are kept by feedback alone."""
    match fact:
        case ContactReceived():
            return structs.replace(fact, text=None)
        case CancellationRequested():
            return structs.replace(fact, reason=None)
        case _:
            return fact
