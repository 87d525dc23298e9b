"""A day is closed once, when every partition has come to its end and none has gone further."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text
from toy.app import SERVICE

from chassis.closing import GRACE, close_next
from chassis.midnights import NEVER, gate, midnight
from chassis.runtime import Runtime
from chassis.sequence import LONG_AGO
from chassis.service import Tx
from deploy.local.broker import Broker
from tests.chassis.shop import placed, time_reached, toy
from tests.conftest import RuntimeOf
from tests.running import at, publish, rows, running, until

DAYS = 4


@pytest.mark.parametrize(
    ("closed_until", "settled_at", "first_at", "expected"),
    [
        (at(24), at(30), None, at(48)),
        (at(24), LONG_AGO, at(90), at(48)),
        (None, LONG_AGO, None, NEVER),
        (None, LONG_AGO, at(10), at(24)),
        (None, LONG_AGO, at(24), at(48)),
        (None, at(10), at(90), at(24)),
        (None, at(24), at(90), at(24)),
    ],
)
def test_the_gate_is_the_end_of_the_day_after_the_last_closed_one(
    closed_until: datetime | None, settled_at: datetime, first_at: datetime | None, expected: datetime
) -> None:
    assert gate(closed_until, settled_at, first_at) == expected


async def count(tx: Tx, day: date) -> None:
    """What the toy sums up: how much was done until the end of the day."""
    await tx.execute(text("insert into days select :day, count(*) from effects"), {"day": day})


async def closing(runtime_of: RuntimeOf, kafka: Broker, clock: str = "simulated") -> Runtime:
    runtime = await toy(runtime_of, kafka, CLOCK=clock)
    return replace(runtime, service=replace(SERVICE, close_day=count))


async def days(runtime: Runtime) -> list[tuple[date, int]]:
    return [(row["day"], row["effects"]) for row in await rows(runtime, "select * from days order by day")]


def on(number: int) -> date:
    return (at(0) + timedelta(days=number)).date()


async def shopping(kafka: Broker, customers: Iterable[str]) -> None:
    """Everybody orders at ten every day; an hour later each order is completed."""
    for number in range(DAYS):
        said = [placed(customer, f"{customer}-{number}", 24 * number + 10) for customer in customers]
        await publish(kafka.bootstrap, *said)
    await time_reached(kafka, 24 * DAYS + 1)


@pytest.mark.parametrize("workers", [1, 2])
async def test_every_day_is_summed_up_when_nothing_of_the_next_has_been_folded(
    runtime_of: RuntimeOf, kafka: Broker, workers: int
) -> None:
    runtime = await closing(runtime_of, kafka)
    customers = [f"c{number}" for number in range(12)]
    await shopping(kafka, customers)

    async def closed() -> bool:
        return len(await days(runtime)) == DAYS

    async with running(runtime):
        if workers == 1:
            await until(closed)
        else:
            async with running(replace(runtime)):
                await until(closed)
    assert await days(runtime) == [(on(number), 2 * len(customers) * (number + 1)) for number in range(DAYS)]


async def test_a_day_that_cannot_be_closed_is_tried_again_and_nobody_goes_on(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await closing(runtime_of, kafka)
    tried: list[int] = []

    async def not_at_first(tx: Tx, day: date) -> None:
        tried.append(await tx.scalar(text("select count(*) from effects")) or 0)
        if len(tried) < 3:
            raise ZeroDivisionError
        await count(tx, day)

    runtime = replace(runtime, service=replace(SERVICE, close_day=not_at_first))
    await shopping(kafka, ["ada"])

    async def closed() -> bool:
        return len(await days(runtime)) == DAYS

    async with running(runtime):
        await until(closed)
    assert tried == [2, 2, 2, 4, 6, 8]


async def test_with_the_real_clock_yesterday_is_closed_and_nobody_waits(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await closing(runtime_of, kafka, "real")

    async def closed() -> bool:
        return bool(await days(runtime))

    today = midnight(datetime.now(UTC) - GRACE)
    async with running(runtime) as service:
        await until(closed)
        await publish(kafka.bootstrap, placed("ada", "o1"))
        await service.consumed(1)
    assert await days(runtime) == [((today - timedelta(days=1)).date(), 0)]


async def test_days_are_closed_in_their_order_and_once(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await closing(runtime_of, kafka)
    for over_until, expected in [
        (LONG_AGO, None),
        (at(48), at(48)),
        (at(48), at(48)),
        (at(96), at(72)),
        (at(96), at(96)),
    ]:
        async with runtime.transaction() as tx:
            assert await close_next(tx, count, over_until) == expected
    assert [day for day, _ in await days(runtime)] == [on(1), on(2), on(3)]
