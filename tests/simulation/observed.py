"""What a played world has left behind: rows and records, as they are."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from tests.simulation.kafka import Record
from tests.simulation.world import World

Place = tuple[str, int, int]


@dataclass(frozen=True)
class Parked:
    """A parked row."""

    reason: str
    state: str
    key: bytes | None
    value: bytes | None


@dataclass(frozen=True)
class Observed:
    """The end of a run."""

    effects: Mapping[str, list[str]]
    """Per customer, what was applied, in order."""
    seen: Mapping[str, list[str]]
    """The same, as the accounts remember it."""
    positions: Mapping[tuple[str, int], Mapping[str, int]]
    parked: Mapping[Place, Parked]
    waiting: frozenset[tuple[str, str]]
    """Deadlines that are left, as (customer, order)."""
    decisions: list[str]
    published: Mapping[TopicPartition, list[Record]]


async def observe(world: World) -> Observed:
    """Look, without changing anything."""
    fetch = world.server.fetch
    effects: defaultdict[str, list[str]] = defaultdict(list)
    for row in await fetch("select customer_id, what from effects order by effect_id"):
        effects[row["customer_id"]].append(row["what"])
    columns = "next_offset, consumed, applied, duplicate, parked, ignored"
    positions = {
        (row["topic"], row["partition"]): {name: row[name] for name in columns.split(", ")}
        for row in await fetch(f"select topic, partition, {columns} from positions")  # noqa: S608 the columns are ours
    }
    parked = {
        (row["topic"], row["partition"], row["offset"]): Parked(row["reason"], row["state"], row["key"], row["value"])
        for row in await fetch("select * from parked_events")
    }
    return Observed(
        effects=effects,
        seen={row["customer_id"]: list(row["seen"]) for row in await fetch("select * from counted")},
        positions=positions,
        parked=parked,
        waiting=frozenset(
            (row["customer_id"], row["subject"]) for row in await fetch("select customer_id, subject from deadlines")
        ),
        decisions=sorted(row["subject"] for row in await fetch("select subject from decisions")),
        published={place: records for place, records in world.log.records.items() if place.topic == "orders"},
    )


def text_of(observed: Observed) -> list[Any]:
    """The same for the same run: what does not depend on sequences and clocks of the database."""
    published: list[Any] = sorted(
        (place, [record[4:] for record in found]) for place, found in observed.published.items()
    )
    return [sorted(observed.effects.items()), sorted(observed.positions.items()), sorted(observed.parked.items()),
            sorted(observed.waiting), observed.decisions, published]  # fmt: skip
