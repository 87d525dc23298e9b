"""The outbox reaches Kafka in order, at least once, by one relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaTimeoutError
from sqlalchemy import text

from chassis import relay as relays
from chassis.relay import Relay
from chassis.runtime import Runtime
from contracts.orders import ORDERS
from deploy.local.broker import Broker
from tests.chassis.shop import placed, toy
from tests.conftest import RuntimeOf
from tests.running import rows, said_on, until

NUMBER = 40


async def filled(runtime: Runtime) -> None:
    """Put facts about one customer into the outbox, one transaction each."""
    for n in range(NUMBER):
        await runtime.fold([placed("ada", f"o{n}")])


async def empty(runtime: Runtime) -> bool:
    """Whether all of it was acknowledged and forgotten."""
    return not await rows(runtime, "select 1 from outbox")


@asynccontextmanager
async def relaying(runtime: Runtime, producer: type[AIOKafkaProducer] = AIOKafkaProducer) -> AsyncIterator[None]:
    """A relay at work until the end of the block."""
    relay = Relay(runtime, producer)
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        relay.stop()
        await task


async def ids_said(kafka: Broker, number: int) -> list[str]:
    """The order ids on the topic, in the order in which they lie there."""
    return [dict(record.headers)["ce_subject"].decode() for record in await said_on(kafka.bootstrap, ORDERS, number)]


async def test_what_was_sent_but_not_forgotten_is_sent_again_in_order(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await filled(runtime)

    class Cut(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
        """Kafka acknowledges; then the relay's connection to the database is gone."""

        cuts = 1

        async def send_batch(self, *args: Any, **named: Any) -> Any:
            ack = await super().send_batch(*args, **named)
            await ack
            if Cut.cuts:
                Cut.cuts = 0
                async with runtime.engine.connect() as other:
                    await other.execute(
                        text("select pg_terminate_backend(pid) from pg_locks where locktype='advisory'")
                    )
            return ack

    async with relaying(runtime, Cut):
        await until(lambda: empty(runtime))
    said = await ids_said(kafka, 2 * NUMBER)
    expected = [f"o{n}" for n in range(NUMBER)]
    assert said == expected + expected
    identities = [dict(record.headers)["ce_id"] for record in await said_on(kafka.bootstrap, ORDERS, 2 * NUMBER)]
    assert identities[:NUMBER] == identities[NUMBER:]


async def test_nothing_overtakes_a_batch_that_failed(
    runtime_of: RuntimeOf, kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relays, "BATCH_BYTES", 2_000)
    monkeypatch.setattr(relays, "STAND_BY_S", 0.1)
    runtime = await toy(runtime_of, kafka)
    await filled(runtime)

    class Failing(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka ships no types
        """Every third batch is not acknowledged."""

        sent = 0

        async def send_batch(self, *args: Any, **named: Any) -> Any:
            Failing.sent += 1
            if Failing.sent % 3 == 0:
                raise KafkaTimeoutError
            return await super().send_batch(*args, **named)

    async with relaying(runtime, Failing):
        await until(lambda: empty(runtime))
    assert Failing.sent > 6
    assert await ids_said(kafka, NUMBER) == [f"o{n}" for n in range(NUMBER)]


async def test_of_two_relays_one_publishes(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    other = Runtime.of(runtime.service, runtime.settings)
    async with relaying(runtime), relaying(other):
        await filled(runtime)
        await until(lambda: empty(runtime))
    await other.close()
    assert await ids_said(kafka, NUMBER) == [f"o{n}" for n in range(NUMBER)]
