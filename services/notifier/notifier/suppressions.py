"""Addresses that are not written to, and why. They are known by a keyed hash alone, so that they outlive the person.

Owns what is known of addresses and what it blocks. What leads to a suppression is decided in `bounces`, what follows
for a message in `sending`.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from contracts.vocabulary import Channel, Purpose
from notifier.messages import Message
from notifier.people import Person
from notifier.pseudonyms import address_hash


class Reach(StrEnum):
    """What an address is spared."""

    everything = "everything"
    unasked = "unasked"
    """Whatever is not about an order."""


class Suppression(Struct, frozen=True, kw_only=True):
    """One address that is not written to."""

    address_hash: bytes
    reach: Reach
    reason: str
    """mailbox_unknown, domain_unknown, moved, mailbox_disabled, soft_bounces, complained, care."""
    since: datetime
    until: datetime | None = None
    """None: until somebody lifts it."""
    evidence: str
    """How we know; names nobody."""

    def holds(self, now: datetime) -> bool:
        """Whether it still holds."""
        return self.until is None or now < self.until


class SoftBounce(Struct, frozen=True):
    """A mail that did not get through for a reason that may pass."""

    address_hash: bytes
    message_id: str
    at: datetime


class Lifted(Struct, frozen=True):
    """Mail gets through there: what counted against the address is forgotten, and a rest that it had is over."""

    address_hash: bytes
    at: datetime


class Blocks(Struct, frozen=True, kw_only=True):
    """The channels on which somebody cannot be written to, or only about their orders (and since when)."""

    channels: frozenset[Channel] = frozenset()
    unasked: Mapping[Channel, datetime] = {}
    away: frozenset[Channel] = frozenset()
    """Those that were just found to have no provider that is there: they are waited for."""

    def objects(self, message: Message, person: Person) -> str | None:
        """Why `message` may not be said on its channel; None where nothing is against it."""
        return self.against(message.channel, message.rules.purpose, person)

    def against(self, channel: Channel, purpose: Purpose, person: Person) -> str | None:
        """Why that may not be said there; None where nothing is against it. A later yes of theirs goes over it."""
        if channel in self.channels:
            return "suppressed_address"
        since = self.unasked.get(channel)
        if since is None or purpose is Purpose.service:
            return None
        wanted = person.allows(channel, purpose) and person.said_after(since, channel, purpose)
        return None if wanted else "complained"


NO_BLOCKS = Blocks()


class AddressBook(Struct, frozen=True, kw_only=True):
    """What is known of some addresses."""

    suppressions: Mapping[tuple[bytes, Reach], Suppression] = {}
    soft: Mapping[bytes, tuple[SoftBounce, ...]] = {}
    mailed: Mapping[str, bytes] = {}
    """The address that a mail went to, by message."""

    def blocks(self, person: Person, now: datetime) -> Blocks:
        """What it means for a person."""
        if not self.suppressions:
            return NO_BLOCKS
        hashes = {channel: address_hash(address) for channel, address in person.addresses.items()}
        everything = {one: self._holding(address, Reach.everything, now) for one, address in hashes.items()}
        unasked = {one: self._holding(address, Reach.unasked, now) for one, address in hashes.items()}
        return Blocks(
            channels=frozenset(channel for channel, found in everything.items() if found),
            unasked={channel: found.since for channel, found in unasked.items() if found},
        )

    def _holding(self, address: bytes, reach: Reach, now: datetime) -> Suppression | None:
        found = self.suppressions.get((address, reach))
        return found if found is not None and found.holds(now) else None

    def address_of(self, message: Message, person: Person) -> bytes | None:
        """The address that it went to; the person's, where that cannot have changed since; else nobody knows."""
        if known := self.mailed.get(message.message_id):
            return known
        address, sent_at = person.addresses.get(message.channel), message.ready_at or message.intended_at
        unchanged = person.said_at is not None and person.said_at <= sent_at
        return address_hash(address) if address and unchanged else None

    def with_suppression(self, one: Suppression) -> "AddressBook":
        """One more, or another in its place."""
        return replace(self, suppressions={**self.suppressions, (one.address_hash, one.reach): one})

    def with_soft(self, one: SoftBounce) -> "AddressBook":
        """One more that did not get through."""
        return replace(self, soft={**self.soft, one.address_hash: (*self.soft.get(one.address_hash, ()), one)})

    def without_rest(self, address: bytes) -> "AddressBook":
        """Nothing that may pass counts against it any more."""
        place = (address, Reach.everything)
        others = {key: one for key, one in self.suppressions.items() if key != place or one.until is None}
        return replace(self, suppressions=others, soft={key: one for key, one in self.soft.items() if key != address})
