"""What of an order was never sent: ordered, paid back for, and packed, piece by piece.

Owns when everything that was announced counts as sent. Must not know how long one waits for the rest (waits.py).
"""

from collections.abc import Iterable
from datetime import datetime

from orders_listener.parcels import Parcel, Quantities, pieces
from orders_listener.pictures import Picture


def last_sent_at(picture: Picture) -> datetime | None:
    """When the last parcel left, if all have left and something was in none of them; otherwise None."""
    left = [sent_at(parcel) for parcel in picture.parcels.values() if not _void(picture, parcel)]
    moments = [moment for moment in left if moment is not None]
    if not moments or len(moments) < len(left) or not unsent(picture, picture.parcels.values()):
        return None
    return max(moments)


def sent_at(parcel: Parcel) -> datetime | None:
    """When a parcel of which we know what is in it was known to have left; None before both."""
    if parcel.announced is None or parcel.moved_at is None:
        return None
    return max(parcel.announced.occurred_at, parcel.moved_at)


def _void(picture: Picture, parcel: Parcel) -> bool:
    """A label that was never used: the parcel left under another one, with what that one holds."""
    return parcel.moved_at is None and any(other.replaces == parcel.shipment_id for other in picture.parcels.values())


def unsent(picture: Picture, parcels: Iterable[Parcel]) -> Quantities:
    """Pieces that lie in none of the parcels and were not paid back, by line."""
    sent = pieces([parcel for parcel in parcels if not _void(picture, parcel)], picture.parcels)
    rest = {
        line_id: line.quantity - sent.get(line_id, 0) - picture.refunded.get(line_id, 0)
        for line_id, line in picture.lines.items()
    }
    return {line_id: quantity for line_id, quantity in rest.items() if quantity > 0}


def sent_before(picture: Picture, moment: datetime) -> list[Parcel]:
    """The parcels that were packed until then."""
    return [p for p in picture.parcels.values() if p.announced is not None and p.announced.occurred_at <= moment]


def sent_before_or_arrived(picture: Picture, moment: datetime) -> list[Parcel]:
    """Those, and what was packed later and is with the customer."""
    return sent_before(picture, moment) + [
        p for p in picture.parcels.values() if p.announced and p.announced.occurred_at > moment and p.delivered_at
    ]
