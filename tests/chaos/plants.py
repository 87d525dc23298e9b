"""Bugs as people really make them, planted into the chassis from outside: the judge must find every one.

Each function patches this process before the points are laid. Must never be reachable from the product.
"""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from aiokafka import TopicPartition
from sqlalchemy import text

from chassis import batch, customers, inbox, positions, relay, worker
from chassis.lane import Lane
from chassis.sequence import LONG_AGO
from tests.chaos.laying import beside, lay

INBOX_KEEPS_RECORDS = 40
"""Minutes of a shop are so many records of a partition here."""
PRUNED_EVERY_S = 0.3
SPLIT_ROWS = 15


def kafka_before_database() -> None:
    """Offsets are committed to Kafka, and read from there; the database is folded afterwards."""
    commit, open_lane = worker.Worker._commit, worker.Worker._open_lane

    async def committed(self: Any, found: Any) -> Any:
        ends = {entry.record.topic: entry.record.offset + 1 for entry in found.entries}
        await self._consumer.hint({(topic, found.partition): end for topic, end in ends.items()})
        return await commit(self, found)

    async def opened(self: Any, partition: int) -> bool:
        places = [TopicPartition(topic, partition) for topic in self._wanted]
        known = {place.topic: await self._consumer._kafka.committed(place) for place in places}
        with contextlib.suppress(Exception):  # away: the next try will find it
            async with self._runtime.transaction() as tx:
                for topic, offset in known.items():
                    if offset is not None:
                        await tx.execute(_BELIEVE, {"topic": topic, "partition": partition, "offset": offset})
        found: bool = await open_lane(self, partition)
        return found

    lay(worker.Worker, "_commit", committed)
    lay(worker.Worker, "_open_lane", opened)


_BELIEVE = text("update positions set next_offset = :offset where topic = :topic and partition = :partition")


def no_compare_and_set() -> None:
    """Whoever comes writes where it stands."""

    async def expected(tx: Any, found: Any) -> Any:
        stored = await positions.positions_of(tx, found.partition)
        return {topic: position for topic, position in stored.items() if topic in found.expected}

    lay(batch, "_expected_positions", expected)


def inbox_outside() -> None:
    """What was taken in is committed by itself, before what follows from it."""
    take_in = inbox.take_in

    async def taken_in(tx: Any, entries: Any) -> Any:
        async with tx.engine.begin() as other:
            return await take_in(other, entries)

    lay(inbox, "take_in", taken_in)


def no_natural_key() -> None:
    """Every request for goodwill is a new one, to the rule and to the ledger."""
    import loyalty.goodwill
    import loyalty.store

    def anew(*_: str) -> str:
        return str(uuid4())

    lay(loyalty.goodwill, "goodwill_id_of", anew)
    lay(loyalty.store, "goodwill_id_of", anew)
    beside(_without_reference)


async def _without_reference(runtime: Any) -> None:
    if runtime.service.name == "loyalty":
        async with runtime.transaction() as tx:
            await tx.execute(text("alter table postings drop constraint if exists postings_customer_id_reference_key"))


def marked_before_ack() -> None:
    """The relay forgets a row and then publishes it."""

    async def took(_: Any, session: Any, producer: Any) -> int:
        rows = (await session.execute(relay._OLDEST, {"most": relay.ROUND_ROWS})).all()
        await session.execute(relay._FORGET, {"ids": [row.outbox_id for row in rows]})
        await _publish(producer, rows)
        return len(rows)

    lay(relay.Relay, "_round", took)


def two_relays() -> None:
    """Every process publishes, each the rows that no other holds at the moment."""

    async def shared(self: Any) -> None:
        async with self._runtime.engine.connect() as connection:
            await self._publish_over(connection)

    async def took(_: Any, session: Any, producer: Any) -> int:
        rows = (await session.execute(_SPLIT, {"most": SPLIT_ROWS})).all()
        sent = await _publish(producer, rows)
        await session.execute(relay._FORGET, {"ids": sent})
        await session.commit()
        return len(rows)

    lay(relay.Relay, "_hold_lock_and_publish", shared)
    lay(relay.Relay, "_round", took)


_SPLIT = text("""
    select outbox_id, topic, partition, key, value, headers from outbox
    order by outbox_id limit :most for update skip locked
""")


async def _publish(producer: Any, rows: Any) -> list[int]:
    """The relay's own way to publish; ids of what was acknowledged."""
    places: defaultdict[tuple[str, int], deque[Any]] = defaultdict(deque)
    for row in rows:
        places[row.topic, row.partition].append(row)
    sent = await asyncio.gather(*(relay._publish(producer, *place, waiting) for place, waiting in places.items()))
    return [outbox_id for ids, _ in sent for outbox_id in ids]


def unsorted_locks() -> None:
    """Customers are locked as they come."""
    lay(customers, "_LOCK", text(customers._LOCK.text.replace("order by c.customer_id", "order by random()")))


def deadline_without_listening() -> None:
    """Time has come as soon as one topic says so."""

    def horizon(self: Any) -> datetime:
        return max((topic.time for topic in self.topics.values() if topic.carries_time), default=LONG_AGO)

    lay(Lane, "horizon", horizon)


def swallowed_poll() -> None:
    """A poll that fails brings nothing, and the next one goes on from there."""

    async def polled(self: Any) -> Any:
        with contextlib.suppress(Exception):
            return await self._consumer.poll(worker.POLL_TIMEOUT_MS)
        return []

    lay(worker.Worker, "_poll", polled)


def short_inbox() -> None:
    """What was taken in is forgotten after minutes."""
    beside(_prune)


async def _prune(runtime: Any) -> None:
    while True:
        await asyncio.sleep(PRUNED_EVERY_S)
        with contextlib.suppress(Exception):  # away: the next time
            async with runtime.transaction() as tx:
                await tx.execute(_PRUNE, {"most": INBOX_KEEPS_RECORDS})


_PRUNE = text("""
    delete from inbox i using positions p
    where (p.topic, p.partition) = (i.topic, i.partition) and i."offset" < p.next_offset - :most
""")

PLANTS: dict[str, Callable[[], None]] = {
    "kafka-before-database": kafka_before_database,
    "no-compare-and-set": no_compare_and_set,
    "inbox-outside": inbox_outside,
    "no-natural-key": no_natural_key,
    "marked-before-ack": marked_before_ack,
    "two-relays": two_relays,
    "unsorted-locks": unsorted_locks,
    "deadline-without-listening": deadline_without_listening,
    "swallowed-poll": swallowed_poll,
    "short-inbox": short_inbox,
}
TAKEN_AWAY = {"short-inbox": ("applied",)}
"""What a plant removes itself shows nothing: it has to be seen by what follows from it."""
