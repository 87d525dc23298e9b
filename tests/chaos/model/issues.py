"""What is wrong with one order: opened once per kind and part, ended by what heals it or by a worse kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.chaos.model.envelope import text
from tests.chaos.model.facts import Fact, Item

# What ends which kinds. Cancellation ends everything.
# A cancelled order's money is owed because it is cancelled.
OUTLIVES_CANCELLATION = {"refund_overdue"}
CURES = {
    "paid": {"payment_failed"},
    "available": {"item_unavailable"},
    "substitution_agreed": {"item_substituted"},
    "refunded": {"item_substituted", "refund_overdue"},
    "moved": {"attempt_failed"},
    "delivered": {"attempt_failed", "item_unavailable", "delivery_at_risk", "delivery_late"},
    "absorbed": {"delivery_at_risk"},
}


@dataclass
class Issue:
    """One thing that went wrong. `part` is the line, the shipment or empty: the order."""

    order_id: str
    customer_id: str
    kind: str
    part: str
    opened: Item
    resolved_at: datetime | None = None
    resolution: str | None = None

    @property
    def subject(self) -> str:
        """Natural name: the derived id is the project's own business."""
        return f"{self.order_id}|{self.kind}|{self.part}"

    def said(self, item: Item, word: str = "opened", **more: str) -> Fact:
        """It opened, got worse (`updated`) or is over (`resolved`)."""
        data = {"order_id": self.order_id, "kind": self.kind, "opened_at": text(self.opened.at), **more}
        return Fact(f"orders.issue-{word}.v1", self.subject, self.customer_id, item, data)

    def row(self) -> dict[str, Any]:
        """As it is compared."""
        return {
            "subject": self.subject,
            "customer_id": self.customer_id,
            "kind": self.kind,
            "opened_at": text(self.opened.at),
            "opened_by": self.opened.cause_id,
            "resolved_at": self.resolved_at and text(self.resolved_at),
            "resolution": self.resolution,
        }


class Issues:
    """Those of one order."""

    def __init__(self, order_id: str, customer_id: str) -> None:
        self._names = order_id, customer_id
        self._known: dict[tuple[str, str], Issue] = {}

    def __iter__(self) -> Iterator[Issue]:
        return iter(self._known.values())

    def is_open(self, kind: str) -> bool:
        """Whether one of this kind lasts."""
        return any(one.kind == kind and one.resolution is None for one in self)

    def open(self, kind: str, item: Item, part: str = "") -> Iterator[Fact]:
        """Once, and never for somebody who was erased before."""
        if item.erased or (kind, part) in self._known:
            return
        opened = self._known[kind, part] = Issue(*self._names, kind, part, item)
        yield opened.said(item)

    def worsen(self, kind: str, severity: str, item: Item) -> Iterator[Fact]:
        """Those of this kind that last; nobody tells somebody who was erased."""
        for one in self:
            if one.kind == kind and one.resolution is None and not item.erased:
                yield one.said(item, "updated", severity=severity)

    def end(self, resolution: str, item: Item, part: str | None = None) -> Iterator[Fact]:
        """Those that this heals, of one part where it is named."""
        for one in self:
            if one.resolution is None and part in (None, one.part) and _heals(resolution, one.kind):
                one.resolution, one.resolved_at = resolution, item.at
                yield one.said(item, "resolved", resolution=resolution, resolved_at=text(item.at))


def _heals(resolution: str, kind: str) -> bool:
    if resolution == "cancelled":
        return kind not in OUTLIVES_CANCELLATION
    return kind in CURES[resolution]
