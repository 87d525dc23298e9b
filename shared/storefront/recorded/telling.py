"""How a recorded order would have been said: which facts, and when. Every fact is said at the moment it happened."""

from collections.abc import Iterable, Iterator
from typing import Any

from contracts.storefront import (
    Contact,
    CustomerUpdated,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
)
from contracts.vocabulary import Channel, ShippedLine
from storefront.recorded.orders import Buyer, RecordedOrder
from storefront.saying import Said


def told(orders: Iterable[RecordedOrder]) -> list[Said]:
    """Everything that was said, by time; what is said at the same moment keeps the order's own sequence."""
    said: list[Said] = []
    known: dict[str, Buyer] = {}
    for order in sorted(orders, key=lambda order: (order.placed_at, order.order_id)):
        if known.get(order.buyer.customer_id) != order.buyer:
            known[order.buyer.customer_id] = order.buyer
            said.append(_introduced(order))
        said += _facts(order)
    return sorted(said, key=lambda each: each.said_at)


def _facts(order: RecordedOrder) -> Iterator[Said]:
    yield Said(_placed(order), order.placed_at)
    about: dict[str, Any] = {"customer_id": order.buyer.customer_id, "order_id": order.order_id}
    if order.paid_at:
        paid = OrderPaid(**about, occurred_at=order.paid_at, amount_minor=order.total_minor)
        yield Said(paid, order.paid_at)
    if order.cancellation:
        at, by, reason = order.cancellation
        yield Said(OrderCancelled(**about, occurred_at=at, by=by, reason=reason), at)
    if order.handed_over_at:
        yield from _parcel(order, about)
    if order.refund:
        at, amount_minor, lines = order.refund
        refund_id = f"{order.order_id}-refund"
        refunded = OrderRefunded(
            **about, refund_id=refund_id, occurred_at=at, amount_minor=amount_minor, lines=lines
        )  # fmt: skip
        yield Said(refunded, at)


def _placed(order: RecordedOrder) -> OrderPlaced:
    return OrderPlaced(
        customer_id=order.buyer.customer_id,
        order_id=order.order_id,
        placed_at=order.placed_at,
        currency=order.currency,
        lines=order.lines,
        shipping_minor=order.shipping_minor,
        tax_minor=order.tax_minor,
        total_minor=order.total_minor,
        pay_later=order.pay_later,
        destination=order.destination,
        ship_by=order.ship_by,
        promised_by=order.promised_by,
        channel=order.channel,
        coupon_code=order.coupon_code,
        locale=order.buyer.locale,
    )


def _parcel(order: RecordedOrder, about: dict[str, Any]) -> Iterator[Said]:
    """One parcel: recordings know when something was handed over, not how many pieces it came in."""
    handed_over_at = order.handed_over_at
    assert handed_over_at is not None  # noqa: S101 only then is there a parcel
    about |= {"shipment_id": f"{order.order_id}-parcel"}
    lines = tuple(
        ShippedLine(line_id=line.line_id, quantity=line.quantity)
        for line in order.lines
        if line.line_id in order.shipped_line_ids
    )
    yield Said(ShipmentCreated(**about, occurred_at=handed_over_at, lines=lines), handed_over_at)
    scans = {ShipmentStatus.picked_up: handed_over_at, ShipmentStatus.delivered: order.delivered_at}
    for status, at in scans.items():
        if at:
            yield Said(ShipmentProgressed(**about, occurred_at=at, status=status), at)


def _introduced(order: RecordedOrder) -> Said:
    buyer = order.buyer
    person = CustomerUpdated(
        customer_id=buyer.customer_id,
        occurred_at=order.placed_at,
        contacts=(Contact(channel=Channel.email, address=buyer.address),),
        locale=buyer.locale,
        zone=buyer.zone,
        country=buyer.country,
    )
    return Said(person, order.placed_at)
