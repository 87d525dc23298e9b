"""What staff declares for many at once: told to whom it concerns, once, and over when staff says so."""

from tests.journeys.house import House
from tests.journeys.shoppers import Shopper
from tests.journeys.staff import declares, ends, reached_by

STRIKE = "DHL is on strike; parcels wait in the depots."


async def test_a_strike_is_declared_told_ended_and_resolved(house: House) -> None:
    mia, noa, oli = (Shopper(house, name) for name in ("mia", "noa", "oli"))
    for shopper, carrier in ((mia, "dhl"), (noa, "ups"), (oli, None)):
        await shopper.signs_up()
        await shopper.orders(f"{shopper.customer_id}1")
        if carrier:
            await shopper.is_sent(f"{shopper.customer_id}1", day=1, carrier=carrier)
    await mia.time_is(2)
    assert await reached_by(house, carrier="dhl") == 1
    strike = await declares(house, STRIKE, carrier="dhl")

    await mia.time_is(3)
    assert await mia.issues("mia1") == {"disruption": "open"}
    assert await noa.issues("noa1") == await oli.issues("oli1") == {}
    assert (await mia.told())[-1] == "issue_opened"
    assert STRIKE in str(mia.mails()[-1].get_body(("plain",)))
    await oli.is_sent("oli1", day=3, carrier="DHL")
    await oli.time_is(4)
    assert await oli.issues("oli1") == {"disruption": "open"}
    assert "issue_opened" in await oli.told()
    broadcast = await house.ask("notifier", f"/v1/broadcasts/{strike}")
    assert (broadcast["customers"], broadcast["sent"], broadcast["kinds"]) == (2, 2, {"issue_opened": 2})

    await ends(house, strike)
    await mia.time_is(5)
    for shopper in (mia, oli):
        assert await shopper.issues(f"{shopper.customer_id}1") == {"disruption": "ended"}
        assert (await shopper.told())[-1] == "issue_resolved"
        for kind in ("issue_opened", "issue_resolved"):
            assert (await shopper.told()).count(kind) == 1
    assert await noa.issues("noa1") == {}
    broadcast = await house.ask("notifier", f"/v1/broadcasts/{strike}")
    assert (broadcast["state"], broadcast["kinds"]) == ("done", {"issue_opened": 2, "issue_resolved": 2})


async def test_an_invitation_waits_while_a_disruption_of_another_order_lasts(house: House) -> None:
    pia = Shopper(house, "pia")
    await pia.signs_up()
    for order_id, carrier in (("p1", "gls"), ("p2", "dpd")):
        await pia.orders(order_id)
        await pia.is_sent(order_id, day=1, carrier=carrier)
    await pia.time_is(2)
    strike = await declares(house, carrier="dpd")
    await pia.receives("p1", day=3)
    await pia.time_is(9)
    assert await pia.issues("p2") == {"disruption": "open"}
    assert "survey" not in await pia.told()
    await ends(house, strike)
    await pia.time_is(16)
    assert "survey" in await pia.told()
