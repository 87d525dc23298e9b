"""What is put into databases before anything is measured: rows that the services themselves would have left."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

import asyncpg
import pytest
from msgspec import structs

from benchmarks.filling import Rows, fill, members
from benchmarks.histories import NAME, Prototypes, of_all_kinds, waiting
from orders_listener.documents import from_document
from orders_listener.timelines import OrderStatus

NOW = datetime(2026, 6, 10, 12, tzinfo=UTC)
DatabaseOf = Callable[[str], Awaitable[str]]


async def rows(address: str, query: str) -> list[tuple[object, ...]]:
    connection = await asyncpg.connect(address)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def filled(database_of: DatabaseOf, service: str, number: int, copies: Callable[[range], Iterable[Rows]]) -> str:
    address = (await database_of(service)).replace("postgresql+asyncpg://", "postgresql://")
    await asyncio.to_thread(fill, address, number, copies)
    return address


async def test_each_copy_is_an_order_of_its_own(database_of: DatabaseOf) -> None:
    address = await filled(database_of, "orders_listener", 8, Prototypes(of_all_kinds(NOW), NOW).copies)
    documents = await rows(address, "select order_id, customer_id, status, document::text from timelines order by 1")
    for number, (order_id, customer_id, status, document) in enumerate(documents):
        timeline = from_document(str(document))
        assert (timeline.order_id, timeline.customer_id) == (order_id, customer_id) == (
            f"o-{number:09}", f"c-{number:09}",
        )  # fmt: skip
        assert timeline.standing.status == status
        assert NAME not in str(document)
    assert {status for _, _, status, _ in documents} == {
        OrderStatus.shipped, OrderStatus.delivered, OrderStatus.completed,
    }  # fmt: skip
    issues = await rows(address, "select distinct state from issues join timelines using (order_id, customer_id)")
    assert set(issues) == {("open",), ("resolved",)}


async def test_every_waiting_order_is_due_at_the_same_moment(database_of: DatabaseOf) -> None:
    address = await filled(database_of, "orders_listener", 6, Prototypes(waiting(NOW), NOW).copies)
    due = await rows(address, "select due_at, count(*) from deadlines where kind = 'promise_ends' group by 1")
    assert due == [(NOW, 6)]
    assert not await rows(address, f"select 1 from deadlines where due_at < '{NOW}'")  # noqa: S608 a time


async def test_balances_of_members_are_the_sums_of_their_postings(database_of: DatabaseOf) -> None:
    address = await filled(database_of, "loyalty", 5, members)
    assert await rows(address, "select count(*), sum(available_points) from accounts") == [(5, 450)]
    assert not await rows(address, "select * from wrong_balances()")


def test_a_prototype_that_the_service_refuses_is_an_error() -> None:
    (placed, *_), _ = waiting(NOW)
    with pytest.raises(ValueError, match="bad_promise"):
        Prototypes([[structs.replace(placed, promised_by="2026-02-30")]], NOW)
