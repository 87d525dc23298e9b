"""A shop's past, taken in by a house that is at work: it is all there, and nobody is told of it."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from contracts.storefront import Contact, CustomerUpdated
from contracts.vocabulary import Channel
from orders_listener.ingest.backfill import pages
from orders_listener.ingest.backfill.records import Import, Mistake, Record, events_of
from storefront.saying import record_of
from tests.journeys.house import House
from tests.orders_listener.ingest.shopify_shop import customer, fulfillment, order

NOW = datetime.fromisoformat("2026-03-20T10:00:00+00:00")
"""A Friday morning, outside of quiet hours."""


def past_of(customer_id: str, *bodies: dict[str, Any], at: datetime = NOW) -> list[Any]:
    """The events of an import at `at`."""
    run = Import("/shopify/berlin.myshopify.com", at, timedelta(days=14))
    found: list[Any] = []
    for body in bodies:
        content = json.dumps(body | {"customer": customer(id=customer_id, email=f"{customer_id}@example.org")})
        [record] = pages.records_of([content.encode()])
        assert isinstance(record, Record)
        events = events_of(record, run)
        assert not isinstance(events, Mistake)
        found += events
    return found


async def take_in(house: House, events: list[Any]) -> None:
    for event in events:
        await house.put(record_of(event))


async def mails_to(house: House, customer_id: str) -> list[str]:
    return [mail["Subject"] for mail in house.postbox.mails if f"{customer_id}@example.org" in mail["To"]]


def bought(order_id: int, promised: str, **more: Any) -> dict[str, Any]:
    """Two days ago."""
    placed_at = "2026-03-18T10:00:00+00:00"
    return order(
        id=order_id, financial_status="paid", created_at=placed_at, processed_at=placed_at, updated_at=placed_at,
        note_attributes=[{"name": "Delivery-Date", "value": promised}], **more,
    )  # fmt: skip


@pytest.mark.parametrize("known_before", [False, True])
async def test_of_an_imported_late_order_nobody_is_told(house: House, known_before: bool) -> None:
    who, number = f"past-{known_before}".lower(), 7_001 + known_before
    at = max(NOW, house.now + timedelta(hours=1))
    if known_before:
        contact = Contact(channel=Channel.email, address=f"{who}@example.org")
        await house.say(
            CustomerUpdated(customer_id=who, occurred_at=at, contacts=(contact,)), at - timedelta(minutes=5)
        )
    events = past_of(who, bought(number, "2026-03-19"), at=at)
    await take_in(house, events)
    await house.time_is(at + timedelta(hours=2))

    found = await house.ask("orders_listener", f"/v1/orders/{number}")
    assert [issue["kind"] for issue in found["issues"]] == ["delivery_late"]
    told = await house.ask("notifier", f"/v1/customers/{who}/decisions")
    assert {row["reason"] for row in told["data"]} == {"past"}
    assert await mails_to(house, who) == []

    await take_in(house, events)
    await house.time_is(at + timedelta(hours=3))
    assert await house.ask("orders_listener", f"/v1/orders/{number}") == found


async def test_what_comes_of_an_imported_open_order_later_is_news(house: House) -> None:
    who, at = "past-open", max(NOW, house.now + timedelta(hours=1))
    promised = (at + timedelta(days=1)).date().isoformat()
    await take_in(house, past_of(who, bought(7_101, promised), at=at))
    await house.time_is(at + timedelta(hours=2))
    assert await mails_to(house, who) == []

    await house.time_is(at + timedelta(days=3))
    assert await mails_to(house, who) == ["Ihre Bestellung verspätet sich", "100 Punkte für Sie"]


async def test_points_of_the_past_are_there_and_nobody_is_told_of_them(house: House) -> None:
    who, at = "past-points", max(NOW, house.now + timedelta(hours=1))
    parcel = fulfillment(
        shipment_status="delivered", updated_at="2026-03-19T10:00:00+00:00", created_at="2026-03-18T12:00:00Z"
    )
    await take_in(house, past_of(who, bought(7_201, "2026-03-19", fulfillments=[parcel]), at=at))
    await house.time_is(at + timedelta(hours=2))
    account = await house.ask("loyalty", f"/v1/members/{who}")
    assert account["pending_points"] or account["available_points"]
    assert await mails_to(house, who) == []
