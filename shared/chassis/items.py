"""What a fold is given: an event, a due deadline or a command.

Every item has `id` (the cause that decisions name), `at` (the `now` of its rules), `customer_id`,
`correlation_id` and `traceparent`. Nothing here reads a clock.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct

from contracts import Event
from contracts.ids import derived_id

C = TypeVar("C")


class CauseKind(StrEnum):
    """What made something happen."""

    event = "event"
    deadline = "deadline"
    command = "command"


class Due(Struct, frozen=True, kw_only=True):
    """A deadline that has come: a wake-up call that an earlier fold left for this customer."""

    customer_id: str
    kind: str
    subject: str
    due_at: datetime
    set_by: str
    """Id of the item whose fold set it."""
    correlation_id: str
    traceparent: str | None = None

    @property
    def id(self) -> str:
        """Derived from customer, kind, subject and moment."""
        return derived_id(
            "deadline", self.customer_id, self.kind, self.subject, self.due_at.astimezone(UTC).isoformat()
        )

    @property
    def at(self) -> datetime:
        """A deadline happens when it is due, however late somebody looked."""
        return self.due_at


class Command(Struct, Generic[C], frozen=True, kw_only=True):
    """Something a person or another service asked for over HTTP, about one customer."""

    id: str
    at: datetime
    customer_id: str
    data: C
    actor: str
    """Who asked: `customer`, `care:<name>`, `service:<name>`."""
    correlation_id: str
    traceparent: str | None = None


Item = Event[Any] | Due | Command[Any]


def cause_kind(item: Item) -> CauseKind:
    """Which kind of cause an item is."""
    return _KINDS[type(item)]


_KINDS: dict[type[Any], CauseKind] = {Event: CauseKind.event, Due: CauseKind.deadline, Command: CauseKind.command}
