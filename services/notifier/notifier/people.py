"""Who a customer is and how they may be reached. The only place in Rapport that knows it.

What storefronts send is cleaned here, once: an address or a name that could break out of a mail's header never gets in.
"""

import unicodedata
from datetime import date, datetime, time, tzinfo
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from contracts.storefront import ConsentChanged, Contact, CustomerUpdated
from contracts.vocabulary import Channel, Purpose
from notifier.addresses import address_of

LONGEST_NAME = 80
_TURNS_TEXT_AROUND = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Consent(Struct, frozen=True, kw_only=True):
    """What somebody last said about one purpose on one channel, and how we know."""

    given: bool
    evidence: str
    said_at: datetime


class Hours(Struct, frozen=True):
    """From `begins` until `ends` on the person's clock, usually over midnight; the same twice: never."""

    begins: time
    ends: time


class PartOfDay(StrEnum):
    """When in the day somebody would rather hear from us."""

    morning = "morning"
    midday = "midday"
    evening = "evening"


class Preferences(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody chose here, besides what they want to hear. No storefront changes it."""

    language: str | None = None
    """Instead of the profile's."""
    quiet_hours: Hours | None = None
    """Instead of the shop's; days on which it writes to nobody stay closed."""
    paused_until: datetime | None = None
    channel: Channel | None = None
    """On which they would rather be reached; None: as the shop does."""
    hour: PartOfDay | None = None
    """When they would rather hear from us; None: whenever there is something."""


class Person(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One customer as the notifier knows them; all blank until somebody says who they are, and after erasure."""

    addresses: dict[Channel, str] = {}
    """Where they are reached; on most channels nowhere."""
    given_name: str | None = None
    locale: str | None = None
    zone: str | None = None
    country: str | None = None
    birthday: date | None = None
    consents: dict[str, Consent] = {}
    """By `channel:purpose`."""
    said_at: datetime | None = None
    """When name and contact were last said."""
    greeted_on: date | None = None
    """Their last birthday on which they were greeted, or were not for a reason on record."""
    preferences: Preferences = Preferences()
    erased: bool = False

    @property
    def email(self) -> str | None:
        """Their e-mail address."""
        return self.addresses.get(Channel.email)

    @property
    def language(self) -> str | None:
        """What they chose, or what the storefront says: a locale like de or pt-BR."""
        return self.preferences.language or self.locale

    def said_after(self, moment: datetime, channel: Channel, purpose: Purpose) -> bool:
        """Whether their last answer about this came later than `moment`."""
        consent = self.consents.get(f"{channel}:{purpose}")
        return consent is not None and consent.said_at > moment

    def paused(self, purpose: Purpose, now: datetime) -> datetime | None:
        """Until when they want to be left in peace; never from what concerns their orders."""
        until = self.preferences.paused_until
        return until if purpose is not Purpose.service and until is not None and now < until else None

    def allows(self, channel: Channel, purpose: Purpose) -> bool:
        """An explicit answer is obeyed, whatever the purpose.

        Without one, everything but marketing is allowed by e-mail; on other channels only what concerns orders, since
        somebody gave the shop a telephone number for that and for nothing else.
        """
        consent = self.consents.get(f"{channel}:{purpose}")
        if consent is not None:
            return consent.given
        return purpose is Purpose.service or (channel is Channel.email and purpose is not Purpose.marketing)


BLANK = Person()
ERASED = Person(erased=True)


def updated(person: Person, said: CustomerUpdated, at: datetime) -> Person:
    """The person as `said`, whole; the same person when something later is already known."""
    if person.said_at is not None and at <= person.said_at:
        return person
    return replace(
        person,
        addresses=addresses_of(said.contacts, said.country),
        given_name=clean_name(said.given_name),
        locale=said.locale,
        zone=said.zone if zone_of(said.zone) else None,
        country=said.country,
        birthday=said.birthday,
        said_at=at,
    )


def consented(person: Person, said: ConsentChanged, at: datetime) -> Person:
    """The person with this answer; the same person when a later answer is already known."""
    key = f"{said.channel}:{said.purpose}"
    known = person.consents.get(key)
    if known is not None and at <= known.said_at:
        return person
    consent = Consent(given=said.given, evidence=said.evidence, said_at=at)
    return replace(person, consents={**person.consents, key: consent})


def answered(person: Person, channel: Channel, purpose: Purpose, given: bool, evidence: str, at: datetime) -> Person:
    """The person after their own answer here, which always holds; the same person when it was their answer before.

    It counts as said not before anything known, so that a storefront whose clock runs ahead does not overrule it.
    """
    known = person.consents.get(f"{channel}:{purpose}")
    if known is not None and known.given is given:
        return person
    consent = Consent(given=given, evidence=evidence, said_at=max(at, known.said_at) if known else at)
    return replace(person, consents={**person.consents, f"{channel}:{purpose}": consent})


def addresses_of(contacts: tuple[Contact, ...], country: str | None = None) -> dict[Channel, str]:
    """Per channel the first address that can be written to; numbers without a country's code are of `country`."""
    addresses: dict[Channel, str] = {}
    for contact in contacts:
        if contact.channel not in addresses and (address := address_of(contact, country)):
            addresses[contact.channel] = address
    return addresses


def email_of(contacts: tuple[Contact, ...]) -> str | None:
    """The first e-mail address that can be written to; None when there is none."""
    return addresses_of(contacts).get(Channel.email)


def clean_name(name: str | None) -> str | None:
    """The name without line breaks, control and direction marks; None for what is an address rather than a name.

    Nor is an encoded word a name (RFC 2047): it may hold a line break of its own, and break out of a header.
    """
    if name is None or any(sign in name for sign in ("/", "@", "<", ">")):
        return None
    spaced = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in name)
    clean = " ".join("".join(sign for sign in spaced if sign not in _TURNS_TEXT_AROUND).split())[:LONGEST_NAME]
    return clean if clean and "=?" not in clean else None


@lru_cache(maxsize=1_000)
def zone_of(name: str | None) -> tzinfo | None:
    """The zone of that IANA name; None when nobody knows it."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # unknown, absurd, or the name of a folder
        return None


def masked(email: str | None) -> str | None:
    """Enough of an address to recognise it, not enough to use it: a***@example.org."""
    if email is None:
        return None
    name, _, domain = email.partition("@")
    return f"{name[:1]}***@{domain}"


def masked_on(channel: Channel, address: str) -> str:
    """The same on every channel: a telephone number as +49***78, anything else as its first signs."""
    if channel is Channel.email:
        return masked(address) or ""
    return f"{address[:3]}***{address[-2:]}" if channel is Channel.sms else f"{address[:3]}***"
