"""What the ledger keeps in a real PostgreSQL is what the rules decided, and repetition finds it there."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chassis.runtime import Runtime
from contracts import Event, Fact
from loyalty import store
from loyalty.app import application
from loyalty.order_points import OrderPoints
from tests.loyalty.facts import (
    ADA,
    Member,
    cancelled,
    completed,
    confirmed,
    delivered,
    erased,
    late,
    refunded,
    requested,
    said,
)

LIFE: list[Fact] = [
    confirmed("o1", shirt=60_000, socks=999), late("i1", "o1"), delivered("o1"), completed("o1"),
    refunded("r1", "o1", shirt=20_000), refunded("r2", "o1", shirt=1, socks=999), refunded("r3", "o1"),
    confirmed("o2", "JPY", tea=1_980), cancelled("o2"), late("i2", "o1"), requested(300), requested(5_000, "q2"),
    refunded("r4", "o3", cap=100), confirmed("o3", cap=1_000), delivered("o3"),
]  # fmt: skip


def events(facts: Sequence[Fact]) -> list[Event[Any]]:
    return [said(fact, number) for number, fact in enumerate(facts, start=1)]


async def ask(runtime: Runtime, statement: str) -> list[tuple[Any, ...]]:
    async with runtime.transaction() as tx:
        return [tuple(row) for row in await tx.execute(text(statement))]


async def assert_sound(runtime: Runtime) -> None:
    assert await ask(runtime, "select * from wrong_balances()") == []
    assert await ask(runtime, "select sum(points) from entries") in ([(0,)], [(None,)])


async def fold_one_by_one(runtime: Runtime, items: list[Event[Any]]) -> None:
    for item in items:
        folded = await runtime.fold([item])
        assert not folded.refused


async def dump(runtime: Runtime) -> list[list[tuple[Any, ...]]]:
    tables = ("accounts", "order_points", "postings", "goodwill", "redemptions")
    return [await ask(runtime, f"select * from {table} order by 1, 2") for table in tables]  # noqa: S608  our own names


async def test_the_database_holds_what_the_pure_fold_says(runtime: Runtime) -> None:
    folded = await runtime.fold(events(LIFE))
    expected = Member(*LIFE)

    assert not folded.refused
    assert await ask(runtime, "select pending_points, available_points, tier, postings from accounts") == [
        (*expected.balances, expected.account.tier, len(expected.postings))
    ]
    async with runtime.transaction() as tx:
        kept = await store.postings_of(tx, ADA, before=1_000, most=1_000)
        account = (await store.load(tx, events(LIFE)))[ADA]
    assert kept[::-1] == expected.postings
    assert account == expected.account
    await assert_sound(runtime)


async def test_batches_of_any_size_leave_the_same_rows(runtime: Runtime, runtime_of: Any) -> None:
    await fold_one_by_one(runtime, events(LIFE))
    whole = await runtime_of(application)
    await whole.fold(events(LIFE))

    assert await dump(runtime) == await dump(whole)


@pytest.mark.parametrize("seed", range(3))
async def test_a_life_told_again_in_any_order_changes_nothing(runtime: Runtime, seed: int) -> None:
    await runtime.fold(events(LIFE))
    before = await dump(runtime)
    again = random.Random(seed).sample(LIFE, len(LIFE))
    folded = await runtime.fold([said(fact, 100 + number) for number, fact in enumerate(again)])

    assert all(outcome.duplicate for _, outcome in folded.outcomes)
    assert await dump(runtime) == before


async def test_every_fact_is_put_out_for_its_customer(runtime: Runtime) -> None:
    facts = [*LIFE, erased(), requested(1, "q3")]
    await runtime.fold(events(facts))

    put_out = await ask(runtime, "select topic, convert_from(key, 'utf8') from outbox")
    assert put_out == [("loyalty", ADA)] * len(Member(*facts).facts)


async def test_many_members_in_one_batch_keep_their_own_points(runtime: Runtime) -> None:
    customers = [f"customer-{number}" for number in range(50)]
    facts = [
        replace(fact, customer_id=customer_id)
        for fact in (confirmed(a=1_000), refunded(a=300), completed())
        for customer_id in customers
    ]
    await runtime.fold(events(facts))

    assert await ask(runtime, "select count(*), min(available_points), max(available_points) from accounts") == [
        (50, 7, 7)
    ]
    await assert_sound(runtime)


async def test_the_database_refuses_to_book_the_same_thing_twice(runtime: Runtime) -> None:
    await runtime.fold(events([confirmed(a=1_000)]))
    with pytest.raises(IntegrityError):
        await ask(runtime, "insert into postings select customer_id, 2, kind, source, destination, points, reference,"
                           " order_id, cause_id, at from postings returning 1")  # fmt: skip


@pytest.mark.parametrize(
    "tampering",
    [
        "update accounts set available_points = available_points + 1 returning 1",
        "update accounts set pending_points = 0 returning 1",
        "update postings set points = points + 1 where number = 1 returning 1",
        "delete from postings where number = 1 returning 1",
        "delete from accounts returning 1",
        "insert into accounts values ('bob', 5, 0, 0, null, 0) returning 1",
    ],
)
async def test_a_wrong_balance_is_found(runtime: Runtime, tampering: str) -> None:
    await runtime.fold(events([confirmed("o1", a=1_000), completed("o1"), confirmed("o2", a=500)]))
    await assert_sound(runtime)
    await ask(runtime, tampering)

    assert await ask(runtime, "select * from wrong_balances()")


def test_an_order_survives_its_document() -> None:
    orders = Member(*LIFE, confirmed("o4")).account.orders

    for order in [*orders.values(), OrderPoints("o9")]:
        assert store.decode_order(store.encode_order(order)) == order
