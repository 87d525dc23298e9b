"""A database of before is brought on, and what it holds is counted."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from msgspec.structs import replace
from sqlalchemy import text

import orders_listener
from chassis.migrations import upgrade
from chassis.runtime import Runtime
from chassis.schema import drop_months, drop_months_of_audits
from contracts.storefront import OrderChanged, OrderRefunded
from orders_listener import declared, store
from orders_listener.disruptions.declarations import Concern
from tests.orders_listener.shop import ADA, cancelled, day, line, on_the_way, paid, placed, said

FOLDER = Path(orders_listener.__file__).parents[1] / "migrations"
WITHOUT_DISRUPTIONS = (
    "drop index customers_blocked",
    "drop table audits, api_keys",
    "drop table tracking_claims, unmatched_trackings, unmatched_orders",
    "delete from deadlines where kind = 'disruption_changes'",
    "drop index issues_of_disruption",
    "alter table timelines drop column traits",
    "drop table disruption_calls",
    "drop table disruptions",
)
WITHOUT_RELATIONSHIPS = (
    "update timelines set document = document - 'counted'",
    "delete from patrons",
    "alter table patrons drop column relationship",
)


async def brought_on(runtime: Runtime, *undo: str, since: str) -> None:
    """The database as it was at revision `since`, migrated to the newest."""
    async with runtime.transaction() as tx:
        for plain in (drop_months_of_audits, drop_months):
            await tx.run_sync(lambda connection, plain=plain: plain(Operations(MigrationContext.configure(connection))))
        for statement in undo:
            await tx.execute(text(statement))
        await tx.execute(text("update alembic_version set version_num = :since"), {"since": since})
    await runtime.close()
    await asyncio.to_thread(upgrade, runtime.settings.database_url.get_secret_value(), FOLDER)


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
    await brought_on(runtime, *WITHOUT_DISRUPTIONS, *WITHOUT_RELATIONSHIPS, since="0003")
    async with runtime.transaction() as tx:
        again = (await store.patron_of(tx, ADA)).relationship
        counted_again = {one.order_id: one.counted for one in await store.timelines_of(tx, ADA, before=None, most=50)}
    assert again.purchases == counted.purchases
    assert again.milestones.keys() == counted.milestones.keys() == {"first_order 1", "nth_order 5"}
    assert counted_again == timelines


async def test_orders_of_before_are_looked_at_so_that_a_disruption_finds_them(runtime: Runtime) -> None:
    await runtime.fold([said(fact) for fact in (placed(), paid(), *on_the_way())])
    await brought_on(runtime, *WITHOUT_DISRUPTIONS, since="0004")
    concern = Concern(carrier="dhl", sku="sku-shirt")
    async with runtime.transaction() as tx:
        assert await declared.reach_of(tx, concern) == (0, 0)
    await runtime.fold([], until=datetime.now(UTC) + timedelta(seconds=1))
    async with runtime.transaction() as tx:
        assert await declared.reach_of(tx, concern) == (1, 1)
