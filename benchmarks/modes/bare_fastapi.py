"""A bare FastAPI that answers the same two requests as loyalty, with the same rows, by asyncpg and nothing else.

No problem details, no limits on bodies, no metrics, no idempotency beyond the primary key.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from benchmarks.modes import environment
from benchmarks.modes.points import DECISIONS, OUTBOX, POSTINGS, TIERS
from chassis import outbox
from chassis.partitions import partition_of
from contracts import Event
from contracts.loyalty import PointsSpent

_pool: list["asyncpg.Pool[asyncpg.Record]"] = []


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """As many connections as the service has."""
    _pool.append(await asyncpg.create_pool(environment.database_url(), min_size=2, max_size=10))
    yield


app = FastAPI(lifespan=lifespan)


class Member(BaseModel):
    """What the service answers."""

    customer_id: str
    available_points: int
    pending_points: int
    qualifying_points: int
    tier: str
    next_tier: str | None
    points_to_next_tier: int | None
    erased_at: datetime | None


class Redemption(BaseModel):
    """What is asked for."""

    redemption_id: str
    points: int


class Redeemed(Redemption):
    """What was done."""

    available_points: int
    redeemed_at: datetime


@app.get("/v1/members/{customer_id}")
async def member(customer_id: str) -> Member:
    """One row."""
    row = await _pool[0].fetchrow("select * from accounts where customer_id = $1", customer_id)
    if row is None:
        raise HTTPException(404)
    higher = next(((name, points) for name, points in TIERS if points > row["qualifying_points"]), None)
    return Member(
        customer_id=customer_id,
        available_points=row["available_points"],
        pending_points=row["pending_points"],
        qualifying_points=row["qualifying_points"],
        tier=row["tier"] or TIERS[0][0],
        next_tier=higher[0] if higher else None,
        points_to_next_tier=higher[1] - row["qualifying_points"] if higher else None,
        erased_at=row["erased_at"],
    )


@app.post("/v1/members/{customer_id}/redemptions", status_code=201)
async def redeem(customer_id: str, wish: Redemption) -> Redeemed:
    """One transaction."""
    now = datetime.now(UTC)
    async with _pool[0].acquire() as connection, connection.transaction():
        await connection.execute("select from customers where customer_id = $1 for update", customer_id)
        row = await connection.fetchrow("select * from accounts where customer_id = $1", customer_id)
        if row is None or row["available_points"] < wish.points:
            raise HTTPException(409)
        available, number = row["available_points"] - wish.points, row["postings"] + 1
        command_id = str(uuid4())
        await connection.execute(
            "insert into commands (command_id, customer_id, kind, actor, at) values ($1, $2, 'Redeem', 'bare', $3)",
            command_id, customer_id, now,
        )  # fmt: skip
        await connection.execute(
            "update accounts set available_points = $2, postings = $3 where customer_id = $1",
            customer_id, available, number,
        )  # fmt: skip
        await connection.execute(
            "insert into redemptions values ($1, $2, $3, $4, $5)",
            customer_id, wish.redemption_id, wish.points, available, now,
        )  # fmt: skip
        posting = (
            customer_id, number, "spent", "member:available", "programme:spent", wish.points,
            f"spent {wish.redemption_id}", None, command_id, now,
        )  # fmt: skip
        await connection.execute(_insert("postings", POSTINGS), *posting)
        decision = (
            customer_id, wish.redemption_id, "redemption", "1", "redeemed", "points_available", now, "command",
            command_id, command_id, command_id, f'{{"points":{wish.points}}}',
        )  # fmt: skip
        await connection.execute(_insert("decisions", DECISIONS), *decision)
        await connection.execute(_insert("outbox", OUTBOX), *_outgoing(customer_id, command_id, wish, row, now))
    return Redeemed(redemption_id=wish.redemption_id, points=wish.points, available_points=available, redeemed_at=now)


def _insert(table: str, columns: tuple[str, ...]) -> str:
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    return f"insert into {table} ({', '.join(columns)}) values ({places})"  # noqa: S608 ours


def _outgoing(customer_id: str, command_id: str, wish: Redemption, row: Any, now: datetime) -> tuple[Any, ...]:
    fact = PointsSpent(
        customer_id=customer_id,
        occurred_at=now,
        points=wish.points,
        available_points=row["available_points"] - wish.points,
        pending_points=row["pending_points"],
        redemption_id=wish.redemption_id,
    )
    event = Event(id=str(uuid4()), source="/bare", time=now, data=fact, correlation_id=command_id)
    return outbox.row_of(partition_of(customer_id, environment.PARTITIONS), event)


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["HTTP_PORT"]), log_level="error", access_log=False)
