"""The table of providers: how each signs, where topic, dedupe key and source stand, who reads its bodies.

A provider is added here: a row, a module with `heard`, a setting. Pure: no HTTP framework, no clock, no settings.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple, TypeAlias
from zlib import crc32

import msgspec

from orders_listener.ingest import aftership, easypost, shopify, signatures, woocommerce
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, Saying
from orders_listener.ingest.moments import moment_of
from orders_listener.ingest.signatures import Check, Delivery

Heard: TypeAlias = Callable[[Hook], Sequence[Saying] | Ignored]


class Told(NamedTuple):
    """What the provider calls its news; empty where it did not say."""

    topic: str
    key: str
    source: str


class Provider(NamedTuple):
    """One row of the table."""

    name: str
    """As in the route and, in capitals, in the setting of its secrets."""
    check: Check
    told: Callable[[Delivery], Told]
    """Raises `BadHook`."""
    heard: Heard
    """Raises `BadHook`."""
    is_ping: Callable[[Delivery], bool] = lambda _: False
    """An unsigned greeting from which nothing follows: a test button that signs nothing."""
    sent_at: str = ""
    """The header with the moment of the first attempt: what a body without times says is then the same each time."""


def hook_of(provider: Provider, delivery: Delivery) -> Hook:
    """The hook in a delivery that was checked. Raises `BadHook`.

    Where the provider gives no dedupe key, the body is its own: a repetition is the same bytes.
    """
    topic, key, source = provider.told(delivery)
    return Hook(
        topic=topic[:_LONGEST] or "none",
        key=key or sha256(delivery.body).hexdigest(),
        source=f"/{provider.name}/{source}".rstrip("/")[:_LONGEST],
        body=delivery.body,
        received_at=_first_sent_at(provider, delivery),
    )


_LONGEST = 200
LONGEST_RETRIES = timedelta(days=7)
"""No provider comes again for longer."""


def _first_sent_at(provider: Provider, delivery: Delivery) -> datetime:
    """When we could have heard of it first; now, where that is not said or cannot be."""
    now = delivery.received_at
    moment = moment_of(delivery.headers.get(provider.sent_at))
    return moment if moment is not None and now - LONGEST_RETRIES <= moment <= now else now


def in_headers(topic: str, keys: Sequence[str], source: str) -> Callable[[Delivery], Told]:
    """Everything stands in headers; the key in the first of several that is there."""

    def told(delivery: Delivery) -> Told:
        headers = delivery.headers
        key = next((found for name in keys if (found := headers.get(name))), "")
        return Told(headers.get(topic, ""), key, _place(headers.get(source, "")))

    return told


def in_body(topic: str, key: str, source: str | None = None) -> Callable[[Delivery], Told]:
    """Everything stands in the body's outermost fields."""

    def told(delivery: Delivery) -> Told:
        fields = _fields(delivery.body)
        return Told(_text(fields, topic), _text(fields, key), _place(_text(fields, source)) if source else "")

    return told


def _fields(body: bytes) -> Mapping[str, msgspec.Raw]:
    try:
        return _objects.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadHook("the body is not a JSON object") from error


_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _text(fields: Mapping[str, msgspec.Raw], name: str) -> str:
    try:
        found = msgspec.json.decode(fields.get(name, b"null"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadHook(f"{name} is not readable") from error
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""


def _place(text: str) -> str:
    """A shop's address without its scheme, in what a CloudEvents source may hold."""
    return _NO_PLACE.sub("-", text.partition("://")[2] or text).strip("/")


_NO_PLACE = re.compile(r"[^A-Za-z0-9._~:/-]")


def _told_by_shopify(delivery: Delivery) -> Told:
    """The event's id is the same for every attempt and every subscription ("Ignore duplicate webhooks").

    It is also the same for all that one action of a merchant leads to, two parcels of one order for instance: these are
    told apart by their bodies.
    """
    told = _shopify_headers(delivery)
    of_event = delivery.headers.get("x-shopify-event-id")
    return told._replace(key=f"{of_event}:{crc32(delivery.body):08x}") if of_event else told


_shopify_headers = in_headers("x-shopify-topic", ("x-shopify-webhook-id",), "x-shopify-shop-domain")
_SHOPIFY = Provider(
    "shopify",
    signatures.base64_of_body("x-shopify-hmac-sha256", "shopify-hmac-sha256"),
    _told_by_shopify,
    shopify.heard,
    sent_at="x-shopify-triggered-at",
)
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")
_WOOCOMMERCE = Provider(
    "woocommerce",
    signatures.base64_of_body("x-wc-webhook-signature"),
    in_headers("x-wc-webhook-topic", ("x-wc-webhook-delivery-id",), "x-wc-webhook-source"),
    woocommerce.heard,
    # saving a webhook posts `webhook_id=N`, unsigned and without a topic, and wants a 200
    lambda delivery: "x-wc-webhook-topic" not in delivery.headers and _PING.fullmatch(delivery.body) is not None,
)
_EASYPOST = Provider("easypost", signatures.easypost, in_body("description", "id"), easypost.heard)
_AFTERSHIP = Provider(
    "aftership",
    signatures.base64_of_body("aftership-hmac-sha256", "as-signature-hmac-sha256"),
    in_body("event", "event_id"),
    aftership.heard,
)

PROVIDERS: Mapping[str, Provider] = {row.name: row for row in (_SHOPIFY, _WOOCOMMERCE, _EASYPOST, _AFTERSHIP)}
"""By name; `cloudevents` is beside them, it needs no mapping."""
