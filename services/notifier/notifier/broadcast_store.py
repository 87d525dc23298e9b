"""SQL of broadcasts: taking their messages at their pace, how far they are, and what staff does with them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from chassis.errors import NotFound
from chassis.service import Tx
from contracts.vocabulary import Channel
from notifier.broadcasts import Broadcast, Count, Pace, Steered, Step
from notifier.messages import Message, State
from notifier.store import message_of

_BEGIN = text("""
insert into broadcasts (broadcast_id) select unnest(cast(:broadcast_ids as text[])) order by 1 on conflict do nothing
""")

_ANYTHING = text("""
select exists (
  select from broadcasts b where b.stopped_at is null and exists (
    select from messages m where m.state = 'ready' and m.broadcast_id = b.broadcast_id and m.channel = :channel))
""")

_TAKE = text("""
with going as materialized (     -- whoever else takes for one of them now is let do it
  select b.broadcast_id, coalesce(b.per_second, :usual) as per_second, b.paced_at
  from broadcasts b
  where b.stopped_at is null and exists (
    select from messages m where m.state = 'ready' and m.broadcast_id = b.broadcast_id and m.channel = :channel)
  for update skip locked
), paced as materialized (       -- what was not used for a second is lost: a broadcast never comes all at once
  select broadcast_id, per_second,
         greatest(paced_at, now() - make_interval(secs => greatest(1, 1 / per_second))) as since
  from going
), next as materialized (
  select p.broadcast_id, m.message_id, m.fresh
  from paced p cross join lateral (
    select message_id, ready_at > now() - cast(:stale_after as interval) as fresh
    from messages where state = 'ready' and broadcast_id = p.broadcast_id and channel = :channel
    order by priority, intended_at, message_id
    limit least(:most, floor(extract(epoch from now() - p.since) * p.per_second + 0.001))
    for update skip locked) m
), charged as (                  -- what is too old to be sent is only decided again, and costs nothing
  update broadcasts b set paced_at = p.since + make_interval(secs => t.number / p.per_second)
  from paced p join (
    select broadcast_id, count(*) filter (where fresh) as number from next group by broadcast_id) t using (broadcast_id)
  where b.broadcast_id = p.broadcast_id and t.number > 0
)
update messages m set state = 'sending', result = 'stale', leased_until = now() + cast(:lease as interval)
from next where m.message_id = next.message_id
returning m.*
""")

_STOPPED = text("select broadcast_id from broadcasts where stopped_at is not null")

_NOTE_TOLD = text("""
insert into broadcast_minutes (broadcast_id, channel, minute, told)
select v.broadcast_id, v.channel, date_trunc('minute', now()), v.told
from unnest(cast(:broadcast_ids as text[]), cast(:channels as text[]), cast(:told as integer[]))
  as v (broadcast_id, channel, told)
order by 1, 2
on conflict (broadcast_id, minute, channel) do update set told = broadcast_minutes.told + excluded.told
""")

_LISTED = text("""
select broadcast_id, coalesce(per_second, :usual) as per_second, stopped_at, heard_at from broadcasts
where cast(:broadcast_id as text) is null or broadcast_id = :broadcast_id
order by heard_at desc, broadcast_id limit :most
""")

_COUNTS = text("""
select broadcast_id, kind, state, reason, count(*) as number,
       min(held_until) filter (where state = 'held') as held_until
from messages m join unnest(cast(:broadcast_ids as text[])) as v (broadcast_id) using (broadcast_id)
group by 1, 2, 3, 4 order by 1, 2, 3, 4
""")

_CUSTOMERS = text("""
select broadcast_id, count(distinct customer_id) as number
from messages m join unnest(cast(:broadcast_ids as text[])) as v (broadcast_id) using (broadcast_id)
group by 1
""")

_PACES = text("""
select broadcast_id, channel, sum(told) as told,
       coalesce(sum(told) filter (where minute >= lately.since) / extract(epoch from now() - lately.since), 0) as pace
