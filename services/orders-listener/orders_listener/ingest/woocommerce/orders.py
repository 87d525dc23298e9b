"""A whole order, as each of its hooks brings it: who bought, what, whether it is paid, what became of it.

The same order comes many times. So every hook says all that the order shows, in forms that are the same each time:
said again it is known already. The order itself is said last: when it becomes known, what happened to it is known too,
and nobody is told of a trouble that is over.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from contracts.storefront import CancelledBy, OrderCancelled, OrderChanged, OrderPaid, OrderPlaced, PaymentFailed
from orders_listener.ingest.bodies import WORD, Part, document, identifier, link, part, parts, text
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, OfCustomer, Saying
from orders_listener.ingest.woocommerce.customers import GUEST, buyer_said
from orders_listener.ingest.woocommerce.fields import currency_of, destination_of, minor, moment, needed_id, status_of
from orders_listener.ingest.woocommerce.lines import lines_of, shown
from orders_listener.ingest.woocommerce.parcels import parcels_said
from orders_listener.ingest.woocommerce.refunds import refunds_said

CREATED, UPDATED = "order.created", "order.updated"
SILENT: Final[Mapping[str, str]] = {
    "checkout-draft": "order_draft",
    "auto-draft": "order_draft",
    "draft": "order_draft",
    "trash": "order_trashed",
}
"""Statuses of what is no order: a cart at the checkout, one that an admin is writing, one in the bin."""
PAID: Final = frozenset({"processing", "completed"})
"""Statuses that WooCommerce calls paid."""
ON_DELIVERY: Final = "cod"
"""The payment method of who pays at the door: the order stands without the money."""
EDITABLE: Final = frozenset({"pending", "on-hold"})
"""Only these may be edited; later hooks say the lines once more and nothing new."""
CHECKOUT_LASTS: Final = timedelta(minutes=1)
"""Within it the shop itself writes the order several times; nobody edits it."""


class Known(NamedTuple):
    """What is asked for at every turn."""

    order: Part
    order_id: str
    status: str
    currency: str
    placed_at: datetime
    modified_at: datetime
    received_at: datetime

    @property
    def pays_later(self) -> bool:
        return text(self.order.get("payment_method")) == ON_DELIVERY


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `order.created`, `order.updated` and `order.restored`. Raises `BadHook`."""
    order = document(hook)
    status = status_of(order)
    if status in SILENT:
        return Ignored(SILENT[status])
    return list(_said(_known(order, status, hook.received_at), hook.topic))


def _known(order: Part, status: str, received_at: datetime) -> Known:
    order_id, currency = needed_id(order), currency_of(order)
    placed_at = moment(order, received_at, "date_created")
    if placed_at is None:
        raise BadHook("date_created_gmt is no moment")
    modified_at = max(placed_at, moment(order, received_at, "date_modified") or placed_at)
    return Known(order, order_id, status, currency, placed_at, modified_at, received_at)


def customer_of(order: Part, order_id: str) -> str:
    """A guest is `guest:` and the order: nobody can be followed from one order to another by an address."""
    return identifier(order.get("customer_id")) or f"{GUEST}{order_id}"[:128]


def _said(known: Known, topic: str) -> Iterator[Saying]:
    order, order_id = known.order, known.order_id
    to = OfCustomer(customer_of(order, order_id))
    placed = _placed(known)
    paid_at = _paid_at(known)
    yield from buyer_said(to, order, known.modified_at, first=topic == CREATED)
    if paid_at is not None:
        yield Saying(to, OrderPaid, _paid(placed, paid_at))
    if known.status == "failed":
        yield Saying(to, PaymentFailed, _failed(known))
    yield from parcels_said(to, order, order_id, known.placed_at, known.received_at)
    yield from refunds_said(to, order, order_id, placed, known.modified_at)
    if known.status == "cancelled":
        yield Saying(to, OrderCancelled, _cancelled(known, was_paid=paid_at is not None))
    if topic == UPDATED and known.status in EDITABLE and known.modified_at - known.placed_at > CHECKOUT_LASTS:
        yield Saying(to, OrderChanged, _changed(known, placed))
    yield Saying(to, OrderPlaced, placed)


def _placed(known: Known) -> dict[str, Any]:
    order, currency = known.order, known.currency
    shipping_minor = shown(order, currency, "shipping_total", order.get("shipping_total"), order.get("shipping_tax"))
    optional = {
        "pay_later": known.pays_later,
        "destination": destination_of(part(order.get("shipping")), part(order.get("billing"))),
        "channel": text(order.get("created_via"), WORD),
        "coupon_code": next(
            (code for one in parts(order.get("coupon_lines")) if (code := text(one.get("code"), WORD))), None
        ),
    }
    return {
        "order_id": known.order_id,
        "placed_at": known.placed_at,
        "currency": currency,
        "lines": lines_of(order, currency),
        "shipping_minor": shipping_minor,
        "tax_minor": max(0, minor(currency, "total_tax", order.get("total_tax"))),
        "total_minor": max(0, minor(currency, "total", order.get("total"))),
    } | {name: value for name, value in optional.items() if value}


def _paid_at(known: Known) -> datetime | None:
    """When the shop had the money; a paid order whose date is not told was paid when it was placed."""
    paid_at = moment(known.order, known.received_at, "date_paid")
    if paid_at is None and known.status in PAID and not known.pays_later:
        return known.placed_at
    return paid_at


def _paid(placed: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    order_id = placed["order_id"]
    return {"order_id": order_id, "payment_id": order_id, "occurred_at": at, "amount_minor": placed["total_minor"]}


def _failed(known: Known) -> dict[str, Any]:
    again = link(known.order.get("payment_url"))
    return {"order_id": known.order_id, "occurred_at": known.modified_at} | ({"retry_url": again} if again else {})


def _cancelled(known: Known, *, was_paid: bool) -> dict[str, Any]:
    """Nobody says who. What was never paid ends for want of money; the rest is the shop's."""
    by = CancelledBy.shop if was_paid or known.pays_later else CancelledBy.payment
    return {"order_id": known.order_id, "occurred_at": known.modified_at, "by": by}


def _changed(known: Known, placed: Mapping[str, Any]) -> dict[str, Any]:
    edited = {name: placed[name] for name in ("order_id", "lines", "total_minor", "destination") if name in placed}
    return edited | {"occurred_at": known.modified_at}
