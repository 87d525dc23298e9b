"""Parcels: what each carries, where it is, what it replaces. Derived from announcements and scans in any order.

Owns the meaning of carrier statuses. Must not know promises or issues.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from itertools import pairwise, takewhile

from msgspec import Struct, structs

from contracts.storefront import ShipmentCreated, ShipmentProgressed, ShipmentStatus
from contracts.vocabulary import OrderLine, Variant

Quantities = Mapping[str, int]
"""Pieces by line id."""
LinesAt = Callable[[datetime], Sequence[OrderLine]]

MOVED = frozenset(
    {
        ShipmentStatus.picked_up,
        ShipmentStatus.in_transit,
        ShipmentStatus.out_for_delivery,
        ShipmentStatus.available_for_pickup,
        ShipmentStatus.attempt_failed,
        ShipmentStatus.held,
        ShipmentStatus.returning,
        ShipmentStatus.returned,
        ShipmentStatus.delivered,
    }
)
"""A parcel with one of these has left the shop. `delayed`, `exception` and the like may come before that."""


ONWARD = MOVED - {ShipmentStatus.returning, ShipmentStatus.returned}
"""… and is not on its way back."""
NO_SCAN = frozenset({ShipmentStatus.label_created, ShipmentStatus.stale})
"""Nobody saw the parcel: a label was printed, or somebody says that nobody has seen it."""


class Parcel(Struct, frozen=True, kw_only=True):
    """One shipment. Before its announcement only scans are known, and what it carries is not."""

    shipment_id: str
    announced: ShipmentCreated | None = None
    carries: Quantities = {}
    scans: tuple[ShipmentProgressed, ...] = ()
    """In the order in which they happened."""

    @property
    def status(self) -> ShipmentStatus:
        """What the carrier saw last; a scan repeated later is not a later scan."""
        return self.scans[-1].status if self.scans else ShipmentStatus.label_created

    @property
    def moved_at(self) -> datetime | None:
        """The first scan outside the shop."""
        return next((scan.occurred_at for scan in self.scans if scan.status in MOVED), None)

    @property
    def delivered_at(self) -> datetime | None:
        """The first scan that says so. Nothing said later takes a delivery back."""
        return next((scan.occurred_at for scan in self.scans if scan.status == ShipmentStatus.delivered), None)

    @property
    def seen_at(self) -> datetime | None:
        """When anybody saw it last."""
        return next((scan.occurred_at for scan in reversed(self.scans) if scan.status not in NO_SCAN), None)

    @property
    def label_at(self) -> datetime | None:
        """When it was announced to a carrier."""
        if self.announced is not None:
            return self.announced.occurred_at
        return self.scans[0].occurred_at if self.scans else None

    def times(self, statuses: Set[ShipmentStatus]) -> int:
        """How often it came to be in one of these; what is said again before anything else counts once."""
        inside = [scan.status in statuses for scan in self.scans]
        return sum(now and not before for before, now in pairwise([False, *inside]))

    def since(self, statuses: Set[ShipmentStatus]) -> datetime | None:
        """When it came to be in one of these, if it is now."""
        last = takewhile(lambda scan: scan.status in statuses, reversed(self.scans))
        return min((scan.occurred_at for scan in last), default=None)

    @property
    def is_untraceable(self) -> bool:
        """No carrier, no number, and all that was said of its way was said with the announcement: nobody scans it."""
        announced = self.announced
        if announced is None or announced.carrier or announced.tracking_number or not self.scans:
            return False
        return all(scan.occurred_at == announced.occurred_at for scan in self.scans)

    @property
    def replaces(self) -> str | None:
        """The shipment this one is sent instead of."""
        return self.announced.replaces_shipment_id if self.announced else None

    @property
    def evidence(self) -> dict[str, str]:
        """Who carries it and what they saw last, for an issue."""
        carrier = {"carrier": self.announced.carrier} if self.announced and self.announced.carrier else {}
        if not self.scans:
            return carrier
        scan = self.scans[-1]
        return carrier | {"last_scan": scan.status, "last_scan_at": scan.occurred_at.astimezone(UTC).isoformat()}

    def variants_of(self, line_id: str) -> list[Variant]:
        """The variants of a line that lie in the parcel, where somebody looked."""
        lines = self.announced.lines if self.announced else ()
        return [line.variant for line in lines if line.line_id == line_id and line.variant is not None]


def parcels_of(
    announcements: Iterable[ShipmentCreated], scans: Iterable[ShipmentProgressed], lines_at: LinesAt
) -> dict[str, Parcel]:
    """Every parcel somebody spoke of. An announcement said again takes the place of the former."""
    parcels: dict[str, Parcel] = {}
    for announced in announcements:
        others = {key: parcel for key, parcel in parcels.items() if key != announced.shipment_id}
        carries = _cargo(announced, others, lines_at(announced.occurred_at))
        parcels[announced.shipment_id] = Parcel(shipment_id=announced.shipment_id, announced=announced, carries=carries)
    for scan in scans:
        parcel = parcels.get(scan.shipment_id) or Parcel(shipment_id=scan.shipment_id)
        parcels[scan.shipment_id] = structs.replace(parcel, scans=(*parcel.scans, scan))
    return parcels


def _cargo(announced: ShipmentCreated, others: Mapping[str, Parcel], ordered: Sequence[OrderLine]) -> Quantities:
    if announced.lines:
        return summed((line.line_id, line.quantity) for line in announced.lines)
    replaced = others.get(announced.replaces_shipment_id or "")
    if replaced is not None:
        return replaced.carries
    sent = pieces(others.values(), others)
    wanted = summed((line.line_id, line.quantity) for line in ordered)
    return {line_id: rest for line_id, quantity in wanted.items() if (rest := quantity - sent.get(line_id, 0)) > 0}


def pieces(counted: Iterable[Parcel], parcels: Mapping[str, Parcel]) -> Quantities:
    """How much of each line lies in the counted parcels; a replacement and what it replaces count once."""
    most: dict[tuple[str, str], int] = defaultdict(int)
    for parcel in counted:
        origin = chain_of(parcel, parcels)[-1]
        for line_id, quantity in parcel.carries.items():
            most[origin, line_id] = max(most[origin, line_id], quantity)
    return summed((line_id, quantity) for (_, line_id), quantity in most.items())


def chain_of(parcel: Parcel, parcels: Mapping[str, Parcel]) -> list[str]:
    """The parcel, what it replaces, what that replaces …: shipment ids, each once."""
    chain = [parcel.shipment_id]
    step: Parcel | None = parcel
    while step is not None and step.replaces is not None and step.replaces not in chain:
        chain.append(step.replaces)
        step = parcels.get(step.replaces)
    return chain


def replacements_delivered(shipment_id: str, parcels: Mapping[str, Parcel]) -> list[Parcel]:
    """The parcels that came in the place of this one."""
    return [
        parcel
        for parcel in parcels.values()
        if parcel.delivered_at is not None and shipment_id in chain_of(parcel, parcels)[1:]
    ]


def summed(quantities: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Pieces by line id, added up."""
    total: dict[str, int] = defaultdict(int)
    for line_id, quantity in quantities:
        total[line_id] += quantity
    return dict(total)
