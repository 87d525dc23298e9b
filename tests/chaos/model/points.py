"""One customer at loyalty: points follow the money, goodwill does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.chaos.model.envelope import text
from tests.chaos.model.facts import Fact, Item

MINOR_PER_POINT = 100  # a point per euro
LATE_POINTS = 100
REQUEST_CAP_POINTS = 1000
TIERS = (("gold", 2000), ("silver", 500), ("bronze", 0))


@dataclass
class Line:
    """Money that stays with the shop, and the points that are held for it."""

    paid_minor: int
    held: int

    def refund(self, amount_minor: int) -> int:
        """Points that go back with this money; rounded down what stays, so never too few."""
        self.paid_minor = max(0, self.paid_minor - amount_minor)
        return self.release(self.held - min(self.held, self.paid_minor // MINOR_PER_POINT))

    def release(self, points: int) -> int:
        """They are no longer held."""
        self.held -= points
        return points


class Account:
    """Balances, postings and facts of one customer, moved on item by item."""

    def __init__(self, customer_id: str, items: Iterable[tuple[datetime, str, dict[str, Any]]]) -> None:
        self.customer_id = customer_id
        self.facts: list[Fact] = []
        self.postings: list[dict[str, Any]] = []
        self._balances = {"available": 0, "pending": 0}
        self._qualifying = 0
        self._orders: dict[str, dict[str, Line]] = {}
        self._vested: set[str] = set()
        self._requests: set[str] = set()
        self._erased = False
        rules = {
            "storefront.customer-erased.v1": self._erase,
            "orders.order-confirmed.v1": self._earn,
            "orders.order-completed.v1": self._vest,
            "orders.order-refunded.v1": self._refund,
            "orders.order-cancelled.v1": self._cancel,
            "orders.issue-opened.v1": self._make_good,
            "feedback.goodwill-requested.v1": self._request,
        }
        for at, kind, data in sorted(items, key=lambda item: item[0]):
            if rule := rules.get(kind):  # that something was shipped or delivered moves no points
                rule(data, at)

    def _erase(self, _data: dict[str, Any], _at: datetime) -> None:
        self._erased = True

    def _earn(self, data: dict[str, Any], at: datetime) -> None:
        if self._erased:
            return
        order_id = data["order_id"]
        lines = {line_id: Line(paid, paid // MINOR_PER_POINT) for line_id, paid in data["lines"]}
        self._orders[order_id] = lines
        for line_id, line in lines.items():
            movement = "earned", "programme:earned", "member:pending"
            self._post(f"earned {order_id} {line_id}", *movement, line.held, order_id, at)
        self._say_points("earned", order_id, sum(line.held for line in lines.values()), at)

    def _vest(self, data: dict[str, Any], at: datetime) -> None:
        order_id = data["order_id"]
        points = sum(line.held for line in self._orders.get(order_id, {}).values())
        self._vested.add(order_id)
        self._post(f"vested {order_id}", "vested", "member:pending", "member:available", points, order_id, at)
        self._say_points("vested", order_id, points, at)
        self._qualify(points, at)

    def _refund(self, data: dict[str, Any], at: datetime) -> None:
        lines = self._orders.get(data["order_id"], {})
        refund = f"refunded {data['order_id']} {data['refund_id']}"
        known = [(line_id, amount) for line_id, _, amount in data["lines"] if line_id in lines]
        taken = [(f"{refund} {line_id}", lines[line_id].refund(amount)) for line_id, amount in known]
        self._claw_back(taken, data["order_id"], data["refund_id"], at)

    def _cancel(self, data: dict[str, Any], at: datetime) -> None:
        order_id = data["order_id"]
        lines = self._orders.get(order_id, {})
        taken = [(f"cancelled {order_id} {line_id}", line.release(line.held)) for line_id, line in lines.items()]
        self._claw_back(taken, order_id, None, at)

    def _claw_back(self, taken: list[tuple[str, int]], order_id: str, refund_id: str | None, at: datetime) -> None:
        vested = order_id in self._vested
        balance = "member:available" if vested else "member:pending"
        for reference, points in taken:
            self._post(reference, "clawed_back", balance, "programme:earned", points, order_id, at)
        total = sum(points for _, points in taken)
        self._say_points("clawed-back", order_id, total, at, refund_id=refund_id)
        if vested:
            self._qualify(-total, at)

    def _make_good(self, data: dict[str, Any], at: datetime) -> None:
        if data["kind"] == "delivery_late":
            order_id = data["order_id"]
            given = f"late {order_id}", LATE_POINTS, "delivery_late"
            self._grant(*given, subject=order_id, order_id=order_id, request_id=None, at=at)

    def _request(self, data: dict[str, Any], at: datetime) -> None:
        request_id, order_id, points = data["request_id"], data.get("order_id"), data["points"]
        if request_id in self._requests:
            return
        self._requests.add(request_id)
        names = {"order_id": order_id, "request_id": request_id}
        if self._erased or points > REQUEST_CAP_POINTS:
            reason = "customer_erased" if self._erased else "over_cap"
            self._say("goodwill-refused", request_id, at, **names, reason=reason)
        else:
            self._grant(f"requested {request_id}", points, "requested", subject=request_id, **names, at=at)

    def _grant(
        self, reference: str, points: int, reason: str, *,
        subject: str, order_id: str | None, request_id: str | None, at: datetime,
    ) -> None:  # fmt: skip
        self._post(reference, "goodwill", "programme:goodwill", "member:available", points, order_id, at)
        given = {"points": points, "reason": reason, "available_points": self._balances["available"]}
        self._say("goodwill-granted", subject, at, order_id=order_id, request_id=request_id, **given)

    def _qualify(self, points: int, at: datetime) -> None:
        before, self._qualifying = self._qualifying, self._qualifying + points
        tier, previous = _tier(self._qualifying), _tier(before)
        if tier != previous and not self._erased:
            word = "tier-reached" if points > 0 else "tier-lost"
            self._say(word, self.customer_id, at, tier=tier, previous=previous)

    def _post(
        self, reference: str, kind: str, source: str, destination: str, points: int, order_id: str | None, at: datetime
    ) -> None:
        """Points move, if there are any."""
        if points == 0:
            return
        for place, signed in ((source, -points), (destination, points)):
            holder, _, balance = place.partition(":")
            if holder == "member":
                self._balances[balance] += signed
        movement = {"kind": kind, "from": source, "to": destination, "points": points}
        names = {"customer_id": self.customer_id, "number": len(self.postings) + 1, "reference": reference}
        self.postings.append({**names, **movement, "order_id": order_id, "at": text(at)})

    def _say_points(self, word: str, order_id: str, points: int, at: datetime, **more: str | None) -> None:
        if points:
            balances = {f"{name}_points": balance for name, balance in self._balances.items()}
            self._say(f"points-{word}", order_id, at, order_id=order_id, points=points, **balances, **more)

    def _say(self, word: str, subject: str, at: datetime, **data: Any) -> None:
        self.facts.append(Fact(f"loyalty.{word}.v1", subject, self.customer_id, Item(at), data))


def _tier(qualifying: int) -> str:
    return next(name for name, threshold in TIERS if qualifying >= threshold)
