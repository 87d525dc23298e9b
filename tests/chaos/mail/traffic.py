"""What other services say to the notifier, drawn from one seed, timed by the clock. Owns the content, written by hand.

Each customer is known to the notifier once and asks for some mails; every mail is about an order of its own, so that
an order and an address name what was to be said.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, NamedTuple

from chassis.partitions import partition_of
from tests.chaos.records import PARTITIONS, Raw, content, moment

REPEATED = 0.2
KINDS = ("order-confirmed", "order-shipped", "issue-opened", "points-earned")
TOPIC_OF = {
    "customer-updated": ("storefront.customers", "storefront", "/storefronts/chaos"),
    "order-confirmed": ("orders", "orders", "/rapport/orders-listener"),
    "order-shipped": ("orders", "orders", "/rapport/orders-listener"),
    "issue-opened": ("orders", "orders", "/rapport/orders-listener"),
    "points-earned": ("loyalty", "loyalty", "/rapport/loyalty"),
}


class Said(NamedTuple):
    """One thing that was said, as the model reads it."""

    kind: str
    customer_id: str
    record: Raw
    data: dict[str, Any]

    def line(self) -> str:
        """For the file that the model reads."""
        return json.dumps({"kind": self.kind, "customer_id": self.customer_id, "data": self.data}) + "\n"


def customers(seed: int) -> Iterator[list[Said]]:
    """Without end: what is said of one customer after the other, with repetitions."""
    dice = Random(f"mail {seed}")
    for number in count(1):
        said = list(_said_of(dice, f"m-{number:06}", datetime.now(UTC)))
        yield said + [one for one in said if dice.random() < REPEATED]


def _said_of(dice: Random, customer_id: str, now: datetime) -> Iterator[Said]:
    yield _fact("customer-updated", customer_id, now, contacts=[{"channel": "email", "address": address(customer_id)}],
                given_name="Ada", locale="en", zone="Europe/Berlin", country="DE")  # fmt: skip
    troubled = dice.random() < 0.4  # who is troubled hears nothing of points meanwhile
    for number in range(1, dice.choice((1, 2, 3)) + 1):
        kind = dice.choice(KINDS[:2] if troubled else (*KINDS[:2], KINDS[3]))
        kind = "issue-opened" if troubled and number == 1 else kind  # of two, one would be told inside of the other
        yield _about_order(kind, customer_id, f"{customer_id}-{number}", now + number * timedelta(microseconds=1))


def address(customer_id: str) -> str:
    """Where their mail goes."""
    return f"{customer_id}@chaos.example"


def _about_order(kind: str, customer_id: str, order_id: str, at: datetime) -> Said:
    match kind:
        case "order-confirmed":
            line = {"line_id": "1", "quantity": 1, "paid_minor": 1_000}
            more: dict[str, Any] = {"placed_at": moment(at), "currency": "EUR", "lines": [line], "total_minor": 1_000}
        case "order-shipped":
            more = {"shipment_id": f"s-{order_id}", "carrier": "dhl"}
        case "issue-opened":
            more = {"issue_id": f"i-{order_id}", "kind": "delivery_late", "severity": "serious", "known": "It is late."}
            more |= {"opened_at": moment(at), "told_by": moment(at + timedelta(hours=1))}
        case _:
            more = {"points": 5, "available_points": 0, "pending_points": 5}
    return _fact(kind, customer_id, at, order_id=order_id, **more)


def _fact(kind: str, customer_id: str, at: datetime, /, **more: Any) -> Said:
    topic, context, source = TOPIC_OF[kind]
    data: dict[str, Any] = {"customer_id": customer_id, **more}
    if kind != "issue-opened":
        data["occurred_at"] = moment(at)
    identity = f"{kind}-{customer_id}-{more.get('order_id', '')}"
    attributes = {
        "specversion": "1.0",
        "type": f"{context}.{kind}.v1",
        "source": source,
        "id": identity,
        "time": moment(at),
    }
    headers = tuple((f"ce_{name}", text.encode()) for name, text in attributes.items())
    key = customer_id.encode()
    record = Raw(
        topic, partition_of(key, PARTITIONS), key, content(**data), (*headers, ("content-type", b"application/json"))
    )
    return Said(kind, customer_id, record, data)
