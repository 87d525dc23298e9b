"""Wake-up calls that folds leave for later; there is no other scheduler."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from chassis.arrays import array
from chassis.items import Due
from chassis.sequence import Key
from chassis.service import Tx


@dataclass(frozen=True)
class Waking:
    """Whose deadlines are folded in one transaction, and what that settles."""

    customer_ids: Sequence[str]
    until: datetime
    """All of their deadlines due before this moment are folded."""
    settled: datetime
    """Nobody's deadlines due before this moment are left then; `until`, or just before it."""


async def waking(tx: Tx, partition: int, before: datetime, most: int) -> Waking:
    """The customers of the earliest `most` deadlines due before `before`; only between customers is a moment cut."""
    rows = (await tx.execute(_DUE, {"partition": partition, "before": before, "most": most + 1})).all()
    customer_ids = list(dict.fromkeys(row.customer_id for row in rows[:most]))
    if len(rows) <= most:
        return Waking(customer_ids, before, before)
    last_at = rows[most - 1].due_at
    until = last_at + timedelta(microseconds=1)
    return Waking(customer_ids, until, until if rows[most].due_at > last_at else last_at)


_DUE = text("""
    select d.customer_id, d.due_at from deadlines d
    where d.partition = :partition and d.due_at < :before
      and not exists (select from customers c where c.customer_id = d.customer_id and c.blocked_at is not null)
    order by d.due_at limit :most
""")


async def newest(tx: Tx, partition: int, before: datetime, most: int) -> list[str]:
    """The customers of the latest `most` deadlines due before `before`."""
    rows = await tx.execute(_NEWEST_DUE, {"partition": partition, "before": before, "most": most})
    return [row.customer_id for row in rows]


_NEWEST_DUE = text(_DUE.text.replace("order by d.due_at limit", "order by d.due_at desc limit"))


async def due_partitions(tx: Tx, before: Mapping[int, datetime]) -> set[int]:
    """Partitions that have a deadline due before their moment; blocked customers' wait and do not count."""
    rows = await tx.execute(_DUE_PARTITIONS, {"partitions": list(before), "moments": list(before.values())})
    return {row.partition for row in rows}


_DUE_PARTITIONS = text("""
    select v.partition
    from unnest(cast(:partitions as integer[]), cast(:moments as timestamptz[])) as v (partition, moment)
    where exists (
        select from deadlines d where d.partition = v.partition and d.due_at < v.moment
          and not exists (select from customers c where c.customer_id = d.customer_id and c.blocked_at is not null))
""")


async def due_of(tx: Tx, customer_ids: Collection[str], before: datetime) -> list[Due]:
    """The deadlines of locked customers that are due before `before`."""
    rows = await tx.execute(_DEADLINES, {"ids": array(customer_ids), "before": before})
    return [
        Due(
            customer_id=row.customer_id,
            kind=row.kind,
            subject=row.subject,
            due_at=row.due_at,
            set_by=row.set_by,
            correlation_id=row.correlation_id,
            traceparent=row.traceparent,
        )
        for row in rows
    ]


_DEADLINES = text("""
    select d.* from deadlines d join unnest(cast(:ids as text)::text[]) as v (customer_id) using (customer_id)
    where d.due_at < :before order by d.due_at, d.customer_id, d.kind, d.subject
""")


async def write(tx: Tx, changes: Mapping[Key, Due | None], partition_of: Callable[[str], int]) -> None:
    """Set and clear; one row for each customer, kind and subject."""
    gone = [key for key, due in changes.items() if due is None]
    if gone:
        customers, kinds, subjects = zip(*gone, strict=True)
        await tx.execute(_CLEAR, {"customers": array(customers), "kinds": array(kinds), "subjects": array(subjects)})
    there = [due for due in changes.values() if due is not None]
    if there:
        columns = ("customer_id", "kind", "subject", "due_at", "set_by", "correlation_id", "traceparent")
        values = {name: array([getattr(due, name) for due in there]) for name in columns}
        await tx.execute(_SET, {"partition": array([partition_of(due.customer_id) for due in there]), **values})


_CLEAR = text("""
    delete from deadlines d
    using unnest(cast(:customers as text)::text[], cast(:kinds as text)::text[], cast(:subjects as text)::text[])
          as v (customer_id, kind, subject)
    where (d.customer_id, d.kind, d.subject) = (v.customer_id, v.kind, v.subject)
""")
_SET = text("""
    insert into deadlines (customer_id, kind, subject, partition, due_at, set_by, correlation_id, traceparent)
    select * from unnest(cast(:customer_id as text)::text[], cast(:kind as text)::text[],
                         cast(:subject as text)::text[], cast(:partition as text)::integer[],
                         cast(:due_at as text)::timestamptz[], cast(:set_by as text)::text[],
                         cast(:correlation_id as text)::text[], cast(:traceparent as text)::text[])
    on conflict (customer_id, kind, subject) do update
    set due_at = excluded.due_at, partition = excluded.partition, set_by = excluded.set_by,
        correlation_id = excluded.correlation_id, traceparent = excluded.traceparent
""")
