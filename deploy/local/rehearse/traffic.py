"""A shop that goes on talking: a piece of its log every moment, each again until Kafka has acknowledged it."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deploy.local.replay.databases import BEGINNING
from deploy.local.replay.playing import SOURCE
from deploy.local.stack import Stack
from storefront.errors import NotPublished
from storefront.play import Chunk, chunks
from storefront.publisher import Publisher
from storefront.saying import Said

TRY_AGAIN_S = 0.5
ATTEMPT_TIMEOUT_S = 10.0


@dataclass
class Traffic:
    """One log, said into a stack piece by piece. `said_until` is the simulated time that Kafka knows of."""

    stack: Stack
    every_s: float
    said: int = 0
    said_until: datetime = BEGINNING
    failures: int = 0
    chunks_left: int = 0
    _publisher: Publisher | None = field(default=None, repr=False)

    async def run(self, log: Sequence[Said], step: timedelta) -> None:
        """All of it."""
        pieces = list(chunks(log, step))
        try:
            for number, piece in enumerate(pieces):
                self.chunks_left = len(pieces) - number
                next_at_s = time.monotonic() + self.every_s
                await self._say(piece)
                await asyncio.sleep(max(0.0, next_at_s - time.monotonic()) if self.every_s else 0)
        finally:
            await self._close()

    def hurry(self) -> None:
        """Say the rest as fast as Kafka takes it."""
        self.every_s = 0.0

    async def _say(self, piece: Chunk) -> None:
        while True:
            try:
                async with asyncio.timeout(ATTEMPT_TIMEOUT_S):
                    publisher = self._publisher or await self._open()
                    number = await publisher.publish_all(piece.facts)
                    await publisher.time_reached(piece.boundary)
            except (NotPublished, OSError, TimeoutError):  # the same again: nothing doubles
                self.failures += 1
                await self._close()
                await asyncio.sleep(TRY_AGAIN_S)
            else:
                self.said += number
                self.said_until = piece.boundary
                return

    async def _open(self) -> Publisher:
        broker = self.stack.broker
        publisher = Publisher(broker.bootstrap, SOURCE, idempotent=broker.idempotent_producer)
        await publisher.__aenter__()
        self._publisher = publisher
        return publisher

    async def _close(self) -> None:
        publisher, self._publisher = self._publisher, None
        if publisher:
            try:
                async with asyncio.timeout(ATTEMPT_TIMEOUT_S):
                    await publisher.__aexit__(None, None, None)
            except (NotPublished, OSError, TimeoutError):
                self.failures += 1
