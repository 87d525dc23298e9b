"""The hand that strikes and the hand that helps: carries out a plan, and starts again what ended.

Owns what is done to processes. Knows neither what the services do nor what is expected of them.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from random import Random

from tests.chaos.house import SERVICES, SESSION_TIMEOUT_S, WORKERS, House, Worker
from tests.chaos.plan import Act, Plan
from tests.chaos.points import FREEZE, KILL, Mailbox, Order
from tests.chaos.proxy import Door

LOOK_EVERY_S = 0.05
PATIENCE_S = 15.0
"""Who has not come to a point by then is asked for it once more."""
TRIES = 3
MORE_FREEZES = 4
STAYS_S = 10.0
PROBE_EVERY_S = 5.0
PROBES_FAILED = 3
STARTING_S = 30.0
BETWEEN_ACTS_S = (0.2, 1.0)


class Crew:
    """The workers of all services. One worker of each service reaches PostgreSQL through a door that can be slammed."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.workers: dict[str, list[Worker]] = {}
        self.doors: dict[str, Door] = {}
        self.notes: Counter[str] = Counter()
        self._resting: set[str] = set()
        self._started_at_s: dict[str, float] = {}

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator["Crew"]:
        """Everybody works until the end of the block, and who ends is started again."""
        async with contextlib.AsyncExitStack() as stack:
            for service in SERVICES:
                door = self.doors[service] = await stack.enter_async_context(Door(self._house.sockets))
                self.workers[service] = [
                    self._house.worker(service, number, door.folder if number == 1 else None)
                    for number in range(1, WORKERS + 1)
                ]
            keeping = asyncio.create_task(self._keep())
            try:
                yield self
            finally:
                keeping.cancel()
                await asyncio.gather(keeping, return_exceptions=True)
                await asyncio.gather(*(asyncio.to_thread(worker.process.kill) for worker in self._everybody()))

    def named(self, name: str) -> Worker | None:
        """The worker of that name, if it is (still) in the crew."""
        return next((worker for worker in self._everybody() if worker.name == name), None)

    async def join(self, service: str) -> Worker:
        """One more."""
        taken = {worker.name for worker in self.workers[service]}
        number = next(n for n in count(WORKERS + 1) if f"{service}-{n}" not in taken)
        worker = self._house.worker(service, number)
        self.workers[service].append(worker)
        return worker

    async def leave(self, worker: Worker) -> None:
        """For good, asked nicely."""
        self.workers[worker.service].remove(worker)
        await asyncio.to_thread(worker.process.stop, 20)

    @asynccontextmanager
    async def without(self, worker: Worker) -> AsyncIterator[None]:
        """Asked nicely to rest."""
        self._resting.add(worker.name)
        await asyncio.to_thread(worker.process.stop, 20)
        try:
            yield
        finally:
            self._resting.discard(worker.name)

    async def everybody_ready(self, patience_s: float) -> None:
        """Returns when all are, or patience has ended."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            if all(await asyncio.gather(*(worker.is_ready() for worker in self._everybody()))):
                return
            await asyncio.sleep(0.3)

    def _everybody(self) -> list[Worker]:
        return [worker for workers in self.workers.values() for worker in workers]

    async def _keep(self) -> None:
        """What an orchestrator does: a process that ended comes back, one that hangs is replaced."""
        failed: Counter[str] = Counter()
        probed_at_s = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for worker in self._everybody():
                if not worker.process.running and worker.name not in self._resting:
                    self.notes["started"] += 1
                    self._started_at_s[worker.name] = time.monotonic()
                    await worker.start()
            if time.monotonic() - probed_at_s > PROBE_EVERY_S:
                await self._probe(failed)
                probed_at_s = time.monotonic()

    async def _probe(self, failed: Counter[str]) -> None:
        for worker in self._everybody():
            started_at_s = self._started_at_s.get(worker.name, 0)
            if worker.is_frozen or time.monotonic() - started_at_s < STARTING_S or await worker.is_alive():
                failed[worker.name] = 0
                continue
            failed[worker.name] += 1
            if failed[worker.name] >= PROBES_FAILED:
                self.notes["replaced by the probe"] += 1
                failed[worker.name] = 0
                await asyncio.to_thread(worker.process.kill)


class Supervisor:
    """Carries out a plan."""

    def __init__(self, house: House, crew: Crew, plan: Plan, seed: int, say: Callable[[str], None]) -> None:
        self._house, self._crew, self._plan, self._say = house, crew, plan, say
        self._dice = Random(f"supervisor {seed}")
        self._numbers = count(1)
        self._mailboxes = {service: Mailbox(house.control, service) for service in SERVICES}
        self.kills: Counter[str] = Counter()
        self.freezes: Counter[str] = Counter()
        self.other: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._began_at_s = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be done."""
        return all(self.done[service] == len(acts) for service, acts in self._plan.acts.items())

    def left_s(self) -> float:
        """About how long it will still take."""
        done = min((self.done[service] for service in SERVICES), default=0)
        each_s = (time.monotonic() - self._began_at_s) / done if done else 6.0
        return 0.0 if self.is_over else max(1.0, (self._plan.longest - done) * each_s)

    async def run(self) -> None:
        """The whole plan."""
        self._began_at_s = time.monotonic()
        await asyncio.gather(self._make_weather(), *(self._act_on(service) for service in SERVICES))

    async def _act_on(self, service: str) -> None:
        acts = self._plan.acts[service]
        for number, act in enumerate(acts, start=1):
            if number == len(acts):
                await self._freeze_until_overtaken(service)
            for _ in range(TRIES if act.kind == KILL else 1):
                await asyncio.sleep(self._dice.uniform(*BETWEEN_ACTS_S))
                done = await self._do(service, act)
                self._say(f"{service}: {act.kind} {act.at} {'done' if done else 'not reached'}")
                if done:
                    break
            self.done[service] += 1

    async def _do(self, service: str, act: Act) -> bool:
        match act.kind:
            case "kill":
                return await self._kill(service, act)
            case "freeze":
                return await self._freeze(service, act)
            case "cut":
                return await self._cut(service, act.at)
            case "more":
                return await self._one_more(service)
            case _:
                return await self._one_less(service)

    async def _kill(self, service: str, act: Act) -> bool:
        stirring = self._stirred(service) if act.at == "on_revoke" else contextlib.nullcontext()
        async with stirring:
            worker = await self._struck(service, act)
        self.kills[act.at] += worker is not None
        return worker is not None

    @asynccontextmanager
    async def _stirred(self, service: str) -> AsyncIterator[None]:
        """Somebody comes and goes again and again, so that partitions are revoked."""
        over = asyncio.Event()
        stirring = asyncio.create_task(self._come_and_go(service, over))
        try:
            yield
        finally:
            over.set()
            await stirring

    async def _come_and_go(self, service: str, over: asyncio.Event) -> None:
        while not over.is_set():
            worker = await self._crew.join(service)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), STAYS_S)
            await self._crew.leave(worker)

    async def _struck(self, service: str, act: Act) -> Worker | None:
        """Who was struck; None when nobody came to the point."""
        mailbox, hits = self._mailboxes[service], act.hits
        for _ in range(TRIES):
            order = Order(next(self._numbers), act.at, hits, act.kind)
            mailbox.place(order)
            until_s = time.monotonic() + PATIENCE_S
            while time.monotonic() < until_s or not mailbox.withdraw():
                name = mailbox.struck(order.number)
                if name is not None:
                    return self._crew.named(name)
                await asyncio.sleep(LOOK_EVERY_S)
            hits = 1
        return None

    async def _freeze(self, service: str, act: Act) -> bool:
        worker = await self._struck(service, act)
        pid = worker.process.pid if worker else None
        if worker is None or pid is None:
            return False
        worker.is_frozen = True
        self.freezes[act.at] += 1
        await asyncio.sleep(2 * SESSION_TIMEOUT_S + self._dice.uniform(1, 3))  # others have its partitions, and go on
        worker.is_frozen = False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return True

    async def _freeze_until_overtaken(self, service: str) -> None:
        """Freeze a few more while nobody has woken up too late: a short plan may not have come to it."""
        for _ in range(MORE_FREEZES):
            if await asyncio.to_thread(self._house.anybody_overtaken):
                return
            await self._freeze(service, Act(FREEZE, "after_poll"))

    async def _cut(self, service: str, when: str) -> bool:
        cut = await self._crew.doors[service].slam(when, PATIENCE_S)
        self.other[f"cut {when} COMMIT"] += cut
        return cut

    async def _one_more(self, service: str) -> bool:
        worker = await self._crew.join(service)
        await asyncio.sleep(SESSION_TIMEOUT_S + self._dice.uniform(0, 3))
        await self._crew.leave(worker)
        self.other["workers added and removed"] += 1
        return True

    async def _one_less(self, service: str) -> bool:
        async with self._crew.without(self._dice.choice(self._crew.workers[service][:WORKERS])):
            await asyncio.sleep(self._dice.uniform(0, 3))
        self.other["workers removed and added"] += 1
        return True

    async def _make_weather(self) -> None:
        """Spread over the plan."""
        number = len(self._plan.weather)
        for place, kind in enumerate(self._plan.weather, start=1):
            due = self._plan.longest * place / (number + 1)
            while max(self.done.values(), default=0) < due:  # noqa: ASYNC110 acts take seconds
                await asyncio.sleep(0.2)
            await asyncio.to_thread(self._weather, kind)
            self.other[kind] += 1
            self._say(kind)

    def _weather(self, kind: str) -> None:
        what, _, how = kind.partition(" ")
        target = self._house.postgres if what == "postgres" else self._house.broker
        if how == "killed":
            target.kill()
            time.sleep(self._dice.uniform(0.2, 2))
        elif what == "postgres":
            self._house.postgres.restart()
        else:
            self._house.broker.stop()
        target.start()
