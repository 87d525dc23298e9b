"""The envelope around every fact (CloudEvents 1.0), and how a fact becomes an event type.

A fact is a frozen struct; `@event_type` names it, its topic and the field that CloudEvents calls `subject`. None of
these structs can be part of a cycle (nothing in them changes), so the garbage collector need not look at them
(`gc=False`): very many of them wait in memory until they are folded.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct

from contracts.vocabulary import CustomerId, Timestamp


class Fact(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something that happened to one customer. Unknown fields are accepted when read."""

    customer_id: CustomerId


class TimeReached(Struct, frozen=True, kw_only=True):
    """Simulated time: everything this publisher had to say on this partition before `at` has been said."""

    at: Timestamp


F = TypeVar("F")
Said = TypeVar("Said", bound=type)


class EventType(Struct, frozen=True):
    """One entry of the catalogue."""

    type: str
    topic: str
    """Empty for the one type that every publisher may say on its own topics."""
    fact: Any
    """The struct's class."""
    subject: str | None
    """Name of the field that is the CloudEvents subject."""
    planned: bool = False
    """Agreed, and said by nobody yet."""


ENTERED: dict[str, EventType] = {}
"""By name, of the modules that were loaded; `contracts.catalogue` knows all."""
_BY_FACT: dict[type[Any], EventType] = {}


def event_type(name: str, *, topic: str, subject: str | None, planned: bool = False) -> Callable[[Said], Said]:
    """Enter a fact into the catalogue as `name` (`<context>.<fact>.v<N>`), published on `topic`."""

    def enter(fact: Said) -> Said:
        if name in ENTERED:
            raise ValueError(f"two facts are called {name}")
        entry = EventType(name, topic, fact, subject, planned)
        ENTERED[name] = _BY_FACT[fact] = entry
        return fact

    return enter


def entry_of(fact: type[Any]) -> EventType:
    """The catalogue's entry of a fact's class; `KeyError` for a class that is no event."""
    return _BY_FACT[fact]


class Event(Struct, Generic[F], frozen=True, kw_only=True, gc=False):
    """A fact with its envelope.

    `time` is when it was said; when it happened is `occurred_at` in the data. `(source, id)` names the event for
    ever: the same pair with the same bytes is a repetition.
    """

    id: Annotated[str, Meta(min_length=1, max_length=255)]
    source: Annotated[str, Meta(min_length=1, max_length=255)]
    time: datetime
    data: F
    subject: str | None = None
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None

    @property
    def type(self) -> str:
        """The CloudEvents type."""
        return _BY_FACT[type(self.data)].type

    @property
    def customer_id(self) -> str:
        """Whom it is about; time-reached is about nobody and has none."""
        customer_id: str = self.data.customer_id  # type: ignore[attr-defined]  # F is a Fact wherever this is asked
        return customer_id

    @property
    def at(self) -> datetime:
        """The `now` of every rule that folds this event."""
        return self.time


event_type("rapport.time-reached.v1", topic="", subject=None)(TimeReached)
