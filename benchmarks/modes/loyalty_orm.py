"""Loyalty's consume path as many begin: objects of SQLAlchemy's ORM, one session and one commit for each message.

Leaves the same rows as the service. The rules are those of the loop by hand; the members they change are ORM objects.
"""

from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
import uvloop
from sqlalchemy import BigInteger, DateTime, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.modes import environment
from benchmarks.modes.loyalty_by_hand import TOPICS, read
from benchmarks.modes.points import DECISIONS, GOODWILL, OUTBOX, POSTINGS, Order, Rows, Said, Step, fold


class Base(DeclarativeBase):
    """Times have a zone, numbers 64 bits."""

    type_annotation_map = {datetime: DateTime(timezone=True), int: BigInteger, dict[str, Any]: JSONB}


class Position(Base):
    __tablename__ = "positions"
    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True)
    next_offset: Mapped[int]
    consumed: Mapped[int]
    applied: Mapped[int]
    duplicate: Mapped[int]


class Seen(Base):
    __tablename__ = "inbox"
    event_id: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[int]
    topic: Mapped[str]
    partition: Mapped[int]
    offset: Mapped[int]
    at: Mapped[datetime]


class Customer(Base):
    __tablename__ = "customers"
    customer_id: Mapped[str] = mapped_column(primary_key=True)


class Account(Base):
    __tablename__ = "accounts"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    available_points: Mapped[int]
    pending_points: Mapped[int]
    qualifying_points: Mapped[int]
    tier: Mapped[str | None]
    postings: Mapped[int]


class OrderPoints(Base):
    __tablename__ = "order_points"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]]


class Posting(Base):
    __tablename__ = "postings"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    source: Mapped[str]
    destination: Mapped[str]
    points: Mapped[int]
    reference: Mapped[str]
    order_id: Mapped[str | None]
    cause_id: Mapped[str]
    at: Mapped[datetime]


class Goodwill(Base):
    __tablename__ = "goodwill"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    goodwill_id: Mapped[str] = mapped_column(primary_key=True)
    points: Mapped[int]
    reason: Mapped[str]
    order_id: Mapped[str | None]
    issue_id: Mapped[str | None]
    request_id: Mapped[str | None]
    at: Mapped[datetime]


class Decision(Base):
    __tablename__ = "decisions"
    decision_id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str]
    subject: Mapped[str]
    rule: Mapped[str]
    version: Mapped[str]
    outcome: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    cause_kind: Mapped[str]
    cause_id: Mapped[str]
    root_id: Mapped[str]
    correlation_id: Mapped[str]
    detail: Mapped[dict[str, Any]]


class Outgoing(Base):
    __tablename__ = "outbox"
    outbox_id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]
    partition: Mapped[int]
    key: Mapped[bytes]
    value: Mapped[bytes]
    headers: Mapped[str]


def sessions() -> async_sessionmaker[AsyncSession]:
    """Of the benchmark's database."""
    return async_sessionmaker(create_async_engine(environment.sqlalchemy_url()), expire_on_commit=False)


async def take(session: AsyncSession, record: Any, event: Said) -> None:
    """One message in one transaction."""
    async with session.begin():
        position = await session.get_one(Position, (record.topic, record.partition), with_for_update=True)
        applied = False
        if await session.get(Seen, (event.id, event.source)) is None:
            session.add(_seen(record, event))
            applied = await _applied(session, event)
        position.next_offset = record.offset + 1
        position.consumed += 1
        position.applied += applied
        position.duplicate += not applied


def _seen(record: Any, event: Said) -> Seen:
    content_hash = int.from_bytes(blake2b(record.value, digest_size=8).digest(), "big", signed=True)
    return Seen(
        event_id=event.id, source=event.source, content_hash=content_hash,
        topic=record.topic, partition=record.partition, offset=record.offset, at=event.at,
    )  # fmt: skip


async def _applied(session: AsyncSession, event: Said) -> bool:
    customer_id, order_id = event.fact.customer_id, event.fact.order_id
    locked = select(Customer).where(Customer.customer_id == customer_id).with_for_update()
    if (await session.scalars(locked)).one_or_none() is None:
        session.add(Customer(customer_id=customer_id))
    account = await session.get(Account, customer_id)
    if account is None:
        account = Account(
            customer_id=customer_id, available_points=0, pending_points=0, qualifying_points=0, postings=0, tier=None
        )
        session.add(account)
    stored = await session.get(OrderPoints, (customer_id, order_id))
    order = msgspec.convert(stored.document, Order) if stored else Order(order_id)
    rows = Rows()
    if not fold(Step(event, account, order, rows)):
        return False
    document = msgspec.to_builtins(order)
    if stored:
        stored.document = document
    else:
        session.add(OrderPoints(customer_id=customer_id, order_id=order_id, document=document))
    _add(session, rows)
    return True


def _add(session: AsyncSession, rows: Rows) -> None:
    session.add_all(Posting(**dict(zip(POSTINGS, row, strict=True))) for row in rows.postings)
    session.add_all(Goodwill(**dict(zip(GOODWILL, row, strict=True))) for row in rows.goodwill)
    session.add_all(Outgoing(**dict(zip(OUTBOX, row, strict=True))) for row in rows.outbox)
    for row in rows.decisions:
        values = dict(zip(DECISIONS, row, strict=True))
        session.add(Decision(**values | {"detail": msgspec.json.decode(values["detail"])}))


async def enter_positions() -> None:
    """The rows that say how far each partition is, before the first message."""
    async with sessions()() as session, session.begin():
        for topic in TOPICS:
            for partition in range(environment.PARTITIONS):
                if await session.get(Position, (topic, partition)) is None:
                    zeros = {"next_offset": 0, "consumed": 0, "applied": 0, "duplicate": 0}
                    session.add(Position(topic=topic, partition=partition, **zeros))


async def main() -> None:
    """Message by message; each is committed before the next is looked at."""
    await enter_positions()
    consumer = environment.consumer()
    consumer.subscribe(TOPICS)
    await consumer.start()
    make_session = sessions()
    async for record in consumer:
        async with make_session() as session:
            await take(session, record, read(record))


if __name__ == "__main__":
    uvloop.run(main())
