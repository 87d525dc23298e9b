"""Records that were not applied, kept as they are, each with its reason.

Of unreadable records that may hold names and addresses only a service that takes such facts keeps the bytes, and it
keeps them in its safe (`Service.safe`): encrypted, and gone with the person.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import text

from chassis.errors import Conflict, NotFound
from chassis.reading import RawRecord
from chassis.service import Content, Service, Tx
from contracts.envelope import entry_of
from contracts.storefront import CARRY_CONTACTS


@dataclass(frozen=True)
class Parking:
    """A record to be parked, and why."""

    record: RawRecord
    reason: str
    detail: str
    customer_id: str | None = None
    event_id: str | None = None


def for_others(service: Service) -> frozenset[str]:
    """Topics of the service with facts that carry contacts, none of which it takes."""
    private = {entry_of(fact).type: entry_of(fact).topic for fact in CARRY_CONTACTS}
    return frozenset(
        topic
        for topic, wanted in service.wanted().items()
        if topic in private.values() and not any(topic == private.get(name) for name in wanted)
    )


def without_bytes(record: RawRecord) -> RawRecord:
    """The record's place, key and the names of its headers: enough to find it where it lies."""
    headers: list[tuple[str, Any]] = [(name, None) for name, _ in record.headers]
    return replace(record, value=None, headers=headers)


async def park(tx: Tx, service: Service, parkings: Sequence[Parking]) -> None:
    """Keep records as they are, with the reason. Parking the same record again changes nothing."""
    if not parkings:
        return
    records = await _put_away(tx, service, parkings)
    await tx.execute(
        _PARK,
        {
            "topics": [record.topic for record in records],
            "partitions": [record.partition for record in records],
            "offsets": [record.offset for record in records],
            "timestamps": [record.timestamp_ms for record in records],
            "keys": [record.key for record in records],
            "contents": [record.value for record in records],
            "headers": [headers_to_bytes(record.headers) for record in records],
            "reasons": [parking.reason for parking in parkings],
            "details": [parking.detail.replace("\x00", "")[:1_000] for parking in parkings],
            "customers": [parking.customer_id for parking in parkings],
            "events": [parking.event_id for parking in parkings],
        },
    )


async def _put_away(tx: Tx, service: Service, parkings: Sequence[Parking]) -> list[RawRecord]:
    """The records as they are stored: those that may hold names and addresses as the safe gives them."""
    safe_topics = _in_safe(service)
    records = [
        without_bytes(record) if record.value is None and record.topic in safe_topics else record
        for record in (parking.record for parking in parkings)
    ]
    places = [place for place, record in enumerate(records) if record.topic in safe_topics and record.value is not None]
    if service.safe is None or not places:
        return records
    contents = [_content(records[place], parkings[place].customer_id) for place in places]
    for place, kept in zip(places, await service.safe.put(tx, contents), strict=True):
        records[place] = replace(records[place], value=kept, headers=[])
    return records


async def _taken_out(tx: Tx, service: Service, rows: Sequence[Mapping[str, Any]]) -> list[RawRecord]:
    """The records of rows as they came; without a value where that cannot be read any more."""
    records = [_record(row) for row in rows]
    places = [place for place, record in enumerate(records) if record.topic in _in_safe(service) and record.value]
    if service.safe is None or not places:
        return records
    contents = [Content(_place(records[p]), rows[p]["customer_id"], records[p].value or b"") for p in places]
    for place, found in zip(places, await service.safe.take(tx, contents), strict=True):
        value, headers = unpacked(found) if found else (None, headers_to_bytes([]))
        records[place] = replace(records[place], value=value, headers=headers_from_bytes(headers))
    return records


def _in_safe(service: Service) -> frozenset[str]:
    """Topics of which the service keeps in its safe what it parks."""
    return frozenset(entry_of(fact).topic for fact in CARRY_CONTACTS) if service.safe else frozenset()


