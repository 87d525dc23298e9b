"""Parcels of an order. WooCommerce knows none: tracking extensions write numbers into the order, or nobody does.

Owns what `completed` means: without a number the shop says by it that the order was sent, and nobody will scan it;
for what is fetched from the shop, or needs no parcel, that the customer has it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from contracts.storefront import ShipmentCreated, ShipmentProgressed, ShipmentStatus
from orders_listener.ingest.bodies import WORD, Part, identifier, link, parts, text
from orders_listener.ingest.carriers import name_of
from orders_listener.ingest.hooks import OfCustomer, Saying
from orders_listener.ingest.moments import happened_by
from orders_listener.ingest.woocommerce.fields import moment, status_of
from orders_listener.ingest.woocommerce.lines import MOST_LINES, pieces_of

TRACKINGS: Final = ("_wc_shipment_tracking_items", "_aftership_tracking_items")
"""Where numbers stand: WooCommerce Shipment Tracking and Advanced Shipment Tracking; AfterShip."""
FETCHED: Final = frozenset({"local_pickup", "pickup_location"})
"""Shipping methods of who comes to the shop."""
SENT: Final = "The shop has sent the order."


def parcels_said(to: OfCustomer, order: Part, order_id: str, placed_at: datetime, latest: datetime) -> Iterator[Saying]:
    """The announcements that the order shows."""
    completed_at = moment(order, latest, "date_completed")
    if status_of(order) == "completed":
        completed_at = completed_at or moment(order, latest, "date_paid") or placed_at
    trackings = list(_trackings(order))
    for tracking, number in trackings:
        sent_at = happened_by(latest, tracking.get("date_shipped")) or completed_at or placed_at
        yield Saying(to, ShipmentCreated, _tracked(tracking, number, order_id, max(sent_at, placed_at)))
    if completed_at is not None and not trackings:
        yield from _untracked(to, order, order_id, max(completed_at, placed_at))


def _untracked(to: OfCustomer, order: Part, order_id: str, at: datetime) -> Iterator[Saying]:
    parcel = {"order_id": order_id, "shipment_id": _whole(order_id), "occurred_at": at}
    yield Saying(to, ShipmentCreated, parcel)
    has_it = {"status": ShipmentStatus.delivered}
    is_sent = {"status": ShipmentStatus.picked_up, "reason": SENT}
    yield Saying(to, ShipmentProgressed, parcel | (has_it if _needs_no_parcel(order) else is_sent))


def _needs_no_parcel(order: Part) -> bool:
    methods = [text(line.get("method_id")) for line in parts(order.get("shipping_lines"))]
    fetched = bool(methods) and all(method in FETCHED for method in methods)
    return fetched or order.get("needs_processing") is False or (text(order.get("created_via")) or "").startswith("pos")


def _trackings(order: Part) -> Iterator[tuple[Part, str]]:
    """Each number once, with what else stands beside it."""
    known: set[str] = set()
    for data in parts(order.get("meta_data")):
        for tracking in _items(data.get("value")) if text(data.get("key")) in TRACKINGS else ():
            number = text(tracking.get("tracking_number"), WORD)
            if number is not None and number not in known:
                known.add(number)
                yield tracking, number


def _items(value: object) -> Sequence[Part]:
    """PHP writes a list from which something was taken as an object with numbers for names."""
    return parts(list(value.values()) if isinstance(value, dict) else value)


def _tracked(tracking: Part, number: str, order_id: str, at: datetime) -> dict[str, Any]:
    """Without lines it takes the place of what was announced when the order was completed before it had a number."""
    carriers = (tracking.get(name) for name in ("tracking_provider", "custom_tracking_provider", "slug"))
    carrier = next((name for written in carriers if (name := name_of(text(written)))), None)
    lines = _packed(tracking)
    links = (tracking.get(name) for name in ("custom_tracking_link", "ast_tracking_link", "tracking_url"))
    known = {
        "carrier": carrier,
        "tracking_url": next(filter(None, map(link, links)), None),
        "lines": lines,
        "replaces_shipment_id": None if lines else _whole(order_id),
    }
    return {
        "order_id": order_id,
        "shipment_id": f"{order_id}:{_name(tracking, number)}"[:128],
        "occurred_at": at,
        "tracking_number": number,
    } | {name: value for name, value in known.items() if value}


def _whole(order_id: str) -> str:
    return f"{order_id[:100]}:completed"


def _name(tracking: Part, number: str) -> str:
    plain = "".join(sign for sign in number if sign.isascii() and sign.isalnum())
    return identifier(tracking.get("tracking_id")) or plain or "tracking"


def _packed(tracking: Part) -> list[dict[str, Any]]:
    """What the extension says is in it, where every part of it names its line."""
    products = parts(tracking.get("products_list")) or parts(tracking.get("line_items"))
    lines = {
        line_id: {"line_id": line_id, "quantity": pieces}
        for product in products
        if (line_id := identifier(product.get("item_id") or product.get("id")))
        and (pieces := pieces_of(product.get("qty") or product.get("quantity")))
    }
    return list(lines.values()) if len(lines) == len(products) <= MOST_LINES else []
