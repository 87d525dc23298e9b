"""What EasyPost's trackers say, scan by scan."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.storefront import ShipmentProgressed
from contracts.vocabulary import IssueKind
from orders_listener.ingest.easypost import DETAILS, OPEN, SILENT, STATUSES, heard, meaning_of
from orders_listener.ingest.hooks import BadHook, Ignored, OfParcel
from orders_listener.ingest.scans import MOST_SCANS
from orders_listener.timelines import OrderStatus
from tests.orders_listener.ingest.bodies import TOPICS, any_body
from tests.orders_listener.ingest.telling import events_of, facts_of, hook, survives, told
from tests.orders_listener.shop import paid, placed, shipment


def scan(at: str | None, status: str, detail: str | None = None, **more: Any) -> dict[str, Any]:
    location = {"object": "TrackingLocation", "city": "LEIPZIG", "state": None, "country": "DE", "zip": "04103"}
    return {"datetime": at, "status": status, "status_detail": detail, "tracking_location": location, **more}


def tracker(*scans: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A tracker as EasyPost sends it: its status is that of the last scan."""
    last = scans[-1] if scans else {"status": "unknown", "status_detail": "unknown"}
    known = {
        "object": "Tracker",
        "tracking_code": "JD0146",
        "carrier": "DHLExpress",
        "status": last["status"],
        "status_detail": last["status_detail"],
        "updated_at": "2026-03-05T08:00:00Z",
        "est_delivery_date": None,
        "tracking_details": list(scans),
    }
    return {"object": "Event", "id": "evt_1", "description": "tracker.updated", "result": known | more}


LABEL = scan("2026-03-03T10:00:00Z", "pre_transit", "label_created")
PICKED_UP = scan("2026-03-03T18:00:00Z", "in_transit", "received_at_origin_facility")
HUB = scan("2026-03-04T03:00:00Z", "in_transit", "departed_facility")
VAN = scan("2026-03-05T07:30:00Z", "out_for_delivery", "out_for_delivery")
DOOR = scan("2026-03-05T11:00:00Z", "delivered", "arrived_at_destination", message="Signed by A. Lovelace")
JOURNEY = (LABEL, PICKED_UP, HUB, VAN, DOOR)
BEGINNING = (placed(), paid(), shipment(placed().placed_at))


def scans_of(body: dict[str, Any]) -> list[ShipmentProgressed]:
    answer = heard(hook("tracker.updated", body))
    return [fact for fact in facts_of(answer) if isinstance(fact, ShipmentProgressed)]


def test_every_scan_is_said_of_the_parcel_under_the_carriers_one_name() -> None:
    answer = heard(hook("tracker.updated", tracker(*JOURNEY)))
    assert not isinstance(answer, Ignored)
    assert {saying.of for saying in answer} == {OfParcel("dhl", "JD0146")}
    statuses = ["label_created", "in_transit", "in_transit", "out_for_delivery", "delivered"]
    assert [fact.status for fact in scans_of(tracker(*JOURNEY))] == statuses
    assert {fact.place for fact in scans_of(tracker(*JOURNEY))} == {"LEIPZIG, DE"}


def test_a_parcel_followed_by_hooks_has_the_timeline_of_its_scans() -> None:
    hooks = [hook("tracker.updated", tracker(*JOURNEY[:end]), key=f"evt_{end}") for end in range(1, 6)]
    timeline = told(*BEGINNING, *(event for one in hooks for event in events_of(heard, one))).timeline
    assert timeline.standing.status == OrderStatus.delivered
    assert [entry.occurred_at for entry in timeline.entries[-5:]] == [
        fact.occurred_at for fact in scans_of(tracker(*JOURNEY))
    ]
    assert len(timeline.entries) == len(BEGINNING) + len(JOURNEY), "what later hooks repeat counts once"


def test_a_later_estimate_is_one_fact_more_and_the_same_again_is_none() -> None:
    days = ["2026-03-06T00:00:00Z", "2026-03-06T00:00:00Z", "2026-03-07T00:00:00Z"]
    bodies = [tracker(*JOURNEY[: 2 + place], est_delivery_date=day) for place, day in enumerate(days)]
    hooks = [hook("tracker.updated", body, key=f"evt_{place}") for place, body in enumerate(bodies)]
    timeline = told(*BEGINNING, *(event for one in hooks for event in events_of(heard, one))).timeline
    entries = [entry.fact for entry in timeline.entries if isinstance(entry.fact, ShipmentProgressed)]
    assert [fact.estimated_delivery_at for fact in entries if fact.estimated_delivery_at] == [
        "2026-03-06",
        "2026-03-07",
    ]
    assert len(entries) == len(JOURNEY[:4]) + 1


def test_the_day_at_the_destination_is_the_estimate() -> None:
    local = {"est_delivery_date_local": "2026-03-07", "est_delivery_time_local": "18:00:00"}
    body = tracker(PICKED_UP, est_delivery_date="2026-03-08T02:00:00Z", carrier_detail=local)
    assert [fact.estimated_delivery_at for fact in scans_of(body)] == ["2026-03-07"]


