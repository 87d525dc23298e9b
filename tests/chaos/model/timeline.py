"""One customer at orders-listener: events and deadlines in the order of their time, the facts that follow from them."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import count

from tests.chaos.model.customer import Customer
from tests.chaos.model.envelope import Event, OutsideScenario
from tests.chaos.model.facts import Fact, Item
from tests.chaos.model.issues import Issue
from tests.chaos.model.order import REFUND_TAKES, RETURN_WINDOW, WARNING_LEAD, Order

_AFTER_EVERYTHING = datetime.max.replace(tzinfo=UTC)

Deadline = Callable[[Item], Iterator[Fact]]


class Timeline:
    """Orders of one customer, moved on together."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.facts: list[Fact] = []
        self._orders: dict[str, Order] = {}
        self._customers: dict[str, Customer] = {}
        self._deadlines: list[tuple[datetime, int, Deadline]] = []
        self._numbers = count()  # keeps the heap from comparing functions
        self._heard: set[tuple[str, bytes]] = set()
        self._erased = False
        for said in sorted(events, key=lambda one: one.at):
            self._reach(said.at)
            self._hear(said)
        self._reach(_AFTER_EVERYTHING)

    @property
    def issues(self) -> Iterator[Issue]:
        """All that ever opened."""
        for order in self._orders.values():
            yield from order.issues

    def _reach(self, at: datetime) -> None:
        while self._deadlines and self._deadlines[0][0] < at:
            due_at, _, deadline = heapq.heappop(self._deadlines)
            self.facts += deadline(Item(due_at, erased=self._erased))

    def _hear(self, said: Event) -> None:
        if (said.type, said.value) in self._heard:
            return  # said again under another id: a fact counts once, by its content
        self._heard.add((said.type, said.value))
        if said.type == "storefront.customer-erased.v1":
            self._erased = True
        elif said.type == "storefront.order-placed.v1":
            self._place(Order(said))
        else:
            self._move(said)

    def _place(self, order: Order) -> None:
        if order.order_id in self._orders:
            raise OutsideScenario(f"{order.order_id} is placed twice")
        self._orders[order.order_id] = order
        self._set(order.promised_by - WARNING_LEAD, order.risk_check)
        self._set(order.promised_by, order.promise_ends)

    def _move(self, said: Event) -> None:
        order = self._orders.get(said.data["order_id"])
        if order is None:
            raise OutsideScenario(f"{said.event_id} comes before its order")
        was_delivered, was_cancelled, was_purchase = order.delivered_at, order.cancelled_at, order.is_purchase
        item = Item(said.at, said.event_id, self._erased)
        self.facts += order.hear(said, item)
        if order.delivered_at != was_delivered:
            self._set(said.at + RETURN_WINDOW, order.return_window_ends)
        if order.cancelled_at != was_cancelled:
            self._set(said.at + REFUND_TAKES, order.refund_due)
            self._set(said.at + 2 * REFUND_TAKES, order.refund_long_due)
        if order.is_purchase != was_purchase:
            self._count(order, item)

    def _count(self, order: Order, item: Item) -> None:
        customer = self._customers.setdefault(order.customer_id, Customer(order.customer_id))
        if order.is_purchase:
            self.facts += customer.bought(order.placed_at, order.order_id, item)
        else:
            self.facts += customer.undone(order.placed_at, item)
        for morning in customer.mornings:
            if morning >= item.at:
                self._set(morning, customer.look)

    def _set(self, due_at: datetime, deadline: Deadline) -> None:
        heapq.heappush(self._deadlines, (due_at, next(self._numbers), deadline))
