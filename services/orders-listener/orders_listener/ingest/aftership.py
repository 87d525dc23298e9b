"""AfterShip Tracking: what its checkpoints say of a parcel. Pure mapping.

Tags and subtags are those of https://www.aftership.com/docs/tracking/2026-07/enum/delivery-sub-statuses;
docs/ingest/aftership.md has the table. Checkpoints' messages are not passed on: they may name the person who signed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from contracts.storefront import ShipmentStatus
from orders_listener.ingest.bodies import Part, document, part, parts, text
from orders_listener.ingest.carriers import name_of, number_of
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, OfParcel, Saying
from orders_listener.ingest.moments import moment_of, promise_of
from orders_listener.ingest.scans import Meaning, Scan, sayings_of

STATUS_CHANGED: Final = "tracking_update"
TOPICS: Final = frozenset({STATUS_CHANGED, "edd_revise", "tracking_pending_time"})

TAGS: Final[Mapping[str, Meaning]] = {
    "InfoReceived": Meaning(ShipmentStatus.label_created),
    "InTransit": Meaning(ShipmentStatus.in_transit),
    "OutForDelivery": Meaning(ShipmentStatus.out_for_delivery),
    "AttemptFail": Meaning(ShipmentStatus.attempt_failed, "The carrier came and could not hand over the parcel."),
    "Delivered": Meaning(ShipmentStatus.delivered),
    "AvailableForPickup": Meaning(ShipmentStatus.available_for_pickup),
    "Exception": Meaning(ShipmentStatus.exception, "Something went wrong on the way."),
    "Expired": Meaning(ShipmentStatus.stale, "Nobody has seen the parcel for thirty days."),
}
"""What a tag means whose subtag says no more, or is not documented."""
PENDING: Final = "Pending"
"""The tag of a parcel that nobody has seen yet: nothing follows."""

SUBTAGS: Final[Mapping[str, Meaning]] = {
    "InTransit_002": Meaning(ShipmentStatus.picked_up),
    "InTransit_005": Meaning(ShipmentStatus.in_transit, "The parcel has passed customs."),
    "InTransit_006": Meaning(ShipmentStatus.in_transit, "The parcel is at customs."),
    "Delivered_002": Meaning(ShipmentStatus.delivered, "The parcel was fetched from the pickup point."),
    "Delivered_005": Meaning(ShipmentStatus.delivered, "A neighbour has the parcel."),
    "AttemptFail_002": Meaning(ShipmentStatus.attempt_failed, "The carrier came and met nobody."),
    "AttemptFail_003": Meaning(ShipmentStatus.attempt_failed, "The carrier came when the business was closed."),
    "Exception_002": Meaning(ShipmentStatus.exception, "The carrier did not find the recipient at the address."),
    "Exception_003": Meaning(ShipmentStatus.exception, "The parcel was not accepted at the door."),
    "Exception_004": Meaning(ShipmentStatus.delayed, "Customs hold the parcel up."),
    "Exception_005": Meaning(ShipmentStatus.delayed, "Something unforeseen holds the parcel up."),
    "Exception_006": Meaning(ShipmentStatus.held, "The carrier waits for a payment."),
    "Exception_007": Meaning(ShipmentStatus.exception, "The carrier could not find the address."),
    "Exception_008": Meaning(ShipmentStatus.exception, "The parcel was not fetched from the pickup point."),
    "Exception_009": Meaning(ShipmentStatus.exception, "The carrier does not take the parcel."),
    "Exception_010": Meaning(ShipmentStatus.returning),
    "Exception_011": Meaning(ShipmentStatus.returned),
    "Exception_012": Meaning(ShipmentStatus.damaged, "The carrier found the parcel damaged."),
    "Exception_013": Meaning(ShipmentStatus.lost, "The carrier cannot find the parcel."),
    "Exception_016": Meaning(ShipmentStatus.delayed, "The carrier is late with the parcel."),
    "Exception_017": Meaning(ShipmentStatus.delayed, "The weather holds the parcel up."),
    "Exception_018": Meaning(ShipmentStatus.held, "The carrier waits for documents."),
}

ESTIMATES: Final = (
    "latest_estimated_delivery",
    "custom_estimated_delivery_date",
    "aftership_estimated_delivery_date",
    "courier_estimated_delivery_date",
    "expected_delivery",
)
"""Where an estimate may stand, the one that holds first."""
ESTIMATED: Final = (
    "datetime_max",
    "datetime",
    "estimated_delivery_date_max",
    "estimated_delivery_date",
)
"""… and in which of its fields: the end of a span, which is what a customer may count on."""


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Every checkpoint that the tracking has. Raises `BadHook`."""
    if hook.topic not in TOPICS:
        return Ignored("topic_not_used")
    body = document(hook)
    tracking = part(body.get("msg"))
    number = number_of(text(tracking.get("tracking_number")))
    if not number:
        raise BadHook("msg.tracking_number is missing")
    parcel = OfParcel(name_of(text(tracking.get("slug"))), number)
    scans = list(_scans(tracking))
    if hook.topic == STATUS_CHANGED:
        scans.extend(_without_checkpoint(tracking, scans, body.get("ts")))
    told = sayings_of(parcel, scans, estimate=_estimate(tracking), received_at=hook.received_at)
    return told or _silence(text(tracking.get("tag")) or PENDING)


def _silence(tag: str) -> Ignored:
    if tag == PENDING:
        return Ignored("nothing_seen_yet")
    return Ignored("no_scan_with_a_time" if tag in TAGS else "status_unknown")


def _scans(tracking: Part) -> Iterator[Scan]:
    for checkpoint in parts(tracking.get("checkpoints")):
        moment = moment_of(checkpoint.get("checkpoint_time")) or moment_of(checkpoint.get("created_at"))
        meaning = meaning_of(checkpoint)
        if moment is not None and meaning is not None:
            yield Scan(moment, meaning.status, meaning.reason, _place(checkpoint))


def _without_checkpoint(tracking: Part, scans: Sequence[Scan], at: object) -> Iterator[Scan]:
    """What the tracking came to be without a checkpoint saying so: expired, or marked as delivered by hand."""
    moment, meaning = moment_of(at), meaning_of(tracking)
    if moment is not None and meaning is not None and all(scan.status != meaning.status for scan in scans):
        yield Scan(moment, meaning.status, meaning.reason)


def meaning_of(said: Part) -> Meaning | None:
    """Our word for a subtag, or its tag; None for one that nothing follows from.

    A tag that AfterShip does not document is no trouble either: the next checkpoint will have one that it does.
    """
    tag, subtag = text(said.get("tag")) or "", text(said.get("subtag")) or ""
    return SUBTAGS.get(subtag) or TAGS.get(subtag.partition("_")[0]) or TAGS.get(tag)


def _place(checkpoint: Part) -> str | None:
    """City, region and country of the checkpoint; never its postcode or free text, which may be somebody's door."""
    country = next((found for name in _COUNTRIES if (found := text(checkpoint.get(name), 100))), None)
    return (
        ", ".join(filter(None, (text(checkpoint.get("city"), 100), text(checkpoint.get("state"), 100), country)))
        or None
    )


_COUNTRIES: Final = ("country_name", "country_region_name", "country_iso3", "country_region")


def _estimate(tracking: Part) -> str | None:
    return next((found for name in ESTIMATES if (found := _date_in(tracking.get(name)))), None)


def _date_in(estimate: object) -> str | None:
    """A text, or an object of them."""
    written = [part(estimate).get(name) for name in ESTIMATED] if isinstance(estimate, dict) else [estimate]
    return next((found for one in written if (found := promise_of(one))), None)
