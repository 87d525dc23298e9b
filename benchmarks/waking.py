"""A sweep: very many orders whose promise ended at one moment, beside as many events consumed.

Nobody looked meanwhile, as after an outage: all are due when the service starts, and each opens an issue.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import structs

from benchmarks import topics
from benchmarks.filling import fill
from benchmarks.histories import Prototypes, waiting
from benchmarks.machine import Machine
from benchmarks.measuring import Measured, Mode, Progress, measure
from benchmarks.plan import SEED, Plan
from benchmarks.storefronts import storefront_facts

MODULE = "benchmarks.modes.service"
EVENTS, DEADLINES = Mode(name="events", module=MODULE), Mode(name="deadlines", module=MODULE)
LOOK_S = 0.2
"""Counting what is left takes PostgreSQL some milliseconds."""
QUIET_S = 30.0
"""It is known how many there are: only who stands still ends before that."""
_QUERY = "select {orders} - (select count(*) from deadlines where kind = 'promise_ends' and due_at <= '{due_at}')"


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """All of them, however long that takes: deadlines from the first commit that is seen to the last one."""
    to_the_end = structs.replace(plan, seconds=float("inf"), warm_up_s=0.0)
    due_at = datetime.now(UTC).replace(microsecond=0)
    template = machine.database("orders_listener")
    fill(machine.address(template), plan.due_orders, Prototypes(waiting(due_at), due_at).copies)
    query = _QUERY.format(orders=plan.due_orders, due_at=due_at.isoformat())
    progress = Progress(query=query, all=plan.due_orders, look_s=LOOK_S, quiet_s=QUIET_S)
    for number in range(1, plan.rounds + 1):
        bootstrap, database = machine.empty_broker(), machine.copy(template)
        yield measure(
            machine, to_the_end, "sweep", "orders_listener", DEADLINES, number, database=database, progress=progress
        )
        topics.say(bootstrap, storefront_facts(SEED, plan.accounts), plan.due_orders)
        yield measure(machine, to_the_end, "sweep", "orders_listener", EVENTS, number)
