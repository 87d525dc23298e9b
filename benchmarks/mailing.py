"""The notifier's sender beside bare loops over aiosmtplib that say the same words: mails a second at one server.

All are watched at the server, which says nothing but how many mails it took. Ours takes its messages from its
database and reports there what became of them; the loops keep nothing.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import psutil

from benchmarks.letterbox import Sink, fill, message, settings_of
from benchmarks.machine import Machine, cpu_s
from benchmarks.measuring import BEGIN_S, MIB, Mark, Measured, Mode, at_work
from benchmarks.plan import Plan
from deploy.local.processes import Process, ProcessError

LOOK_S = 0.05
REST_S = 5.0
"""So long the last report may take after the last mail."""
SENDER = Mode(name="sender", module="benchmarks.modes.sender")
BARE = Mode(name="bare aiosmtplib", module="benchmarks.modes.bare_mailer")
OUR_LETTERS = Mode(
    name="bare aiosmtplib, our letters", module="benchmarks.modes.bare_mailer", arguments=("--our-letters",)
)
MODES = (SENDER, BARE, OUR_LETTERS)


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """Each of them in every round, with a sink and a database of its own."""
    machine.empty_broker()
    template = machine.database("notifier")
    at = datetime.now(UTC)
    fill(machine, template, plan.mails, lambda number: message(number, at))
    for number in range(1, plan.rounds + 1):
        for mode in MODES if number % 2 else reversed(MODES):
            yield _measured(machine, plan, mode, number, template)
    machine.postgres.drop(template)


def _measured(machine: Machine, plan: Plan, mode: Mode, number: int, template: str) -> Measured:
    database = machine.copy(template)
    with Sink(machine).open() as sink:
        # what was ready while the database was filled is not too old to be sent
        settings = settings_of(sink.port) | {"NOTIFIER_STALE_AFTER_S": "86400"}
        with at_work(machine, "notifier", database, with_settings(mode, settings)) as (process,):
            first, last, memory = _watch(machine, plan, sink, process)
    if mode is SENDER:
        _all_reported(machine, database, sink)
    machine.postgres.drop(database)
    mails, seconds = last.events - first.events, last.at_s - first.at_s
    return Measured(
        section="notifier",
        mode=mode.name,
        round=number,
        events=mails,
        seconds=seconds,
        events_per_s=mails / seconds,
        cpu_us=(last.cpu_s - first.cpu_s) / mails * 1e6,
        database_cpu_us=(last.database_cpu_s - first.database_cpu_s) / mails * 1e6,
        memory_mib=memory / MIB,
    )


def with_settings(mode: Mode, settings: dict[str, str]) -> Mode:
    """The mode in this environment."""
    return Mode(name=mode.name, module=mode.module, arguments=mode.arguments, settings=mode.settings | settings)


def _watch(machine: Machine, plan: Plan, sink: Sink, process: Process) -> tuple[Mark, Mark, int]:
    """From the first look after warming up to the last one while there were mails, and the most memory meanwhile."""
    watched, memory = psutil.Process(process.pid), 0
    _wait_for_first(sink, process)
    time.sleep(plan.warm_up_s)
    first = last = _mark(machine, sink, watched)
    while last.at_s - first.at_s < plan.seconds and last.events < plan.mails:
        time.sleep(LOOK_S)
        process.check()
        memory = max(memory, watched.memory_info().rss)
        last = _mark(machine, sink, watched)
    if last.events >= plan.mails and last.at_s - first.at_s < plan.seconds / 2:
        raise ProcessError(f"{process.name} had sent all {plan.mails} mails too early: more are needed")
    return first, last, memory


def _wait_for_first(sink: Sink, process: Process) -> None:
    until_s = time.monotonic() + BEGIN_S
    while not sink.number():
        process.check()
        if time.monotonic() > until_s:
            raise ProcessError(f"{process.name} sent nothing; see {process.log}")
        time.sleep(LOOK_S)


def _mark(machine: Machine, sink: Sink, watched: psutil.Process) -> Mark:
    return Mark(time.perf_counter(), sink.number(), cpu_s(watched), machine.database_cpu_s())


def _all_reported(machine: Machine, database: str, sink: Sink) -> None:
    """Who was asked to stop has written down every mail that the server took, and taken no other."""
    sent = asyncio.run(fetch(machine, database, "select message_id from messages where state = 'sent'"))
    taken = [one.message_id.partition("@")[0] for one in sink.accepted()]
    if sorted(taken) != sorted(row["message_id"] for row in sent):
        raise ProcessError(f"the server took {len(taken)} mails, and {len(sent)} are written down as sent")


async def fetch(machine: Machine, database: str, query: str, *values: object) -> list[Any]:
    """Rows of one query."""
    connection: Any = await asyncpg.connect(machine.address(database))
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


@contextmanager
def worker(machine: Machine, database: str, settings: dict[str, str]) -> Iterator[Process]:
    """The whole notifier as it is shipped: consuming, sending, publishing."""
    mode = Mode(name="worker", module="notifier", arguments=("worker",), settings=settings)
    with at_work(machine, "notifier", database, mode) as (process,):
        yield process
