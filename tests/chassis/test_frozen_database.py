"""A database that is there and answers nobody: requests are told so within seconds, and workers wait alive."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from toy.app import application

from chassis.health import Health
from chassis.migrations import upgrade
from chassis.runtime import Runtime
from chassis.web import create_app
from deploy.local.broker import Broker
from deploy.local.postgres import Postgres
from tests.brokers import PARTITIONS, session_timeout_ms
from tests.chassis.shop import placed
from tests.conftest import LINK_KEYS, bearer, key_of, migrations_of
from tests.running import Running, publish, rows, running, until

PATIENCE_S = 2.0
LONGEST_ANSWER_S = 5 * PATIENCE_S
"""The wait for a connection, then for an answer on it; and what a busy machine adds."""
LONGEST_TURN_S = 2.7 * PATIENCE_S
"""One partition's wait for a connection and one for a statement; it is less than that of three partitions."""


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server of our own, to be frozen."""
    with Postgres(durable=False) as server:
        upgrade(server.database("toy"), migrations_of("toy"))
        yield server


@pytest.fixture
async def runtime(server: Postgres, kafka: Broker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Runtime]:
    """The toy on it, impatient."""
    environment = {
        "TOY_DATABASE_URL": server.url("toy"),
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "KAFKA_IDEMPOTENT_PRODUCER": str(kafka.idempotent_producer),
        "KAFKA_SESSION_TIMEOUT_MS": str(session_timeout_ms(kafka)),
        "PARTITIONS": str(PARTITIONS),
        "LINK_KEYS": LINK_KEYS,
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("chassis.database.CONNECTION_PATIENCE_S", PATIENCE_S)
    composed = application()
    runtime = Runtime.of(composed.service, composed.settings, patience_s=PATIENCE_S)
    yield runtime
    await runtime.close()


def _client(runtime: Runtime, headers: dict[str, str]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(application(), runtime, Health()))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


async def _asked(client: httpx.AsyncClient) -> tuple[int, str | None, float]:
    began_s = time.monotonic()
    answer = await client.get("/v1/positions")
    return answer.status_code, answer.headers.get("retry-after"), time.monotonic() - began_s


@pytest.mark.parametrize("is_known", [True, False], ids=["known key", "unknown key"])
async def test_every_request_to_a_frozen_database_is_told_to_ask_again(
    server: Postgres, runtime: Runtime, is_known: bool
) -> None:
    async with _client(runtime, bearer(await key_of(runtime))) as client:
        if is_known:
            assert (await client.get("/v1/positions")).status_code == 200
        else:
            await rows(runtime, "select 1")  # a connection lies in the pool, as it does in a process that has worked
        with server.frozen():
            found = await asyncio.gather(*(_asked(client) for _ in range(40)))
            found += [await _asked(client)]
        assert {(status, again) for status, again, _ in found} == {(503, "5")}
        assert max(took_s for *_, took_s in found) < LONGEST_ANSWER_S
        assert (await client.get("/v1/positions")).status_code == 200  # nobody need restart anything


async def test_a_worker_waits_for_a_frozen_database_and_its_loop_goes_round(
    server: Postgres, runtime: Runtime, kafka: Broker
) -> None:
    async with running(runtime) as service:
        await publish(kafka.bootstrap, *(placed(f"c{n}", f"o{n}") for n in range(20)))
        await service.consumed(20)
        with server.frozen():
            await publish(kafka.bootstrap, *(placed(f"c{n}", f"o{n}") for n in range(20, 40)))
            await until(lambda: _says_so(service))
            longest_s = await _longest_turn_s(service, during_s=10 * PATIENCE_S)
            assert not service.health.ready
        assert longest_s < LONGEST_TURN_S
        await service.consumed(40)
        await until(lambda: _is_ready(service))
    assert len(await rows(runtime, "select 1 from effects where what like 'placed %'")) == 40


async def _says_so(service: Running) -> bool:
    return service.health.reason == "the database or Kafka is away"


async def _is_ready(service: Running) -> bool:
    return service.health.ready


async def _longest_turn_s(service: Running, during_s: float) -> float:
    """For how long the loop stood still at most: what liveness looks at."""
    until_s, longest_s = time.monotonic() + during_s, 0.0
    while time.monotonic() < until_s:
        longest_s = max(longest_s, time.monotonic() - service.health.returned_at_s)
        await asyncio.sleep(0.02)
    return longest_s
