"""The journey of an order: the few days and places that statistics need, each from the day on which it was known.

Owns what is remembered of an order for the daily closing. Must not know what is concluded from many of them.
"""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from contracts.storefront import ShipmentProgressed
from orders_listener import facts
from orders_listener.parcels import MOVED, Parcel, pieces
from orders_listener.pictures import Picture
from orders_listener.promises import Promised, end_of

SHORTEST_PROMISE = timedelta(days=4)
"""Daily numbers say nothing about shorter promises."""
PLANS_UP_TO_DAYS = (1, 3, 5, 7, 10, 13, 16, 20, 25, 30)
"""Where one lane of planned days ends and the next begins."""
UNSHIPPED_AFTER_DAYS = 3
"""An order without a date to ship by is taken to be due after so many."""
A_MOMENT = timedelta(microseconds=1)


class Journey(Struct, frozen=True, kw_only=True):
    """One order on its way. All days are the destination's."""

    order_id: str
    plan: str
    """The lane of planned days, from ship-by to the first promise."""
    country: str = ""
    region: str = ""
    """The destination's region; the country where none is known."""
    known_on: date
    ship_by_on: date
    promised_on: date | None = None
    """The last day of the promise that binds; None when nothing binds, or it is too short for daily numbers."""
    moved_on: date | None = None
    """When the last of it was handed to the carrier."""
    moved_known_on: date | None = None
    ended_on: date | None = None
    """When it became known that nobody waits any more."""
    delivered: bool = False


def journey_of(picture: Picture, said: Mapping[str, datetime]) -> Journey | None:
    """The journey of a known order; None for one that was promised too soon for daily numbers.

    `said` are the facts published so far, which tell when an end was known.
    """
    placed, known_at, zone = picture.placed, picture.known_at, picture.zone
    if placed is None or known_at is None or _was_promised_soon(picture, placed.placed_at, zone):
        return None
    ship_by = end_of(placed.ship_by, zone) - A_MOMENT if placed.ship_by else None
    placed_on = _day(placed.placed_at, zone)
    ship_by_on = _day(ship_by, zone) if ship_by else placed_on + timedelta(days=UNSHIPPED_AFTER_DAYS)
    moved = _handed_over(picture)
    ended_at = _ended_at(picture, said)
    country = picture.destination.country if picture.destination else ""
    return Journey(
        order_id=placed.order_id,
        plan=_plan(picture, zone, ship_by_on),
        country=country,
        region=(picture.destination.region if picture.destination else None) or country,
        known_on=_day(known_at, zone),
        ship_by_on=ship_by_on,
        promised_on=last_day(picture.binding, zone) if picture.binding and is_long(picture.binding) else None,
        moved_on=_day(moved[0], zone) if moved else None,
        moved_known_on=_day(moved[1], zone) if moved else None,
        ended_on=_day(ended_at, zone) if ended_at else None,
        delivered=ended_at is not None and ended_at == said.get(facts.DELIVERED),
    )


def last_day(promise: Promised, zone: ZoneInfo) -> date:
    """The last day on which a delivery keeps the promise."""
    return _day(promise.ends_at - A_MOMENT, zone)


def is_long(promise: Promised) -> bool:
    """Long enough for daily numbers."""
    return promise.ends_at - promise.given_at >= SHORTEST_PROMISE


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def _was_promised_soon(picture: Picture, placed_at: datetime, zone: ZoneInfo) -> bool:
    first = picture.first_promise
    return first is not None and end_of(first, zone) - placed_at < SHORTEST_PROMISE


def _plan(picture: Picture, zone: ZoneInfo, ship_by_on: date) -> str:
    if picture.first_promise is None:
        return "unplanned"
    days = (_day(end_of(picture.first_promise, zone) - A_MOMENT, zone) - ship_by_on).days
    return f"plan {bisect_left(PLANS_UP_TO_DAYS, days):02}"


def _handed_over(picture: Picture) -> tuple[datetime, datetime] | None:
    """When the last of what was sent left the shop, and when that was known; None while a piece has not."""
    moved = [parcel for parcel in picture.parcels.values() if parcel.moved_at]
    if not moved or not _carry_everything(picture, moved):
        return None
    return max((at, _known_at(picture, parcel)) for parcel in moved if (at := parcel.moved_at))


def _carry_everything(picture: Picture, moved: list[Parcel]) -> bool:
    if any(parcel.announced is None for parcel in moved):
        return True  # what it carries is not known yet
    carried = pieces(moved, picture.parcels)
    return all(
        carried.get(line_id, 0) >= line.quantity - picture.refunded.get(line_id, 0)
        for line_id, line in picture.lines.items()
    )


def _known_at(picture: Picture, parcel: Parcel) -> datetime:
    return min(
        entry.detected_at
        for entry in picture.entries
        if isinstance(entry.fact, ShipmentProgressed)
        and entry.fact.shipment_id == parcel.shipment_id
        and entry.fact.status in MOVED
    )


def _ended_at(picture: Picture, said: Mapping[str, datetime]) -> datetime | None:
    ends = [said[key] for key in (facts.DELIVERED, facts.CANCELLED) if key in said]
    if not ends and picture.given_back:
        ends = [moment for key, moment in said.items() if key.startswith("refund|")]
    return min(ends, default=None)
