"""The loop on a real broker and a real database, folding the toy."""

from typing import Any

import pytest
from sqlalchemy import text

from chassis.partitions import partition_of
from chassis.redrive import redrive
from chassis.runtime import Runtime
from contracts import Event
from contracts.kafka import to_record
from contracts.storefront import ORDERS
from deploy.local.broker import Broker
from tests.brokers import PARTITIONS
from tests.chassis.shop import lost, placed, time_reached, toy, whats
from tests.conftest import RuntimeOf
from tests.running import at, publish, rows, running, said_on, totals, until


async def test_an_event_is_folded_once_and_what_follows_is_published(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    event = placed("ada", "o1")
    await publish(kafka.bootstrap, event, event)
    async with running(runtime) as service:
        await service.consumed(2)
        confirmed = (await said_on(kafka.bootstrap, "orders", 1))[0]
        headers = {name: content.decode() for name, content in confirmed.headers}
        assert headers["ce_causationid"] == event.id
        assert headers["ce_correlationid"] == event.correlation_id
        assert confirmed.partition == partition_of("ada", PARTITIONS)
        assert (await totals(runtime))["duplicate"] == 1

        async def empty() -> bool:
            return not await rows(runtime, "select 1 from outbox")

        await until(empty)
        await service.until(lambda: _completed(runtime))
    assert await whats(runtime, "ada") == ["placed o1", "completed o1"]


async def _completed(runtime: Runtime) -> bool:
    """Somebody listened, and the toy's deadline came."""
    return "completed o1" in await whats(runtime, "ada")


async def test_a_restarted_worker_goes_on_where_the_database_says(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, placed("ada", "o1"))
    async with running(runtime) as service:
        await service.consumed(1)
    await publish(kafka.bootstrap, placed("ada", "o2"))
    async with running(runtime) as service:
        await service.consumed(2)
    assert [what for what in await whats(runtime, "ada") if what.startswith("placed")] == ["placed o1", "placed o2"]


async def test_the_same_id_with_other_content_is_parked(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, placed("ada", "o1", event_id="x"), placed("ada", "o2", event_id="x"))
    async with running(runtime) as service:
        await service.consumed(2)
    [row] = await rows(runtime, "select * from parked_events")
    assert row["reason"] == "id_reused"
    assert row["value"] == to_record(placed("ada", "o2")).value


async def test_what_was_taken_in_first_decides_however_batches_are_cut(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    first, other = placed("ada", "o1", event_id="x"), placed("ada", "o2", event_id="x")
    await publish(kafka.bootstrap, first)
    async with running(runtime) as service:
        await service.consumed(1)
    await publish(kafka.bootstrap, other, other, first)
    async with running(runtime) as service:
        await service.consumed(4)
    found = await totals(runtime)
    assert (found["applied"], found["parked"], found["duplicate"]) == (1, 2, 1)
    parked = await rows(runtime, "select reason, value from parked_events")
    assert [(row["reason"], row["value"]) for row in parked] == [("id_reused", to_record(other).value)] * 2


async def test_an_unreadable_record_is_parked_whole_and_blocks_nobody(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    broken = (
        ORDERS,
        "ada",
        b'{"customer_id": "ada", "\xff',
        [*to_record(placed("ada", "o1")).headers, ("odd", b"\x00\xff")],
    )
    await publish(kafka.bootstrap, broken, placed("ada", "o2"))
    async with running(runtime) as service:
        await service.consumed(2)
    [row] = await rows(runtime, "select * from parked_events")
    assert (row["reason"], row["value"], row["customer_id"]) == ("not_utf8", broken[2], "ada")
    assert "placed o2" in await whats(runtime, "ada")


async def test_a_rejected_event_blocks_its_customer_and_nobody_else(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(
        kafka.bootstrap,
        placed("ada", "o1", title="reject"),
        placed("ada", "o2"),
        placed("bob", "o3"),
        lost("ada", "o2", 10.5),
    )
    async with running(runtime) as service:
        await service.consumed(4)
    found = await rows(runtime, "select reason from parked_events where customer_id = 'ada' order by parked_id")
    assert {row["reason"] for row in found} == {"not_today", "behind_blocked"}
    assert len(found) == 3
    assert await whats(runtime, "ada") == []
    assert "placed o3" in await whats(runtime, "bob")


async def test_a_bug_for_one_customer_is_parked_with_its_kind_only(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, placed("ada", "o1", title="bug"), placed("bob", "o2"))
    async with running(runtime) as service:
        await service.consumed(2)
    [row] = await rows(runtime, "select * from parked_events")
    assert (row["reason"], row["detail"]) == ("fold_failed", "ZeroDivisionError")
    assert "placed o2" in await whats(runtime, "bob")


async def test_many_customers_failing_alike_stop_the_partition_and_park_nothing_more(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, *(placed(f"c{n}", f"o{n}", title="bug") for n in range(60)))
    async with running(runtime) as service:

        async def halted() -> bool:
            return "halted" in service.health.reason

        await service.until(halted)
        assert (await totals(runtime))["parked"] <= 5
        assert not service.health.ready


async def test_what_cannot_be_saved_is_parked_and_the_rest_of_the_batch_goes_on(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(
        kafka.bootstrap,
        placed("ada", "o1", title="unsavable"),
        placed("ada", "o2"),
        *(placed(f"c{n}", f"p{n}") for n in range(9)),
    )
    async with running(runtime) as service:
        await service.consumed(11)
    found = await rows(runtime, "select reason from parked_events order by parked_id")
    assert [row["reason"] for row in found] == ["save_failed", "behind_blocked"]
    assert len(await rows(runtime, "select 1 from effects where what like 'placed p%'")) == 9


async def test_redrive_takes_a_customer_up_again_in_the_original_order(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, placed("ada", "o1", title="reject"), placed("ada", "o2"), lost("ada", "o2", 10.5))
    async with running(runtime) as service:
        await service.consumed(3)
    async with runtime.transaction() as tx:  # the shop mends the title, as a repair of ours would
        await tx.execute(
            text(
                "update parked_events"
                " set value = convert_to(replace(convert_from(value, 'utf8'), 'reject', 'fine'), 'utf8')"
            )
        )
    tried = await redrive(runtime, customer_id="ada", reason=None, dry_run=True, limit=10, actor="test")
    assert (tried.applied, tried.refused, await whats(runtime, "ada")) == (3, 0, [])
    done = await redrive(runtime, customer_id=None, reason="not_today", dry_run=False, limit=10, actor="test")
    assert (done.customers, done.applied, done.refused) == (1, 3, 0)
    async with running(runtime) as service:
        await service.until(lambda: _completed(runtime))
    assert await whats(runtime, "ada") == ["placed o1", "placed o2", "lost o2", "completed o1"]
    [customer] = await rows(runtime, "select blocked_at from customers where customer_id = 'ada'")
    assert customer["blocked_at"] is None


async def test_with_the_real_clock_a_deadline_fires_after_we_have_listened(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, placed("ada", "o1"))

    async with running(runtime) as service:
        await service.until(lambda: _completed(runtime))
    [decision] = await rows(runtime, "select * from decisions")
    assert (decision["cause_id"], decision["cause_kind"]) == ("placed-o1", "event")


async def test_a_late_worker_does_not_announce_what_the_waiting_scan_contradicts(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    """Both the order and the parcel's loss wait in Kafka, hours old: the order must never be called complete."""
    runtime = await toy(runtime_of, kafka)
    orders = [placed(f"c{n}", f"o{n}") for n in range(200)]
    losses = [lost(f"c{n}", f"o{n}", 10.5) for n in range(200)]
    await publish(kafka.bootstrap, *orders, *losses)
    async with running(runtime) as service:
        await service.consumed(400)
        await publish(kafka.bootstrap, placed("last", "last"))

        async def last() -> bool:
            return "completed last" in await whats(runtime, "last")

        await service.until(last)
    assert not await rows(runtime, "select 1 from effects where what like 'completed o%'")


async def test_simulated_time_moves_only_when_every_topic_has_said_so(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka, CLOCK="simulated")
    await publish(kafka.bootstrap, placed("ada", "o1"), placed("bob", "o2"), lost("bob", "o2", 10.25))
    await time_reached(kafka, 10.5)
    async with running(runtime) as service:
        await service.consumed(3 + 2 * PARTITIONS)
        assert await whats(runtime, "ada") == ["placed o1"]
        assert await whats(runtime, "bob") == ["placed o2", "lost o2"]
        assert await runtime.now("ada") == at(10.5)
        await time_reached(kafka, 12)
        await service.consumed(3 + 4 * PARTITIONS)

        async def all_said() -> bool:
            return not await rows(runtime, "select 1 from outbox")

        await service.until(all_said)
    assert await whats(runtime, "ada") == ["placed o1", "completed o1"]
    assert await whats(runtime, "bob") == ["placed o2", "lost o2"]
    said = await said_on(kafka.bootstrap, "orders", 3 + 2 * PARTITIONS)
    times = [dict(record.headers)["ce_time"] for record in said if record.partition == 0]
    assert times == sorted(times)


@pytest.mark.parametrize("batch_items", [1, 1_000])
async def test_the_size_of_a_batch_changes_nothing(runtime_of: RuntimeOf, kafka: Broker, batch_items: int) -> None:
    runtime = await toy(runtime_of, kafka, CLOCK="simulated", TOY_BATCH_ITEMS=str(batch_items))
    said: list[Event[Any]] = []
    for n in range(12):
        said.append(placed(f"c{n % 4}", f"o{n}", 8 + n / 4))
        if n % 3 == 0:
            said.append(lost(f"c{n % 4}", f"o{n}", 8.5 + n / 4))
    await publish(kafka.bootstrap, *said)
    await time_reached(kafka, 20)
    async with running(runtime) as service:
        await service.consumed(len(said) + 2 * PARTITIONS)

        async def settled() -> bool:
            return await runtime.now("c0") == await runtime.now("c1") == await runtime.now("c2") == at(20)

        await service.until(settled)
    assert await whats(runtime, "c1") == [
        "placed o1", "placed o5", "completed o1", "placed o9", "completed o5", "lost o9",
    ]  # fmt: skip
    decided = await rows(runtime, "select customer_id, at from decisions order by customer_id, decision_id")
    assert decided == sorted(decided, key=lambda row: (row["customer_id"], row["at"]))


async def test_a_command_is_folded_under_the_same_lock_and_only_once(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    first = await runtime.command("ada", "hello", actor="care:eve", command_id="c-1")
    again = await runtime.command("ada", "hello", actor="care:eve", command_id="c-1")
    assert (first.duplicate, again.duplicate) == (False, True)
    assert await whats(runtime, "ada") == ["hello"]


async def test_a_parked_copy_of_what_was_applied_is_never_applied_again(runtime_of: RuntimeOf, kafka: Broker) -> None:
    """The first copy came broken (or could not be read by the code of that day), the second was folded."""
    runtime = await toy(runtime_of, kafka)
    record = to_record(placed("ada", "o1"))
    broken = (record.topic, record.key, record.value + b",", record.headers)
    await publish(kafka.bootstrap, broken, placed("ada", "o1"))
    async with running(runtime) as service:
        await service.consumed(2)
    async with runtime.transaction() as tx:
        await tx.execute(text("update parked_events set value = :value"), {"value": record.value})
        await tx.execute(text("update counted set seen = '{}'"))  # not even the toy's own memory helps
        await tx.execute(text("delete from effects"))
    done = await redrive(runtime, customer_id="ada", reason=None, dry_run=False, limit=10, actor="test")
    assert (done.applied, await whats(runtime, "ada")) == (1, [])
