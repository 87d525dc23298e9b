"""Messages as they are stored: kept, listed, and taken in hand. Transaction first, set-based, never commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import RowMapping, text

from chassis.arrays import array
from chassis.errors import Rejected
from chassis.service import Tx
from contracts.vocabulary import Channel
from notifier.kinds import KINDS
from notifier.messages import Message, State

EVERY_PRIORITY = 32_767
_FIELDS = Message.__struct_fields__
_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}

_MESSAGES = text("""
select m.* from messages m
join unnest(cast(:customer_ids as text)::text[]) as wanted (customer_id) on wanted.customer_id = m.customer_id
where m.state in ('intended', 'held', 'ready', 'sending', 'joined')
union
select m.* from messages m
join unnest(cast(:message_ids as text)::text[]) as named (message_id) on named.message_id = m.message_id
""")

_KEEP_MESSAGES = text("""
insert into messages (message_id, customer_id, kind, subject, state, reason, order_id, issue_id, invitation_id,
                      intended_at, expires_at, told_by, held_until, ready_at, attempts, content, correlation_id,
                      traceparent, priority, inside, channel, sent_at, deferrals, provider, broadcast_id)
select message_id, customer_id, kind, subject, state, reason, order_id, issue_id, invitation_id,
       intended_at, expires_at, told_by, held_until, ready_at, attempts, content, correlation_id,
       traceparent, priority, inside, channel, sent_at, deferrals, provider, broadcast_id
from json_populate_recordset(null::messages, cast(cast(:messages as text) as json))
on conflict (message_id) do update
set (state, reason, held_until, ready_at, attempts, content, priority, inside, channel, sent_at, deferrals, provider,
     leased_until)
  = (excluded.state, excluded.reason, excluded.held_until, excluded.ready_at, excluded.attempts, excluded.content,
     excluded.priority, excluded.inside, excluded.channel, excluded.sent_at, excluded.deferrals, excluded.provider,
     null)
""")

_BLANK_MESSAGES = text("""
update messages m set content = '{}'
from unnest(cast(:customer_ids as text[])) as v (customer_id)
where m.customer_id = v.customer_id and m.content <> '{}'
""")

_TAKE = text("""
with next as (
  select message_id from messages
  where state = 'ready' and broadcast_id is null and channel = :channel and priority < :below
  order by priority, ready_at, message_id limit :most
  for update skip locked
)
update messages m set state = 'sending', result = 'stale', leased_until = now() + cast(:lease as interval)
from next where m.message_id = next.message_id
returning m.*
""")

_ANYTHING_READY = text("""
select exists (select from messages where state = 'ready' and broadcast_id is null and channel = :channel)
""")

_PUT_BACK = text("""
update messages m set state = 'ready', result = null, leased_until = null
from unnest(cast(:message_ids as text[]), cast(:attempts as integer[])) as v (message_id, attempts)
where (m.message_id, m.attempts) = (v.message_id, v.attempts) and m.state = 'sending'
""")

_LOST = text("""
select m.* from messages m where m.state = 'sending' and m.leased_until < now() limit :most
""")

_NOTE_RESULTS = text("""
update messages m set result = v.result, leased_until = now() + cast(:lease as interval)
from unnest(cast(:message_ids as text[]), cast(:results as text[])) as v (message_id, result)
where m.message_id = v.message_id and m.state = 'sending'
""")

_LAST_REPORT = text("select max(received_at) as at from commands where actor = 'notifier'")

_REMEMBER_TOLD = text("""
insert into told_before (message_id, told_at)
select v.message_id, v.told_at
from unnest(cast(:message_ids as text[]), cast(:told_at as timestamptz[])) as v (message_id, told_at)
where not exists (select from messages m where m.message_id = v.message_id and m.state = 'sent')
on conflict do nothing
""")

_TOLD_BEFORE = text("""
select t.message_id, t.told_at from told_before t
join unnest(cast(:message_ids as text)::text[]) as v (message_id) using (message_id)
""")

_TELLING = text("""
select count(*) as issues,
       count(*) filter (where was_told) as told,
       count(*) filter (where was_told and ready_at <= coalesce(told_by, ready_at)) as told_in_time,
       count(*) filter (where state in ('suppressed', 'failed', 'unknown')) as not_told,
       count(*) filter (where state in ('intended', 'held')) as waiting
from messages, lateral (select state in ('ready', 'sending', 'joined', 'sent') as was_told) as telling
where kind = 'issue_opened'
  and intended_at >= coalesce(cast(:since as timestamptz), '-infinity')
  and intended_at < coalesce(cast(:until as timestamptz), 'infinity')
""")

_LISTED = text("""
select m.* from messages m
where (cast(:customer_id as text) is null or m.customer_id = :customer_id)
  and (cast(:state as text) is null or m.state = :state)
  and (cast(:before_at as timestamptz) is null
       or (m.intended_at, m.message_id) < (:before_at, cast(:before_id as text)))
order by m.intended_at desc, m.message_id desc limit :most
""")


class After(NamedTuple):
    """Where a page of messages goes on: behind this one, newest first."""

    intended_at: datetime
    message_id: str

    @classmethod
    def of(cls, intended_at: str, message_id: str) -> "After":
        """From a cursor; `Rejected` (bad_cursor) when it names no moment."""
        try:
            return cls(datetime.fromisoformat(intended_at), message_id)
        except ValueError as error:
            raise Rejected("bad_cursor", "The cursor is not one of ours; start again without it.") from error


async def messages_of(tx: Tx, customer_ids: Sequence[str], message_ids: Sequence[str]) -> list[Message]:
    """The customers' messages that are not ended, and those with these ids."""
    named = {"customer_ids": array(customer_ids), "message_ids": array(message_ids)}
    return [message_of(row) for row in (await tx.execute(_MESSAGES, named)).mappings()]


