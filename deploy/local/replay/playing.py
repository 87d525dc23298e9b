"""Says recorded facts at their own times, ahead of the listeners but not too far, and watches how far these are."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy.local.replay.databases import BEGINNING, Databases
from deploy.local.replay.quiet import quiet
from deploy.local.stack import SERVICES, Stack
from storefront.play import QUIET_TAIL, chunks
from storefront.publisher import Publisher
from storefront.saying import Said

SOURCE = "/storefronts/replay"
LOOK_EVERY_S = 0.25
PATIENCE_S = 180.0


class NothingMoves(Exception):
    """The services have stopped listening; their logs say why."""


@dataclass(frozen=True)
class Pace:
    """How a log is said. Nothing that anybody concludes may depend on it."""

    step: timedelta = timedelta(days=1)
    """How finely simulated time moves."""
    ahead: timedelta = timedelta(days=120)
    """How far the shop may run ahead of the service that listens last."""


STEADY = Pace()


@dataclass
class Progress:
    """How far a play is."""

    said: int = 0
    now: datetime = BEGINNING
    """What the last service has come to."""


@dataclass
class Playing:
    """One log, said into one stack."""

    stack: Stack
    databases: Databases
    pace: Pace = STEADY
    progress: Callable[[Progress], None] = lambda _: None
    seconds: dict[str, float] = field(default_factory=dict)
    """When what was over, in seconds since the first fact was said."""
    _state: Progress = field(default_factory=Progress)
    _settled: dict[str, datetime] = field(default_factory=dict)
    _end: datetime | None = None
    """The last boundary, once it is said."""

    async def play(self, said: Sequence[Said], *, tail: timedelta = QUIET_TAIL) -> None:
        """All of it and a quiet tail, until nothing is under way any more."""
        began_s, self._end = time.monotonic(), None
        watching = asyncio.create_task(self._watch(began_s))
        try:
            end = self._end = await self._publish(said, tail, watching)
            self.seconds["said"] = time.monotonic() - began_s
            await self._until(lambda: self._least() >= end, watching)
            await self.until_quiet()
            self.seconds["sent"] = time.monotonic() - began_s
        finally:
            watching.cancel()

    async def say_again(self, said: Sequence[Said]) -> None:
        """The same log a second time, time-reached included, until everybody has heard it."""
        async with self._publisher() as publisher:
            for facts, boundary in chunks(said, self.pace.step):
                await publisher.publish_all(facts)
                await publisher.time_reached(boundary)
        await self.go_on()

    async def go_on(self) -> None:
        """Let time go on by the least there is, until everybody has heard it.

        What is said after its time was reached is folded when time goes on. This way it is, no deadline falls due,
        and whatever changes is the repetition's doing.
        """
        assert self._end is not None  # noqa: S101 something was played
        self._end += timedelta(microseconds=1)
        async with self._publisher() as publisher:
            await publisher.time_reached(self._end)
        await self.until_quiet()

    async def until_quiet(self) -> None:
        """Until everybody has heard everything and every mail is sent."""
        await quiet(self.databases, self.stack.broker.bootstrap, self.stack.check)

    async def _publish(self, said: Sequence[Said], tail: timedelta, watching: asyncio.Task[None]) -> datetime:
        boundary = BEGINNING
        async with self._publisher() as publisher:
            for facts, boundary in chunks(said, self.pace.step, tail):
                self._state.said += await publisher.publish_all(facts)
                await publisher.time_reached(boundary)
                behind = boundary - self.pace.ahead
                await self._until(lambda behind=behind: self._least() >= behind, watching)  # type: ignore[misc]  # a default binds it now
        return boundary

    def _publisher(self) -> Publisher:
        broker = self.stack.broker
        return Publisher(broker.bootstrap, SOURCE, idempotent=broker.idempotent_producer)

    def _least(self) -> datetime:
        return min(self._settled.values(), default=BEGINNING)

    async def _until(self, true: Callable[[], bool], watching: asyncio.Task[None]) -> None:
        seen, seen_at_s = self._settled, time.monotonic()
        while not true():
            if watching.done():
                watching.result()
            if self._settled != seen:
                seen, seen_at_s = self._settled, time.monotonic()
            if time.monotonic() - seen_at_s > PATIENCE_S:
                raise NothingMoves(f"nobody has come further than {self._least()} for {PATIENCE_S:.0f} s")
            await asyncio.sleep(0.05)

    async def _watch(self, began_s: float) -> None:
        """Look how far everybody is, until cancelled; ends with an error when a process has died."""
        while True:
            self.stack.check()
            self._settled = {service: await self.databases.settled_at(service) for service in SERVICES}
            for service, settled_at in self._settled.items():
                if self._end is not None and settled_at >= self._end:
                    self.seconds.setdefault(service, time.monotonic() - began_s)
            self._state.now = self._least()
            self.progress(self._state)
            await asyncio.sleep(LOOK_EVERY_S)
