"""What was said of parcels and orders that nobody knew yet: kept until somebody does, then said.

Owns `unmatched_trackings` and `unmatched_orders`. A row is looked at soon after it came, then more and more rarely, and
at once when a fold claims its number or begins its order: the fold sets `look_at` in its own transaction, so whichever
of the two commits last is seen by the next look. What is found goes into the outbox in the transaction that forgets it,
under the id that its hook gave it: it is said once, in order, whatever dies in between.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import TextClause, text

from chassis import metrics, outbox
from chassis.database import is_transient
from chassis.runtime import Runtime
from chassis.service import Tx
from orders_listener.ingest.addressing import CLAIM_DAYS, CLAIMED, parcel_ids
from orders_listener.ingest.carriers import number_of
from orders_listener.ingest.events import Waiting, event_kept
from orders_listener.ingest.hooks import OfOrder, OfParcel

log = structlog.get_logger(__name__)

LOOK_S = 0.25
"""So often somebody asks what is to be looked at."""
EXPIRE_S = 60.0
ROUND_ROWS = 500


async def keep(tx: Tx, waiting: Sequence[Waiting], received_at: datetime) -> None:
    """Keep what waits; what is there already stays as it is. One statement for each of the two tables, at most."""
    parcels = [(one, one.of) for one in waiting if isinstance(one.of, OfParcel)]
    orders = [(one, one.of) for one in waiting if isinstance(one.of, OfOrder)]
    if parcels:
        places: dict[str, Any] = {
            "carriers": [of.carrier for _, of in parcels],
            "numbers": [number_of(of.tracking_number) for _, of in parcels],
            "occurred": [one.occurred_at for one, _ in parcels],
        }
        await tx.execute(_KEEP_PARCELS, _columns((one for one, _ in parcels), received_at) | places)
    if orders:
        places = {"order_ids": [of.order_id for _, of in orders]}
        await tx.execute(_KEEP_ORDERS, _columns((one for one, _ in orders), received_at) | places)


def _columns(waiting: Iterable[Waiting], received_at: datetime) -> dict[str, Any]:
    rows = list(waiting)
    return {
        "sources": [row.source for row in rows],
        "event_ids": [row.event_id for row in rows],
        "types": [row.type for row in rows],
        "correlations": [row.correlation_id for row in rows],
        "data": [row.data for row in rows],
        "received_at": received_at,
    }


async def look(runtime: Runtime) -> int:
    """Say what is known by now, of one portion of each kind; how many were looked at."""
    async with runtime.transaction() as tx:
        orders = await _look_at(tx, runtime, _DUE_ORDERS, _KNOWN_ORDERS, _FORGET_ORDERS, _LATER_ORDERS)
        parcels = await _look_at(tx, runtime, _DUE_PARCELS, _KNOWN_PARCELS, _FORGET_PARCELS, _LATER_PARCELS)
    runtime.outbox_filled.set()
    return orders + parcels


async def _look_at(
    tx: Tx, runtime: Runtime, due: TextClause, known: TextClause, forget: TextClause, later: TextClause
) -> int:
    """Lock what is due, and only then ask who knows it: a claim that was committed meanwhile is not overlooked."""
    numbers = [row.number for row in await tx.execute(due, {"most": ROUND_ROWS})]
    if not numbers:
        return 0
    found = (await tx.execute(known, {"numbers": numbers, "days": CLAIM_DAYS})).all()
    await outbox.put(tx, [_row(runtime, row) for row in found])
    matched = [row.number for row in found]
    if matched:
        await tx.execute(forget, {"numbers": matched})
        metrics.hooks_unmatched.labels("matched").inc(len(matched))
    if len(matched) < len(numbers):
        await tx.execute(later, {"numbers": sorted(set(numbers) - set(matched))})
    return len(numbers)


def _row(runtime: Runtime, row: Any) -> outbox.Row:
    ids: Mapping[str, str] = parcel_ids(row) if hasattr(row, "shipment_id") else {"customer_id": row.customer_id}
    return outbox.row_of(runtime.partition_of(ids["customer_id"]), event_kept(row, ids))


async def expire(runtime: Runtime) -> int:
    """Forget what nobody has claimed in time; how many."""
    async with runtime.transaction() as tx:
        gone = [(await tx.execute(statement, {"days": CLAIM_DAYS})).rowcount for statement in _EXPIRE]
    metrics.hooks_unmatched.labels("expired").inc(sum(gone))
    return sum(gone)


async def run(runtime: Runtime) -> None:
    """Look and expire for ever; runs beside the worker, in any number of processes."""
    expired_s = 0.0
    while True:
        try:
            looked_at = await look(runtime)
            if time.monotonic() - expired_s >= EXPIRE_S:
                await expire(runtime)
                expired_s = time.monotonic()
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("looking for unmatched hooks failed; trying again", error=type(error).__name__)
            looked_at = 0
        await asyncio.sleep(0 if looked_at >= ROUND_ROWS else LOOK_S)


_KEPT = """
    cast(:sources as text[]), cast(:event_ids as text[]), cast(:types as text[]),
    cast(:correlations as text[]), cast(:data as text[])
