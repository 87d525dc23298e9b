"""Timelines, issues and patrons on a real database."""

import runpy
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event, text

from chassis.outcomes import Outcome
from chassis.runtime import Runtime
from contracts import Event
from orders_listener import store
from orders_listener.accounts import Account, Patron
from orders_listener.timelines import OrderStatus, Timeline
from tests.orders_listener.shop import (
    ADA,
    ORDER,
    PATIENT,
    START,
    cancelled,
    contact,
    day,
    erased,
    line,
    on_the_way,
    paid,
    placed,
    refunded,
    said,
    scan,
    tell,
    unavailable,
)
from tests.sources import ROOT

LIFE = [
    placed(line("shirt"), line("hat", 2)),
    paid(),
    unavailable(day(1), "hat"),
    *on_the_way(day(2)),
    contact(day(3)),
    scan("delivered", day(9)),
    refunded(day(10), hat=1),
    erased(day(11)),
]
MIGRATION = ROOT / "services" / "orders-listener" / "migrations" / "versions" / "0003_silences.py"


async def rows(runtime: Runtime, statement: str) -> list[Any]:
    async with runtime.transaction() as tx:
        return [tuple(row) for row in await tx.execute(text(statement))]


async def test_what_is_saved_is_loaded(runtime: Runtime) -> None:
    await runtime.fold([said(fact) for fact in LIFE], until=day(40))
    events = [said(fact) for fact in LIFE]
    async with runtime.transaction() as tx:
        accounts = await store.load(tx, events)
    assert accounts == {ADA: tell(*LIFE, until=day(40), policy=PATIENT).account}


async def test_one_batch_and_many_leave_the_same_rows(runtime: Runtime) -> None:
    for fact in LIFE:
        await runtime.fold([said(fact)])
    await runtime.fold([], until=day(40))
    async with runtime.transaction() as tx:
        accounts = await store.load(tx, [said(fact) for fact in LIFE])
    assert accounts == {ADA: tell(*LIFE, until=day(40), policy=PATIENT).account}


async def test_columns_are_what_queries_need(runtime: Runtime) -> None:
    await runtime.fold([said(fact) for fact in LIFE], until=day(40))
    [timeline] = await rows(runtime, "select status, placed_at, delivered_at from timelines")
    assert timeline == (OrderStatus.completed, START, day(9))
    issues = await rows(runtime, "select kind, state, resolved_at from issues order by opened_at, kind")
    assert issues == [
        ("item_unavailable", "resolved", day(9)),
        ("delivery_at_risk", "resolved", day(8, 14)),
        ("delivery_late", "resolved", day(9)),
    ]
    assert await rows(runtime, "select first_contact_id, erased_at from patrons") == [("c-1", day(11))]
    assert await rows(runtime, "select * from deadlines") == []


async def test_decisions_name_their_causes(runtime: Runtime) -> None:
    await runtime.fold([said(fact) for fact in LIFE], until=day(40))
    decisions = await rows(
        runtime,
        "select rule, outcome, reason, cause_kind from decisions where rule like 'delivery%' order by decision_id",
    )
    assert decisions == [
        ("delivery_at_risk", "opened", "no_scan", "deadline"),
        ("delivery_late", "opened", "promise_ended", "deadline"),
        ("delivery_at_risk", "resolved", "absorbed", "deadline"),
        ("delivery_late", "resolved", "delivered", "event"),
    ]


async def test_no_words_and_no_links_are_stored(runtime: Runtime) -> None:
    await runtime.fold([said(fact) for fact in LIFE])
    kept = await rows(runtime, "select t::text from timelines t union all select p::text from patrons p")
    assert len(kept) == 2
    assert "Where is my" not in str(kept)


async def test_an_order_of_another_customer_is_refused_and_nobody_is_blocked(runtime: Runtime) -> None:
    await runtime.fold([said(placed())])
    stranger = replace(cancelled(day(1)), customer_id="bob")
    other = replace(placed(), customer_id="bob", order_id="o-2")
    folded = await runtime.fold([said(stranger), said(other, day(2))])
    assert [refused.reason for refused in folded.refused] == ["order_of_another_customer"]
    assert folded.blocks == {}
    assert await rows(runtime, "select order_id, customer_id, status from timelines order by 1") == [
        (ORDER, ADA, "placed"),
        ("o-2", "bob", "placed"),
    ]


async def test_two_customers_who_begin_the_same_order_at_once_do_not_overwrite_each_other(runtime: Runtime) -> None:
    await runtime.fold([said(placed())])
    theirs = Timeline(customer_id="bob", order_id=ORDER, entries=tell(placed()).timeline.entries)
    bob = Account(patron=Patron(customer_id="bob"))
    outcome = [(said(replace(placed(), customer_id="bob")), Outcome(rows=(theirs,)))]
    with pytest.raises(store.OrderTakenElsewhere):
        async with runtime.transaction() as tx:
            await store.save(tx, {"bob": bob}, outcome)
    assert await rows(runtime, "select customer_id from timelines") == [(ADA,)]


@dataclass
class Counter:
    statements: int = 0


def many(customers: int) -> list[Event[Any]]:
    return [
        said(replace(fact, customer_id=f"c-{number}", order_id=f"o-{number}"), number=number)
        for number in range(customers)
        for fact in (placed(), paid(), unavailable(day(1)), scan("picked_up", day(2)), contact(day(3)))
    ]


async def test_the_number_of_statements_does_not_grow_with_the_batch(runtime: Runtime) -> None:
    counted: dict[int, int] = {}
    for customers in (1, 40):
        counter = Counter()

        def count(*_: object, counter: Counter = counter) -> None:
            counter.statements += 1

        items = [replace(item, id=f"{customers}-{item.id}") for item in many(customers)]
        event.listen(runtime.engine.sync_engine, "before_cursor_execute", count)
        await runtime.fold(items)
        event.remove(runtime.engine.sync_engine, "before_cursor_execute", count)
        counted[customers] = counter.statements
    assert counted[40] == counted[1]


async def test_orders_of_before_are_looked_at_once_after_an_upgrade(runtime: Runtime) -> None:
    await runtime.fold([said(placed()), said(paid())])
    [promise] = await rows(runtime, "select subject, set_by from deadlines where kind = 'risk_check'")
    async with runtime.transaction() as tx:
        await tx.execute(text("delete from deadlines where kind = 'silence_lasts'"))
        await tx.execute(text(runpy.run_path(str(MIGRATION))["LOOK_ONCE"]))
    assert await rows(runtime, "select subject, set_by from deadlines where kind = 'silence_lasts'") == [promise]
