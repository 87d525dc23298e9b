"""What staff declared: whom a disruption concerns, what was said of it and when, and what held at any moment.

Owns who may be concerned from when to when. Must not know pictures, issues or rows (traits.py finds an order's traits).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct

from contracts.vocabulary import Severity

Traits = frozenset[str]
"""`carrier dhl`, `country de`, `postcode_prefix 101` …; letter case means nothing."""


def trait(name: str, value: str) -> str:
    """One trait as it is stored and asked for."""
    return f"{name} {value.strip().casefold()}"


def spread_of(order_id: str) -> timedelta:
    """How long after a statement an order is called: its own microsecond of the second that follows.

    Deadlines of one moment are folded in one transaction, and a statement may concern a hundred thousand orders.
    """
    return timedelta(microseconds=crc32(order_id.encode()) % 1_000_000)


class Over(StrEnum):
    """How a disruption came to its end."""

    ended = "ended"
    withdrawn = "withdrawn"
    """It should not have been declared."""


class Concern(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom it concerns: orders underway of which everything holds that is given, at least one."""

    carrier: str | None = None
    country: str | None = None
    region: str | None = None
    postcode_prefix: str | None = None
    warehouse_id: str | None = None
    sku: str | None = None

    @property
    def traits(self) -> Traits:
        """What an order must have to be concerned."""
        named = ((name, getattr(self, name)) for name in self.__struct_fields__)
        return frozenset(trait(name, value) for name, value in named if value)


class Statement(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What staff said at one moment; the last one holds."""

    statement_id: str
    """Id of the command."""
    said_at: datetime
    actor: str
    known: str
    """One sentence for the customers."""
    severity: Severity = Severity.serious
    expected_next: str | None = None
    expected_end_at: datetime | None = None
    """What is hoped for. That it passes ends nothing."""
    over: Over | None = None


class Disruption(Struct, frozen=True, kw_only=True):
    """Everything that was said of one disruption, in its order; whom it concerns never changes."""

    disruption_id: str
    concern: Concern
    starts_at: datetime
    statements: tuple[Statement, ...]

    @property
    def declared(self) -> Statement:
        """The first word on it."""
        return self.statements[0]

    @property
    def last(self) -> Statement:
        """The last word on it."""
        return self.statements[-1]

    @property
    def begins_at(self) -> datetime:
        """From when on orders are concerned."""
        return max(self.declared.said_at, self.starts_at)

    @property
    def over_at(self) -> datetime | None:
        """When it was said to be over."""
        return self.last.said_at if self.last.over else None

    def said_by(self, moment: datetime) -> Statement | None:
        """The last word on it until `moment`; None before it began."""
        if moment < self.begins_at:
            return None
        return next((one for one in reversed(self.statements) if one.said_at <= moment), None)

    def next_call(self, moment: datetime, order_id: str) -> datetime | None:
        """When an order is called after `moment`, because something about it is different."""
        calls = [max(one.said_at, self.begins_at) + spread_of(order_id) for one in self.statements]
        return min((call for call in calls if call > moment), default=None)


class Standing(Struct, frozen=True, kw_only=True):
    """A disruption at one moment."""

    disruption: Disruption
    statement: Statement

    @property
    def lasts(self) -> bool:
        """It was not over then."""
        return self.statement.over is None

    @property
    def opens(self) -> bool:
        """It lasts, and nobody has said since that it is over: what is taken back opens nothing more, at any moment."""
        return self.lasts and self.disruption.over_at is None


class Book:
    """The disruptions that matter to some items."""

    def __init__(self, disruptions: Sequence[Disruption] = ()) -> None:
        self._disruptions = disruptions
        self._wanted = [(disruption, disruption.concern.traits) for disruption in disruptions]

    def __eq__(self, other: object) -> bool:
        """Whether they hold the same."""
        return isinstance(other, Book) and self._disruptions == other._disruptions

    def at(self, moment: datetime) -> tuple[Standing, ...]:
        """What had begun by then, over or not."""
        said = ((disruption, disruption.said_by(moment)) for disruption in self._disruptions)
        return tuple(Standing(disruption=disruption, statement=last) for disruption, last in said if last)

    def next_call(self, moment: datetime, order_id: str, traits: Traits) -> datetime | None:
        """When an order with these traits has to be looked at after `moment` because of what was declared."""
        calls = [one.next_call(moment, order_id) for one, wanted in self._wanted if wanted <= traits]
        return min((call for call in calls if call is not None), default=None)


NOTHING_DECLARED = Book()


class Reach(NamedTuple):
    """Whom a declaration would concern."""

    orders: int
    customers: int


class Effect(NamedTuple):
    """What has come of a declaration so far."""

    opened: int
    open: int
    calling: bool
    """Some of those whom the last statement concerns have not been called yet."""
