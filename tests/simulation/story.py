"""What the script's shop says: every record with its place and its bytes, worked out before anything runs.

Knows the contracts and nothing of the chassis, so that what is expected follows from the script alone.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import singledispatchmethod
from typing import Any

from contracts import Event, TimeReached
from contracts.kafka import to_record
from contracts.storefront import ORDERS, SHIPMENTS, OrderPaid, OrderPlaced, ShipmentProgressed, ShipmentStatus
from contracts.vocabulary import OrderLine
from tests.simulation.steps import Gap, Lose, Odd, Pass, Place, Reach, Repeat, Script

TOPICS = (ORDERS, SHIPMENTS)
PARTITIONS = 2
PARTITION_OF = {"bob": 0, "eve": 0, "ada": 1, "kim": 1, "lea": 1}
"""As murmur2 has it; written out, because a simulation that computed it the product's way would share its mistakes."""
DAY = 24 * 60
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def moment(minute: float) -> datetime:
    """The shop's clock."""
    return _BEGIN + timedelta(minutes=minute)


@dataclass(frozen=True)
class Said:
    """One record, and what is to become of it."""

    kind: str
    """placed, lost, reached, or what is not applied: repeated, reused, tombstone, truncated, foreign."""
    topic: str
    partition: int
    offset: int
    minute: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    customer: str = ""
    order: str = ""
    title: str = ""

    @property
    def place(self) -> tuple[str, int, int]:
        """Topic, partition, offset."""
        return self.topic, self.partition, self.offset


@dataclass
class Story:
    """The records that each step says, in order, and the last ones with which time runs out."""

    by_step: dict[int, list[Said]] = field(default_factory=lambda: defaultdict(list))
    last: list[Said] = field(default_factory=list)
    minutes: dict[int, int] = field(default_factory=dict)
    """What the clock says after each step."""
    end: int = 0

    @property
    def said(self) -> list[Said]:
        """Everything, in the order said."""
        return [one for number in sorted(self.by_step) for one in self.by_step[number]] + self.last


def story_of(script: Script) -> Story:
    """Play the shop's part of the script."""
    story, shop = Story(), _Shop()
    for number, step in enumerate(script.steps):
        said = shop.play(step)
        story.minutes[number] = shop.minute
        if said:
            story.by_step[number] = said
    story.end = shop.minute = shop.minute + DAY
    story.last = shop.play(Reach(2))
    return story


class _Shop:
    def __init__(self) -> None:
        self.minute = 0
        self._ends: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._placed: list[Said] = []
        self._lost: set[str] = set()
        self._events: list[Said] = []

    @singledispatchmethod
    def play(self, step: Any) -> list[Said]:  # noqa: ARG002 what others do is none of the shop's
        """What the step says."""
        return []

    @play.register
    def _(self, step: Place) -> list[Said]:
        order = f"o{len(self._placed):03}"
        first = self._say("placed", _placed(step.customer, order, self.minute, step.kind), order=order, title=step.kind)
        self._placed.append(first)
        self._events.append(first)
        return [first, *(self._again("repeated", first) for _ in range(step.copies - 1))]

    @play.register
    def _(self, step: Lose) -> list[Said]:
        if step.back >= len(self._placed):
            return []
        order = self._placed[-1 - step.back]
        if order.order in self._lost:
            return []
        self._lost.add(order.order)
        said = self._say("lost", _lost(order.customer, order.order, self.minute), order=order.order)
        self._events.append(said)
        return [said]

    @play.register
    def _(self, step: Repeat) -> list[Said]:
        return [self._again("repeated", self._events[-1 - step.back])] if step.back < len(self._events) else []

    @play.register
    def _(self, step: Odd) -> list[Said]:
        if step.what == "foreign":
            return [self._say("foreign", _paid(step.customer, f"paid-{self._ends[ORDERS, 0]}", self.minute))]
        like = self._say("placed", _placed(step.customer, f"odd-{len(self._events)}", self.minute, "fine"), take=False)
        known = [one for one in self._placed if one.customer == step.customer]
        match step.what:
            case "reused" if known:
                return [self._again("reused", known[-1], value=like.value)]
            case "truncated":
                return [self._again("truncated", like, value=(like.value or b"")[:-9])]
        return [self._again("tombstone", like, value=None)]

    @play.register
    def _(self, step: Gap) -> list[Said]:
        self._ends[TOPICS[step.topic], step.partition] += step.size
        return []

    @play.register
    def _(self, step: Pass) -> list[Said]:
        self.minute += step.minutes
        return []

    @play.register
    def _(self, step: Reach) -> list[Said]:
        topics = TOPICS if step.topic == 2 else (TOPICS[step.topic],)
        return [self._reached(topic, partition) for topic in topics for partition in range(PARTITIONS)]

    def _reached(self, topic: str, partition: int) -> Said:
        fact = TimeReached(at=moment(self.minute))
        record = to_record(_event(f"reached-{topic}-{partition}-{self.minute}", fact, self.minute), topic=topic)
        offset = self._take(topic, partition)
        return Said(
            "reached", topic, partition, offset, self.minute, record.key, record.value, tuple(record.headers)
        )  # fmt: skip

    def _say(self, kind: str, event: Event[Any], *, order: str = "", title: str = "", take: bool = True) -> Said:
        record, customer = to_record(event), event.data.customer_id
        partition = PARTITION_OF[customer]
        offset = self._take(record.topic, partition) if take else -1
        return Said(
            kind, record.topic, partition, offset, self.minute, record.key, record.value, tuple(record.headers),
            customer, order, title,
        )  # fmt: skip

    def _again(self, kind: str, like: Said, **changed: Any) -> Said:
        offset = self._take(like.topic, like.partition)
        value = changed.get("value", like.value)
        return Said(
            kind, like.topic, like.partition, offset, self.minute, like.key, value, like.headers, like.customer
        )  # fmt: skip

    def _take(self, topic: str, partition: int) -> int:
        self._ends[topic, partition] += 1
        return self._ends[topic, partition] - 1


def _event(identity: str, fact: Any, minute: int) -> Event[Any]:
    return Event(id=identity, source="/shop", time=moment(minute), data=fact, correlation_id=identity)


def _placed(customer: str, order: str, minute: int, title: str) -> Event[Any]:
    line = OrderLine(line_id="1", sku="S", quantity=1, unit_price_minor=500, paid_minor=500, title=title)
    fact = OrderPlaced(
        customer_id=customer, order_id=order, placed_at=moment(minute), currency="EUR", lines=(line,), total_minor=500
    )
    return _event(f"placed-{order}", fact, minute)


def _lost(customer: str, order: str, minute: int) -> Event[Any]:
    fact = ShipmentProgressed(
        customer_id=customer, order_id=order, shipment_id="p", occurred_at=moment(minute), status=ShipmentStatus.lost
    )
    return _event(f"lost-{order}", fact, minute)


def _paid(customer: str, identity: str, minute: int) -> Event[Any]:
    fact = OrderPaid(customer_id=customer, order_id=identity, occurred_at=moment(minute), amount_minor=500)
    return _event(identity, fact, minute)
