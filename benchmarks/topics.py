"""Events onto the topics, fast: each on its customer's partition, in order, many to a Kafka batch."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from aiokafka import AIOKafkaProducer

from benchmarks.plan import PARTITIONS
from chassis.partitions import partition_of
from contracts import Event
from contracts.kafka import Record, to_record

BATCH_BYTES = 262_144
AT_ONCE = 20_000

Place = tuple[str, int]


def say(bootstrap: str, events: Iterator[Event[Any]], number: int) -> None:
    """Publish the next `number` events."""
    asyncio.run(_say(bootstrap, islice(events, number)))


async def _say(bootstrap: str, events: Iterator[Event[Any]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=BATCH_BYTES)
    await producer.start()
    try:
        while places := _by_place(islice(events, AT_ONCE)):
            await asyncio.gather(*(_publish(producer, place, records) for place, records in places.items()))
    finally:
        await producer.stop()


def _by_place(events: Iterable[Event[Any]]) -> dict[Place, list[Record]]:
    places: defaultdict[Place, list[Record]] = defaultdict(list)
    for event in events:
        record = to_record(event)
        places[record.topic, partition_of(record.key or b"", PARTITIONS)].append(record)
    return dict(places)


async def _publish(producer: AIOKafkaProducer, place: Place, records: list[Record]) -> None:
    batch = producer.create_batch()
    for record in records:
        if not _appended(batch, record):
            await (await producer.send_batch(batch, place[0], partition=place[1]))
            batch = producer.create_batch()
            _appended(batch, record)
    await (await producer.send_batch(batch, place[0], partition=place[1]))


def _appended(batch: Any, record: Record) -> bool:
    appended = batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers)
    return appended is not None
