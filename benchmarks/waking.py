"""Deadlines fired per second: orders that were promised long ago, all of them known before the first promise ends."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from benchmarks import topics
from benchmarks.machine import Machine
from benchmarks.measuring import Measured, Mode, measure
from benchmarks.plan import Plan
from contracts import Event, Fact
from contracts.storefront import OrderPlaced
from contracts.vocabulary import OrderLine

SERVICE = Mode(name="service", module="benchmarks.modes.service")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DEADLINES_OF_AN_ORDER = 2
"""The warning and the promise's end."""


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """The service takes in all orders, which is not measured, and then wakes up for each of them twice."""
    orders = plan.waiting_orders
    topics.say(machine.empty_broker(), _placed(orders), orders)
    progress = f"""
        select case when (select coalesce(sum(consumed), 0) from positions) < {orders} then 0
                    else {DEADLINES_OF_AN_ORDER * orders} - (select count(*) from deadlines) end
    """  # noqa: S608 numbers
    for number in range(1, plan.rounds + 1):
        yield measure(machine, plan, "deadlines", "orders_listener", SERVICE, number, progress=progress)


def _placed(orders: int) -> Iterator[Event[Fact]]:
    for number in range(orders):
        said_at = NOON + number * timedelta(milliseconds=50)
        order_id = f"o-{number:08}"
        fact = OrderPlaced(
            customer_id=f"c-{number % 10_000:07}",
            order_id=order_id,
            placed_at=said_at,
            currency="EUR",
            lines=(OrderLine(line_id="l1", sku="lamp", quantity=1, unit_price_minor=4_990, paid_minor=4_990),),
            total_minor=4_990,
            pay_later=True,
            promised_by=(NOON + timedelta(days=5, seconds=number % 86_400)).isoformat(),
        )
        yield Event(
            id=f"placed-{number}", source="/shop", time=said_at, data=fact, subject=order_id, correlation_id=order_id
        )
