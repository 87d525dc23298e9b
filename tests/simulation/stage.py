"""Where scripts are played: a database, an event loop, simulated time and Kafka where the chassis looks for real ones.

Nothing of the chassis is switched: the harness puts its own parts where the chassis finds the world.
"""

import asyncio
import random
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import structlog
from sqlalchemy import event
from toy.app import SERVICE, ToySettings

from chassis.database import create_engine
from chassis.migrations import upgrade
from chassis.settings import ClockKind
from tests.simulation.clock import Patience
from tests.simulation.observed import observe, text_of
from tests.simulation.steps import Script
from tests.simulation.story import PARTITIONS
from tests.simulation.verdict import faults_of
from tests.simulation.world import World

LINK_KEYS = "simulation:a-secret-that-is-long-enough-for-anybody"
TABLES = (
    "positions", "inbox", "customers", "parked_events", "deadlines", "outbox", "decisions", "commands", "effects",
    "counted",
)  # fmt: skip
_EMPTY = [f"delete from {table}" for table in TABLES]  # noqa: S608 the tables are the toy's


@dataclass(frozen=True)
class Played:
    """What became of a script."""

    faults: list[str]
    """Every broken promise; empty when all is well."""
    trace: list[str]
    """What happened, step by step, the same whenever the script is played."""
    end: list[Any]
    """What was left behind, in a form that can be compared."""


class Stage:
    """One script is played after the other; each finds empty tables."""

    def __init__(self, url: str) -> None:
        """`url`: an empty database; it gets the toy's tables."""
        self._loop = asyncio.new_event_loop()
        self._run(asyncio.to_thread(upgrade, url, SERVICE.migrations))
        self._engine = create_engine(url, connections=8)
        self._settings = ToySettings(
            database_url=url, link_keys=LINK_KEYS, partitions=PARTITIONS, batch_items=4, partitions_in_flight=1
        )
        self._server: Any = self._run(asyncpg.connect(url.replace("+asyncpg", "")))
        # who waits for a frozen worker's lock gives up soon, as it would when the frozen one's session ends
        self._run(self._server.execute(f"alter database {self._engine.url.database} set lock_timeout = '20ms'"))

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    def play(self, script: Script) -> Played:
        """Everything that the script says, the healing, and the verdict."""
        self._run(self._server.execute("; ".join(_EMPTY)))
        with structlog.testing.capture_logs() as logs:
            settings = self._settings.model_copy(update={"clock": ClockKind(script.clock)})
            world = World(script, settings, self._engine, self._server, logs)
            with self._in_place(world):
                self._run(world.play())
        observed = self._run(observe(world))
        return Played(faults_of(world, observed), world.trace, text_of(observed))

    @contextmanager
    def _in_place(self, world: World) -> Iterator[None]:
        engine = self._engine.sync_engine
        with pytest.MonkeyPatch.context() as patch:
            for module in ("worker", "trouble", "consumer"):
                patch.setattr(f"chassis.{module}.time", world.clock)
            for module in ("worker", "membership"):
                patch.setattr(f"chassis.{module}.asyncio", Patience(world.clock))
            patch.setattr("chassis.trouble.random", random.Random(0))
            patch.setattr("chassis.consumer.AIOKafkaConsumer", world.member)
            patch.setattr("chassis.topics.check", _all_are_there)
            patch.setattr("chassis.lane.ENOUGH_ENTRIES", 3)
            patch.setattr("chassis.relay.ROUND_ROWS", 7)
            event.listen(engine, "before_cursor_execute", world.before_statement)
            try:
                yield
            finally:
                event.remove(engine, "before_cursor_execute", world.before_statement)

    def close(self) -> None:
        """Give everything back."""
        self._run(self._engine.dispose())
        self._run(self._server.close())
        self._loop.close()


async def _all_are_there(*_: Any) -> None:
    """Every topic has its partitions."""
