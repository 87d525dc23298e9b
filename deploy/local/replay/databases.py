"""The services' databases, looked at from outside: how far they are, what they hold. Writes nothing but `forget`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
Place = tuple[str, int]
"""Topic and partition."""


class Databases:
    """One short connection per question: nothing lingers, so a database may be copied between two of them."""

    def __init__(self, urls: Mapping[str, str], *, master_keys: str = "") -> None:
        """`master_keys` as the notifier has them, where it is among the services."""
        self.services = tuple(urls)
        self.master_keys = master_keys
        settings = {"timezone": "UTC", "application_name": "replay"}
        self._engines = {
            service: create_async_engine(url, poolclass=NullPool, connect_args={"server_settings": settings})
            for service, url in urls.items()
        }

    @asynccontextmanager
    async def connection(self, service: str) -> AsyncIterator[AsyncConnection]:
        """A transaction in a service's database."""
        async with self._engines[service].begin() as connection:
            yield connection

    async def rows(self, service: str, query: str) -> Sequence[Any]:
        """What a query of ours finds."""
        async with self.connection(service) as connection:
            return (await connection.execute(text(query))).all()

    async def settled_at(self, service: str) -> datetime:
        """Up to when every partition is folded."""
        [(partitions, settled_at)] = await self.rows(
            service,
            "select count(distinct partition) filter (where settled_at is null), min(settled_at) from positions",
        )
        return BEGINNING if partitions or settled_at is None else settled_at

    async def positions(self, service: str) -> dict[Place, int]:
        """The next offset of every place that the service reads."""
        found = await self.rows(service, "select topic, partition, next_offset from positions")
        return {(row.topic, row.partition): row.next_offset for row in found}

    async def in_flight(self, service: str) -> int:
        """What was decided and has not left: facts in the outbox, mails that nobody has sent or reported."""
        mails = "select count(*) from messages where state in ('ready', 'sending')"
        query = "select (select count(*) from outbox) + ({}) as number"
        [row] = await self.rows(service, query.format(mails if service == "notifier" else "0"))
        return int(row.number)

    async def forget_what_was_heard(self, service: str) -> None:
        """Empty the inbox and set the positions back to the beginning; what was concluded stays."""
        async with self.connection(service) as connection:
            await connection.execute(text("delete from inbox"))
            await connection.execute(text("update positions set next_offset = 0, reached_at = null, settled_at = null"))
