"""A service's worker and relay running inside a test, on a real broker and a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import text

from chassis.consumer import Consumer
from chassis.health import Health
from chassis.partitions import partition_of
from chassis.relay import Relay
from chassis.runtime import Runtime
from chassis.worker import Worker
from contracts import Event
from contracts.kafka import to_record

PATIENCE_S = 30.0


@dataclass
class Running:
    """A worker at work."""

    runtime: Runtime
    worker: Worker
    health: Health

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something is so; fails after half a minute."""
        await until(true)

    async def consumed(self, number: int) -> None:
        """Wait until so many records were taken, and check that each has one fate."""

        async def enough() -> bool:
            return (await totals(self.runtime))["consumed"] >= number

        await self.until(enough)
        found = await totals(self.runtime)
        fates = {name: count for name, count in found.items() if name != "consumed"}
        assert sum(fates.values()) == found["consumed"] == number


async def until(true: Callable[[], Awaitable[bool]], patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so; fails when patience ends."""
    deadline_s = time.monotonic() + patience_s
    while not await true():
        assert time.monotonic() < deadline_s, "it did not happen"
        await asyncio.sleep(0.02)


@asynccontextmanager
async def running(
    runtime: Runtime, *, relay: bool = True, consumer: type[Consumer] = Consumer
) -> AsyncIterator[Running]:
    """Run the worker (and the relay) until the end of the block, then stop them cleanly."""
    health = Health()
    worker = Worker(runtime, health, consumer)
    relaying = Relay(runtime)
    tasks = [asyncio.create_task(worker.run())]
    if relay:
        tasks.append(asyncio.create_task(relaying.run()))
    try:
        yield Running(runtime, worker, health)
    finally:
        worker.stop()
        await tasks[0]
        relaying.stop()
        await asyncio.gather(*tasks[1:])


Raw = tuple[str, str | bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Topic, key, value, headers."""


async def publish(bootstrap: str, *said: Event[Any] | Raw, partitions: int = 3) -> None:
    """Put events (or raw records) on Kafka, in this order, each on its key's partition."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for one in said:
            topic, key, value, headers = _raw(one)
            partition = partition_of(key or b"", partitions)
            await producer.send_and_wait(
                topic, value, key=key.encode() if isinstance(key, str) else key, headers=headers, partition=partition
            )
    finally:
        await producer.stop()


def _raw(one: Event[Any] | Raw) -> Raw:
    if isinstance(one, Event):
        record = to_record(one)
        return record.topic, record.key, record.value, record.headers
    return one


async def said_on(bootstrap: str, topic: str, number: int, partitions: int = 3) -> list[Any]:
    """The first records of a topic, at least `number` of them, by partition and offset."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    found: list[Any] = []
    try:
        consumer.assign([TopicPartition(topic, partition) for partition in range(partitions)])
        await consumer.seek_to_beginning()
        deadline_s = time.monotonic() + PATIENCE_S
        while len(found) < number:
            assert time.monotonic() < deadline_s, f"{len(found)} of {number} records on {topic}"
            for records in (await consumer.getmany(timeout_ms=100)).values():
                found += records
    finally:
        await consumer.stop()
    return sorted(found, key=lambda record: (record.partition, record.offset))


async def rows(runtime: Runtime, query: str, **values: Any) -> list[dict[str, Any]]:
    """What a query finds in a service's database."""
    async with runtime.engine.connect() as tx:
        return [dict(row._mapping) for row in await tx.execute(text(query), values)]


def at(hour: float, day: int = 1) -> datetime:
    """A moment of the tests' January 2026."""
    return datetime(2026, 1, day, tzinfo=UTC) + timedelta(seconds=round(hour * 3600))


async def totals(runtime: Runtime) -> dict[str, int]:
    """What was consumed since the database began and what became of it, over all partitions."""
    async with runtime.engine.connect() as tx:
        row = (await tx.execute(_TOTALS)).one()
        return {name: int(value) for name, value in row._mapping.items()}


_TOTALS = text("""
    select coalesce(sum(consumed), 0) as consumed, coalesce(sum(applied), 0) as applied,
           coalesce(sum(duplicate), 0) as duplicate, coalesce(sum(parked), 0) as parked,
           coalesce(sum(ignored), 0) as ignored
    from positions
""")
