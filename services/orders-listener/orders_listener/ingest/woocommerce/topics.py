"""Which of WooCommerce's topics are listened to, and why nothing follows from the others."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from orders_listener.ingest.hooks import Hook, Ignored, Saying
from orders_listener.ingest.woocommerce import customers, orders

PING: Final = b"webhook_id="
"""The form that is sent, without a topic, when a webhook is saved."""

HEARD: Final[Mapping[str, Callable[[Hook], Sequence[Saying] | Ignored]]] = {
    "order.created": orders.heard,
    "order.updated": orders.heard,
    "order.restored": orders.heard,
    "customer.created": customers.heard,
    "customer.updated": customers.heard,
    "customer.deleted": customers.deletion_heard,
}
SILENT: Final[Mapping[str, str]] = {"order.deleted": "order_deleted"}
"""A deleted order is not a cancelled one: shops delete old orders too, and the hook has nothing but an id."""


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Raises `BadHook`."""
    if hook.body.startswith(PING):
        return Ignored("ping")
    if hook.topic in SILENT:
        return Ignored(SILENT[hook.topic])
    listener = HEARD.get(hook.topic)
    return listener(hook) if listener else Ignored("topic_not_used")
