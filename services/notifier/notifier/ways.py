"""Where a message leads: the addresses that stand in it."""

from msgspec import Struct

from notifier.question import Question


class Ways(Struct, frozen=True, kw_only=True):
    """Where a message leads, as addresses of pages."""

    action: str | None = None
    """What the message asks for, where it asks for something."""
    preferences: str | None = None
    """Where its reader chooses what they want to hear."""
    question: Question | None = None
    """What the first message asks its reader, once."""
    leaves: bool = False
    """One click in the mail program, which posts to `preferences`, ends this purpose."""


NO_WAYS = Ways()
