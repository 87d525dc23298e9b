"""Where each partition of each topic stands, and what became of everything that was read there.

The database is the truth; what is committed to Kafka is only a hint for lag metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from chassis.service import Tx


@dataclass(frozen=True)
class Position:
    """Where a partition of one topic stands."""

    next_offset: int
    reached_at: datetime | None = None
    settled_at: datetime | None = None


@dataclass(frozen=True)
class Advance:
    """How far one batch takes one topic, and what became of the records."""

    topic: str
    next_offset: int
    reached_at: datetime | None
    consumed: int = 0
    applied: int = 0
    duplicate: int = 0
    parked: int = 0
    ignored: int = 0


async def positions_of(tx: Tx, partition: int) -> dict[str, Position]:
    """The stored positions of a partition by topic, locked until the transaction ends."""
    rows = await tx.execute(_POSITIONS, {"partition": partition})
    return {row.topic: Position(row.next_offset, row.reached_at, row.settled_at) for row in rows}


_POSITIONS = text("""
    select topic, next_offset, reached_at, settled_at from positions
    where partition = :partition order by topic for update
""")


async def start(tx: Tx, partition: int, offsets: Mapping[str, int]) -> None:
    """Write where a partition begins for topics that were never read before."""
    await tx.execute(
        _START, {"partition": partition, "topics": list(offsets), "offsets": [offsets[topic] for topic in offsets]}
    )


_START = text("""
    insert into positions (topic, partition, next_offset)
    select topic, :partition, next_offset
    from unnest(cast(:topics as text[]), cast(:offsets as bigint[])) as v (topic, next_offset)
    order by topic on conflict do nothing
""")


async def advance(tx: Tx, partition: int, advances: Sequence[Advance], settled_at: datetime | None) -> None:
    """Move the positions that `positions_of` has locked in this transaction."""
    columns = ("topic", "next_offset", "reached_at", "consumed", "applied", "duplicate", "parked", "ignored")
    values = {name: [getattr(step, name) for step in advances] for name in columns}
    await tx.execute(_ADVANCE, {"partition": partition, "settled_at": settled_at, **values})


_ADVANCE = text("""
    update positions p
    set next_offset = v.next_offset, reached_at = v.reached_at, settled_at = :settled_at,
        consumed = p.consumed + v.consumed, applied = p.applied + v.applied, duplicate = p.duplicate + v.duplicate,
        parked = p.parked + v.parked, ignored = p.ignored + v.ignored
    from unnest(cast(:topic as text[]), cast(:next_offset as bigint[]), cast(:reached_at as timestamptz[]),
                cast(:consumed as bigint[]), cast(:applied as bigint[]), cast(:duplicate as bigint[]),
                cast(:parked as bigint[]), cast(:ignored as bigint[]))
         as v (topic, next_offset, reached_at, consumed, applied, duplicate, parked, ignored)
    where p.partition = :partition and p.topic = v.topic
""")


async def listed(tx: Tx) -> list[dict[str, Any]]:
    """Every position with what became of its records, by partition and topic."""
    rows = await tx.execute(text("select * from positions order by partition, topic"))
    return [dict(row._mapping) for row in rows]
