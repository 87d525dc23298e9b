"""The toy as an operator meets it: a process that starts, is asked, and stops; parked events and their way back."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from chassis.runtime import Runtime
from deploy.local.broker import Broker
from deploy.local.ports import HOST, free_port, free_ports
from tests.brokers import PARTITIONS
from tests.chassis.shop import placed, toy, whats
from tests.conftest import LINK_KEYS, ClientOf, RuntimeOf
from tests.running import publish, rows, running, until

TOY = "from toy.app import application; from chassis.main import main; from dataclasses import replace\n"
FAILING = TOY + "async def fail(_): raise ZeroDivisionError\nmain(lambda: replace(application(), background=(fail,)))"
CANCELLED = "import asyncio\n" + FAILING.replace("raise ZeroDivisionError", "raise asyncio.CancelledError")
FAST_S = 5.0


def _environment(runtime: Runtime, port: int) -> dict[str, str]:
    settings = runtime.settings
    return {
        **os.environ,
        "TOY_DATABASE_URL": settings.database_url.get_secret_value(),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "KAFKA_IDEMPOTENT_PRODUCER": str(settings.kafka_idempotent_producer),
        "KAFKA_SESSION_TIMEOUT_MS": str(settings.kafka_session_timeout_ms),
        "PARTITIONS": str(PARTITIONS),
        "LINK_KEYS": LINK_KEYS,
        "HTTP_PORT": str(port),
        "PYTHONPATH": str(Path(__file__).parent / "toy"),
    }


def _start(runtime: Runtime, port: int, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    environment = _environment(runtime, port) | settings
    return subprocess.Popen(  # noqa: S603 the toy
        [sys.executable, *arguments], env=environment, text=True, stdout=subprocess.PIPE
    )


async def _ended(process: subprocess.Popen[str], within_s: float) -> tuple[int, str]:
    output, _ = await asyncio.to_thread(process.communicate, timeout=within_s)
    return process.returncode, output


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False


async def test_a_process_that_is_asked_to_stop_finishes_and_leaves_nothing_open(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    port = free_port()
    with _start(runtime, port, "-m", "toy") as process:
        try:
            async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as client:
                await until(lambda: _is_ready(client), 60)
            await publish(kafka.bootstrap, *(placed(f"c{n % 5}", f"o{n}") for n in range(100)))
            process.send_signal(signal.SIGTERM)
            asked_s = time.monotonic()
            code, output = await _ended(process, 2 * FAST_S)
            assert (code, time.monotonic() - asked_s < FAST_S) == (0, True), output
        finally:
            process.kill()
    [found] = await rows(runtime, "select sum(next_offset) as read, sum(applied) as applied from positions")
    effects = await rows(runtime, "select 1 from effects where what like 'placed %'")
    assert found["read"] == found["applied"] == len(effects)
    assert not await rows(runtime, "select 1 from outbox")


async def test_a_task_that_fails_ends_the_process_with_an_error(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    code, output = await _ended(_start(runtime, free_port(), "-c", FAILING), 60)
    assert code == 1
    assert "builtins.ZeroDivisionError" in output


async def test_a_task_that_nobody_cancelled_does_not_end_in_silence(runtime_of: RuntimeOf, kafka: Broker) -> None:
    """Alive, with a worker that is gone, is the worst that a process can be."""
    runtime = await toy(runtime_of, kafka)
    code, output = await _ended(_start(runtime, free_port(), "-c", CANCELLED), 60)
    assert code == 1
    assert "chassis.main.CancelledByNobody" in output


async def test_a_process_whose_database_is_away_answers_its_probes(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    port, closed = free_ports(2)
    nowhere = f"postgresql+asyncpg://toy@{HOST}:{closed}/toy"
    with _start(runtime, port, "-m", "toy", TOY_DATABASE_URL=nowhere) as process:
        try:
            async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as client:
                await until(lambda: _says(client, "/health/ready", "the database is away"), 60)
                assert (await client.get("/health/live")).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert (await _ended(process, FAST_S))[0] == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("believed", "answers"),
    [
        ("", [401] * 5 + [429] * 2),  # all of them come from one address
        (HOST, [401] * 7),
        ("10.244.0.0/16", [401] * 5 + [429] * 2),  # an ingress, and this is not it
    ],
)
async def test_only_a_proxy_that_is_named_says_for_whom_it_asks(
    believed: str, answers: list[int], runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    port = free_port()
    with _start(runtime, port, "-m", "toy", "api", HTTP_ADDRESS_PER_S="1", FORWARDED_ALLOW_IPS=believed) as process:
        try:
            async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}") as client:
                await until(lambda: _is_ready(client), 60)
                asked = [
                    await client.get("/v1/positions", headers={"X-Forwarded-For": f"203.0.113.{n}"}) for n in range(7)
                ]
            assert [answer.status_code for answer in asked] == answers
        finally:
            process.kill()


async def _says(client: httpx.AsyncClient, path: str, reason: str) -> bool:
    try:
        return bool((await client.get(path)).json()["reason"] == reason)
    except httpx.TransportError:
        return False


async def test_a_topic_with_other_partitions_is_refused_with_the_command_to_run(
    runtime_of: RuntimeOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    environment = _environment(runtime, free_port()) | {"PARTITIONS": "7"}
    command = [sys.executable, "-m", "toy", "worker"]
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "every topic needs 7 partitions" in done.stdout


async def _with_parked(runtime_of: RuntimeOf, kafka: Broker) -> Runtime:
    """Ada's first order was refused on a day that is over now."""
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, placed("ada", "o1", title="reject"), placed("ada", "o2"))
    async with running(runtime, relay=False) as service:
        await service.consumed(2)
    return runtime