def _content(record: RawRecord, customer_id: str | None) -> Content:
    return Content(_place(record), customer_id, packed(record.value or b"", headers_to_bytes(record.headers)))


def _place(record: RawRecord) -> str:
    return f"{record.topic}/{record.partition}/{record.offset}"


def _record(row: Mapping[str, Any]) -> RawRecord:
    return RawRecord(
        row["topic"], row["partition"], row["offset"], row["timestamp_ms"], row["key"], row["value"],
        headers_from_bytes(row["headers"]),
    )  # fmt: skip


def packed(value: bytes, headers: bytes) -> bytes:
    """What of a record goes into the safe, as one."""
    return msgspec.msgpack.encode((value, headers))


def unpacked(content: bytes) -> tuple[bytes, bytes]:
    """Value and headers."""
    return msgspec.msgpack.decode(content, type=tuple[bytes, bytes])


_PARK = text("""
    insert into parked_events (topic, partition, "offset", timestamp_ms, key, value, headers, reason, detail,
                               customer_id, event_id)
    select topic, partition, "offset", timestamp_ms, key, value, headers, reason, detail, customer_id, event_id
    from unnest(cast(:topics as text[]), cast(:partitions as integer[]), cast(:offsets as bigint[]),
                cast(:timestamps as bigint[]), cast(:keys as bytea[]), cast(:contents as bytea[]),
                cast(:headers as bytea[]), cast(:reasons as text[]), cast(:details as text[]),
                cast(:customers as text[]), cast(:events as text[]))
         with ordinality as v (topic, partition, "offset", timestamp_ms, key, value, headers, reason, detail,
                               customer_id, event_id, place)
    order by place on conflict (topic, partition, "offset") do nothing
""")