from broadcast_minutes m join unnest(cast(:broadcast_ids as text[])) as v (broadcast_id) using (broadcast_id)
cross join (select date_trunc('minute', now()) - interval '1 minute' as since) lately
group by broadcast_id, channel, lately.since order by 1, 2
""")

_STEPS = text("""
select broadcast_id, step, per_second, actor, at
from broadcast_steps s join unnest(cast(:broadcast_ids as text[])) as v (broadcast_id) using (broadcast_id)
order by step_id desc
""")

_STEER: dict[Step, Any] = {
    Step.stop: text(
        "update broadcasts set stopped_at = now() where broadcast_id = :broadcast_id and stopped_at is null"
    ),
    Step.resume: text(
        "update broadcasts set stopped_at = null where broadcast_id = :broadcast_id and stopped_at is not null"
    ),
    Step.pace: text("""
        update broadcasts set per_second = :per_second
        where broadcast_id = :broadcast_id and per_second is distinct from :per_second
    """),
}
_NOTE_STEP = text("""
insert into broadcast_steps (broadcast_id, step, per_second, actor) values (:broadcast_id, :step, :per_second, :actor)
""")
_KNOWN = text("select exists (select from broadcasts where broadcast_id = :broadcast_id)")


async def begin(tx: Tx, broadcast_ids: Sequence[str]) -> None:
    """They have messages now; nothing changes for those that had some before."""
    if broadcast_ids:
        await tx.execute(_BEGIN, {"broadcast_ids": list(broadcast_ids)})


async def anything_ready(tx: Tx, channel: Channel) -> bool:
    """Whether a message on the channel, of a broadcast that goes on, waits to be taken."""
    return bool((await tx.execute(_ANYTHING, {"channel": channel})).scalar_one())


async def take_ready(
    tx: Tx, most: int, lease: timedelta, channel: Channel, *, usual_per_second: float, stale_after: timedelta
) -> list[Message]:
    """Take messages of each broadcast in hand, as many as its pace allows by now and at most so many of each."""
    values = {"most": most, "lease": lease, "channel": channel, "usual": usual_per_second, "stale_after": stale_after}
    return [message_of(row) for row in (await tx.execute(_TAKE, values)).mappings()]


async def stopped(tx: Tx) -> frozenset[str]:
    """Of which broadcasts nothing may leave now."""
    return frozenset((await tx.execute(_STOPPED)).scalars())


async def note_told(tx: Tx, told: Mapping[tuple[str, Channel], int]) -> None:
    """So many messages of a broadcast were taken by the provider of a channel just now."""
    if told:
        columns = {
            "broadcast_ids": [broadcast_id for broadcast_id, _ in told],
            "channels": [str(channel) for _, channel in told],
            "told": list(told.values()),
        }
        await tx.execute(_NOTE_TOLD, columns)


async def steer(tx: Tx, broadcast_id: str, step: Step, *, actor: str, per_second: float | None = None) -> bool:
    """Do it and write down who did; False where it is so already. Raises NotFound (unknown_broadcast).

    Waits until whoever takes its messages in hand at this moment has them: afterwards nobody takes against it.
    """
    values = {"broadcast_id": broadcast_id, "per_second": per_second}
    wanted = values if step is Step.pace else {"broadcast_id": broadcast_id}
    if (await tx.execute(_STEER[step], wanted)).rowcount:
        await tx.execute(_NOTE_STEP, values | {"step": step, "actor": actor})
        return True
    if not (await tx.execute(_KNOWN, {"broadcast_id": broadcast_id})).scalar_one():
        raise NotFound("unknown_broadcast", f"There is no broadcast {broadcast_id}.")
    return False


async def broadcast(tx: Tx, broadcast_id: str, *, usual_per_second: float) -> Broadcast:
    """One of them. Raises NotFound (unknown_broadcast)."""
    found = await _found(tx, broadcast_id, usual_per_second, most=1)
    if not found:
        raise NotFound("unknown_broadcast", f"There is no broadcast {broadcast_id}.")
    return found[0]


async def broadcasts(tx: Tx, *, most: int, usual_per_second: float) -> list[Broadcast]:
    """The latest first."""
    return await _found(tx, None, usual_per_second, most=most)


async def _found(tx: Tx, broadcast_id: str | None, usual: float, *, most: int) -> list[Broadcast]:
    rows = (await tx.execute(_LISTED, {"broadcast_id": broadcast_id, "usual": usual, "most": most})).all()
    ids = {"broadcast_ids": [row.broadcast_id for row in rows]}
    counts = (await tx.execute(_COUNTS, ids)).all()
    customers = {row.broadcast_id: row.number for row in await tx.execute(_CUSTOMERS, ids)}
    paces = (await tx.execute(_PACES, ids)).all()
    steps = (await tx.execute(_STEPS, ids)).all()
    return [
        Broadcast(
            broadcast_id=row.broadcast_id,
            per_second=row.per_second,
            stopped_at=row.stopped_at,
            heard_at=row.heard_at,
            customers=customers.get(row.broadcast_id, 0),
            next_held_until=_first_held([one for one in counts if one.broadcast_id == row.broadcast_id]),
            counts=tuple(
                Count(kind=one.kind, state=State(one.state), reason=one.reason, number=one.number)
                for one in counts
                if one.broadcast_id == row.broadcast_id
            ),
            paces=tuple(
                Pace(channel=Channel(one.channel), told=one.told, per_second=round(float(one.pace), 2))
                for one in paces
                if one.broadcast_id == row.broadcast_id
            ),
            steps=tuple(
                Steered(step=Step(one.step), per_second=one.per_second, actor=one.actor, at=one.at)
                for one in steps
                if one.broadcast_id == row.broadcast_id
            ),
        )
        for row in rows
    ]


def _first_held(counts: Sequence[Any]) -> datetime | None:
    return min((one.held_until for one in counts if one.held_until is not None), default=None)
