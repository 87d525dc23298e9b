"""What a tutorial leads to: FastStream, one message at a time, an ORM session and a commit for each."""

from typing import Any

import uvloop
from faststream import FastStream
from faststream.kafka import KafkaBroker, KafkaMessage

from benchmarks.modes import environment
from benchmarks.modes.loyalty_by_hand import said
from benchmarks.modes.loyalty_orm import enter_positions, sessions, take
from benchmarks.modes.messages import OrderMessage
from benchmarks.modes.subscribing import subscription

broker = KafkaBroker(environment.bootstrap())
app = FastStream(broker)
make_session = sessions()


@app.on_startup
async def begin() -> None:
    """The rows that say how far each partition is."""
    await enter_positions()


@broker.subscriber("orders", **subscription())  # type: ignore[untyped-decorator]  # of FastStream
async def on_order(fact: OrderMessage, message: KafkaMessage) -> None:
    """One message, one transaction."""
    record: Any = message.raw_message
    headers = dict(record.headers)
    async with make_session() as session:
        await take(session, record, said(record, headers, headers["ce_type"].decode(), fact))


if __name__ == "__main__":
    uvloop.run(app.run())
