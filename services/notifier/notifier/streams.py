"""Messages of one channel and one sort, some after the other: taken in hand and committed, sent, reported as commands.

Nothing is sent inside of a transaction. Where this process dies in between, the next one finds the message in hand with
an expired lease, and nobody knows whether it arrived. Owns how many are taken and when; what is said of a single one is
in `despatch`.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from chassis.runtime import Runtime
from chassis.service import Tx
from contracts.vocabulary import Channel
from notifier import handing_store, people_store, store, suppression_store
from notifier.absences import Absences
from notifier.broadcasting import Broadcasting
from notifier.deliveries import Result
from notifier.despatch import Despatch
from notifier.handing import AHEAD, Handing
from notifier.mail import Answer
from notifier.messages import Message
from notifier.people import Person
from notifier.providers.outlets import Outlet
from notifier.pseudonyms import address_hash
from notifier.reports import PAUSE_S, Reports
from notifier.settings import NotifierSettings
from notifier.suppression_store import Mailed
from notifier.suppressions import AddressBook
from notifier.turns import ISSUES_END_AT

MOST_AT_ONCE = 250
"""Messages of a round."""
AT_FIRST = 100
"""Of a stream's first round, while nobody knows how fast they leave."""
IN_HAND_S = 0.25
"""No more are taken than leave in about so long: what is more important may become ready meanwhile."""
LOOK_EVERY_S = 0.1
TOLD_BEFORE = Answer(Result.accepted, "told_before")


class Source(Protocol):
    """Where the messages of a stream come from."""

    async def anything_ready(self, tx: Tx, channel: Channel) -> bool:
        """Whether a message waits to be taken."""

    async def take(self, tx: Tx, most: int, channel: Channel) -> list[Message]:
        """Take some in hand."""


class Singles:
    """What concerns one customer alone."""

    def __init__(self, lease: timedelta) -> None:
        self._lease = lease

    async def anything_ready(self, tx: Tx, channel: Channel) -> bool:
        """Whether a message waits to be taken."""
        return await store.anything_ready(tx, channel)

    async def take(self, tx: Tx, most: int, channel: Channel) -> list[Message]:
        """The most important ones."""
        return await store.take_ready(tx, most, self._lease, channel)


class _Taken(NamedTuple):
    """What is in hand, and what is known of it."""

    messages: list[Message]
    at: datetime
    """The database's clock."""
    people: dict[str, Person]
    told: dict[str, datetime]
    addresses: AddressBook


