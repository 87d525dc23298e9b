"""The way to Kafka for who has somebody waiting: one open connection, opened anew after it has failed.

Owns how long a hook or a mail may wait for its acknowledgement. Must not know what is said, nor who waits.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog
from aiokafka.errors import KafkaError

from contracts.kafka import Record
from storefront.errors import NotPublished
from storefront.publisher import Publisher

log = structlog.get_logger(__name__)

PATIENCE_S = 3.0
"""Shorter than any provider waits (Shopify: five seconds in all): who is told to come again comes again."""
REST_S = 1.0
"""After an opening that failed nobody tries again for so long."""


class NotAcknowledged(Exception):
    """Nothing was acknowledged; saying the same again is safe."""


class Outlet:
    """Says records, and answers when all replicas have them."""

    def __init__(self, publisher: Callable[[], Publisher]) -> None:
        """`publisher` makes a connection that is not open yet."""
        self._make = publisher
        self._publisher: Publisher | None = None
        self._opening = asyncio.Lock()
        self._closed_until_s = 0.0
        self._leaving: set[asyncio.Task[None]] = set()

    async def say(self, records: Sequence[Record]) -> None:
        """Raises `NotAcknowledged` when they were not acknowledged in time; they may be there all the same."""
        publisher = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                publisher = self._publisher or await self._opened()
                await publisher.publish_records(records)
        except (NotPublished, KafkaError, OSError, TimeoutError) as error:
            self._give_up(publisher, error)
            raise NotAcknowledged(type(error).__name__) from error

    async def close(self) -> None:
        """Give the connection back."""
        self._give_up(self._publisher)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _opened(self) -> Publisher:
        async with self._opening:
            if self._publisher is None:
                if time.monotonic() < self._closed_until_s:
                    raise NotAcknowledged("it was away a moment ago")
                self._publisher = await self._open()
            return self._publisher

    async def _open(self) -> Publisher:
        publisher = self._make()
        self._closed_until_s = time.monotonic() + REST_S
        try:
            await publisher.__aenter__()
        except NotPublished as error:
            log.warning("nothing can be said", error=str(error))
            raise
        self._closed_until_s = 0.0
        return publisher

    def _give_up(self, publisher: Publisher | None, error: BaseException | None = None) -> None:
        """Let others open a new connection; this one ends beside them, with what they still wait for."""
        if publisher is not None and publisher is self._publisher:
            self._publisher = None
            if error is not None:
                log.warning("Kafka does not acknowledge", error=str(error) or type(error).__name__)
            task = asyncio.create_task(_end(publisher))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)


async def _end(publisher: Publisher) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await publisher.__aexit__(None, None, None)
    except (KafkaError, OSError, TimeoutError) as error:
        log.warning("a connection to Kafka did not end cleanly", error=type(error).__name__)
