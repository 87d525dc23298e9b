"""People: unhappy, silent by choice, out of reach, or forgotten at their wish."""

from contracts.storefront import ConsentChanged, CustomerErased, LineUnavailable, UnavailableReason
from contracts.vocabulary import Channel, Purpose
from tests.journeys.house import House
from tests.journeys.shoppers import Shopper
from tests.notifier.persons import person_of
from tests.running import rows


async def test_a_detractor_is_cared_for_and_made_good(house: House) -> None:
    hugo = Shopper(house, "hugo")
    await hugo.signs_up()
    await hugo.orders("h1")
    await hugo.is_sent("h1", day=1)
    await hugo.receives("h1", day=2)
    await hugo.time_is(5, 13)
    await hugo.answers(3, "The socks have holes.")
    [case] = await hugo.cases()
    assert (case["cause"], case["state"]) == ("detractor", "open")

    resolution = {"resolution": "Called, apologised, new socks.", "goodwill_points": 200}
    path = f"/v1/cases/{case['case_id']}/resolution"
    assert (await house.clients["feedback"].post(path, json=resolution)).is_success
    await hugo.time_is(6)
    [case] = await hugo.cases()
    assert (case["state"], case["goodwill"]["state"]) == ("resolved", "granted")
    assert await hugo.points() == (200, 40, "bronze")
    assert (await hugo.told())[-2:] == ["survey", "goodwill_granted"]


async def test_who_wants_no_surveys_gets_none_and_everything_else(house: House) -> None:
    ida = Shopper(house, "ida")
    await ida.signs_up()
    await ida.says(ConsentChanged, 0, 9, channel=Channel.email, purpose=Purpose.survey, given=False, evidence="page")
    await ida.orders("i1")
    await ida.is_sent("i1", day=1)
    await ida.receives("i1", day=2)
    await ida.time_is(7)
    assert await ida.told() == ["order_confirmed", "points_earned", "order_shipped", "order_delivered"]
    assert "sending: not_told: consent_withdrawn" in await ida.decisions("notifier")
    assert (await ida.invitation("i1"))["sent_at"] is None


async def test_who_cannot_be_told_in_time_is_called_by_somebody(house: House) -> None:
    jack = Shopper(house, "jack")
    await jack.orders("j1")
    await jack.says(LineUnavailable, 1, order_id="j1", line_id="socks", reason=UnavailableReason.out_of_stock)
    await jack.time_is(1, 15)
    assert await jack.cases() == []
    await jack.time_is(1, 17)
    [case] = await jack.cases()
    assert (case["cause"], case["order_id"]) == ("telling_failed", "j1")
    assert await jack.decisions("notifier", "told_by") == ["telling_failed: no_contact"]
    assert jack.mails() == []


async def test_who_is_forgotten_in_the_middle_is_not_written_to_and_only_numbers_stay(house: House) -> None:
    kim = Shopper(house, "kim")
    await kim.signs_up()
    await kim.orders("k1")
    await kim.is_sent("k1", day=1)
    await kim.receives("k1", day=2)
    await kim.time_is(5, 13)
    await kim.answers(10, "Socks of my dreams.")
    await kim.orders("k2", day=5, hour=14)
    await kim.time_is(6)
    assert await mentions(house, "notifier", kim.address) == set()  # there it lies, encrypted
    assert (await person_of(house.runtimes["notifier"], kim.customer_id)).email == kim.address
    assert await mentions(house, "feedback", "of my dreams") == {"responses"}
    mails = len(kim.mails())

    await kim.says(CustomerErased, 6)
    await kim.is_sent("k2", day=7)
    await kim.receives("k2", day=8)
    await kim.time_is(30)
    assert (await person_of(house.runtimes["notifier"], kim.customer_id)).erased
    for service in house.runtimes:
        assert await mentions(house, service, kim.address) == set()
        assert await mentions(house, service, "of my dreams") == set()
    assert len(kim.mails()) == mails
    assert await kim.points() == (80, 0, "bronze")


async def test_who_stays_away_lapses_and_has_returned_with_the_next_order(house: House) -> None:
    lea = Shopper(house, "lea")
    await lea.signs_up()
    for number, day in enumerate((0, 20, 40)):
        await lea.orders(f"lea{number}", day=day)
        await lea.is_sent(f"lea{number}", day=day + 1)
        await lea.receives(f"lea{number}", day=day + 2)
    await lea.time_is(69, 12)
    assert (await lea.customer())["stage"] == "active"
    await lea.time_is(71)  # thirty days after the last day, one and a half times the usual twenty
    assert (await lea.customer())["stage"] == "at_risk"
    await lea.time_is(101)
    mails = len(lea.mails())
    await lea.orders("lea3", day=101)
    await lea.time_is(102)
    summary = await lea.customer()
    assert (summary["stage"], summary["purchases"]["frequency"]) == ("returned", 4)
    assert summary["purchases"]["value"][0]["net_minor"] == 4 * 40_00
    assert await lea.decisions("orders_listener", "segment") == [
        "new: first_purchase",
        "active: bought_again",
        "at_risk: silent",
        "lapsed: silent_long",
        "returned: bought_after_lapse",
    ]
    assert await lea.decisions("orders_listener", "milestone") == ["said: first_order"]
    assert len(lea.mails()) == mails + 2  # the order and its points: a stage alone is no reason to write


async def mentions(house: House, service: str, words: str) -> set[str]:
    """The tables of a service in which these words stand anywhere."""
    found = set()
    for table in await house.tables(service):
        query = f"select 1 from {table} t where t::text ilike '%' || :words || '%' limit 1"  # noqa: S608 our names
        if await rows(house.runtimes[service], query, words=words):
            found.add(table)
    return found
