"""Late: what silence means for a promise, and what a look at the parcels says of it.

Owns the rule of the broken promise. Must not know when it is asked (watch.py).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum

from contracts.storefront import ShipmentStatus
from contracts.vocabulary import IssueKind, Severity
from orders_listener.issues import Trouble, Why, sentence
from orders_listener.parcels import Parcel, pieces
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.promises import Promised, in_words

NEARLY_THERE = (ShipmentStatus.out_for_delivery, ShipmentStatus.available_for_pickup)


class Outlook(StrEnum):
    """What a look at the parcels says about the promise."""

    not_handed_over = "not_handed_over"
    no_scan = "no_scan"
    out_for_delivery = "out_for_delivery"
    available_for_pickup = "available_for_pickup"
    scanned_recently = "scanned_recently"
    delivered_unannounced = "delivered_unannounced"
    """A parcel came and nobody said what is in it: telling the customer that it is late would be wrong."""


AT_RISK = (Outlook.not_handed_over, Outlook.no_scan)


def outlook(picture: Picture, at: datetime, policy: Policy) -> Outlook:
    """The worst that is true of what the customer still waits for."""
    if picture.arrived_unannounced:
        return Outlook.delivered_unannounced
    moved = picture.moving
    if not _all_handed_over(picture, moved):
        return Outlook.not_handed_over
    if silent(moved, at, policy):
        return Outlook.no_scan
    near = {parcel.status for parcel in moved}
    return Outlook(min(near)) if near.issubset(NEARLY_THERE) else Outlook.scanned_recently


def _all_handed_over(picture: Picture, moved: list[Parcel]) -> bool:
    if any(parcel.announced is None for parcel in moved):
        return True  # what it carries is not known yet
    carried = pieces(moved, picture.parcels)
    return bool(moved) and all(carried.get(line, 0) >= rest for line, rest in picture.outstanding.items())


def silent(moved: list[Parcel], at: datetime, policy: Policy) -> list[Parcel]:
    """Parcels on their way that nobody has scanned for too long, the longest first."""
    found = [
        parcel
        for parcel in moved
        if parcel.status not in NEARLY_THERE and parcel.scans[-1].occurred_at < at - policy.scan_silence
    ]
    return sorted(found, key=lambda parcel: parcel.scans[-1].occurred_at)


def spared(picture: Picture, at: datetime, policy: Policy) -> Why:
    """Why nobody was told when the promise ended."""
    return Why(reason=outlook(picture, at, policy))


def delivery_late(picture: Picture, _at: datetime, _policy: Policy) -> Iterator[Trouble]:
    """The promise ended and somebody still waits. A second broken promise is worse than the first."""
    promise = picture.binding
    if promise is None or picture.over or picture.arrived_unannounced:
        return
    what = "Part of your order" if picture.arrivals else "Your order"
    estimate = picture.estimated_at
    coming = estimate if estimate and estimate > promise.ends_at else None
    yield Trouble(
        kind=IssueKind.delivery_late,
        subject=subject_of(picture, promise),
        severity=Severity.serious if picture.first_promise == promise.text else Severity.critical,
        reason="promise_ended",
        known=sentence(f"{what} was promised by {in_words(promise, picture.zone)} and has not been delivered."),
        expected_next="Delivery",
        expected_by=coming,
        evidence=evidence_of(promise, picture.scanned_last) | ({"in_part": "yes"} if picture.arrivals else {}),
    )


def subject_of(picture: Picture, promise: Promised) -> str:
    """The order, for its first promise; each later promise can be broken once as well."""
    order_id = picture.placed.order_id if picture.placed else ""
    return order_id if picture.first_promise == promise.text else f"{order_id} {promise.text}"


def evidence_of(promise: Promised, parcel: Parcel | None) -> dict[str, str]:
    promised = {"promised": promise.text, "promise_ends_at": promise.ends_at.astimezone(UTC).isoformat()}
    return promised | (parcel.evidence if parcel else {})
