"""Everything the notifier knows about one customer: the person, their circumstances, and what was or will be said."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chassis.items import Item
from chassis.outcomes import Outcome, SetDeadline
from contracts.vocabulary import Channel
from notifier.circumstances import Circumstances, Issue
from notifier.links import without_links
from notifier.messages import OVER, Message, message_id_of
from notifier.people import BLANK, Person
from notifier.suppressions import AddressBook, Blocks

SEND = "send"
"""Deadline: decide about the message named by the subject."""
TOLD_BY = "told_by"
"""Deadline: by now the customer should know of the issue named by the subject."""

GREET = "greet"
"""Deadline: the greeting named by the subject is due."""


class Correspondence(Struct, frozen=True, kw_only=True):
    """One customer's account. Holds every message that is not ended, and those that the items name."""

    customer_id: str
    person: Person = BLANK
    circumstances: Circumstances = Circumstances()
    messages: dict[str, Message] = {}
    addresses: AddressBook = AddressBook()
    """What is known of the addresses that the items may lead to."""
    said_overdue: frozenset[str] = frozenset()
    """Issues of which the clock has said that telling failed: it is not said again, whatever is concluded."""
    away_channels: frozenset[Channel] = frozenset()
    """Reported just now to have no provider; never kept, since the next decision finds out for itself."""

    def blocks(self, now: datetime) -> Blocks:
        """Where the person cannot be written to at `now`."""
        known = self.addresses.blocks(self.person, now)
        return replace(known, away=self.away_channels) if self.away_channels else known

    def message_about(self, kind: str, subject: str) -> Message | None:
        """The one message of that kind about that subject, if it is at hand."""
        return self.messages.get(message_id_of(self.customer_id, kind, subject))

    def waiting_for(self, reason: str) -> Iterable[Message]:
        """The messages held for that reason, in the order of their ids."""
        held = (message for message in self.messages.values() if message.waiting and message.reason == reason)
        return sorted(held, key=lambda message: message.message_id)

    def with_person(self, person: Person) -> tuple["Correspondence", Outcome]:
        """The customer as they are now, and the row to keep."""
        return replace(self, person=person), Outcome(rows=(PersonRow(self.customer_id, person),))

    def with_circumstances(self, facts: Circumstances) -> tuple["Correspondence", Outcome]:
        """Orders and issues as they are now, and the row to keep."""
        if facts == self.circumstances:
            return self, Outcome()
        return replace(self, circumstances=facts), Outcome(rows=(CircumstancesRow(self.customer_id, facts),))

    def with_issue(self, issue_id: str, issue: Issue) -> tuple["Correspondence", Outcome]:
        """One issue as it is now, and the row to keep."""
        return self.with_circumstances(self.circumstances.with_issue(issue_id, issue))

    def with_message(self, message: Message, **changes: Any) -> tuple["Correspondence", Outcome]:
        """The message after `changes`, and the row to keep; links stay no longer than until it is said or never is."""
        changed = replace(message, **changes)
        if changed.state in OVER:
            changed = replace(changed, content=without_links(changed.content))
        return replace(self, messages={**self.messages, message.message_id: changed}), Outcome(rows=(changed,))


class PersonRow(Struct, frozen=True):
    """What `save` writes of a person."""

    customer_id: str
    person: Person


class CircumstancesRow(Struct, frozen=True):
    """What `save` writes of circumstances."""

    customer_id: str
    circumstances: Circumstances


def look_again(messages: Iterable[Message], item: Item) -> Outcome:
    """Have these messages decided at once: something they wait for may have come."""
    return Outcome(deadlines=tuple(SetDeadline(SEND, message.message_id, item.at) for message in messages))
