"""A service at work: its database, its time, and the one way to do something for one customer over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis import customers, inbox
from chassis.batch import apply_together
from chassis.database import create_engine
from chassis.errors import Conflict
from chassis.items import Command
from chassis.links import Links
from chassis.outcomes import DUPLICATE, Outcome
from chassis.partitions import partition_of
from chassis.sequence import LONG_AGO, Folded
from chassis.service import Service, Tx
from chassis.settings import ClockKind, ServiceSettings
from contracts import Event


@dataclass
class Runtime:
    """What routes and background tasks of a service work with."""

    service: Service
    settings: ServiceSettings
    engine: AsyncEngine
    links: Links
    outbox_filled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set after a commit that put something into the outbox: the relay need not wait for its next look."""

    @classmethod
    def of(cls, service: Service, settings: ServiceSettings) -> "Runtime":
        """Connects lazily; nothing is opened before the first transaction."""
        connections = settings.partitions_in_flight + 8  # the loop's, the relay's, and some for requests
        engine = create_engine(settings.database_url.get_secret_value(), connections=connections)
        return cls(service, settings, engine, Links.from_setting(settings.link_keys.get_secret_value()))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """A transaction that commits at the end of the block, or rolls back."""
        async with self.engine.begin() as tx:
            yield tx

    async def now(self, customer_id: str) -> datetime:
        """The clock; with simulated time, the moment this customer's partition has come to."""
        if self.settings.clock is ClockKind.real:
            return datetime.now(UTC)
        async with self.engine.connect() as tx:
            row = await tx.execute(_SETTLED, {"partition": self.partition_of(customer_id)})
            return row.scalar_one_or_none() or datetime(2000, 1, 1, tzinfo=UTC)

    def partition_of(self, customer_id: str) -> int:
        """The partition of a customer, the same on every topic."""
        return partition_of(customer_id, self.settings.partitions)

    async def command(
        self,
        customer_id: str,
        data: Any,
        *,
        actor: str,
        command_id: str | None = None,
        at: datetime | None = None,
        traceparent: str | None = None,
    ) -> Outcome:
        """Fold one command for one customer, in a transaction of its own, under the customer's lock.

        Raises what the fold raises (`Rejected`, `NotFound`, `Conflict`); nothing is written then. The same
        `command_id` again changes nothing and answers a duplicate.
        """
        identity = command_id or str(uuid4())
        command: Command[Any] = Command(
            id=identity,
            at=at or await self.now(customer_id),
            customer_id=customer_id,
            data=data,
            actor=actor,
            correlation_id=identity,
            traceparent=traceparent,
        )
        async with self.transaction() as tx:
            await customers.lock(tx, [customer_id])
            if not await inbox.enter_command(tx, command):
                return DUPLICATE
            folded = await apply_together(
                tx, self.service, [command], [], before=LONG_AGO, partition_of=self.partition_of
            )
            for refused in folded.refused:
                raise refused.error or Conflict(refused.reason, refused.detail)
        self.outbox_filled.set()
        return folded.outcomes[0][1]

    async def fold(self, items: Sequence[Event[Any]], *, until: datetime | None = None) -> Folded:
        """Fold events in time order with the deadlines between them, in one transaction: for tests and repairs.

        Deadlines are folded up to `until`, or to the last event's time. Nothing is parked: refusals are returned.
        """
        ordered = sorted(items, key=lambda item: item.at)
        before = until or (ordered[-1].at if ordered else LONG_AGO)
        async with self.transaction() as tx:
            rows = await tx.execute(text("select distinct customer_id from deadlines where due_at < :b"), {"b": before})
            waking = [row.customer_id for row in rows]
            folded = await apply_together(
                tx, self.service, ordered, waking, before=before, partition_of=self.partition_of
            )
        self.outbox_filled.set()
        return folded

    async def close(self) -> None:
        """Give the connections back."""
        await self.engine.dispose()


_SETTLED = text("select min(settled_at) from positions where partition = :partition")
