"""One message that is in hand goes to the providers of its channel, unless things changed since it was decided.

Owns what is looked at once more at the last moment. Must not write anything down.
"""

from datetime import UTC, datetime
from functools import partial

import jinja2
import structlog

from chassis.runtime import Runtime
from chassis.settings import ClockKind
from notifier.deliveries import Result
from notifier.hand import Hand
from notifier.mail import Answer
from notifier.messages import Message
from notifier.packer import Packer
from notifier.people import Person
from notifier.providers.outlets import Outlets
from notifier.settings import NotifierSettings
from notifier.suppressions import AddressBook

STALE = Answer(Result.stale)

log = structlog.get_logger("notifier.sender")


class Despatch:
    """Of one process; several may send side by side."""

    def __init__(self, runtime: Runtime, settings: NotifierSettings, outlets: Outlets) -> None:
        self.hand = Hand()
        self._outlets = outlets
        self._packer = Packer(runtime.links, settings, outlets.by_channel)
        self._stale_after = settings.stale_after if settings.clock is ClockKind.real else None

    async def send(self, message: Message, person: Person, addresses: AddressBook) -> Answer:
        """What became of it."""
        address = person.addresses.get(message.channel)
        if self._is_stale(message) or address is None or not person.allows(message.channel, message.rules.purpose):
            return STALE
        if addresses.blocks(person, message.ready_at or message.intended_at).objects(message, person):
            return STALE
        try:
            parcel = self._packer.packed(message, person, address)
        except jinja2.TemplateError as error:  # its text may hold a name: only its kind is logged
            log.warning("words_failed", message_id=message.message_id, kind=message.kind, error=type(error).__name__)
            return Answer(Result.refused, "words_failed")
        return await self._outlets.send(parcel, partial(self.hand.begin, message), message.provider)

    def _is_stale(self, message: Message) -> bool:
        """With the real clock: it was ready so long ago that other things may be true now."""
        late = self._stale_after
        return late is not None and datetime.now(UTC) - (message.ready_at or message.intended_at) > late
