"""One mode in processes of its own, watched from outside: `positions` say how far it is, the system what it used.

Every mode is measured alike: from a commit that was seen after warming up to the last one that was seen in time.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import TypeAlias

import asyncpg
import psutil
from msgspec import Struct

from benchmarks.machine import Machine, cpu_s
from benchmarks.plan import Plan
from deploy.local.processes import Process, ProcessError

LOOK_S = 0.02
QUIET_S = 3.0
BEGIN_S = 90.0
MIB = 2**20

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

_groups = count(1)


class Mode(Struct, frozen=True, kw_only=True):
    """One way to do the work of a service."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    settings: dict[str, str] = {}
    processes: int = 1


class Measured(Struct, frozen=True, kw_only=True):
    """What one run of one mode showed."""

    section: str
    mode: str
    round: int
    events: int
    seconds: float
    events_per_s: float
    cpu_us: float
    """CPU microseconds of the mode's own processes for each event."""
    database_cpu_us: float = 0.0
    """The same of PostgreSQL."""
    rows_per_event: float = 0.0
    """In all tables, when it was stopped."""
    memory_mib: float = 0.0
    """The most that one process had resident."""
    median_ms: float = 0.0
    """Of requests: from asking to the whole answer."""
    p99_ms: float = 0.0
    """So long took the slowest in a hundred, at least."""


class Mark(Struct, frozen=True):
    """A moment at which a commit was seen."""

    at_s: float
    events: int
    cpu_s: float
    database_cpu_s: float


@contextmanager
def at_work(machine: Machine, service: str, database: str, mode: Mode) -> Iterator[list[Process]]:
    """The processes of a mode until the end of the block; a clean stop, as in production."""
    settings = machine.environment(service, database, f"bench-{next(_groups)}") | mode.settings
    processes = [machine.process(mode.module, settings, mode.arguments) for _ in range(mode.processes)]
    try:
        for process in processes:
            process.start()
        yield processes
        for process in processes:
            process.check()
    finally:
        for process in processes:
            process.stop()


def consume_all(machine: Machine, service: str, modes: Sequence[tuple[Mode, str]], events: int) -> None:
    """Let each mode consume so many events into its database, all side by side: nothing is measured here."""
    with ExitStack() as stack:
        started = [stack.enter_context(at_work(machine, service, database, mode)) for mode, database in modes]
        for (_, database), processes in zip(modes, started, strict=True):
            asyncio.run(_consumed(machine.address(database), events, processes))


async def _consumed(address: str, events: int, processes: Sequence[Process]) -> None:
    connection: Connection = await asyncpg.connect(address)
    seen, until_s = -1, time.monotonic() + BEGIN_S
    try:
        while seen < events:
            for process in processes:
                process.check()
            now = await _events(connection)
            if now > seen:
                seen, until_s = now, time.monotonic() + BEGIN_S
            if time.monotonic() > until_s:
                raise ProcessError(f"{processes[0].name} stands still at {seen} of {events} events")
            await asyncio.sleep(LOOK_S)
    finally:
        await connection.close()


CONSUMED = "select coalesce(sum(consumed), 0)::bigint from positions"


class Progress(Struct, frozen=True, kw_only=True):
    """How far the work is, and how that is watched."""

    query: str = CONSUMED
    """Says how many events are done; what it says never falls for good."""
    all: int | None = None
    """So many there are, and with the last of them it is over."""
    look_s: float = LOOK_S
    quiet_s: float = QUIET_S
    """Nothing committed for so long: that was all."""


CONSUMING = Progress()


def measure(
    machine: Machine,
    plan: Plan,
    section: str,
    service: str,
    mode: Mode,
    number: int,
    *,
    database: str | None = None,
    progress: Progress = CONSUMING,
) -> Measured:
    """One run of `mode`, from the beginning of the topics on a fresh database, or on one that was prepared for it."""
    database = database or machine.database(service)
    with at_work(machine, service, database, mode) as processes:
        first, last, memory = asyncio.run(_watch(machine, plan, database, processes, progress))
    events, seconds = last.events - first.events, last.at_s - first.at_s
    if not events:
        raise ProcessError(f"{mode.name} committed nothing while it was measured; see {processes[0].log}")
    measured = Measured(
        section=section,
        mode=mode.name,
        round=number,
        events=events,
        seconds=seconds,
        events_per_s=events / seconds,
        cpu_us=(last.cpu_s - first.cpu_s) / events * 1e6,
        database_cpu_us=(last.database_cpu_s - first.database_cpu_s) / events * 1e6,
        rows_per_event=asyncio.run(_rows_per_event(machine.address(database))) if progress is CONSUMING else 0.0,
        memory_mib=memory / MIB,
    )
    machine.postgres.drop(database)
    return measured


async def _watch(
    machine: Machine, plan: Plan, database: str, processes: Sequence[Process], progress: Progress
) -> tuple[Mark, Mark, int]:
    """Two commits, and the most memory that a process had between them."""
    connection: Connection = await asyncpg.connect(machine.address(database))
    watched = [psutil.Process(process.pid) for process in processes]
    memory = 0

    async def next_commit(after: int, until_s: float) -> Mark | None:
        while time.perf_counter() < until_s:
            for process in processes:
                process.check()
            events = int(await connection.fetchval(progress.query))
            if events > after:
                used_s = sum(cpu_s(process) for process in watched)
                return Mark(time.perf_counter(), events, used_s, machine.database_cpu_s())
            await asyncio.sleep(progress.look_s)
        return None

    try:
        first = last = await next_commit(0, time.perf_counter() + BEGIN_S)
        if first is None or last is None:
            raise ProcessError(f"{processes[0].name} did not begin; see {processes[0].log}")
        warm_s = first.at_s + plan.warm_up_s
        while mark := await next_commit(last.events, max(last.at_s + progress.quiet_s, warm_s)):
            memory = max(memory, *(process.memory_info().rss for process in watched))
            last = mark
            if first.at_s < warm_s <= mark.at_s:
                first = mark
            if mark.events == progress.all or (first.at_s >= warm_s and mark.at_s - first.at_s >= plan.seconds):
                break
        return first, last, memory
    finally:
        await connection.close()


async def _events(connection: Connection) -> int:
    return int(await connection.fetchval(CONSUMED))


_TABLES = """select relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition"""


async def _rows_per_event(address: str) -> float:
    connection: Connection = await asyncpg.connect(address)
    try:
        tables = [row[0] for row in await connection.fetch(_TABLES)]
        counts = [await connection.fetchval(f'select count(*) from "{table}"') for table in tables]  # noqa: S608 ours
        return float(sum(counts)) / max(1, await _events(connection))
    finally:
        await connection.close()


def measure_raw(machine: Machine, plan: Plan, section: str, service: str, topic: str, number: int) -> Measured:
    """The reading loop, which has no database to be watched by and says itself what it did."""
    settings = machine.environment(service, "postgres", f"bench-{next(_groups)}") | {
        "BENCH_TOPIC": topic,
        "BENCH_SECONDS": str(plan.seconds),
        "BENCH_WARM_UP_S": str(plan.warm_up_s),
    }
    process = machine.process("benchmarks.modes.raw", settings)
    process.complete(BEGIN_S)
    said = json.loads(process.tail(1))
    return Measured(
        section=section,
        mode="raw",
        round=number,
        events=said["events"],
        seconds=said["seconds"],
        events_per_s=said["events"] / said["seconds"],
        cpu_us=said["cpu_s"] / said["events"] * 1e6,
    )
