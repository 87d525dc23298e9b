"""SQL of addresses that are not written to, and of which mail went to which address: hashes, never addresses."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import RowMapping, text

from chassis.arrays import array
from chassis.service import Tx
from notifier.messages import Message
from notifier.store import message_of
from notifier.suppressions import AddressBook, Lifted, Reach, SoftBounce, Suppression

REMEMBERED = timedelta(days=90)
"""Where a mail went, and bounces that may pass: a report that comes later than that is of no use."""

_SUPPRESSIONS = text("""
select s.* from suppressions s
join unnest(cast(:hashes as text)::bytea[]) as wanted (address_hash) using (address_hash)
where s.lifted_at is null
""")

_SOFT = text("""
select b.* from soft_bounces b
join unnest(cast(:hashes as text)::bytea[]) as wanted (address_hash) using (address_hash)
order by b.bounced_at, b.message_id
""")

_MAILED = text("""
select m.message_id, m.address_hash from mailed m
join unnest(cast(:message_ids as text)::text[]) as wanted (message_id) using (message_id)
""")

_INSIDE = text("""
select m.* from messages m
join unnest(cast(:customer_ids as text)::text[], cast(:message_ids as text)::text[])
  as wanted (customer_id, message_id)
  on m.customer_id = wanted.customer_id and m.inside = wanted.message_id
""")

_NOTE_MAILED = text("""
insert into mailed (message_id, address_hash, mailed_at)
select * from unnest(cast(:message_ids as text)::text[], cast(:hashes as text)::bytea[],
                     cast(:at as text)::timestamptz[])
on conflict (message_id) do update set address_hash = excluded.address_hash, mailed_at = excluded.mailed_at
""")

_FORGET_MAILED_OF = text("""
delete from mailed d using messages m
where m.message_id = d.message_id and m.customer_id = any(cast(:customer_ids as text[]))
""")

_FORGET_OLD = [
    text(f"""
    delete from {table} where ctid = any(array(
        select ctid from {table} where {at} < :before order by {at} limit :most for update skip locked))
    """)  # noqa: S608 ours
    for table, at in (("mailed", "mailed_at"), ("soft_bounces", "bounced_at"))
]

_SUPPRESS = text("""
insert into suppressions (address_hash, reach, reason, since, until, evidence)
select * from unnest(cast(:hashes as bytea[]), cast(:reaches as text[]), cast(:reasons as text[]),
                     cast(:since as timestamptz[]), cast(:until as timestamptz[]), cast(:evidence as text[]))
on conflict (address_hash, reach) do update
set (reason, since, until, evidence, lifted_at, lifted_because)
  = (excluded.reason, excluded.since, excluded.until, excluded.evidence, null, null)
""")

_KEEP_SOFT = text("""
insert into soft_bounces (address_hash, message_id, bounced_at)
select * from unnest(cast(:hashes as bytea[]), cast(:message_ids as text[]), cast(:at as timestamptz[]))
on conflict do nothing
""")

_TRUST = (
    text("delete from soft_bounces where address_hash = any(cast(:hashes as bytea[]))"),
    text("""
    update suppressions set lifted_at = :at, lifted_because = 'arrived'
    where address_hash = any(cast(:hashes as bytea[])) and reach = 'everything' and until is not null
      and lifted_at is null
    """),
)

_LIFT = text("""
update suppressions set lifted_at = :at, lifted_because = :because
where address_hash = :address_hash and lifted_at is null
""")
_FORGIVE = text("delete from soft_bounces where address_hash = :address_hash")

_LISTED = text("""
select s.* from suppressions s
where s.lifted_at is null and (cast(:reason as text) is null or s.reason = :reason)
  and (cast(:before_at as timestamptz) is null
       or (s.since, s.address_hash, s.reach) < (:before_at, cast(:before_hash as bytea), cast(:before_reach as text)))
