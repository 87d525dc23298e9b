"""Whatever is killed, lost or taken away: nothing is folded twice, nothing is left out."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import CorruptRecordException
from sqlalchemy import text
from toy.app import application

from chassis import metrics, topics
from chassis.consumer import Consumer
from chassis.migrations import upgrade
from chassis.partitions import partition_of
from chassis.reading import RawRecord
from chassis.runtime import Runtime
from contracts import Event
from deploy.local.broker import Broker, broker, kind_from
from deploy.local.ports import free_port
from deploy.local.postgres import Postgres
from tests.brokers import PARTITIONS
from tests.chassis.shop import placed, toy
from tests.conftest import RuntimeOf, migrations_of
from tests.running import Running, publish, rows, running, totals, until


def orders(first: int, number: int) -> list[Event[Any]]:
    """Orders of seven customers."""
    return [placed(f"c{n % 7}", f"o{n}") for n in range(first, first + number)]


async def placed_orders(runtime: Runtime) -> list[str]:
    """The orders whose placing was folded, sorted; one that was folded twice stands twice."""
    found = await rows(runtime, "select what from effects where what like 'placed %'")
    return sorted(row["what"].removeprefix("placed ") for row in found)


def numbered(number: int) -> list[str]:
    """The orders o0, o1 …"""
    return sorted(f"o{n}" for n in range(number))


async def test_a_database_that_is_killed_and_comes_back_has_everything_once(
    kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Postgres() as server:
        url = server.database("toy")
        await asyncio.to_thread(upgrade, url, migrations_of("toy"))

        async def runtime_of(_: Any, **environment: str) -> Runtime:
            for name, value in (*environment.items(), ("TOY_DATABASE_URL", url), ("LINK_KEYS", "k:" + "s" * 32)):
                monkeypatch.setenv(name, value)
            composed = application()
            return Runtime.of(composed.service, composed.settings)

        runtime = await toy(runtime_of, kafka)
        await publish(kafka.bootstrap, *orders(0, 30))
        async with running(runtime) as service:
            await service.consumed(30)
            await asyncio.to_thread(server.kill)
            await publish(kafka.bootstrap, *orders(30, 30))
            await until(lambda: is_unready(service))
            await asyncio.to_thread(server.start)
            await service.consumed(60)
            assert await placed_orders(runtime) == numbered(60)
            await until(lambda: is_ready(service))
        await runtime.close()


async def is_ready(service: Running) -> bool:
    """Whether the worker says so."""
    return service.health.ready


async def is_unready(service: Running) -> bool:
    """Whether the worker says that somebody is away."""
    return not service.health.ready


async def test_a_worker_and_a_relay_wait_for_a_kafka_that_is_away(
    runtime_of: RuntimeOf, kafka: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chassis.membership.KAFKA_RETRY_S", 15.0)  # it asks again when the topics are there, not before
    late = broker(kind_from(), tmp_path, free_port())
    runtime = await toy(runtime_of, kafka, KAFKA_BOOTSTRAP_SERVERS=late.bootstrap)
    async with running(runtime) as service:
        await until(lambda: _waits_for_kafka(service))
        await asyncio.to_thread(late.start)
        try:
            await topics.create(late.bootstrap, PARTITIONS)
            await publish(late.bootstrap, *orders(0, 5))
            await service.consumed(5)
            await until(lambda: all_published(runtime))
        finally:
            service.worker.stop()
            await asyncio.sleep(0.5)
            await asyncio.to_thread(late.stop)


async def _waits_for_kafka(service: Running) -> bool:
    return service.health.reason == "Kafka is away" and service.health.stuck() is None


async def all_published(runtime: Runtime) -> bool:
    """Whether the outbox is empty."""
    return not await rows(runtime, "select 1 from outbox")


async def test_a_log_that_was_made_anew_is_not_passed_over_in_silence(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, *orders(0, 10))
    async with running(runtime) as service:
        await service.consumed(10)
        await until(lambda: is_ready(service))
    async with runtime.transaction() as tx:  # as if the log had been longer before
        await tx.execute(text("update positions set next_offset = next_offset + 100000 where consumed > 0"))
    async with running(runtime) as service:
        await until(lambda: _says_that_the_log_is_shorter(service))
    async with runtime.transaction() as tx:
        await tx.execute(text("delete from positions where consumed > 0"))
    async with running(runtime) as service:
        await until(lambda: is_ready(service))
        await publish(kafka.bootstrap, *orders(10, 5))
        await until(lambda: _all_placed(runtime, 15))


async def _says_that_the_log_is_shorter(service: Running) -> bool:
    return not service.health.ready and "the log was lost or made anew" in service.health.reason


async def _all_placed(runtime: Runtime, number: int) -> bool:
    return await placed_orders(runtime) == numbered(number)


async def test_two_workers_share_the_partitions_and_hand_them_over(runtime_of: RuntimeOf, kafka: Broker) -> None:
    first = await toy(runtime_of, kafka)
    second = Runtime.of(first.service, first.settings)
    async with running(second) as staying:
        async with running(first) as leaving:
            await until(lambda: is_ready(leaving))
            await publish(kafka.bootstrap, *orders(0, 40))
            await staying.consumed(40)
        await publish(kafka.bootstrap, *orders(40, 40))
        await staying.consumed(80)
        assert await placed_orders(first) == numbered(80)
    await second.close()


async def test_a_zombie_commits_nothing(runtime_of: RuntimeOf, kafka: Broker) -> None:
    """Somebody else has taken the partition further while this worker still believes that it is its own."""
    runtime = await toy(runtime_of, kafka)
    moved = metrics.positions_moved._value.get()
    async with running(runtime) as service:
        await publish(kafka.bootstrap, placed("ada", "o0"))
        await service.consumed(1)
        async with runtime.transaction() as tx:  # the other owner folds o1 first
            await tx.execute(
                text("update positions set next_offset = 2 where topic = 'storefront.orders' and partition = :p"),
                {"p": partition_of("ada", PARTITIONS)},
            )
        await publish(kafka.bootstrap, placed("ada", "o1"), placed("ada", "o2"))
        await service.consumed(2)
    assert metrics.positions_moved._value.get() == moved + 1
    assert await placed_orders(runtime) == ["o0", "o2"]


class Forgetful(Consumer):
    """Takes records out of the client's buffers and raises: what came for other partitions is lost with it."""

    failures = 3

    async def poll(self, timeout_ms: int) -> list[RawRecord]:
        """Three times."""
        records = await super().poll(timeout_ms)
        if records and self.failures:
            self.failures -= 1
            raise CorruptRecordException
        return records


