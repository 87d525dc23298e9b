"""Waits: what an order waits for, since when, until when that is in order, and when it gets worse.

Owns which silences there are and from when they are counted; how long each may last is the policy's. Must not know what
is said about one (silences.py) or what ends it (cures.py).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from contracts.storefront import ShipmentStatus
from orders_listener.calendars import after, calendar_of
from orders_listener.claims import claims_of
from orders_listener.parcels import Parcel
from orders_listener.pictures import Picture
from orders_listener.policy import Limit, Policy, Terms, length_of
from orders_listener.remainders import last_sent_at


class Watchman:
    """Counts limits on the calendar of a parcel's lane, or of the order's."""

    def __init__(self, picture: Picture, policy: Policy, parcel: Parcel | None = None) -> None:
        self._lane = picture.lane(parcel, policy.ships_from)
        self._zone = picture.zone
        self._terms: Terms = policy.terms(self._lane)
        self.limits = self._terms.limits
        self.abroad = self._lane.abroad

    def end(self, since: datetime, limit: Limit) -> datetime:
        """When the limit is over."""
        return after(since, length_of(limit), calendar_of(self._lane, self._terms.working_days), self._zone)

    def wait(self, subject: str, since: datetime, limit: Limit, parcel: Parcel | None = None) -> "Wait":
        """A wait that gets worse when it has lasted as long again."""
        return Wait(subject, since, limit, self.end(since, limit), limit, self, parcel)


class Wait(NamedTuple):
    """Nothing has happened since a moment."""

    subject: str
    since: datetime
    limit: Limit
    due_at: datetime
    """Until then nobody need worry."""
    patience: Limit
    """How much later it is worse."""
    watchman: Watchman
    parcel: Parcel | None = None

    @property
    def worse_at(self) -> datetime:
        """From then on it is worse."""
        return self.watchman.end(self.due_at, self.patience)


Waits = Callable[[Picture, Policy], Iterator[Wait]]


def waits_of(waits: Waits, picture: Picture, policy: Policy) -> Sequence[Wait]:
    """Those of one kind, worked out once for a picture, which is looked at under one policy."""
    known: Sequence[Wait] | None = picture.remembered.get(waits)
    if known is None:
        known = picture.remembered[waits] = tuple(waits(picture, policy))
    return known


def _watchman(picture: Picture, policy: Policy, parcel: Parcel | None = None) -> Watchman:
    whose = (Watchman, parcel.shipment_id if parcel else None)
    known: Watchman | None = picture.remembered.get(whose)
    if known is None:
        known = picture.remembered[whose] = Watchman(picture, policy, parcel)
    return known


def handover(picture: Picture, policy: Policy) -> Iterator[Wait]:
    """Nothing of the order has left the shop, although it could. Counted from `ship_by`, or from when it could."""
    since = picture.sendable_since
    if since is None or picture.placed is None or picture.over or picture.first_moved:
        return
    watchman = _watchman(picture, policy)
    limits = watchman.limits
    if picture.ship_by is not None and picture.ship_by >= since:
        wait = watchman.wait(picture.placed.order_id, picture.ship_by, limits.handover_after_ship_by)
        yield wait._replace(patience=limits.handover)
    else:
        yield watchman.wait(picture.placed.order_id, since, limits.handover)


def pickup(picture: Picture, policy: Policy) -> Iterator[Wait]:
    """A parcel that was announced and never seen outside the shop."""
    for parcel in picture.awaited:
        if parcel.moved_at is None and parcel.label_at is not None:
            watchman = _watchman(picture, policy, parcel)
            yield watchman.wait(parcel.shipment_id, parcel.label_at, watchman.limits.pickup, parcel)


NOT_ON_ITS_WAY = frozenset(
    {
        ShipmentStatus.available_for_pickup,
        ShipmentStatus.damaged,
        ShipmentStatus.lost,
        ShipmentStatus.returning,
        ShipmentStatus.returned,
    }
)
"""Where silence means nothing, or less than what is known."""


def transit(picture: Picture, policy: Policy) -> Iterator[Wait]:
    """A parcel on its way that nobody has seen; each silence by itself."""
    for parcel, seen_at in _on_their_way(picture):
        watchman = _watchman(picture, policy, parcel)
        limits = watchman.limits
        limit = limits.transit_abroad if watchman.abroad else limits.transit
        yield watchman.wait(f"{parcel.shipment_id} {seen_at.isoformat()}", seen_at, limit, parcel)


def lost(picture: Picture, policy: Policy) -> Iterator[Wait]:
    """The same for so long that it will not come any more."""
    for parcel, seen_at in _on_their_way(picture):
        watchman = _watchman(picture, policy, parcel)
        subject = f"{parcel.shipment_id} {seen_at.isoformat()}"
        yield watchman.wait(subject, seen_at, watchman.limits.lost, parcel)


def _on_their_way(picture: Picture) -> Iterator[tuple[Parcel, datetime]]:
    for parcel in picture.awaited:
        seen_at = parcel.seen_at if parcel.moved_at is not None else None
        if seen_at is not None and parcel.status not in NOT_ON_ITS_WAY and not parcel.is_untraceable:
            yield parcel, seen_at


def rest(picture: Picture, policy: Policy) -> Iterator[Wait]:
    """Everything announced is sent, and it is not everything. The subject is the order; each line has its trouble."""
    since = None if picture.over else last_sent_at(picture)
    if since is not None and picture.placed is not None:
        watchman = _watchman(picture, policy)
        yield watchman.wait(picture.placed.order_id, since, watchman.limits.rest)


def refund(picture: Picture, policy: Policy) -> Iterator[Wait]:
    """Money that is owed and was not given back."""
    watchman: Watchman | None = None
    for claim in claims_of(picture):
        watchman = watchman or _watchman(picture, policy)
        yield watchman.wait(claim.subject, claim.since, watchman.limits.refund)


class Status(NamedTuple):
    """A status of a parcel that is a trouble while it lasts, and the limit after which it is a worse one."""

    statuses: frozenset[ShipmentStatus]
    limit: str
    """By its name in `Limits`."""


AT_PICKUP_POINT = Status(frozenset({ShipmentStatus.available_for_pickup}), "pickup_point")
HELD = Status(frozenset({ShipmentStatus.held}), "held")
COMING_BACK = Status(frozenset({ShipmentStatus.returning, ShipmentStatus.returned}), "reshipment")


def time_of(parcel: Parcel, statuses: frozenset[ShipmentStatus]) -> str:
    """The parcel, and which time it is that it has come to such a status; the first is the parcel's own id."""
    times = parcel.times(statuses)
    return parcel.shipment_id if times <= 1 else f"{parcel.shipment_id} {times}"  # which no shipment id contains


def lasting(status: Status) -> Waits:
    """The parcels in one of these statuses; the trouble is there at once, and worse when the limit is over."""

    def waits(picture: Picture, policy: Policy) -> Iterator[Wait]:
        for parcel in () if picture.cancelled else picture.underway:
            since = parcel.since(status.statuses)
            if since is not None:
                watchman = _watchman(picture, policy, parcel)
                limit: Limit = getattr(watchman.limits, status.limit)
                yield Wait(time_of(parcel, status.statuses), since, limit, since, limit, watchman, parcel)

    return waits


at_pickup_point, held, coming_back = lasting(AT_PICKUP_POINT), lasting(HELD), lasting(COMING_BACK)
ALL: tuple[Waits, ...] = (handover, pickup, transit, lost, rest, refund, at_pickup_point, held, coming_back)


def next_look_at(picture: Picture, policy: Policy, at: datetime) -> datetime | None:
    """The next moment after `at` at which a silence becomes an issue, or an issue a worse one."""
    moments = (
        wait.due_at if wait.due_at > at else wait.worse_at for waits in ALL for wait in waits_of(waits, picture, policy)
    )
    return min((moment for moment in moments if moment > at), default=None)
