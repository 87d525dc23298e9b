"""`python -m benchmarks.keeping`: what rows cost, whether the outbox stays small, and for how long dropping holds up.

Three measurements on a durable PostgreSQL, without a broker, into `build/keeping.json`: batches of growing size through
the services' own `batch.run` (processor time, log ahead and bytes on the disk for each event); an outbox that is filled
and emptied by the relay's own statements; a month of the inbox dropped while batches are written beside it.
`QUICK=1` takes some minutes, `ONLY=batches,drop,outbox` chooses; `SECONDS` is for the outbox.
"""

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median, quantiles
from typing import Any

import asyncpg
import msgspec
import uvloop
from sqlalchemy import text

from benchmarks.machine import REPOSITORY, Machine
from benchmarks.plan import PARTITIONS, SEED
from benchmarks.shoppers import order_facts
from benchmarks.storefronts import storefront_facts
from chassis import batch, collector, outbox, positions, relay
from chassis.batch import Batch
from chassis.housekeeping import tend
from chassis.months import INBOX
from chassis.partitions import partition_of
from chassis.reading import RawRecord, read
from chassis.runtime import Runtime
from contracts import Event
from contracts.kafka import to_record

QUICK = os.environ.get("QUICK", "0") not in ("", "0")
SIZES = (1, 10, 100, 1_000)
EVENTS = 4_000 if QUICK else 20_000
OUTBOX_S = int(os.environ.get("SECONDS", 60 if QUICK else 1_800))
OUTBOX_ROWS_PER_S = 1_000
MONTH_ROWS = 500_000 if QUICK else 5_000_000
RESULT = REPOSITORY / "build" / "keeping.json"
_PARTS = """
    select coalesce(p.relname, c.relname) as name, sum(pg_table_size(c.oid))::bigint as bytes,
           sum(pg_indexes_size(c.oid))::bigint as index_bytes
    from pg_class c left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = i.inhparent
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' group by 1
"""


_WAL = text("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')")


def main() -> None:
    """Everything, and a line for each."""
    collector.settle()
    parts = {"batches": batches, "drop": dropping, "outbox": plateau}
    chosen = [name for name in os.environ.get("ONLY", "").split(",") if name] or list(parts)
    with Machine() as machine:
        found = {name: uvloop.run(parts[name](machine)) for name in chosen}
    before = msgspec.json.decode(RESULT.read_bytes()) if RESULT.exists() else {}
    RESULT.write_bytes(msgspec.json.format(msgspec.json.encode(before | found)))


def _runtime(machine: Machine, service: str, database: str) -> Runtime:
    os.environ.update(machine.environment(service, database, "keeping"))
    os.environ["LINK_KEYS"] = "bench:a-secret-that-is-long-enough-for-anybody"
    module = __import__(f"{service}.app", fromlist=["application"])
    composed = module.application()
    return Runtime.of(composed.service, composed.settings)


# --- what a batch costs ---


async def batches(machine: Machine) -> list[dict[str, Any]]:
    """For each service and size: milliseconds of processor for each batch, bytes for each event."""
    found = []
    said = {"loyalty": order_facts(SEED, 10_000), "orders_listener": storefront_facts(SEED, 10_000)}
    for service, events in said.items():
        for size in SIZES:
            database = await asyncio.to_thread(machine.database, service)
            runtime = _runtime(machine, service, database)
            number = min(EVENTS, size * 200)
            found.append(await _one_size(machine, runtime, list(islice(events, number)), size) | {"service": service})
            print({name: one for name, one in found[-1].items() if name != "bytes_per_event"}, flush=True)
            await runtime.close()
    return found


async def _one_size(machine: Machine, runtime: Runtime, events: Sequence[Event[Any]], size: int) -> dict[str, Any]:
    topic = to_record(events[0]).topic
    async with runtime.transaction() as tx:
        await positions.start(tx, 0, dict.fromkeys(runtime.service.wanted(), 0))
        wal = (await tx.execute(_WAL)).scalar_one()
    await _take(runtime, topic, events[:size], 0)  # statements are prepared now
    cpu_s, database_s, began_s = time.process_time(), machine.database_cpu_s(), time.perf_counter()
    for first in range(size, len(events), size):
        await _take(runtime, topic, events[first : first + size], first)
    number = len(range(size, len(events), size))
    async with runtime.transaction() as tx:
        wal_bytes = float((await tx.execute(_WAL)).scalar_one() - wal)
        facts = (await tx.execute(text("select count(*) from outbox"))).scalar_one()
        sizes = {row.name: row.bytes + row.index_bytes for row in await tx.execute(text(_PARTS))}
    return {
        "size": size,
        "batch_ms": (time.perf_counter() - began_s) / number * 1e3,
        "worker_cpu_ms": (time.process_time() - cpu_s) / number * 1e3,
        "database_cpu_ms": (machine.database_cpu_s() - database_s) / number * 1e3,
        "wal_bytes_per_event": wal_bytes / len(events),
        "facts_per_event": facts / len(events),
        "bytes_per_event": {name: round(one / len(events), 1) for name, one in sizes.items() if one > 65_536},
    }