@pytest.mark.parametrize(
    ("status", "detail", "message", "ours"),
    [
        ("pre_transit", "awaiting_information", None, "label_created"),
        ("in_transit", "arrived_at_facility", None, "in_transit"),
        ("in_transit", "a detail of tomorrow", None, "in_transit"),
        ("in_transit", None, None, "in_transit"),
        ("in_transit", "damaged", None, "damaged"),
        ("in_transit", "weather_delay", None, "delayed"),
        ("in_transit", "missorted", None, "delayed"),
        ("in_transit", "held", "Clearance in progress", "held"),
        ("in_transit", "awaiting_information", None, "held"),
        ("in_transit", "refused", None, "exception"),
        ("in_transit", "return", None, "returning"),
        ("in_transit", "address_correction", None, "in_transit"),
        ("failure", "address_correction", None, "exception"),
        ("failure", "lost", None, "lost"),
        ("failure", "damaged", None, "damaged"),
        ("failure", "failure", None, "exception"),
        ("failure", None, "Delivery Attempted - No Access to Delivery Location", "attempt_failed"),
        ("failure", "delivery_exception", "Notice Left (No Authorized Recipient Available)", "attempt_failed"),
        ("failure", "weather_delay", "Local weather delay - delivery not attempted", "delayed"),
        ("in_transit", "delivery_exception", None, "exception"),
        ("in_transit", "delivery_exception", "Delivery attempted", "attempt_failed"),
        ("in_transit", "departed_facility", "Second attempt to sort", "in_transit"),
        ("available_for_pickup", "held", None, "available_for_pickup"),
        ("delivered", "damaged", None, "delivered"),
        ("return_to_sender", "refused", None, "returning"),
        ("error", "expired", None, "stale"),
        ("unknown", "unknown", None, None),
        ("error", "unknown", None, None),
        ("cancelled", "cancelled", None, None),
        ("teleported", "damaged", None, None),
        (None, None, None, None),
    ],
)
def test_a_status_has_one_meaning(
    status: str | None, detail: str | None, message: str | None, ours: str | None
) -> None:
    meaning = meaning_of({"status": status, "status_detail": detail, "message": message})
    assert (meaning and meaning.status) == ours


def test_every_documented_status_is_known_and_every_detail_is_needed() -> None:
    assert len(STATUSES.keys() | SILENT.keys()) == 10
    assert STATUSES.keys() | SILENT.keys() >= OPEN
    for detail, meaning in DETAILS.items():
        assert meaning_of({"status": "failure", "status_detail": detail}) == meaning


def test_a_parcel_delivered_after_it_was_sent_back_is_with_the_sender() -> None:
    back = scan("2026-03-06T11:00:00Z", "return_to_sender", "return")
    home = scan("2026-03-09T11:00:00Z", "delivered", "arrived_at_destination")
    result = told(*BEGINNING, *events_of(heard, hook("tracker.updated", tracker(PICKED_UP, back, home))))
    assert result.timeline.standing.status == OrderStatus.shipped
    assert [issue.kind for issue in result.timeline.issues.values() if issue.is_open] == [IssueKind.returned_to_sender]


def test_a_damaged_parcel_opens_its_issue() -> None:
    body = tracker(PICKED_UP, scan("2026-03-19T11:00:00Z", "failure", "damaged"))
    result = told(*BEGINNING, *events_of(heard, hook("tracker.updated", body)))
    assert "opened damaged" in result.troubles


def test_nobody_who_signed_is_passed_on() -> None:
    answer = heard(hook("tracker.updated", tracker(*JOURNEY, signed_by="A. Lovelace")))
    assert "Lovelace" not in repr(answer)
    assert "04103" not in repr(answer)


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("tracker.deleted", tracker(PICKED_UP), "topic_not_used"),
        ("batch.created", {"result": {}}, "topic_not_used"),
        ("", {}, "topic_not_used"),
        ("tracker.created", tracker(), "nothing_seen_yet"),
        ("tracker.updated", tracker(status="cancelled"), "label_cancelled"),
        ("tracker.updated", tracker(status="error"), "tracking_error"),
        ("tracker.updated", tracker(status="teleported"), "status_unknown"),
        ("tracker.updated", tracker(status="in_transit", updated_at=None), "no_scan_with_a_time"),
        ("tracker.updated", tracker(scan("2026-03-22T12:00:00Z", "in_transit")), "no_scan_with_a_time"),
        ("tracker.updated", tracker(PICKED_UP, is_return=True), "return_label"),
    ],
)
def test_nothing_follows_for_a_reason(topic: str, body: dict[str, Any], reason: str) -> None:
    assert heard(hook(topic, body)) == Ignored(reason)


def test_of_a_history_without_end_the_newest_scans_are_said() -> None:
    body = tracker(
        *(scan(f"2026-03-{1 + number // 24:02}T{number % 24:02}:00:00Z", "in_transit") for number in range(120))
    )
    hours = [fact.occurred_at.day * 24 + fact.occurred_at.hour - 24 for fact in scans_of(body)]
    assert hours == list(range(120 - MOST_SCANS, 120))


def test_a_tracker_without_scans_is_where_it_says() -> None:
    body = tracker(status="available_for_pickup", status_detail="arrived_at_pickup_location")
    assert [(fact.status, fact.occurred_at.hour) for fact in scans_of(body)] == [("available_for_pickup", 8)]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'"x"', {}, {"result": None}, tracker(PICKED_UP, tracking_code=None)]
)
def test_a_body_that_names_no_parcel_is_refused(body: object) -> None:
    with pytest.raises(BadHook):
        heard(hook("tracker.updated", body))


@given(
    st.sampled_from(TOPICS),
    any_body(tracker(*JOURNEY, is_return=False, carrier_detail={"est_delivery_date_local": ""})),
)
def test_no_body_breaks_it(topic: str, body: object) -> None:
    survives(heard, hook(topic, body))
