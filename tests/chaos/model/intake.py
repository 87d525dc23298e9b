"""What each service takes in, once, and what it parks. Source and id name an event, its value says what it is."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.chaos.model import malformed
from tests.chaos.model.envelope import Event, OutsideScenario, event
from tests.chaos.model.records import Record

# By service and topic: what it folds.
FOLDED = {
    "orders-listener": {
        "storefront.orders": {
            f"storefront.{fact}.v1"
            for fact in (
                "order-placed", "order-paid", "payment-failed", "line-unavailable", "line-available",
                "line-substituted", "order-cancelled", "order-refunded",
            )
        },
        "storefront.shipments": {"storefront.shipment-created.v1", "storefront.shipment-progressed.v1"},
        "storefront.customers": {"storefront.customer-erased.v1"},
    },
    "loyalty": {
        "orders": {
            f"orders.{fact}.v1"
            for fact in (
                "order-confirmed", "order-completed", "order-cancelled", "order-refunded", "order-delivered",
                "issue-opened",
            )
        },
        "feedback": {"feedback.goodwill-requested.v1"},
        "storefront.customers": {"storefront.customer-erased.v1"},
    },
}  # fmt: skip


class Intake(NamedTuple):
    """One service's share of the raw topics."""

    service: str
    taken: dict[tuple[str, str], tuple[str, Event]]  # (source, id) → topic, first occurrence
    parked: list[dict[str, Any]]

    def take(self, record: Record, said: Event) -> None:
        """The first of an id is taken in, the same again passed over, another value parked."""
        if said.type not in FOLDED[self.service][record.topic]:
            if record.topic != "orders":  # what the services say there, the judge compares with the facts
                raise OutsideScenario(f"{said.type} at {record.place}")
            return
        _, first = self.taken.setdefault((said.source, said.event_id), (record.topic, said))
        if first.value != said.value:
            self.park(record, "id_reused")

    def park(self, record: Record, reason: str) -> None:
        """A record that is kept and not applied."""
        self.parked.append({"service": self.service, **record.place, "reason": reason})

    def events(self, *topics: str) -> list[Event]:
        """What was taken in of these topics."""
        return [said for topic, said in self.taken.values() if topic in topics]


def intakes(records: Iterable[Record]) -> dict[str, Intake]:
    """What every service takes in and parks, of records by partition, then offset."""
    shares = {service: Intake(service, {}, []) for service in FOLDED}
    known = malformed.reasons()
    for record in records:
        readers = [share for share in shares.values() if record.topic in FOLDED[share.service]]
        reason = malformed.reason(record, known)
        if reason is not None:
            for reader in readers:
                reader.park(record, reason)
        elif said := event(record):
            for reader in readers:
                reader.take(record, said)
    return shares
