"""What comes back of mails: a bounce, and a person's answer, through the whole house."""

from contracts.storefront import LineUnavailable, UnavailableReason
from tests.journeys.conftest import MAIL_SECRET
from tests.journeys.house import House
from tests.journeys.shoppers import Shopper
from tests.notifier.inbound import samples


async def posted(house: House, raw: bytes, to: str) -> dict[str, int]:
    """As the shop's mail server delivers it."""
    headers = {"Authorization": f"Bearer {MAIL_SECRET}", "X-Envelope-To": to}
    answer = await house.clients["notifier"].post("/hooks/mail", content=raw, headers=headers)
    assert answer.is_success, answer.text
    taken: dict[str, int] = answer.json()["taken"]
    return taken


async def test_an_answer_is_read_by_somebody_beside_what_they_had_been_told(house: House) -> None:
    lea = Shopper(house, "lea")
    await lea.signs_up()
    await lea.orders("l1")
    await lea.says(LineUnavailable, 1, order_id="l1", line_id="socks", reason=UnavailableReason.out_of_stock)
    await lea.time_is(1, 15)
    reply_to = str(lea.mails()[-1]["Reply-To"])
    raw = samples.mail(samples.REPLY, to=reply_to, them=lea.address)
    assert await posted(house, raw, reply_to) == {"reply": 1}
    assert await posted(house, raw, reply_to) == {"again": 1}
    await lea.time_is(2)
    [case] = await lea.cases()
    assert (case["cause"], case["order_id"]) == ("reply", "l1")
    [writing] = (await house.ask("feedback", f"/v1/cases/{case['case_id']}"))["writings"]
    assert writing["text"] == "Then please cancel it. I needed it for today – thank you."
    assert (writing["topic"], writing["by_addressee"]) == ("item_unavailable", True)
    assert [issue["kind"] for issue in writing["story"]["issues"]] == ["item_unavailable"]


async def test_whose_mail_comes_back_is_called_by_somebody_and_not_written_to(house: House) -> None:
    mia = Shopper(house, "mia")
    await mia.signs_up()
    await mia.orders("m1")
    await mia.says(LineUnavailable, 1, order_id="m1", line_id="socks", reason=UnavailableReason.out_of_stock)
    await mia.time_is(1, 15)
    told = await mia.told()
    message = house.postbox.senders[-1]
    assert await posted(house, samples.mail(samples.POSTFIX, to=message, them=mia.address), message) == {
        "bounce_hard": 1
    }
    await mia.is_sent("m1", day=2)
    await mia.time_is(3)
    [case] = await mia.cases()
    assert case["cause"] == "telling_failed"
    assert await mia.told() == told
    assert "sending: not_told: suppressed_address" in await mia.decisions("notifier")
