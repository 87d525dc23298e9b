"""HTTP: loyalty's reads and its command beside a bare FastAPI on the same tables, asked by sixteen connections."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from statistics import median, quantiles
from typing import Any

import psutil

from benchmarks.machine import Machine, cpu_s
from benchmarks.measuring import MIB, Measured, Mode, at_work
from benchmarks.plan import Plan
from deploy.local.ports import HOST, free_port
from deploy.local.processes import answers_ok

CONNECTIONS = 16
SERVERS = (
    Mode(name="service", module="loyalty", arguments=("api",)),
    Mode(name="bare FastAPI", module="benchmarks.modes.bare_fastapi"),
)
_FILL = """
    insert into customers (customer_id) select 'c-' || lpad(n::text, 7, '0') from generate_series(0, {accounts} - 1) n;
    insert into accounts select customer_id, 1000000, 0, 0, null, 0, null from customers
"""


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """Reads and commands to each of both, one after the other."""
    machine.empty_broker()
    for number in range(1, plan.rounds + 1):
        for server in SERVERS if number % 2 else reversed(SERVERS):
            yield from _asked(machine, plan, server, number)


def _asked(machine: Machine, plan: Plan, server: Mode, number: int) -> Iterator[Measured]:
    database, port = machine.database("loyalty"), free_port()
    shows_key = machine.admit("loyalty", database)
    for statement in _FILL.format(accounts=plan.accounts).split(";"):
        machine.postgres.run(statement, database=database)
    listening = Mode(
        name=server.name, module=server.module, arguments=server.arguments, settings={"HTTP_PORT": str(port)}
    )
    with at_work(machine, "loyalty", database, listening) as processes:
        processes[0].wait_until(lambda: answers_ok(f"http://{HOST}:{port}/docs"))
        for section, make in (("http reads", _read), ("http commands", _redeem)):
            process = psutil.Process(processes[0].pid)
            yield asyncio.run(load(plan, section, server.name, number, port, partial(make, shows_key), process))
    machine.postgres.drop(database)


def _read(shows_key: str, number: int, accounts: int) -> bytes:
    customer_id = f"c-{number * 7919 % accounts:07}"
    return f"GET /v1/members/{customer_id} HTTP/1.1\r\nHost: {HOST}\r\n{shows_key}\r\n".encode()


def _redeem(shows_key: str, number: int, accounts: int) -> bytes:
    customer_id = f"c-{number * 7919 % accounts:07}"
    body = f'{{"redemption_id": "x-{number}", "points": 5}}'
    head = f"POST /v1/members/{customer_id}/redemptions HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
    return f"{head}{shows_key}Content-Length: {len(body)}\r\n\r\n{body}".encode()


async def load(
    plan: Plan, section: str, mode: str, number: int, port: int, make: Any, server: psutil.Process
) -> Measured:
    """As many requests as are answered in time, each connection one after the other. Fails on any error."""
    numbers, answered_s = count(1), list[float]()
    warm_s = time.perf_counter() + plan.warm_up_s
    end_s = warm_s + plan.seconds

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        while (asked_s := time.perf_counter()) < end_s:
            writer.write(make(next(numbers), plan.accounts))
            await answer(reader)
            if asked_s >= warm_s:
                answered_s.append(time.perf_counter() - asked_s)
        writer.close()

    async def used_since_warm() -> float:
        await asyncio.sleep(max(0.0, warm_s - time.perf_counter()))
        before_s = cpu_s(server)
        await asyncio.sleep(max(0.0, end_s - time.perf_counter()))
        return cpu_s(server) - before_s

    using = asyncio.create_task(used_since_warm())
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    used_s = await using
    return Measured(
        section=section,
        mode=mode,
        round=number,
        events=len(answered_s),
        seconds=plan.seconds,
        events_per_s=len(answered_s) / plan.seconds,
        cpu_us=used_s / len(answered_s) * 1e6,
        memory_mib=server.memory_info().rss / MIB,
        median_ms=median(answered_s) * 1e3,
        p99_ms=quantiles(answered_s, n=100)[-1] * 1e3,
    )


async def answer(reader: asyncio.StreamReader) -> None:
    """Read one whole answer. Raises `RuntimeError` for one that is no success."""
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 20" not in head[:12]:
        raise RuntimeError(f"the server answered {head[:200]!r}")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
