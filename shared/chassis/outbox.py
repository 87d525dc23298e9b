"""What was said but not yet published: written with the state it speaks of, in one transaction."""

from collections.abc import Sequence

from chassis.copying import copy
from chassis.parked import headers_to_bytes
from chassis.service import Tx
from contracts.kafka import Record


async def put(tx: Tx, records: Sequence[tuple[int, Record]]) -> None:
    """Put (partition, record) pairs into the outbox, in this order."""
    if not records:
        return
    await copy(
        tx,
        "outbox",
        ("topic", "partition", "key", "value", "headers"),
        [
            (record.topic, partition, record.key, record.value, headers_to_bytes(record.headers).decode())
            for partition, record in records
        ],
    )
