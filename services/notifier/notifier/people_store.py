"""People as they are stored, under a key of their own, and their circumstances. Transaction first, never commits."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import RowMapping, text

from chassis.arrays import array
from chassis.service import Tx
from notifier import key_store
from notifier.circumstances import Circumstances
from notifier.people import BLANK, ERASED, Person
from notifier.vaults import Vault, decrypted, encrypted

Known = tuple[Person, Circumstances]

_KNOWN = text("""
select wanted.customer_id, people.erased, people.document as person, keys.master_id, keys.wrapped,
       circumstances.document as circumstances
from unnest(cast(:customer_ids as text)::text[]) as wanted (customer_id)
left join people using (customer_id)
left join keys.people as keys using (customer_id)
left join circumstances using (customer_id)
""")

_PEOPLE = text("""
select customer_id, people.erased, people.document as person, keys.master_id, keys.wrapped
from people left join keys.people as keys using (customer_id)
where customer_id = any(cast(:customer_ids as text)::text[])
""")

_KEEP_PEOPLE = text("""
insert into people (customer_id, erased, document)
select * from unnest(cast(:customer_ids as text[]), cast(:erased as boolean[]), cast(:documents as bytea[]))
on conflict (customer_id) do update set erased = excluded.erased, document = excluded.document
""")

_KEEP_CIRCUMSTANCES = text("""
insert into circumstances (customer_id, document)
select * from unnest(cast(:customer_ids as text[]), cast(cast(:documents as text[]) as jsonb[]))
on conflict (customer_id) do update set document = excluded.document
""")


async def people_and_circumstances_of(tx: Tx, vault: Vault, customer_ids: Sequence[str]) -> dict[str, Known]:
    """Per customer; blank for one who was never heard of. Raises `KeysMissing`."""
    rows = await tx.execute(_KNOWN, {"customer_ids": array(customer_ids)})
    return {row["customer_id"]: (_person(row, vault), _circumstances(row["circumstances"])) for row in rows.mappings()}


async def people_of(tx: Tx, vault: Vault, customer_ids: Sequence[str]) -> dict[str, Person]:
    """The same without their circumstances, for who only writes to them."""
    rows = await tx.execute(_PEOPLE, {"customer_ids": array(customer_ids)})
    known = {row["customer_id"]: _person(row, vault) for row in rows.mappings()}
    return {customer_id: known.get(customer_id, BLANK) for customer_id in customer_ids}


async def keep_people(tx: Tx, vault: Vault, people: Mapping[str, Person]) -> None:
    """Of somebody erased nothing is kept but that they were: their key is destroyed."""
    if people:
        ordered = sorted(people)
        erased = [customer_id for customer_id in ordered if people[customer_id].erased]
        keys = await key_store.made_keys_of(tx, vault, people.keys() - set(erased))
        documents = [_sealed(people[one], keys[one], one) if one in keys else None for one in ordered]
        values = {"customer_ids": ordered, "erased": [people[one].erased for one in ordered], "documents": documents}
        await tx.execute(_KEEP_PEOPLE, values)
        await key_store.destroy(tx, erased)


async def keep_circumstances(tx: Tx, circumstances: Mapping[str, Circumstances]) -> None:
    """Orders and issues as they are now."""
    if circumstances:
        ordered = sorted(circumstances)
        documents = [_encode(circumstances[one]).decode() for one in ordered]
        await tx.execute(_KEEP_CIRCUMSTANCES, {"customer_ids": ordered, "documents": documents})


def _person(row: RowMapping, vault: Vault) -> Person:
    """Whose key is gone counts as erased: they are not written to, and nothing is written over what they were."""
    if row["erased"] or (row["person"] and not row["wrapped"]):
        return ERASED
    if not row["person"]:
        return BLANK
    customer_id = row["customer_id"]
    key = key_store.unwrapped(vault, customer_id, row["master_id"], row["wrapped"])
    return _decode_person(decrypted(key, row["person"], customer_id))


def _sealed(person: Person, key: AESGCM, customer_id: str) -> bytes:
    return encrypted(key, _encode(person), customer_id)


def _circumstances(document: Any) -> Circumstances:
    return msgspec.convert(document, Circumstances) if document else Circumstances()


_encode = msgspec.json.Encoder().encode
_decode_person = msgspec.json.Decoder(Person).decode
