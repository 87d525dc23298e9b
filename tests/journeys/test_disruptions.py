"""What staff declares for many at once: told to whom it concerns, once, and over when staff says so."""

from typing import Any

from tests.journeys.house import House
from tests.journeys.shoppers import Shopper
from tests.running import until

PATH = "/v1/disruptions"
STRIKE = {
    "concerns": {"carrier": "dhl"},
    "known": "DHL is on strike; parcels wait in the depots.",
    "actor": "care:eve",
}


async def said(house: House, method: str, path: str, **body: Any) -> Any:
    answer = await house.clients["orders_listener"].request(method, PATH + path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def called(house: House, disruption_id: str) -> None:
    """Everybody whom the last word concerns has a deadline; it comes when time goes on."""

    async def everybody() -> bool:
        return not (await house.ask("orders_listener", f"{PATH}/{disruption_id}"))["calling"]

    await until(everybody)


async def test_a_strike_is_declared_told_ended_and_resolved(house: House) -> None:
    mia, noa, oli = (Shopper(house, name) for name in ("mia", "noa", "oli"))
    for shopper, carrier in ((mia, "dhl"), (noa, "ups"), (oli, None)):
        await shopper.signs_up()
        await shopper.orders(f"{shopper.customer_id}1")
        if carrier:
            await shopper.is_sent(f"{shopper.customer_id}1", day=1, carrier=carrier)
    await mia.time_is(2)
    assert (await said(house, "POST", "", **STRIKE))["customers"] == 1
    declared = await said(house, "POST", "", **STRIKE, dry_run=False)
    disruption_id = declared["disruption"]["disruption_id"]
    await called(house, disruption_id)

    await mia.time_is(3)
    assert await mia.issues("mia1") == {"disruption": "open"}
    assert await noa.issues("noa1") == await oli.issues("oli1") == {}
    assert (await mia.told())[-1] == "issue_opened"
    assert "DHL is on strike; parcels wait in the depots." in str(mia.mails()[-1].get_body(("plain",)))
    await oli.is_sent("oli1", day=3, carrier="DHL")
    await oli.time_is(4)
    assert await oli.issues("oli1") == {"disruption": "open"}
    assert "issue_opened" in await oli.told()

    await said(house, "POST", f"/{disruption_id}/end", actor="care:bob")
    await called(house, disruption_id)
    await mia.time_is(5)
    for shopper in (mia, oli):
        assert await shopper.issues(f"{shopper.customer_id}1") == {"disruption": "ended"}
        assert (await shopper.told())[-1] == "issue_resolved"
        for kind in ("issue_opened", "issue_resolved"):
            assert (await shopper.told()).count(kind) == 1
    assert await noa.issues("noa1") == {}


async def test_an_invitation_waits_while_a_disruption_of_another_order_lasts(house: House) -> None:
    pia = Shopper(house, "pia")
    await pia.signs_up()
    for order_id, carrier in (("p1", "gls"), ("p2", "dpd")):
        await pia.orders(order_id)
        await pia.is_sent(order_id, day=1, carrier=carrier)
    await pia.time_is(2)
    declared = await said(house, "POST", "", **STRIKE | {"concerns": {"carrier": "dpd"}}, dry_run=False)
    disruption_id = declared["disruption"]["disruption_id"]
    await called(house, disruption_id)
    await pia.receives("p1", day=3)
    await pia.time_is(9)
    assert await pia.issues("p2") == {"disruption": "open"}
    assert "survey" not in await pia.told()
    await said(house, "POST", f"/{disruption_id}/end", actor="care:bob")
    await called(house, disruption_id)
    await pia.time_is(16)
    assert "survey" in await pia.told()
