"""What the orders-listener says: facts of orders, and issues."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from contracts.envelope import Fact, event_type
from contracts.storefront import CancelledBy
from contracts.vocabulary import (
    LARGEST_INTEGER,
    Currency,
    Destination,
    Identifier,
    IssueKind,
    Locale,
    Minor,
    NamedLine,
    Part,
    Quantity,
    RefundedLine,
    RefundWay,
    SafeUrl,
    Sentence,
    Severity,
    Timestamp,
    Variant,
    Word,
)

ORDERS = "orders"

NamedLines = Annotated[tuple[NamedLine, ...], Meta(max_length=1_000)]


class ConfirmedLine(Part, frozen=True, kw_only=True):
    """A line as others need it. `paid_minor` is for the whole line."""

    line_id: Identifier
    quantity: Quantity
    paid_minor: Minor
    product_id: Identifier | None = None
    category: Word | None = None
    sku: Word | None = None
    title: Sentence | None = None
    variant: Variant = {}


@event_type("orders.order-confirmed.v1", topic=ORDERS, subject="order_id")
class OrderConfirmed(Fact, frozen=True, kw_only=True):
    """Placed and paid, or placed where payment is later."""

    order_id: Identifier
    occurred_at: Timestamp
    placed_at: Timestamp
    currency: Currency
    lines: Annotated[tuple[ConfirmedLine, ...], Meta(max_length=1_000)]
    shipping_minor: Minor = 0
    tax_minor: Minor = 0
    """In the total; some shops write prices without it."""
    total_minor: Minor
    promised_by: Timestamp | None = None
    redemption_id: Identifier | None = None
    referral_code: Word | None = None
    destination: Destination | None = None
    channel: Word | None = None
    locale: Locale | None = None


@event_type("orders.order-shipped.v1", topic=ORDERS, subject="order_id")
class OrderShipped(Fact, frozen=True, kw_only=True):
    """The first shipment moves."""

    order_id: Identifier
    shipment_id: Identifier
    occurred_at: Timestamp
    carrier: Word | None = None
    promised_by: Timestamp | None = None
    lines: NamedLines = ()
    """What lies in it."""
    tracking_number: Word | None = None
    tracking_url: SafeUrl | None = None
    rest_follows: bool = False
    """Something that was ordered does not lie in it and comes in another one."""


@event_type("orders.order-delivered.v1", topic=ORDERS, subject="order_id")
class OrderDelivered(Fact, frozen=True, kw_only=True):
    """Every line is with the customer."""

    order_id: Identifier
    occurred_at: Timestamp
    promised_by: Timestamp | None = None
    """The end of the promise that still bound the shop: the last one given, or the date that the customer agreed to."""
    late: bool = False
    """Delivered after that. Who agreed to wait without a date has no broken promise."""
    lines: NamedLines = ()
    """What was ordered and not paid back."""


@event_type("orders.order-completed.v1", topic=ORDERS, subject="order_id")
class OrderCompleted(Fact, frozen=True, kw_only=True):
    """Delivered, and the return window is over."""

    order_id: Identifier
    occurred_at: Timestamp


@event_type("orders.order-cancelled.v1", topic=ORDERS, subject="order_id")
class OrderCancelled(Fact, frozen=True, kw_only=True):
    """Nothing more will be sent."""

    order_id: Identifier
    occurred_at: Timestamp
    by: CancelledBy
    reason: Sentence | None = None
    owed_minor: Minor = 0
    """What was paid and not given back yet."""
    currency: Currency | None = None
    paid_minor: Minor | None = None
    """What was paid in all; None where nobody said."""
    refund_by: Timestamp | None = None
    """When what is owed should be with the customer, by the shop's policy."""
    lines: NamedLines = ()
    """What will not come."""


@event_type("orders.order-refunded.v1", topic=ORDERS, subject="order_id")
class OrderRefunded(Fact, frozen=True, kw_only=True):
    """Money was given back, for lines or as a gesture (no lines)."""

    order_id: Identifier
    refund_id: Identifier
    occurred_at: Timestamp
    currency: Currency
    amount_minor: Minor
    lines: Annotated[tuple[RefundedLine, ...], Meta(max_length=1_000)] = ()
    way: RefundWay | None = None
    expected_by: Timestamp | None = None
    """When the customer should have it at the latest."""
    named: NamedLines = ()
    """The lines by name."""


