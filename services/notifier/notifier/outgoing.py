"""What leaves the house: the words of one message on one channel, and the parcel that a provider is given.

Owns the two shapes. Knows neither how words are found (letters, words) nor how a provider is reached (providers).
"""

from msgspec import Struct

from contracts.vocabulary import Channel


class Composed(Struct, frozen=True, kw_only=True):
    """What one message says on one channel."""

    subject: str
    """One line: the subject of a mail, the title of anything else."""
    text: str
    """Plain text: short where the channel is."""
    html: str | None = None
    """For mails only."""
    locale: str
    """The language that it is written in."""
    version: str
    """Of the words; stands beside the decision."""


class Parcel(Struct, frozen=True, kw_only=True):
    """One message as it is given to a provider."""

    message_id: str
    channel: Channel
    address: str
    composed: Composed | None = None
    """For everything but mails."""
    mail: bytes | None = None
    """For mails: all of it, with its headers; lines end in CRLF."""
    return_path: str | None = None
    """For mails: where what cannot be delivered comes back to."""
