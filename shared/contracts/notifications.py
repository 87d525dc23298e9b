"""What the notifier says: what was told, held or left unsaid, and why."""

from contracts.envelope import Fact, event_type
from contracts.vocabulary import Channel, Identifier, Purpose, Sentence, Timestamp, Word

NOTIFICATIONS = "notifications"


class Message(Fact, frozen=True, kw_only=True):
    """One intended message and what it is about."""

    message_id: Identifier
    kind: Word
    """What is said: issue_opened, points_earned, survey …"""
    purpose: Purpose
    channel: Channel
    occurred_at: Timestamp
    order_id: Identifier | None = None
    issue_id: Identifier | None = None
    invitation_id: Identifier | None = None


@event_type("notifications.message-sent.v1", topic=NOTIFICATIONS, subject="message_id")
class MessageSent(Message, frozen=True, kw_only=True):
    """The provider accepted it."""


@event_type("notifications.message-held.v1", topic=NOTIFICATIONS, subject="message_id")
class MessageHeld(Message, frozen=True, kw_only=True):
    """It waits."""

    held_until: Timestamp
    reason: Word


@event_type("notifications.message-suppressed.v1", topic=NOTIFICATIONS, subject="message_id")
class MessageSuppressed(Message, frozen=True, kw_only=True):
    """It will not be said."""

    reason: Word


@event_type("notifications.message-failed.v1", topic=NOTIFICATIONS, subject="message_id")
class MessageFailed(Message, frozen=True, kw_only=True):
    """It could not be said."""

    reason: Word
    detail: Sentence | None = None


@event_type("notifications.message-bounced.v1", topic=NOTIFICATIONS, subject="message_id")
class MessageBounced(Message, frozen=True, kw_only=True):
    """It came back."""

    hard: bool
    reason: Word


@event_type("notifications.telling-failed.v1", topic=NOTIFICATIONS, subject="issue_id")
class TellingFailed(Fact, frozen=True, kw_only=True):
    """The time to tell passed, and nobody could be told."""

    issue_id: Identifier
    order_id: Identifier
    occurred_at: Timestamp
    reason: Word


@event_type("notifications.preference-changed.v1", topic=NOTIFICATIONS, subject="customer_id")
class PreferenceChanged(Fact, frozen=True, kw_only=True):
    """The customer chose what they want to hear."""

    occurred_at: Timestamp
    channel: Channel
    purpose: Purpose
    wanted: bool