class Issue(Fact, frozen=True, kw_only=True):
    """Something that went wrong with an order, as far as it is known when this is said."""

    issue_id: Identifier
    order_id: Identifier
    kind: IssueKind
    severity: Severity
    shipment_id: Identifier | None = None
    line_ids: tuple[Identifier, ...] = ()
    opened_at: Timestamp
    promised_by: Timestamp | None = None
    known: Sentence
    """What is known, as one sentence for people."""
    expected_next: Sentence | None = None
    expected_by: Timestamp | None = None
    told_by: Timestamp | None = None
    """When the customer should have been told at the latest."""
    evidence: dict[str, str] = {}
    lines: NamedLines = ()
    """What it is about: the article, what is missing, what lies in the parcel."""
    pay_url: SafeUrl | None = None
    """Of a payment that failed: where the customer can try again."""
    tracking_number: Word | None = None
    """Of a parcel; like its page."""
    tracking_url: SafeUrl | None = None


@event_type("orders.issue-opened.v1", topic=ORDERS, subject="issue_id")
class IssueOpened(Issue, frozen=True, kw_only=True):
    """It went wrong."""


@event_type("orders.issue-updated.v1", topic=ORDERS, subject="issue_id")
class IssueUpdated(Issue, frozen=True, kw_only=True):
    """It got worse, or more is known."""

    changed: tuple[Word, ...]


class Resolution(StrEnum):
    """What ended an issue."""

    delivered = "delivered"
    available = "available"
    substitution_agreed = "substitution_agreed"
    replaced = "replaced"
    refunded = "refunded"
    cancelled = "cancelled"
    paid = "paid"
    moved = "moved"
    promise_changed = "promise_changed"
    accepted = "accepted"
    absorbed = "absorbed"
    """A worse kind took its place."""
    ended = "ended"


@event_type("orders.issue-resolved.v1", topic=ORDERS, subject="issue_id")
class IssueResolved(Issue, frozen=True, kw_only=True):
    """It is over."""

    resolution: Resolution
    resolved_at: Timestamp


class Milestone(StrEnum):
    """What a customer may be thanked for."""

    first_order = "first_order"
    anniversary = "anniversary"
    nth_order = "nth_order"


@event_type("orders.milestone-reached.v1", topic=ORDERS, subject="customer_id")
class MilestoneReached(Fact, frozen=True, kw_only=True):
    """A first, an anniversary, an nth order."""

    occurred_at: Timestamp
    milestone: Milestone
    number: Annotated[int, Meta(ge=1, le=LARGEST_INTEGER)]
    order_id: Identifier | None = None


class Segment(StrEnum):
    """Where a customer stands with the shop."""

    new = "new"
    active = "active"
    at_risk = "at_risk"
    lapsed = "lapsed"
    returned = "returned"


@event_type("orders.segment-changed.v1", topic=ORDERS, subject="customer_id")
class SegmentChanged(Fact, frozen=True, kw_only=True):
    """A customer moved from one lifecycle stage to another."""

    occurred_at: Timestamp
    segment: Segment
    previous: Segment | None = None


class DelayAnswer(Fact, frozen=True, kw_only=True):
    """What a customer decided about a delayed order."""

    order_id: Identifier
    occurred_at: Timestamp
    issue_id: Identifier | None = None


@event_type("orders.delay-accepted.v1", topic=ORDERS, subject="order_id")
class DelayAccepted(DelayAnswer, frozen=True, kw_only=True):
    """They will wait."""

    until: Timestamp | None = None


@event_type("orders.cancellation-requested.v1", topic=ORDERS, subject="order_id")
class CancellationRequested(DelayAnswer, frozen=True, kw_only=True):
    """They want their money back; the storefront decides and says so."""

    reason: Sentence | None = None
