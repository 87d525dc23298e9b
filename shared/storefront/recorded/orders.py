"""A recorded order: what a shop knew of it in the end, whichever file that stood in. Owns no rule of saying it."""

from datetime import datetime
from typing import NamedTuple

from contracts.storefront import CancelledBy
from contracts.vocabulary import Destination, OrderLine, RefundedLine

RESERVED_DOMAIN = "example.org"
"""Nobody can ever be reached there (RFC 2606): a replay must not write to the people it is about."""


class Buyer(NamedTuple):
    """Who ordered, by pseudonym; how they are reached is invented."""

    customer_id: str
    country: str | None = None
    zone: str | None = None
    locale: str | None = None

    @property
    def address(self) -> str:
        """An e-mail address that is theirs alone and leads nowhere."""
        name = "".join(sign if sign.isalnum() else "-" for sign in self.customer_id.lower())
        return f"{name[:64]}@{RESERVED_DOMAIN}"


class Cancellation(NamedTuple):
    """Nothing more was sent."""

    at: datetime
    by: CancelledBy
    reason: str


class Refund(NamedTuple):
    """Money that was given back; without lines a gesture."""

    at: datetime
    amount_minor: int
    lines: tuple[RefundedLine, ...] = ()


class RecordedOrder(NamedTuple):
    """One order and what became of it. Times are aware; None is what was not recorded or never happened."""

    order_id: str
    buyer: Buyer
    placed_at: datetime
    currency: str
    lines: tuple[OrderLine, ...]
    shipping_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0
    destination: Destination | None = None
    ship_by: str | None = None
    promised_by: str | None = None
    channel: str | None = None
    coupon_code: str | None = None
    pay_later: bool = False
    paid_at: datetime | None = None
    cancellation: Cancellation | None = None
    handed_over_at: datetime | None = None
    shipped_line_ids: tuple[str, ...] = ()
    """Empty: all of them."""
    delivered_at: datetime | None = None
    refund: Refund | None = None


class Recording(NamedTuple):
    """All orders of one file or folder, in the order in which they stand there."""

    layout: str
    orders: list[RecordedOrder]
    points: int
    """What the orders are worth by the check's own rule, summed up while nothing but the file was known."""
