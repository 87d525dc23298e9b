"""What lies on the topics in the end, as files: the raw material of the model. Reads, and understands nothing."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.chaos.records import PARTITIONS

TOPICS = ("storefront.orders", "storefront.shipments", "storefront.customers", "feedback", "orders", "loyalty")
Place = tuple[str, int]
"""Topic and partition."""


async def ends(bootstrap: str) -> dict[Place, int]:
    """Where every partition ends."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        return {(place.topic, place.partition): end for place, end in (await consumer.end_offsets(_places())).items()}
    finally:
        await consumer.stop()


def _places() -> list[Any]:
    return [TopicPartition(topic, partition) for topic in TOPICS for partition in range(PARTITIONS)]


async def dump(bootstrap: str, folder: Path) -> dict[Place, int]:
    """Write one file per topic, by partition and offset; returns how many records each place has."""
    until = await ends(bootstrap)
    counts: dict[Place, int] = {}
    for topic in TOPICS:
        found = await _lines(bootstrap, {place: end for place, end in until.items() if place[0] == topic and end})
        _write(folder / f"{topic}.jsonl", [line for lines in found.values() for line in lines])
        counts |= {(topic, partition): len(lines) for partition, lines in found.items()}
    return counts


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines))


async def _lines(bootstrap: str, until: Mapping[Place, int]) -> dict[int, list[str]]:
    """Every record up to the ends, by partition."""
    if not until:
        return {}
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
    await consumer.start()
    found: dict[int, list[str]] = {partition: [] for _, partition in sorted(until)}
    try:
        places = [TopicPartition(*place) for place in until]
        await consumer._client.add_topic(places[0].topic)  # assigning by hand tells the client nothing about topics
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        unread = set(places)
        while unread:
            polled = await asyncio.wait_for(consumer.getmany(*unread, timeout_ms=200), 60)
            for place, records in polled.items():
                found[place.partition] += [_line(record) for record in records]
                if records and records[-1].offset + 1 >= until[place.topic, place.partition]:
                    unread.discard(place)
    finally:
        await consumer.stop()
    return found


def _line(record: Any) -> str:
    said = {
        "topic": record.topic, "partition": record.partition, "offset": record.offset, "timestamp_ms": record.timestamp,
        "key": _text(record.key), "value": _text(record.value),
        "headers": [[name, _text(content)] for name, content in record.headers],
    }  # fmt: skip
    return json.dumps(said) + "\n"


def _text(content: bytes | None) -> str | None:
    return None if content is None else b64encode(content).decode()
