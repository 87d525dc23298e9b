"""What a service says, and the item that made it say so."""

from datetime import datetime
from typing import Any, NamedTuple

from tests.chaos.model.envelope import text


class Item(NamedTuple):
    """An event or a deadline that has come: rules know no other now."""

    at: datetime
    cause_id: str | None = None  # the event's id; a deadline has none
    erased: bool = False  # the customer asked to be forgotten before


class Fact(NamedTuple):
    """Published, of one customer."""

    type: str
    subject: str
    customer_id: str
    item: Item
    data: dict[str, Any]

    def row(self, service: str) -> dict[str, Any]:
        """As it is compared; causes only where the storefront's event is the cause."""
        cause_id = self.item.cause_id if service == "orders-listener" else None
        named = {"type": self.type, "subject": self.subject, "customer_id": self.customer_id}
        return {"service": service, **named, "cause_event_id": cause_id, "time": text(self.item.at), "data": self.data}
