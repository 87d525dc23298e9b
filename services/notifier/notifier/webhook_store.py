"""SQL of webhooks: endpoints, and what each is owed. Rows are written with the facts; leases instead of locks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, text

from chassis.errors import NotFound
from chassis.service import Tx
from notifier.webhooks import RESTS_AFTER, Attempt, Delivery, Endpoint, Fate, Retry

_ENDPOINT = Endpoint.__struct_fields__

_ENABLED = text("select * from webhooks where disabled_reason is null order by webhook_id")
_LISTED = text("select * from webhooks order by created_at, webhook_id")
_ONE = text("select * from webhooks where webhook_id = :webhook_id")
_NUMBER = text("select count(*) from webhooks")
_ADD = text("""
insert into webhooks (webhook_id, url, types, description, secret)
values (:webhook_id, :url, cast(:types as text[]), :description, :secret)
""")
_CHANGE = text("""
update webhooks set url = :url, types = cast(:types as text[]), description = :description,
  disabled_reason = :disabled_reason, failures = 0, rests_until = null
where webhook_id = :webhook_id
""")
_ROTATE = text("""
update webhooks set former_secret = secret, former_until = now() + cast(:lasts as interval), secret = :secret
where webhook_id = :webhook_id
""")
_REMOVE = text("delete from webhooks where webhook_id = :webhook_id")
_REMOVE_OWED = text("delete from webhook_deliveries where webhook_id = :webhook_id")

_OWE = text("""
insert into webhook_deliveries (webhook_id, event_id, customer_id, type, occurred_at, body, next_at)
select v.*, now() from unnest(
  cast(:webhook_id as text[]), cast(:event_id as text[]), cast(:customer_id as text[]), cast(:type as text[]),
  cast(:occurred_at as timestamptz[]), cast(:body as text[]))
  as v (webhook_id, event_id, customer_id, type, occurred_at, body)
where not exists (select from people p where p.customer_id = v.customer_id and p.erased)
order by 1, 2
on conflict do nothing
""")
_FORGET = text("""
delete from webhook_deliveries d using unnest(cast(:customer_ids as text[])) as v (customer_id)
where d.customer_id = v.customer_id
""")
_FORGET_OLD = text("""
delete from webhook_deliveries where (webhook_id, event_id) in (
  select webhook_id, event_id from webhook_deliveries where ended_at < now() - cast(:kept as interval) limit :most)
""")

_DUE = text("""
select w.webhook_id from webhooks w
where w.disabled_reason is null and (w.rests_until is null or w.rests_until <= now())
  and exists (select from webhook_deliveries d
              where d.webhook_id = w.webhook_id and d.ended_at is null and d.next_at <= now())
order by 1
""")
_TAKE = text("""
with next as (
  select d.event_id from webhook_deliveries d
  where d.webhook_id = :webhook_id and d.ended_at is null and d.next_at <= now()
  order by d.next_at, d.event_id
  limit coalesce((
    select case when failures < :rests_after then :most else 1 end from webhooks
    where webhook_id = :webhook_id and disabled_reason is null and (rests_until is null or rests_until <= now())), 0)
  for update skip locked
)
update webhook_deliveries d set attempts = d.attempts + 1, next_at = now() + cast(:lease as interval)
from next where d.webhook_id = :webhook_id and d.event_id = next.event_id
returning d.*
""")
_RECORD = text("""
update webhook_deliveries d
set status = v.status, error = v.error, arrived = v.arrived, next_at = v.next_at,
    ended_at = case when v.next_at is null then now() end
from unnest(cast(:event_id as text[]), cast(:attempts as integer[]), cast(:status as integer[]),
            cast(:error as text[]), cast(:arrived as boolean[]), cast(:next_at as timestamptz[]))
  as v (event_id, attempts, status, error, arrived, next_at)
where d.webhook_id = :webhook_id and d.event_id = v.event_id and d.attempts = v.attempts and d.ended_at is null
""")
_WELL = text("""
update webhooks set failures = 0, rests_until = :rests_until, delivered_at = now() where webhook_id = :webhook_id
""")
_ILL = text("""
update webhooks set failures = failures + :failures, rests_until = greatest(rests_until, :rests_until)
where webhook_id = :webhook_id
""")
_DISABLE = text("update webhooks set disabled_reason = :reason where webhook_id = :webhook_id")
_END_OWED = text("""
update webhook_deliveries set ended_at = now(), next_at = null, error = 'endpoint_disabled'
where webhook_id = :webhook_id and ended_at is null
""")

_DELIVERIES = text("""
select * from webhook_deliveries
where webhook_id = :webhook_id
  and (cast(:state as text) is null
       or :state = case when ended_at is null then 'waiting' when arrived then 'arrived' else 'failed' end)
  and (cast(:before_at as timestamptz) is null
       or (created_at, event_id) < (:before_at, cast(:before_id as text)))
