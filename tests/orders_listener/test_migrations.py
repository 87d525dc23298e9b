"""A database of before is brought on, and what it holds is counted."""

import asyncio
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import text

import orders_listener
from chassis.migrations import upgrade
from chassis.runtime import Runtime
from contracts.storefront import OrderChanged, OrderRefunded
from orders_listener import store
from tests.orders_listener.shop import ADA, cancelled, day, line, paid, placed, said

FOLDER = Path(orders_listener.__file__).parents[1] / "migrations"
BEFORE = "0003"


async def test_orders_of_before_are_counted_and_their_milestones_remembered(runtime: Runtime) -> None:
    orders = [
        replace(placed(line(), promised_by=None, pay_later=True), order_id=f"o-{number}", placed_at=day(number * 7))
        for number in range(6)
    ]
    more = [
        OrderChanged(customer_id=ADA, order_id="o-1", occurred_at=day(8), total_minor=900),
        OrderRefunded(customer_id=ADA, order_id="o-2", refund_id="r-1", occurred_at=day(15), amount_minor=300),
        OrderRefunded(customer_id=ADA, order_id="o-2", refund_id="r-2", occurred_at=day(16), amount_minor=200),
        replace(cancelled(day(30)), order_id="o-4"),
        replace(placed(promised_by=None), order_id="unpaid", placed_at=day(40)),
        replace(paid(day(50)), order_id="unheard"),
        replace(orders[0], order_id="same-day", placed_at=day(0) + timedelta(hours=2), currency="USD"),
    ]
    await runtime.fold([said(fact, number=number) for number, fact in enumerate([*orders, *more])])
    async with runtime.transaction() as tx:
        counted = (await store.patron_of(tx, ADA)).relationship
        timelines = {one.order_id: one.counted for one in await store.timelines_of(tx, ADA, before=None, most=50)}
        await tx.execute(text("drop table unmatched_orders, unmatched_trackings, tracking_claims"))
        await tx.execute(text("update timelines set document = document - 'counted'"))
        await tx.execute(text("delete from patrons"))
        await tx.execute(text("alter table patrons drop column relationship"))
        await tx.execute(text("update alembic_version set version_num = :before"), {"before": BEFORE})
    await runtime.close()
    await asyncio.to_thread(upgrade, runtime.settings.database_url.get_secret_value(), FOLDER)
    async with runtime.transaction() as tx:
        again = (await store.patron_of(tx, ADA)).relationship
        brought_on = {one.order_id: one.counted for one in await store.timelines_of(tx, ADA, before=None, most=50)}
    assert again.purchases == counted.purchases
    assert again.milestones.keys() == counted.milestones.keys() == {"first_order 1", "nth_order 5"}
    assert brought_on == timelines
