"""A carrier's scans as facts of a parcel. Each scan is one fact, the same however often a tracker repeats it.

Trackers send the whole history with every hook, and a fact counts once by its content: so everything is said each
time, nothing is lost with a lost hook, and no content depends on which hook it came with. Must not know a provider.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from contracts.moments import AHEAD
from contracts.storefront import ShipmentProgressed, ShipmentStatus
from orders_listener.ingest.hooks import OfParcel, Saying

MOST_SCANS: Final = 100
"""So many of the newest are said of one hook; what was before came with hooks before."""

_ON_THE_WAY: Final = frozenset(
    {
        ShipmentStatus.picked_up,
        ShipmentStatus.in_transit,
        ShipmentStatus.delayed,
        ShipmentStatus.out_for_delivery,
    }
)


class Meaning(NamedTuple):
    """Our word for a provider's, and a sentence for people where it says more than the word."""

    status: ShipmentStatus
    reason: str | None = None


class Scan(NamedTuple):
    """What the carrier saw."""

    occurred_at: datetime
    status: ShipmentStatus
    reason: str | None = None
    place: str | None = None


def sayings_of(
    parcel: OfParcel, scans: Iterable[Scan], *, estimate: str | None, received_at: datetime
) -> Sequence[Saying]:
    """Every scan once, in the order in which they happened, without those that lie in the future.

    `estimate` is the tracker's and no scan's. It goes with the first scan on the way (or the label), which stays the
    first: the same estimate again is the same fact, a new one is one fact more, and no scan is said twice for it.
    """
    in_order = sorted((scan for scan in scans if scan.occurred_at < received_at + AHEAD), key=_when)
    told = list(_seen_back(dict.fromkeys(in_order)))[-MOST_SCANS:]
    bearer = _bearer(told)
    return [_saying(parcel, scan, estimate if scan is bearer else None) for scan in told]


def _when(scan: Scan) -> datetime:
    return scan.occurred_at


def _seen_back(scans: Iterable[Scan]) -> Iterator[Scan]:
    """What is delivered after it was sent back is with the sender."""
    turned = False
    for scan in scans:
        turned = turned or scan.status is ShipmentStatus.returning
        back = turned and scan.status is ShipmentStatus.delivered
        yield scan._replace(status=ShipmentStatus.returned, reason=None) if back else scan


def _bearer(scans: Sequence[Scan]) -> Scan | None:
    """Which scan the estimate goes with; one whose number means something (a failed attempt) never."""
    on_the_way = (scan for scan in scans if scan.status in _ON_THE_WAY)
    labels = (scan for scan in scans if scan.status is ShipmentStatus.label_created)
    return next(on_the_way, None) or next(labels, None)


def _saying(parcel: OfParcel, scan: Scan, estimate: str | None) -> Saying:
    optional = {"reason": scan.reason, "place": scan.place, "estimated_delivery_at": estimate}
    told = {name: value for name, value in optional.items() if value}
    return Saying(parcel, ShipmentProgressed, {"occurred_at": scan.occurred_at, "status": scan.status} | told)
