"""The background task that sends: for each channel what concerns one customer alone, and beside it broadcasts.

Owns what runs side by side, and what is looked after now and then. How messages are sent is in `streams`.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import SQLAlchemyError

from chassis.runtime import Runtime
from notifier import answer_store, provider_store, store, suppression_store
from notifier.absences import Absences
from notifier.broadcasting import Broadcasting
from notifier.deliveries import Result
from notifier.despatch import Despatch
from notifier.mail import Answer
from notifier.messages import Message
from notifier.providers.outlets import Outlets
from notifier.reports import Reports, wait_out
from notifier.seals import seal_of
from notifier.settings import NotifierSettings
from notifier.streams import MOST_AT_ONCE, Singles, Stream
from notifier.withdrawals import give_kept

AT_ONCE = 2
"""Rounds of a stream: one takes and begins while the other ends and reports."""
LOOK_FOR_LOST_EVERY_S = 5.0
LOOK_FOR_KEPT_EVERY_S = 5.0
FORGET_EVERY_S = 3_600.0
MOST_FORGOTTEN = 1_000
SAY_HEALTH_EVERY_S = 2.0
NAME = f"{socket.gethostname()}:{os.getpid()}"
"""Of this process, among those that send."""


class Sender:
    """Sends for one process; several processes may send side by side."""

    def __init__(self, runtime: Runtime, settings: NotifierSettings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._outlets = Outlets(settings.providers(), seal_of(settings))
        self._despatch = Despatch(runtime, settings, self._outlets)
        broadcasting, absences = Broadcasting(runtime, settings), Absences(settings.channel_patience_s)
        shared = (self._despatch, broadcasting, absences)
        outlets = self._outlets.by_channel.values()
        self._singles = [Stream(runtime, settings, one, Singles(settings.lease), *shared) for one in outlets]
        self._broadcasts = [Stream(runtime, settings, one, broadcasting, *shared) for one in outlets]

    async def run(self) -> None:
        """Until cancelled. What passes by itself is waited for; a bug ends the task."""
        try:
            async with asyncio.TaskGroup() as group:
                for stream in (self._singles + self._broadcasts) * AT_ONCE:
                    group.create_task(_for_ever(stream.send_some))
                group.create_task(_for_ever(self.report_lost, LOOK_FOR_LOST_EVERY_S))
                group.create_task(_for_ever(self.say_health, SAY_HEALTH_EVERY_S))
                group.create_task(_for_ever(lambda: give_kept(self._runtime), LOOK_FOR_KEPT_EVERY_S))
                group.create_task(_for_ever(self._forget_old, FORGET_EVERY_S))
        finally:
            await self.close()

    async def close(self) -> None:
        """Leave the providers."""
        await self._outlets.close()

    async def give_up(self, unwanted: Callable[[Message], bool]) -> int:
        """Put back at once what is in hand, not yet being handed over, and unwanted; how many there were."""
        given_up = self._despatch.hand.let_go(unwanted)
        async with self._runtime.transaction() as tx:
            await store.put_back(tx, given_up)
        return len(given_up)

    async def send_ready(self) -> int:
        """Send what is ready on every channel; how many there were."""
        return sum(await asyncio.gather(*(stream.send_some() for stream in self._singles)))

    async def send_told_to_many(self) -> int:
        """The same for broadcasts."""
        return sum(await asyncio.gather(*(stream.send_some() for stream in self._broadcasts)))

    async def say_health(self) -> int:
        """Write down how the providers are, for whoever asks another process."""
        async with self._runtime.transaction() as tx:
            await provider_store.keep(tx, self._outlets.health(), NAME)
        return 0

    async def report_lost(self) -> int:
        """Report what other senders had in hand when they died; how many there were."""
        async with self._runtime.transaction() as tx:
            found = await store.lost(tx, MOST_AT_ONCE)
        async with Reports(self._runtime, self._settings) as reports:
            for message, noted in found:
                reports.add(message, Answer(Result(noted or Result.unknown)))
        return len(found)

    async def _forget_old(self) -> int:
        """A portion in each transaction; 0 when nothing old is left."""
        now = await self._runtime.now()
        async with self._runtime.transaction() as tx:
            more = await suppression_store.forget_old(tx, now, MOST_FORGOTTEN)
            return int(await answer_store.forget_old(tx, now, MOST_FORGOTTEN) or more)


async def _for_ever(work: Callable[[], Awaitable[int]], pause_s: float = 0.0) -> None:
    """Again and again, with a pause when there was nothing to do."""
    while True:
        try:
            if not await work():
                await asyncio.sleep(pause_s)
        except (SQLAlchemyError, OSError) as error:
            await wait_out(error)
