"""Hooks: a shop's orders taken by the orders-listener, beside a bare FastAPI that only publishes."""

import asyncio
from collections.abc import Iterator

import psutil

from benchmarks.hooks import SECRET, request
from benchmarks.machine import Machine
from benchmarks.measuring import Measured, Mode, at_work
from benchmarks.plan import Plan
from benchmarks.requesting import load
from deploy.local.ports import HOST, free_port
from deploy.local.processes import answers_ok

SERVERS = (
    Mode(
        name="service",
        module="orders_listener",
        arguments=("api",),
        settings={"ORDERS_LISTENER_INGEST_SHOPIFY_SECRETS": SECRET},
    ),
    Mode(name="bare FastAPI", module="benchmarks.modes.bare_intake"),
    Mode(
        name="bare FastAPI, as it came",
        module="benchmarks.modes.bare_intake",
        settings={"BENCH_AS_IT_CAME": "1"},
    ),
)


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """Both, one after the other, each on empty topics."""
    for number in range(1, plan.rounds + 1):
        for server in SERVERS if number % 2 else reversed(SERVERS):
            machine.empty_broker()
            yield _asked(machine, plan, server, number)


def _asked(machine: Machine, plan: Plan, server: Mode, number: int) -> Measured:
    database, port = machine.database("orders_listener"), free_port()
    listening = Mode(
        name=server.name,
        module=server.module,
        arguments=server.arguments,
        settings=server.settings | {"HTTP_PORT": str(port)},
    )
    with at_work(machine, "orders_listener", database, listening) as processes:
        processes[0].wait_until(lambda: answers_ok(f"http://{HOST}:{port}/health/live"))
        process = psutil.Process(processes[0].pid)
        measured = asyncio.run(load(plan, "ingest", server.name, number, port, request, process))
    machine.postgres.drop(database)
    return measured
