"""Handing over what was taken in hand: few messages at a time are begun with, and that is written down before.

When a sender dies, what it had only in hand was certainly not sent and is decided again; what it had begun with may
have arrived, and nobody knows. This module keeps the second kind few. It knows neither mail servers nor answers.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from chassis.runtime import Runtime
from chassis.service import Tx
from notifier import handing_store
from notifier.messages import Message
from notifier.settings import NotifierSettings

AHEAD = 1
"""For each connection so many messages are begun with together: the next ones while the last ones are underway."""
ENDING = 4
"""Groups that are left when the next call is asked for, of few groups half: they leave while it takes its messages."""

Send = Callable[[Message], Awaitable[None]]
"""Hands one message over and takes note of the answer."""


class Handing:
    """Hands over customers' messages: one customer's in their order, customers side by side."""

    def __init__(self, runtime: Runtime, settings: NotifierSettings) -> None:
        self._runtime = runtime
        self._lease = settings.lease
        self._underway: dict[str, asyncio.Task[None]] = {}
        """The last of each customer's; also of the call before, which may not have ended yet."""
        self._ended = asyncio.Event()
        self._beginning = asyncio.Lock()
        """Calls begin in their order, each when the one before has begun with everything: nobody's mails overtake."""

    async def hand_over(
        self,
        customers: Sequence[Sequence[Message]],
        taken_at: datetime,
        send: Send,
        connections: int,
        ending: asyncio.Event,
    ) -> None:
        """Every message that is still ours, whatever becomes of the others; then raises what one of them raised.

        Sets `ending` when little is left to begin with; the next call may come then.
        """
        tasks: list[asyncio.Task[None]] = []
        groups = list(_groups(customers, AHEAD * connections))
        try:
            async with self._beginning, self._each_at_once() as tx:
                for place, group in enumerate(groups):
                    if place >= max(len(groups) - ENDING, len(groups) // 2):
                        ending.set()
                    began_s = time.monotonic()  # before the commit: a machine may be halted inside of it
                    ours = await handing_store.begin(
                        tx, [one for theirs in group for one in theirs], self._lease, taken_at
                    )
                    for theirs in group:
                        await self._room(AHEAD * connections)
                        if still_ours := [one for one in theirs if one.message_id in ours]:
                            tasks.append(self._begin(still_ours, began_s, send))
        finally:  # what is begun with is finished, or nobody would know what became of it
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        for failure in filter(None, answers):
            raise failure

    def _begin(self, messages: Sequence[Message], began_s: float, send: Send) -> asyncio.Task[None]:
        """One customer's messages, behind those that are underway."""
        customer_id = messages[0].customer_id
        before = self._underway.get(customer_id)
        task = asyncio.create_task(self._send_in_order(messages, began_s, send, before))
        self._underway[customer_id] = task
        task.add_done_callback(partial(self._end, customer_id))
        return task

    def _end(self, customer_id: str, task: asyncio.Task[None]) -> None:
        if self._underway.get(customer_id) is task:
            del self._underway[customer_id]
        self._ended.set()

    async def _room(self, most: int) -> None:
        while len(self._underway) >= most:
            self._ended.clear()
            await self._ended.wait()

    async def _send_in_order(
        self, messages: Sequence[Message], began_s: float, send: Send, before: asyncio.Task[None] | None
    ) -> None:
        """Who slept past the lease (a machine that was halted) leaves the rest: it counts as lost by now."""
        if before is not None:
            await asyncio.wait([before])
        for message in messages:
            if time.monotonic() - began_s < self._lease.total_seconds():
                await send(message)

    @asynccontextmanager
    async def _each_at_once(self) -> AsyncIterator[Tx]:
        """Every statement is a transaction of its own: it is committed when it is answered."""
        async with self._runtime.engine.connect() as connection:
            yield await connection.execution_options(isolation_level="AUTOCOMMIT")


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
