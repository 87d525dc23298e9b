"""What this service said in a past that its database may not remember: after a backup was put back, Kafka knows more.

Reads the service's own topic, outside of its group; folds nothing and moves no position.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.consumer import ANSWER_TIMEOUT_S, end
from chassis.runtime import Runtime
from contracts import Event, Fact
from contracts.envelope import entry_of
from contracts.kafka import from_record
from contracts.unreadable import Unreadable


async def said_since(runtime: Runtime, fact: type[Fact], since: datetime) -> list[Event[Any]]:
    """Every fact of one kind that Kafka took from this service at `since` (Kafka's clock) or later.

    Raises `KafkaError`, `OSError` or `TimeoutError` while Kafka is away.
    """
    settings = runtime.settings
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        enable_auto_commit=False,
        isolation_level="read_committed",
        **settings.connection,
    )
    try:
        await asyncio.wait_for(consumer.start(), ANSWER_TIMEOUT_S)
        places = [TopicPartition(runtime.service.topic, number) for number in range(settings.partitions)]
        await _seek(consumer, places, since)
        return await _read(consumer, entry_of(fact).type)
    finally:
        await end(consumer)


async def _seek(consumer: Any, places: list[TopicPartition], since: datetime) -> None:
    """Where nothing was said since, nothing is read."""
    await consumer._client.add_topic(places[0].topic)  # assigning by hand tells the client nothing about topics
    since_ms = max(0, int(since.timestamp() * 1000))
    found: Mapping[TopicPartition, Any] = await asyncio.wait_for(
        consumer.offsets_for_times(dict.fromkeys(places, since_ms)), ANSWER_TIMEOUT_S
    )
    # without a later record Apache Kafka answers nothing, others a record with no time
    later = {place: answer.offset for place, answer in found.items() if answer and answer.timestamp >= 0}
    consumer.assign(list(later))
    for place, offset in later.items():
        consumer.seek(place, offset)


async def _read(consumer: Any, wanted: str) -> list[Event[Any]]:
    events: list[Event[Any]] = []
    unread = set(consumer.assignment())
    while unread:
        for records in (await consumer.getmany(timeout_ms=100)).values():
            events += [event for record in records if (event := _event(record, wanted))]
        for place in list(unread):
            end = consumer.highwater(place)
            if end is not None and await consumer.position(place) >= end:
                unread.remove(place)
    return events


def _event(record: Any, wanted: str) -> Event[Any] | None:
    try:
        return from_record(record.key, record.value, record.headers, wanted=(wanted,))
    except Unreadable:  # whatever it is, this service did not say it
        return None
