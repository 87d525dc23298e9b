"""Stories of orders, drawn from one seed: what a storefront says of each, in the scenario that README.md agrees on.

Owns what happens and when. Must not know what the services make of it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, NamedTuple

from tests.chaos.records import Said, content, moment

BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)
SPAN = timedelta(days=45)
"""Within so many days all orders are placed."""
AFTERWARDS = timedelta(days=200)
"""So long after the last word the last deadline has come."""
HOT_CUSTOMER = "hot"
HOT_SHARE = 0.10
"""Of all orders one customer places so many."""
ORDERS_PER_CUSTOMER = 5
ERASED_SHARE = 0.03
GOODWILL_SHARE = 0.05
TROUBLES = {"none": 52, "payment": 12, "unavailable": 10, "substituted": 8, "attempt_failed": 9, "cancelled": 9}
LATE_SHARE = 0.2
SAID_AGAIN = {"order-paid": 0.03, "order-refunded": 0.03, "shipment-progressed": 0.02, "goodwill-requested": 0.3}
"""How much of what is said comes again under another id."""


class _Span(NamedTuple):
    """From the placing to the delivery."""

    placed_at: datetime
    delivered_at: datetime
    promised_by: datetime


class Stories:
    """Everything that is said once, about `orders` orders."""

    def __init__(self, seed: int, orders: int) -> None:
        self._dice = Random(f"stories {seed}")
        self._orders = orders
        self._customers = max(1, orders // ORDERS_PER_CUSTOMER)
        self._moments: set[datetime] = set()
        self._numbers = count(1)

    def told(self) -> list[Said]:
        """All of it, in the order of time; no two things at the same time."""
        said = [one for number in range(self._orders) for one in self._story(number)]
        said += [one for number in range(self._customers) for one in self._erasure(number)]
        said += [self._again(one) for one in said if self._happens(SAID_AGAIN.get(one.kind, 0))]
        return sorted(said)

    def refund_that_never_was(self, said: Said, at: datetime) -> Said:
        """Another refund under the id of what was said of an order before."""
        order_id = f"never-{next(self._numbers)}"
        value = content(customer_id=said.customer_id, order_id=order_id, refund_id=f"{order_id}-r",
                        occurred_at=moment(at), amount_minor=1, lines=[])  # fmt: skip
        return Said(at, "order-refunded", said.event_id, said.customer_id, value)

    def unused(self, at: datetime) -> datetime:
        """A moment at or shortly after `at` at which nothing else is said."""
        while at in self._moments:
            at += timedelta(microseconds=1)
        self._moments.add(at)
        return at

    def _story(self, number: int) -> Iterator[Said]:
        dice = self._dice
        hot = self._happens(HOT_SHARE)
        customer = HOT_CUSTOMER if hot else f"customer-{dice.randrange(self._customers)}"
        order = _Order(self, dice, customer, f"o-{number}")
        yield from order.told()

    def _erasure(self, number: int) -> Iterator[Said]:
        if self._happens(ERASED_SHARE):
            at = BEGINNING + self._dice.random() * SPAN * 1.2
            yield self.say("customer-erased", at, f"customer-{number}")

    def _again(self, said: Said) -> Said:
        at = self.unused(said.at + timedelta(hours=self._dice.uniform(0.01, 100)))
        return said._replace(at=at, event_id=self._event_id())

    def say(self, kind: str, at: datetime, customer_id: str, **fields: Any) -> Said:
        """An event of `kind` that happens when it is said."""
        at = self.unused(at)
        when = "placed_at" if kind == "order-placed" else "occurred_at"
        value = content(customer_id=customer_id, **{when: moment(at)}, **fields)
        return Said(at, kind, self._event_id(), customer_id, value)

    def _event_id(self) -> str:
        return f"e-{next(self._numbers)}"

    def _happens(self, share: float) -> bool:
        return self._dice.random() < share


class _Order:
    """One order from its placing to its end."""

    def __init__(self, stories: Stories, dice: Random, customer_id: str, order_id: str) -> None:
        self._stories, self._dice = stories, dice
        self._customer_id, self._order_id = customer_id, order_id
        (self._trouble,) = dice.choices(list(TROUBLES), list(TROUBLES.values()))
        self._span = self._spanned()
        self._lines = [self._line(number) for number in range(dice.randint(1, 3))]
        self._said: list[Said] = []

    def told(self) -> list[Said]:
        """Everything that is said of it."""
        self._place()
        paid = self._pay()
        if self._dice.random() < GOODWILL_SHARE:
            self._ask_for_goodwill()
        if paid and not self._goes_wrong_before_it_is_sent():
            self._send()
            self._refund_afterwards()
        return self._said

    def _spanned(self) -> _Span:
        dice = self._dice
        placed_at = BEGINNING + dice.random() * SPAN
        promised = timedelta(hours=3) + dice.random() * timedelta(days=3, hours=20)
        late = dice.random() < LATE_SHARE
        took = promised + timedelta(hours=dice.uniform(0.5, 72)) if late else promised * dice.uniform(0.4, 0.95)
        return _Span(placed_at, placed_at + took, placed_at + promised)

    def _line(self, number: int) -> dict[str, Any]:
        dice = self._dice
        price, quantity = dice.randint(300, 9_000), dice.randint(1, 3)
        return {
            "line_id": f"{self._order_id}-l{number}", "sku": f"sku-{dice.randrange(500)}", "quantity": quantity,
            "unit_price_minor": price, "paid_minor": price * quantity, "variant": {"colour": "red"},
        }  # fmt: skip

    def _say(self, kind: str, part: float, **fields: Any) -> None:
        """At `part` of the way from the placing (0) to the delivery (1)."""
        placed_at, delivered_at, _ = self._span
        self._say_at(kind, placed_at + (delivered_at - placed_at) * part, **fields)

    def _say_at(self, kind: str, at: datetime, **fields: Any) -> None:
        self._said.append(self._stories.say(kind, at, self._customer_id, order_id=self._order_id, **fields))

    @property
    def _total_minor(self) -> int:
        return sum(line["paid_minor"] for line in self._lines)

    def _place(self) -> None:
        self._say("order-placed", 0, currency="EUR", lines=self._lines, total_minor=self._total_minor,
                  promised_by=moment(self._span.promised_by))  # fmt: skip

    def _pay(self) -> bool:
        """Whether the money came."""
        if self._trouble == "payment":
            self._say("payment-failed", self._dice.uniform(0.01, 0.03), reason="declined")
            (end,) = self._dice.choices(["paid", "cancelled", "nothing"], [6, 2, 2])
            if end == "cancelled":
                self._say("order-cancelled", self._dice.uniform(0.04, 0.9), by="payment")
            if end != "paid":
                return False
        self._say("order-paid", self._dice.uniform(0.04, 0.06), amount_minor=self._total_minor)
        return True

    def _goes_wrong_before_it_is_sent(self) -> bool:
        """Whether the order ends here."""
        if self._trouble == "cancelled":
            self._cancel("customer")
            return True
        if self._trouble == "unavailable":
            return self._runs_out()
        if self._trouble == "substituted":
            self._substitute()
        return False

    def _cancel(self, by: str) -> None:
        at = self._dice.uniform(0.2, 0.29)
        self._say("order-cancelled", at, by=by)
        if self._dice.random() < 0.8:
            self._refund(self._lines, self._span.placed_at + timedelta(days=8 + 16 * self._dice.random()), "all")

    def _runs_out(self) -> bool:
        line_id = self._dice.choice(self._lines)["line_id"]
        self._say("line-unavailable", self._dice.uniform(0.07, 0.1), line_id=line_id, reason="out_of_stock")
        (end,) = self._dice.choices(["available", "cancelled", "nothing"], [6, 2, 2])
        if end == "available":
            self._say("line-available", self._dice.uniform(0.11, 0.19), line_id=line_id)
        if end == "cancelled":
            self._cancel("shop")
        return end == "cancelled"

    def _substitute(self) -> None:
        about = {"line_id": self._dice.choice(self._lines)["line_id"], "variant": {"colour": "blue"}}
        self._say("line-substituted", self._dice.uniform(0.07, 0.1), agreed=False, **about)
        if self._dice.random() < 0.6:
            self._say("line-substituted", self._dice.uniform(0.11, 0.19), agreed=True, **about)

    def _send(self) -> None:
        shipment_id = f"{self._order_id}-s"
        carried = [{"line_id": line["line_id"], "quantity": line["quantity"]} for line in self._lines]
        self._say(
            "shipment-created", self._dice.uniform(0.3, 0.4), shipment_id=shipment_id, lines=carried, carrier="dhl"
        )
        for status, earliest, latest in self._scans():
            part = self._dice.uniform(earliest, latest)
            self._say("shipment-progressed", part, shipment_id=shipment_id, status=status)

    def _scans(self) -> list[tuple[str, float, float]]:
        scans = [("picked_up", 0.42, 0.5), ("in_transit", 0.52, 0.7), ("out_for_delivery", 0.75, 0.8)]
        if self._trouble == "attempt_failed":
            scans.append(("attempt_failed", 0.82, 0.86))
            scans += [("out_for_delivery", 0.88, 0.92)] if self._dice.random() < 0.5 else []
        return [*scans, ("delivered", 1, 1)]

    def _refund_afterwards(self) -> None:
        for number in range(self._dice.choice((0, 0, 0, 0, 1, 2))):
            at = self._said[-1].at + timedelta(hours=self._dice.uniform(1, 24 * 12))
            part = self._dice.choice((1.0, self._dice.uniform(0.01, 1)))
            self._refund([self._dice.choice(self._lines)], at, f"r{number}", part=part)

    def _refund(self, lines: list[dict[str, Any]], at: datetime, name: str, part: float = 1.0) -> None:
        given = [
            {"line_id": line["line_id"], "quantity": line["quantity"] if part == 1.0 else 1,
             "amount_minor": max(1, int(line["paid_minor"] * part))}
            for line in lines
        ]  # fmt: skip
        total = sum(line["amount_minor"] for line in given)
        self._say_at("order-refunded", at, refund_id=f"{self._order_id}-{name}", amount_minor=total, lines=given)

    def _ask_for_goodwill(self) -> None:
        at = self._span.placed_at + timedelta(hours=self._dice.uniform(1, 200))
        named = {"order_id": self._order_id} if self._dice.random() < 0.5 else {}
        name = self._order_id.replace("o-", "")
        self._said.append(
            self._stories.say(
                "goodwill-requested", at, self._customer_id, request_id=f"q-{name}", case_id=f"c-{name}",
                points=self._dice.randint(1, 1_300), reason="a case", **named,
            )
        )  # fmt: skip
