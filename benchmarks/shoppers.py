"""Facts of orders as the orders-listener says them, by a seed, in the order in which they are said. Pure.

Orders live two to six days, so that soon as many end as begin and the mix of facts stays the same however far a mode
comes. One record in two hundred is a repetition.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from contracts import Event, Fact
from contracts.kafka import subject_of
from contracts.orders import (
    ConfirmedLine,
    IssueOpened,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
)
from contracts.storefront import CancelledBy
from contracts.traces import continued_trace
from contracts.vocabulary import IssueKind, RefundedLine, Severity

BEGINNING = datetime(2026, 3, 2, 8, tzinfo=UTC)
BETWEEN_ORDERS = timedelta(seconds=90)
SOURCE = "/rapport/orders-listener"
REPEATED = 1 / 200


def order_facts(seed: int, customers: int) -> Iterator[Event[Fact]]:
    """Without end. `customers` of them buy, one as often as another."""
    dice = random.Random(seed)
    waiting: list[tuple[datetime, int, Fact]] = []
    numbers = count(1)
    for order in count(1):
        placed_at = BEGINNING + order * BETWEEN_ORDERS
        while waiting and waiting[0][0] <= placed_at:
            said_at, number, fact = heappop(waiting)
            event = _event(fact, said_at, number)
            yield event
            if dice.random() < REPEATED:
                yield event
        for said_at, fact in _life(dice, f"c-{dice.randrange(customers):07}", f"o-{order:08}", placed_at):
            heappush(waiting, (said_at, next(numbers), fact))


def _event(fact: Fact, said_at: datetime, number: int) -> Event[Fact]:
    identity = f"{number:08x}-7b3e-5d11-9c40-0f2a6b1d8e57"
    correlation = f"shop-{number:08}-e1c9"
    return Event(
        id=identity,
        source=SOURCE,
        time=said_at,
        data=fact,
        subject=subject_of(fact),
        correlation_id=correlation,
        causation_id=f"cause-{number:08}",
        traceparent=continued_trace(None, correlation, identity),
    )


def _life(dice: random.Random, customer_id: str, order_id: str, placed_at: datetime) -> Iterator[tuple[datetime, Fact]]:
    """One order: when each fact is said, and the fact."""
    confirmed = _confirmed(dice, customer_id, order_id, placed_at)
    yield placed_at, confirmed
    if dice.random() < 0.02:
        at = placed_at + timedelta(hours=dice.uniform(1, 20))
        yield at, OrderCancelled(customer_id=customer_id, order_id=order_id, occurred_at=at, by=CancelledBy.customer)
        return
    delivered_at = placed_at + timedelta(hours=dice.uniform(24, 70))
    if dice.random() < 0.06:
        yield delivered_at - timedelta(hours=2), _late(customer_id, order_id, delivered_at - timedelta(hours=2))
    yield delivered_at, OrderDelivered(customer_id=customer_id, order_id=order_id, occurred_at=delivered_at)
    if dice.random() < 0.12:
        at = delivered_at + timedelta(hours=dice.uniform(5, 100))
        yield at, _refunded(dice, confirmed, at)
    completed_at = delivered_at + timedelta(days=3)
    yield completed_at, OrderCompleted(customer_id=customer_id, order_id=order_id, occurred_at=completed_at)


def _confirmed(dice: random.Random, customer_id: str, order_id: str, at: datetime) -> OrderConfirmed:
    lines = tuple(
        ConfirmedLine(
            line_id=f"l{number}", quantity=1 + (dice.random() < 0.2), paid_minor=dice.randrange(300, 12_000),
            product_id=f"p-{dice.randrange(5_000):05}", category="home",
        )
        for number in range(1, dice.choice((1, 1, 2, 2, 2, 3, 3, 4, 6)) + 1)
    )  # fmt: skip
    return OrderConfirmed(
        customer_id=customer_id,
        order_id=order_id,
        occurred_at=at,
        placed_at=at,
        currency="EUR",
        lines=lines,
        shipping_minor=490,
        total_minor=490 + sum(line.paid_minor for line in lines),
        promised_by=at + timedelta(days=3),
        channel="web",
        locale="de-DE",
    )


def _refunded(dice: random.Random, confirmed: OrderConfirmed, at: datetime) -> OrderRefunded:
    """Some of the lines, in part or whole; one in ten is a gesture without lines."""
    number = 0 if dice.random() < 0.1 else dice.randint(1, len(confirmed.lines))
    lines = tuple(
        RefundedLine(line_id=line.line_id, quantity=1, amount_minor=max(1, line.paid_minor // dice.choice((1, 1, 2))))
        for line in confirmed.lines[:number]
    )
    return OrderRefunded(
        customer_id=confirmed.customer_id,
        order_id=confirmed.order_id,
        refund_id=f"r-{confirmed.order_id}",
        occurred_at=at,
        currency="EUR",
        amount_minor=sum(line.amount_minor for line in lines) or 500,
        lines=lines,
    )


def _late(customer_id: str, order_id: str, at: datetime) -> IssueOpened:
    return IssueOpened(
        customer_id=customer_id,
        issue_id=f"i-{order_id}",
        order_id=order_id,
        kind=IssueKind.delivery_late,
        severity=Severity.serious,
        opened_at=at,
        promised_by=at,
        known="The parcel was promised for today and has not arrived.",
        expected_next="It should arrive within two days.",
        told_by=at + timedelta(hours=1),
        evidence={"last_scan": "in_transit"},
    )
