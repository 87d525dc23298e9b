"""What is measured by asking the database: a slow task, one cheap statement for each, none at a scrape.

Every process that works asks for the whole service, so operators take the largest of what the processes say. While the
database is away the numbers stand still, and `rapport_gauges_read_timestamp_seconds` says since when.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy import text

from chassis import metrics
from chassis.database import is_transient
from chassis.runtime import Runtime
from chassis.service import Tx

log = structlog.get_logger(__name__)

EVERY_S = 15.0
LOOP_EVERY_S = 0.5
MOST_COUNTED = 10_000
"""More than so many are said to be so many: what matters is how old the oldest is."""

Measure = Callable[[Tx], Awaitable[None]]
"""A service's own: asks in a transaction, and sets its gauges."""


async def keep_measuring(runtime: Runtime, own: Sequence[Measure] = ()) -> None:
    """Until cancelled. Whatever fails is tried again later: what is measured must not end by being measured."""
    while True:
        try:
            await measure(runtime, own)
        except Exception as error:
            log.warning("not measured", error=type(error).__name__, exc_info=None if is_transient(error) else error)
        await asyncio.sleep(EVERY_S)


async def measure(runtime: Runtime, own: Sequence[Measure] = ()) -> None:
    """Ask once."""
    now = await runtime.now()
    partitions = list(range(runtime.settings.partitions))
    async with runtime.transaction() as tx:
        for query, number, oldest_s in _ASKED:
            row = (await tx.execute(query, {"now": now, "partitions": partitions, "most": MOST_COUNTED})).one()
            number.set(row.number)
            oldest_s.set(max(0.0, float(row.oldest_s or 0)))
        for one in own:
            await one(tx)
    metrics.gauges_read_at_s.set_to_current_time()


async def watch_the_loop(runtime: Runtime) -> None:
    """How much later than it asked for a task gets its turn, and how many connections are taken; until cancelled."""
    pool = runtime.engine.pool
    metrics.connections_most.set(runtime.connections)
    while True:
        began_s = time.monotonic()
        await asyncio.sleep(LOOP_EVERY_S)
        metrics.loop_lag_seconds.observe(max(0.0, time.monotonic() - began_s - LOOP_EVERY_S))
        metrics.connections_in_use.set(pool.checkedout())  # type: ignore[attr-defined]  # of the pool that we chose


_OUTBOX = text("""
    select (select count(*) from (select from outbox limit :most) as waiting) as number,
           (select extract(epoch from now() - created_at) from outbox order by outbox_id limit 1) as oldest_s
""")
_BLOCKED = text("""
    select count(*) as number, extract(epoch from now() - min(blocked_at)) as oldest_s
    from customers where blocked_at is not null
""")
_PARKED = text("""
    select count(*) as number, extract(epoch from now() - min(parked_at)) as oldest_s
    from parked_events where state = 'parked'
""")
_DUE = text("""
    select count(*) as number, extract(epoch from cast(:now as timestamptz) - min(due.due_at)) as oldest_s
    from unnest(cast(:partitions as integer[])) as p (partition), lateral (
        select d.due_at from deadlines d
        where d.partition = p.partition and d.due_at < cast(:now as timestamptz)
          and not exists (select from customers c where c.customer_id = d.customer_id and c.blocked_at is not null)
        order by d.due_at limit :most) as due
""")
_ASKED = (
    (_OUTBOX, metrics.outbox_rows, metrics.outbox_oldest_s),
    (_BLOCKED, metrics.blocked_customers, metrics.blocked_oldest_s),
    (_PARKED, metrics.parked_waiting, metrics.parked_oldest_s),
    (_DUE, metrics.deadlines_due, metrics.deadlines_oldest_s),
)
