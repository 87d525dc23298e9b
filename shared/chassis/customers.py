"""One lock per customer, taken before anything of that customer is read or written; and who is blocked.

Events, deadlines and HTTP take the same lock. Rows are locked in sorted order.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import text

from chassis.arrays import array
from chassis.sequence import Block
from chassis.service import Tx


async def lock(tx: Tx, customer_ids: Collection[str]) -> set[str]:
    """Lock these customers, known or new, until the transaction ends; returns those that are blocked."""
    wanted = {"ids": array(sorted(customer_ids))}
    known, blocked = (await tx.execute(_LOCK, wanted)).one()
    if known < len(customer_ids):
        entered = (await tx.execute(_ENTER, wanted)).rowcount  # ours until the end, like a lock
        if known + entered < len(customer_ids):  # somebody else entered one meanwhile: we have waited for them
            known, blocked = (await tx.execute(_LOCK, wanted)).one()
    return set(blocked or ())


_LOCK = text("""
    with locked as (
        select c.customer_id, c.blocked_at from customers c
        join unnest(cast(:ids as text)::text[]) as v (customer_id) using (customer_id)
        order by c.customer_id for update of c)
    select count(*), array_agg(customer_id) filter (where blocked_at is not null) from locked
""")
_ENTER = text("""
    insert into customers (customer_id)
    select * from unnest(cast(:ids as text)::text[]) order by 1 on conflict do nothing
""")


async def block(tx: Tx, blocks: Mapping[str, Block]) -> None:
    """Let later events of these customers wait. Their locks are held."""
    if blocks:
        await tx.execute(
            _BLOCK,
            {
                "ids": list(blocks),
                "reasons": [found.reason for found in blocks.values()],
                "causes": [found.by for found in blocks.values()],
            },
        )


_BLOCK = text("""
    update customers c set blocked_at = now(), blocked_reason = v.reason, blocked_by = v.cause
    from unnest(cast(:ids as text[]), cast(:reasons as text[]), cast(:causes as text[]))
         as v (customer_id, reason, cause)
    where c.customer_id = v.customer_id
""")


async def blocked(tx: Tx, after: str, most: int) -> list[dict[str, Any]]:
    """Customers whose items wait, by id after `after`: since when, why, what failed, and how many records wait."""
    return [dict(row._mapping) for row in await tx.execute(_BLOCKED, {"after": after, "most": most})]


_BLOCKED = text("""
    select c.customer_id, c.blocked_at, c.blocked_reason, c.blocked_by,
           (select count(*) from parked_events p where p.customer_id = c.customer_id and p.state = 'parked') as waiting
    from customers c where c.blocked_at is not null and c.customer_id > :after order by c.customer_id limit :most
""")


async def unblock(tx: Tx, customer_id: str) -> None:
    """Let a customer's events flow again. The lock is held."""
    await tx.execute(
        text(
            "update customers set blocked_at = null, blocked_reason = null, blocked_by = null where customer_id = :id"
        ),
        {"id": customer_id},
    )
