"""What was said but not yet published: written with the state it speaks of, in one transaction."""

from collections.abc import Sequence

from sqlalchemy import text

from chassis.parked import headers_to_bytes
from chassis.service import Tx
from contracts.kafka import Record


async def put(tx: Tx, records: Sequence[tuple[int, Record]]) -> None:
    """Put (partition, record) pairs into the outbox, in this order."""
    if not records:
        return
    await tx.execute(
        _PUT_OUT,
        {
            "topics": [record.topic for _, record in records],
            "partitions": [partition for partition, _ in records],
            "keys": [record.key for _, record in records],
            "contents": [record.value for _, record in records],
            "headers": [headers_to_bytes(record.headers).decode() for _, record in records],
        },
    )


_PUT_OUT = text("""
    insert into outbox (topic, partition, key, value, headers)
    select topic, partition, key, value, headers
    from unnest(cast(:topics as text[]), cast(:partitions as integer[]), cast(:keys as bytea[]),
                cast(:contents as bytea[]), cast(:headers as text[]))
         with ordinality as v (topic, partition, key, value, headers, place)
    order by place
""")
