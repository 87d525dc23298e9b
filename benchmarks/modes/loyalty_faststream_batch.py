"""The loop by hand under FastStream: a batch subscriber with typed messages, the same transaction for each batch.

FastStream polls, decodes into pydantic models, calls the handler and commits to Kafka.
"""

import asyncpg
from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from benchmarks.modes import environment
from benchmarks.modes.loyalty_by_hand import begin, said, take
from benchmarks.modes.messages import OrderMessage
from benchmarks.modes.subscribing import places, subscription

broker = KafkaBroker(environment.bootstrap())
app = FastStream(broker)
_pool: list["asyncpg.Pool[asyncpg.Record]"] = []


@app.on_startup
async def connect() -> None:
    """The pool, and the rows that say how far each partition is."""
    pool = await asyncpg.create_pool(environment.database_url(), min_size=1, max_size=2)
    async with pool.acquire() as connection:
        await begin(connection, places())
    _pool.append(pool)


@broker.subscriber("orders", batch=True, max_records=environment.BATCH_RECORDS, **subscription())  # type: ignore[untyped-decorator]  # of FastStream
async def on_orders(facts: list[OrderMessage], message: KafkaMessage) -> None:
    """One batch, one transaction."""
    records = list(message.raw_message)
    events = []
    for record, fact in zip(records, facts, strict=True):
        headers = dict(record.headers)
        events.append(said(record, headers, headers["ce_type"].decode(), fact))
    async with _pool[0].acquire() as connection:
        await take(connection, records, events)


if __name__ == "__main__":
    import uvloop

    uvloop.run(app.run())
