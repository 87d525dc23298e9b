"""What more of something does: two workers for one, two million accounts for ten thousand, a million events on end."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import asyncpg
import psutil

from benchmarks import topics
from benchmarks.filling import fill, members
from benchmarks.machine import Machine, cpu_s
from benchmarks.measuring import CONSUMED, MIB, Measured, Mode, at_work, measure
from benchmarks.plan import SEED, Plan
from benchmarks.shoppers import order_facts
from deploy.local.processes import Process

SERVICE = "benchmarks.modes.service"
ONE = Mode(name="one worker", module=SERVICE)
PARTS = 10
TWO = Mode(name="two workers", module=SERVICE, processes=2)


def two_workers(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """The same topic for one worker and for two of the same group."""
    topics.say(machine.empty_broker(), order_facts(SEED, plan.accounts), plan.events)
    for number in range(1, plan.rounds + 1):
        for mode in (ONE, TWO) if number % 2 else (TWO, ONE):
            yield measure(machine, plan, "workers", "loyalty", mode, number)


def many_accounts(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """Every customer has an account with an order and postings already, and everybody buys as often as any other."""
    templates = {number: _filled(machine, number) for number in (plan.accounts, plan.many_accounts)}
    for number in range(1, plan.rounds + 1):
        for accounts, template in templates.items():
            topics.say(machine.empty_broker(), order_facts(SEED, accounts), plan.events // 2)
            database = machine.copy(template)
            mode = Mode(name=f"{accounts:,} accounts", module=SERVICE)
            yield measure(machine, plan, "scale", "loyalty", mode, number, database=database)


def _filled(machine: Machine, accounts: int) -> str:
    template = machine.database("loyalty")
    fill(machine.address(template), accounts, members)
    return template


def endurance(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """One worker over very many events, in ten parts, to see whether its speed or memory changes."""
    topics.say(machine.empty_broker(), order_facts(SEED, 100_000), plan.endurance_events)
    database = machine.database("loyalty")
    with at_work(machine, "loyalty", database, ONE) as processes:
        yield from asyncio.run(_followed(machine.address(database), plan.endurance_events, processes[0]))
    machine.postgres.drop(database)


async def _followed(address: str, events: int, process: Process) -> list[Measured]:
    """Each tenth of the events."""
    connection: Any = await asyncpg.connect(address)
    worker = psutil.Process(process.pid)
    parts: list[Measured] = []
    seen, began, began_s, used_s = 0, 0, time.perf_counter(), cpu_s(worker)
    while seen < events:
        process.check()
        seen = int(await connection.fetchval(CONSUMED))
        if seen >= events * (len(parts) + 1) // PARTS:
            part = Measured(
                section="endurance",
                mode=f"until {100 * (len(parts) + 1) // PARTS} %",
                round=1,
                events=seen - began,
                seconds=time.perf_counter() - began_s,
                events_per_s=(seen - began) / (time.perf_counter() - began_s),
                cpu_us=(cpu_s(worker) - used_s) / (seen - began) * 1e6,
                memory_mib=worker.memory_info().rss / MIB,
            )
            parts.append(part)
            began, began_s, used_s = seen, time.perf_counter(), cpu_s(worker)
        await asyncio.sleep(0.1)
    await connection.close()
    return parts
