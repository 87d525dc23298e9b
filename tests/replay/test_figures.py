"""The figures of a replay are what its files say: late is after the promised day's end, and a warning has a lead."""

import pytest

from deploy.local.replay.figures import FILES, Rows, figures_of, first_opened, first_told, is_late, points, warnings

PROMISED = "2017-10-19T02:00:00Z"


def _order(order_id: str, delivered_at: str, promised_until: str = PROMISED) -> dict[str, str]:
    return {
        "placed_at": "2017-10-01T12:00:00Z", "order_id": order_id, "customer_id": "ada", "status": "delivered",
        "promised_until": promised_until, "delivered_at": delivered_at,
    }  # fmt: skip


def _told(order_id: str, at: str, kind: str = "issue_opened", issue_id: str = "delay") -> dict[str, str]:
    return {"order_id": order_id, "ready_at": at, "kind": kind, "state": "sent", "issue_id": issue_id}


@pytest.mark.parametrize(
    ("delivered_at", "late"),
    [
        ("2017-10-19T02:00:00Z", False),
        ("2017-10-19T02:00:01Z", True),
        ("2017-10-18T23:59:59-02:00", False),
        ("", False),
    ],
)
def test_late_is_after_the_end_of_the_promised_day(delivered_at: str, late: bool) -> None:
    assert is_late(_order("o1", delivered_at)) is late


ISSUES = [{"issue_id": "delay", "kind": "delivery_at_risk"}, {"issue_id": "stall", "kind": "fulfilment_stalled"}]
ORDERS = [
    _order("late", "2017-10-21T12:00:00Z"),
    _order("late-unwarned", "2017-10-21T12:00:00Z"),
    _order("in-time", "2017-10-18T12:00:00Z"),
    _order("never", ""),
]


def test_a_warning_counts_for_every_lead_it_kept() -> None:
    messages = [_told("late", "2017-10-16T02:00:00Z"), _told("in-time", "2017-10-17T10:00:00Z")]
    found = warnings(ORDERS, first_told([*messages, _told("never", "2017-10-15T10:00:00Z")], ISSUES))

    assert {lead: (row["right"], row["wrong"], row["open"]) for lead, row in found.items()} == {
        "72_h": (1, 0, 1),
        "48_h": (1, 0, 1),
        "24_h": (1, 1, 1),
    }
    assert found["24_h"]["precision"] == found["24_h"]["recall"] == 0.5
    assert found["24_h"]["false_alarms_per_1000_orders"] == 250


def test_only_the_first_word_about_a_delay_is_a_warning() -> None:
    survey = _told("late", "2017-10-16T10:00:00Z", kind="survey")
    stalled = _told("late", "2017-10-15T10:00:00Z", issue_id="stall")
    told = first_told([_told("late", "2017-10-18T10:00:00Z"), survey, stalled], ISSUES)

    assert [moment.day for moment in told.values()] == [18]


def test_what_was_noticed_is_the_first_issue_of_a_delivery() -> None:
    issues = [
        {"order_id": "o1", "kind": "delivery_late", "opened_at": "2017-10-19T02:00:00Z"},
        {"order_id": "o1", "kind": "delivery_at_risk", "opened_at": "2017-10-17T02:00:00Z"},
        {"order_id": "o2", "kind": "payment_failed", "opened_at": "2017-10-01T02:00:00Z"},
    ]
    assert {order: moment.day for order, moment in first_opened(issues).items()} == {"o1": 17}


def test_points_are_what_was_earned_less_what_was_taken_back() -> None:
    ledger = [
        {"kind": "earned", "points": "10"},
        {"kind": "vested", "points": "7"},
        {"kind": "clawed_back", "points": "3"},
    ]
    found = points([*ledger, {"kind": "goodwill", "points": "100"}], {"points_in_recording": "7"})

    assert (found["pending_plus_vested"], found["equal"]) == (7, True)


def test_a_decision_without_a_cause_is_counted() -> None:
    files: dict[str, Rows] = {name: [] for name in FILES}
    run = {
        "layout": "olist", "storefront_events": "10", "points_in_recording": "0", "facts": "5", "s_until_sent": "2",
        "s_in_all": "3",
    }  # fmt: skip
    decision = {"service": "loyalty", "rule": "earning", "outcome": "earned", "reason": "x", "subject": "o1"}
    figures = figures_of(
        files
        | {"run": [{"name": name, "value": value} for name, value in run.items()]}
        | {"decisions": [decision | {"root": "orders/0/7"}, decision | {"root": ""}]}
    )

    assert figures["decisions_without_cause"] == 1
    assert figures["decisions_per_storefront_event"] == 0.2
    assert figures["storefront_events_per_second"] == 5
