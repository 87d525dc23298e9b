"""A notifier with its doors open: a mail was sent, and something of it comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosmtplib
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from deploy.local.ports import free_port
from notifier import suppression_store
from notifier.app import application
from notifier.inbound.listener import listen
from notifier.pseudonyms import address_hash
from notifier.settings import NotifierSettings
from notifier.suppression_store import Mailed
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, confirmed, earned, hour, known, opened
from tests.running import rows, until

DOMAIN = "in.shop.example"
EMAIL = "ada@example.org"


async def opened_house(runtime_of: RuntimeOf, kafka: Any = None, **environment: str) -> Runtime:
    """A house in which Ada was told of her order, her points and a late parcel; ready to hear of it."""
    broker = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    if kafka is not None:
        broker = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "KAFKA_IDEMPOTENT_PRODUCER": str(kafka.idempotent_producer),
        }
    runtime = await runtime_of(
        application, NOTIFIER_INBOUND_DOMAIN=DOMAIN, NOTIFIER_INBOUND_PORT=str(free_port()), PARTITIONS="3",
        **(broker | environment),
    )  # fmt: skip
    folded = await runtime.fold([known(), confirmed(9), earned(9), opened(10, told_by=14)], until=hour(11))
    assert not folded.refused
    async with runtime.transaction() as tx:
        found = await tx.execute(text("update messages set state = 'sent' where state = 'ready' returning message_id"))
        mailed = [Mailed(row.message_id, address_hash(EMAIL), hour(11)) for row in found]
        await suppression_store.note_mailed(tx, mailed)
    return runtime


def settings_of(runtime: Runtime) -> NotifierSettings:
    assert isinstance(runtime.settings, NotifierSettings)
    return runtime.settings


async def message_id(runtime: Runtime, kind: str = "issue_opened") -> str:
    [row] = await rows(runtime, "select message_id from messages where kind = :kind", kind=kind)
    return str(row["message_id"])


async def addresses(runtime: Runtime, kind: str = "issue_opened") -> dict[str, str]:
    """What samples call `to` for a bounce, and `ours`."""
    found, ours = await message_id(runtime, kind), settings_of(runtime).addressing()
    return {"to": ours.return_path(found), "ours": ours.reply_to(found)}


@asynccontextmanager
async def listening(runtime: Runtime) -> AsyncIterator[int]:
    """The port on which mail is taken."""
    settings = settings_of(runtime)
    task = asyncio.create_task(listen(runtime, settings))
    assert settings.inbound_port is not None
    port = settings.inbound_port

    async def is_open() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        writer.close()
        return True

    await until(is_open)
    try:
        yield port
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def deliver(port: int, raw: bytes, to: str, sender: str = "") -> str:
    """As a mail server does; the answer's code and words."""
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=20) as server:
        try:
            _, words = await server.sendmail(sender, [to], raw)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return str(refused.recipients[0].code)
        except aiosmtplib.SMTPResponseException as refused:
            return str(refused.code)
    return f"250 {words}"


async def tell(runtime: Runtime, *events: Any) -> dict[str, tuple[str, str | None]]:
    """What becomes of what these lead to, by kind, at one o'clock."""
    renamed = [replace(one, id=f"later-{one.id}") for one in events]
    assert not (await runtime.fold(renamed, until=hour(13))).refused
    found = await rows(runtime, "select kind, state, reason from messages where customer_id = :who", who=ADA)
    return {row["kind"]: (row["state"], row["reason"]) for row in found}
