"""What stands in a database before anything is measured: rows by COPY, made while they are sent, chunk by chunk."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import asyncpg

CHUNK = 50_000
"""Customers whose rows go in together: each table in a transaction of its own."""

Rows: TypeAlias = "tuple[str, Sequence[str] | None, Iterable[tuple[object, ...]]]"
"""Of one table: its name, its columns (None: all, in their order), its rows."""

_POINTS = """{"order_id": "old", "rate": [1, 100], "lines": {"l1": [9000, 90, 0]}, "vested": true,
              "delivered_at": "2025-01-04T12:00:00Z", "completed_at": "2025-01-07T12:00:00Z"}"""
"""What an order long completed meant in points."""
_BOOKED = (("earned", "programme:earned", "member:pending"), ("vested", "member:pending", "member:available"))
_LONG_AGO = datetime(2025, 1, 7, 12, tzinfo=UTC)


def fill(address: str, number: int, rows: Callable[[range], Iterable[Rows]]) -> None:
    """Put in the rows of 0 to `number` - 1; afterwards statistics are fresh and all is on the disk. Says how far it is.

    Nobody is connected then: the database can be a template.
    """
    asyncio.run(_fill(address, number, rows))


async def _fill(address: str, number: int, rows: Callable[[range], Iterable[Rows]]) -> None:
    connection: Any = await asyncpg.connect(address)
    began_s = time.perf_counter()
    try:
        for start in range(0, number, CHUNK):
            chunk = range(start, min(start + CHUNK, number))
            for table, columns, records in rows(chunk):
                await connection.copy_records_to_table(table, records=records, columns=columns)
            _say(chunk.stop, number, time.perf_counter() - began_s)
        for statement in ("vacuum analyze", "checkpoint"):
            await connection.execute(statement)
    finally:
        await connection.close()


def _say(done: int, number: int, seconds: float) -> None:
    if done == number or done % (10 * CHUNK) == 0:
        print(f"{done:,} of {number:,} in the database after {seconds:.0f} s")


def members(numbers: range) -> Iterator[Rows]:
    """Loyalty's rows of customers who have one completed order each."""
    names = [f"c-{number:07}" for number in numbers]
    yield "customers", ("customer_id",), ((name,) for name in names)
    yield "accounts", None, ((name, 90, 0, 90, None, 2, None) for name in names)
    yield "order_points", None, ((name, f"old-{name}", _POINTS) for name in names)
    yield "postings", None, (posting for name in names for posting in _postings(name))
    heard = zip(names, numbers, strict=True)
    yield (
        "inbox",
        None,
        ((f"event of {name}", "/rapport/orders-listener", number, "orders", 0, 0, _LONG_AGO) for name, number in heard),
    )


def _postings(name: str) -> Iterator[tuple[object, ...]]:
    for number, (kind, source, destination) in enumerate(_BOOKED, start=1):
        order_id = f"old-{name}"
        yield name, number, kind, source, destination, 90, f"{kind} {order_id}", order_id, f"event of {name}", _LONG_AGO
