"""What a fold answers: rows of the domain, facts to publish, deadlines to set or clear, decisions."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from contracts import Fact


class SetDeadline(Struct, frozen=True):
    """Wake this customer's fold at `due_at`. Setting the same (kind, subject) again moves it."""

    kind: str
    subject: str
    due_at: datetime


class ClearDeadline(Struct, frozen=True):
    """The wake-up call is no longer needed."""

    kind: str
    subject: str


class Decision(Struct, frozen=True, kw_only=True):
    """Why something was done or left undone.

    Every one is written: the chassis compares nothing, so a fold returns one only when the outcome for (subject, rule)
    changes. Who, when and by which cause is added by the chassis from the item.
    """

    subject: str
    """What it is about: an order, an issue, a message, an invitation …"""
    rule: str
    outcome: str
    """opened, resolved, earned, taken_back, told, held, not_told, asked, not_asked …"""
    reason: str
    """A stable code; the words for it are in the service's README."""
    version: str = "1"
    """Version of the rule or of the policy that decided."""
    detail: dict[str, Any] = {}
    """Numbers and times that the rule looked at; never personal data."""


class Outcome(Struct, frozen=True, kw_only=True):
    """Everything one item leads to. Outcomes add up."""

    rows: tuple[Any, ...] = ()
    """Rows of the domain, as core types; the service's `save` writes them."""
    facts: tuple[Fact, ...] = ()
    deadlines: tuple[SetDeadline | ClearDeadline, ...] = ()
    decisions: tuple[Decision, ...] = ()
    duplicate: bool = False
    """The effect is already there (found by its natural key): counted as a duplicate, nothing changes."""

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            rows=self.rows + other.rows,
            facts=self.facts + other.facts,
            deadlines=self.deadlines + other.deadlines,
            decisions=self.decisions + other.decisions,
            duplicate=self.duplicate and other.duplicate,
        )


NOTHING = Outcome()
DUPLICATE = Outcome(duplicate=True)
