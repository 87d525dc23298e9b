"""Deliveries as providers make them: bodies, signatures, and the same again until somebody says yes."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

EASYPOST_SECRETS = "tracking-secret-of-today", "tracking-secret-of-yesterday"
SHOPIFY_SECRET = "secret-of-the-app"
SHOP_KEY = b"a key of the shop, long enough for it"
SHOP_SECRET = f"whsec_{base64.b64encode(SHOP_KEY).decode()}"
NOW = datetime.now(UTC).replace(microsecond=0)
NUMBER, CARRIER = "9400110898825022579493", "USPS"


def ago(days: float) -> str:
    """A moment before the tests began."""
    return (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")


def tracker(
    event_id: str = "evt_1",
    *,
    number: str = NUMBER,
    carrier: str = CARRIER,
    status: str = "in_transit",
    days_ago: float = 1,
) -> bytes:
    """What EasyPost says of a parcel that was scanned once."""
    scan = {"object": "TrackingDetail", "status": status, "datetime": ago(days_ago), "message": "Scanned"}
    result = {
        "object": "Tracker", "id": "trk_1", "tracking_code": number, "status": status, "carrier": carrier,
        "created_at": ago(days_ago + 1), "updated_at": ago(days_ago), "tracking_details": [scan],
    }  # fmt: skip
    event = {"object": "Event", "id": event_id, "description": "tracker.updated", "result": result}
    return json.dumps(event).encode()


def easypost_headers(body: bytes, secret: str = EASYPOST_SECRETS[0]) -> dict[str, str]:
    return {"X-Hmac-Signature": f"hmac-sha256-hex={hmac.digest(secret.encode(), body, 'sha256').hex()}"}


def shopify_headers(body: bytes, topic: str = "orders/create", event_id: str = "e-1") -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(SHOPIFY_SECRET.encode(), body, "sha256")).decode()
    return {
        "X-Shopify-Topic": topic,
        "X-Shopify-Event-Id": event_id,
        "X-Shopify-Shop-Domain": "berlin.myshopify.com",
        "X-Shopify-Hmac-Sha256": signature,
    }


def standard_headers(
    body: bytes, *, at_s: float | None = None, key: bytes = SHOP_KEY, content_type: str = "application/cloudevents+json"
) -> dict[str, str]:
    """Signed as Standard Webhooks say."""
    moment = str(int(time.time() if at_s is None else at_s))
    signature = hmac.new(key, f"msg_1.{moment}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": content_type,
        "webhook-id": "msg_1",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }


def structured(
    event_type: str, event_id: str, data: dict[str, Any], *, days_ago: float = 2, **attributes: Any
) -> dict[str, Any]:
    return {
        "specversion": "1.0", "type": f"storefront.{event_type}.v1", "source": "/storefronts/berlin", "id": event_id,
        "time": ago(days_ago), "datacontenttype": "application/json", "data": data, **attributes,
    }  # fmt: skip


def placed(order_id: str = "o-1", customer_id: str = "ada", *, days_ago: float = 3) -> dict[str, Any]:
    line = {"line_id": "shirt", "sku": "S-1", "quantity": 1, "unit_price_minor": 4_000, "paid_minor": 4_000}
    return {
        "customer_id": customer_id, "order_id": order_id, "placed_at": ago(days_ago), "currency": "EUR",
        "lines": [line], "total_minor": 4_000,
    }  # fmt: skip


def shipped(
    order_id: str = "o-1", customer_id: str = "ada", number: str = NUMBER, days_ago: float = 2
) -> dict[str, Any]:
    return {
        "customer_id": customer_id, "order_id": order_id, "shipment_id": f"{order_id}-p", "carrier": "usps",
        "occurred_at": ago(days_ago), "tracking_number": number,
    }  # fmt: skip


async def deliver(client: httpx.AsyncClient, provider: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return await client.post(f"/v1/ingest/{provider}", content=body, headers=headers)


async def tracked(client: httpx.AsyncClient, body: bytes) -> httpx.Response:
    """Delivered by EasyPost."""
    return await deliver(client, "easypost", body, easypost_headers(body))


async def told(client: httpx.AsyncClient, *events: dict[str, Any]) -> httpx.Response:
    """Delivered by a shop that speaks CloudEvents: one event, or a batch."""
    one = len(events) == 1
    body = json.dumps(events[0] if one else events).encode()
    kind = "application/cloudevents+json" if one else "application/cloudevents-batch+json"
    return await deliver(client, "cloudevents", body, standard_headers(body, content_type=kind))