"""
_KEEP_PARCELS = text(f"""
    insert into unmatched_trackings
        (source, event_id, type, correlation_id, data, carrier, tracking_number, occurred_at, received_at)
    select v.*, :received_at
    from unnest({_KEPT}, cast(:carriers as text[]), cast(:numbers as text[]), cast(:occurred as timestamptz[])) as v
    on conflict do nothing
""")  # noqa: S608 ours
_KEEP_ORDERS = text(f"""
    insert into unmatched_orders (source, event_id, type, correlation_id, data, order_id, received_at)
    select v.*, :received_at from unnest({_KEPT}, cast(:order_ids as text[])) as v
    on conflict do nothing
""")  # noqa: S608 ours


def _due(table: str) -> TextClause:
    return text(f"""
        select number from {table} where look_at <= now() order by look_at, number limit :most for update skip locked
    """)  # noqa: S608 ours


def _forget(table: str) -> TextClause:
    return text(f"delete from {table} where number = any(cast(:numbers as bigint[]))")  # noqa: S608 ours


def _later(table: str) -> TextClause:
    """Half as long again as it has waited; at most ten minutes, in case that nobody says when to look."""
    return text(f"""
        update {table} u
        set look_at = now() + least(greatest((now() - kept_at) / 2, interval '0.25 seconds'), interval '10 minutes')
        from unnest(cast(:numbers as bigint[])) as v (number) where u.number = v.number
    """)  # noqa: S608 ours


_DUE_PARCELS, _DUE_ORDERS = _due("unmatched_trackings"), _due("unmatched_orders")
_FORGET_PARCELS, _FORGET_ORDERS = _forget("unmatched_trackings"), _forget("unmatched_orders")
_LATER_PARCELS, _LATER_ORDERS = _later("unmatched_trackings"), _later("unmatched_orders")
_KNOWN_PARCELS = text(f"""
    select v.number, v.source, v.event_id, v.type, v.correlation_id, v.data, v.received_at, claimed.*
    from unmatched_trackings v join unnest(cast(:numbers as bigint[])) as due (number) using (number) {CLAIMED}
    order by v.number
""")  # noqa: S608 ours
_KNOWN_ORDERS = text("""
    select v.number, v.source, v.event_id, v.type, v.correlation_id, v.data, v.received_at, t.customer_id
    from unmatched_orders v join unnest(cast(:numbers as bigint[])) as due (number) using (number)
    join timelines t using (order_id)
    order by v.number
""")
_EXPIRE = [
    text(f"delete from {table} where received_at < now() - make_interval(days => :days)")  # noqa: S608 ours
    for table in ("unmatched_trackings", "unmatched_orders")
]
