"""How long it takes from an issue on Kafka to the mail server's yes, when nothing holds it: so many issues a second.

The whole notifier as it is shipped (worker, sender, relay), a real broker, a database that knows the customers. Time
begins just before the record is given to the producer.
"""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

import psutil
from aiokafka import AIOKafkaProducer

from benchmarks.letterbox import Sink, address_of, customer_of, fill_people, settings_of
from benchmarks.machine import Machine, cpu_s
from benchmarks.mailing import fetch, worker
from benchmarks.measuring import MIB, Measured
from benchmarks.plan import PARTITIONS, Plan
from chassis.partitions import partition_of
from contracts import Event
from contracts.kafka import subject_of, to_record
from contracts.orders import IssueOpened
from contracts.traces import continued_trace
from contracts.vocabulary import IssueKind, Severity
from deploy.local.processes import ProcessError

ISSUES_PER_S = 50
WARM_UP_S = 3.0
BEGIN_S = 60.0
REST_S = 30.0
IDLE_S = 5.0


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """One run, at its pace; and what the same notifier uses while nothing is said."""
    database, bootstrap = machine.database("notifier"), machine.empty_broker()
    number = int(ISSUES_PER_S * (WARM_UP_S + plan.issue_seconds))
    fill_people(machine, database, number)
    with Sink(machine).open() as sink:
        with worker(machine, database, settings_of(sink.port)) as process:
            watched = psutil.Process(process.pid)
            asyncio.run(_ready(machine, database))
            idle = _idle(machine, watched)
            before_s = cpu_s(watched)
            said = asyncio.run(_say(bootstrap, number))
            _wait(sink, number)
            used_s, memory = cpu_s(watched) - before_s, watched.memory_info().rss
        taken = {one.recipient: one.at for one in sink.accepted()}
    warm = int(ISSUES_PER_S * WARM_UP_S)
    took_s = [(taken[address_of(customer_of(one))] - said[one]).total_seconds() for one in range(warm, number)]
    seconds = (said[-1] - said[0]).total_seconds()
    yield Measured(
        section="issue to mail", mode=f"{ISSUES_PER_S} issues/s", round=1, events=len(took_s), seconds=seconds,
        events_per_s=number / seconds, cpu_us=used_s / number * 1e6, memory_mib=memory / MIB,
        median_ms=median(took_s) * 1e3, p99_ms=quantiles(took_s, n=100)[-1] * 1e3,
    )  # fmt: skip
    yield idle
    machine.postgres.drop(database)


def _idle(machine: Machine, watched: psutil.Process) -> Measured:
    """Its events are seconds: processor time for each of them."""
    before_s, database_s = cpu_s(watched), machine.database_cpu_s()
    time.sleep(IDLE_S)
    return Measured(
        section="issue to mail", mode="nothing to do, per second", round=1, events=int(IDLE_S), seconds=IDLE_S,
        events_per_s=1.0, cpu_us=(cpu_s(watched) - before_s) / IDLE_S * 1e6,
        database_cpu_us=(machine.database_cpu_s() - database_s) / IDLE_S * 1e6,
        memory_mib=watched.memory_info().rss / MIB,
    )  # fmt: skip


async def _ready(machine: Machine, database: str) -> None:
    """Returns when every partition has an owner that has looked at it."""
    until_s = time.monotonic() + BEGIN_S
    query = "select count(distinct partition) as n from positions where settled_at is not null or true"
    while (await fetch(machine, database, query))[0]["n"] < PARTITIONS:
        if time.monotonic() > until_s:
            raise ProcessError("the notifier did not begin")
        await asyncio.sleep(0.2)
    await asyncio.sleep(2)


async def _say(bootstrap: str, number: int) -> list[datetime]:
    """Each at its moment, however long the one before takes; when each was said."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    said: list[datetime] = []
    sending: list[Any] = []
    began_s = time.perf_counter()
    try:
        for one in range(number):
            await asyncio.sleep(max(0.0, began_s + one / ISSUES_PER_S - time.perf_counter()))
            said.append(datetime.now(UTC))
            record = to_record(opened(one, said[-1]))
            place = {"key": record.key, "partition": partition_of(record.key or b"", PARTITIONS)}
            sending.append(await producer.send(record.topic, record.value, headers=list(record.headers), **place))
        await asyncio.gather(*sending)
    finally:
        await producer.stop()
    return said


def opened(number: int, at: datetime) -> Event[IssueOpened]:
    """An issue of the customer of that number."""
    name = f"issue-{number:07}-{at.timestamp()}"
    fact = IssueOpened(
        customer_id=customer_of(number), issue_id=name, order_id=f"new-{number:07}", kind=IssueKind.delivery_late,
        severity=Severity.serious, opened_at=at, promised_by=at, told_by=at + timedelta(hours=1),
        known="The parcel was promised for today and has not arrived.", expected_next="It should arrive soon.",
    )  # fmt: skip
    return Event(
        id=name, source="/rapport/orders-listener", time=at, data=fact, subject=subject_of(fact), correlation_id=name,
        traceparent=continued_trace(None, name, name),
    )  # fmt: skip


def _wait(sink: Sink, number: int) -> None:
    until_s = time.monotonic() + REST_S
    while sink.number() < number:
        if time.monotonic() > until_s:
            raise ProcessError(f"only {sink.number()} of {number} mails came")
        time.sleep(0.1)
