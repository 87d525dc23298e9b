"""Records as storefronts put them on Kafka, written by hand and not by our publisher. Owns their bytes, no meaning."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chassis.partitions import partition_of

PARTITIONS = 6
STOREFRONT, FEEDBACK = "/storefronts/chaos", "/rapport/feedback"
TOPICS = ("storefront.orders", "storefront.shipments", "storefront.customers", "feedback")
"""All that the harness says, and what is said on each: what time it is."""
TOPIC_OF = {
    "order-placed": "storefront.orders",
    "order-paid": "storefront.orders",
    "payment-failed": "storefront.orders",
    "line-unavailable": "storefront.orders",
    "line-available": "storefront.orders",
    "line-substituted": "storefront.orders",
    "order-cancelled": "storefront.orders",
    "order-refunded": "storefront.orders",
    "shipment-created": "storefront.shipments",
    "shipment-progressed": "storefront.shipments",
    "customer-erased": "storefront.customers",
    "goodwill-requested": "feedback",
}
Headers = tuple[tuple[str, bytes | None], ...]


class Raw(NamedTuple):
    """One record, ready to be sent."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Said(NamedTuple):
    """One thing said by a storefront (or, on `feedback`, by the feedback service) about a customer."""

    at: datetime
    kind: str
    """`order-placed` …, a key of `TOPIC_OF`."""
    event_id: str
    customer_id: str
    value: bytes

    @property
    def topic(self) -> str:
        """Where it is said."""
        return TOPIC_OF[self.kind]


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with six decimals."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def content(**fields: Any) -> bytes:
    """The data of an event."""
    return json.dumps(fields, separators=(",", ":")).encode()


def raw(said: Said) -> Raw:
    """A CloudEvent in binary mode, on its customer's partition."""
    topic = said.topic
    context = topic.partition(".")[0]
    source = FEEDBACK if topic == "feedback" else STOREFRONT
    headers = _headers({"type": f"{context}.{said.kind}.v1", "source": source, "id": said.event_id}, said.at)
    key = said.customer_id.encode()
    return Raw(topic, partition_of(key, PARTITIONS), key, said.value, headers)


def time_reached(topic: str, partition: int, at: datetime) -> Raw:
    """Everything before `at` has been said on this partition."""
    source = FEEDBACK if topic == "feedback" else STOREFRONT
    name = f"time-{topic}-{partition}-{moment(at)}"
    headers = _headers({"type": "rapport.time-reached.v1", "source": source, "id": name}, at)
    return Raw(topic, partition, None, content(at=moment(at)), headers)


def _headers(attributes: Mapping[str, str], at: datetime) -> Headers:
    named = {"specversion": "1.0", **attributes, "time": moment(at)}
    binary = tuple((f"ce_{name}", value.encode()) for name, value in named.items())
    return (*binary, ("content-type", b"application/json"))