order by created_at desc, event_id desc limit :most
""")
_COUNTS = text("""
select webhook_id, count(*) filter (where ended_at is null) as waiting,
       count(*) filter (where arrived) as arrived,
       count(*) filter (where ended_at is not null and not arrived) as failed
from webhook_deliveries group by webhook_id
""")
_REPLAY = text("""
update webhook_deliveries set next_at = now(), ended_at = null, attempts = 0, arrived = false
where webhook_id = :webhook_id and ended_at is not null
  and (cast(:event_id as text) is null or event_id = :event_id)
  and (cast(:since as timestamptz) is null or created_at >= :since)
  and (not arrived or :arrived_too)
""")
_IS_OWED = text(
    "select exists (select from webhook_deliveries where webhook_id = :webhook_id and event_id = :event_id)"
)


class DeliveryState(StrEnum):
    """What became of a delivery."""

    waiting = "waiting"
    arrived = "arrived"
    failed = "failed"
    """Given up, or the endpoint was disabled."""


class Known(NamedTuple):
    """One delivery as staff sees it."""

    event_id: str
    type: str
    customer_id: str
    state: DeliveryState
    attempts: int
    status: int | None
    error: str | None
    next_at: datetime | None
    occurred_at: datetime
    created_at: datetime
    ended_at: datetime | None


class Counts(NamedTuple):
    """How many deliveries are kept of one endpoint."""

    waiting: int = 0
    arrived: int = 0
    failed: int = 0


async def enabled(tx: Tx) -> list[Endpoint]:
    """Those that facts are owed to."""
    return [_endpoint(row) for row in (await tx.execute(_ENABLED)).mappings()]


async def listed(tx: Tx) -> list[Endpoint]:
    """All of them, the oldest first."""
    return [_endpoint(row) for row in (await tx.execute(_LISTED)).mappings()]


async def endpoint(tx: Tx, webhook_id: str) -> Endpoint:
    """One of them. Raises NotFound (unknown_webhook)."""
    row = (await tx.execute(_ONE, {"webhook_id": webhook_id})).mappings().first()
    if row is None:
        raise NotFound("unknown_webhook", f"There is no webhook {webhook_id}.")
    return _endpoint(row)


async def number(tx: Tx) -> int:
    """How many there are."""
    return int((await tx.execute(_NUMBER)).scalar_one())


async def add(tx: Tx, webhook_id: str, *, url: str, types: Sequence[str], description: str, secret: str) -> None:
    """A new one; facts are owed to it from the next transaction on."""
    values = {"url": url, "types": list(types), "description": description, "secret": secret}
    await tx.execute(_ADD, {"webhook_id": webhook_id} | values)


async def change(tx: Tx, changed: Endpoint) -> None:
    """As it is from now on; what made it rest is forgotten. What it is owed ends where it is disabled."""
    values = {name: getattr(changed, name) for name in ("webhook_id", "url", "description", "disabled_reason")}
    await tx.execute(_CHANGE, values | {"types": list(changed.types)})
    if changed.disabled_reason is not None:
        await tx.execute(_END_OWED, {"webhook_id": changed.webhook_id})


async def rotate(tx: Tx, webhook_id: str, secret: str, lasts: timedelta) -> None:
    """Another secret; the one of before signs too for so long."""
    await tx.execute(_ROTATE, {"webhook_id": webhook_id, "secret": secret, "lasts": lasts})


async def remove(tx: Tx, webhook_id: str) -> None:
    """With everything that it is owed."""
    await tx.execute(_REMOVE, {"webhook_id": webhook_id})
    await tx.execute(_REMOVE_OWED, {"webhook_id": webhook_id})


async def owe(tx: Tx, deliveries: Sequence[Delivery]) -> None:
    """One row for each; a fact that is said again is owed once, and of somebody erased nothing is told."""
    if deliveries:
        names = ("webhook_id", "event_id", "customer_id", "type", "occurred_at", "body")
        await tx.execute(_OWE, {name: [getattr(one, name) for one in deliveries] for name in names})


async def forget(tx: Tx, customer_ids: Collection[str]) -> None:
    """Everything of these customers, delivered or not."""
    if customer_ids:
        await tx.execute(_FORGET, {"customer_ids": sorted(customer_ids)})


async def forget_old(tx: Tx, kept: timedelta, most: int) -> int:
    """What ended longer ago; how many there were, at most so many."""
    return int((await tx.execute(_FORGET_OLD, {"kept": kept, "most": most})).rowcount)


async def due(tx: Tx) -> list[str]:
    """Endpoints that something can be delivered to now."""
    return list((await tx.execute(_DUE)).scalars())


async def take(tx: Tx, webhook_id: str, most: int, lease: timedelta) -> list[Delivery]:
    """Deliveries in hand, one alone for an endpoint that has failed again and again; due again after `lease`."""
    values = {"webhook_id": webhook_id, "most": most, "lease": lease, "rests_after": RESTS_AFTER}
    names = Delivery.__struct_fields__
    return [Delivery(**{name: row[name] for name in names}) for row in (await tx.execute(_TAKE, values)).mappings()]


async def record(
    tx: Tx, webhook_id: str, attempts: Mapping[str, int], results: Sequence[tuple[Attempt, Retry | None]]
) -> None:
    """What became of deliveries in hand (`attempts` by event id), and what that says about their endpoint."""
    rows = {
        "event_id": [one.event_id for one, _ in results],
        "attempts": [attempts[one.event_id] for one, _ in results],
        "status": [one.status for one, _ in results],
        "error": [one.error for one, _ in results],
        "arrived": [one.fate is Fate.arrived for one, _ in results],
        "next_at": [retry.next_at if retry else None for _, retry in results],
    }
    await tx.execute(_RECORD, {"webhook_id": webhook_id} | rows)
    rests = [retry.rests_until for _, retry in results if retry and retry.rests_until]
    values: dict[str, Any] = {"webhook_id": webhook_id, "rests_until": max(rests, default=None)}
    failures = sum(one.fate is Fate.failed for one, _ in results)
    if failures < len(results):
        await tx.execute(_WELL, values)
    else:
        await tx.execute(_ILL, values | {"failures": failures})
    if any(one.fate is Fate.gone for one, _ in results):
        await tx.execute(_DISABLE, {"webhook_id": webhook_id, "reason": "gone"})
        await tx.execute(_END_OWED, {"webhook_id": webhook_id})


async def deliveries(
    tx: Tx, webhook_id: str, *, state: DeliveryState | None, before: tuple[datetime, str] | None, most: int
) -> list[Known]:
    """What an endpoint was owed, the latest first."""
    values = {
        "webhook_id": webhook_id, "state": state, "most": most,
        "before_at": before and before[0], "before_id": before and before[1],
    }  # fmt: skip
    return [_known(row) for row in (await tx.execute(_DELIVERIES, values)).mappings()]


async def counts(tx: Tx) -> dict[str, Counts]:
    """By endpoint."""
    return {row.webhook_id: Counts(row.waiting, row.arrived, row.failed) for row in await tx.execute(_COUNTS)}


async def replay(
    tx: Tx, webhook_id: str, *, event_id: str | None = None, since: datetime | None = None, arrived_too: bool
) -> int:
    """Deliver once more, under the same ids; how many. Raises NotFound (unknown_delivery) for one that is not kept."""
    named = {"webhook_id": webhook_id, "event_id": event_id}
    if event_id is not None and not (await tx.execute(_IS_OWED, named)).scalar_one():
        raise NotFound("unknown_delivery", f"Nothing is kept of delivery {event_id}.")
    return int((await tx.execute(_REPLAY, named | {"since": since, "arrived_too": arrived_too})).rowcount)


def _endpoint(row: RowMapping) -> Endpoint:
    return Endpoint(**{name: row[name] for name in _ENDPOINT} | {"types": tuple(row["types"])})


def _known(row: RowMapping) -> Known:
    ended = DeliveryState.arrived if row["arrived"] else DeliveryState.failed
    state = DeliveryState.waiting if row["ended_at"] is None else ended
    return Known(**{name: row[name] for name in Known._fields if name != "state"}, state=state)
