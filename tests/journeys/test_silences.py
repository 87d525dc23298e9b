"""What did not happen: noticed by the day, told, told again when it goes on, and over when it happens."""

from pathlib import Path

import pytest

from contracts.storefront import OrderCancelled, OrderRefunded, ReturnReceived, ShipmentStatus
from contracts.vocabulary import LineQuantity, RefundedLine, ShippedLine
from tests.journeys.house import House
from tests.journeys.shoppers import Shopper, line


@pytest.fixture(scope="module")
def policy_file() -> Path | None:
    """As a shop is that says nothing about it."""
    return None


async def test_an_order_that_nobody_packs_is_noticed_told_and_told_again(house: House) -> None:
    hugo = Shopper(house, "hugo")
    await hugo.signs_up()
    await hugo.orders("h1")
    await hugo.time_is(7)
    assert await hugo.issues("h1") == {"fulfilment_stalled": "open"}
    assert (await hugo.told())[-1] == "issue_opened"
    await hugo.time_is(12)
    assert (await hugo.told())[-1] == "issue_worse"

    await hugo.is_sent("h1", day=12)
    await hugo.receives("h1", day=14)
    await hugo.time_is(16)
    assert await hugo.issues("h1") == {"fulfilment_stalled": "moved"}
    assert "issue_resolved" in await hugo.told()


async def test_a_parcel_that_stops_is_missed_then_lost_and_the_money_comes_back(house: House) -> None:
    ines = Shopper(house, "ines")
    await ines.signs_up()
    await ines.orders("i1")
    await ines.is_sent("i1", day=1)
    await ines.time_is(8)
    assert await ines.issues("i1") == {"transit_stalled": "open"}
    await ines.time_is(33)
    assert await ines.issues("i1") == {"transit_stalled": "absorbed", "lost": "open"}
    socks = RefundedLine(line_id="socks", quantity=1, amount_minor=40_00)
    await ines.says(OrderRefunded, 34, order_id="i1", refund_id="i1-r", amount_minor=40_00, lines=(socks,))
    await ines.time_is(36)
    assert await ines.issues("i1") == {"transit_stalled": "absorbed", "lost": "refunded"}


async def test_a_parcel_that_nobody_fetches_comes_back_and_is_sent_again(house: House) -> None:
    jon = Shopper(house, "jon")
    await jon.signs_up()
    await jon.orders("j1")
    await jon.is_sent("j1", day=1)
    await jon.scan("j1", ShipmentStatus.held, 2)
    await jon.scan("j1", ShipmentStatus.available_for_pickup, 3)
    await jon.time_is(5)
    assert await jon.issues("j1") == {"held": "moved", "awaiting_pickup": "open"}
    await jon.scan("j1", ShipmentStatus.returning, 10)
    await jon.time_is(11)
    kinds = await jon.issues("j1")
    assert kinds == {"held": "moved", "awaiting_pickup": "absorbed", "returned_to_sender": "open"}
    await jon.is_sent("j1", day=12, parcel="again", replaces_shipment_id="j1-parcel")
    await jon.receives("j1", day=13, parcel="again")
    await jon.time_is(15)
    assert (await jon.issues("j1"))["returned_to_sender"] == "replaced"


async def test_what_was_not_in_the_parcel_is_missed_and_sent_after(house: House) -> None:
    kim = Shopper(house, "kim")
    await kim.signs_up()
    await kim.orders("k1", line("cup", 10_00), line("bowl", 20_00))
    await kim.is_sent("k1", day=1, lines=(ShippedLine(line_id="cup", quantity=1),))
    await kim.receives("k1", day=2)
    await kim.time_is(8)
    assert await kim.issues("k1") == {"item_missing": "open"}
    await kim.is_sent("k1", day=9, parcel="rest")
    await kim.receives("k1", day=10, parcel="rest")
    await kim.time_is(12)
    assert await kim.issues("k1") == {"item_missing": "replaced"}


async def test_money_that_does_not_come_back_is_missed(house: House) -> None:
    lea = Shopper(house, "lea")
    await lea.signs_up()
    await lea.orders("l1")
    await lea.says(OrderCancelled, 1, order_id="l1", by="customer")
    await lea.orders("l2", line("mug", 15_00))
    await lea.is_sent("l2", day=1)
    await lea.receives("l2", day=2)
    came_back = (LineQuantity(line_id="mug", quantity=1),)
    await lea.says(ReturnReceived, 5, order_id="l2", return_id="b1", lines=came_back)
    await lea.time_is(17)
    assert (await lea.issues("l1"), await lea.issues("l2")) == ({"refund_overdue": "open"},) * 2
    await lea.says(OrderRefunded, 17, order_id="l1", refund_id="l1-r", amount_minor=40_00)
    await lea.says(OrderRefunded, 17, order_id="l2", refund_id="l2-r", amount_minor=15_00)
    await lea.time_is(19)
    assert (await lea.issues("l1"), await lea.issues("l2")) == ({"refund_overdue": "refunded"},) * 2