def headers_to_bytes(headers: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Kafka headers as one JSON text of pairs; each byte of a content is one character, null stays null."""
    return msgspec.json.encode(
        [(name, None if content is None else content.decode("latin-1")) for name, content in headers]
    )


def headers_from_bytes(stored: bytes) -> list[tuple[str, bytes]]:
    """What `headers_to_bytes` has kept."""
    pairs = msgspec.json.decode(stored, type=list[tuple[str, str | None]])
    return [(name, None if content is None else content.encode("latin-1")) for name, content in pairs]  # type: ignore[misc]  # Kafka allows null contents, aiokafka's type does not say so


async def listed(
    tx: Tx, *, reason: str | None, customer_id: str | None, state: str, after: int, most: int
) -> list[dict[str, Any]]:
    """Parked records without their bytes, oldest first."""
    values = {"reason": reason, "customer_id": customer_id, "state": state, "after": after, "most": most}
    return [dict(row._mapping) for row in await tx.execute(_LISTED, values)]


_COLUMNS = (
    """parked_id, topic, partition, "offset", reason, detail, customer_id, event_id, attempts, state, parked_at"""
)
_LISTED = text(f"""
    select {_COLUMNS} from parked_events
    where state = :state and parked_id > :after
      and (cast(:reason as text) is null or reason = :reason)
      and (cast(:customer_id as text) is null or customer_id = :customer_id)
    order by parked_id limit :most
""")  # noqa: S608 the columns are ours


async def one(tx: Tx, service: Service, parked_id: int) -> dict[str, Any]:
    """One parked record with its bytes, and where they are if not here; `NotFound` when there is none."""
    rows = await tx.execute(text("select * from parked_events where parked_id = :parked_id"), {"parked_id": parked_id})
    row = rows.mappings().first()
    if row is None:
        raise NotFound("not_found", f"There is no parked record {parked_id}.")
    [record] = await _taken_out(tx, service, [dict(row)])
    encoded = None if record.value is None else b64encode(record.value).decode()
    return {**row, "value_base64": encoded, "bytes_at": _bytes_at(service, dict(row), record)}


def _bytes_at(service: Service, row: Mapping[str, Any], record: RawRecord) -> str | None:
    """Where the bytes are, for people; None when there is nothing to look for."""
    if row["value"] is not None and record.value is None:
        return "Nowhere: they cannot be read any more. The person was forgotten, or they lay here for too long."
    if record.value is not None or row["topic"] not in for_others(service):
        return None
    return (
        "Not kept here: they may hold names and addresses. In Kafka they are at "
        f"{row['topic']}, partition {row['partition']}, offset {row['offset']}; the service that takes "
        f"{' and '.join(entry_of(fact).type for fact in CARRY_CONTACTS)} has parked them whole."
    )


async def counts(tx: Tx) -> Counter[str]:
    """How many records are parked, by reason."""
    rows = await tx.execute(
        text("select reason, count(*) as number from parked_events where state = 'parked' group by reason")
    )
    return Counter({row.reason: row.number for row in rows})


@dataclass(frozen=True)
class Waiting:
    """A parked record that may be taken up again."""

    parked_id: int
    record: RawRecord
    """Without a value when that cannot be read any more."""
    reason: str


async def waiting_customers(tx: Tx, reason: str, most: int) -> list[str]:
    """Customers with a record parked for `reason`, longest waiting first, then those blocked by a deadline for it."""
    rows = await tx.execute(_WAITING_CUSTOMERS, {"reason": reason, "most": most})
    return [row.customer_id for row in rows]


_WAITING_CUSTOMERS = text("""
    select customer_id, min(parked_id) as first from parked_events
    where state = 'parked' and customer_id is not null and value is not null and reason = :reason
    group by customer_id
    union
    select customer_id, null from customers c
    where blocked_at is not null and blocked_reason = :reason
      and not exists (select from parked_events p
                      where p.customer_id = c.customer_id and p.state = 'parked' and p.reason = :reason)
    order by first nulls last, customer_id limit :most
""")


async def waiting_of(tx: Tx, service: Service, customer_id: str) -> list[Waiting]:
    """A customer's parked records in the order in which they came; not those without bytes. The lock is held."""
    rows = [dict(row) for row in (await tx.execute(_WAITING_OF, {"customer_id": customer_id})).mappings()]
    records = await _taken_out(tx, service, rows)
    return [Waiting(row["parked_id"], record, row["reason"]) for row, record in zip(rows, records, strict=True)]


_WAITING_OF = text("""
    select * from parked_events
    where state = 'parked' and customer_id = :customer_id and value is not null order by parked_id
""")


async def discard(tx: Tx, service: Service, parked_id: int, actor: str) -> None:
    """Give a record up for good; its bytes stay. `Conflict` when it is not parked any more."""
    found = await one(tx, service, parked_id)
    if found["state"] != "parked":
        raise Conflict("not_parked", f"Record {parked_id} is {found['state']} already.")
    await close(tx, [parked_id], state="discarded", actor=actor)


async def close(tx: Tx, parked_ids: Sequence[int], *, state: str, actor: str) -> None:
    """Mark records as `redriven` or `discarded`; their bytes stay."""
    if parked_ids:
        await tx.execute(_CLOSE, {"ids": list(parked_ids), "state": state, "actor": actor})


_CLOSE = text("""
    update parked_events p set state = :state, closed_at = now(), closed_by = :actor
    from unnest(cast(:ids as bigint[])) as v (parked_id) where p.parked_id = v.parked_id
""")


async def keep(tx: Tx, refused: Sequence[tuple[int, str, str]]) -> None:
    """Records that were refused again, as (parked id, reason, detail)."""
    if refused:
        ids, reasons, details = zip(*refused, strict=True)
        await tx.execute(_KEEP, {"ids": list(ids), "reasons": list(reasons), "details": list(details)})


_KEEP = text("""
    update parked_events p set attempts = attempts + 1, reason = v.reason, detail = v.detail
    from unnest(cast(:ids as bigint[]), cast(:reasons as text[]), cast(:details as text[]))
         as v (parked_id, reason, detail)
    where p.parked_id = v.parked_id
""")
