"""A bare FastAPI that takes the same hooks, says something of the same size and answers when it is acknowledged.

It checks, reads and maps nothing: the records are those that the service says of one order, made once at the start,
under the key of the hook at hand; or, where there are to be none (`BENCH_AS_IT_CAME`), the hook's own bytes.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request

from benchmarks.hooks import customer_of, order
from contracts.kafka import Record
from contracts.storefront import ORDERS
from orders_listener.ingest import shopify
from orders_listener.ingest.events import record_said
from orders_listener.ingest.hooks import Hook, Ignored, OfCustomer


def _records() -> list[Record]:
    hook = Hook("orders/create", "event-1", "/shopify/bench.myshopify.com", order(1), datetime.now(UTC))
    heard = shopify.heard(hook)
    if isinstance(heard, Ignored):
        raise TypeError(heard.reason)
    ids = [{"customer_id": said.of.customer_id} for said in heard if isinstance(said.of, OfCustomer)]
    return [record_said(hook, number, said, ids[number]) for number, said in enumerate(heard)]


RECORDS = [] if os.environ.get("BENCH_AS_IT_CAME") else _records()
_producer: list[AIOKafkaProducer] = []


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """As safe as the service's."""
    producer = AIOKafkaProducer(
        bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        acks="all",
        enable_idempotence=os.environ["KAFKA_IDEMPOTENT_PRODUCER"] == "true",
        linger_ms=2,
        max_batch_size=262_144,
    )
    await producer.start()
    _producer.append(producer)
    yield
    await producer.stop()


app = FastAPI(lifespan=lifespan)


@app.get("/health/live")
async def live() -> dict[str, str]:
    """It listens."""
    return {"status": "live"}


@app.post("/v1/ingest/shopify")
async def ingest(request: Request) -> dict[str, int]:
    """Not a byte of the body is looked at."""
    body = await request.body()
    key = customer_of(request.headers["x-shopify-event-id"])
    said = RECORDS or [Record(ORDERS, None, body, [])]
    await asyncio.gather(
        *(_producer[0].send_and_wait(one.topic, one.value, key=key, headers=one.headers) for one in said)
    )
    return {"accepted": len(said)}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["HTTP_PORT"]), log_level="error", access_log=False)
