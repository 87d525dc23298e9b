"""All SQL of keys: one for each person, and one for each day for what names nobody. Never commits.

They lie in a schema of their own, `keys`, so that long backups can leave them out: who destroys a key has destroyed
everything under it, wherever a copy lies. Wrapped, they are of no use without a master key.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from chassis.service import Tx
from chassis.trouble import SameFailure
from notifier.vaults import Vault, Wrapped

KEPT_DAYS = 30
"""So long do keys last that belong to nobody known: of days, and of those whom only a parked record ever named."""

_OF_PEOPLE = text("""
select customer_id, master_id, wrapped from keys.people
join unnest(cast(:customer_ids as text[])) as v (customer_id) using (customer_id)
""")

_MAKE_FOR_PEOPLE = text("""
insert into keys.people (customer_id, master_id, wrapped)
select v.* from unnest(cast(:customer_ids as text[]), cast(:master_ids as text[]), cast(:wrapped as bytea[]))
  as v (customer_id, master_id, wrapped)
where not exists (select from people p where p.customer_id = v.customer_id and p.erased)
order by 1 on conflict do nothing
""")

_DESTROY = text("""
delete from keys.people k using unnest(cast(:customer_ids as text[])) as v (customer_id)
where k.customer_id = v.customer_id
""")

_TODAY = text("select cast(now() at time zone 'utc' as date)")
_OF_DAYS = text("select day, master_id, wrapped from keys.days where day = any(cast(:days as date[]))")
_MAKE_FOR_DAY = text("""
insert into keys.days (day, master_id, wrapped) values (:day, :master_id, :wrapped) on conflict do nothing
""")

_SWEEP = (
    text(f"delete from keys.days where day < cast(now() at time zone 'utc' as date) - {KEPT_DAYS}"),  # noqa: S608 ours
    text(f"""
    delete from keys.people k where made_at < now() - interval '{KEPT_DAYS} days'
      and not exists (select from people p where p.customer_id = k.customer_id)
    """),  # noqa: S608 ours
    text("delete from keys.people k using people p where p.customer_id = k.customer_id and p.erased"),
)

_MASTERS = text("""
select master_id, count(*) as number from (select master_id from keys.people union all select master_id from keys.days)
  as every_key group by 1 order by 1
""")

_LOCKED_OUT = text("""
select count(*) from people p
where document is not null and not exists (select from keys.people k where k.customer_id = p.customer_id)
""")

_WRAPPED_OTHERWISE = text("""
select customer_id as owner, master_id, wrapped from keys.people where master_id <> :master_id
order by 1 limit :most for update
""")
_DAYS_WRAPPED_OTHERWISE = text("""
select cast(day as text) as owner, master_id, wrapped from keys.days where master_id <> :master_id
order by 1 limit :most for update
""")
_WRAP = """
update keys.{table} k set master_id = v.master_id, wrapped = v.wrapped
from unnest(cast(:owners as text[]), cast(:master_ids as text[]), cast(:wrapped as bytea[]))
  as v (owner, master_id, wrapped)
where {owner} = v.owner
"""
_WRAP_PEOPLE = text(_WRAP.format(table="people", owner="k.customer_id"))
_WRAP_DAYS = text(_WRAP.format(table="days", owner="cast(k.day as text)"))


class KeysMissing(SameFailure):
    """Keys are wrapped by a master key that we do not have: everybody concerned waits, and nothing is parked."""


async def keys_of(tx: Tx, vault: Vault, customer_ids: Collection[str]) -> dict[str, AESGCM]:
    """The keys of those who have one. Raises `KeysMissing`."""
    if not customer_ids:
        return {}
    rows = await tx.execute(_OF_PEOPLE, {"customer_ids": sorted(customer_ids)})
    return {row.customer_id: unwrapped(vault, row.customer_id, row.master_id, row.wrapped) for row in rows}


async def made_keys_of(tx: Tx, vault: Vault, customer_ids: Collection[str]) -> dict[str, AESGCM]:
    """Their keys, made for those who have none; nobody erased gets a new one."""
    found = await keys_of(tx, vault, customer_ids)
    missing = sorted(set(customer_ids) - found.keys())
    if not missing:
        return found
    fresh = [vault.new_key(customer_id) for customer_id in missing]
    values = {
        "customer_ids": missing,
        "master_ids": [key.master_id for key in fresh],
        "wrapped": [key.content for key in fresh],
    }
    await tx.execute(_MAKE_FOR_PEOPLE, values)
    return found | await keys_of(tx, vault, missing)  # asked again: another worker may have made one meanwhile


async def destroy(tx: Tx, customer_ids: Collection[str]) -> None:
    """For good."""
    if customer_ids:
        await tx.execute(_DESTROY, {"customer_ids": sorted(customer_ids)})


async def today(tx: Tx, vault: Vault) -> tuple[date, AESGCM]:
    """The day by the database's clock (UTC), and its key."""
    day: date = (await tx.execute(_TODAY)).scalar_one()
    found = await keys_of_days(tx, vault, [day])
    if day not in found:
        made = vault.new_key(day.isoformat())
        await tx.execute(_MAKE_FOR_DAY, {"day": day, "master_id": made.master_id, "wrapped": made.content})
        found = await keys_of_days(tx, vault, [day])
    return day, found[day]


async def keys_of_days(tx: Tx, vault: Vault, days: Collection[date]) -> dict[date, AESGCM]:
    """Those that are not destroyed yet."""
    rows = await tx.execute(_OF_DAYS, {"days": sorted(days)}) if days else ()
    return {row.day: unwrapped(vault, row.day.isoformat(), row.master_id, row.wrapped) for row in rows}


async def sweep(tx: Tx) -> int:
    """Destroy what has had its time, and what was made for somebody while they were erased; how many keys."""
    return sum([(await tx.execute(statement)).rowcount for statement in _SWEEP])


async def masters(tx: Tx) -> dict[str, int]:
    """How many keys each master key wraps, by its id."""
    return {row.master_id: row.number for row in await tx.execute(_MASTERS)}


async def locked_out(tx: Tx) -> int:
    """People whose key is not there though they were not erased: a backup was put back without the newest keys."""
    number: int = (await tx.execute(_LOCKED_OUT)).scalar_one()
    return number


async def rewrap(tx: Tx, vault: Vault, most: int) -> int:
    """Wrap at most so many keys by the master key that wraps now; 0 when all are."""
    wanted = {"master_id": vault.wrapping_id, "most": most}
    for select, update in ((_WRAPPED_OTHERWISE, _WRAP_PEOPLE), (_DAYS_WRAPPED_OTHERWISE, _WRAP_DAYS)):
        rows = (await tx.execute(select, wanted)).all()
        if rows:
            again = {row.owner: vault.rewrapped(Wrapped(row.master_id, row.wrapped), row.owner) for row in rows}
            await tx.execute(update, _columns(again))
            return len(rows)
    return 0


def unwrapped(vault: Vault, owner: str, master_id: str, wrapped: bytes) -> AESGCM:
    """One key out of its row. Raises `KeysMissing` when its master key is not ours."""
    if master_id not in vault.masters:
        raise KeysMissing(f"NOTIFIER_MASTER_KEYS lacks the key {master_id}, and it wraps keys of people")
    return vault.unwrap(Wrapped(master_id, wrapped), owner)


def _columns(keys: Mapping[str, Wrapped]) -> dict[str, Sequence[str] | Sequence[bytes]]:
    return {
        "owners": list(keys),
        "master_ids": [key.master_id for key in keys.values()],
        "wrapped": [key.content for key in keys.values()],
    }
