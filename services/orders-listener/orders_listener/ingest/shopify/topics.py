"""Which topic is told by which module. The whole list of topics, and why most are not used: docs/ingest/shopify.md."""

from collections.abc import Callable, Sequence
from typing import Final

from orders_listener.ingest.hooks import Hook, Ignored, Saying
from orders_listener.ingest.shopify import customers, fulfillments, orders, payments, privacy, refunds, returns

Heard = Callable[[Hook], Sequence[Saying] | Ignored]
HEARD: Final[dict[str, Heard]] = {
    orders.CREATED: orders.heard,
    orders.UPDATED: orders.heard,
    orders.PAID: orders.heard,
    "orders/fulfilled": orders.heard,
    "orders/partially_fulfilled": orders.heard,
    orders.CANCELLED: orders.heard,
    "order_transactions/create": payments.heard,
    "fulfillments/create": fulfillments.heard,
    "fulfillments/update": fulfillments.heard,
    "fulfillment_events/create": fulfillments.event_heard,
    "refunds/create": refunds.heard,
    "returns/request": returns.heard,
    "returns/approve": returns.heard,
    "customers/create": customers.heard,
    "customers/update": customers.heard,
    "customers/enable": customers.heard,
    "customers/disable": customers.heard,
    "customers_email_marketing_consent/update": customers.consent_heard,
    "customers_marketing_consent/update": customers.consent_heard,
    "customers/delete": privacy.deletion_heard,
    "customers/redact": privacy.erasure_heard,
    "customers/data_request": privacy.data_request_heard,
}
IGNORED: Final = {
    "orders/edited": "orders_updated_says_it",
    "orders/delete": "record_deleted",
    "fulfillment_events/delete": "scan_cannot_be_unsaid",
    "returns/update": "return_goes_on",
    "returns/cancel": "return_goes_on",
    "returns/decline": "return_goes_on",
    "returns/close": "return_goes_on",
    "returns/reopen": "return_goes_on",
    "returns/process": "return_goes_on",
    "reverse_deliveries/attach_deliverable": "return_goes_on",
    "reverse_fulfillment_orders/dispose": "names_no_order",
    "customers/merge": "merging_not_supported",
    "shop/redact": "whole_shop_is_for_staff",
}
"""Topics about orders and customers of which nothing is said, with the reason; any other is `topic_not_used`."""
OF_THE_WAREHOUSE: Final = ("fulfillment_orders/", "fulfillment_holds/")


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """What a hook tells. Raises `BadHook`; never for a topic that is not used, whose body is not read."""
    topic = hook.topic.strip().casefold()
    module = HEARD.get(topic)
    if module is not None:
        return module(hook._replace(topic=topic))
    if topic.startswith(OF_THE_WAREHOUSE):
        return Ignored("names_no_order")
    return Ignored(IGNORED.get(topic, "topic_not_used"))
