"""The picture that a history draws of its order: everything in it is derived, nothing remembered.

Owns what placed, paid, shipped and delivered mean. Must not know issues, deadlines or what was said already.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, TypeVar
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
from orders_listener.disruptions.declarations import Standing
from orders_listener.early_warning.snapshots import Snapshot
from orders_listener.entries import HistoryEntry, HistoryFact
from orders_listener.once import Once
from orders_listener.parcels import Parcel, Quantities, parcels_of, pieces, summed
from orders_listener.policy import Lane
from orders_listener.promises import Promised, binding_promise, end_of, last_promise, promise_in, zone_named

F = TypeVar("F", bound=HistoryFact)


class Picture:
    """An order as its history tells it. `entries` are in order; every answer is worked out once, when asked."""

    def __init__(
        self,
        entries: Sequence[HistoryEntry],
        *,
        shop_zone: str,
        snapshot: Snapshot | None = None,
        disruptions: Sequence[Standing] = (),
    ) -> None:
        self.entries = entries
        self.snapshot = snapshot or Snapshot()
        """What the shop's closed days have taught."""
        self.disruptions = disruptions
        """What staff had declared by then, over or not, whomever it concerns."""
        self._shop_zone = shop_zone
        self.remembered: dict[Hashable, Any] = {}
        """What others worked out from this picture and will ask for again."""

    def all(self, kind: type[F]) -> list[F]:
        """The facts of one kind, as they happened."""
        return self._by_kind.get(kind, [])

    @Once
    def _by_kind(self) -> dict[type[Any], list[Any]]:
        found: dict[type[Any], list[Any]] = {}
        for entry in self.entries:
            found.setdefault(type(entry.fact), []).append(entry.fact)
        return found

    def last(self, *kinds: type[F]) -> F | None:
        """The last fact of these kinds."""
        return next((entry.fact for entry in reversed(self.entries) if isinstance(entry.fact, kinds)), None)

    @Once
    def placed(self) -> OrderPlaced | None:
        """The order itself; None while only others have spoken of it."""
        return next(iter(self.all(OrderPlaced)), None)

    @Once
    def changes(self) -> list[OrderChanged]:
        """Every edit."""
        return self.all(OrderChanged)

    @Once
    def total_minor(self) -> int:
        """What the order costs, by the last word on it; 0 while the order itself is not known."""
        totals = [change.total_minor for change in self.changes if change.total_minor is not None]
        return totals[-1] if totals else self.placed.total_minor if self.placed else 0

    @Once
    def destination(self) -> Destination | None:
        """Where it goes now."""
        changed = [change.destination for change in self.changes if change.destination]
        if changed:
            return changed[-1]
        return self.placed.destination if self.placed else None

    @Once
    def zone(self) -> ZoneInfo:
        """Where a bare date ends."""
        return zone_named(self.destination.zone if self.destination else None, self._shop_zone)

    def lane(self, parcel: Parcel | None, ships_from: str | None) -> Lane:
        """Where it goes, from where and by whom, as far as anybody said."""
        origin = self.placed.origin if self.placed else None
        return Lane(
            carrier=parcel.announced.carrier if parcel and parcel.announced else None,
            origin=(origin.country if origin else None) or ships_from,
            country=self.destination.country if self.destination else None,
            region=self.destination.region if self.destination else None,
        )

    @Once
    def lines(self) -> Mapping[str, OrderLine]:
        """What is ordered now, by line id."""
        versions = self._versions
        return {line.line_id: line for line in versions[-1][1]} if versions else {}

    @Once
    def _versions(self) -> Sequence[tuple[datetime, Sequence[OrderLine]]]:
        """The order's lines from each moment on."""
        first = [(self.placed.placed_at, self.placed.lines)] if self.placed else []
        return first + [(change.occurred_at, change.lines) for change in self.changes if change.lines is not None]

    def _lines_at(self, moment: datetime) -> Sequence[OrderLine]:
        valid = [lines for since, lines in self._versions if since <= moment]
        return valid[-1] if valid else next((lines for _, lines in self._versions), ())

    @Once
    def paid_at(self) -> datetime | None:
        """When the first money arrived."""
        return next((paid.occurred_at for paid in self.all(OrderPaid)), None)

    @Once
    def confirmed_at(self) -> datetime | None:
        """Placed and paid, or placed where payment is later."""
        if self.placed is None:
            return None
        if self.placed.pay_later:
            return self.placed.placed_at
        return max(self.placed.placed_at, self.paid_at) if self.paid_at else None

    @Once
    def payment_failed(self) -> PaymentFailed | None:
        """The last attempt to pay, if it failed."""
        last = self.last(OrderPaid, PaymentFailed)
        return last if isinstance(last, PaymentFailed) else None

    @Once
    def sendable_since(self) -> datetime | None:
        """Since when the shop could send everything: confirmed, and every line available; None while it cannot."""
        if self.confirmed_at is None or self.payment_failed is not None or self.unavailable:
            return None
        available = [fact.occurred_at for fact in self.all(LineAvailable)]
        return max([self.confirmed_at, *available])

    @Once
    def ship_by(self) -> datetime | None:
        """The end of the day or the moment by which the shop means to hand it over."""
        return end_of(self.placed.ship_by, self.zone) if self.placed and self.placed.ship_by else None

    @Once
    def cancelled(self) -> OrderCancelled | None:
        """The first cancellation."""
        return next(iter(self.all(OrderCancelled)), None)

    @Once
    def refunds(self) -> list[OrderRefunded]:
        """Every refund once."""
        return self.all(OrderRefunded)

    @Once
    def refunded(self) -> Quantities:
        """Pieces given money back for, by line."""
        return summed((line.line_id, line.quantity) for refund in self.refunds for line in refund.lines)

    @Once
    def parcels(self) -> Mapping[str, Parcel]:
        """Every shipment by its id."""
        return parcels_of(self.all(ShipmentCreated), self.all(ShipmentProgressed), self._lines_at)

    @Once
    def first_moved(self) -> Parcel | None:
        """The parcel that left the shop first."""
        moved = [(parcel.moved_at, parcel.shipment_id) for parcel in self.parcels.values() if parcel.moved_at]
        return self.parcels[min(moved)[1]] if moved else None

    @Once
    def arrivals(self) -> list[tuple[datetime, Parcel]]:
        """Announced parcels that were delivered, the first first."""
        arrived = [
            (parcel.delivered_at, parcel.shipment_id, parcel)
            for parcel in self.parcels.values()
            if parcel.delivered_at and parcel.announced
        ]
        return [(moment, parcel) for moment, _, parcel in sorted(arrived, key=lambda arrival: arrival[:2])]

    @Once
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

    @Once
    def undelivered(self) -> Quantities:
        """Pieces that never came, by line, whether or not money was given back for them."""
        arrived = pieces([parcel for _, parcel in self.arrivals], self.parcels)
        rest = {line_id: line.quantity - arrived.get(line_id, 0) for line_id, line in self.lines.items()}
        return {line_id: quantity for line_id, quantity in rest.items() if quantity > 0}

    @Once
    def delivered_at(self) -> datetime | None:
        """When the last piece that was not refunded arrived; None while something is outstanding."""
        if self.placed is None:
            return None
        for count, (moment, _) in enumerate(self.arrivals, start=1):
            if not self._outstanding([parcel for _, parcel in self.arrivals[:count]]):
                return moment
        return None

    @Once
    def given_back(self) -> bool:
        """Nothing arrived and nothing will: every line was refunded."""
        return bool(self.lines) and not self.outstanding and self.delivered_at is None

    @property
    def over(self) -> bool:
        """Nobody waits for anything any more."""
        return self.cancelled is not None or self.delivered_at is not None or self.given_back

    @Once
    def underway(self) -> list[Parcel]:
        """Parcels on their way or about to be: neither delivered nor replaced."""
        replaced = {parcel.replaces for parcel in self.parcels.values()}
        return [
            parcel
            for parcel in self.parcels.values()
            if parcel.delivered_at is None and parcel.shipment_id not in replaced
        ]

    @Once
    def awaited(self) -> list[Parcel]:
        """Parcels underway that somebody waits for; once the order has arrived only those sent since, in exchange."""
        if self.cancelled is not None or self.given_back:
            return []
        if self.delivered_at is None:
            return self.underway
        return [p for p in self.underway if p.announced and p.announced.occurred_at > self.delivered_at]

    @Once
    def moving(self) -> list[Parcel]:
        """Parcels that have left the shop and not arrived."""
        return [parcel for parcel in self.underway if parcel.moved_at is not None]

    @Once
    def scanned_last(self) -> Parcel | None:
        """The parcel that a carrier saw last, of those underway."""
        scanned = [(parcel.scans[-1].occurred_at, parcel.shipment_id) for parcel in self.underway if parcel.scans]
        return self.parcels[max(scanned)[1]] if scanned else None

    @Once
    def arrived_unannounced(self) -> bool:
        """A parcel came of which nobody said what it carries."""
        return any(parcel.delivered_at and not parcel.announced for parcel in self.parcels.values())

    @Once
    def learned_at(self) -> datetime | None:
        """When this timeline learned of anything last."""
        return max((entry.detected_at for entry in self.entries), default=None)

    @Once
    def known_at(self) -> datetime | None:
        """When this timeline learned of the order itself."""
        return next((entry.detected_at for entry in self.entries if isinstance(entry.fact, OrderPlaced)), None)

    @Once
    def promised(self) -> Promised | None:
        """What the shop promised last."""
        return last_promise(self.entries, self.zone, known_at=self.known_at) if self.known_at else None

    @Once
    def first_promise(self) -> Promise | None:
        """The date given first."""
        return next((text for entry in self.entries if (text := promise_in(entry.fact))), None)

    @Once
    def binding(self) -> Promised | None:
        """The promise that can still be broken."""
        return binding_promise(self.entries, self.zone, known_at=self.known_at) if self.known_at else None

    @property
    def counted_on(self) -> Promised | None:
        """What the customer counts on; who agreed to wait without a date, on what was promised last."""
        return self.binding or self.promised

    @Once
    def estimated_at(self) -> datetime | None:
        """The last estimate of a delivery, by shop or carrier."""
        estimates = [
            entry.fact.estimated_delivery_at
            for entry in self.entries
            if isinstance(entry.fact, ShipmentCreated | ShipmentProgressed) and entry.fact.estimated_delivery_at
        ]
        return end_of(estimates[-1], self.zone) if estimates else None

    @Once
    def accepted_issues(self) -> frozenset[str]:
        """Issues whose delay the customer accepted."""
        return frozenset(accepted.issue_id for accepted in self.all(DelayAccepted) if accepted.issue_id)

    @Once
    def cancellation_wish(self) -> CancellationRequested | None:
        """The customer asked for the money back."""
        return next(iter(self.all(CancellationRequested)), None)

    @Once
    def unavailable(self) -> Mapping[str, LineUnavailable]:
        """Lines that could not be sent when somebody last spoke of their availability."""
        last = {line_id: said[-1] for line_id, said in self._availability.items()}
        return {line_id: fact for line_id, fact in last.items() if isinstance(fact, LineUnavailable)}

    def shortages(self, line_id: str) -> int:
        """How often a line became unavailable; what is said again before it is available counts once."""
        said = [isinstance(fact, LineUnavailable) for fact in self._availability.get(line_id, ())]
        return sum(now and not before for before, now in pairwise([False, *said]))

    @Once
    def _availability(self) -> Mapping[str, Sequence[LineUnavailable | LineAvailable]]:
        """What was said of each line's availability, as it happened."""
        said: dict[str, list[LineUnavailable | LineAvailable]] = defaultdict(list)
        for entry in self.entries:
            if isinstance(entry.fact, LineUnavailable | LineAvailable):
                said[entry.fact.line_id].append(entry.fact)
        return said

    @Once
    def substitutions(self) -> Mapping[str, LineSubstituted]:
        """The last word on each line's substitution."""
        return {fact.line_id: fact for fact in self.all(LineSubstituted)}
