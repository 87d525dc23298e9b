"""What was answered with yes is there, once: brokers that go away, processes that are killed, providers that repeat."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest

from chassis import topics
from chassis.runtime import Runtime
from deploy.local.broker import Broker, broker, kind_from
from deploy.local.ports import HOST, free_port
from orders_listener.app import application
from tests.brokers import PARTITIONS, session_timeout_ms
from tests.conftest import LINK_KEYS, ClientOf, RuntimeOf
from tests.orders_listener.ingest.conftest import SECRETS
from tests.orders_listener.ingest.hooks import placed, shipped, structured, told, tracked, tracker
from tests.running import rows, running, until

ORDERS, KILLS = 60, 4


@pytest.fixture
def mortal_broker(tmp_path: Path) -> Broker:
    """A broker of this test's own."""
    return broker(kind_from(os.environ), tmp_path)


async def test_a_broker_that_is_away_means_come_again(
    mortal_broker: Broker, runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    with mortal_broker as kafka:
        await topics.create(kafka.bootstrap, PARTITIONS)
        edge = await runtime_of(
            application,
            KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap,
            KAFKA_IDEMPOTENT_PRODUCER=str(kafka.idempotent_producer),
            KAFKA_SESSION_TIMEOUT_MS=str(session_timeout_ms(kafka)),
            PARTITIONS=str(PARTITIONS),
            **SECRETS,
        )
        shop = await client_of(edge)
        assert (await told(shop, structured("order-placed", "0", placed("o-0")))).status_code == 200
        kafka.stop()
        for _ in range(3):
            answered = await told(shop, structured("order-placed", "1", placed()))
            assert (answered.status_code, answered.json()["code"]) == (503, "broker_away")
            assert int(answered.headers["retry-after"]) > 0
        assert (await tracked(shop, tracker())).status_code == 200  # needs only the database
        kafka.start()
        await topics.create(kafka.bootstrap, PARTITIONS)
        await until(lambda: _accepted(shop))
        async with running(edge) as service:
            await until(lambda: _known(edge, "o-1"))
            await service.until(lambda: _known(edge, "o-1"))
    [found] = await rows(edge, "select sum(applied) as applied, sum(parked) as parked from positions")
    assert (found["applied"], found["parked"]) == (1, 0)


async def _accepted(shop: httpx.AsyncClient) -> bool:
    return (await told(shop, structured("order-placed", "1", placed()))).status_code == 200


async def _known(edge: Runtime, order_id: str) -> bool:
    return bool(await rows(edge, "select 1 from timelines where order_id = :order_id", order_id=order_id))


@pytest.mark.timeout(300)  # four starts of a process, beside whatever else the machine does
async def test_a_process_that_is_killed_loses_no_hook_and_doubles_none(edge: Runtime) -> None:
    """Killed at any moment, restarted, while a provider delivers each hook until it hears a yes."""
    port, dice = free_port(), random.Random(6)
    victim = _Victim(edge, port)
    async with victim.at_work(), httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=5) as provider:
        hooks = [asyncio.create_task(_tell_of(provider, number)) for number in range(ORDERS)]
        for _ in range(KILLS):
            await asyncio.sleep(dice.uniform(0.5, 2.0))
            await victim.kill_and_restart()
        await asyncio.gather(*hooks)
        await until(lambda: _all_told(edge), patience_s=60)
    found = await rows(edge, _SCANS)
    assert [(row["order_id"], row["entries"], row["scans"]) for row in found] == [
        (f"o-{number:03}", 3, 1) for number in range(ORDERS)
    ]
    assert await rows(edge, "select 1 from parked_events") == []


_SCANS = """
    select order_id, count(*) as entries,
           count(*) filter (where entry->>'type' = 'storefront.shipment-progressed.v1') as scans
    from timelines, jsonb_array_elements(document->'entries') as entry group by 1 order by 1
"""


async def _tell_of(provider: httpx.AsyncClient, number: int) -> None:
    """An order, its parcel and a scan, which comes before the parcel for every other order."""
    order_id, code = f"o-{number:03}", f"94{number:018}"
    await asyncio.sleep(number / 10)
    order = structured("order-placed", f"{order_id}-1", placed(order_id, f"c-{number}"))
    parcel = structured("shipment-created", f"{order_id}-2", shipped(order_id, f"c-{number}", number=code))
    scan = tracker(f"evt_{number}", number=code)
    deliveries = [partial(told, provider, order, parcel), partial(tracked, provider, scan)]
    for delivery in deliveries if number % 2 else reversed(deliveries):
        await until(partial(_heard_yes, delivery), patience_s=90)


async def _heard_yes(deliver: Callable[[], Awaitable[httpx.Response]]) -> bool:
    try:
        answered = await deliver()
    except httpx.TransportError:
        return False
    assert answered.status_code in (200, 503), answered.text
    return answered.status_code == 200


async def _all_told(edge: Runtime) -> bool:
    return sum(row["scans"] for row in await rows(edge, _SCANS)) >= ORDERS


class _Victim:
    """The service as a process of its own, on the databases of the test."""

    def __init__(self, runtime: Runtime, port: int) -> None:
        settings = runtime.settings
        self._port = port
        self._environment = {
            **os.environ,
            **SECRETS,
            "ORDERS_LISTENER_DATABASE_URL": settings.database_url.get_secret_value(),
            "ORDERS_LISTENER_CONSUMER_GROUP": str(settings.consumer_group),
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "KAFKA_IDEMPOTENT_PRODUCER": str(settings.kafka_idempotent_producer),
            "KAFKA_SESSION_TIMEOUT_MS": str(settings.kafka_session_timeout_ms),
            "PARTITIONS": str(PARTITIONS),
            "LINK_KEYS": LINK_KEYS,
            "HTTP_PORT": str(port),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        await self._start()
        try:
            yield
        finally:
            self._kill()

    async def kill_and_restart(self) -> None:
        self._kill()
        await self._start()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def _start(self) -> None:
        command = [sys.executable, "-m", "orders_listener"]
        self._process = await asyncio.to_thread(
            subprocess.Popen, command, env=self._environment, stdout=subprocess.DEVNULL
        )
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{self._port}") as client:
            await until(lambda: _lives(client))


async def _lives(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/live")).status_code == 200
    except httpx.TransportError:
        return False
