"""People are encrypted, each under a key of their own, and so is what lies parked of the topic with their contacts.

In one transaction, with `people` locked: whoever still runs the old code waits and then finds a table that it cannot
write to, so nothing is written in clear behind our back. It goes by chunks, so that memory does not grow with the shop.
The old table is dropped, not emptied: its file goes, and with it every row of before, dead or alive. What was
written ahead (WAL) and older backups hold it until they are gone; parked rows in clear until the next `vacuum full`.
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.parked import packed, unpacked
from notifier.vaults import Vault, Wrapped, decrypted, encrypted

revision = "0006"
down_revision = "0004"

CHUNK = 5_000

_UP = """
create schema keys;
create table keys.people (
    customer_id text primary key,
    master_id   text not null,                       -- which master key wraps it
    wrapped     bytea not null,
    made_at     timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0);
create table keys.days (
    day       date primary key,                      -- of what names nobody; destroyed after thirty
    master_id text not null,
    wrapped   bytea not null
);
lock table people in access exclusive mode;
alter table people rename to people_of_before;
alter index people_pkey rename to people_of_before_pkey;
create table people (
    customer_id text primary key,
    erased      boolean not null,
    document    bytea,                               -- under the person's key; null after erasure
    check (document is null or not erased)
)
"""
_DOWN = """
lock table people in access exclusive mode;
alter table people rename to people_of_later;
alter index people_pkey rename to people_of_later_pkey;
create table people (
    customer_id text primary key,
    erased      boolean not null,
    document    jsonb,
    check (document is null or not erased)
)
"""
_PEOPLE = """select p.*, k.master_id, k.wrapped from {table} p left join keys.people k using (customer_id)
    where p.customer_id > :after order by p.customer_id limit :most"""
_PARKED = """select e.parked_id, e.topic || '/' || e.partition || '/' || e."offset" as place, e.customer_id, e.value,
       e.headers, cast(e.parked_at at time zone 'utc' as date) as day, coalesce(p.erased, false) as erased,
       k.master_id, k.wrapped, d.master_id as day_master_id, d.wrapped as day_wrapped
    from parked_events e left join {table} p using (customer_id) left join keys.people k using (customer_id)
    left join keys.days d on e.customer_id is null and d.day = cast(e.parked_at at time zone 'utc' as date)
    where e.topic = 'storefront.customers' and e.value is not null and e.parked_id > :after
    order by e.parked_id limit :most"""
_KEEP_KEYS = """insert into keys.people (customer_id, master_id, wrapped)
    select * from unnest(cast(:owners as text[]), cast(:master_ids as text[]), cast(:wrapped as bytea[]))
    on conflict do nothing"""
_KEEP_DAYS = """insert into keys.days (day, master_id, wrapped)
    select cast(owner as date), master_id, wrapped
    from unnest(cast(:owners as text[]), cast(:master_ids as text[]), cast(:wrapped as bytea[]))
      as v (owner, master_id, wrapped) on conflict do nothing"""
_KEEP_SEALED = """insert into people (customer_id, erased, document)
    select * from unnest(cast(:ids as text[]), cast(:erased as boolean[]), cast(:documents as bytea[]))"""
_KEEP_PLAIN = """insert into people (customer_id, erased, document)
    select * from unnest(cast(:ids as text[]), cast(:erased as boolean[]),
                         cast(cast(:documents as text[]) as jsonb[]))"""
_KEEP_PARKED = """update parked_events e set value = v.value, headers = v.headers
    from unnest(cast(:ids as bigint[]), cast(:contents as bytea[]), cast(:headers as bytea[]))
      as v (parked_id, value, headers)
    where e.parked_id = v.parked_id"""


def upgrade() -> None:
    _all(_UP)
    for rows in _chunks(_PEOPLE.format(table="people_of_before"), "customer_id", ""):
        _seal_people(rows)
    for rows in _chunks(_PARKED.format(table="people"), "parked_id", 0):
        _seal_parked(rows)
    op.execute("drop table people_of_before")


def downgrade() -> None:
    _all(_DOWN)
    for rows in _chunks(_PARKED.format(table="people_of_later"), "parked_id", 0):
        _open_parked(rows)
    for rows in _chunks(_PEOPLE.format(table="people_of_later"), "customer_id", ""):
        _open_people(rows)
    op.execute("drop table people_of_later")
    op.execute("drop schema keys cascade")


def _all(statements: str) -> None:
    for statement in statements.split(";\n"):
        op.execute(statement)


def _chunks(query: str, key: str, first: Any) -> Iterator[Sequence[Any]]:
    after = first
    while rows := op.get_bind().execute(sa.text(query), {"after": after, "most": CHUNK}).all():
        after = getattr(rows[-1], key)
        yield rows


def _do(statement: str, **values: Any) -> None:
    op.get_bind().execute(sa.text(statement), values)


def _vault() -> Vault:
    return Vault.from_setting(os.environ.get("NOTIFIER_MASTER_KEYS", ""))


def _keep_keys(statement: str, keys: dict[str, Wrapped]) -> None:
    made = list(keys.values())
    _do(statement, owners=list(keys), master_ids=[key.master_id for key in made], wrapped=[k.content for k in made])


def _seal_people(rows: Sequence[Any]) -> None:
    vault = _vault()
    keys = {row.customer_id: vault.new_key(row.customer_id) for row in rows if row.document is not None}
    _keep_keys(_KEEP_KEYS, keys)
    documents = []
    for row in rows:
        key = keys.get(row.customer_id)
        plain = json.dumps(row.document, separators=(",", ":")).encode()
        documents.append(key and encrypted(vault.unwrap(key, row.customer_id), plain, row.customer_id))
    _do(_KEEP_SEALED, ids=[row.customer_id for row in rows], erased=[row.erased for row in rows], documents=documents)


def _seal_parked(rows: Sequence[Any]) -> None:
    """What was parked more than thirty days ago and names nobody gets a key that is destroyed at the next sweep."""
    vault = _vault()
    people = {row.customer_id: Wrapped(row.master_id, row.wrapped) for row in rows if row.wrapped}
    unknown = {row.customer_id for row in rows if row.customer_id and not row.erased} - people.keys()
    new = {customer_id: vault.new_key(customer_id) for customer_id in sorted(unknown)}
    days = {row.day.isoformat(): Wrapped(row.day_master_id, row.day_wrapped) for row in rows if row.day_wrapped}
    named = {row.day.isoformat() for row in rows if row.customer_id is None}
    new_days = {day: vault.new_key(day) for day in sorted(named - days.keys())}
    _keep_keys(_KEEP_KEYS, new)
    _keep_keys(_KEEP_DAYS, new_days)
    people, days = people | new, days | new_days
    contents: list[bytes | None] = []
    for row in rows:
        owner, day = row.customer_id, row.day.isoformat()
        key, mark = (people.get(owner), b"p") if owner else (days[day], b"d" + day.encode())
        plain = packed(row.value, row.headers)
        contents.append(key and mark + encrypted(vault.unwrap(key, owner or day), plain, row.place))
    headers = [b"[]"] * len(rows)
    _do(_KEEP_PARKED, ids=[row.parked_id for row in rows], contents=contents, headers=headers)


def _open_people(rows: Sequence[Any]) -> None:
    vault = _vault()
    documents = [
        row.document
        and row.wrapped
        and decrypted(
            vault.unwrap(Wrapped(row.master_id, row.wrapped), row.customer_id), row.document, row.customer_id
        ).decode()
        for row in rows
    ]
    _do(_KEEP_PLAIN, ids=[row.customer_id for row in rows], erased=[row.erased for row in rows], documents=documents)


def _open_parked(rows: Sequence[Any]) -> None:
    vault = _vault()
    ids, contents, headers = [], [], []
    for row in rows:
        owner, day = row.customer_id, row.day.isoformat()
        master_id, wrapped = (row.master_id, row.wrapped) if owner else (row.day_master_id, row.day_wrapped)
        value, kept = None, b"[]"
        if wrapped:
            key = vault.unwrap(Wrapped(master_id, wrapped), owner or day)
            value, kept = unpacked(decrypted(key, row.value[1 if owner else 11 :], row.place))
        ids.append(row.parked_id)
        contents.append(value)
        headers.append(kept)
    _do(_KEEP_PARKED, ids=ids, contents=contents, headers=headers)
