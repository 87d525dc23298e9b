"""SQL of declared disruptions: the book that folds read, what staff says, whom it concerns, who is yet to be called.

A batch reads the book under a shared lock that it keeps until it commits; who says something takes the lock alone. So
every batch is before a statement or after it: it has seen it, or it is committed when the calls for it begin.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError

from chassis import customers, inbox
from chassis.arrays import array
from chassis.database import sqlstate_of
from chassis.errors import Conflict, NotFound
from chassis.items import Command
from chassis.service import Tx
from orders_listener.disruptions.declarations import (
    NOTHING_DECLARED,
    Book,
    Concern,
    Disruption,
    Effect,
    Reach,
    Statement,
    spread_of,
)

REMEMBERED = timedelta(days=7)
"""So long after its end a disruption is still in the book, to say who ended it; afterwards it is simply over."""
PATIENCE_MS, LOCK_NOT_AVAILABLE = 5_000, "55P03"
MOST_LASTING, MOST_STATEMENTS = 100, 200
"""Disruptions at a time, and statements about one; what exceeds it is a caller gone wrong."""
NOBODY = ""
"""Whose commands these are: they concern everybody, and no customer has this id."""


async def book_at(tx: Tx, moments: Sequence[datetime]) -> Book:
    """What may matter to items of these moments, the same until the transaction ends. Two statements, none for none."""
    if not moments:
        return NOTHING_DECLARED
    await tx.execute(_READ)
    rows = (await tx.execute(_BOOK, {"since": min(moments) - REMEMBERED})).all()
    return Book([_decoded(row.document) for row in rows]) if rows else NOTHING_DECLARED


@lru_cache(maxsize=2 * MOST_LASTING)
def _decoded(document: str) -> Disruption:
    return msgspec.json.decode(document, type=Disruption)


async def write_alone(tx: Tx) -> None:
    """Wait for the batches that have read the book; until this transaction ends no other reads it.

    Who waits holds up the batches that come after. Raises Conflict (busy) when that takes too long.
    """
    await tx.execute(_PATIENCE, {"patience": f"{PATIENCE_MS}ms"})
    try:
        await tx.execute(_WRITE)
    except DBAPIError as error:
        if sqlstate_of(error) != LOCK_NOT_AVAILABLE:
            raise
        raise Conflict("busy", "A batch takes unusually long; say it again in a while.") from error


async def settled_at(tx: Tx) -> datetime:
    """Simulated time: the moment that the first partition has come to; nothing at it or after it is folded."""
    found: datetime | None = (await tx.execute(_SETTLED)).scalar_one()
    return found or datetime(2000, 1, 1, tzinfo=UTC)


async def declare(tx: Tx, disruption: Disruption) -> bool:
    """Write down a new one, and that whom it concerns is to be called; False when the same was declared before.

    Raises Conflict (too_many_disruptions). `write_alone` comes first.
    """
    if not await _enter(tx, disruption.declared):
        return False
    if (await tx.execute(_LASTING)).scalar_one() >= MOST_LASTING:
        raise Conflict("too_many_disruptions", f"{MOST_LASTING} disruptions last already; end some.")
    await _save(tx, disruption)
    await _call_for(tx, disruption, opens=True)
    return True


async def say(tx: Tx, disruption: Disruption) -> bool:
    """Write down its last statement, and that whom it concerned is to be called; False when it was said before.

    Raises Conflict (too_many_statements). `write_alone` comes first.
    """
    if not await _enter(tx, disruption.last):
        return False
    if len(disruption.statements) > MOST_STATEMENTS:
        raise Conflict("too_many_statements", f"{MOST_STATEMENTS} things were said about this; declare it anew.")
    await _save(tx, disruption)
    await _call_for(tx, disruption, opens=False)
    return True


async def _enter(tx: Tx, said: Statement) -> bool:
    """Among the commands, where decisions find their cause."""
    command: Command[Statement] = Command(
        id=said.statement_id, at=said.said_at, customer_id=NOBODY, data=said, actor=said.actor,
        correlation_id=said.statement_id,
    )  # fmt: skip
    return bool(await inbox.enter_commands(tx, [command]))


async def _save(tx: Tx, disruption: Disruption) -> None:
    row = {
        "disruption_id": disruption.disruption_id,
        "declared_at": disruption.declared.said_at,
        "over_at": disruption.over_at,
        "document": msgspec.json.encode(disruption).decode(),
    }
    await tx.execute(_SAVE, row)


async def _call_for(tx: Tx, disruption: Disruption, *, opens: bool) -> None:
    row = {
        "statement_id": disruption.last.statement_id,
        "disruption_id": disruption.disruption_id,
        "due_at": max(disruption.last.said_at, disruption.begins_at),
        "opens": opens,
    }
    await tx.execute(_CALL_FOR, row)


async def disruption_of(tx: Tx, disruption_id: str) -> Disruption:
    """One. Raises NotFound (unknown_disruption)."""
    document = (await tx.execute(_ONE, {"disruption_id": disruption_id})).scalar_one_or_none()
    if document is None:
        raise NotFound("unknown_disruption", f"There is no disruption {disruption_id}.")
    return _decoded(document)


async def listed(tx: Tx, *, lasts: bool | None, before: tuple[datetime, str] | None, most: int) -> list[Disruption]:
    """The latest first; those that last, those that are over, or all."""
    at, name = before or (None, None)
    rows = await tx.execute(_LISTED, {"lasts": lasts, "at": at, "name": name, "most": most})
    return [_decoded(row.document) for row in rows]


async def reach_of(tx: Tx, concern: Concern) -> Reach:
    """How many orders underway it concerns now, and of how many customers."""
    return Reach(*(await tx.execute(_REACH, {"wanted": array(sorted(concern.traits))})).one())


async def effect_of(tx: Tx, disruption_id: str) -> Effect:
    """Its issues, and whether that is all."""
    return Effect(*(await tx.execute(_EFFECT, {"disruption_id": disruption_id})).one())


async def call_some(tx: Tx, partition_of: Callable[[str], int], *, most: int) -> int | None:
    """Leave a due deadline for the next `most` orders of one statement; how many, None when nobody is to be called.

    Under the customers' locks, as every deadline is written. An earlier call that waits already stays.
    """
    call = (await tx.execute(_NEXT_CALL)).first()
    if call is None:
        return None
    orders = await _orders_of(tx, call, most)
    if not orders:
        await tx.execute(_CALLED, {"statement_id": call.statement_id})
        return 0
    await customers.lock(tx, {row.customer_id for row in orders})
    rows = {
        "customer_ids": array([row.customer_id for row in orders]),
        "order_ids": array([row.order_id for row in orders]),
        "partitions": array([partition_of(row.customer_id) for row in orders]),
        "due_at": array([call.due_at + spread_of(row.order_id) for row in orders]),
        "statement_id": call.statement_id,
    }
    await tx.execute(_CALL, rows)
    await tx.execute(_CALLED_UNTIL, {"statement_id": call.statement_id, "until": orders[-1].order_id})
    return len(orders)


async def _orders_of(tx: Tx, call: Row[Any], most: int) -> Sequence[Row[Any]]:
    """The next orders that a statement concerns: by their traits, later by their open issues."""
    place = {"after": call.called_until, "most": most}
    if not call.opens:
        return (await tx.execute(_CONCERNED, place | {"disruption_id": call.disruption_id})).all()
    disruption = await disruption_of(tx, call.disruption_id)
    if disruption.over_at is not None:
        return ()  # it opens nothing any more
    return (await tx.execute(_UNDERWAY, place | {"wanted": array(sorted(disruption.concern.traits))})).all()


_LOCK = "hashtextextended('rapport.disruptions', 0)"
_READ = text(f"select pg_advisory_xact_lock_shared({_LOCK})")
_PATIENCE = text("select set_config('lock_timeout', :patience, true)")
_WRITE = text(f"select pg_advisory_xact_lock({_LOCK})")
_BOOK = text("""
    select document::text as document from disruptions
    where over_at is null or over_at >= :since order by disruption_id
