"""Which events were taken in already, by id and source."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from chassis.items import Command
from chassis.reading import Entry
from chassis.service import Tx


async def take_in(tx: Tx, entries: Sequence[Entry]) -> set[tuple[str, str]]:
    """Enter events into the inbox; (id, source) of those that are new. `entries` name no event twice."""
    if not entries:
        return set()
    rows = await tx.execute(
        _TAKE_IN,
        {
            "ids": [_event(entry).id for entry in entries],
            "sources": [_event(entry).source for entry in entries],
            "hashes": [entry.content_hash for entry in entries],
            "topics": [entry.record.topic for entry in entries],
            "partitions": [entry.record.partition for entry in entries],
            "offsets": [entry.record.offset for entry in entries],
        },
    )
    return {(row.event_id, row.source) for row in rows}


_TAKE_IN = text("""
    insert into inbox (event_id, source, content_hash, topic, partition, "offset")
    select * from unnest(cast(:ids as text[]), cast(:sources as text[]), cast(:hashes as bigint[]),
                         cast(:topics as text[]), cast(:partitions as integer[]), cast(:offsets as bigint[]))
    order by 1, 2  -- two partitions that bring the same ids wait for each other in one order
    on conflict do nothing returning event_id, source
""")


class Known(NamedTuple):
    """What the inbox remembers of an event: its content and the record that brought it."""

    content_hash: int
    place: tuple[str, int, int]
    """Topic, partition, offset."""


async def known(tx: Tx, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], Known]:
    """What is remembered of the events that are in the inbox, by (id, source)."""
    ids, sources = [name[0] for name in names], [name[1] for name in names]
    rows = await tx.execute(_KNOWN, {"ids": ids, "sources": sources})
    return {
        (row.event_id, row.source): Known(row.content_hash, (row.topic, row.partition, row.offset)) for row in rows
    }


_KNOWN = text("""
    select event_id, source, content_hash, topic, partition, "offset" from inbox
    join unnest(cast(:ids as text[]), cast(:sources as text[])) as v (event_id, source) using (event_id, source)
""")


def _event(entry: Entry) -> Any:
    return entry.event


async def enter_command(tx: Tx, command: Command[Any]) -> bool:
    """Write down that a command was given; False when it has been given before."""
    row = await tx.execute(
        text("""
            insert into commands (command_id, customer_id, kind, actor, at)
            values (:id, :customer_id, :kind, :actor, :at) on conflict do nothing returning command_id
        """),
        {
            "id": command.id,
            "customer_id": command.customer_id,
            "kind": type(command.data).__name__,
            "actor": command.actor,
            "at": command.at,
        },
    )
    return row.first() is not None
