"""What AfterShip's checkpoints say, one by one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.storefront import ShipmentProgressed, ShipmentStatus
from orders_listener.ingest.aftership import SUBTAGS, TAGS, heard, meaning_of
from orders_listener.ingest.hooks import BadHook, Ignored, OfParcel
from orders_listener.timelines import OrderStatus
from tests.orders_listener.ingest.bodies import TOPICS, any_body
from tests.orders_listener.ingest.telling import events_of, facts_of, hook, survives, told
from tests.orders_listener.shop import paid, placed, shipment

HOOKED = 1_773_200_000
"""2026-03-11, 03:33 UTC."""


def checkpoint(at: str | None, subtag: str, **more: Any) -> dict[str, Any]:
    place = {"city": "Köln", "state": None, "country_name": "Germany", "zip": "50667", "location": "Domkloster 4"}
    return {"checkpoint_time": at, "tag": subtag.partition("_")[0], "subtag": subtag, "slug": "dhl", **place, **more}


def tracking(*checkpoints: dict[str, Any], event: str = "tracking_update", **more: Any) -> dict[str, Any]:
    """A hook as AfterShip sends it: its tag is that of the last checkpoint."""
    last = checkpoints[-1] if checkpoints else {"tag": "Pending", "subtag": "Pending_001"}
    known = {
        "tracking_number": "JD0146",
        "slug": "dhl",
        "tag": last["tag"],
        "subtag": last["subtag"],
        "order_number": "#1001",
        "checkpoints": list(checkpoints),
    }
    return {"event": event, "event_id": "e-1", "is_tracking_first_tag": True, "ts": HOOKED, "msg": known | more}


LABEL = checkpoint("2026-03-03", "InfoReceived_001")
PICKED_UP = checkpoint("2026-03-03T18:00:00", "InTransit_002")
HUB = checkpoint("2026-03-04T04:00:00+01:00", "InTransit_007")
VAN = checkpoint("2026-03-05T07:30:00Z", "OutForDelivery_001")
DOOR = checkpoint("2026-03-05T12:00:00+01:00", "Delivered_003", message="Signed by A. Lovelace")
JOURNEY = (LABEL, PICKED_UP, HUB, VAN, DOOR)
BEGINNING = (placed(), paid(), shipment(placed().placed_at))


def scans_of(body: dict[str, Any]) -> list[ShipmentProgressed]:
    answer = heard(hook(body["event"], body))
    return [fact for fact in facts_of(answer) if isinstance(fact, ShipmentProgressed)]


def test_every_checkpoint_is_said_in_whatever_form_its_time_is_written() -> None:
    answer = heard(hook("tracking_update", tracking(*JOURNEY)))
    assert not isinstance(answer, Ignored)
    assert {saying.of for saying in answer} == {OfParcel("dhl", "JD0146")}
    assert [(fact.occurred_at, fact.status) for fact in scans_of(tracking(*JOURNEY))] == [
        (datetime(2026, 3, 3, tzinfo=UTC), "label_created"),
        (datetime(2026, 3, 3, 18, tzinfo=UTC), "picked_up"),
        (datetime(2026, 3, 4, 3, tzinfo=UTC), "in_transit"),
        (datetime(2026, 3, 5, 7, 30, tzinfo=UTC), "out_for_delivery"),
        (datetime(2026, 3, 5, 11, tzinfo=UTC), "delivered"),
    ]


def test_a_checkpoint_without_a_time_has_that_of_its_writing_or_is_not_said() -> None:
    written = checkpoint("", "InTransit_003", created_at="2026-03-04T05:00:00+00:00")
    assert [fact.occurred_at.hour for fact in scans_of(tracking(written, checkpoint(None, "InTransit_003")))] == [5]


def test_a_parcel_followed_by_hooks_has_the_timeline_of_its_checkpoints() -> None:
    hooks = [hook("tracking_update", tracking(*JOURNEY[:end]), key=f"e-{end}") for end in range(1, 6)]
    timeline = told(*BEGINNING, *(event for one in hooks for event in events_of(heard, one))).timeline
    assert timeline.standing.status == OrderStatus.delivered
    assert len(timeline.entries) == len(BEGINNING) + len(JOURNEY), "what later hooks repeat counts once"


@pytest.mark.parametrize(
    ("fields", "estimate"),
    [
        ({"expected_delivery": "2026-03-06"}, "2026-03-06"),
        ({"expected_delivery": "2026-03-06T00:00:00"}, "2026-03-06"),
        ({"expected_delivery": ""}, None),
        ({"expected_delivery": "2026-03-06", "latest_estimated_delivery": None}, "2026-03-06"),
        (
            {"latest_estimated_delivery": {"type": "specific", "datetime": "2026-03-07", "datetime_max": None}},
            "2026-03-07",
        ),
        (
            {
                "expected_delivery": "2026-03-05",
                "latest_estimated_delivery": {
                    "type": "range",
                    "datetime": "2026-03-07",
                    "datetime_min": "2026-03-06T09:00:00+01:00",
                    "datetime_max": "2026-03-08T20:00:00+01:00",
                },
            },
            "2026-03-08T19:00:00Z",
        ),
        ({"courier_estimated_delivery_date": {"estimated_delivery_date": "2026-03-09"}}, "2026-03-09"),
    ],
)
def test_a_revised_estimate_goes_with_the_first_scan_on_the_way(fields: dict[str, Any], estimate: str | None) -> None:
    facts = scans_of(tracking(LABEL, PICKED_UP, HUB, event="edd_revise", **fields))
    assert [fact.estimated_delivery_at for fact in facts] == [None, estimate, None]


@pytest.mark.parametrize(
    ("tag", "subtag", "ours"),
    [
        ("InfoReceived", "InfoReceived_001", "label_created"),
        ("InTransit", "InTransit_001", "in_transit"),
        ("InTransit", "InTransit_002", "picked_up"),
        ("InTransit", "InTransit_013", "in_transit"),
        ("InTransit", None, "in_transit"),
        ("OutForDelivery", "OutForDelivery_004", "out_for_delivery"),
        ("AttemptFail", "AttemptFail_003", "attempt_failed"),
        ("Delivered", "Delivered_005", "delivered"),
        ("AvailableForPickup", "AvailableForPickup_001", "available_for_pickup"),
        ("Exception", "Exception_001", "exception"),
        ("Exception", "Exception_004", "delayed"),
        ("Exception", "Exception_006", "held"),
        ("Exception", "Exception_010", "returning"),
        ("Exception", "Exception_011", "returned"),
        ("Exception", "Exception_012", "damaged"),
        ("Exception", "Exception_013", "lost"),
        ("Exception", "Exception_017", "delayed"),
        ("Exception", "Exception_021", "exception"),
        ("Exception", "", "exception"),
        (None, "Exception_012", "damaged"),
        ("Expired", "Expired_001", "stale"),
        ("Pending", "Pending_001", None),
        ("Teleported", "Teleported_001", None),
        (None, None, None),
    ],
)
def test_a_tag_has_one_meaning(tag: str | None, subtag: str | None, ours: str | None) -> None:
    meaning = meaning_of({"tag": tag, "subtag": subtag})
    assert (meaning and meaning.status) == ours


def test_every_subtag_belongs_to_a_tag() -> None:
    assert {subtag.partition("_")[0] for subtag in SUBTAGS} <= TAGS.keys()


def test_a_tracking_that_expired_says_so_once_at_its_own_time() -> None:
    expired = tracking(LABEL, PICKED_UP, tag="Expired", subtag="Expired_001")
    last = scans_of(expired)[-1]
    assert (last.status, last.occurred_at) == (ShipmentStatus.stale, datetime.fromtimestamp(HOOKED, UTC))
    revised = tracking(LABEL, PICKED_UP, tag="Expired", subtag="Expired_001", event="edd_revise", ts=HOOKED + 60)
    assert scans_of(revised)[-1].status == ShipmentStatus.picked_up


def test_a_tracking_marked_as_delivered_by_hand_is_delivered() -> None:
    timeline = told(
        *BEGINNING, *events_of(heard, hook("tracking_update", tracking(VAN, tag="Delivered", subtag="Delivered_001")))
    ).timeline
    assert timeline.standing.status == OrderStatus.delivered
    assert timeline.standing.delivered_at == datetime.fromtimestamp(HOOKED, UTC)


def test_nobody_who_signed_and_no_door_is_passed_on() -> None:
    said = repr(heard(hook("tracking_update", tracking(*JOURNEY, customers=[{"name": "A. Lovelace"}]))))
    assert not any(private in said for private in ("Lovelace", "Domkloster", "50667"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (tracking(LABEL, event="return.submitted"), "topic_not_used"),
        (tracking(event="tracking_pending_time"), "nothing_seen_yet"),
        (tracking(tag=None, subtag=None), "nothing_seen_yet"),
        (tracking(tag="Teleported", subtag=""), "status_unknown"),
        (tracking(checkpoint("", "InTransit_003"), event="edd_revise"), "no_scan_with_a_time"),
        (tracking(checkpoint("2026-03-22", "InTransit_003"), event="edd_revise"), "no_scan_with_a_time"),
    ],
)
def test_nothing_follows_for_a_reason(body: dict[str, Any], reason: str) -> None:
    assert heard(hook(body["event"], body)) == Ignored(reason)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", {}, {"msg": []}, tracking(LABEL, tracking_number="")])
def test_a_body_that_names_no_parcel_is_refused(body: object) -> None:
    with pytest.raises(BadHook):
        heard(hook("tracking_update", body))


@given(
    st.sampled_from(TOPICS),
    any_body(tracking(*JOURNEY, expected_delivery="", latest_estimated_delivery={"datetime": ""})),
)
def test_no_body_breaks_it(topic: str, body: object) -> None:
    survives(heard, hook(topic, body))
