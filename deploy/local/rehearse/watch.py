"""Looks at a rehearsal from outside, all the time: how far partitions are, what probes answer, what HTTP answers."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.rehearse.crew import Member

POSITIONS_EVERY_S = 0.1
PROBES_EVERY_S = 1.0
PROBE_TIMEOUT_S = 3.0
_POSITIONS = text("""
    select partition, cast(sum(next_offset) as bigint) as moved, min(settled_at) as settled_at
    from positions group by partition
""")

Partition = tuple[str, int]
"""Service and number."""


@dataclass(frozen=True)
class Probe:
    """What one process answered."""

    at_s: float
    member: str
    is_alive: bool
    is_ready: bool
    reason: str | None


@dataclass(frozen=True)
class Asked:
    """What HTTP answered to a question that needs the database; status 0: nothing."""

    at_s: float
    member: str
    status: int
    retry_after: str | None
    media_type: str


@dataclass
class Watch:
    """Everything that was seen; moments are of `time.monotonic()`."""

    members: Sequence[Member]
    databases: Mapping[str, str]
    headers: Mapping[str, str]
    moves: dict[Partition, list[float]] = field(default_factory=dict)
    """When each partition's positions were seen to have moved."""
    settled: dict[Partition, datetime] = field(default_factory=dict)
    probes: list[Probe] = field(default_factory=list)
    answers: list[Asked] = field(default_factory=list)
    being_replaced: set[str] = field(default_factory=set)
    """Members that are not expected to answer."""

    async def look(self) -> None:
        """Until cancelled."""
        async with (
            httpx.AsyncClient(timeout=PROBE_TIMEOUT_S, headers=self.headers) as client,
            asyncio.TaskGroup() as tasks,
        ):
            for service, url in self.databases.items():
                tasks.create_task(self._positions(service, url))
            for member in self.members:
                tasks.create_task(self._probes(client, member))

    def settled_until(self) -> datetime | None:
        """What every partition of every service has come to."""
        return min(self.settled.values(), default=None)

    async def _positions(self, service: str, url: str) -> None:
        engine = create_async_engine(url, pool_size=1, max_overflow=0, isolation_level="AUTOCOMMIT")
        before: dict[int, int] = {}
        while True:
            try:
                async with asyncio.timeout(PROBE_TIMEOUT_S), engine.connect() as connection:
                    rows = (await connection.execute(_POSITIONS)).all()
            except (SQLAlchemyError, OSError, TimeoutError):
                await engine.dispose(close=False)
                rows = []
            now_s = time.monotonic()
            for row in rows:
                if row.moved != before.get(row.partition):
                    self.moves.setdefault((service, row.partition), []).append(now_s)
                    before[row.partition] = row.moved
                if row.settled_at is not None:
                    self.settled[service, row.partition] = row.settled_at
            await asyncio.sleep(POSITIONS_EVERY_S)

    async def _probes(self, client: httpx.AsyncClient, member: Member) -> None:
        while True:
            next_at_s = time.monotonic() + PROBES_EVERY_S
            if member.name not in self.being_replaced:
                found = await _probe(client, member)
                asked = None if member.is_worker else await _ask(client, member)
                if member.name not in self.being_replaced:  # nor meanwhile
                    self.probes.append(found)
                    self.answers += [asked] if asked else []
            await asyncio.sleep(max(0.0, next_at_s - time.monotonic()))


async def _probe(client: httpx.AsyncClient, member: Member) -> Probe:
    at_s = time.monotonic()
    try:
        live = await client.get(f"{member.url}/health/live")
        ready = await client.get(f"{member.url}/health/ready")
    except httpx.HTTPError as error:
        return Probe(at_s, member.name, False, False, type(error).__name__)
    reason = live.json()["reason"] if live.status_code != 200 else ready.json()["reason"]
    return Probe(at_s, member.name, live.status_code == 200, ready.status_code == 200, reason)


async def _ask(client: httpx.AsyncClient, member: Member) -> Asked:
    at_s = time.monotonic()
    try:
        answer = await client.get(f"{member.url}/v1/positions")
    except httpx.HTTPError as error:
        return Asked(at_s, member.name, 0, None, type(error).__name__)
    headers = answer.headers
    return Asked(at_s, member.name, answer.status_code, headers.get("retry-after"), headers.get("content-type", ""))
