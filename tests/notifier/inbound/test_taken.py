"""Real conversations with the listener: what mail servers deliver is safe when they hear 250, and follows once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from deploy.local.broker import Broker
from notifier import answer_store, suppression_store
from notifier.app import application
from notifier.inbound.listener import listen
from notifier.sender import Sender
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, confirmed, hour, known, shipped
from tests.notifier.inbound import samples
from tests.notifier.inbound.house import (
    EMAIL,
    addresses,
    deliver,
    listening,
    message_id,
    opened_house,
    settings_of,
    tell,
)
from tests.notifier.inbound.samples import absence, mail
from tests.notifier.postbox import open_postbox
from tests.running import rows, said_on


def counted(what: str) -> float:
    return REGISTRY.get_sample_value("rapport_mails_in_total", {"via": "mail", "what": what}) or 0.0


async def test_after_a_bounce_the_address_is_not_written_to_and_the_care_team_hears(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        for _ in range(2):
            assert (await deliver(port, mail(samples.POSTFIX, **to), to["to"])).startswith("250 2.0.0")
    assert await tell(runtime, shipped(12)) == {
        "order_confirmed": ("sent", None),
        "points_earned": ("sent", None),
        "issue_opened": ("failed", "bounced"),
        "order_shipped": ("suppressed", "suppressed_address"),
    }
    said = await rows(runtime, "select value from outbox where headers like '%message-bounced%'")
    assert len(said) == 1
    [kept] = await rows(runtime, "select * from suppressions")
    assert (kept["reason"], kept["reach"], kept["until"]) == ("mailbox_unknown", "everything", None)
    assert EMAIL not in str(kept)


async def test_a_complaint_is_found_by_what_stands_in_it(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        for provider in samples.COMPLAINTS:
            raw = mail(samples.COMPLAINTS[provider], **to)
            assert (await deliver(port, raw, "complaints@in.shop.example")).startswith("250")
    [kept] = await rows(runtime, "select reach, reason from suppressions")
    assert (kept["reach"], kept["reason"]) == ("unasked", "complained")
    said = await rows(runtime, "select value from outbox where headers like '%preference-changed%'")
    assert len(said) == 3
    assert (await tell(runtime, shipped(12)))["order_shipped"][1] != "complained"


@pytest.mark.parametrize("language", samples.ABSENCES)
async def test_absences_are_counted_and_nothing_follows(runtime_of: RuntimeOf, language: str) -> None:
    runtime = await opened_house(runtime_of)
    before = counted("absence")
    async with listening(runtime) as port:
        to = await addresses(runtime)
        assert (await deliver(port, mail(absence(language)), to["ours"], EMAIL)).startswith("250")
    assert counted("absence") == before + 1
    assert await rows(runtime, "select 1 from commands") == []
    assert await rows(runtime, "select 1 from answers") == []


async def test_an_answer_is_said_once_with_the_orders_story_and_its_words_are_kept_nowhere(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await opened_house(runtime_of, kafka)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        for _ in range(3):
            assert (await deliver(port, mail(samples.REPLY), to["ours"], EMAIL)).startswith("250")
    [record] = await said_on(kafka.bootstrap, "storefront.customers", 1)
    said = json.loads(record.value)
    assert record.key == ADA.encode()
    assert (said["channel"], said["order_id"], said["topic"]) == ("email", "o1", "delivery_late")
    assert said["text"] == "Then please cancel it. I needed it for today – thank you."
    assert (said["in_reply_to"], said["by_addressee"]) == (await message_id(runtime), True)
    [issue] = said["story"]["issues"]
    assert (issue["kind"], issue["since"], issue["told_at"]) == (
        "delivery_late", "2026-03-02T09:00:00Z", "2026-03-02T09:05:00Z",
    )  # fmt: skip
    assert said["story"]["stage"] == "confirmed"
    assert [one["kind"] for one in said["story"]["said"]] == [
        "order_confirmed", "points_earned", "issue_opened",
    ]  # fmt: skip
    assert EMAIL not in record.value.decode()
    for table in ("answers", "commands", "decisions", "outbox", "messages"):
        assert "cancel it" not in str(await rows(runtime, f"select * from {table}"))  # noqa: S608 names of ours


async def test_an_answer_that_is_delivered_again_before_it_was_noted_is_said_in_the_same_bytes(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await opened_house(runtime_of, kafka)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        assert (await deliver(port, mail(samples.REPLY), to["ours"], EMAIL)).startswith("250")
        async with runtime.transaction() as tx:
            await tx.exec_driver_sql("update answers set said_at = null")
        await tell(runtime, shipped(12))
        assert (await deliver(port, mail(samples.REPLY), to["ours"], EMAIL)).startswith("250")
    first, again = await said_on(kafka.bootstrap, "storefront.customers", 2)
    assert (first.value, first.headers) == (again.value, again.headers)


async def test_who_is_not_the_addressee_is_heard_and_not_trusted(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await opened_house(runtime_of, kafka)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        raw = mail(samples.REPLY, them="mallory@example.net").replace(b"Then please cancel it.", b"STOP")
        assert (await deliver(port, raw, to["ours"], "mallory@example.net")).startswith("250")
    [record] = await said_on(kafka.bootstrap, "storefront.customers", 1)
    assert json.loads(record.value)["by_addressee"] is False
    assert await rows(runtime, "select 1 from commands") == []


async def test_while_kafka_is_away_an_answer_is_not_taken(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        assert await deliver(port, mail(samples.REPLY), to["ours"], EMAIL) == "451"


async def test_while_an_event_of_the_customer_is_parked_a_bounce_comes_again(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of)
    to = await addresses(runtime)
    block = "update customers set blocked_at = now(), blocked_reason = 'x', blocked_by = 'y' returning 1"
    async with listening(runtime) as port:
        async with runtime.transaction() as tx:
            await tx.exec_driver_sql(block)
        assert await deliver(port, mail(samples.POSTFIX, **to), to["to"]) == "451"
        async with runtime.transaction() as tx:
            await tx.exec_driver_sql("update customers set blocked_at = null")
        assert (await deliver(port, mail(samples.POSTFIX, **to), to["to"])).startswith("250")
    assert len(await rows(runtime, "select 1 from suppressions")) == 1


async def test_what_is_not_ours_is_refused_before_it_is_sent(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        forged = to["to"].replace(await message_id(runtime), await message_id(runtime, "points_earned"))
        for address in ("ada@in.shop.example", "reply@in.shop.example", forged, "postmaster@elsewhere.example"):
            assert await deliver(port, mail(samples.POSTFIX), address) == "550"


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", b"." * 400_000, mail(samples.POSTFIX)[:700]])
async def test_hostile_mail_is_taken_and_counted(runtime_of: RuntimeOf, raw: bytes) -> None:
    runtime = await opened_house(runtime_of)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        answer = await deliver(port, raw, to["to"])
        assert answer[:3] in ("250", "451")  # 451 only for what would be an answer, without Kafka
    assert await rows(runtime, "select 1 from parked_events") == []


async def test_a_mail_that_is_too_large_is_refused_and_the_next_one_taken(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of, NOTIFIER_INBOUND_MAIL_BYTES="1048576")
    async with listening(runtime) as port:
        to = await addresses(runtime)
        large = mail(samples.POSTFIX, **to) + b"x" * 76 * 20_000
        assert await deliver(port, large, to["to"]) == "552"
        assert (await deliver(port, mail(samples.POSTFIX, **to), to["to"])).startswith("250")


async def test_who_says_nothing_is_left_and_who_comes_in_crowds_waits_outside(
    runtime_of: RuntimeOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifier.inbound.listener.MOST_CONNECTIONS", 2)
    runtime = await opened_house(runtime_of, NOTIFIER_INBOUND_TIMEOUT_S="0.5")
    async with listening(runtime) as port:
        await asyncio.sleep(0.2)
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert [(await reader.readline())[:3] for reader, _ in idle] == [b"220", b"220", b"421"]
        assert await asyncio.wait_for(idle[0][0].read(), 5) is not None
        for _, writer in idle:
            writer.close()
        await asyncio.sleep(0.2)
        to = await addresses(runtime)
        assert (await deliver(port, mail(samples.POSTFIX, **to), to["to"])).startswith("250")


async def test_lmtp_is_spoken_where_the_mail_server_prefers_it(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of, NOTIFIER_INBOUND_PROTOCOL="lmtp")
    to = await addresses(runtime)
    async with listening(runtime) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        raw = mail(samples.POSTFIX, **to)
        said = [
            b"LHLO mx.shop.example\r\n", b"MAIL FROM:<>\r\n", f"RCPT TO:<{to['to']}>\r\n".encode(),
            f"RCPT TO:<{to['ours']}>\r\n".encode(), b"DATA\r\n", raw + b".\r\n", b"QUIT\r\n",
        ]  # fmt: skip
        for line in said:
            writer.write(line)
            await writer.drain()
            await asyncio.sleep(0.05)
        answers = (await asyncio.wait_for(reader.read(), 10)).decode().splitlines()
        writer.close()
    assert answers[-3:-1] == ["250 2.0.0 It is safe"] * 2
    assert len(await rows(runtime, "select 1 from suppressions")) == 1


async def test_what_nobody_delivers_again_is_forgotten_and_suppressions_are_not(runtime_of: RuntimeOf) -> None:
    runtime = await opened_house(runtime_of)
    async with listening(runtime) as port:
        to = await addresses(runtime)
        assert (await deliver(port, mail(samples.POSTFIX_FULL, **to), to["to"])).startswith("250")
        points = await addresses(runtime, "points_earned")
        assert (await deliver(port, mail(samples.POSTFIX, **points), points["to"])).startswith("250")
    later = datetime.now(UTC) + timedelta(days=91)
    mailed = len(await rows(runtime, "select 1 from mailed"))
    async with runtime.transaction() as tx:
        assert await suppression_store.forget_old(tx, later, 1), "there is more than one of something"
    assert len(await rows(runtime, "select 1 from mailed")) == mailed - 1
    async with runtime.transaction() as tx:
        assert not await suppression_store.forget_old(tx, later, 100)
        assert not await answer_store.forget_old(tx, later, 100)
    assert await rows(runtime, "select 1 from mailed union all select 1 from soft_bounces") == []
    assert len(await rows(runtime, "select 1 from suppressions")) == 1


async def test_nobody_listens_without_a_port(runtime_of: RuntimeOf) -> None:
    runtime = await runtime_of(application)
    await asyncio.wait_for(listen(runtime, settings_of(runtime)), 1)


async def test_a_mail_leaves_with_its_addresses_and_its_bounce_finds_where_it_went(runtime_of: RuntimeOf) -> None:
    with open_postbox() as postbox:
        runtime = await opened_house(
            runtime_of, CLOCK="simulated", SMTP_PORT=str(postbox.port), NOTIFIER_HOOKS_POSTMARK_SECRETS="x" * 16,
        )  # fmt: skip
        sender = Sender(runtime, settings_of(runtime))
        await runtime.fold([confirmed(10.5, order_id="o2")], until=hour(11))
        assert await sender.send_ready() == 1
        await sender.close()
        [sent] = postbox.mails
        [named] = await rows(runtime, "select message_id from messages where order_id = 'o2'")
        ours = settings_of(runtime).addressing()
        assert sent["Reply-To"] == ours.reply_to(named["message_id"])
        assert sent["X-PM-Metadata-rapport"] == named["message_id"]
        assert postbox.senders == [ours.return_path(named["message_id"])]
        await runtime.fold([known(11.5, email="new@example.org")], until=hour(12))
        async with listening(runtime) as port:
            raw = mail(samples.POSTFIX, to=ours.return_path(named["message_id"]))
            assert (await deliver(port, raw, ours.return_path(named["message_id"]))).startswith("250")
    assert (await tell(runtime, shipped(12, order_id="o2")))["order_shipped"][0] == "ready"
    assert len(await rows(runtime, "select 1 from suppressions")) == 1
