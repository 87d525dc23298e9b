"""Very many deadlines of one moment: a transaction takes some customers', and time passes the moment with the last."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from toy.app import SERVICE, application

from chassis import batch as batches
from chassis import positions
from chassis.batch import Batch, Report
from chassis.reading import Entry, RawRecord
from chassis.runtime import Runtime
from contracts import Event
from tests.chassis.shop import lost, placed, whats
from tests.conftest import RuntimeOf
from tests.running import at, rows

MOMENT = at(11)
"""All were placed an hour before."""
AFTER = MOMENT + timedelta(microseconds=1)


async def waiting(runtime_of: RuntimeOf, orders: Sequence[tuple[str, str]]) -> Runtime:
    """The toy, with a deadline at `MOMENT` for each order."""
    runtime = await runtime_of(application, PARTITIONS="1")
    async with runtime.transaction() as tx:
        await positions.start(tx, 0, {inlet.topic: 0 for inlet in SERVICE.consumes})
    await runtime.fold([placed(customer_id, order_id) for customer_id, order_id in orders])
    return runtime


async def folded(
    runtime: Runtime,
    before: datetime = AFTER,
    *,
    events: Sequence[Event[Any]] = (),
    most_due: int = 4,
    in_order: bool = True,
) -> Report:
    """One transaction of the worker; `events` are of shipments."""
    topic = SERVICE.consumes[1].topic
    entries = [Entry(RawRecord(topic, 0, place, 0, b"k", b"", ()), event) for place, event in enumerate(events)]
    async with runtime.transaction() as tx:
        stored = await positions.positions_of(tx, 0)
        batch = Batch(
            partition=0,
            entries=entries,
            moments=[event.time for event in events],
            expected={name: position.next_offset for name, position in stored.items()},
            before=before,
            time_reached=in_order,
            in_order=in_order,
        )
        return await batches.run(tx, SERVICE, batch, most_due=most_due)


async def times_said(runtime: Runtime) -> int:
    """How often the toy has said on its own topic what time it is."""
    found = await rows(runtime, "select count(*) as n from outbox where headers like '%time-reached%'")
    return int(found[0]["n"])


async def test_a_transaction_takes_some_of_the_deadlines_of_one_moment(runtime_of: RuntimeOf) -> None:
    runtime = await waiting(runtime_of, [(f"c{number}", f"o{number}") for number in range(10)])
    reports = [await folded(runtime) for _ in range(3)]
    assert [report.deadlines for report in reports] == [4, 4, 2]
    assert [report.more_due for report in reports] == [True, True, False]


async def test_time_does_not_pass_a_moment_before_the_last_of_its_deadlines(runtime_of: RuntimeOf) -> None:
    runtime = await waiting(runtime_of, [(f"c{number}", f"o{number}") for number in range(5)])
    first = await folded(runtime)
    assert (first.settled_at, await times_said(runtime)) == (MOMENT, 0)
    last = await folded(runtime)
    assert (last.settled_at, await times_said(runtime)) == (AFTER, 1)


async def test_what_one_customer_has_at_a_moment_is_not_divided(runtime_of: RuntimeOf) -> None:
    runtime = await waiting(runtime_of, [("ada", f"o{number}") for number in range(6)] + [("bob", "o6")])
    reports = [await folded(runtime, most_due=2) for _ in range(2)]
    assert sorted(report.deadlines for report in reports) == [1, 6]


async def test_a_moment_is_cut_behind_the_deadlines_before_it(runtime_of: RuntimeOf) -> None:
    runtime = await waiting(runtime_of, [("ada", "o1"), ("bob", "o2"), ("eve", "o3")])
    await runtime.fold([placed("zoe", "o0", 9.75)])
    first = await folded(runtime, most_due=2)
    assert (first.deadlines, first.settled_at) == (2, MOMENT)
    assert (await whats(runtime, "zoe"))[-1] == "completed o0"


async def test_exactly_so_many_deadlines_are_all_of_them(runtime_of: RuntimeOf) -> None:
    runtime = await waiting(runtime_of, [(f"c{number}", f"o{number}") for number in range(4)])
    report = await folded(runtime)
    assert (report.deadlines, report.more_due, report.settled_at) == (4, False, AFTER)


async def test_an_event_of_the_moment_comes_before_its_deadlines_however_they_are_cut(runtime_of: RuntimeOf) -> None:
    customers = [f"c{number}" for number in range(6)]
    runtime = await waiting(runtime_of, [(customer_id, f"o-{customer_id}") for customer_id in customers])
    events = [lost(customer_id, f"o-{customer_id}", 11) for customer_id in customers]
    report = await folded(runtime, events=events, most_due=2)
    assert report.counts["applied"] == 6
    while report.more_due:
        report = await folded(runtime, most_due=2)
    for customer_id in customers:
        assert (await whats(runtime, customer_id))[1:] == [f"lost o-{customer_id}"]


async def test_events_after_the_moment_wait_until_it_has_passed(runtime_of: RuntimeOf) -> None:
    runtime = await waiting(runtime_of, [(customer_id, f"o-{customer_id}") for customer_id in ("ada", "bob", "eve")])
    later = [lost(customer_id, f"o-{customer_id}", 12) for customer_id in ("ada", "bob", "eve")]
    reports = [await folded(runtime, at(13), events=later, most_due=1) for _ in range(3)]
    assert [report.counts["applied"] for report in reports] == [0, 0, 3]
    for customer_id in ("ada", "bob", "eve"):
        name = f"o-{customer_id}"
        assert await whats(runtime, customer_id) == [f"placed {name}", f"completed {name}", f"lost {name}"]


async def test_with_the_real_clock_events_wait_only_for_deadlines_of_their_own_customer(runtime_of: RuntimeOf) -> None:
    customers = [f"c{number}" for number in range(20)]
    runtime = await waiting(runtime_of, [(customer_id, f"o-{customer_id}") for customer_id in customers])
    first = await folded(runtime, at(13), events=[lost("c9", "o-c9", 12)], most_due=2, in_order=False)
    assert (first.counts["applied"], first.more_due, first.settled_at) == (1, True, MOMENT)
    assert await whats(runtime, "c9") == ["placed o-c9", "completed o-c9", "lost o-c9"]
    while (await folded(runtime, at(13), most_due=2, in_order=False)).more_due:
        pass
    for customer_id in customers:
        assert (await whats(runtime, customer_id))[1] == f"completed o-{customer_id}"


async def test_with_the_real_clock_what_became_due_last_does_not_wait_for_all_before(runtime_of: RuntimeOf) -> None:
    runtime = await waiting(runtime_of, [(f"c{number}", f"o{number}") for number in range(20)])
    await runtime.fold([placed("zoe", "o-zoe", 10.25)])
    first = await folded(runtime, at(13), most_due=2, in_order=False)
    assert (first.deadlines, first.more_due, first.settled_at) == (3, True, MOMENT)
    assert (await whats(runtime, "zoe"))[-1] == "completed o-zoe"