async def blank_messages(tx: Tx, customer_ids: Sequence[str]) -> None:
    """Forget what the words to these customers were made of: somebody may have written of them there."""
    if customer_ids:
        await tx.execute(_BLANK_MESSAGES, {"customer_ids": list(customer_ids)})


async def keep_messages(tx: Tx, messages: Sequence[Message]) -> None:
    """Messages as they are now; whoever had one in hand has it no more."""
    if messages:
        ordered = sorted(messages, key=lambda message: message.message_id)
        await tx.execute(_KEEP_MESSAGES, {"messages": _json(ordered)})


async def take_ready(
    tx: Tx, most: int, lease: timedelta, channel: Channel = Channel.email, *, below: int = EVERY_PRIORITY
) -> list[Message]:
    """Take messages of a channel in hand, the most important first; what is not reported within `lease` is lost.

    Only those of a priority below that number.

    Until it is begun with (`handing_store`), what is lost is known not to have been sent: its result is `stale`.
    Those of broadcasts are taken beside them, by `broadcast_store`.
    """
    wanted = {"most": most, "lease": lease, "channel": channel, "below": below}
    return in_turn([message_of(row) for row in (await tx.execute(_TAKE, wanted)).mappings()])


def in_turn(taken: Sequence[Message]) -> list[Message]:
    """Customers stand in the order of their most important message, the messages of one as they make sense."""
    first: dict[str, int] = {}
    for message in taken:
        first[message.customer_id] = min(message.priority, first.get(message.customer_id, message.priority))
    return sorted(taken, key=lambda message: (first[message.customer_id], *_turn(message)))


def _turn(message: Message) -> tuple[str, int, str]:
    """An order is confirmed before its points are, though both are ready at the same moment."""
    return str(message.ready_at), _RANKS[message.kind], message.message_id


async def anything_ready(tx: Tx, channel: Channel = Channel.email) -> bool:
    """Whether a message of that channel waits to be taken; not counting those of broadcasts."""
    return bool((await tx.execute(_ANYTHING_READY, {"channel": channel})).scalar_one())


async def put_back(tx: Tx, messages: Sequence[Message]) -> None:
    """Ready again as they were: nothing was done with them."""
    if messages:
        named = {"message_ids": [one.message_id for one in messages], "attempts": [one.attempts for one in messages]}
        await tx.execute(_PUT_BACK, named)


async def lost(tx: Tx, most: int) -> list[tuple[Message, str | None]]:
    """Messages that nobody reported in time, each with the result if that was noted."""
    return [(message_of(row), row["result"]) for row in (await tx.execute(_LOST, {"most": most})).mappings()]


async def note_results(tx: Tx, results: Mapping[str, str], lease: timedelta) -> None:
    """Remember what became of messages, by id, that cannot be reported now; to be tried again after `lease`."""
    if results:
        values = {"message_ids": list(results), "results": list(results.values()), "lease": lease}
        await tx.execute(_NOTE_RESULTS, values)


async def last_report_at(tx: Tx) -> datetime | None:
    """When it was last written down that a message was sent (the database's clock); None before the first."""
    moment: datetime | None = (await tx.execute(_LAST_REPORT)).scalar_one()
    return moment


async def remember_told(tx: Tx, told: Mapping[str, datetime]) -> None:
    """Messages that were sent at these moments and that are not known to be; once for each."""
    if told:
        await tx.execute(_REMEMBER_TOLD, {"message_ids": list(told), "told_at": list(told.values())})


async def told_before(tx: Tx, message_ids: Sequence[str]) -> dict[str, datetime]:
    """Those of these messages that were sent in a past that was forgotten, and when."""
    rows = await tx.execute(_TOLD_BEFORE, {"message_ids": array(message_ids)})
    return {row.message_id: row.told_at for row in rows}


async def telling(tx: Tx, since: datetime | None, until: datetime | None) -> dict[str, int]:
    """How many issues of that time were told, and how many in time."""
    return dict((await tx.execute(_TELLING, {"since": since, "until": until})).mappings().one())


async def messages_listed(
    tx: Tx, *, customer_id: str | None, state: State | None, after: After | None, most: int
) -> list[Message]:
    """Newest first."""
    wanted = {
        "customer_id": customer_id,
        "state": state,
        "before_at": after and after.intended_at,
        "before_id": after and after.message_id,
        "most": most,
    }
    return [message_of(row) for row in (await tx.execute(_LISTED, wanted)).mappings()]


def message_of(row: RowMapping) -> Message:
    """A message as its table has it."""
    kinds = {"state": State(row["state"]), "channel": Channel(row["channel"])}
    return Message(**{name: row[name] for name in _FIELDS} | kinds)


def _json(value: Any) -> str:
    return _encode(value).decode()


_encode = msgspec.json.Encoder().encode


async def ready_since(tx: Tx) -> dict[str, float]:
    """For how many seconds the oldest message that is ready has waited, by channel; not those of broadcasts."""
    return {row.channel: max(0.0, float(row.oldest_s)) for row in await tx.execute(_READY_SINCE)}


_READY_SINCE = text("""
    select channel, extract(epoch from now() - min(ready_at)) as oldest_s
    from messages where state = 'ready' and broadcast_id is null group by channel
""")
