"""The relay: how fast an outbox that is full gets empty. Its rows are facts of orders, as long as any."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Any

import asyncpg

from benchmarks.machine import Machine
from benchmarks.measuring import Measured, Mode, Progress, measure
from benchmarks.plan import PARTITIONS, SEED, Plan
from benchmarks.shoppers import order_facts
from chassis import outbox
from chassis.partitions import partition_of
from contracts import Event

RELAY = Mode(name="relay", module="benchmarks.modes.relay")
COLUMNS = ("topic", "partition", "key", "value", "headers")


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """One full outbox in each round."""
    for number in range(1, plan.rounds + 1):
        machine.empty_broker()
        database = machine.database("loyalty")
        rows = asyncio.run(_fill(machine.address(database), order_facts(SEED, plan.accounts), plan.outbox_rows))
        progress = f"select coalesce((select min(outbox_id) from outbox) - 1, {rows})::bigint"  # noqa: S608 a number
        yield measure(
            machine, plan, "relay", "loyalty", RELAY, number, database=database, progress=Progress(query=progress)
        )


async def _fill(address: str, events: Iterator[Event[Any]], number: int) -> int:
    connection: Any = await asyncpg.connect(address)
    rows = [outbox.row_of(partition_of(event.customer_id, PARTITIONS), event) for event in islice(events, number)]
    await connection.copy_records_to_table("outbox", records=rows, columns=COLUMNS)
    await connection.close()
    return len(rows)
