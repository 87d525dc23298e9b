"""The picture that a history draws of its order: everything in it is derived, nothing remembered.

Owns what placed, paid, shipped and delivered mean. Must not know issues, deadlines or what was said already.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TypeVar
from zoneinfo import ZoneInfo

from contracts.orders import CancellationRequested, DelayAccepted
from contracts.storefront import (
    LineAvailable,
    LineSubstituted,
    LineUnavailable,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    ShipmentCreated,
    ShipmentProgressed,
)
from contracts.vocabulary import Destination, OrderLine, Promise
from orders_listener.early_warning.snapshots import Snapshot
from orders_listener.entries import HistoryEntry, HistoryFact
from orders_listener.parcels import Parcel, Quantities, parcels_of, pieces, summed
from orders_listener.promises import Promised, binding_promise, end_of, last_promise, promise_in, zone_named

F = TypeVar("F", bound=HistoryFact)


class Picture:
    """An order as its history tells it. `entries` are in order; every answer is worked out once, when asked."""

    def __init__(self, entries: Sequence[HistoryEntry], *, shop_zone: str, snapshot: Snapshot | None = None) -> None:
        self.entries = entries
        self.snapshot = snapshot or Snapshot()
        """What the shop's closed days have taught."""
        self._shop_zone = shop_zone

    def all(self, kind: type[F]) -> list[F]:
        """The facts of one kind, as they happened."""
        return [entry.fact for entry in self.entries if isinstance(entry.fact, kind)]

    def last(self, *kinds: type[F]) -> F | None:
        """The last fact of these kinds."""
        return next((entry.fact for entry in reversed(self.entries) if isinstance(entry.fact, kinds)), None)

    @cached_property
    def placed(self) -> OrderPlaced | None:
        """The order itself; None while only others have spoken of it."""
        return next(iter(self.all(OrderPlaced)), None)

    @cached_property
    def changes(self) -> list[OrderChanged]:
        """Every edit."""
        return self.all(OrderChanged)

    @cached_property
    def destination(self) -> Destination | None:
        """Where it goes now."""
        changed = [change.destination for change in self.changes if change.destination]
        if changed:
            return changed[-1]
        return self.placed.destination if self.placed else None

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where a bare date ends."""
        return zone_named(self.destination.zone if self.destination else None, self._shop_zone)

    @cached_property
    def lines(self) -> Mapping[str, OrderLine]:
        """What is ordered now, by line id."""
        versions = self._versions
        return {line.line_id: line for line in versions[-1][1]} if versions else {}

    @cached_property
    def _versions(self) -> Sequence[tuple[datetime, Sequence[OrderLine]]]:
        """The order's lines from each moment on."""
        first = [(self.placed.placed_at, self.placed.lines)] if self.placed else []
        return first + [(change.occurred_at, change.lines) for change in self.changes if change.lines is not None]

    def _lines_at(self, moment: datetime) -> Sequence[OrderLine]:
        valid = [lines for since, lines in self._versions if since <= moment]
        return valid[-1] if valid else next((lines for _, lines in self._versions), ())

    @cached_property
    def paid_at(self) -> datetime | None:
        """When the first money arrived."""
        return next((paid.occurred_at for paid in self.all(OrderPaid)), None)

    @cached_property
    def confirmed_at(self) -> datetime | None:
        """Placed and paid, or placed where payment is later."""
        if self.placed is None:
            return None
        if self.placed.pay_later:
            return self.placed.placed_at
        return max(self.placed.placed_at, self.paid_at) if self.paid_at else None

    @cached_property
    def payment_failed(self) -> PaymentFailed | None:
        """The last attempt to pay, if it failed."""
        last = self.last(OrderPaid, PaymentFailed)
        return last if isinstance(last, PaymentFailed) else None

    @cached_property
    def cancelled(self) -> OrderCancelled | None:
        """The first cancellation."""
        return next(iter(self.all(OrderCancelled)), None)

    @cached_property
    def refunds(self) -> list[OrderRefunded]:
        """Every refund once."""
        return self.all(OrderRefunded)

    @cached_property
    def refunded(self) -> Quantities:
        """Pieces given money back for, by line."""
        return summed((line.line_id, line.quantity) for refund in self.refunds for line in refund.lines)

    @cached_property
    def parcels(self) -> Mapping[str, Parcel]:
        """Every shipment by its id."""
        return parcels_of(self.all(ShipmentCreated), self.all(ShipmentProgressed), self._lines_at)

    @cached_property
    def first_moved(self) -> Parcel | None:
        """The parcel that left the shop first."""
        moved = [(parcel.moved_at, parcel.shipment_id) for parcel in self.parcels.values() if parcel.moved_at]
        return self.parcels[min(moved)[1]] if moved else None

    @cached_property
    def arrivals(self) -> list[tuple[datetime, Parcel]]:
        """Announced parcels that were delivered, the first first."""
        arrived = [
            (parcel.delivered_at, parcel.shipment_id, parcel)
            for parcel in self.parcels.values()
            if parcel.delivered_at and parcel.announced
        ]
        return [(moment, parcel) for moment, _, parcel in sorted(arrived, key=lambda arrival: arrival[:2])]

    @cached_property
    def outstanding(self) -> Quantities:
        """Pieces that the customer still waits for, by line: neither delivered nor refunded."""
        return self._outstanding([parcel for _, parcel in self.arrivals])

    def _outstanding(self, delivered: Sequence[Parcel]) -> Quantities:
        arrived = pieces(delivered, self.parcels)
        rest = {
            line_id: line.quantity - arrived.get(line_id, 0) - self.refunded.get(line_id, 0)
            for line_id, line in self.lines.items()
        }
        return {line_id: quantity for line_id, quantity in rest.items() if quantity > 0}

    @cached_property
    def delivered_at(self) -> datetime | None:
        """When the last piece that was not refunded arrived; None while something is outstanding."""
        if self.placed is None:
            return None
        for count, (moment, _) in enumerate(self.arrivals, start=1):
            if not self._outstanding([parcel for _, parcel in self.arrivals[:count]]):
                return moment
        return None

    @cached_property
    def given_back(self) -> bool:
        """Nothing arrived and nothing will: every line was refunded."""
        return bool(self.lines) and not self.outstanding and self.delivered_at is None

    @property
    def over(self) -> bool:
        """Nobody waits for anything any more."""
        return self.cancelled is not None or self.delivered_at is not None or self.given_back

    @cached_property
    def underway(self) -> list[Parcel]:
        """Parcels on their way or about to be: neither delivered nor replaced."""
        replaced = {parcel.replaces for parcel in self.parcels.values()}
        return [
            parcel
            for parcel in self.parcels.values()
            if parcel.delivered_at is None and parcel.shipment_id not in replaced
        ]

    @cached_property
    def moving(self) -> list[Parcel]:
        """Parcels that have left the shop and not arrived."""
        return [parcel for parcel in self.underway if parcel.moved_at is not None]

    @cached_property
    def scanned_last(self) -> Parcel | None:
        """The parcel that a carrier saw last, of those underway."""
        scanned = [(parcel.scans[-1].occurred_at, parcel.shipment_id) for parcel in self.underway if parcel.scans]
        return self.parcels[max(scanned)[1]] if scanned else None

    @cached_property
    def arrived_unannounced(self) -> bool:
        """A parcel came of which nobody said what it carries."""
        return any(parcel.delivered_at and not parcel.announced for parcel in self.parcels.values())

    @cached_property
    def known_at(self) -> datetime | None:
        """When this timeline learned of the order itself."""
        return next((entry.detected_at for entry in self.entries if isinstance(entry.fact, OrderPlaced)), None)

    @cached_property
    def promised(self) -> Promised | None:
        """What the shop promised last."""
        return last_promise(self.entries, self.zone, known_at=self.known_at) if self.known_at else None

    @cached_property
    def first_promise(self) -> Promise | None:
        """The date given first."""
        return next((text for entry in self.entries if (text := promise_in(entry.fact))), None)

    @cached_property
    def binding(self) -> Promised | None:
        """The promise that can still be broken."""
        return binding_promise(self.entries, self.zone, known_at=self.known_at) if self.known_at else None

    @property
    def counted_on(self) -> Promised | None:
        """What the customer counts on; who agreed to wait without a date, on what was promised last."""
        return self.binding or self.promised

    @cached_property
    def estimated_at(self) -> datetime | None:
        """The last estimate of a delivery, by shop or carrier."""
        estimates = [
            entry.fact.estimated_delivery_at
            for entry in self.entries
            if isinstance(entry.fact, ShipmentCreated | ShipmentProgressed) and entry.fact.estimated_delivery_at
        ]
        return end_of(estimates[-1], self.zone) if estimates else None

    @cached_property
    def accepted_issues(self) -> frozenset[str]:
        """Issues whose delay the customer accepted."""
        return frozenset(accepted.issue_id for accepted in self.all(DelayAccepted) if accepted.issue_id)

    @property
    def cancellation_requested(self) -> bool:
        """The customer asked for the money back."""
        return bool(self.all(CancellationRequested))

    @cached_property
    def unavailable(self) -> Mapping[str, LineUnavailable]:
        """Lines that could not be sent when somebody last spoke of their availability."""
        last = {line_id: said[-1] for line_id, said in self._availability.items()}
        return {line_id: fact for line_id, fact in last.items() if isinstance(fact, LineUnavailable)}

    def shortages(self, line_id: str) -> int:
        """How often a line became unavailable; what is said again before it is available counts once."""
        said = [isinstance(fact, LineUnavailable) for fact in self._availability.get(line_id, ())]
        return sum(now and not before for before, now in pairwise([False, *said]))

    @cached_property
    def _availability(self) -> Mapping[str, Sequence[LineUnavailable | LineAvailable]]:
        """What was said of each line's availability, as it happened."""
        said: dict[str, list[LineUnavailable | LineAvailable]] = defaultdict(list)
        for entry in self.entries:
            if isinstance(entry.fact, LineUnavailable | LineAvailable):
                said[entry.fact.line_id].append(entry.fact)
        return said

    @cached_property
    def substitutions(self) -> Mapping[str, LineSubstituted]:
        """The last word on each line's substitution."""
        return {fact.line_id: fact for fact in self.all(LineSubstituted)}
