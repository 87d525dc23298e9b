"""Which events were taken in already, by id and source, and which commands were given.

Events lie in the months of their own time, so that one that is said again meets itself however late it comes; commands
in the months in which they were given.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from chassis.arrays import array
from chassis.items import Command
from chassis.reading import Entry
from chassis.service import Tx


async def take_in(tx: Tx, entries: Sequence[Entry]) -> list[bool]:
    """Enter events into the inbox; for each whether it was new. `entries` name no event twice."""
    if not entries:
        return []
    records = [entry.record for entry in entries]
    events: list[Any] = [entry.event for entry in entries]
    rows = await tx.execute(
        _TAKE_IN,
        {
            "ids": array([event.id for event in events]),
            "sources": array([event.source for event in events]),
            "hashes": array([entry.content_hash for entry in entries]),
            "topics": array([record.topic for record in records]),
            "partitions": array([record.partition for record in records]),
            "offsets": array([record.offset for record in records]),
            "moments": array([event.time for event in events]),
        },
    )
    new = {(topic, partition): set(offsets) for topic, partition, offsets in rows}
    none: set[int] = set()
    return [record.offset in new.get((record.topic, record.partition), none) for record in records]


_TAKE_IN = text("""
    with taken as (
        insert into inbox (event_id, source, content_hash, topic, partition, "offset", at)
        select * from unnest(cast(:ids as text)::text[], cast(:sources as text)::text[],
                             cast(:hashes as text)::bigint[], cast(:topics as text)::text[],
                             cast(:partitions as text)::integer[], cast(:offsets as text)::bigint[],
                             cast(:moments as text)::timestamptz[])
        order by 1, 2  -- two partitions that bring the same ids wait for each other in one order
        on conflict do nothing returning topic, partition, "offset")
    select topic, partition, array_agg("offset") from taken group by topic, partition
""")


class Known(NamedTuple):
    """What the inbox remembers of an event: its content and the record that brought it."""

    content_hash: int
    place: tuple[str, int, int]
    """Topic, partition, offset."""


async def known(tx: Tx, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], list[Known]]:
    """What is remembered of the events that are in the inbox, by (id, source): one of each, or one in each month."""
    ids, sources = [name[0] for name in names], [name[1] for name in names]
    found: dict[tuple[str, str], list[Known]] = {}
    for row in await tx.execute(_KNOWN, {"ids": ids, "sources": sources}):
        place = (row.topic, row.partition, row.offset)
        found.setdefault((row.event_id, row.source), []).append(Known(row.content_hash, place))
    return found


_KNOWN = text("""
    select event_id, source, content_hash, topic, partition, "offset" from inbox
    join unnest(cast(:ids as text[]), cast(:sources as text[])) as v (event_id, source) using (event_id, source)
""")


async def enter_commands(tx: Tx, commands: Sequence[Command[Any]]) -> set[str]:
    """Write down that commands were given; ids of those that are new. `commands` name no id twice."""
    rows = await tx.execute(
        _ENTER_COMMANDS,
        {
            "ids": array(command.id for command in commands),
            "customers": array(command.customer_id for command in commands),
            "kinds": array(type(command.data).__name__ for command in commands),
            "actors": array(command.actor for command in commands),
            "moments": array(command.at for command in commands),
        },
    )
    return {row.command_id for row in rows}


_ENTER_COMMANDS = text("""
    insert into commands (command_id, customer_id, kind, actor, at)
    select v.* from unnest(cast(:ids as text)::text[], cast(:customers as text)::text[], cast(:kinds as text)::text[],
                           cast(:actors as text)::text[], cast(:moments as text)::timestamptz[]) as v (command_id)
    where not exists (select from commands c where c.command_id = v.command_id)  -- in a month before
    order by 1  -- two that give the same ids wait for each other in one order
    on conflict do nothing returning command_id
""")


async def forget_commands(tx: Tx, command_ids: Collection[str]) -> None:
    """Commands of this transaction that were refused: they may be given again."""
    if command_ids:
        await tx.execute(_FORGET_COMMANDS, {"ids": list(command_ids)})


_FORGET_COMMANDS = text("""
    delete from commands c using unnest(cast(:ids as text[])) as v (command_id) where c.command_id = v.command_id
""")
