"""One click in the mail program ends what the mail was for, and nothing else does it by accident (RFC 8058)."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import Purpose
from notifier import withdrawal_store
from notifier.app import application
from notifier.preferences import LINK_LASTS, Withdrawal
from notifier.sender import Sender
from notifier.withdrawals import give_kept
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import (
    ADA,
    confirmed,
    consent,
    earned,
    erased,
    goodwill,
    hour,
    known,
    opened,
    survey,
    tier,
)
from tests.notifier.persons import document_of
from tests.notifier.postbox import Postbox

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox) -> Runtime:
    return await runtime_of(
        application, CLOCK="simulated", SMTP_PORT=str(postbox.port), NOTIFIER_PAGES_URL="https://shop.example/rapport/"
    )


async def lived(runtime: Runtime, sender: Sender, *events: Any, until: float) -> None:
    """These events happen, and what they lead to is sent."""
    assert not (await runtime.fold([*events], until=hour(until))).refused
    await sender.send_ready()


def way_out(mail: Any) -> str:
    """What the mail program would post to: the path of the address in the header."""
    content = str(mail["List-Unsubscribe"])
    assert content.startswith("<https://shop.example/rapport/preferences/")
    assert content.endswith(">")
    return urlsplit(content[1:-1]).path.removeprefix("/rapport")


async def withdrawals(runtime: Runtime) -> list[tuple[str, bool, str]]:
    document = await document_of(runtime)
    return [(key, said["given"], said["evidence"]) for key, said in sorted(document.get("consents", {}).items())]


async def states(runtime: Runtime) -> dict[str, tuple[str, str | None]]:
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select kind, state, reason from messages"))
        return {row.kind: (row.state, row.reason) for row in rows}


async def test_mail_about_orders_is_not_left_by_one_click_and_all_other_mail_is(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    await lived(
        runtime, sender, known(), confirmed(10), survey(10), earned(10), tier(10), opened(34), goodwill(34), until=35
    )
    leaves = {mail["Subject"]: "List-Unsubscribe" in mail for mail in postbox.mails}
    assert sorted(leaves.values()) == [False, False, True, True, True, True]
    assert not leaves["Thank you for your order"]
    for mail in postbox.mails:
        post = mail["List-Unsubscribe-Post"]
        assert post == ("List-Unsubscribe=One-Click" if leaves[mail["Subject"]] else None)


async def test_the_address_arrives_unbroken_and_unencoded(runtime: Runtime, sender: Sender, postbox: Postbox) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    [line] = [line for line in postbox.raw[0].split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    token = way_out(postbox.mails[0]).rpartition("/")[2]
    assert line == f"List-Unsubscribe: <https://shop.example/rapport/preferences/{token}>".encode()
    assert len(line) < 998
    claims = runtime.links.verify(token, purpose="preferences")
    assert (claims.customer_id, claims.subject.partition(":")[0]) == (ADA, "survey")


@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
async def test_one_click_ends_this_purpose_at_once_and_keeps_the_evidence(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient, form: str
) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    body: dict[str, Any] = (
        {"data": ONE_CLICK} if form == "urlencoded" else {"files": {"List-Unsubscribe": (None, "One-Click")}}
    )
    answer = await client.post(way_out(postbox.mails[0]), **body)
    assert (answer.status_code, "location" in answer.headers, len(answer.history)) == (200, False, 0)
    message_id = str(postbox.mails[0]["Message-ID"])[1:].partition("@")[0]
    assert await withdrawals(runtime) == [
        ("email:survey", False, f"one click on List-Unsubscribe in message {message_id}")
    ]
    async with runtime.transaction() as tx:
        said = [
            row.value.decode()
            for row in await tx.execute(text("select value from outbox where headers like '%preference-changed%'"))
        ]
        decided = (
            await tx.execute(text("select subject, outcome, reason from decisions where rule = 'preferences'"))
        ).all()
    assert len(said) == 1
    assert '"channel":"email","purpose":"survey","wanted":false' in said[0]
    assert decided == [("email:survey", "unwanted", "one_click")]


async def test_what_is_unsubscribed_is_left_unsaid_at_the_next_decision_and_nothing_else(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), earned(10), until=11)
    await client.post(way_out(postbox.mails[0]), data=ONE_CLICK)
    await lived(runtime, sender, tier(12), confirmed(12), survey(12), until=13)
    found = await states(runtime)
    assert found["tier_reached"] == ("suppressed", "consent_withdrawn")
    assert {kind for kind, (state, _) in found.items() if state == "sent"} == {
        "points_earned", "order_confirmed", "survey",
    }  # fmt: skip


async def test_what_was_decided_before_the_click_and_not_yet_sent_is_not_sent(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), earned(10), until=11)
    await runtime.fold([tier(12)], until=hour(13))
    assert (await states(runtime))["tier_reached"] == ("ready", None)
    await client.post(way_out(postbox.mails[0]), data=ONE_CLICK)
    await sender.send_ready()
    await runtime.fold([], until=hour(14))
    assert (await states(runtime))["tier_reached"] == ("suppressed", "consent_withdrawn")
    assert len(postbox.mails) == 1


async def test_who_only_looks_is_not_unsubscribed(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    address = way_out(postbox.mails[0])
    for method in ("GET", "HEAD", "OPTIONS"):
        await client.request(method, address, params=ONE_CLICK)
    shown = await client.get(address)
    assert shown.status_code == 200
    assert "<form" in shown.text
    assert await withdrawals(runtime) == []


async def test_clicking_twice_says_it_once(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    for _ in range(3):
        assert (await client.post(way_out(postbox.mails[0]), data=ONE_CLICK)).status_code == 200
    async with runtime.transaction() as tx:
        said = await tx.execute(text("select count(*) from outbox where headers like '%preference-changed%'"))
        assert said.scalar_one() == 1


async def test_who_came_back_may_leave_again_by_an_old_mail(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    address = way_out(postbox.mails[0])
    await client.post(address, data=ONE_CLICK)
    await runtime.fold([consent(Purpose.survey, 12, given=True)], until=hour(13))
    assert [given for _, given, _ in await withdrawals(runtime)] == [True]
    await client.post(address, data=ONE_CLICK)
    assert [given for _, given, _ in await withdrawals(runtime)] == [False]


async def test_the_way_out_of_a_mail_never_closes(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    address = way_out(postbox.mails[0])
    async with runtime.transaction() as tx:
        await tx.execute(
            text("insert into positions (topic, partition, next_offset, settled_at) values ('t', :p, 0, :at)"),
            {"p": runtime.partition_of(ADA), "at": hour(11) + LINK_LASTS + timedelta(days=1)},
        )
    assert (await client.get(address)).status_code == 410
    assert (await client.post(address, data={"email-loyalty": "yes"})).status_code == 410
    assert (await client.post(address, data=ONE_CLICK)).status_code == 200
    assert [key for key, _, _ in await withdrawals(runtime)] == ["email:survey"]


async def test_a_link_that_is_not_ours_ends_nothing(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    mint, subject = runtime.links.mint, "survey:m1"
    other = mint(purpose="survey", subject=subject, customer_id=ADA, expires_at=hour(1_000))
    absurd = mint(purpose="preferences", subject="everything:m1", customer_id=ADA, expires_at=hour(1_000))
    address = way_out(postbox.mails[0])
    for wrong in (f"/preferences/{other}", f"/preferences/{absurd}", address[:-3] + "abc", "/preferences/x"):
        assert (await client.post(wrong, data=ONE_CLICK)).status_code == 404
    assert await withdrawals(runtime) == []


async def test_one_click_on_a_link_of_a_mail_about_an_order_ends_nothing(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known()], until=hour(1))
    token = runtime.links.mint(purpose="preferences", subject="service:m1", customer_id=ADA, expires_at=hour(1_000))
    assert (await client.post(f"/preferences/{token}", data=ONE_CLICK)).status_code == 422
    assert await withdrawals(runtime) == []


async def test_who_is_forgotten_is_told_so_and_remembered_by_no_click(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await lived(runtime, sender, known(), survey(10), until=11)
    await runtime.fold([erased(12)], until=hour(13))
    address = way_out(postbox.mails[0])
    assert (await client.get(address)).status_code == 410
    assert (await client.post(address, data={})).status_code == 410
    assert (await client.post(address, data=ONE_CLICK)).status_code == 200
    async with runtime.transaction() as tx:
        assert (await tx.execute(text("select document from people"))).scalar_one() is None
        said = await tx.execute(text("select count(*) from outbox where headers like '%preference-changed%'"))
        assert said.scalar_one() == 0


@pytest.mark.parametrize("url", ["http://shop.example", "ftp://shop.example", "shop.example"])
async def test_an_address_that_mail_programs_would_not_post_to_is_no_setting(runtime_of: RuntimeOf, url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        await runtime_of(application, NOTIFIER_PAGES_URL=url)


async def test_a_click_that_cannot_be_folded_now_is_kept_and_counts_as_of_its_moment(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    """An event of this customer is parked; a mail program does not come again."""
    await lived(runtime, sender, known(), survey(10), until=11)
    async with runtime.transaction() as tx:
        await tx.execute(
            text("insert into positions (topic, partition, next_offset, settled_at) values ('t', :p, 0, :at)"),
            {"p": runtime.partition_of(ADA), "at": hour(11)},
        )
        await tx.execute(text("update customers set blocked_at = now()"))
    for _ in range(2):
        assert (await client.post(way_out(postbox.mails[0]), data=ONE_CLICK)).status_code == 202
    assert await give_kept(runtime) == 0
    async with runtime.transaction() as tx:
        await tx.execute(text("update customers set blocked_at = null"))
    assert [await give_kept(runtime), await give_kept(runtime)] == [1, 0]
    assert [(key, given) for key, given, _ in await withdrawals(runtime)] == [("email:survey", False)]
    async with runtime.transaction() as tx:
        at = (await tx.execute(text("select at from decisions where rule = 'preferences'"))).scalar_one()
    assert at == hour(11)


@pytest.mark.parametrize(("said", "given"), [(10, False), (12, True)])
async def test_what_was_said_after_a_kept_click_holds(runtime: Runtime, said: float, *, given: bool) -> None:
    await runtime.fold([known()], until=hour(1))
    kept = Withdrawal(ADA, Purpose.survey, "m1", hour(11))
    async with runtime.transaction() as tx:
        await withdrawal_store.keep(tx, kept)
    await runtime.fold([consent(Purpose.survey, said, given=True)], until=hour(13))
    assert await give_kept(runtime) == 1
    assert [said_so for _, said_so, _ in await withdrawals(runtime)] == [given]
