"""Facts of orders as a storefront says them, by a seed, in the order in which they are said. Pure.

Only the topic of orders, and promises that end in a far future: what a loop by hand leaves can then be compared row by
row, for it fires no deadlines and merges no topics. One record in two hundred is a repetition.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any

from benchmarks.shoppers import BETWEEN_ORDERS, REPEATED
from contracts import Event, Fact
from contracts.kafka import subject_of
from contracts.storefront import (
    CancelledBy,
    LineAvailable,
    LineUnavailable,
    OrderCancelled,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PromiseChanged,
    UnavailableReason,
)
from contracts.traces import continued_trace
from contracts.vocabulary import Destination, OrderLine, RefundedLine

BEGINNING = datetime(2090, 3, 6, 8, tzinfo=UTC)
"""A Monday so far away that no deadline comes: the loop by hand knows none."""
SOURCE = "/storefronts/bench"


def storefront_facts(seed: int, customers: int) -> Iterator[Event[Fact]]:
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
    identity = f"{number:08x}-2c5d-4f0a-8e11-6b7a9d3c4e20"
    return Event(
        id=identity,
        source=SOURCE,
        time=said_at,
        data=fact,
        subject=subject_of(fact),
        correlation_id=identity,
        traceparent=continued_trace(None, identity, identity),
    )


def _life(dice: random.Random, customer_id: str, order_id: str, placed_at: datetime) -> Iterator[tuple[datetime, Fact]]:
    """One order: when each fact is said, and the fact."""
    whose: dict[str, Any] = {"customer_id": customer_id, "order_id": order_id}
    placed = _placed(dice, customer_id, order_id, placed_at)
    yield placed_at, placed
    at = placed_at + timedelta(minutes=dice.uniform(1, 60))
    yield at, OrderPaid(**whose, occurred_at=at, amount_minor=placed.total_minor)
    at += timedelta(hours=dice.uniform(1, 12))
    if dice.random() < 0.1:
        line_id = placed.lines[0].line_id
        yield at, LineUnavailable(**whose, line_id=line_id, occurred_at=at, reason=UnavailableReason.out_of_stock)
        at += timedelta(hours=dice.uniform(1, 30))
        yield at, LineAvailable(**whose, line_id=line_id, occurred_at=at)
    if dice.random() < 0.1:
        at += timedelta(hours=1)
        yield at, PromiseChanged(**whose, occurred_at=at, promised_by="2092-06-01")
    if dice.random() < 0.1:
        at += timedelta(hours=2)
        line = placed.lines[0]
        refunded = RefundedLine(line_id=line.line_id, quantity=1, amount_minor=line.paid_minor // 2)
        yield (
            at,
            OrderRefunded(
                **whose,
                refund_id=f"r-{order_id}",
                occurred_at=at,
                amount_minor=refunded.amount_minor,
                lines=(refunded,),
            ),
        )
    if dice.random() < 0.05:
        at += timedelta(hours=3)
        yield at, OrderCancelled(**whose, occurred_at=at, by=CancelledBy.customer)


def _placed(dice: random.Random, customer_id: str, order_id: str, at: datetime) -> OrderPlaced:
    lines = tuple(
        OrderLine(
            line_id=f"l{number}", sku=f"sku-{dice.randrange(5_000):05}", product_id=f"p-{dice.randrange(5_000):05}",
            title="Something for the home", variant={"colour": "blue"}, category="home", quantity=1,
            unit_price_minor=2_990, paid_minor=2_990,
        )
        for number in range(1, dice.choice((1, 1, 2, 2, 3)) + 1)
    )  # fmt: skip
    return OrderPlaced(
        customer_id=customer_id,
        order_id=order_id,
        placed_at=at,
        currency="EUR",
        lines=lines,
        shipping_minor=490,
        total_minor=490 + sum(line.paid_minor for line in lines),
        destination=Destination(country="DE", postcode_prefix="10", zone="Europe/Berlin"),
        promised_by="2095-06-01",
        channel="web",
        locale="de-DE",
    )