async def _take(runtime: Runtime, topic: str, events: Sequence[Event[Any]], first: int) -> None:
    wanted = runtime.service.wanted()
    entries = []
    for place, event in enumerate(events):
        said = to_record(event)
        record = RawRecord(said.topic, 0, first + place, 0, said.key, said.value, said.headers)
        entries.append(read(record, wanted[topic]))
    expected = dict.fromkeys(wanted, 0) | {topic: first}
    async with runtime.transaction() as tx:
        moments = [event.time for event in events]
        await batch.run(tx, runtime.service, Batch(0, entries, moments, expected))


# --- whether the outbox stays small ---


async def plateau(machine: Machine) -> dict[str, Any]:
    """The table's megabytes, ten times: filled at a steady rate, and emptied as the relay does it."""
    runtime = _runtime(machine, "loyalty", await asyncio.to_thread(machine.database, "loyalty"))
    rows = [outbox.row_of(partition_of(event.customer_id, PARTITIONS), event) for event in _facts(2_000)]
    until_s = time.monotonic() + OUTBOX_S
    filling = asyncio.create_task(_fill(runtime, rows, until_s))
    emptying = asyncio.create_task(_empty(runtime, until_s))
    megabytes = []
    for _ in range(10):
        await asyncio.sleep(OUTBOX_S / 10)
        async with runtime.transaction() as tx:
            size = await tx.execute(text("select pg_total_relation_size('outbox') / 1e6"))
            megabytes.append(round(float(size.scalar_one()), 2))
    written, published = await filling, await emptying
    await runtime.close()
    found = {"seconds": OUTBOX_S, "rows_written": written, "rows_published": published, "megabytes": megabytes}
    print(found, flush=True)
    return found


def _facts(number: int) -> Iterator[Event[Any]]:
    return islice(order_facts(SEED, 1_000), number)


async def _fill(runtime: Runtime, rows: Sequence[outbox.Row], until_s: float) -> int:
    written, began_s = 0, time.monotonic()
    while (now_s := time.monotonic()) < until_s:
        owed = int((now_s - began_s) * OUTBOX_ROWS_PER_S) - written
        if owed > 0:
            async with runtime.transaction() as tx:
                written += await outbox.put(tx, rows[: min(owed, len(rows))])
        await asyncio.sleep(0.05)
    return written


async def _empty(runtime: Runtime, until_s: float) -> int:
    published = 0
    async with runtime.engine.connect() as connection:
        session = await connection.execution_options(isolation_level="AUTOCOMMIT")
        while time.monotonic() < until_s:
            ids = [row.outbox_id for row in await session.execute(relay._OLDEST, {"most": relay.ROUND_ROWS})]
            if ids:
                await session.execute(relay._FORGET, {"ids": ids})
            published += len(ids)
            await asyncio.sleep(0 if len(ids) == relay.ROUND_ROWS else relay.IDLE_LOOK_S)
    return published


# --- for how long dropping a month holds up ---


async def dropping(machine: Machine) -> dict[str, Any]:
    """Batches of the inbox written all the time; how long they take while a month goes, and otherwise."""
    database = await asyncio.to_thread(machine.database, "loyalty")
    runtime = _runtime(machine, "loyalty", database)
    year = datetime(2031, 1, 1, tzinfo=UTC)
    async with runtime.transaction() as tx:
        await tend(tx, INBOX, year + timedelta(days=40), timedelta(days=100))
    async with runtime.transaction() as tx:
        await tx.execute(_FILL_A_MONTH, {"rows": MONTH_ROWS})
    connection: Any = await asyncpg.connect(machine.address(database))
    size = await connection.fetchval("select pg_total_relation_size('inbox_2031_01')")
    await connection.execute("checkpoint")
    took: list[tuple[float, float]] = []
    writing = asyncio.create_task(_write(connection, took))
    await asyncio.sleep(5)
    began_s = time.monotonic()
    async with runtime.transaction() as tx:
        await tend(tx, INBOX, year + timedelta(days=140), timedelta(days=100))
    ended_s = time.monotonic()
    await asyncio.sleep(5)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    gone = await connection.fetchval("select to_regclass('inbox_2031_01') is null")
    await connection.close()
    await runtime.close()
    before = [ms for at_s, ms in took if at_s < began_s - 0.1]
    during = [ms for at_s, ms in took if began_s - 0.1 <= at_s <= ended_s + 0.1]
    found = {
        "rows": MONTH_ROWS, "megabytes": size / 1e6, "gone": gone, "tend_ms": (ended_s - began_s) * 1e3,
        "batch_median_ms": median(before), "batch_p99_ms": quantiles(before, n=100)[-1],
        "longest_batch_while_dropping_ms": max(during, default=0.0),
    }  # fmt: skip
    print(found, flush=True)
    return found


_FILL_A_MONTH = text("""
    insert into inbox select cast(gen_random_uuid() as text), '/shop', n, 'storefront.orders', 0, n, '2031-01-15'
    from generate_series(1, cast(:rows as integer)) n
""")


async def _write(connection: Any, took: list[tuple[float, float]]) -> None:
    """A hundred events of today in each transaction, one after the other."""
    statement = """insert into inbox select gen_random_uuid()::text, '/shop', n, 'storefront.orders', 0, n, '2031-05-15'
                   from generate_series(1, 100) n on conflict do nothing"""
    while True:
        began_s = time.monotonic()
        await connection.execute(statement)
        took.append((began_s, (time.monotonic() - began_s) * 1e3))


if __name__ == "__main__":
    main()
