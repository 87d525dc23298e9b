"""The words that more than one event uses: identifiers, amounts, times, places. No events."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

LARGEST_INTEGER = 2**53 - 1
"""What every JSON reader can hold exactly (RFC 8259, section 6)."""

Identifier = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[\x21-\x7E]+$(?!\n)")]
CustomerId = Identifier
Word = Annotated[str, Meta(min_length=1, max_length=64)]
Sentence = Annotated[str, Meta(max_length=500)]
Text = Annotated[str, Meta(max_length=10_000)]
Timestamp = Annotated[datetime, Meta(tz=True)]
"""RFC 3339 with an offset; a time without one is refused."""
PROMISE = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$(?!\n)"
)
"""In Python `$` also matches before a last line feed, in JSON Schema it does not: `(?!\\n)` makes both the same."""
SafeUrl = Annotated[str, Meta(max_length=2_000, pattern=r"^https://[\x21-\x7E]+$(?!\n)")]
"""A page of somebody else. It may open without asking who comes: it stands in no log, and only where it is needed."""
Promise = Annotated[str, Meta(min_length=10, max_length=40, pattern=PROMISE)]
"""A moment (RFC 3339 with offset) or a bare date, which ends at midnight in the destination's zone."""
Minor = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]
"""Money in the currency's minor unit (cents; whole yen)."""
Points = Annotated[int, Meta(ge=0, le=LARGEST_INTEGER)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}$(?!\n)")]
Locale = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$(?!\n)")]
Zone = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+\-/]+$(?!\n)")]
Variant = dict[Word, Annotated[str, Meta(max_length=128)]]
"""What tells one article from its sisters: colour, size …"""


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something inside an event; never an event itself."""


class Destination(Part, frozen=True, kw_only=True):
    """Where an order goes, coarse enough to name nobody."""

    country: Country
    region: Word | None = None
    postcode_prefix: Annotated[str, Meta(max_length=8)] | None = None
    zone: Zone | None = None
    """IANA zone in which a bare promised date ends; the shop's own zone when it is missing."""


class Origin(Part, frozen=True, kw_only=True):
    """Where an order leaves from."""

    warehouse_id: Identifier | None = None
    country: Country | None = None


class OrderLine(Part, frozen=True, kw_only=True):
    """One line of an order as the customer bought it. Amounts are for the whole line."""

    line_id: Identifier
    sku: Word
    quantity: Quantity
    unit_price_minor: Minor
    paid_minor: Minor
    product_id: Identifier | None = None
    title: Sentence | None = None
    variant: Variant = {}
    category: Word | None = None
    discount_minor: Minor = 0


class LineQuantity(Part, frozen=True, kw_only=True):
    """So many pieces of one line."""

    line_id: Identifier
    quantity: Quantity


class NamedLine(LineQuantity, frozen=True, kw_only=True):
    """The same under the name that the customer bought it by, for whoever tells them of it."""

    sku: Word | None = None
    title: Sentence | None = None
    variant: Variant = {}


class RefundedLine(Part, frozen=True, kw_only=True):
    """Money given back for some pieces of one line."""

    line_id: Identifier
    quantity: Quantity
    amount_minor: Minor


class ShippedLine(Part, frozen=True, kw_only=True):
    """What of a line lies in a parcel; `variant` only where it is known to differ or was checked."""

    line_id: Identifier
    quantity: Quantity
    variant: Variant | None = None


class RefundWay(StrEnum):
    """How money goes back."""

    as_paid = "as_paid"
    """The way it came: to the card, the account, the wallet."""
    bank_transfer = "bank_transfer"
    store_credit = "store_credit"
    cash = "cash"


class IssueKind(StrEnum):
    """What can go wrong with an order."""

    payment_failed = "payment_failed"
    item_unavailable = "item_unavailable"
    item_substituted = "item_substituted"
    item_missing = "item_missing"
    fulfilment_stalled = "fulfilment_stalled"
    pickup_stalled = "pickup_stalled"
    transit_stalled = "transit_stalled"
    delivery_at_risk = "delivery_at_risk"
    delivery_late = "delivery_late"
    attempt_failed = "attempt_failed"
    awaiting_pickup = "awaiting_pickup"
    held = "held"
    damaged = "damaged"
    lost = "lost"
    returned_to_sender = "returned_to_sender"
    refund_overdue = "refund_overdue"
    disruption = "disruption"


class Severity(StrEnum):
    """How much an issue hurts the customer."""

    notice = "notice"
    serious = "serious"
    critical = "critical"


class Channel(StrEnum):
    """A way to reach somebody."""

    email = "email"
    sms = "sms"
    push = "push"
    chat = "chat"
    webhook = "webhook"


class Purpose(StrEnum):
    """What somebody may be written to about."""

    service = "service"
    loyalty = "loyalty"
    survey = "survey"
    marketing = "marketing"
