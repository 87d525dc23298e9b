"""EasyPost: what its trackers say of a parcel. Pure mapping.

Statuses and their details are those of https://docs.easypost.com/docs/trackers; docs/ingest/easypost.md has the table.
Carriers' messages are read and not passed on: they may name the person who signed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contracts.storefront import ShipmentStatus
from orders_listener.ingest.bodies import Part, document, part, parts, text
from orders_listener.ingest.carriers import name_of, number_of
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, OfParcel, Saying
from orders_listener.ingest.moments import moment_of, promise_of
from orders_listener.ingest.scans import Meaning, Scan, sayings_of

TOPICS: Final = frozenset({"tracker.created", "tracker.updated"})


STATUSES: Final[Mapping[str, Meaning]] = {
    "pre_transit": Meaning(ShipmentStatus.label_created),
    "in_transit": Meaning(ShipmentStatus.in_transit),
    "out_for_delivery": Meaning(ShipmentStatus.out_for_delivery),
    "available_for_pickup": Meaning(ShipmentStatus.available_for_pickup),
    "delivered": Meaning(ShipmentStatus.delivered),
    "return_to_sender": Meaning(ShipmentStatus.returning),
    "failure": Meaning(ShipmentStatus.exception, "The carrier could not deliver the parcel."),
}
SILENT: Final[Mapping[str, str]] = {
    "unknown": "nothing_seen_yet",
    "cancelled": "label_cancelled",
    "error": "tracking_error",
}
"""Statuses that say nothing of where a parcel is, and why nothing follows from them."""

OPEN: Final = frozenset({"in_transit", "out_for_delivery", "failure", "unknown", "error"})
"""Statuses that leave open what happened: a detail of the next table says more. The others are as they are."""

DETAILS: Final[Mapping[str, Meaning]] = {
    "damaged": Meaning(ShipmentStatus.damaged, "The carrier found the parcel damaged."),
    "lost": Meaning(ShipmentStatus.lost, "The carrier cannot find the parcel."),
    "held": Meaning(ShipmentStatus.held, "The carrier holds the parcel."),
    "awaiting_information": Meaning(ShipmentStatus.held, "The carrier waits for information about the parcel."),
    "delayed": Meaning(ShipmentStatus.delayed, "The carrier is late with the parcel."),
    "weather_delay": Meaning(ShipmentStatus.delayed, "The weather holds the parcel up."),
    "missorted": Meaning(ShipmentStatus.delayed, "The carrier sent the parcel the wrong way."),
    "refused": Meaning(ShipmentStatus.exception, "The parcel was not accepted at the door."),
    "return": Meaning(ShipmentStatus.returning),
    "expired": Meaning(ShipmentStatus.stale, "Nobody has seen the parcel for a long time."),
    "delivery_exception": Meaning(
        ShipmentStatus.exception, "Something went wrong when the parcel was to be delivered."
    ),
    "transit_exception": Meaning(ShipmentStatus.exception, "Something went wrong on the way."),
}
ADDRESS: Final = "address_correction"
ATTEMPTED: Final = Meaning(ShipmentStatus.attempt_failed, "The carrier came and could not hand over the parcel.")

_TRIED: Final = re.compile(
    r"attempt|notice left|no authorized recipient|not available or business closed|no access", re.IGNORECASE
)
_NOT_TRIED: Final = re.compile(r"not attempted|no attempt|unable to attempt", re.IGNORECASE)


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Every scan that the tracker knows. Raises `BadHook`."""
    if hook.topic not in TOPICS:
        return Ignored("topic_not_used")
    tracker = part(document(hook).get("result"))
    number = number_of(text(tracker.get("tracking_code")))
    if not number:
        raise BadHook("result.tracking_code is missing")
    if tracker.get("is_return") is True:
        return Ignored("return_label")
    parcel = OfParcel(name_of(text(tracker.get("carrier"))), number)
    scans = list(_scans(tracker))
    told = sayings_of(parcel, scans, estimate=_estimate(tracker), received_at=hook.received_at)
    return told or _silence(tracker)


def _silence(tracker: Part) -> Ignored:
    status = text(tracker.get("status")) or "unknown"
    return Ignored(SILENT.get(status, "no_scan_with_a_time" if status in STATUSES else "status_unknown"))


def _scans(tracker: Part) -> Iterator[Scan]:
    """Those of the list; where it has none that says anything, the tracker's own status."""
    details = [
        scan for detail in parts(tracker.get("tracking_details")) if (scan := _scan(detail, detail.get("datetime")))
    ]
    yield from details
    if not details and (scan := _scan(tracker, tracker.get("updated_at"))):
        yield scan


def _scan(said: Part, at: object) -> Scan | None:
    moment, meaning = moment_of(at), meaning_of(said)
    if moment is None or meaning is None:
        return None
    return Scan(moment, meaning.status, meaning.reason, _place(part(said.get("tracking_location"))))


def meaning_of(said: Part) -> Meaning | None:
    """Our word for a status with its detail and message; None for one that nothing follows from.

    A word that EasyPost does not document is no trouble either: the next scan will have one that it does.
    """
    status, detail = text(said.get("status")), text(said.get("status_detail"))
    if status not in OPEN:
        return STATUSES.get(status or "")
    if (status == "failure" or detail == "delivery_exception") and _tried(text(said.get("message"))):
        return ATTEMPTED
    if detail == ADDRESS:
        return _address(status)
    return DETAILS.get(detail or "", STATUSES.get(status))


def _tried(message: str | None) -> bool:
    return bool(message and _TRIED.search(message) and not _NOT_TRIED.search(message))


def _address(status: str) -> Meaning | None:
    if status == "failure":
        return Meaning(ShipmentStatus.exception, "The carrier could not find the address.")
    return Meaning(ShipmentStatus.in_transit, "The carrier corrected the address.") if status != "error" else None


def _place(location: Part) -> str | None:
    """City, region and country of the scan; never the postcode."""
    return ", ".join(filter(None, (text(location.get(name), 100) for name in ("city", "state", "country")))) or None


def _estimate(tracker: Part) -> str | None:
    """The day at the destination where the carrier gives one."""
    local = promise_of(part(tracker.get("carrier_detail")).get("est_delivery_date_local"))
    return local or promise_of(tracker.get("est_delivery_date"))
