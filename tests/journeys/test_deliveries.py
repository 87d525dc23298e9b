"""Orders that arrive: as promised, too late, and after the carrier lost them."""

from contracts.storefront import ShipmentStatus
from tests.journeys.house import House
from tests.journeys.shoppers import ABROAD, Shopper, line


async def test_an_order_that_goes_well_is_confirmed_delivered_asked_about_and_rewarded(house: House) -> None:
    ada = Shopper(house, "ada")
    await ada.signs_up()
    await ada.orders("a1", line("coat", 450_00), line("scarf", 60_50), promised_by=ada.day(5))
    await ada.time_is(1)
    assert await ada.points() == (0, 510, "bronze")
    assert await ada.told() == ["order_confirmed", "points_earned"]

    await ada.is_sent("a1", day=1)
    await ada.receives("a1", day=3)
    await ada.time_is(6, 11)
    assert await ada.told() == ["order_confirmed", "points_earned", "order_shipped", "order_delivered"]

    await ada.time_is(6, 13)
    assert (await ada.told())[4:] == ["survey"]
    await ada.answers(9, "Lovely coat.")
    await ada.time_is(17, 11)
    assert await ada.points() == (0, 510, "bronze")

    await ada.time_is(17, 13)
    assert await ada.points() == (510, 0, "silver")
    assert (await ada.told())[5:] == ["points_vested", "tier_reached"]
    assert await ada.issues("a1") == {}
    assert await ada.decisions("feedback") == ["survey: asked: eligible", "answer: answered: promoter"]


async def test_a_promise_broken_in_silence_is_noticed_told_and_made_good_before_anybody_asks(house: House) -> None:
    """The promised day ends in New York, where it is night by then: the house knows at once and speaks at eight."""
    bob = Shopper(house, "bob")
    await bob.signs_up(zone="America/New_York")
    await bob.orders("b1", promised_by=bob.day(5), destination=ABROAD)
    await bob.orders("b2", line("hat", 30_00), hour=11)
    await bob.is_sent("b2", day=1)
    await bob.receives("b2", day=3)
    await bob.time_is(5)
    assert await bob.decided_at("orders_listener", "delivery_at_risk", "not_handed_over") == [bob.at(4, 1)]
    assert (await bob.told())[-1] == "issue_opened"

    await bob.time_is(6, 4.9)
    assert await bob.issues("b1") == {"delivery_at_risk": "open"}
    await bob.time_is(6, 12.9)
    assert await bob.decided_at("orders_listener", "delivery_late", "promise_ended") == [bob.at(6, 5)]
    assert await bob.points() == (100, 70, "bronze")
    before = len(bob.mails())
    await bob.time_is(7)
    assert (await bob.told())[before:] == ["goodwill_granted", "issue_opened"]
    assert bob.mails()[before]["Date"].datetime == bob.at(6, 13)

    await bob.is_sent("b1", day=7)
    await bob.receives("b1", day=8)
    await bob.time_is(30)
    assert await bob.issues("b1") == {"delivery_at_risk": "absorbed", "delivery_late": "delivered"}
    assert (await bob.told()).count("issue_opened") == 2
    assert await bob.decisions("loyalty", "goodwill") == ["granted: delivery_late"]
    assert await bob.decisions("feedback", "survey") == ["held: issue_open", "asked: eligible", "not_asked: cooldown"]
    assert await bob.decided_at("feedback", "survey", "eligible") == [bob.at(10)]


async def test_a_lost_parcel_is_replaced_and_the_order_counts_as_delivered_once(house: House) -> None:
    gina = Shopper(house, "gina")
    await gina.signs_up()
    await gina.orders("g1")
    await gina.is_sent("g1", day=1)
    await gina.scan("g1", ShipmentStatus.lost, 4)
    await gina.is_sent("g1", day=5, parcel="second", replaces_shipment_id="g1-parcel")
    await gina.time_is(6)
    assert await gina.issues("g1") == {"lost": "open"}
    assert (await gina.told())[-1] == "issue_opened"

    await gina.receives("g1", day=7, parcel="second")
    await gina.time_is(8)
    assert await gina.issues("g1") == {"lost": "replaced"}
    assert (await gina.told())[-2:] == ["issue_resolved", "order_delivered"]
    order = await house.ask("orders_listener", "/v1/orders/g1")
    assert order["status"] == "delivered"
