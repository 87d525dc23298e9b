"""The background task that hands ready messages to the providers of their channels, outside of every transaction.

Take in hand and commit, send, report what became of it as a command. Where this process dies in between, the next
one finds the message in hand with an expired lease, and nobody knows whether it arrived.
"""

import asyncio
import os
import socket
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial

import jinja2
import structlog
from aiokafka.errors import KafkaError
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from chassis.database import is_transient
from chassis.past import said_since
from chassis.runtime import Runtime
from chassis.service import Tx
from chassis.settings import ClockKind
from contracts.notifications import MessageSent
from contracts.vocabulary import Channel
from notifier import answer_store, provider_store, store, suppression_store
from notifier.absences import Absences
from notifier.broadcasting import Broadcasting
from notifier.deliveries import Result
from notifier.hand import Hand
from notifier.handing import AHEAD, Handing
from notifier.inbound.marks import marks_for
from notifier.letters import Letters
from notifier.mail import Answer
from notifier.messages import Message
from notifier.outgoing import Parcel
from notifier.people import Person
from notifier.phrases import phrases_for
from notifier.preferences import LINK_LASTS, LINK_PURPOSE, link_subject, may_be_left
from notifier.providers.outlets import Outlets
from notifier.pseudonyms import address_hash
from notifier.question import question_of
from notifier.reports import PAUSE_S, Reports, wait_out
from notifier.seals import seal_of
from notifier.settings import NotifierSettings
from notifier.suppression_store import Mailed
from notifier.suppressions import AddressBook
from notifier.turns import ISSUES_END_AT
from notifier.ways import Ways
from notifier.withdrawals import give_kept

MOST_AT_ONCE = 100
"""Messages in hand."""
IN_HAND_S = 0.5
"""No more are taken than leave in about so long: what is more important may become ready meanwhile."""
LOOK_EVERY_S = 0.1
LOOK_FOR_LOST_EVERY_S = 5.0
LOOK_FOR_KEPT_EVERY_S = 5.0
FORGET_EVERY_S = 3_600.0
SAY_HEALTH_EVERY_S = 2.0
NAME = f"{socket.gethostname()}:{os.getpid()}"
"""Of this process, among those that send."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""At most so much do the clocks of database and relay; looking back further than needed costs only the reading."""

Take = Callable[[Tx], Awaitable[list[Message]]]
"""Takes some messages in hand."""

log = structlog.get_logger("notifier.sender")


