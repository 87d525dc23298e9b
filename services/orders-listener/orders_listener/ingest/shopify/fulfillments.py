"""Parcels: a fulfillment is one shipment, its events are scans. Owns what Shopify's words for a scan mean.

A fulfillment names its order and not the customer. Of several tracking numbers the first is taken: nobody says what
lies in which parcel.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from contracts.storefront import ShipmentCreated, ShipmentProgressed, ShipmentStatus
from orders_listener.ingest.bodies import link
from orders_listener.ingest.carriers import name_of
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, Of, OfOrder, Saying, read
from orders_listener.ingest.moments import promise_of
from orders_listener.ingest.shopify.bodies import Fulfillment, FulfillmentEvent, Order
from orders_listener.ingest.shopify.fields import happened, happened_since, id_of, needed_id, sentence, word
from orders_listener.ingest.shopify.lines import MOST_LINES, pieces_of

GONE = frozenset({"cancelled", "error", "failure"})
"""Nothing is sent by a fulfillment with one of these."""
STATUSES: Final = {
    "label_purchased": ShipmentStatus.label_created,
    "label_printed": ShipmentStatus.label_created,
    "confirmed": ShipmentStatus.label_created,
    "carrier_picked_up": ShipmentStatus.picked_up,
    "in_transit": ShipmentStatus.in_transit,
    "out_for_delivery": ShipmentStatus.out_for_delivery,
    "ready_for_pickup": ShipmentStatus.available_for_pickup,
    "attempted_delivery": ShipmentStatus.attempt_failed,
    "delayed": ShipmentStatus.delayed,
    "delivered": ShipmentStatus.delivered,
    "picked_up": ShipmentStatus.delivered,
    "failure": ShipmentStatus.exception,
}
"""FulfillmentEventStatus of the 2025-01 API. `picked_up` is the customer, at the counter."""
EXPLAINED = frozenset({ShipmentStatus.attempt_failed, ShipmentStatus.delayed, ShipmentStatus.exception})
"""Where the carrier's message is kept; that of a delivery may name who signed."""


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `fulfillments/create` and `fulfillments/update`. Raises `BadHook`."""
    body = read(Fulfillment, hook)
    if body.status in GONE:
        return Ignored("fulfillment_cancelled")
    order_id = needed_id("order_id", body.order_id)
    said = list(_parcel(OfOrder(order_id), body, order_id, hook.received_at, handed_over=False))
    return said or Ignored("nothing_in_it")


def event_heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `fulfillment_events/create`. Raises `BadHook`."""
    body = read(FulfillmentEvent, hook)
    status = STATUSES.get((body.status or "").casefold())
    if status is None:
        return Ignored("status_unknown")
    order_id = needed_id("order_id", body.order_id)
    scan = {
        "order_id": order_id,
        "shipment_id": needed_id("fulfillment_id", body.fulfillment_id),
        "occurred_at": happened("happened_at", hook.received_at, body.happened_at, body.created_at),
        "status": status,
        "reason": sentence(body.message) if status in EXPLAINED else None,
        "place": sentence(", ".join(filter(None, map(word, (body.city, body.province, body.country))))),
        "estimated_delivery_at": promise_of(body.estimated_delivery_at),
    }
    return [Saying(OfOrder(order_id), ShipmentProgressed, scan)]


def parcels_said(
    to: Of, order: Order, order_id: str, received_at: datetime, since: datetime | None
) -> Iterator[Saying]:
    """The fulfillments that an order brings along, of those that were made at `since` or later. Over the counter it is
    handed over when it is fulfilled.

    One that cannot be read is left to its own hook: the order is not lost with it.
    """
    handed_over = order.source_name == "pos" and order.shipping_address is None
    for body in order.fulfillments or ():
        if body.status not in GONE and happened_since(since, received_at, body.created_at):
            with suppress(BadHook):
                yield from list(_parcel(to, body, order_id, received_at, handed_over=handed_over))


def _parcel(to: Of, body: Fulfillment, order_id: str, received_at: datetime, *, handed_over: bool) -> Iterator[Saying]:
    shipment_id = needed_id("fulfillments.id", body.id, body.admin_graphql_api_id)
    created_at = happened("fulfillments.created_at", received_at, body.created_at)
    lines = _lines(body)
    if not lines:
        return  # an announcement without lines would mean everything
    parcel = {"order_id": order_id, "shipment_id": shipment_id}
    yield Saying(to, ShipmentCreated, parcel | {"occurred_at": created_at, "lines": lines} | _tracking(body))
    if handed_over or _needs_no_parcel(body):
        yield _delivered(to, parcel, created_at)
    elif (body.shipment_status or "").casefold() == "delivered":
        updated_at = happened("fulfillments.updated_at", received_at, body.updated_at, body.created_at)
        yield _delivered(to, parcel, max(created_at, updated_at))


def _delivered(to: Of, parcel: dict[str, Any], at: datetime) -> Saying:
    return Saying(to, ShipmentProgressed, parcel | {"occurred_at": at, "status": ShipmentStatus.delivered})


def _lines(body: Fulfillment) -> list[dict[str, Any]]:
    lines = [
        {"line_id": line_id, "quantity": pieces}
        for item in body.line_items or ()
        if (line_id := id_of(item.id, item.admin_graphql_api_id))
        and (pieces := pieces_of("fulfillments.line_items.quantity", item))
    ]
    return lines[:MOST_LINES]


def _needs_no_parcel(body: Fulfillment) -> bool:
    """Gift cards and downloads arrive by being fulfilled."""
    return all(item.requires_shipping is False for item in body.line_items or ())


def _tracking(body: Fulfillment) -> dict[str, Any]:
    numbers = (body.tracking_number, *(body.tracking_numbers or ()))
    return {
        "carrier": name_of(body.tracking_company) or None,
        "tracking_number": next((word(str(number)) for number in numbers if number not in (None, "")), None),
        "tracking_url": link(body.tracking_url),
        "estimated_delivery_at": promise_of(body.estimated_delivery_at),
    }
