"""What storefront backends say about orders, shipments and customers."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from contracts.envelope import Fact, event_type
from contracts.stories import Story
from contracts.vocabulary import (
    Channel,
    Country,
    Currency,
    Destination,
    Identifier,
    LineQuantity,
    Locale,
    Minor,
    OrderLine,
    Origin,
    Part,
    Promise,
    Purpose,
    RefundedLine,
    RefundWay,
    SafeUrl,
    Sentence,
    ShippedLine,
    Text,
    Timestamp,
    Variant,
    Word,
    Zone,
)

ORDERS = "storefront.orders"
SHIPMENTS = "storefront.shipments"
CUSTOMERS = "storefront.customers"

Lines = Annotated[tuple[OrderLine, ...], Meta(max_length=1_000)]


@event_type("storefront.order-placed.v1", topic=ORDERS, subject="order_id")
class OrderPlaced(Fact, frozen=True, kw_only=True):
    """A customer bought something and was promised something."""

    order_id: Identifier
    placed_at: Timestamp
    currency: Currency
    lines: Lines
    shipping_minor: Minor = 0
    tax_minor: Minor = 0
    total_minor: Minor
    pay_later: bool = False
    """Payment is agreed for later (invoice, on delivery): the order is confirmed by being placed."""
    redemption_id: Identifier | None = None
    destination: Destination | None = None
    origin: Origin | None = None
    ship_by: Promise | None = None
    promised_by: Promise | None = None
    channel: Word | None = None
    coupon_code: Word | None = None
    referral_code: Word | None = None
    locale: Locale | None = None


@event_type("storefront.order-changed.v1", topic=ORDERS, subject="order_id")
class OrderChanged(Fact, frozen=True, kw_only=True):
    """The order was edited; only what changed is said, lines as they are now."""

    order_id: Identifier
    occurred_at: Timestamp
    lines: Lines | None = None
    total_minor: Minor | None = None
    destination: Destination | None = None


@event_type("storefront.promise-changed.v1", topic=ORDERS, subject="order_id")
class PromiseChanged(Fact, frozen=True, kw_only=True):
    """The customer was given a new date."""

    order_id: Identifier
    occurred_at: Timestamp
    promised_by: Promise
    reason: Sentence | None = None


@event_type("storefront.order-paid.v1", topic=ORDERS, subject="order_id")
class OrderPaid(Fact, frozen=True, kw_only=True):
    """The money arrived."""

    order_id: Identifier
    occurred_at: Timestamp
    amount_minor: Minor
    payment_id: Identifier | None = None
    """What tells payments apart, for publishers that say the same one many times; it counts once, as said first."""


@event_type("storefront.payment-failed.v1", topic=ORDERS, subject="order_id")
class PaymentFailed(Fact, frozen=True, kw_only=True):
    """The money did not arrive."""

    order_id: Identifier
    occurred_at: Timestamp
    reason: Sentence | None = None
    retry_url: SafeUrl | None = None
    """Where the customer can try again."""
    kept_until: Promise | None = None
    """So long the order waits to be paid."""


class UnavailableReason(StrEnum):
    """Why a line cannot be sent."""

    out_of_stock = "out_of_stock"
    backordered = "backordered"
    discontinued = "discontinued"


@event_type("storefront.line-unavailable.v1", topic=ORDERS, subject="order_id")
class LineUnavailable(Fact, frozen=True, kw_only=True):
    """A line of an accepted order cannot be sent now."""

    order_id: Identifier
    line_id: Identifier
    occurred_at: Timestamp
    reason: UnavailableReason
    restock_at: Promise | None = None


@event_type("storefront.line-available.v1", topic=ORDERS, subject="order_id")
class LineAvailable(Fact, frozen=True, kw_only=True):
    """A line that could not be sent can be sent again."""

    order_id: Identifier
    line_id: Identifier
    occurred_at: Timestamp


@event_type("storefront.line-substituted.v1", topic=ORDERS, subject="order_id")
class LineSubstituted(Fact, frozen=True, kw_only=True):
    """Another variant goes out than was ordered; `agreed` when the customer said yes to it."""

    order_id: Identifier
    line_id: Identifier
    occurred_at: Timestamp
    variant: Variant
    agreed: bool = False


class CancelledBy(StrEnum):
    """Who ended the order."""

    customer = "customer"
    shop = "shop"
    payment = "payment"


@event_type("storefront.order-cancelled.v1", topic=ORDERS, subject="order_id")
class OrderCancelled(Fact, frozen=True, kw_only=True):
    """Nothing more will be sent."""

    order_id: Identifier
    occurred_at: Timestamp
    by: CancelledBy
    reason: Sentence | None = None


@event_type("storefront.order-refunded.v1", topic=ORDERS, subject="order_id")
class OrderRefunded(Fact, frozen=True, kw_only=True):
    """Money was given back. A refund without lines (a gesture) takes no points back."""

    order_id: Identifier
    refund_id: Identifier
    occurred_at: Timestamp
    amount_minor: Minor
    lines: Annotated[tuple[RefundedLine, ...], Meta(max_length=1_000)] = ()
    way: RefundWay | None = None
    expected_by: Promise | None = None
    """When the customer should have it at the latest."""


class ReturnReason(StrEnum):
    """Why something comes back."""

    wrong_item = "wrong_item"
    damaged = "damaged"
    not_as_described = "not_as_described"
    changed_mind = "changed_mind"
    too_late = "too_late"
    other = "other"


class Return(Fact, frozen=True, kw_only=True):
    """What both return facts carry."""

    order_id: Identifier
    return_id: Identifier
    occurred_at: Timestamp
    lines: Annotated[tuple[LineQuantity, ...], Meta(max_length=1_000)]
    reason: ReturnReason = ReturnReason.other


@event_type("storefront.return-requested.v1", topic=ORDERS, subject="order_id")
class ReturnRequested(Return, frozen=True, kw_only=True):
    """The customer wants to send something back."""


@event_type("storefront.return-received.v1", topic=ORDERS, subject="order_id")
class ReturnReceived(Return, frozen=True, kw_only=True):
    """The shop has it back."""


@event_type("storefront.shipment-created.v1", topic=SHIPMENTS, subject="shipment_id")
class ShipmentCreated(Fact, frozen=True, kw_only=True):
    """A parcel was packed and announced to a carrier."""

    order_id: Identifier
    shipment_id: Identifier
    occurred_at: Timestamp
    lines: Annotated[tuple[ShippedLine, ...], Meta(max_length=1_000)] = ()
    """Empty: everything that was ordered and not sent before."""
    carrier: Word | None = None
    tracking_number: Word | None = None
    replaces_shipment_id: Identifier | None = None
    estimated_delivery_at: Promise | None = None
    tracking_url: SafeUrl | None = None
    """The carrier's page of this parcel. Some name who gets it."""