async def test_what_an_exception_takes_away_is_polled_again(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, *orders(0, 30))
    async with running(runtime, consumer=Forgetful) as service:
        await service.consumed(30)
    assert await placed_orders(runtime) == numbered(30)


class Hanging(Consumer):
    """Its first poll never comes back; the next consumer's do."""

    built = 0

    async def poll(self, timeout_ms: int) -> list[RawRecord]:
        """Hang once."""
        if Hanging.built == 0:
            Hanging.built = 1
            await asyncio.Event().wait()
        return await super().poll(timeout_ms)


async def test_a_poll_that_hangs_is_answered_with_a_new_consumer(
    runtime_of: RuntimeOf, kafka: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, *orders(0, 5))
    built = metrics.consumer_rebuilds._value.get()
    monkeypatch.setattr("chassis.membership.WATCHDOG_S", 8.0)  # the next one joins a group that the last just left
    async with running(runtime, consumer=Hanging) as service:
        await service.consumed(5)
    assert metrics.consumer_rebuilds._value.get() == built + 1


async def test_what_comes_while_a_batch_is_tried_again_is_folded_after_it(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    async with running(runtime) as service:
        await publish(kafka.bootstrap, placed("ada", "x", title="unsavable"))
        for n in range(40):  # while the batch is tried, isolated and parked
            await publish(kafka.bootstrap, *orders(n, 1))
        await service.consumed(41)
    assert await placed_orders(runtime) == numbered(40)
    assert (await totals(runtime))["parked"] == 1
