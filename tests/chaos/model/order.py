"""One order from its placing to the end of its return window: what is said of it, what goes wrong with it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.model.envelope import Event, OutsideScenario, moment, text
from tests.chaos.model.facts import Fact, Item
from tests.chaos.model.issues import Issues

WARNING_LEAD = timedelta(hours=1)
RETURN_WINDOW = timedelta(days=14)
REFUND_TAKES = timedelta(days=10)
"""From a cancellation; after as long again it is worse."""


class Order:
    """Moved on by `hear` (events) and by its three deadlines; each yields the facts that follow."""

    def __init__(self, placed: Event) -> None:
        self.order_id: str = placed.data["order_id"]
        self.customer_id = placed.customer_id
        self.lines: list[dict[str, Any]] = placed.data["lines"]
        self.placed_at = moment(placed.data["placed_at"])
        self.promised_by = moment(placed.data["promised_by"])
        self.issues = Issues(self.order_id, self.customer_id)
        self.confirmed = self.cancelled = self.moved = False
        self.delivered_at: datetime | None = None
        self.cancelled_at: datetime | None = None
        self.refunded: dict[str, list[int]] = {}  # pieces and money, by line

    def hear(self, said: Event, item: Item) -> Iterator[Fact]:
        """One event; the caller has dropped what was heard before."""
        data = said.data
        match said.type.removeprefix("storefront.").removesuffix(".v1"):
            case "order-paid":
                yield from self._paid(item)
            case "payment-failed":
                yield from self.issues.open("payment_failed", item)
            case "line-unavailable":
                yield from self.issues.open("item_unavailable", item, data["line_id"])
            case "line-available":
                yield from self.issues.end("available", item, data["line_id"])
            case "line-substituted" if data.get("agreed"):
                yield from self.issues.end("substitution_agreed", item, data["line_id"])
            case "line-substituted":
                yield from self.issues.open("item_substituted", item, data["line_id"])
            case "order-cancelled":
                yield from self._cancelled(data["by"], item)
            case "order-refunded":
                yield from self._refund(data, item)
            case "shipment-created":
                pass  # it holds everything, whole: what it does is what its scans say
            case "shipment-progressed":
                yield from self._progressed(data, item)
            case _:
                raise OutsideScenario(f"{said.type} {said.event_id}")

    @property
    def is_purchase(self) -> bool:
        """It counts on its customer."""
        return self.confirmed and not self.cancelled

    def risk_check(self, item: Item) -> Iterator[Fact]:
        """One lead before the promise ends."""
        if not (self._over or self.moved or self.issues.is_open("payment_failed")):
            yield from self.issues.open("delivery_at_risk", item)

    def promise_ends(self, item: Item) -> Iterator[Fact]:
        """Late, and then no longer only at risk."""
        if self._over or item.erased or self.issues.is_open("payment_failed"):
            return
        yield from self.issues.open("delivery_late", item)
        yield from self.issues.end("absorbed", item)

    def refund_due(self, item: Item) -> Iterator[Fact]:
        """A paid order was cancelled, and the money is not back."""
        if self._owed:
            yield from self.issues.open("refund_overdue", item)

    def refund_long_due(self, item: Item) -> Iterator[Fact]:
        """And still is not."""
        yield from self.issues.worsen("refund_overdue", "critical", item)

    def return_window_ends(self, item: Item) -> Iterator[Fact]:
        """Nothing can come back any more."""
        yield self._fact("completed", item, occurred_at=text(item.at))

    @property
    def _owed(self) -> bool:
        return self.confirmed and any(
            self.refunded.get(line["line_id"], [0])[0] < line["quantity"] for line in self.lines
        )

    @property
    def _over(self) -> bool:
        return self.cancelled or self.delivered_at is not None

    def _fact(self, word: str, item: Item, **data: Any) -> Fact:
        said = {"order_id": self.order_id, **data}
        return Fact(f"orders.order-{word}.v1", self.order_id, self.customer_id, item, said)

    def _paid(self, item: Item) -> Iterator[Fact]:
        if not (self.confirmed or self.cancelled):
            self.confirmed = True
            lines = [[line["line_id"], line["paid_minor"]] for line in self.lines]
            yield self._fact("confirmed", item, occurred_at=text(item.at), lines=lines)
        yield from self.issues.end("paid", item)

    def _cancelled(self, by: str, item: Item) -> Iterator[Fact]:
        self.cancelled, self.cancelled_at = True, item.at
        yield self._fact("cancelled", item, occurred_at=text(item.at), by=by)
        yield from self.issues.end("cancelled", item)

    def _refund(self, data: dict[str, Any], item: Item) -> Iterator[Fact]:
        amounts = [[line["line_id"], line["quantity"], line["amount_minor"]] for line in data["lines"]]
        names = {"refund_id": data["refund_id"], "amount_minor": data["amount_minor"]}
        yield self._fact("refunded", item, **names, lines=amounts)
        for line_id, pieces, amount_minor in amounts:
            given = self.refunded.setdefault(line_id, [0, 0])
            given[0] += pieces
            given[1] += amount_minor
            if self._given_back_whole(line_id):
                yield from self.issues.end("refunded", item, line_id)
        if self.cancelled and not self._owed:
            yield from self.issues.end("refunded", item, "")

    def _given_back_whole(self, line_id: str) -> bool:
        """All its pieces and what they cost: nobody keeps a wrong article for a cent."""
        (line,) = (line for line in self.lines if line["line_id"] == line_id)
        pieces, amount_minor = self.refunded[line_id]
        return bool(pieces >= line["quantity"] and amount_minor >= line["paid_minor"])

    def _progressed(self, data: dict[str, Any], item: Item) -> Iterator[Fact]:
        if not self.moved:
            self.moved = True
            yield self._fact("shipped", item, occurred_at=text(item.at))
        if data["status"] == "attempt_failed":
            yield from self.issues.open("attempt_failed", item, data["shipment_id"])
        elif data["status"] == "delivered":
            self.delivered_at = item.at
            yield self._fact("delivered", item, occurred_at=text(item.at), late=item.at > self.promised_by)
            yield from self.issues.end("delivered", item)
        else:
            yield from self.issues.end("moved", item)