""")
_SETTLED = text("select max(settled_at) from positions")
_LASTING = text("select count(*) from disruptions where over_at is null")
_SAVE = text("""
    insert into disruptions (disruption_id, declared_at, over_at, document)
    values (:disruption_id, :declared_at, :over_at, cast(:document as jsonb))
    on conflict (disruption_id) do update set over_at = excluded.over_at, document = excluded.document
""")
_CALL_FOR = text("""
    insert into disruption_calls (statement_id, disruption_id, due_at, opens)
    values (:statement_id, :disruption_id, :due_at, :opens)
""")
_ONE = text("select document::text from disruptions where disruption_id = :disruption_id")
_LISTED = text("""
    select document::text as document from disruptions
    where (cast(:lasts as boolean) is null or cast(:lasts as boolean) = (over_at is null))
      and (cast(:at as timestamptz) is null or (declared_at, disruption_id) < (cast(:at as timestamptz), :name))
    order by declared_at desc, disruption_id desc limit :most
""")
_REACH = text("""
    select count(*), count(distinct customer_id) from timelines
    where traits <> '{}' and traits @> cast(cast(:wanted as text) as text[])
""")
_EFFECT = text("""
    select count(*), count(*) filter (where state = 'open'),
           exists (select from disruption_calls where disruption_id = :disruption_id)
    from issues where kind = 'disruption' and document->>'subject' = :disruption_id
""")
_NEXT_CALL = text("""
    select statement_id, disruption_id, due_at, opens, called_until from disruption_calls
    order by due_at, statement_id limit 1 for update skip locked
""")
_UNDERWAY = text("""
    select order_id, customer_id from timelines
    where traits <> '{}' and traits @> cast(cast(:wanted as text) as text[]) and order_id > :after
    order by order_id limit :most
""")
_CONCERNED = text("""
    select order_id, customer_id from issues
    where kind = 'disruption' and document->>'subject' = :disruption_id and state = 'open' and order_id > :after
    order by order_id limit :most
""")
_CALLED = text("delete from disruption_calls where statement_id = :statement_id")
_CALLED_UNTIL = text("update disruption_calls set called_until = :until where statement_id = :statement_id")
_CALL = text("""
    insert into deadlines (customer_id, kind, subject, partition, due_at, set_by, correlation_id)
    select customer_id, 'disruption_changes', order_id, partition, due_at, :statement_id, :statement_id
    from unnest(cast(cast(:customer_ids as text) as text[]), cast(cast(:order_ids as text) as text[]),
                cast(cast(:partitions as text) as integer[]), cast(cast(:due_at as text) as timestamptz[]))
         as v (customer_id, order_id, partition, due_at)
    on conflict (customer_id, kind, subject) do update
    set due_at = excluded.due_at, set_by = excluded.set_by, correlation_id = excluded.correlation_id
    where deadlines.due_at > excluded.due_at
""")
