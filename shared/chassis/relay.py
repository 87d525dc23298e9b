"""The outbox relay: what was committed is published, oldest first, and forgotten after Kafka has acknowledged it.

One relay per service (a session's advisory lock; others stand by), so that order per key is the order of commits. A
partition's next batch is sent after the ack of its last; what fails is sent again, and its readers know repetitions.
"""

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis import grants, metrics, steps
from chassis.database import is_transient
from chassis.outbox import headers_of
from chassis.runtime import Runtime

log = structlog.get_logger(__name__)

ROUND_ROWS = 1_000
BATCH_BYTES = 262_144
STOP_TIMEOUT_S = 5.0
IDLE_LOOK_S = 0.05
STAND_BY_S = 1.0
LOCK = 7_265_802  # any number, the same in every relay of a database

_OLDEST = text("""
    select outbox_id, topic, partition, key, value, headers, extract(epoch from now() - created_at) as age_s
    from outbox order by outbox_id limit :most
""")
_FORGET = text("delete from outbox o using unnest(cast(:ids as bigint[])) as v (id) where o.outbox_id = v.id")


class Relay:
    """Publishes a service's outbox."""

    def __init__(self, runtime: Runtime, producer: type[AIOKafkaProducer] = AIOKafkaProducer) -> None:
        self._runtime = runtime
        self._producer_class = producer
        self._stopping = False

    def stop(self) -> None:
        """End `run` when the outbox is empty, or after the round at hand when Kafka is away."""
        self._stopping = True
        self._runtime.outbox_filled.set()

    async def run(self) -> None:
        """Publish until stopped; whatever fails is tried again."""
        while True:
            try:
                await self._hold_lock_and_publish()
            except Exception as error:
                if not (is_transient(error) or isinstance(error, KafkaError)):
                    raise
                metrics.relay_failures.inc()
                log.warning("relay failed; trying again", error=type(error).__name__, reason=grants.missing(error))
            if self._stopping:
                return
            await asyncio.sleep(STAND_BY_S)

    async def _hold_lock_and_publish(self) -> None:
        async with self._runtime.engine.connect() as connection:
            session = await connection.execution_options(isolation_level="AUTOCOMMIT")
            locked = await session.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": LOCK})
            if not locked.scalar_one():
                return
            try:
                await self._publish_over(session)
            finally:
                await _release(session)

    async def _publish_over(self, session: AsyncConnection) -> None:
        producer = self._producer_class(
            bootstrap_servers=self._runtime.settings.kafka_bootstrap_servers,
            acks="all",
            enable_idempotence=self._runtime.settings.kafka_idempotent_producer,
            max_batch_size=BATCH_BYTES,
            **self._runtime.settings.connection,
        )
        try:
            await producer.start()
            while True:
                self._runtime.outbox_filled.clear()
                if not await self._round(session, producer):
                    if self._stopping:
                        return
                    await self._wait_for_more()
        finally:
            await _stop(producer)

    async def _wait_for_more(self) -> None:
        with contextlib.suppress(TimeoutError):  # other processes of this service fill the same outbox
            await asyncio.wait_for(self._runtime.outbox_filled.wait(), IDLE_LOOK_S)

    async def _round(self, session: AsyncConnection, producer: AIOKafkaProducer) -> int:
        rows = (await session.execute(_OLDEST, {"most": ROUND_ROWS})).all()
        if not rows:
            return 0
        places: defaultdict[tuple[str, int], deque[Any]] = defaultdict(deque)
        for row in rows:
            places[row.topic, row.partition].append(row)
        sent = await asyncio.gather(*(_publish(producer, *place, waiting) for place, waiting in places.items()))
        acknowledged = [outbox_id for ids, _ in sent for outbox_id in ids]
        await session.execute(_FORGET, {"ids": acknowledged})
        metrics.published.inc(len(acknowledged))
        if traces := self._runtime.traces:
            known = set(acknowledged)
            through = [row for row in rows if row.outbox_id in known]
            traces.emit(steps.relaying(through, traces.wants, time.time_ns()))
        for _, failure in sent:
            if failure:
                raise failure
        return len(rows)


async def _publish(
    producer: AIOKafkaProducer, topic: str, partition: int, rows: deque[Any]
) -> tuple[list[int], Exception | None]:
    """Publish one partition's rows; the ids that were acknowledged, and what stopped it.

    The next batch is sent after the ack of the last, so that nothing overtakes a batch that failed.
    """
    acknowledged: list[int] = []
    try:
        while rows:
            batch, ids = producer.create_batch(), []
            while rows and _appended(batch, rows[0]):  # the first always finds room
                ids.append(rows.popleft().outbox_id)
            await (await producer.send_batch(batch, topic, partition=partition))
            acknowledged += ids
    except Exception as error:  # noqa: BLE001 what was acknowledged must be forgotten first; then it is raised
        return acknowledged, error
    return acknowledged, None


def _appended(batch: Any, row: Any) -> bool:
    """Whether there was room."""
    appended = batch.append(timestamp=None, key=row.key, value=row.value, headers=headers_of(row.headers))
    return appended is not None


async def _stop(producer: AIOKafkaProducer) -> None:
    """Everything acknowledged is forgotten already; what is left is published again."""
    try:
        await asyncio.wait_for(producer.stop(), STOP_TIMEOUT_S)
    except (TimeoutError, KafkaError, OSError) as error:
        log.warning("producer did not stop cleanly", error=type(error).__name__)


async def _release(session: AsyncConnection) -> None:
    """Give the lock to a stand-by. A connection that is broken or fails here is thrown away, and the lock with it."""
    if session.invalidated:
        return
    try:
        await session.execute(text("select pg_advisory_unlock(:lock)"), {"lock": LOCK})
    except Exception as error:  # noqa: BLE001 whatever it was, the lock must not go back to the pool with the session
        log.warning("the relay's lock was not given back", error=type(error).__name__)
        await session.invalidate()