async def _mend(runtime: Runtime) -> None:
    async with runtime.transaction() as tx:
        await tx.exec_driver_sql(_MENDED)


_MENDED = "update parked_events set value = convert_to(replace(convert_from(value, 'utf8'), 'reject', 'fine'), 'utf8')"


async def test_parked_events_come_back_over_http_dry_run_first(
    runtime_of: RuntimeOf, kafka: Broker, client_of: ClientOf
) -> None:
    runtime = await _with_parked(runtime_of, kafka)
    client = await client_of(runtime)
    listed = (await client.get("/v1/parked", params={"limit": 1})).json()
    rest = (await client.get("/v1/parked", params={"cursor": listed["next_cursor"]})).json()
    assert [row["reason"] for row in listed["data"] + rest["data"]] == ["not_today", "behind_blocked"]
    first = (await client.get(f"/v1/parked/{listed['data'][0]['parked_id']}")).json()
    assert first["value_base64"]
    refused = (await client.post("/v1/redrive", json={"customer_id": "ada"})).json()
    assert (refused["dry_run"], refused["applied"], refused["reasons"]) == (
        True,
        0,
        {"not_today": 1, "behind_blocked": 1},
    )
    await _mend(runtime)
    dry = (await client.post("/v1/redrive", json={"reason": "not_today"})).json()
    assert (dry["applied"], await whats(runtime, "ada")) == (2, [])
    done = (await client.post("/v1/redrive", json={"reason": "not_today", "dry_run": False})).json()
    assert (done["applied"], (await whats(runtime, "ada"))[:2]) == (2, ["placed o1", "placed o2"])
    effects = await whats(runtime, "ada")
    again = (await client.post("/v1/redrive", json={"customer_id": "ada", "dry_run": False})).json()
    assert (again["applied"], await whats(runtime, "ada")) == (0, effects)
    both = await client.post("/v1/redrive", json={"customer_id": "ada", "reason": "not_today"})
    assert (both.status_code, both.json()["code"]) == (422, "one_of")


async def test_parked_events_come_back_by_the_command_line_dry_run_first(runtime_of: RuntimeOf, kafka: Broker) -> None:
    runtime = await _with_parked(runtime_of, kafka)
    await _mend(runtime)

    async def said(*arguments: str) -> str:
        code, output = await _ended(_start(runtime, free_port(), "-m", "toy", *arguments), 60)
        assert code == 0
        return output

    counted = await said("parked")
    assert {line.strip() for line in counted.splitlines()} == {"1  not_today", "1  behind_blocked", "2  in all"}
    assert '"applied": 2' in await said("redrive", "--customer", "ada")
    assert await whats(runtime, "ada") == []
    assert '"applied": 2' in await said("redrive", "--customer", "ada", "--apply")
    assert (await whats(runtime, "ada"))[:2] == ["placed o1", "placed o2"]
    [closed] = await rows(runtime, "select distinct state, closed_by from parked_events")
    assert (closed["state"], closed["closed_by"]) == ("redriven", "command line")
