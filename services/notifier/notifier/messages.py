"""A message from the intention to its end: intended → (held →) ready → sending → sent, or not said.

Owns the message and what is published about it; decides nothing.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from contracts.ids import derived_id
from contracts.notifications import MessageBounced, MessageFailed, MessageHeld, MessageSent, MessageSuppressed
from contracts.vocabulary import Channel
from notifier.kinds import KINDS, Kind


class State(StrEnum):
    """Where a message is."""

    intended = "intended"
    held = "held"
    ready = "ready"
    """Decided; the sender takes it at once."""
    sending = "sending"
    """A sender has it in hand."""
    joined = "joined"
    """It goes out inside of another message, and shares what becomes of that one."""
    sent = "sent"
    suppressed = "suppressed"
    failed = "failed"
    unknown = "unknown"
    """The sender died or lost the mail server while it had it in hand, and it is of a kind that is not said twice."""


WAITING = frozenset({State.intended, State.held})
"""Not decided for good; a `send` deadline is set."""
IN_HAND = frozenset({State.ready, State.sending, State.joined})
ENDED = frozenset({State.sent, State.failed, State.unknown})
OVER = ENDED | {State.suppressed}


class Message(Struct, frozen=True, kw_only=True):
    """One thing to be said to one customer, once."""

    message_id: str
    customer_id: str
    kind: str
    subject: str
    """What it is about; (customer, kind, subject) is said once."""
    intended_at: datetime
    expires_at: datetime
    told_by: datetime | None = None
    """When the customer should know at the latest; only for the opening of an issue."""
    order_id: str | None = None
    issue_id: str | None = None
    invitation_id: str | None = None
    content: dict[str, Any] = {}
    """What the words may use; nothing personal."""
    channel: Channel = Channel.email
    """On which it was last decided to say it."""
    state: State = State.intended
    reason: str | None = None
    """Why it is held, suppressed or failed."""
    held_until: datetime | None = None
    ready_at: datetime | None = None
    sent_at: datetime | None = None
    """When the provider took it."""
    attempts: int = 0
    """How often it was decided to send it."""
    deferrals: int = 0
    """How often a provider said "not now", or nobody knew whether it arrived; pauses grow with it."""
    provider: str | None = None
    """Who was given it last; asked first when it is tried again."""
    priority: int = 0
    """Among all that is ready, smaller leaves first."""
    correlation_id: str
    """Of the fact that led to it; what is said of its delivery continues it."""
    traceparent: str | None = None
    inside: str | None = None
    """The message that it went out with, inside of that one."""
    broadcast_id: str | None = None
    """The broadcast that it is part of; staff may stop it, and it leaves at a pace of its own."""

    @property
    def rules(self) -> Kind:
        """What holds for its kind."""
        return KINDS[self.kind]

    @property
    def locale(self) -> str | None:
        """The language that it was decided to be said in."""
        locale: str | None = self.content.get("said_in", {}).get("locale")
        return locale

    @property
    def words(self) -> str | None:
        """The version of all words when it was decided to send it."""
        return self.content.get("said_in", {}).get("words") or None

    @property
    def waiting(self) -> bool:
        """Whether it may still be decided one way or the other."""
        return self.state in WAITING


def message_id_of(customer_id: str, kind: str, subject: str) -> str:
    """The id of what is said once."""
    return derived_id("message", customer_id, kind, subject)


def sent(message: Message, at: datetime) -> MessageSent:
    """The mail server took it."""
    return MessageSent(**_about(message, at))


def held(message: Message, at: datetime, until: datetime, reason: str) -> MessageHeld:
    """It waits."""
    return MessageHeld(**_about(message, at), held_until=until, reason=reason)


def suppressed(message: Message, at: datetime, reason: str) -> MessageSuppressed:
    """It will not be said."""
    return MessageSuppressed(**_about(message, at), reason=reason)


def failed(message: Message, at: datetime, reason: str, detail: str | None) -> MessageFailed:
    """It could not be said."""
    return MessageFailed(**_about(message, at), reason=reason, detail=detail)


def bounced(message: Message, at: datetime, *, hard: bool, reason: str) -> MessageBounced:
    """It came back."""
    return MessageBounced(**_about(message, at), hard=hard, reason=reason)


def _about(message: Message, at: datetime) -> dict[str, Any]:
    return {
        "customer_id": message.customer_id,
        "message_id": message.message_id,
        "kind": message.kind,
        "purpose": message.rules.purpose,
        "channel": message.channel,
        "occurred_at": at,
        "order_id": message.order_id,
        "issue_id": message.issue_id,
        "invitation_id": message.invitation_id,
    }
