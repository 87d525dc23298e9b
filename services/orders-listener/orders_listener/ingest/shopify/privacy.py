"""People who ask to be forgotten or for what is known of them. What is left for people to do stands in the docs."""

from collections.abc import Sequence

from contracts.storefront import ContactReceived, CustomerErased
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, OfCustomer, Saying, read
from orders_listener.ingest.shopify.bodies import Customer, PrivacyRequest
from orders_listener.ingest.shopify.fields import id_of, needed_id

DATA_REQUEST = "data_request"


def erasure_heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `customers/redact`; guests are named by their orders. Raises `BadHook`."""
    body = read(PrivacyRequest, hook)
    at = {"occurred_at": hook.received_at}
    return [Saying(OfCustomer(customer_id), CustomerErased, at) for customer_id in _who(body, body.orders_to_redact)]


def deletion_heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `customers/delete`: the shop itself does not know them any more. Raises `BadHook`."""
    body = read(Customer, hook)
    customer_id = needed_id("id", body.id, body.admin_graphql_api_id)
    return [Saying(OfCustomer(customer_id), CustomerErased, {"occurred_at": hook.received_at})]


def data_request_heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `customers/data_request`: the customer wrote, and somebody has to answer. Raises `BadHook`."""
    body = read(PrivacyRequest, hook)
    request_id = id_of(body.data_request.id) if body.data_request else None
    asked = {
        "contact_id": f"shopify-data-request-{request_id or hook.key}"[:128],
        "occurred_at": hook.received_at,
        "channel": "shopify",
        "topic": DATA_REQUEST,
    }
    return [Saying(OfCustomer(_who(body, body.orders_requested)[0]), ContactReceived, asked)]


def _who(body: PrivacyRequest, orders: Sequence[int | str | None] | None) -> list[str]:
    customer = body.customer
    customer_id = id_of(customer.id, customer.admin_graphql_api_id) if customer else None
    if customer_id:
        return [customer_id]
    guests = [f"guest:{order_id}"[:128] for order in orders or () if (order_id := id_of(order))]
    if not guests:
        raise BadHook("customer.id: no id")
    return guests