class ShipmentStatus(StrEnum):
    """What a carrier says of a parcel, in one vocabulary."""

    label_created = "label_created"
    picked_up = "picked_up"
    in_transit = "in_transit"
    delayed = "delayed"
    out_for_delivery = "out_for_delivery"
    available_for_pickup = "available_for_pickup"
    attempt_failed = "attempt_failed"
    held = "held"
    exception = "exception"
    damaged = "damaged"
    lost = "lost"
    returning = "returning"
    returned = "returned"
    delivered = "delivered"
    stale = "stale"


@event_type("storefront.shipment-progressed.v1", topic=SHIPMENTS, subject="shipment_id")
class ShipmentProgressed(Fact, frozen=True, kw_only=True):
    """A scan."""

    order_id: Identifier
    shipment_id: Identifier
    occurred_at: Timestamp
    status: ShipmentStatus
    reason: Sentence | None = None
    place: Sentence | None = None
    estimated_delivery_at: Promise | None = None


class Contact(Part, frozen=True, kw_only=True):
    """An address on one channel. Personal data: only the notifier may keep it."""

    channel: Channel
    address: Annotated[str, Meta(min_length=3, max_length=320)]


@event_type("storefront.customer-updated.v1", topic=CUSTOMERS, subject="customer_id")
class CustomerUpdated(Fact, frozen=True, kw_only=True):
    """Who somebody is and how they may be reached, whole: what is missing is forgotten."""

    occurred_at: Timestamp
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=20)] = ()
    given_name: Sentence | None = None
    family_name: Sentence | None = None
    locale: Locale | None = None
    zone: Zone | None = None
    country: Country | None = None
    birthday: date | None = None


@event_type("storefront.consent-changed.v1", topic=CUSTOMERS, subject="customer_id")
class ConsentChanged(Fact, frozen=True, kw_only=True):
    """Somebody allowed or forbade a purpose on a channel."""

    occurred_at: Timestamp
    channel: Channel
    purpose: Purpose
    given: bool
    evidence: Sentence
    """Where and how it was said, so that it can be shown later."""


@event_type("storefront.contact-received.v1", topic=CUSTOMERS, subject="customer_id")
class ContactReceived(Fact, frozen=True, kw_only=True):
    """The customer wrote or called the shop."""

    contact_id: Identifier
    occurred_at: Timestamp
    channel: Word
    public: bool = False
    """Everybody could read it (a review site, a social network)."""
    order_id: Identifier | None = None
    topic: Word | None = None
    text: Text | None = None
    in_reply_to: Identifier | None = None
    """The message of ours that they answered."""
    by_addressee: bool | None = None
    """Whether it says that it comes from the address that the message went to; nobody has proved that."""
    story: Story | None = None
    """What they had been told of the order, and how it stood."""


@event_type("storefront.customer-erased.v1", topic=CUSTOMERS, subject="customer_id")
class CustomerErased(Fact, frozen=True, kw_only=True):
    """The person asked to be forgotten."""

    occurred_at: Timestamp


CARRY_CONTACTS: tuple[type[Fact], ...] = (CustomerUpdated,)
"""The facts with names and addresses. Who takes none of them keeps no unreadable bytes of their topic either."""
