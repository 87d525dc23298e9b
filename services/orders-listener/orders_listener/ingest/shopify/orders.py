"""A whole order, as seven topics bring it: who bought, what, whether it is paid, what became of it since.

Each topic brings the order as it is now, and the same order comes many times and in any sequence. So every hook says
all that the order shows, in forms that are the same each time: said again it is known already. The order itself is
said last: when it becomes known, what happened to it is known too, and nobody is told of a trouble that is over.

Of an order placed more than a day ago only what the topic is about is said, what happened within a day, and the order
itself: its payment, older parcels and refunds have had hooks of their own. It may be years old and was only tagged; if
it was never heard of before, that is its past, and nobody is thanked for it or warned of it (the backfill tells the
rest). By `orders/create` it is heard of first: then all of its past is said as well, and told to nobody.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.storefront import CancelledBy, OrderCancelled, OrderChanged, OrderPaid, OrderPlaced
from orders_listener.ingest.hooks import Hook, Ignored, OfCustomer, Saying, read
from orders_listener.ingest.shopify.bodies import Order
from orders_listener.ingest.shopify.customers import buyer_said
from orders_listener.ingest.shopify.destinations import destination_of
from orders_listener.ingest.shopify.fields import (
    happened,
    id_of,
    known_moment,
    locale_of,
    minor,
    needed_currency,
    needed_id,
    sentence,
    word,
)
from orders_listener.ingest.shopify.fulfillments import parcels_said
from orders_listener.ingest.shopify.lines import in_shop_money, lines_of
from orders_listener.ingest.shopify.promises import promises_in
from orders_listener.ingest.shopify.refunds import refunds_said, removed_minor, removed_pieces

CREATED, UPDATED, PAID, CANCELLED = "orders/create", "orders/updated", "orders/paid", "orders/cancelled"
RECORD = "record"
"""No topic: an order as a shop's records have it, read long afterwards."""
FIRST = frozenset({CREATED, RECORD})
HAS_PAID = frozenset({"paid", "partially_refunded", "refunded"})
PAYS_LATER = frozenset({"authorized"})
"""The shop has the customer's card and takes the money when it sends: the order stands without it."""
YOUNG = timedelta(days=1)
"""Longer than Shopify comes again with a hook (four hours)."""
CHECKOUT_LASTS = timedelta(minutes=10)
ON_DELIVERY = "cash on delivery"
WHO = {"customer": CancelledBy.customer, "declined": CancelledBy.payment}


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Everything that the order shows. Raises `BadHook`."""
    order = read(Order, hook)
    if order.test:
        return Ignored("test_order")
    said = list(said_of(order, hook.received_at, hook.topic))
    return _with_its_past(order, hook.received_at, said) if hook.topic == CREATED and said[-1].past else said


def _with_its_past(order: Order, received_at: datetime, news: Sequence[Saying]) -> list[Saying]:
    """Of an old order that is created now everything that it shows; what is no news is told to nobody."""
    return [one if one in news else one._replace(past=True) for one in said_of(order, received_at, RECORD)]


def said_of(order: Order, received_at: datetime, topic: str) -> Iterator[Saying]:
    """What is said of an order that `topic` brought. Raises `BadHook`."""
    order_id = needed_id("id", order.id, order.admin_graphql_api_id)
    customer_id = customer_of(order, order_id)
    to = OfCustomer(customer_id)
    yield from buyer_said(to, order, received_at, first=topic in FIRST)
    placed = _placed(order, order_id, received_at)
    young = topic == RECORD or received_at - placed["placed_at"] <= YOUNG
    if order.financial_status in HAS_PAID and (young or topic == PAID):
        yield Saying(to, OrderPaid, _paid(order, placed, received_at, topic))
    since = None if young else received_at - YOUNG
    yield from parcels_said(to, order, order_id, received_at, since)
    yield from refunds_said(to, order, order_id, received_at, since)
    cancelled_at = known_moment(received_at, order.cancelled_at)
    if cancelled_at and (young or topic == CANCELLED):
        yield Saying(to, OrderCancelled, _cancelled(order, order_id, cancelled_at))
    elif topic == UPDATED or (topic == RECORD and removed_pieces(order.refunds)):
        yield Saying(to, OrderChanged, _changed(order, placed, received_at))
    yield Saying(to, OrderPlaced, placed, past=not young and topic not in (PAID, CANCELLED))


def customer_of(order: Order, order_id: str) -> str:
    """A guest is `guest:` and the order: nobody can be followed from one order to another by an address."""
    customer = order.customer
    found = id_of(customer.id, customer.admin_graphql_api_id) if customer else None
    return found or f"guest:{order_id}"[:128]


def _placed(order: Order, order_id: str, received_at: datetime) -> dict[str, Any]:
    currency = needed_currency("currency", order.currency)
    return {
        "order_id": order_id,
        "placed_at": happened("created_at", received_at, order.processed_at, order.created_at),
        "currency": currency,
        "lines": lines_of(order.line_items, currency, {}),
        "shipping_minor": _shipping_minor(order, currency),
        "tax_minor": minor("total_tax", order.total_tax, currency),
        "total_minor": _total_minor(order, currency),
        "pay_later": _pays_later(order),
        "destination": destination_of(order.shipping_address),
        "channel": word(order.source_name),
        "coupon_code": next((code for one in order.discount_codes or () if (code := word(one.code))), None),
        "locale": locale_of(order.customer_locale),
        **promises_in(order.note_attributes),
    }


def _total_minor(order: Order, currency: str) -> int:
    return minor("total_price", in_shop_money(order.total_price, order.total_price_set), currency)


def _shipping_minor(order: Order, currency: str) -> int:
    if order.total_shipping_price_set is not None:
        return minor("total_shipping_price_set", in_shop_money(None, order.total_shipping_price_set), currency)
    kept = [line for line in order.shipping_lines or () if not line.is_removed]
    prices = (line.price if line.discounted_price is None else line.discounted_price for line in kept)
    return sum(minor("shipping_lines.price", price, currency) for price in prices)


def _pays_later(order: Order) -> bool:
    gateways = [(name or "").casefold() for name in order.payment_gateway_names or ()]
    agreed = bool(order.payment_terms) or any(ON_DELIVERY in name for name in gateways)
    return order.financial_status in PAYS_LATER or agreed


def _paid(order: Order, placed: Mapping[str, Any], received_at: datetime, topic: str) -> dict[str, Any]:
    """An order is paid in full once, whichever hook says it first; none says when. What is heard soon was paid at
    checkout, what is heard later is paid when it is heard."""
    placed_at: datetime = placed["placed_at"]
    updated_at = known_moment(received_at, order.updated_at) or placed_at
    at_checkout = topic in FIRST or updated_at - placed_at <= CHECKOUT_LASTS
    paid_at = known_moment(received_at, order.paid_at) or (placed_at if at_checkout else updated_at)
    return {
        "order_id": placed["order_id"],
        "payment_id": placed["order_id"],
        "occurred_at": paid_at,
        "amount_minor": placed["total_minor"],
    }


def _cancelled(order: Order, order_id: str, cancelled_at: datetime) -> dict[str, Any]:
    by = WHO.get(order.cancel_reason or "", CancelledBy.shop)
    return {"order_id": order_id, "occurred_at": cancelled_at, "by": by, "reason": sentence(order.cancel_reason)}


def _changed(order: Order, placed: Mapping[str, Any], received_at: datetime) -> dict[str, Any]:
    """As it is now: without the pieces that were struck, with those that money was given back for."""
    removed, currency = removed_pieces(order.refunds), placed["currency"]
    return {
        "order_id": placed["order_id"],
        "occurred_at": max(placed["placed_at"], known_moment(received_at, order.updated_at) or placed["placed_at"]),
        "lines": lines_of(order.line_items, currency, removed),
        "total_minor": max(0, placed["total_minor"] - removed_minor(order, currency)),
        "destination": placed["destination"],
    }
