"""One worker's process: the real loop, with the named points where the script lets it come to harm.

The points lie in what the harness hands to the loop (the clients, the transactions, the folding), never in the product.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiokafka.errors import KafkaTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine
from toy.app import SERVICE, ToySettings

from chassis.health import Health
from chassis.items import Item
from chassis.links import Links
from chassis.outcomes import Outcome
from chassis.runtime import Runtime
from chassis.service import Tx
from chassis.worker import Worker
from tests.simulation.clock import Clock
from tests.simulation.kafka import Died, Member

Fold = Callable[[Any, Item], tuple[Any, Outcome]]
HANG_S = 40.0
WAITED_FOR_S = 2.0
"""PostgreSQL ends a connection within this time, or something is wrong."""


class _Worker(Worker):
    """The loop, one turn at a time."""

    async def begin(self) -> None:
        """Join the group."""
        await self._membership.join()

    async def turn(self) -> None:
        """Once round, and what its lanes make of it."""
        try:
            await self._turn()
        finally:
            await self._finish()


@dataclass
class _Runtime(Runtime):
    """Transactions with points."""

    process: "Process | None" = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """As in production, and with harm where the script says so."""
        assert self.process
        await self.process.point("before_transaction")
        async with super().transaction() as tx:
            self.process.tx = tx
            yield tx
            await self.process.point("before_commit")
        await self.process.point("after_commit")


class Process:
    """A worker that may die, freeze, or be cut off."""

    def __init__(
        self, name: str, engine: AsyncEngine, settings: ToySettings, fold: Fold, clock: Clock, cut: Callable[[int], Any]
    ) -> None:
        self.name = name
        self.faults: dict[str, str] = {}
        self.happened: list[str] = []
        self.member: Member | None = None
        self.tx: Tx | None = None
        self.is_dead = self.is_frozen = False
        self.health = Health()
        self._clock, self._cut = clock, cut
        self._still, self._thawed = asyncio.Event(), asyncio.Event()
        self._turning: asyncio.Task[None] | None = None
        folding = replace(SERVICE.folding, load=self._load, fold=fold)
        own = settings.model_copy(update={"kafka_bootstrap_servers": name})
        links = Links.from_setting(settings.link_keys.get_secret_value())
        self._runtime = _Runtime(replace(SERVICE, folding=folding), own, engine, links, process=self)
        self._worker: _Worker | None = None

    async def _load(self, tx: Tx, items: Sequence[Item]) -> dict[str, Any]:
        await self.point("inside_transaction")
        return await SERVICE.folding.load(tx, items)

    async def begin(self) -> None:
        """Join the group."""
        self._worker = _Worker(self._runtime, self.health)
        await self._worker.begin()

    async def turn(self) -> BaseException | None:
        """Once round the loop, or as far as it comes before it freezes; what ended it, when something did."""
        assert self._worker, "it has begun"
        if self._turning is None:
            self._turning = asyncio.create_task(self._worker.turn())
        return await self._settle(self._turning)

    async def thaw(self) -> BaseException | None:
        """Go on where it froze."""
        if not self.is_frozen or self._turning is None:
            return None
        self.is_frozen = False
        self._still.clear()
        self._thawed.set()
        return await self._settle(self._turning)

    async def _settle(self, turning: asyncio.Task[None]) -> BaseException | None:
        frozen = asyncio.create_task(self._still.wait())
        await asyncio.wait({turning, frozen}, return_when=asyncio.FIRST_COMPLETED)
        frozen.cancel()
        if not turning.done():
            return None
        self._turning = None
        error = turning.exception()
        if error:
            self.is_dead = True
            for _ in range(5):  # what it began besides ends at its next point
                await asyncio.sleep(0)
        return error

    async def point(self, name: str) -> None:
        """Come to a named point; the script may have something in store."""
        if self.is_dead:
            raise Died
        action = self.faults.pop(name, None)
        if action:
            self.happened.append(f"{self.name}: {action} at {name}")
            await self._suffer(action, name)

    async def _suffer(self, action: str, name: str) -> None:
        match action:
            case "die":
                self.is_dead = True
                raise Died
            case "freeze":
                await self._freeze()
            case "hang":
                self._clock.wait(HANG_S)
                raise TimeoutError
            case "cut" if self.tx:
                connection = await self.tx.get_raw_connection()
                await self._cut(connection.driver_connection.get_server_pid())  # type: ignore[union-attr]  # asyncpg's
            case "rebalance" if self.member:
                await self.member.hear_of_another_generation()
            case "fail":
                raise KafkaTimeoutError if name in ("after_poll", "before_hint") else ConnectionResetError

    async def _freeze(self) -> None:
        self.is_frozen = True
        self._thawed.clear()
        self._still.set()
        await self._thawed.wait()
