"""Everything said twice, on every topic: not one row is different afterwards."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from contracts.kafka import Record
from contracts.storefront import (
    CancelledBy,
    ConsentChanged,
    ContactReceived,
    LineUnavailable,
    OrderCancelled,
    OrderRefunded,
    ShipmentStatus,
    UnavailableReason,
)
from contracts.vocabulary import Channel, Purpose, RefundedLine
from tests.journeys.house import COMPOSED, House
from tests.journeys.shoppers import Shopper, line
from tests.journeys.staff import declares

BOOKKEEPING = ("positions", "inbox", "providers")
"""What was read how far, and how the mail server is: these rows change with every repetition."""
MAY_BE_EMPTY = ("outbox", "parked_events", "deadlines", "commands", "api_keys", "audits")
EMPTY = {f"{service}.{table}" for service in COMPOSED for table in MAY_BE_EMPTY} | {
    "loyalty.redemptions",
    "feedback.writings",
    "notifier.answers",
    "notifier.broadcast_minutes",
    "notifier.broadcast_steps",
    "notifier.kept_withdrawals",
    "notifier.soft_bounces",
    "notifier.suppressions",
    "notifier.told_before",
    "notifier.webhook_deliveries",
    "notifier.webhooks",
    "notifier.wishes",
    "orders_listener.forecasts",
    "orders_listener.disruption_calls",
    "orders_listener.tracking_claims",
    "orders_listener.unmatched_orders",
    "orders_listener.unmatched_trackings",
}
"""What this story need not leave anything in."""


async def live_through_everything(house: House) -> None:
    """Late, lost and replaced, refunded, cancelled, asked, answered badly, cared for; and one whom nobody can reach.

    Staff declares something in between.
    """
    rosa, saul = Shopper(house, "rosa"), Shopper(house, "saul")
    await rosa.signs_up()
    await rosa.says(ConsentChanged, 0, 9, channel=Channel.email, purpose=Purpose.loyalty, given=False, evidence="page")
    await rosa.orders("r1", line("tea", 60_00), line("pot", 30_00), promised_by=rosa.day(2))
    await saul.orders("s1")
    await rosa.time_is(0, 12)
    await declares(house, sku="SOCKS")
    await rosa.is_sent("r1", day=1)
    await rosa.scan("r1", ShipmentStatus.lost, 4)
    await rosa.is_sent("r1", day=5, parcel="again", replaces_shipment_id="r1-parcel")
    await rosa.receives("r1", day=6, parcel="again")
    await rosa.says(ContactReceived, 8, contact_id="call", channel="phone", order_id="r1", topic="delivery")
    refund = RefundedLine(line_id="pot", quantity=1, amount_minor=30_00)
    await rosa.says(OrderRefunded, 9, order_id="r1", refund_id="back", amount_minor=30_00, lines=(refund,))
    await saul.says(LineUnavailable, 1, order_id="s1", line_id="socks", reason=UnavailableReason.out_of_stock)
    await saul.says(OrderCancelled, 3, order_id="s1", by=CancelledBy.shop)
    await rosa.time_is(11, 13)
    await rosa.answers(2, "Lost, then half of it.")
    [case] = await rosa.cases()
    body = {"resolution": "Called.", "goodwill_points": 50}
    assert (await house.clients["feedback"].post(f"/v1/cases/{case['case_id']}/resolution", json=body)).is_success
    await rosa.time_is(25)


async def test_saying_everything_twice_changes_no_row_even_when_the_inbox_has_forgotten_it(house: House) -> None:
    await live_through_everything(house)
    await house.time_is(house.now + timedelta(minutes=1))  # past midnight, so the last day is closed
    before = await house.dump(without=BOOKKEEPING)
    assert {name for name, found in before.items() if not found} <= EMPTY
    assert await Shopper(house, "saul").decisions("orders_listener", "disruption") == [
        "opened: declared",
        "resolved: cancelled",
    ]
    said = await house.said()
    await say_again(house, said)
    assert difference(before, await house.dump(without=BOOKKEEPING)) == {}
    await forget(house)
    await say_again(house, said)
    assert difference(before, await house.dump(without=BOOKKEEPING)) == {}


async def say_again(house: House, said: dict[str, list[Any]]) -> None:
    """Every record once more, until everybody has heard it and nobody has anything to say about it."""
    for topic, records in said.items():
        for record in records:
            await house.put(Record(topic, record.key, record.value, record.headers), record.partition)
    await house.time_is(house.now + timedelta(minutes=1))


def difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, set[str]]:
    """Rows that only one of them has."""
    return {name: found for name in before if (found := set(before[name]) ^ set(after[name]))}


async def forget(house: House) -> None:
    """Retention has pruned every inbox."""
    for runtime in house.runtimes.values():
        async with runtime.transaction() as tx:
            await tx.execute(text("delete from inbox"))
