"""The morning: very many messages that were held during the night are due at one moment, and leave through one server.

The whole notifier as it is shipped. The server takes no more than so many mails a second, so that it is what the
others wait for; new issues come meanwhile, and are timed. What is checked: each message once, none behind a less
important one that was ready no earlier, the pace, and the most memory that the process had.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any, NamedTuple

import psutil
from aiokafka import AIOKafkaProducer

from benchmarks.alarming import opened
from benchmarks.letterbox import Accepted, Sink, fill, fill_people, message, settings_of
from benchmarks.machine import Machine, cpu_s
from benchmarks.mailing import fetch, worker
from benchmarks.measuring import MIB, Measured
from benchmarks.plan import PARTITIONS, Plan
from chassis.partitions import partition_of
from contracts.kafka import to_record
from deploy.local.processes import Process, ProcessError
from notifier.kinds import KINDS, Concern
from notifier.messages import State

HELD = ("order_shipped", "points_earned", "points_vested", "issue_opened", "points_earned", "survey", "order_confirmed",
        "points_vested", "survey", "points_earned")  # fmt: skip
"""One like the next in turn: one in ten is an issue."""
NEW_EVERY_S = 0.5
LOOK_S = 0.1
STILL_S = 60.0
IN_HAND = 200
"""A sender has in hand what leaves in a quarter of a second, here a hundred, while more important ones become ready;
the next round as many."""
_RANKS = {concern: place for place, concern in enumerate(Concern)}


class Morning(NamedTuple):
    """One release."""

    name: str
    messages: int
    per_s: float
    """What the server takes; 0: whatever comes."""


def rounds(machine: Machine, plan: Plan) -> Iterator[Measured]:
    """Through a slow server, and very many at once through a fast one."""
    yield from _released(machine, Morning("held until 08:00", plan.held, plan.held_per_s))
    yield from _released(machine, Morning("due at once", plan.due_messages, 0.0))


def _released(machine: Machine, morning: Morning) -> Iterator[Measured]:
    database, bootstrap = machine.database("notifier"), machine.empty_broker()
    due_at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
    held = morning.messages

    def tell(number: int) -> Any:
        return message(number, due_at, kind=HELD[number % len(HELD)], state=State.held)

    fill(machine, database, held, tell)
    fill_people(machine, database, 5_000, first=held)
    with Sink(machine, morning.per_s).open() as sink:
        with worker(machine, database, settings_of(sink.port)) as process:
            watch = _Watch(machine, sink, process)
            told = asyncio.run(watch.until_drained(bootstrap, held))
        taken = sink.accepted()
    rows = asyncio.run(fetch(machine, database, "select message_id, customer_id, kind, state, ready_at from messages"))
    _each_once(taken, rows)
    kinds = {row["message_id"]: row["kind"] for row in rows if row["customer_id"] not in told}
    print(f"{morning.name}: {_behind_less_important(taken, kinds)} of {held} left behind less important ones")
    yield _measured(morning, taken, watch)
    yield _measured_new(morning, taken, told)
    machine.postgres.drop(database)


class _Watch:
    """Memory and processor time of the notifier while it drains, and new issues at a slow pace."""

    def __init__(self, machine: Machine, sink: Sink, process: Process) -> None:
        self._machine, self._sink, self._process = machine, sink, process
        self._watched = psutil.Process(process.pid)
        self._database_before_s = machine.database_cpu_s()
        self.memory = 0

    @property
    def cpu_s(self) -> float:
        """So far, from the start."""
        return self.used_s

    async def until_drained(self, bootstrap: str, held: int) -> dict[str, datetime]:
        """When each new issue was said, by its customer; returns when all mails are taken."""
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
        await producer.start()
        said: dict[str, datetime] = {}
        moved_s = said_s = time.monotonic()
        seen = 0
        try:
            while (number := self._sink.number()) < held + len(said):
                self._process.check()
                self.memory = max(self.memory, self._watched.memory_info().rss)
                now_s = time.monotonic()
                if number != seen:
                    seen, moved_s = number, now_s
                if now_s - moved_s > STILL_S:
                    raise ProcessError(f"nothing moves any more after {number} of {held} mails")
                if seen and number < held * 0.95 and now_s - said_s >= NEW_EVERY_S:
                    said_s = now_s
                    await _say(producer, held + len(said), said)
                await asyncio.sleep(LOOK_S)
        finally:
            await producer.stop()
        self.used_s = cpu_s(self._watched)
        self.database_s = self._machine.database_cpu_s() - self._database_before_s
        return said


async def _say(producer: Any, number: int, said: dict[str, datetime]) -> None:
    at = datetime.now(UTC)
    record = to_record(opened(number, at))
    said[(record.key or b"").decode()] = at
    place = {"key": record.key, "partition": partition_of(record.key or b"", PARTITIONS)}
    await producer.send_and_wait(record.topic, record.value, headers=list(record.headers), **place)


def _each_once(taken: Sequence[Accepted], rows: Sequence[Any]) -> None:
    twice = [name for name, times in Counter(one.message_id for one in taken).items() if times > 1]
    untold = [row["message_id"] for row in rows if row["state"] != "sent"]
    if twice or untold or len(taken) != len(rows):
        raise ProcessError(f"{len(twice)} mails came twice, {len(untold)} of {len(rows)} messages were not sent")


def _behind_less_important(taken: Sequence[Accepted], kinds: dict[str, str]) -> int:
    """Held messages that left more than what is in hand behind a less important one, all being due at one moment."""
    ranks = [_RANKS[KINDS[kinds[name]].concern] for one in taken if (name := one.message_id.partition("@")[0]) in kinds]
    worst, behind = -1, 0
    for place, rank in enumerate(ranks):
        if place >= IN_HAND:
            worst = max(worst, ranks[place - IN_HAND])
        behind += rank < worst
    return behind


def _measured(morning: Morning, taken: Sequence[Accepted], watch: _Watch) -> Measured:
    seconds = (taken[-1].at - taken[0].at).total_seconds()
    return Measured(
        section="morning", mode=f"{morning.name}: {morning.messages:,}", round=1, events=len(taken), seconds=seconds,
        events_per_s=len(taken) / seconds, cpu_us=watch.used_s / len(taken) * 1e6,
        database_cpu_us=watch.database_s / len(taken) * 1e6, memory_mib=watch.memory / MIB,
    )  # fmt: skip


def _measured_new(morning: Morning, taken: Sequence[Accepted], said: dict[str, datetime]) -> Measured:
    at = {one.recipient.partition("@")[0]: one.at for one in taken}
    took_s = [(at[customer_id] - said_at).total_seconds() for customer_id, said_at in said.items()]
    return Measured(
        section="morning", mode=f"{morning.name}: new issues meanwhile", round=1, events=len(took_s),
        seconds=sum(took_s),
        events_per_s=1 / NEW_EVERY_S, cpu_us=0.0, median_ms=median(took_s) * 1e3,
        p99_ms=quantiles(took_s, n=100)[-1] * 1e3,
    )  # fmt: skip
