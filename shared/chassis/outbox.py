"""What was said but not yet published: written with the state it speaks of, in one transaction."""

from collections.abc import Iterable
from typing import Any

import msgspec

from chassis.copying import copy
from chassis.service import Tx
from contracts import Event
from contracts.envelope import entry_of
from contracts.kafka import attributes_of, encode, key_of

Row = tuple[str, int, bytes | None, bytes, str]
"""Topic, partition, key, value, and the headers as a JSON text of pairs."""


def row_of(partition: int, event: Event[Any], topic: str | None = None) -> Row:
    """What is published later. `topic` is needed only for time-reached, which belongs to no topic of its own."""
    fact = event.data
    entry = entry_of(type(fact))
    headers = _encode_headers(attributes_of(event, entry.type)).decode()
    return topic or entry.topic, partition, key_of(fact), encode(fact), headers


def headers_of(stored: str) -> list[tuple[str, bytes]]:
    """The Kafka headers of a row."""
    return [(name, content.encode()) for name, content in _decode_headers(stored)]


async def put(tx: Tx, rows: Iterable[Row]) -> int:
    """Put rows into the outbox, in this order; returns how many."""
    said = list(rows)
    if said:
        await copy(tx, "outbox", ("topic", "partition", "key", "value", "headers"), said)
    return len(said)


_encode_headers = msgspec.json.Encoder().encode
_decode_headers = msgspec.json.Decoder(list[tuple[str, str]]).decode
