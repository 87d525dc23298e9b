"""The sender's hand on broadcasts: takes their messages at their pace, and lets go of what was stopped.

Owns what is known about stops between two looks, and how fast it goes. Decides nothing about a message.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from chassis.runtime import Runtime
from chassis.service import Tx
from chassis.settings import ClockKind
from contracts.vocabulary import Channel
from notifier import broadcast_store, store
from notifier.deliveries import Result
from notifier.mail import Answer
from notifier.messages import Message
from notifier.settings import NotifierSettings

LOOK_EVERY_S = 0.2
"""So old may be what we know about stops when a mail is handed over; within a second nothing more leaves."""
NEVER = timedelta(days=36_500)
"""With simulated time nothing is too old to be sent."""


class Broadcasting:
    """For one process; others send beside it."""

    def __init__(self, runtime: Runtime, settings: NotifierSettings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._stopped: frozenset[str] = frozenset()
        self._looked_at_s = float("-inf")
        self._looking = asyncio.Lock()
        self._room = asyncio.Semaphore(max(1, settings.smtp_connections // 2))
        """Half of the connections: the others are for what concerns one customer alone, and what waits for one could
        not be stopped any more."""

    async def anything_ready(self, tx: Tx, channel: Channel) -> bool:
        """Whether a message of the channel waits whose broadcast was not stopped."""
        return await broadcast_store.anything_ready(tx, channel)

    async def take(self, tx: Tx, most: int, channel: Channel) -> list[Message]:
        """Messages whose turn it is, at most so many of each broadcast."""
        return await broadcast_store.take_ready(
            tx, most, self._settings.lease, channel, usual_per_second=self._settings.broadcast_per_second,
            stale_after=self._settings.stale_after if self._settings.clock is ClockKind.real else NEVER,
        )  # fmt: skip

    async def unless_stopped(self, message: Message, send: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """What became of it; None when its broadcast was stopped meanwhile: nothing was done with it."""
        if message.broadcast_id is None:
            return await send()
        async with self._room:
            if message.broadcast_id in await self._known_stops():
                return None
            return await send()

    async def finish(self, answered: Sequence[tuple[Message, Answer | None]]) -> None:
        """Give back what was stopped, and note how many of each broadcast were told."""
        stopped = [message for message, answer in answered if answer is None]
        told = Counter(
            (message.broadcast_id, message.channel)
            for message, answer in answered
            if message.broadcast_id and answer and answer.result is Result.accepted
        )
        if stopped or told:
            async with self._runtime.transaction() as tx:
                await store.put_back(tx, stopped)
                await broadcast_store.note_told(tx, told)

    async def _known_stops(self) -> frozenset[str]:
        async with self._looking:
            if time.monotonic() - self._looked_at_s > LOOK_EVERY_S:
                async with self._runtime.transaction() as tx:
                    self._stopped = await broadcast_store.stopped(tx)
                self._looked_at_s = time.monotonic()
            return self._stopped
