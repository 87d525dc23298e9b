"""Deadlines fired per second: very many orders whose promise ends at the same moment."""

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


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """The service takes in all orders, and then is woken for all of them at one moment."""
    for number in range(1, plan.rounds + 1):
        due_at = datetime.now(UTC) + timedelta(seconds=plan.taking_in_s)
        topics.say(machine.empty_broker(), _placed(plan.waiting_orders, due_at), plan.waiting_orders)
        progress = f"""
            select case when now() < '{due_at.isoformat()}' then 0
                        else {plan.waiting_orders} - (select count(*) from deadlines where kind = 'promise_ends') end
        """  # noqa: S608 a number and a time
        yield measure(machine, plan, "deadlines", "orders_listener", SERVICE, number, progress=progress)


def _placed(orders: int, promised_by: datetime) -> Iterator[Event[Fact]]:
    """The half-way look of each order is due at once; what is left is the end of its promise."""
    for number in range(orders):
        said_at = promised_by - timedelta(minutes=30) + number * timedelta(milliseconds=20)
        order_id = f"o-{number:08}"
        fact = OrderPlaced(
            customer_id=f"c-{number % 10_000:07}",
            order_id=order_id,
            placed_at=said_at,
            currency="EUR",
            lines=(OrderLine(line_id="l1", sku="lamp", quantity=1, unit_price_minor=4_990, paid_minor=4_990),),
            total_minor=4_990,
            pay_later=True,
            promised_by=promised_by.isoformat(timespec="milliseconds"),
        )
        yield Event(
            id=f"placed-{number}", source="/shop", time=said_at, data=fact, subject=order_id, correlation_id=order_id
        )
