"""Everything the four services concluded, as text that is the same wherever and however the same log was folded.

One line per row, sorted. In: every table of a service's own, its deadlines and decisions, who is blocked and what is
parked. Out: row ids, offsets, wall times (leases, arrival), positions, inbox and outbox, which say how something was
heard and not what was made of it; and the answers to commands, because commands are not on the topics. Of the one
command a replay has, the mail sender's report, the *outcome* is kept (a message is sent, at its simulated time), and
the wall time at which the mail server took it is not in the database at all.

People are compared as they are, not as they lie there: each is encrypted under a key that no two runs have in common.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from sqlalchemy import text

from deploy.local.replay.databases import Databases
from notifier.vaults import Vault, Wrapped, decrypted

HOW_IT_WAS_HEARD = frozenset(
    {"positions", "closings", "inbox", "outbox", "commands", "told_before", "mailed", "providers", "broadcasts",
     "broadcast_minutes", "api_keys", "audits", "alembic_version", "schema_revisions"}
)  # fmt: skip
"""Tables that differ with the way of hearing and hold nothing that was concluded."""
LEFT_OUT: Mapping[str, frozenset[str]] = {
    "decisions": frozenset({"decision_id"}),
    "customers": frozenset({"blocked_at"}),
    "messages": frozenset({"leased_until", "result", "provider"}),
    "suppressions": frozenset({"address_hash"}),
    "soft_bounces": frozenset({"address_hash"}),
    "parked_events": frozenset(
        {"parked_id", "topic", "partition", "offset", "timestamp_ms", "key", "value", "headers", "attempts",
         "parked_at", "closed_at", "closed_by"}
    ),
}  # fmt: skip
"""Columns that are no conclusions: row ids, offsets, wall times, who carried a mail, hashes under a run's own key."""
_TABLES = """
    select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = current_schema and c.relkind in ('r', 'p') and not c.relispartition order by 1
"""


PEOPLE = ("notifier", "people")
AFTER_MAILS = frozenset({"notifier", "feedback"})
"""Services that hear what the mail server answered; nothing of it ever reaches the others."""


async def canonical(databases: Databases, unsure: Collection[str] = ()) -> bytes:
    """The text; equal texts are the same conclusions.

    `unsure` are customers whose rows are left out where they could depend on an answer of the mail server.
    """
    lines: list[bytes] = []
    for service in sorted(databases.services):
        left_out = set(unsure) if service in AFTER_MAILS else set()
        for table in await tables_of(databases, service):
            if table not in HOW_IT_WAS_HEARD:
                prefix = f"{service}.{table} ".encode()
                read = _people if (service, table) == PEOPLE else _rows
                lines += [prefix + row for row in await read(databases, service, table, left_out)]
    return b"\n".join(lines) + b"\n"


async def tables_of(databases: Databases, service: str) -> list[str]:
    """Every table of a service, by name."""
    return [row.name for row in await databases.rows(service, _TABLES)]


async def _rows(databases: Databases, service: str, table: str, unsure: set[str]) -> list[bytes]:
    left_out = sorted(LEFT_OUT.get(table, ()))
    query = f'select to_jsonb(t) - cast(:left_out as text[]) as content from "{table}" t'  # noqa: S608 our own tables
    async with databases.connection(service) as connection:
        found = await connection.execute(text(query), {"left_out": left_out})
        rows: list[Any] = [row.content for row in found]
    kept = (row for row in rows if row.get("customer_id") not in unsure)
    return sorted(msgspec.json.encode(row, order="sorted") for row in kept)


async def _people(databases: Databases, service: str, _: str, unsure: set[str]) -> list[bytes]:
    vault = Vault.from_setting(databases.master_keys)
    found = await databases.rows(service, "select * from people left join keys.people using (customer_id)")
    rows = [
        {"customer_id": row.customer_id, "erased": row.erased, "document": _decrypted(vault, row)}
        for row in found
        if row.customer_id not in unsure
    ]
    return sorted(msgspec.json.encode(row, order="sorted") for row in rows)


def _decrypted(vault: Vault, row: Any) -> Any:
    if row.document is None:
        return None
    key = vault.unwrap(Wrapped(row.master_id, row.wrapped), row.customer_id)
    return msgspec.json.decode(decrypted(key, row.document, row.customer_id))


def without(canonical_text: bytes, unsure: Collection[str]) -> bytes:
    """What `canonical` would have said without these customers."""
    services = tuple(f"{service}.".encode() for service in sorted(AFTER_MAILS))
    marks = [f'"customer_id":"{customer}"'.encode() for customer in sorted(unsure)]

    def kept(line: bytes) -> bool:
        return not (line.startswith(services) and any(mark in line for mark in marks))

    return b"\n".join(line for line in canonical_text.splitlines() if kept(line)) + b"\n"


def differences(one: bytes, other: bytes, most: int = 20) -> list[str]:
    """Lines that only one of the two has, `-` for the first; empty when they are the same."""
    if one == other:
        return []
    ones, others = one.splitlines(), other.splitlines()
    only = sorted([(line, "-") for line in _beyond(ones, others)] + [(line, "+") for line in _beyond(others, ones)])
    return [f"{sign} {line.decode()}" for line, sign in only][:most]


def _beyond(lines: list[bytes], others: list[bytes]) -> list[bytes]:
    """Lines more often here than there."""
    return list((Counter(lines) - Counter(others)).elements())
