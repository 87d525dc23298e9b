"""A script, played: workers, relay, log, group and database, one step after the other, then everybody heals.

Sequential by construction: one task moves at a time, so that one script is one run. Knows nothing of what is right.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any

from aiokafka import TopicPartition
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine
from toy.app import SERVICE, ToySettings
from toy.app import fold as toy_fold

from chassis.database import is_transient
from chassis.errors import Rejected
from chassis.items import Item
from chassis.links import Links
from chassis.membership import WorkerStuck
from chassis.outcomes import Outcome
from chassis.redrive import redrive
from chassis.relay import Relay
from chassis.runtime import Runtime
from contracts import Event
from contracts.storefront import OrderPlaced
from tests.simulation.clock import TURN_S, Clock
from tests.simulation.kafka import Died, Group, Log, Member, Producer
from tests.simulation.process import Process
from tests.simulation.steps import (
    SLOTS,
    Ask,
    Deaf,
    Fault,
    Gap,
    Mend,
    Pass,
    Publish,
    Rebalance,
    Redrive,
    Restart,
    Script,
    Thaw,
    Turn,
)  # fmt: skip
from tests.simulation.story import PARTITIONS, TOPICS, Said, moment, story_of

ROUNDS = 25
"""So many turns of everybody must be enough to come to an end."""
HEALING_S = 40.0
"""Longer than any backoff."""


@dataclass
class World:
    """One run."""

    script: Script
    settings: ToySettings
    engine: AsyncEngine
    server: Any
    """A connection that is never cut."""
    logs: list[Any] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    """What happened, word for word the same when the script is played again."""
    troubles: list[str] = field(default_factory=list)
    """What must not happen whatever the script says: no progress, a loop that ends by itself."""
    answers: dict[int, str] = field(default_factory=dict)
    """Per `Ask` step: applied, refused, or unknown when the database was away."""

    def __post_init__(self) -> None:
        self.clock, self.log, self.story = Clock(), Log(), story_of(self.script)
        self.group = Group(self.log, self.clock, PARTITIONS)
        self.processes: dict[int, Process] = {}
        self.is_mended = False
        self._step, self._lives = 0, 0
        self.forgetting_kills = False
        service = dataclasses.replace(SERVICE, folding=dataclasses.replace(SERVICE.folding, fold=self.fold))
        self.runtime = Runtime(
            service, self.settings, self.engine, Links.from_setting(self.settings.link_keys.get_secret_value())
        )
        """For what comes by HTTP, and for the relay."""

    def fold(self, account: Any, item: Item) -> tuple[Any, Outcome]:
        """The toy's fold, with orders that fail until they are mended."""
        if isinstance(item, Event) and isinstance(item.data, OrderPlaced):
            (line,) = item.data.lines
            title = "reject" if line.title == "never" else "fine" if self.is_mended else line.title
            item = replace(item, data=replace(item.data, lines=(replace(line, title=title),)))
        return toy_fold(account, item)

    def member(self, *, bootstrap_servers: str, **_: Any) -> Member:
        process = next(one for one in self.processes.values() if one.name == bootstrap_servers)
        process.member = Member(self.group, process.point)
        return process.member

    async def play(self) -> None:
        """The script, then the healing."""
        for number, step in enumerate(self.script.steps):
            self._step = number
            self._say(self.story.by_step.get(self._step, ()))
            self.clock.minute = self.story.minutes[self._step]
            self.trace.append(f"{self._step} {step}")
            await self.do(step)
        await self._heal()

    def _say(self, said: Sequence[Said]) -> None:
        for one in said:
            place = TopicPartition(one.topic, one.partition)
            self.log.skip(place, one.offset - self.log.end(place))
            self.log.append(place, one.key, one.value, one.headers)

    @singledispatchmethod
    async def do(self, step: Any) -> None:
        """What the shop says is said already."""

    @do.register
    async def _(self, step: Gap) -> None:
        self.log.skip(TopicPartition(TOPICS[step.topic], step.partition), step.size)

    @do.register
    async def _(self, step: Pass) -> None:  # noqa: ARG002 the story knows the minutes
        self.clock.wait(5)

    @do.register
    async def _(self, step: Turn) -> None:
        process = await self._process(step.slot)
        if process.member:
            process.member.most = step.most
            process.member.silent = None if step.silent is None else TOPICS[step.silent]
        self.clock.wait(TURN_S)
        self._ended(process, await process.turn())

    async def _process(self, slot: int) -> Process:
        """The one that is alive, or a new one."""
        process = self.processes.get(slot)
        if process is None or process.is_dead:
            self._lives += 1
            name = f"worker-{slot}.{self._lives}"
            process = Process(name, self.engine, self.settings, self.fold, self.clock, self._cut)
            self.processes[slot] = process
            await process.begin()
        return process

    async def _cut(self, pid: int) -> None:
        await self.server.execute("select pg_terminate_backend($1, 2000)", pid)

    def _ended(self, process: Process, error: BaseException | None) -> None:
        self.trace += process.happened
        process.happened.clear()
        self._note_logs()
        if error and not isinstance(error, Died | WorkerStuck):
            self.troubles.append(f"the loop of {process.name} ended: {error!r}")

    def _note_logs(self) -> None:
        self.trace += [f"log: {entry['event']} {entry.get('cause', '')}" for entry in self.logs]
        self.logs.clear()

    @do.register
    async def _(self, step: Fault) -> None:
        if step.slot in self.processes:
            self.processes[step.slot].faults[step.point] = step.action

    @do.register
    async def _(self, step: Thaw) -> None:
        process = self.processes.get(step.slot)
        if process:
            self._ended(process, await process.thaw())

    @do.register
    async def _(self, step: Deaf) -> None:
        process = self.processes.get(step.slot)
        if process and process.member:
            process.member.deaf_polls = step.polls
            self.group.leave(process.member)

    @do.register
    async def _(self, step: Rebalance) -> None:  # noqa: ARG002 it says nothing more
        self._count_members()
        self.group.generation += 1

    def _count_members(self) -> None:
        here = [process.member for process in self.processes.values() if not (process.is_dead or process.is_frozen)]
        for member in [member for member in self.group.members if member not in here]:
            self.group.leave(member)

    @do.register
    async def _(self, step: Restart) -> None:  # noqa: ARG002 it says nothing more
        for (pid,) in await self.server.fetch(_CONNECTIONS):
            await self._cut(pid)

    @do.register
    async def _(self, step: Publish) -> None:
        self.forgetting_kills = step.outcome == "relay_after_ack"
        relay = Relay(self.runtime, lambda **_: Producer(self.log, step.outcome, step.number, step.most))  # type: ignore[arg-type]  # all of a producer that a relay knows
        relay.stop()  # it ends when the outbox is empty
        try:
            await relay.run()
        except Died:
            self.trace.append("the relay died")
        self.forgetting_kills = False
        self._note_logs()

    def before_statement(self, *called: Any) -> None:
        """Told of every statement: the relay's death after the ack lies before it forgets."""
        if self.forgetting_kills and called[2].startswith("delete from outbox"):
            raise Died

    @do.register
    async def _(self, step: Mend) -> None:  # noqa: ARG002 it says nothing more
        self.is_mended = True

    @do.register
    async def _(self, step: Redrive) -> None:
        try:
            await redrive(
                self.runtime, customer_id=step.customer, reason=None, dry_run=False, limit=1, actor="somebody"
            )
        except Exception as error:
            if not is_transient(error):
                raise
            self.trace.append("the database is away")

    @do.register
    async def _(self, step: Ask) -> None:
        words, at = f"asked {self._step}", moment(self.clock.minute)
        for _ in range(step.times):
            try:
                await self.runtime.command(step.customer, words, actor="customer", command_id=words, at=at)
                self.answers[self._step] = "applied"
            except Rejected:
                self.answers.setdefault(self._step, "refused")
            except Exception as error:
                if not is_transient(error):
                    raise
                self.answers.setdefault(self._step, "unknown")

    async def _heal(self) -> None:
        """Nobody comes to harm any more; the log is drained, what failed is mended and taken up again."""
        for process in self.processes.values():
            process.faults.clear()
            if process.member:
                process.member.deaf_polls = 0
        for slot in range(SLOTS):
            await self.do(Thaw(slot))
        self._say(self.story.last)
        self.clock.minute = self.story.end
        self._count_members()  # and nobody is asked to begin anew: what was forgotten must not come back by chance
        await self._drain()
        await self.do(Mend())
        for row in await self.server.fetch(_HELD_UP):
            await self.do(Redrive(row["customer_id"]))
        await self._drain()
        self.troubles += [
            f"{process.name} is not ready: {process.health.reason}"
            for process in self.processes.values()
            if not process.health.ready
        ]

    async def _drain(self) -> None:
        left: list[str] = []
        for _ in range(ROUNDS):
            self.clock.wait(HEALING_S)
            for slot in sorted(self.processes.keys() | {0}):
                await self.do(Turn(slot, 50, None))
            await self.do(Publish("acknowledged", 0, 3))
            left = await self._left()
            if not left:
                return
        self.troubles.append(f"no progress: {left}")

    async def _left(self) -> list[str]:
        """What is not done yet."""
        positions = {
            (row["topic"], row["partition"]): row["next_offset"] for row in await self.server.fetch(_POSITIONS)
        }
        behind = [
            f"{place.topic} {place.partition} at {positions.get(place)}"
            for place, records in self.log.records.items()
            if place.topic in TOPICS and positions.get(place) != records[-1].offset + 1
        ]
        return behind + [row["what"] for row in await self.server.fetch(_LEFT)]


_POSITIONS = "select topic, partition, next_offset from positions"
_LEFT = """
    select 'outbox' as what where exists (select from outbox)
    union all select 'deadline of ' || customer_id || ' for ' || subject from deadlines
    where customer_id not in (select customer_id from customers where blocked_at is not null)
"""
_HELD_UP = "select customer_id from customers where blocked_at is not null order by 1"
_CONNECTIONS = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
