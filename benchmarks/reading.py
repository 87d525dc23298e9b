"""How long it takes to read one order over HTTP, with few and with very many orders in the database.

A server on each database, asked in turn by one reader, for another order each time: whoever else is at work on the
machine slows both alike.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from statistics import median, quantiles

import psutil
from msgspec import Struct

from benchmarks.filling import fill
from benchmarks.histories import Prototypes, of_all_kinds
from benchmarks.machine import Machine, cpu_s
from benchmarks.measuring import MIB, Measured, Mode, at_work
from benchmarks.plan import Plan
from benchmarks.requesting import answer
from deploy.local.ports import HOST, free_port
from deploy.local.processes import answers_ok

ASKED = (("timeline", "/v1/orders/{order_id}/timeline"), ("order", "/v1/orders/{order_id}"))
"""Section and path."""
STRIDE = 7_919
"""A prime: which order is asked for next."""


class Server(Struct, frozen=True):
    """One that serves, and on how many orders."""

    orders: int
    port: int
    process: psutil.Process
    shows_key: str


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """Two databases; nothing is written while they are read."""
    machine.empty_broker()
    now = datetime.now(UTC).replace(microsecond=0)
    prototypes = Prototypes(of_all_kinds(now), now)
    databases = {orders: machine.database("orders_listener") for orders in (plan.few_orders, plan.many_orders)}
    for orders, database in databases.items():
        fill(machine.address(database), orders, prototypes.copies)
    for number in range(1, plan.rounds + 1):
        with ExitStack() as stack:
            serving = [stack.enter_context(_serving(machine, database, n)) for n, database in databases.items()]
            for section, path in ASKED:
                yield from asyncio.run(_asked(plan, section, path, number, serving))
    for database in databases.values():
        machine.postgres.drop(database)


@contextmanager
def _serving(machine: Machine, database: str, orders: int) -> Iterator[Server]:
    port = free_port()
    shows_key = machine.admit("orders_listener", database)
    api = Mode(name="api", module="orders_listener", arguments=("api",), settings={"HTTP_PORT": str(port)})
    with at_work(machine, "orders_listener", database, api) as (process,):
        process.wait_until(lambda: answers_ok(f"http://{HOST}:{port}/health/ready"))
        yield Server(orders, port, psutil.Process(process.pid), shows_key)


async def _asked(plan: Plan, section: str, path: str, number: int, servers: Sequence[Server]) -> list[Measured]:
    """As many as are answered in time, each server one after the other: `plan.seconds` for each."""
    connections = [await asyncio.open_connection(HOST, server.port) for server in servers]
    answered_s: list[list[float]] = [[] for _ in servers]
    before_s = [0.0 for _ in servers]
    warm_s = time.perf_counter() + plan.warm_up_s
    warm, asked = False, 0
    while time.perf_counter() < warm_s + plan.seconds * len(servers):
        if not warm and time.perf_counter() >= warm_s:
            warm, answered_s = True, [[] for _ in servers]
            before_s = [cpu_s(server.process) for server in servers]
        asked += 1
        for server, (reader, writer), took_s in zip(servers, connections, answered_s, strict=True):
            began_s = time.perf_counter()
            order_id = f"o-{asked * STRIDE % server.orders:09}"
            head = f"GET {path.format(order_id=order_id)} HTTP/1.1\r\nHost: {HOST}\r\n{server.shows_key}\r\n"
            writer.write(head.encode())
            await answer(reader)
            took_s.append(time.perf_counter() - began_s)
    for _, writer in connections:
        writer.close()
    used_s = [cpu_s(server.process) - before for server, before in zip(servers, before_s, strict=True)]
    return [_measured(section, number, *one) for one in zip(servers, answered_s, used_s, strict=True)]


def _measured(section: str, number: int, server: Server, answered_s: Sequence[float], used_s: float) -> Measured:
    return Measured(
        section=section,
        mode=f"{server.orders:,} orders",
        round=number,
        events=len(answered_s),
        seconds=sum(answered_s),
        events_per_s=len(answered_s) / sum(answered_s),
        cpu_us=used_s / len(answered_s) * 1e6,
        memory_mib=server.process.memory_info().rss / MIB,
        median_ms=median(answered_s) * 1e3,
        p99_ms=quantiles(answered_s, n=100)[-1] * 1e3,
    )
