"""Attempts to pay. That an order is paid is said by the order itself; here only what failed counts."""

from collections.abc import Sequence

from contracts.storefront import PaymentFailed
from orders_listener.ingest.hooks import Hook, Ignored, OfOrder, Saying, read
from orders_listener.ingest.shopify.bodies import Transaction
from orders_listener.ingest.shopify.fields import happened, needed_id, sentence

TAKES_MONEY = frozenset({"sale", "capture", "authorization"})
FAILED = frozenset({"failure", "error"})


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `order_transactions/create`. Raises `BadHook`."""
    body = read(Transaction, hook)
    if body.test:
        return Ignored("test_order")
    if body.kind not in TAKES_MONEY or body.status not in FAILED:
        return Ignored("order_says_it")
    order_id = needed_id("order_id", body.order_id)
    failed = {
        "order_id": order_id,
        "occurred_at": happened("processed_at", hook.received_at, body.processed_at, body.created_at),
        "reason": sentence(body.error_code),
    }
    return [Saying(OfOrder(order_id), PaymentFailed, failed)]
