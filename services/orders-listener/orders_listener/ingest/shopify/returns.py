"""Goods that the customer wants to send back. Bodies of returns have no moment: they happened when they were heard of.

Whether something came back is said by the refund that puts it into stock again (`refunds`).
"""

from collections.abc import Sequence
from typing import Any, Final

from contracts.storefront import ReturnReason, ReturnRequested
from orders_listener.ingest.hooks import Hook, Ignored, OfOrder, Saying, read
from orders_listener.ingest.shopify.bodies import Return, ReturnLineItem
from orders_listener.ingest.shopify.fields import happened, id_of, needed_id
from orders_listener.ingest.shopify.lines import MOST_LINES, pieces_of

REASONS: Final = {
    "wrong_item": ReturnReason.wrong_item,
    "defective": ReturnReason.damaged,
    "not_as_described": ReturnReason.not_as_described,
    "color": ReturnReason.changed_mind,
    "style": ReturnReason.changed_mind,
    "size_too_large": ReturnReason.changed_mind,
    "size_too_small": ReturnReason.changed_mind,
    "unwanted": ReturnReason.changed_mind,
}
"""ReturnReason of the 2025-01 API; `other` and `unknown` are `other`."""


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `returns/request` and `returns/approve`, which staff may begin with. Raises `BadHook`."""
    body = read(Return, hook)
    order_id = needed_id("order_id", body.order.id if body.order else body.order_id, _global_id(body))
    wanted = {
        "order_id": order_id,
        "return_id": needed_id("id", body.id, body.admin_graphql_api_id),
        "occurred_at": happened("created_at", hook.received_at, body.created_at, hook.received_at.isoformat()),
        "lines": _lines(body),
        "reason": _reason(body),
    }
    return [Saying(OfOrder(order_id), ReturnRequested, wanted)]


def _global_id(body: Return) -> Any:
    return body.order.admin_graphql_api_id if body.order else None


def _lines(body: Return) -> list[dict[str, Any]]:
    return [
        {"line_id": line_id, "quantity": pieces}
        for item in body.return_line_items or ()
        if (line_id := _line_id(item)) and (pieces := pieces_of("return_line_items.quantity", item))
    ][:MOST_LINES]


def _line_id(item: ReturnLineItem) -> str | None:
    of_parcel = item.fulfillment_line_item
    line = of_parcel.line_item if of_parcel else None
    return id_of(line.id, line.admin_graphql_api_id) if line else None


def _reason(body: Return) -> ReturnReason:
    """The first that says something."""
    given = ((item.return_reason or "").casefold() for item in body.return_line_items or ())
    return next((REASONS[word] for word in given if word in REASONS), ReturnReason.other)
