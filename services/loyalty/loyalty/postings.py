"""The ways points can move, and the posting that each movement leaves: double entry in one row.

Owns the names of the ledger's accounts and the natural keys of postings. Knows no rule about when points move.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Place(StrEnum):
    """Where points can be. A posting's member is its customer; the programme has one account per purpose."""

    pending = "member:pending"
    available = "member:available"
    earned = "programme:earned"
    goodwill = "programme:goodwill"
    spent = "programme:spent"


class PostingKind(StrEnum):
    """Why points moved."""

    earned = "earned"
    vested = "vested"
    clawed_back = "clawed_back"
    goodwill = "goodwill"
    spent = "spent"


class Movement(Struct, frozen=True, gc=False):
    """From where to where, and what one point moved this way does to the balances of the member."""

    kind: PostingKind
    source: Place
    destination: Place
    pending: int = 0
    available: int = 0
    qualifying: int = 0
    """Points that count for the tier: earned and vested, less what was taken back of them."""


EARN = Movement(PostingKind.earned, Place.earned, Place.pending, pending=1)
VEST = Movement(PostingKind.vested, Place.pending, Place.available, pending=-1, available=1, qualifying=1)
TAKE_BACK_PENDING = Movement(PostingKind.clawed_back, Place.pending, Place.earned, pending=-1)
TAKE_BACK_VESTED = Movement(PostingKind.clawed_back, Place.available, Place.earned, available=-1, qualifying=-1)
MAKE_GOOD = Movement(PostingKind.goodwill, Place.goodwill, Place.available, available=1)
SPEND = Movement(PostingKind.spent, Place.available, Place.spent, available=-1)
MOVEMENTS = (EARN, VEST, TAKE_BACK_PENDING, TAKE_BACK_VESTED, MAKE_GOOD, SPEND)


class Posting(Struct, frozen=True, gc=False):
    """Points that moved from one account to another; balanced by construction, never changed afterwards."""

    customer_id: str
    number: int
    """Counts this member's postings from 1, without gaps."""
    movement: Movement
    points: int
    """Always positive."""
    reference: str
    """The rule and the natural key it followed, unique for the member: makes repetition visible."""
    order_id: str | None
    cause_id: str
    at: datetime


def reference(rule: str, *natural_key: str) -> str:
    """Joined by spaces, which no identifier contains: two different keys can never read the same."""
    return " ".join((rule, *natural_key))
