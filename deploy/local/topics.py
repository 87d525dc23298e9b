"""Reads everything that was said on the topics of a run, for its summary. Owns no figures."""

import time
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts import Event, TimeReached
from contracts.catalogue import catalogue
from contracts.kafka import from_record
from contracts.unreadable import Unreadable

QUIET_S = 1.5
"""Nothing new for so long, and every position at the end: that was all."""


async def everything_said(bootstrap: str) -> list[Event[Any]]:
    """All events of all topics by time, each once however often it was published; without time-reached."""
    wanted = frozenset(catalogue())
    names = sorted({entry.topic for entry in catalogue().values() if entry.topic})
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=100)
    await consumer.start()
    found: dict[tuple[str, str], Event[Any]] = {}
    try:
        places = [TopicPartition(name, partition) for name in names for partition in await _partitions(consumer, name)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        heard_at_s = time.monotonic()
        while time.monotonic() - heard_at_s < QUIET_S:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                heard_at_s = time.monotonic()
                for record in records:
                    event = _event(record, wanted)
                    if event is not None:
                        found.setdefault((event.source, event.id), event)
    finally:
        await consumer.stop()
    return sorted(found.values(), key=lambda event: event.time)


async def _partitions(consumer: Any, name: str) -> set[int]:
    await consumer._client.add_topic(name)  # assigning by hand tells the client nothing about topics
    return consumer.partitions_for_topic(name) or set()


def _event(record: Any, wanted: frozenset[str]) -> Event[Any] | None:
    try:
        event = from_record(record.key, record.value, record.headers, wanted=wanted)
    except Unreadable:
        return None
    return None if event is None or isinstance(event.data, TimeReached) else event
