"""Loyalty's consume path by hand: one loop, asyncpg, COPY where rows are only added, `unnest` where they are changed.

What a good engineer would write for these tables alone. It has no parking, no isolation of what cannot be folded, no
deadlines, no watchdog and no metrics; whatever is unexpected ends it, and started again it goes on where it was.

`python -m benchmarks.modes.loyalty_by_hand [serial | abreast]`: one transaction after the other over everything that
was polled, or as many side by side as the service has, each for one partition.
"""

import asyncio
import gc
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Protocol, TypeAlias, TypeVar

import asyncpg
import msgspec
import uvloop
from aiokafka import AIOKafkaConsumer

from benchmarks.modes import environment
from benchmarks.modes.points import (
    DECISIONS,
    GOODWILL,
    OUTBOX,
    POSTINGS,
    Order,
    Rows,
    Said,
    Step,
    fold,
    moment,
)
from contracts import orders

TOPICS = ("feedback", "orders", "storefront.customers")
FACTS = {
    "orders.order-confirmed.v1": orders.OrderConfirmed,
    "orders.order-delivered.v1": orders.OrderDelivered,
    "orders.order-completed.v1": orders.OrderCompleted,
    "orders.order-refunded.v1": orders.OrderRefunded,
    "orders.order-cancelled.v1": orders.OrderCancelled,
    "orders.issue-opened.v1": orders.IssueOpened,
}
DECODERS = {name: msgspec.json.Decoder(fact) for name, fact in FACTS.items()}
TRANSACTIONS_ABREAST = 3
"""As many as the service has by default."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class Named(Protocol):
    """An event, whatever holds it."""

    @property
    def id(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def at(self) -> datetime: ...


E = TypeVar("E", bound=Named)


class PositionsMoved(Exception):
    """Another owner has taken the partition further."""


@dataclass(slots=True)
class Account:
    """A row of `accounts`."""

    customer_id: str
    available_points: int = 0
    pending_points: int = 0
    qualifying_points: int = 0
    tier: str | None = None
    postings: int = 0
    erased_at: Any = None


def read(record: Any) -> Said:
    """The event in a record of Kafka."""
    headers = dict(record.headers)
    name = headers["ce_type"].decode()
    return said(record, headers, name, DECODERS[name].decode(record.value))


def said(record: Any, headers: dict[str, bytes], name: str, fact: Any) -> Said:
    """The same, with a fact that somebody has decoded."""
    return Said(
        name,
        headers["ce_id"].decode(),
        headers["ce_source"].decode(),
        moment(headers["ce_time"].decode()),
        headers["ce_correlationid"].decode(),
        headers["ce_traceparent"].decode(),
        fact,
        record.partition,
    )


async def take(connection: Connection, records: Sequence[Any], events: Sequence[Said] | None = None) -> None:
    """One transaction: everything that follows from these records, which are in order for each partition."""
    events = events or [read(record) for record in records]
    async with connection.transaction():
        await check_positions(connection, records)
        fresh = await fresh_events(connection, records, events)
        members = await _members(connection, sorted({event.fact.customer_id for event in fresh}))
        documents = await _orders(connection, sorted({(e.fact.customer_id, e.fact.order_id) for e in fresh}))
        rows, changed, applied = Rows(), {}, Counter[int]()
        for event in fresh:
            key = (event.fact.customer_id, event.fact.order_id)
            order = documents.setdefault(key, Order(key[1]))
            if fold(Step(event, members[key[0]], order, rows)):
                changed[key] = order
                applied[event.partition] += 1
        await _save(connection, [members[c] for c in sorted({key[0] for key in changed})], changed, rows)
        await advance(connection, records, applied)


async def check_positions(connection: Connection, records: Sequence[Any]) -> None:
    expected: dict[int, int] = {}
    for record in records:
        expected.setdefault(record.partition, record.offset)
    stored = await connection.fetch(
        """select partition, next_offset from positions where topic = $1 and partition = any($2)
           order by partition for update""",
        records[0].topic, list(expected),
    )  # fmt: skip
    if expected != {row["partition"]: row["next_offset"] for row in stored}:
        raise PositionsMoved


async def fresh_events(connection: Connection, records: Sequence[Any], events: Sequence[E]) -> list[E]:
    """The events that the inbox did not know."""
    first: dict[tuple[str, str], tuple[E, Any]] = {}
    for event, record in zip(events, records, strict=True):
        first.setdefault((event.id, event.source), (event, record))
    names = sorted(first)
    places = [first[name][1] for name in names]
    new = await connection.fetch(
        """insert into inbox (event_id, source, content_hash, topic, partition, "offset", at)
           select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::bigint[],
                                $7::timestamptz[])
           on conflict do nothing returning event_id, source""",
        [name[0] for name in names], [name[1] for name in names],
        [int.from_bytes(blake2b(place.value, digest_size=8).digest(), "big", signed=True) for place in places],
        [place.topic for place in places], [place.partition for place in places], [place.offset for place in places],
        [first[name][0].at for name in names],
    )  # fmt: skip
    known = set() if len(new) == len(first) else first.keys() - {tuple(row) for row in new}
    return [event for name, (event, _) in first.items() if name not in known]


async def _members(connection: Connection, customer_ids: list[str]) -> dict[str, Account]:
    """Accounts, blank for new customers, whose locks are held from here on."""
    await lock_customers(connection, customer_ids)
    rows = await connection.fetch(
        """select customer_id, available_points, pending_points, qualifying_points, tier, postings, erased_at
           from accounts join unnest($1::text[]) as v (customer_id) using (customer_id)""",
        customer_ids,
    )
    return {customer_id: Account(customer_id) for customer_id in customer_ids} | {row[0]: Account(*row) for row in rows}


async def lock_customers(connection: Connection, customer_ids: list[str]) -> None:
    """Known or new, until the transaction ends."""
    await connection.execute(
        "insert into customers (customer_id) select * from unnest($1::text[]) on conflict do nothing", customer_ids
    )
    await connection.execute(
        """select from customers c join unnest($1::text[]) as v (customer_id) using (customer_id)
           order by c.customer_id for update of c""",
        customer_ids,
    )


_decode = msgspec.json.Decoder(Order).decode
_encode = msgspec.json.Encoder().encode


async def _orders(connection: Connection, keys: list[tuple[str, str]]) -> dict[tuple[str, str], Order]:
    rows = await connection.fetch(
        """select customer_id, order_id, document::text from order_points
           join unnest($1::text[], $2::text[]) as v (customer_id, order_id) using (customer_id, order_id)""",
        [key[0] for key in keys], [key[1] for key in keys],
    )  # fmt: skip
    return {(customer_id, order_id): _decode(document) for customer_id, order_id, document in rows}


async def _save(
    connection: Connection, accounts: list[Account], documents: dict[tuple[str, str], Order], rows: Rows
) -> None:
    await connection.execute(
        """insert into accounts (customer_id, available_points, pending_points, qualifying_points, tier, postings)
           select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::bigint[])
           on conflict (customer_id) do update
           set available_points = excluded.available_points, pending_points = excluded.pending_points,
               qualifying_points = excluded.qualifying_points, tier = excluded.tier, postings = excluded.postings""",
        [a.customer_id for a in accounts], [a.available_points for a in accounts],
        [a.pending_points for a in accounts], [a.qualifying_points for a in accounts], [a.tier for a in accounts],
        [a.postings for a in accounts],
    )  # fmt: skip
    keys = sorted(documents)
    await connection.execute(
        """insert into order_points (customer_id, order_id, document)
           select customer_id, order_id, document::jsonb
           from unnest($1::text[], $2::text[], $3::text[]) as v (customer_id, order_id, document)
           on conflict (customer_id, order_id) do update set document = excluded.document""",
        [key[0] for key in keys], [key[1] for key in keys], [_encode(documents[key]).decode() for key in keys],
    )  # fmt: skip
    for table, added, columns in (
        ("postings", rows.postings, POSTINGS),
        ("goodwill", rows.goodwill, GOODWILL),
        ("decisions", rows.decisions, DECISIONS),
        ("outbox", rows.outbox, OUTBOX),
    ):
        if added:
            await connection.copy_records_to_table(table, records=added, columns=columns)


async def advance(connection: Connection, records: Sequence[Any], applied: Counter[int]) -> None:
    consumed = Counter(record.partition for record in records)
    next_offsets = {record.partition: record.offset + 1 for record in records}
    partitions = list(next_offsets)
    await connection.execute(
        """update positions p
           set next_offset = v.next_offset, consumed = p.consumed + v.consumed, applied = p.applied + v.applied,
               duplicate = p.duplicate + v.consumed - v.applied
           from unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bigint[])
                as v (partition, next_offset, consumed, applied)
           where p.topic = $1 and p.partition = v.partition""",
        records[0].topic, partitions, [next_offsets[p] for p in partitions], [consumed[p] for p in partitions],
        [applied[p] for p in partitions],
    )  # fmt: skip


async def begin(connection: Connection, places: set[Any]) -> dict[Any, int]:
    """Where each place begins or goes on."""
    await connection.execute(
        """insert into positions (topic, partition, next_offset)
           select *, 0 from unnest($1::text[], $2::integer[]) on conflict do nothing""",
        [place.topic for place in places], [place.partition for place in places],
    )  # fmt: skip
    rows = await connection.fetch("select topic, partition, next_offset from positions")
    stored = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    return {place: stored[place.topic, place.partition] for place in places}


async def joined(connection: Connection) -> AIOKafkaConsumer:
    """A member of the group that reads on from the stored positions."""
    consumer = environment.consumer()
    await consumer.start()
    consumer.subscribe(TOPICS)
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=50, max_records=1)
    for place, offset in (await begin(connection, consumer.assignment())).items():
        consumer.seek(place, offset)
    return consumer


async def serial() -> None:
    """Poll, one transaction, poll."""
    connection: Connection = await asyncpg.connect(environment.database_url())
    consumer = await joined(connection)
    while True:
        polled = await consumer.getmany(timeout_ms=100, max_records=environment.BATCH_RECORDS)
        records = [record for group in polled.values() for record in group]
        if records:
            await take(connection, records)


async def abreast() -> None:
    """Poll, and take the partitions side by side, each in transactions of its own."""
    pool = await asyncpg.create_pool(environment.database_url(), min_size=2, max_size=TRANSACTIONS_ABREAST)
    async with pool.acquire() as connection:
        consumer = await joined(connection)

    async def take_all(records: list[Any]) -> None:
        for start in range(0, len(records), environment.BATCH_RECORDS):
            async with pool.acquire() as connection:
                await take(connection, records[start : start + environment.BATCH_RECORDS])

    while True:
        polled = await consumer.getmany(timeout_ms=100)
        await asyncio.gather(*(take_all(records) for records in polled.values()))


if __name__ == "__main__":
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    uvloop.run(abreast() if sys.argv[1:] == ["abreast"] else serial())
