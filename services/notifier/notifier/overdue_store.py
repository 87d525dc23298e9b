"""SQL about deadlines that are overdue: because their partition has not been heard, or their customer is blocked."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text

from chassis.service import Tx
from chassis.settings import ClockKind, ServiceSettings
from notifier.overdue import Awaited, Waiting, command_id_of

_OVERDUE = text("""
select distinct d.customer_id
from unnest(cast(:partitions as integer[]), cast(:moments as timestamptz[])) as v (partition, moment)
join deadlines d on d.partition = v.partition and d.due_at < v.moment and d.kind = 'told_by'
where d.customer_id > :after
  and not exists (select from commands c where c.command_id = 'overdue ' || d.subject)
order by 1 limit :most
""")

_PARKED = text("""
select distinct p.customer_id from parked_events p join customers c using (customer_id)
where p.state = 'parked' and p.topic = 'orders' and c.blocked_at is not null and p.customer_id > :after
order by 1 limit :most
""")

_WAITING = text("""
select d.subject as message_id, greatest(d.due_at, c.blocked_at) as since, c.blocked_at, c.blocked_by, d.partition
from unnest(cast(:partitions as integer[]), cast(:moments as timestamptz[])) as v (partition, moment)
join deadlines d on d.partition = v.partition and d.due_at < v.moment and d.kind = 'send'
join unnest(cast(:message_ids as text[])) as wanted (message_id) on wanted.message_id = d.subject
left join customers c on c.customer_id = d.customer_id and c.blocked_at is not null
""")

_COUNT = text("""
select count(*) filter (where c.customer_id is not null) as customer,
       count(*) filter (where c.customer_id is null) as partition
from unnest(cast(:partitions as integer[]), cast(:moments as timestamptz[])) as v (partition, moment)
join deadlines d on d.partition = v.partition and d.due_at < v.moment and d.kind = 'send'
left join customers c on c.customer_id = d.customer_id and c.blocked_at is not null
""")

_REACHED = text("select partition, min(settled_at) as reached_at from positions group by partition")

_SAID = text("""
select c.command_id from commands c
join unnest(cast(:ids as text[])) as wanted (command_id) using (command_id)
""")


async def clocks(tx: Tx, settings: ServiceSettings, now: datetime) -> dict[int, datetime]:
    """Per partition the moment that it is; with simulated time the one up to which it is folded."""
    if settings.clock is ClockKind.real:
        return dict.fromkeys(range(settings.partitions), now)
    return {row.partition: row.reached_at for row in await tx.execute(_REACHED) if row.reached_at is not None}


async def with_overdue_tellings(tx: Tx, before: Mapping[int, datetime], after: str, most: int) -> list[str]:
    """Customers (by id, after `after`) with a `told_by` before their partition's moment that nobody spoke of."""
    return [row.customer_id for row in await tx.execute(_OVERDUE, {**_moments(before), "after": after, "most": most})]


async def with_parked_issues(tx: Tx, after: str, most: int) -> list[str]:
    """Blocked customers (by id, after `after`) of whom something about orders is parked."""
    return [row.customer_id for row in await tx.execute(_PARKED, {"after": after, "most": most})]


async def waiting(tx: Tx, before: Mapping[int, datetime], message_ids: Sequence[str]) -> dict[str, Waiting]:
    """Of these messages those that should have been decided before their partition's moment, and what they wait for."""
    rows = await tx.execute(_WAITING, {**_moments(before), "message_ids": list(message_ids)})
    return {
        row.message_id: Waiting(
            message_id=row.message_id,
            since=row.since,
            awaited=Awaited.parked if row.blocked_at else Awaited.unheard,
            detail=(row.blocked_by or "") if row.blocked_at else str(row.partition),
        )
        for row in rows
    }


async def waiting_counts(tx: Tx, before: Mapping[int, datetime]) -> dict[Awaited, int]:
    """How many messages should have been decided before their partition's moment, by what they wait for."""
    row = (await tx.execute(_COUNT, _moments(before))).one()
    return {Awaited.parked: row.customer, Awaited.unheard: row.partition}


async def said_of(tx: Tx, issue_ids: Collection[str]) -> frozenset[str]:
    """Those of these issues of which the clock has said that telling failed."""
    named = {command_id_of(issue_id): issue_id for issue_id in issue_ids}
    if not named:
        return frozenset()
    return frozenset(named[row.command_id] for row in await tx.execute(_SAID, {"ids": sorted(named)}))


def _moments(before: Mapping[int, datetime]) -> dict[str, object]:
    return {"partitions": list(before), "moments": list(before.values())}
