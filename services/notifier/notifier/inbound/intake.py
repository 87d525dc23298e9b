"""What comes back is taken: read, found out which mail it is about, and made safe. Owns what makes it safe to say yes.

Yes means that what follows is committed, or that Kafka has it, or that nothing follows. The same again is the same
command and the same event. Nothing of what somebody wrote is logged or kept here.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from chassis import metrics
from chassis.database import is_transient
from chassis.errors import Conflict, NotFound
from chassis.runtime import Runtime
from contracts.ids import derived_id
from contracts.storefront import CUSTOMERS, ContactReceived
from contracts.stories import Story
from notifier import answer_store, people_store, store, suppression_store
from notifier.addressing import Addressing
from notifier.bounces import Arrived, Complained, Returned, bounce_of
from notifier.inbound.mails import Arrival, Automatic, Bounce, Complaint, Delay, Heard, Nothing, Reply, heard
from notifier.inbound.parts import READ_BYTES
from notifier.messages import Message
from notifier.pseudonyms import address_hash
from notifier.stories import story_of, topic_of
from notifier.vaults import Vault
from storefront.outlet import NotAcknowledged, Outlet
from storefront.publisher import Publisher
from storefront.saying import Said, event_of, record_of

READING_AT_ONCE = 4
SOURCE = "/rapport/notifier"

log = structlog.get_logger("notifier.inbound")


class NotNow(Exception):
    """It is not safe yet; the same may be delivered again."""


class Intake:
    """Takes mails and reports of providers."""

    def __init__(self, runtime: Runtime, addressing: Addressing, vault: Vault) -> None:
        self._runtime = runtime
        self._addressing = addressing
        self._vault = vault
        self._reading = asyncio.Semaphore(READING_AT_ONCE)
        self._outlet = Outlet(self._publisher)
        runtime.closing.append(self._outlet.close)

    async def mail(self, raw: bytes, recipients: Sequence[str], sender: str | None = None) -> str:
        """Take a mail; in one word what became of it. `sender` is the envelope's. Raises `NotNow`."""
        async with self._reading:
            said = await asyncio.to_thread(heard, raw, sender)
            message_id = await asyncio.to_thread(self._message_id, raw, recipients)
        fate = await self._safely(message_id, said, "mail")
        metrics.mails_in.labels("mail", fate).inc()
        return fate

    async def report(self, message_id: str | None, said: Heard, provider: str) -> str:
        """Take what a provider says of a mail; in one word what became of it. Raises `NotNow`."""
        fate = await self._safely(message_id, said, provider)
        metrics.mails_in.labels(provider, fate).inc()
        return fate

    async def _safely(self, message_id: str | None, said: Heard, via: str) -> str:
        try:
            return await self._taken(message_id, said, via)
        except (NotAcknowledged, Conflict) as error:
            log.warning("not now", what=_word(said), error=str(error) or type(error).__name__)
            raise NotNow(str(error)) from error
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            if not is_transient(error):
                raise
            log.warning("not now", what=_word(said), error=type(error).__name__)
            raise NotNow(type(error).__name__) from error

    async def _taken(self, message_id: str | None, said: Heard, via: str) -> str:
        if isinstance(said, Automatic | Nothing | Delay):
            return _word(said)
        message = await self._message(message_id)
        if message is None:
            return "unknown"
        match said:
            case Bounce(meaning=meaning, code=code):
                name = derived_id("bounced", message.message_id, meaning.weight, meaning.reason)
                await self._command(message, name, bounce_of(message.message_id, meaning, code, via))
            case Complaint(kind=kind):
                name = derived_id("complained", message.message_id)
                await self._command(message, name, Complained(message_id=message.message_id, kind=kind, via=via))
            case Arrival() if await self._makes_up(message):
                name = derived_id("arrived", message.message_id)
                await self._command(message, name, Arrived(message_id=message.message_id, via=via))
            case Reply():
                return await self._pass_on(message, said)
        return _word(said)

    async def _makes_up(self, message: Message) -> bool:
        """Whether anything counts against the address that it went to: most mails simply arrive."""
        async with self._runtime.transaction() as tx:
            book = await suppression_store.address_book(tx, (), [message.message_id])
        return bool(book.soft) or any(one.until is not None for one in book.suppressions.values())

    async def _command(self, message: Message, name: str, data: Returned) -> None:
        try:
            await self._runtime.command(
                message.customer_id, data, actor=data.via, command_id=name, correlation_id=message.correlation_id,
                traceparent=message.traceparent,
            )  # fmt: skip
        except NotFound:  # the message was there a moment ago
            log.warning("a message is gone", message_id=message.message_id)

    async def _message(self, message_id: str | None) -> Message | None:
        if message_id is None:
            return None
        async with self._runtime.transaction() as tx:
            found = await store.messages_of(tx, [], [message_id])
        return found[0] if found else None

    async def _pass_on(self, message: Message, reply: Reply) -> str:
        """A person's answer becomes what the shop's customers say, with the story of what they answer."""
        contact_id = derived_id("mail", message.message_id, reply.identity)
        now = await self._runtime.now(message.customer_id)
        async with self._runtime.transaction() as tx:
            known = await people_store.people_and_circumstances_of(tx, self._vault, [message.customer_id])
            person, facts = known[message.customer_id]
            if person.erased:
                return "erased"
            about = _Of(
                topic="unsubscribe" if reply.stop else topic_of(message, facts),
                by_addressee=await self._by_addressee(tx, message, reply),
                story=story_of(
                    message.order_id, facts,
                    await answer_store.messages_about(tx, message.customer_id, message.order_id),
                ),
            )  # fmt: skip
            answer = await answer_store.enter(tx, contact_id, message.customer_id, now, about)
        if answer.said:
            return "again"
        await self._say(message, reply, contact_id, answer)
        async with self._runtime.transaction() as tx:
            await answer_store.mark_said(tx, contact_id)
        return "stop" if reply.stop else "reply"

    async def _by_addressee(self, tx: Any, message: Message, reply: Reply) -> bool | None:
        mailed = (await suppression_store.address_book(tx, (), [message.message_id])).mailed.get(message.message_id)
        return None if mailed is None else address_hash(reply.address) == mailed

    async def _say(self, message: Message, reply: Reply, contact_id: str, answer: answer_store.Answer) -> None:
        about = msgspec.convert(answer.about, _Of)
        received_at: datetime = answer.received_at
        fact = ContactReceived(
            customer_id=message.customer_id, contact_id=contact_id, occurred_at=received_at, channel=message.channel,
            order_id=message.order_id, topic=about.topic, text=reply.text or None, in_reply_to=message.message_id,
            by_addressee=about.by_addressee, story=about.story,
        )  # fmt: skip
        event = event_of(Said(fact, received_at), SOURCE, derived_id("contact", contact_id))
        await self._outlet.say([record_of(event)])

    def _message_id(self, raw: bytes, recipients: Sequence[str]) -> str | None:
        """By the address that it was sent to; else by one that stands in it, as in headers that a report repeats."""
        by_address = (self._addressing.named_by(recipient) for recipient in recipients)
        named = next((one for one in by_address if one), None)
        named = named or self._addressing.named_in(raw[:READ_BYTES].decode("latin-1"))
        return named.message_id if named else None

    def _publisher(self) -> Publisher:
        settings = self._runtime.settings
        return Publisher(
            settings.kafka_bootstrap_servers, SOURCE, idempotent=settings.kafka_idempotent_producer,
            partitions=settings.partitions, connection=settings.connection, topics=(CUSTOMERS,),
            traces=self._runtime.traces,
        )  # fmt: skip


class _Of(msgspec.Struct, frozen=True, kw_only=True):
    """What goes with an answer, as it was when it came first."""

    topic: str
    by_addressee: bool | None
    story: Story | None


def _word(said: Heard) -> str:
    match said:
        case Bounce(meaning=meaning):
            return f"bounce_{meaning.weight}"
        case Automatic(kind=kind):
            return kind
        case Nothing(reason=reason):
            return reason
    return type(said).__name__.casefold()
