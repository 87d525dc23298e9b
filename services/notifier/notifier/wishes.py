"""What another service would have us say: a note, or an offer, in its own words.

Owns what such a wish must look like. It is a command like others: what becomes of its message is decided at sending.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from msgspec import Struct, structs

from chassis.errors import NotFound, Rejected
from chassis.items import Command
from chassis.outcomes import Outcome
from contracts.ids import derived_id
from notifier.correspondence import Correspondence
from notifier.intentions import Intention, intend
from notifier.messages import message_id_of

LONGEST_LIFE = timedelta(days=90)
"""Longer than this nothing waits to be said."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"]*|\bwww\.[^\s<>\"]*", re.IGNORECASE)


class WishKind(StrEnum):
    """What other services may have said; the rules of each are in `kinds`."""

    note = "note"
    offer = "offer"


class Words(Struct, frozen=True, kw_only=True):
    """What is said, as plain text: a title, what happened, what we do, what the customer can do."""

    title: str
    happened: str
    doing: str | None = None
    you: str | None = None


class Wish(Struct, frozen=True, kw_only=True):
    """One message that another service asks for."""

    kind: WishKind
    subject: str
    """Derived from the key of the request: what is asked for once is said once."""
    words: Words
    order_id: str | None = None
    expires_at: datetime | None = None


def subject_of(idempotency_key: str) -> str:
    """What a message is about that was asked for with this key."""
    return derived_id("wish", idempotency_key)


def message_id_wished(customer_id: str, wish: Wish) -> str:
    """The id that its message has, whether it is there yet or not."""
    return message_id_of(customer_id, wish.kind, wish.subject)


def foreign_addresses(words: Words, domain: str) -> list[str]:
    """Addresses in the words that are not https, or do not lead to the shop: to `domain` or below it."""
    text = " ".join(filter(None, structs.astuple(words)))
    return [found for found in _ADDRESS.findall(text) if not _is_ours(found, domain)]


def _is_ours(address: str, domain: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "https" and "@" not in parts.netloc and f".{host}".endswith(f".{domain}")


def on_wish(account: Correspondence, command: Command[Wish]) -> tuple[Correspondence, Outcome]:
    """The intended message. Raises NotFound (erased) and Rejected (already_expired, too_long)."""
    wish = command.data
    if account.person.erased:
        raise NotFound("erased", "This customer asked to be forgotten.")
    if wish.expires_at is not None and wish.expires_at <= command.at:
        raise Rejected("already_expired", "`expires_at` has passed.")
    if wish.expires_at is not None and wish.expires_at > command.at + LONGEST_LIFE:
        raise Rejected("too_long", f"Nothing is worth saying for more than {LONGEST_LIFE.days} days.")
    intention = Intention(
        kind=wish.kind, subject=wish.subject, order_id=wish.order_id, expires_at=wish.expires_at,
        content=structs.asdict(wish.words),
    )  # fmt: skip
    return intend(account, intention, command)