class Stream:
    """While the last ones of a round are begun with, end and are reported, the next round is taken."""

    def __init__(
        self, runtime: Runtime, settings: NotifierSettings, outlet: Outlet, source: Source,
        despatch: Despatch, broadcasting: Broadcasting, absences: Absences,
    ) -> None:  # fmt: skip
        self._runtime, self._settings = runtime, settings
        self._outlet, self._channel, self._source = outlet, outlet.channel, source
        self._despatch, self._broadcasting, self._absences = despatch, broadcasting, absences
        self._handing, self._vault = Handing(runtime, settings), settings.vault
        self._turn = asyncio.Lock()
        """Whose round looks, takes and begins; who has begun with nearly everything lets the next one."""
        self._reports = Reports(runtime, settings)
        self._most = AT_FIRST
        """So many are taken at once, as far as that was learned."""

    async def send_some(self) -> int:
        """Take what is ready, send it and report it; how many there were. Several may be at it."""
        sending: asyncio.Future[int] | None = None
        try:
            async with self._turn:
                if not await self._worth_taking():
                    return 0
                ending = asyncio.Event()
                sending = asyncio.ensure_future(self._round(ending))
                sending.add_done_callback(lambda _: ending.set())
                await ending.wait()
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            if sending is not None:
                await sending  # what is in hand when we stop is finished, or nobody would know what became of it
            raise

    async def _worth_taking(self) -> bool:
        """Whether something is ready and a provider there; if not, after a pause."""
        async with self._runtime.transaction() as tx:
            ready = await self._source.anything_ready(tx, self._channel)
        if not ready:
            await asyncio.sleep(LOOK_EVERY_S)
            return False
        there = await self._outlet.ready()
        if self._absences.too_long(self._channel, there):
            await self._say_away()
        elif not there:
            await asyncio.sleep(PAUSE_S)
        return there

    async def _say_away(self) -> None:
        """Have issues decided again that nobody carries there: the customer may be reached otherwise."""
        async with self._runtime.transaction() as tx:
            lease = self._settings.lease
            urgent = await store.take_ready(tx, MOST_AT_ONCE, lease, self._channel, below=ISSUES_END_AT)
        async with self._reports as reports:
            for message in urgent:
                reports.add(message, Answer(Result.away, "channel_down"))
        if not urgent:
            await asyncio.sleep(PAUSE_S)

    async def _round(self, ending: asyncio.Event) -> int:
        taken = await self._taken()
        self._despatch.hand.take(taken.messages)
        untried: list[Message] = []
        answered: list[tuple[Message, Answer | None]] = []
        async with self._reports as reports:

            async def send(message: Message) -> None:
                told_at = taken.told.get(message.message_id)
                answer = TOLD_BEFORE if told_at else await self._answer(message, taken)
                still_ours = self._despatch.hand.end(message)
                answered.append((message, answer))
                if answer is not None and answer.result is not Result.untried:
                    reports.add(message, answer, told_at)
                elif answer is not None and still_ours:  # nobody could be asked; what was given up is put back already
                    untried.append(message)

            began_s = time.monotonic()
            try:
                await self._handing.hand_over(
                    _by_customer(taken.messages), taken.at, send, self._outlet.at_once, ending
                )
                self._learn(len(taken.messages), time.monotonic() - began_s)
            finally:
                await self._broadcasting.finish(answered)
        self._despatch.hand.forget(taken.messages)
        if untried:
            async with self._runtime.transaction() as tx:
                await store.put_back(tx, untried)
        return len(taken.messages) - len(untried)

    async def _taken(self) -> _Taken:
        async with self._runtime.transaction() as tx:
            messages = await self._source.take(tx, min(self._outlet.room, self._most), self._channel)
            customer_ids = sorted({one.customer_id for one in messages})
            people = await people_store.people_of(tx, self._vault, customer_ids)
            told = await store.told_before(tx, [message.message_id for message in messages])
            taken_at = await handing_store.taking_at(tx)
            return _Taken(messages, taken_at, people, told, await _note_addresses(tx, messages, people))

    async def _answer(self, message: Message, taken: _Taken) -> Answer | None:
        """What became of it; None where it belongs to a broadcast that was stopped."""
        person = taken.people[message.customer_id]
        return await self._broadcasting.unless_stopped(
            message, lambda: self._despatch.send(message, person, taken.addresses)
        )

    def _learn(self, number: int, took_s: float) -> None:
        """How many leave in `IN_HAND_S`, from so many that took so long; enough for every connection.

        A few that were quick say nothing.
        """
        if number >= self._most or took_s > IN_HAND_S:
            least = 2 * AHEAD * self._outlet.at_once
            self._most = min(MOST_AT_ONCE, max(least, int(number * IN_HAND_S / took_s)))


def _by_customer(messages: Sequence[Message]) -> list[list[Message]]:
    found: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        found[message.customer_id].append(message)
    return list(found.values())


async def _note_addresses(tx: Tx, messages: Sequence[Message], people: Mapping[str, Person]) -> AddressBook:
    """Where each mail is about to go, for what may come back; what is known of those addresses."""
    mailed = [
        Mailed(one.message_id, address_hash(address), one.ready_at or one.intended_at)
        for one in messages
        if one.channel is Channel.email and (address := people[one.customer_id].email)
    ]
    await suppression_store.note_mailed(tx, mailed)
    return await suppression_store.address_book(tx, {one.address_hash for one in mailed})
