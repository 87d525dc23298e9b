"""What a service is to the chassis: what it listens to, what it says, and its three functions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.items import Item
from chassis.outcomes import Outcome
from contracts import Fact, TimeReached
from contracts.envelope import entry_of

Tx = AsyncConnection
"""An open transaction. Functions of a store take it first and never commit."""

A = TypeVar("A")
CloseDay = Callable[[Tx, date], Awaitable[None]]
"""What a service sums up when a day (UTC) is over: called once for each day, in order; see `chassis.closing`."""


class Content(NamedTuple):
    """Bytes that may hold names and addresses, where they belong, and whom they speak of if that is known."""

    place: str
    customer_id: str | None
    content: bytes


class Safe(Protocol):
    """Keeps such bytes so that nobody reads them who reads the database, nor anybody once the person is forgotten."""

    async def put(self, tx: Tx, contents: Sequence[Content]) -> list[bytes | None]:
        """What may be stored instead of each, in their order; None: nothing may."""

    async def take(self, tx: Tx, contents: Sequence[Content]) -> list[bytes | None]:
        """What each was before; None: nobody can read it any more."""


@dataclass(frozen=True)
class Folding(Generic[A]):
    """Load, fold, save for the aggregate of one service, per customer.

    load   what the items touch, per customer id, blank for a customer never seen; the customers' locks are held
    fold   pure; the new account and what follows. `Rejected` parks the event and leaves the account as it was
    save   a fixed number of set-based statements, for the accounts that changed and the outcomes in fold order
    """

    load: Callable[[Tx, Sequence[Item]], Awaitable[dict[str, A]]]
    fold: Callable[[A, Item], tuple[A, Outcome]]
    save: Callable[[Tx, Mapping[str, A], Sequence[tuple[Item, Outcome]]], Awaitable[None]]


@dataclass(frozen=True)
class Inlet:
    """One topic a service listens to and the facts it takes from it; others are ignored and counted."""

    topic: str
    facts: tuple[type[Fact], ...]
    carries_time: bool = True
    """False for facts that flow back: they record something and never hold up the partition's time."""


@dataclass(frozen=True)
class Service:
    """One service. The order of `consumes` is the topics' rank where events have the same time."""

    name: str
    """With a hyphen, as in the folder: orders-listener."""
    consumes: tuple[Inlet, ...]
    topic: str
    """Where it says its own facts."""
    publishes: tuple[type[Fact], ...]
    folding: Folding[Any]
    migrations: Path
    close_day: CloseDay | None = None
    safe: Safe | None = None
    """For a service that takes facts with names and addresses."""
    also_says: tuple[str, ...] = ()
    """Topics beside its own that it writes: what hooks, mails and staff say in the name of a shop."""
    looks_back: bool = False
    """Whether it reads its own topic, outside of its group (see `chassis.past`)."""
    export: Mapping[str, str] = field(default_factory=dict)
    """For analysts: its own tables and, by blank, their columns that leave the database (`chassis.exporting`)."""
    count: Callable[[Sequence[tuple[Item, Outcome]]], None] | None = None
    """Counts what a committed transaction led to, for metrics of the service's own."""

    @property
    def source(self) -> str:
        """The CloudEvents source of its facts."""
        return f"/rapport/{self.name}"

    def wanted(self) -> dict[str, frozenset[str]]:
        """Per topic, the CloudEvents types that are read; what time it is may be said on each."""
        time_reached = entry_of(TimeReached).type
        return {
            inlet.topic: frozenset({time_reached, *(entry_of(fact).type for fact in inlet.facts)})
            for inlet in self.consumes
        }
