"""CloudEvents over HTTP as the public SDK makes them, in every mode; what is taken as it is and what is not."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

from contracts.golden import Example, examples
from contracts.kafka import from_record
from orders_listener.ingest import cloudevents
from orders_listener.ingest.cloudevents import STOREFRONT, Refused
from orders_listener.ingest.signatures import Delivery
from tests.orders_listener.ingest.hooks import placed, structured

NOW = datetime(2026, 12, 1, tzinfo=UTC)
STRUCTURED, BATCH = "application/cloudevents+json; charset=UTF-8", "application/cloudevents-batch+json"


def delivery(body: bytes, **headers: str) -> Delivery:
    return Delivery({name.replace("_", "-"): text for name, text in headers.items()}, body, NOW)


def events_in(taken: cloudevents.Said) -> list[Any]:
    return [from_record(*record[1:], wanted=STOREFRONT) for record in taken.records]


GOLDEN = [example for example in examples() if example.type in STOREFRONT]


@pytest.mark.parametrize("example", GOLDEN, ids=[example.name for example in GOLDEN])
@pytest.mark.parametrize("write", [http.to_binary_event, http.to_structured_event])
def test_every_storefront_event_of_the_sdk_arrives_as_it_was(example: Example, write: Any) -> None:
    attributes: dict[str, Any] = {
        name.removeprefix("ce_"): text for name, text in example.headers.items() if name.startswith("ce_")
    }
    attributes |= {"time": datetime.fromisoformat(attributes["time"]), "datacontenttype": "application/json"}
    message = write(CloudEvent(attributes, example.data))
    headers = {name.lower(): text for name, text in message.headers.items()}
    arrived = events_in(cloudevents.said(Delivery(headers, message.body, NOW)))
    assert arrived == [from_record(*example.record[1:], wanted=STOREFRONT)]


def test_a_header_that_is_not_ascii_is_percent_encoded() -> None:
    attributes = {
        "content_type": "application/json", "ce_specversion": "1.0", "ce_type": "storefront.order-placed.v1",
        "ce_source": "/storefronts/k%C3%B6ln", "ce_id": "a%20b", "ce_time": "2026-11-01T00:00:00Z",
    }  # fmt: skip
    body = json.dumps(placed() | {"placed_at": "2026-10-31T00:00:00Z"}).encode()
    [arrived] = events_in(cloudevents.said(delivery(body, **attributes)))
    assert (arrived.source, arrived.id) == ("/storefronts/köln", "a b")


def event(**changes: Any) -> dict[str, Any]:
    data = placed() | {"placed_at": "2026-10-31T00:00:00Z"}
    return structured("order-placed", "1", data) | {"time": "2026-11-01T00:00:00Z"} | changes


def batch(*events: dict[str, Any]) -> Delivery:
    return delivery(json.dumps(events).encode(), content_type=BATCH)


def test_a_batch_is_taken_in_its_order_and_foreign_events_in_it_are_left_alone() -> None:
    taken = cloudevents.said(batch(event(), event(type="com.example.lamp-switched-on", data=None), event(id="2")))
    assert ([arrived.id for arrived in events_in(taken)], taken.ignored) == (["1", "2"], 1)


def test_a_batch_with_one_bad_event_says_nothing() -> None:
    with pytest.raises(Refused) as refused:
        cloudevents.said(batch(event(), event(data=placed() | {"currency": "euro"})))
    assert (refused.value.code, refused.value.readable) == ("bad_form", True)


def test_an_empty_batch_says_nothing() -> None:
    assert cloudevents.said(batch()) == cloudevents.Said([], 0)


@pytest.mark.parametrize("changes", [{}, {"data_base64": True}])
def test_without_a_time_it_was_said_just_now(changes: dict[str, Any]) -> None:
    untimed = {name: content for name, content in event().items() if name != "time"}
    if changes:
        untimed["data_base64"] = base64.b64encode(json.dumps(untimed.pop("data")).encode()).decode()
    [arrived] = events_in(cloudevents.said(delivery(json.dumps(untimed).encode(), content_type=STRUCTURED)))
    assert arrived.time == NOW


REFUSED: list[tuple[str, Delivery, str, bool]] = [
    ("no envelope at all", delivery(b"{}"), "missing_attribute", False),
    (
        "a body of another kind",
        delivery(b"a=1", content_type="text/plain", ce_id="1"),
        "unsupported_content_type",
        False,
    ),
    ("a batch that is none", delivery(b"{}", content_type=BATCH), "malformed_json", False),
    ("something else in a batch", delivery(b"[1]", content_type=BATCH), "not_an_object", False),
    ("no id", batch({k: v for k, v in event().items() if k != "id"}), "missing_id", False),
    ("another version of CloudEvents", batch(event(specversion="0.3")), "unsupported_spec_version", False),
    ("a fact without its customer", batch(event(data={"order_id": "o-1"})), "missing_customer", True),
    ("no fact", batch({k: v for k, v in event().items() if k != "data"}), "empty_value", False),
    ("a version to come", batch(event(type="storefront.order-placed.v9")), "unknown_version", True),
    ("what only services say", batch(event(type="orders.order-confirmed.v1")), "not_a_storefront_fact", True),
    ("what time it is", batch(event(type="rapport.time-reached.v1")), "not_a_storefront_fact", True),
    ("an order from the future", batch(event(time="2026-01-01T00:00:00Z")), "occurred_after_said", True),
]


@pytest.mark.parametrize(("sent", "code", "readable"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_taken_says_why(sent: Delivery, code: str, readable: bool) -> None:
    with pytest.raises(Refused) as refused:
        cloudevents.said(sent)
    assert (refused.value.code, refused.value.readable) == (code, readable)