order by s.since desc, s.address_hash desc, s.reach desc limit :most
""")


class Mailed(NamedTuple):
    """A message that goes to an address."""

    message_id: str
    address_hash: bytes
    at: datetime


class Place(NamedTuple):
    """Where a page goes on: behind this one, newest first."""

    since: datetime
    address_hash: bytes
    reach: str


async def address_book(tx: Tx, hashes: Collection[bytes], message_ids: Collection[str] = ()) -> AddressBook:
    """What is known of these addresses, and of those that these mails went to."""
    mailed: dict[str, bytes] = {}
    if message_ids:
        rows = (await tx.execute(_MAILED, {"message_ids": array(sorted(message_ids))})).mappings()
        mailed = {row["message_id"]: row["address_hash"] for row in rows}
    every = sorted({*hashes, *mailed.values()})
    if not every:
        return AddressBook(mailed=mailed)
    wanted = {"hashes": _bytes(every)}
    suppressions = [_suppression(row) for row in (await tx.execute(_SUPPRESSIONS, wanted)).mappings()]
    soft: dict[bytes, tuple[SoftBounce, ...]] = {}
    if message_ids:  # they count only when one more comes
        for row in (await tx.execute(_SOFT, wanted)).mappings():
            one = SoftBounce(row["address_hash"], row["message_id"], row["bounced_at"])
            soft[one.address_hash] = (*soft.get(one.address_hash, ()), one)
    return AddressBook(
        suppressions={(one.address_hash, one.reach): one for one in suppressions}, soft=soft, mailed=mailed
    )


async def inside_of(tx: Tx, leading: Mapping[str, str]) -> list[Message]:
    """What went out inside of these messages; `leading` is the customer by message."""
    values = {"message_ids": array(leading), "customer_ids": array(leading.values())}
    return [message_of(row) for row in (await tx.execute(_INSIDE, values)).mappings()]


async def note_mailed(tx: Tx, mailed: Sequence[Mailed]) -> None:
    """These messages are about to go to these addresses."""
    if mailed:
        ordered = sorted(mailed)
        values = {
            "message_ids": array(one.message_id for one in ordered),
            "hashes": _bytes(one.address_hash for one in ordered),
            "at": array(one.at for one in ordered),
        }
        await tx.execute(_NOTE_MAILED, values)


async def forget_mailed_of(tx: Tx, customer_ids: Collection[str]) -> None:
    """Where mail of these people went; that addresses are suppressed stays."""
    if customer_ids:
        await tx.execute(_FORGET_MAILED_OF, {"customer_ids": sorted(customer_ids)})


async def forget_old(tx: Tx, now: datetime, most: int) -> bool:
    """What is of no use any more, the oldest first, so many of each; whether there may be more."""
    asked = {"before": now - REMEMBERED, "most": most}
    return max([(await tx.execute(statement, asked)).rowcount for statement in _FORGET_OLD]) == most


async def keep(tx: Tx, rows: Iterable[Suppression | SoftBounce | Lifted]) -> None:
    """Write what changed, in its order; of the same address the later one holds."""
    suppressed: dict[tuple[bytes, Reach], Suppression] = {}
    soft: list[SoftBounce] = []
    for row in rows:
        match row:
            case Suppression():
                suppressed[row.address_hash, row.reach] = row
            case SoftBounce():
                soft.append(row)
            case Lifted():
                suppressed.pop((row.address_hash, Reach.everything), None)
                soft = [one for one in soft if one.address_hash != row.address_hash]
                for statement in _TRUST:
                    await tx.execute(statement, {"hashes": [row.address_hash], "at": row.at})
    await _suppress(tx, [suppressed[place] for place in sorted(suppressed)])
    await _keep_soft(tx, sorted(soft, key=lambda one: (one.address_hash, one.message_id)))


async def lift(tx: Tx, address_hash: bytes, at: datetime, because: str) -> bool:
    """Somebody of the care team lets mail go there again; whether it was suppressed."""
    lifted = await tx.execute(_LIFT, {"address_hash": address_hash, "at": at, "because": because})
    await tx.execute(_FORGIVE, {"address_hash": address_hash})
    return lifted.rowcount > 0


async def listed(tx: Tx, *, reason: str | None, after: Place | None, most: int) -> list[Suppression]:
    """Newest first, those that were not lifted."""
    values = {
        "reason": reason,
        "before_at": after and after.since,
        "before_hash": after and after.address_hash,
        "before_reach": after and after.reach,
        "most": most,
    }
    return [_suppression(row) for row in (await tx.execute(_LISTED, values)).mappings()]


def _bytes(values: Iterable[bytes]) -> str:
    return array(f"\\x{one.hex()}" for one in values)


async def _suppress(tx: Tx, ordered: Sequence[Suppression]) -> None:
    if ordered:
        values = {
            "hashes": [one.address_hash for one in ordered],
            "reaches": [str(one.reach) for one in ordered],
            "reasons": [one.reason for one in ordered],
            "since": [one.since for one in ordered],
            "until": [one.until for one in ordered],
            "evidence": [one.evidence for one in ordered],
        }
        await tx.execute(_SUPPRESS, values)


async def _keep_soft(tx: Tx, ordered: Sequence[SoftBounce]) -> None:
    if ordered:
        values = {
            "hashes": [one.address_hash for one in ordered],
            "message_ids": [one.message_id for one in ordered],
            "at": [one.at for one in ordered],
        }
        await tx.execute(_KEEP_SOFT, values)


def _suppression(row: RowMapping) -> Suppression:
    return Suppression(
        address_hash=row["address_hash"], reach=Reach(row["reach"]), reason=row["reason"], since=row["since"],
        until=row["until"], evidence=row["evidence"],
    )  # fmt: skip
