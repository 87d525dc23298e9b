"""SQL of handing over: which messages in hand are begun with. Transaction first, set-based, never commits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text

from chassis.arrays import array
from chassis.service import Tx
from notifier.messages import Message

_BEGIN = text("""
update messages m set result = null, leased_until = now() + cast(:lease as interval)
from unnest(cast(:message_ids as text)::text[], cast(:attempts as text)::integer[]) as v (message_id, attempts)
where (m.message_id, m.attempts) = (v.message_id, v.attempts) and m.state = 'sending' and m.leased_until > now()
  and m.leased_until = cast(:taken_at as timestamptz) + cast(:lease as interval)
returning m.message_id
""")


async def taking_at(tx: Tx) -> datetime:
    """The time (the database's) at which this transaction takes messages in hand."""
    moment: datetime = (await tx.execute(text("select now()"))).scalar_one()
    return moment


async def begin(tx: Tx, messages: Sequence[Message], lease: timedelta, taken_at: datetime) -> set[str]:
    """Note that these are about to be handed over; the ids of those that are still ours, with a new lease.

    Given to a connection that commits each statement, so that it holds when it is answered. From then on nobody knows
    what became of one that is not reported. Ours are those with the very lease of when they were taken: where it has
    run out they may be in other hands, and where it is another one somebody has found so and is about to report it.
    """
    values = {
        "message_ids": array(one.message_id for one in messages),
        "attempts": array(one.attempts for one in messages),
        "lease": lease,
        "taken_at": taken_at,
    }
    return {row.message_id for row in await tx.execute(_BEGIN, values)}