class Sender:
    """Sends for one process; several processes may send side by side."""

    def __init__(self, runtime: Runtime, settings: NotifierSettings) -> None:
        self._runtime = runtime
        self._settings = settings
        self._letters = Letters(settings.shop())
        self._outlets = Outlets(settings.providers(), seal_of(settings))
        self._absences = Absences(settings.channel_patience_s)
        self._addressing = settings.addressing()
        self._handing = Handing(runtime, settings)
        self._vault = settings.vault
        self._marks = marks_for(settings.hook_secrets())
        self._hand = Hand()
        self._broadcasting = Broadcasting(runtime, settings)
        self._most: dict[Channel, int] = {}
        """So many are taken at once, by channel, as far as that was learned."""

    async def run(self) -> None:
        """Until cancelled. What passes by itself is waited for; a bug ends the task."""
        try:
            async with asyncio.TaskGroup() as group:
                for channel in self._outlets.by_channel:
                    group.create_task(_for_ever(partial(self.send_ready_on, channel), LOOK_EVERY_S))
                    group.create_task(_for_ever(partial(self.send_told_to_many_on, channel), LOOK_EVERY_S))
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
        given_up = self._hand.let_go(unwanted)
        async with self._runtime.transaction() as tx:
            await store.put_back(tx, given_up)
        return len(given_up)

    async def send_ready(self) -> int:
        """Send what is ready on every channel; how many there were."""
        return sum(await asyncio.gather(*map(self.send_ready_on, self._outlets.by_channel)))

    async def send_told_to_many(self) -> int:
        """The same for broadcasts."""
        return sum(await asyncio.gather(*map(self.send_told_to_many_on, self._outlets.by_channel)))

    async def send_ready_on(self, channel: Channel) -> int:
        """Take what is ready on a channel, send it and report it; how many there were. Other channels do not wait."""

        async def take(tx: Tx) -> list[Message]:
            return await store.take_ready(tx, self._room(channel), self._settings.lease, channel)

        return await self._send_some(channel, store.anything_ready, take)

    async def send_told_to_many_on(self, channel: Channel) -> int:
        """The same for broadcasts, beside it: what concerns one customer alone does not wait for them."""

        async def take(tx: Tx) -> list[Message]:
            return await self._broadcasting.take(tx, self._room(channel), channel)

        return await self._send_some(channel, self._broadcasting.anything_ready, take)

    async def _send_some(
        self, channel: Channel, anything_ready: Callable[[Tx, Channel], Awaitable[bool]], take: Take
    ) -> int:
        async with self._runtime.transaction() as tx:
            if not await anything_ready(tx, channel):
                return 0
        there = await self._outlets.by_channel[channel].ready()
        if self._absences.too_long(channel, there):
            return await self._say_away(channel)
        if not there:
            await asyncio.sleep(PAUSE_S)
            return 0
        sending = asyncio.ensure_future(self._send_taken(channel, take))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            await sending  # what is in hand when we stop is finished, or nobody would know what became of it
            raise

    async def say_health(self) -> int:
        """Write down how the providers are, for whoever asks another process."""
        async with self._runtime.transaction() as tx:
            await provider_store.keep(tx, self._outlets.health(), NAME)
        return 0

    async def _say_away(self, channel: Channel) -> int:
        """Have issues decided again that nobody carries there: the customer may be reached otherwise."""
        async with self._runtime.transaction() as tx:
            urgent = await store.take_ready(tx, MOST_AT_ONCE, self._settings.lease, channel, below=ISSUES_END_AT)
        async with Reports(self._runtime, self._settings) as reports:
            for message in urgent:
                reports.add(message, Answer(Result.away, "channel_down"))
        if not urgent:
            await asyncio.sleep(PAUSE_S)
        return len(urgent)

    async def report_lost(self) -> int:
        """Report what other senders had in hand when they died; how many there were."""
        async with self._runtime.transaction() as tx:
            found = await store.lost(tx, MOST_AT_ONCE)
        async with Reports(self._runtime, self._settings) as reports:
            for message, noted in found:
                reports.add(message, Answer(Result(noted or Result.unknown)))
        return len(found)

    async def _forget_old(self) -> int:
        now = await self._runtime.now()
        async with self._runtime.transaction() as tx:
            await suppression_store.forget_old(tx, now)
            await answer_store.forget_old(tx, now)
        return 0

    async def _send_taken(self, channel: Channel, take: Take) -> int:
        outlet = self._outlets.by_channel[channel]
        async with self._runtime.transaction() as tx:
            messages = await take(tx)
            known = await store.people_and_circumstances_of(
                tx, self._vault, sorted({one.customer_id for one in messages})
            )
            told = await store.told_before(tx, [message.message_id for message in messages])
            addresses = await self._note_addresses(tx, messages, {one: person for one, (person, _) in known.items()})
        by_customer: dict[str, list[Message]] = defaultdict(list)
        for message in messages:
            by_customer[message.customer_id].append(message)
        self._hand.take(messages)
        untried: list[Message] = []
        answered: list[tuple[Message, Answer | None]] = []
        async with Reports(self._runtime, self._settings) as reports:

            async def send(message: Message) -> None:
                told_at, (person, _) = told.get(message.message_id), known[message.customer_id]
                hand_over = partial(self._send, message, person, addresses)
                told_before = Answer(Result.accepted, "told_before")
                answer = told_before if told_at else await self._broadcasting.unless_stopped(message, hand_over)
                still_ours = self._hand.end(message)
                answered.append((message, answer))
                if answer is not None and answer.result is not Result.untried:
                    reports.add(message, answer, told_at)
                elif answer is not None and still_ours:  # nobody could be asked; what was given up is put back already
                    untried.append(message)

            began_s = time.monotonic()
            try:
                await self._handing.hand_over(list(by_customer.values()), send, outlet.at_once)
                self._learn(channel, len(messages), time.monotonic() - began_s)
            finally:
                await self._broadcasting.finish(answered)
        self._hand.forget(messages)
        if untried:
            async with self._runtime.transaction() as tx:
                await store.put_back(tx, untried)
        return len(messages) - len(untried)

    def _learn(self, channel: Channel, number: int, took_s: float) -> None:
        """How many leave in `IN_HAND_S`, from so many that took so long; enough for every connection.

        A few that were quick say nothing.
        """
        if number >= self._most.get(channel, MOST_AT_ONCE) or took_s > IN_HAND_S:
            least = 2 * AHEAD * self._outlets.by_channel[channel].at_once
            self._most[channel] = min(MOST_AT_ONCE, max(least, int(number * IN_HAND_S / took_s)))

    def _room(self, channel: Channel) -> int:
        """So many are worth taking in hand now."""
        room = self._outlets.by_channel[channel].room
        return min(room, self._most.get(channel, MOST_AT_ONCE))

    async def _note_addresses(self, tx: Tx, messages: Sequence[Message], people: Mapping[str, Person]) -> AddressBook:
        """Where each mail is about to go, for what may come back; what is known of those addresses."""
        mailed = [
            Mailed(one.message_id, address_hash(address), one.ready_at or one.intended_at)
            for one in messages
            if one.channel is Channel.email and (address := people[one.customer_id].email)
        ]
        await suppression_store.note_mailed(tx, mailed)
        return await suppression_store.address_book(tx, {one.address_hash for one in mailed})

    async def _send(self, message: Message, person: Person, addresses: AddressBook) -> Answer:
        address = person.addresses.get(message.channel)
        if self._is_stale(message) or address is None or not person.allows(message.channel, message.rules.purpose):
            return Answer(Result.stale)  # things changed since it was decided
        if addresses.blocks(person, message.ready_at or message.intended_at).objects(message, person):
            return Answer(Result.stale)
        try:
            parcel = self._parcel(message, person, address)
        except jinja2.TemplateError as error:  # its text may hold a name: only its kind is logged
            log.warning("words_failed", message_id=message.message_id, kind=message.kind, error=type(error).__name__)
            return Answer(Result.refused, "words_failed")
        return await self._outlets.send(parcel, partial(self._hand.begin, message), message.provider)

    def _is_stale(self, message: Message) -> bool:
        """With the real clock: it was ready so long ago that other things may be true now."""
        real = self._settings.clock is ClockKind.real
        return real and datetime.now(UTC) - (message.ready_at or message.intended_at) > self._settings.stale_after

    def _parcel(self, message: Message, person: Person, address: str) -> Parcel:
        preferences = self._preference_page(message)
        say, asks = phrases_for(person.language), message.content.get("asks", False)
        ways = Ways(
            action=self._answer_page(message),
            preferences=preferences,
            leaves=may_be_left(message.rules.purpose),
            question=question_of(person, f"{preferences}/question", say) if asks else None,
        )
        parcel = Parcel(message_id=message.message_id, channel=message.channel, address=address)
        if message.channel is Channel.email:
            return_path = self._addressing.return_path(message.message_id)
            return replace(parcel, mail=self._mail(message, person, ways), return_path=return_path)
        return replace(parcel, composed=self._letters.words.compose(message, person, message.channel, ways))

    def _mail(self, message: Message, person: Person, ways: Ways) -> EmailMessage:
        mail = self._letters.letter(message, person, ways)
        if (reply_to := self._addressing.reply_to(message.message_id)) != self._settings.sender_address:
            mail["Reply-To"] = reply_to
        for name, value in self._marks(message.message_id):
            mail[name] = value
        return mail

    def _answer_page(self, message: Message) -> str | None:
        if message.invitation_id is None:
            return None
        token = self._runtime.links.mint(
            purpose="survey", subject=message.invitation_id, customer_id=message.customer_id,
            expires_at=message.expires_at,
        )  # fmt: skip
        return f"{self._settings.feedback_url.rstrip('/')}/s/{token}"

    def _preference_page(self, message: Message) -> str:
        token = self._runtime.links.mint(
            purpose=LINK_PURPOSE, subject=link_subject(message), customer_id=message.customer_id,
            expires_at=(message.ready_at or message.intended_at) + LINK_LASTS,
        )  # fmt: skip
        return f"{self._settings.pages_url}/preferences/{token}"


async def look_back(runtime: Runtime) -> int:
    """Before anything is sent: what Kafka knows was sent and the database does not; how many messages there are.

    After a restored backup the same messages become ready again; nobody is told them twice. Waits for Kafka.
    """
    while True:
        try:
            async with runtime.transaction() as tx:
                known_at = await store.last_report_at(tx)
            since = known_at - CLOCKS_DIFFER if known_at else datetime.fromtimestamp(0, UTC)
            events = await said_since(runtime, MessageSent, since)
            async with runtime.transaction() as tx:
                await store.remember_told(tx, {event.data.message_id: event.time for event in events})
        except (SQLAlchemyError, OSError, TimeoutError, KafkaError) as error:
            if not (is_transient(error) or isinstance(error, KafkaError)):
                raise
            log.warning("sender_waits", error=type(error).__name__)
            await asyncio.sleep(PAUSE_S)
        else:
            return len(events)


async def _for_ever(work: Callable[[], Awaitable[int]], pause_s: float) -> None:
    """Again and again, with a pause when there was nothing to do."""
    while True:
        try:
            if not await work():
                await asyncio.sleep(pause_s)
        except (SQLAlchemyError, OSError) as error:
            await wait_out(error)
