"""Handing over what was taken in hand: few messages at a time are begun with, and that is written down before.

When a sender dies, what it had only in hand was certainly not sent and is decided again; what it had begun with may
have arrived, and nobody knows. This module keeps the second kind few. It knows neither mail servers nor answers.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

from chassis.runtime import Runtime
from chassis.service import Tx
from notifier import handing_store
from notifier.messages import Message
from notifier.settings import NotifierSettings

AHEAD = 1
"""For each connection so many messages are begun with together: the next ones while the last ones are underway."""

Send = Callable[[Message], Awaitable[None]]
"""Hands one message over and takes note of the answer."""


class Handing:
    """Hands over customers' messages: one customer's in their order, customers side by side."""

    def __init__(self, runtime: Runtime, settings: NotifierSettings) -> None:
        self._runtime = runtime
        self._lease = settings.lease

    async def hand_over(self, customers: Sequence[Sequence[Message]], send: Send, connections: int) -> None:
        """Every message that is still ours, whatever becomes of the others; then raises what one of them raised."""
        at_once = AHEAD * connections
        underway: set[asyncio.Task[None]] = set()
        ended: list[asyncio.Task[None]] = []
        try:
            async with self._each_at_once() as tx:
                for group in _groups(customers, at_once):
                    began_s = time.monotonic()  # before the commit: a machine may be halted inside of it
                    begun = await handing_store.begin(tx, [one for theirs in group for one in theirs], self._lease)
                    for theirs in group:
                        await _room(underway, at_once)
                        ours = [message for message in theirs if message.message_id in begun]
                        task = asyncio.create_task(self._send_in_order(ours, began_s, send))
                        underway.add(task)
                        ended.append(task)
                        task.add_done_callback(underway.discard)
        finally:  # what is begun with is finished, or nobody would know what became of it
            answers = await asyncio.gather(*ended, return_exceptions=True)
        for failure in filter(None, answers):
            raise failure

    @asynccontextmanager
    async def _each_at_once(self) -> AsyncIterator[Tx]:
        """Every statement is a transaction of its own: it is committed when it is answered."""
        async with self._runtime.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")

    async def _send_in_order(self, messages: Sequence[Message], began_s: float, send: Send) -> None:
        """Who slept past the lease (a machine that was halted) leaves the rest: it counts as lost by now."""
        for message in messages:
            if time.monotonic() - began_s < self._lease.total_seconds():
                await send(message)


async def _room(underway: set[asyncio.Task[None]], most: int) -> None:
    while len(underway) >= most:
        await asyncio.wait(underway, return_when=asyncio.FIRST_COMPLETED)


def _groups(customers: Sequence[Sequence[Message]], least: int) -> Iterator[list[Sequence[Message]]]:
    """Customers one after the other, in groups of so many messages; one customer's stay together."""
    group: list[Sequence[Message]] = []
    for theirs in customers:
        group.append(theirs)
        if sum(map(len, group)) >= least:
            yield group
            group = []
    if group:
        yield group
