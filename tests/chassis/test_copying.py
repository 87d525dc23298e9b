"""Rows that are copied are part of the transaction like any others."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.copying import copy
from chassis.database import is_transient
from chassis.runtime import Runtime
from loyalty.app import application
from tests.running import rows

COLUMNS = ("topic", "partition", "key", "value", "headers")
ROW = ("toys", 0, b"ada", b"{}", "[]")


class PowerCut(Exception):
    """Something goes wrong after the copy."""


@pytest.fixture
async def runtime(runtime_of: Callable[..., Awaitable[Runtime]]) -> Runtime:
    return await runtime_of(application)


async def test_a_copy_that_comes_first_is_rolled_back_with_its_transaction(runtime: Runtime) -> None:
    with pytest.raises(PowerCut):
        await copy_and_fail(runtime)
    assert await rows(runtime, "select * from outbox") == []


async def copy_and_fail(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        await copy(tx, "outbox", COLUMNS, [ROW])
        raise PowerCut


async def test_rows_get_their_numbers_in_the_order_in_which_they_are_copied(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        await copy(tx, "outbox", COLUMNS, [(f"t{number}", *ROW[1:]) for number in range(50)])
    found = await rows(runtime, "select topic from outbox order by outbox_id")
    assert [row["topic"] for row in found] == [f"t{number}" for number in range(50)]


async def test_a_copy_breaks_the_rules_of_a_table_no_more_than_a_statement(runtime: Runtime) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        async with runtime.transaction() as tx:
            await copy(tx, "outbox", COLUMNS, [ROW, (None, *ROW[1:])])
    assert await rows(runtime, "select * from outbox") == []


async def test_a_connection_that_is_lost_while_copying_passes_by_itself(runtime: Runtime) -> None:
    with pytest.raises((ConnectionError, asyncpg.PostgresError, DBAPIError)) as lost:
        await copy_over_a_lost_connection(runtime)
    assert is_transient(lost.value)
    assert await rows(runtime, "select * from outbox") == []


async def copy_over_a_lost_connection(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        own = (await tx.execute(text("select pg_backend_pid()"))).scalar_one()
        async with runtime.transaction() as other:
            await other.execute(text("select pg_terminate_backend(:pid)"), {"pid": own})
        await copy(tx, "outbox", COLUMNS, [ROW])
