"""Examples of answers, for the OpenAPI document: one late order of Ada's. A test holds each against its schema."""

from typing import Any

ISSUE: dict[str, Any] = {
    "issue_id": "5f1d7c39-58d5-5c1e-9d0f-0d4e62f6a7c1",
    "order_id": "o-17",
    "customer_id": "ada",
    "kind": "delivery_late",
    "severity": "serious",
    "shipment_id": None,
    "line_ids": [],
    "opened_at": "2026-03-10T23:00:00Z",
    "promised_by": "2026-03-10T23:00:00Z",
    "known": "Your order was promised by 10 March 2026 and has not been delivered.",
    "expected_next": "Delivery",
    "expected_by": None,
    "told_by": "2026-03-11T03:00:00Z",
    "evidence": {"promised": "2026-03-10", "last_scan": "in_transit", "place": "Hannover"},
    "resolution": None,
    "resolved_at": None,
}
ORDER: dict[str, Any] = {
    "order_id": "o-17",
    "customer_id": "ada",
    "status": "shipped",
    "placed_at": "2026-03-02T09:00:00Z",
    "promised_until": "2026-03-10T23:00:00Z",
    "delivered_at": None,
    "open_issues": ["delivery_late"],
}
NEXT_CURSOR = "WyIyMDI2LTAzLTAyVDA5OjAwOjAwKzAwOjAwIiwiby0xNyJd"
ORDERS = {"data": [ORDER], "next_cursor": NEXT_CURSOR}
ISSUES = {"data": [ISSUE], "next_cursor": None}
ORDER_IN_FULL = ORDER | {
    "lines": [
        {
            "line_id": "1",
            "title": "The shirt",
            "variant": {"colour": "blue", "size": "M"},
            "quantity": 1,
            "refunded": 0,
            "outstanding": 1,
        }
    ],
    "shipments": [
        {
            "shipment_id": "s-1",
            "announced": True,
            "carrier": "dhl",
            "tracking_number": "00340434161094042557",
            "replaces_shipment_id": None,
            "carries": {"1": 1},
            "status": "in_transit",
            "moved_at": "2026-03-05T16:00:00Z",
            "delivered_at": None,
        }
    ],
    "issues": [ISSUE],
    "deadlines": {},
}
TIMELINE = {
    "order_id": "o-17",
    "customer_id": "ada",
    "status": "shipped",
    "entries": [
        {
            "what": "storefront.shipment-progressed.v1",
            "occurred_at": "2026-03-05T16:00:00Z",
            "said_at": "2026-03-05T16:04:00Z",
            "detected_at": "2026-03-05T16:04:00Z",
            "data": {"customer_id": "ada", "order_id": "o-17", "shipment_id": "s-1", "status": "picked_up",
                     "occurred_at": "2026-03-05T16:00:00Z"},
        },
        {
            "what": "issue-opened delivery_late",
            "occurred_at": "2026-03-10T23:00:00Z",
            "said_at": None,
            "detected_at": "2026-03-10T23:00:00Z",
            "data": {"issue_id": ISSUE["issue_id"], "known": ISSUE["known"], "resolution": None},
        },
    ],
}  # fmt: skip
CUSTOMER = {
    "customer_id": "ada",
    "orders": 3,
    "by_status": {"completed": 2, "shipped": 1},
    "first_order_at": "2025-12-01T18:20:00Z",
    "last_order_at": "2026-03-02T09:00:00Z",
    "issues": 2,
    "open_issues": [ISSUE],
    "purchases": {
        "frequency": 3,
        "orders": 3,
        "first_on": "2025-12-01",
        "last_on": "2026-03-02",
        "recency_days": 9,
        "average_gap_days": 45.5,
        "value": [{"currency": "EUR", "confirmed_minor": 14_970, "refunded_minor": 2_000, "net_minor": 12_970}],
    },
    "stage": "active",
    "stage_since": "2026-01-15T12:00:00Z",
    "milestones": [{"milestone": "first_order", "number": 1, "reached_at": "2025-12-01T18:20:00Z"}],
    "looks_again_at": "2026-05-09T22:00:00Z",
    "first_contact": {"contact_id": "c-1", "occurred_at": "2026-03-08T09:00:00Z", "topic": "late"},
    "erased_at": None,
}
_CONDITIONS: list[dict[str, Any]] = [
    {"condition": "order_known", "reason": None, "words": "The order itself was said."},
    {
        "condition": "shown",
        "reason": "likely_in_time",
        "words": "It is not so (likely in time; late_milli 186, raw_milli 203, bar_milli 641; numbers of 2026-03-07): "
        "By what is known before the promise ends, it will probably not be kept.",
    },
]
_NOT_SHOWN: dict[str, Any] = {
    "condition": "shown",
    "reason": "not_shown",
    "words": "It is not so: By what is known before the promise ends, it will probably not be kept.",
}
WHY_NOT: dict[str, Any] = {
    "order_id": "o-17",
    "kind": "delivery_at_risk",
    "state": "not_opened",
    "issue_ids": [],
    "would_open_it": "By what is known before the promise ends, it will probably not be kept.",
    "now": {
        "at": "2026-03-10T08:00:00Z",
        "opens": False,
        "reason": "not_shown",
        "words": _NOT_SHOWN["words"],
        "conditions": [_CONDITIONS[0], _NOT_SHOWN],
    },
    "last_look": {
        "at": "2026-03-09T19:00:00Z",
        "opens": False,
        "reason": "likely_in_time",
        "words": _CONDITIONS[1]["words"],
        "conditions": _CONDITIONS,
    },
    "next_look": None,
}
DISRUPTION_ID = "8c2f4a50-3f0e-5a37-9a5e-3b1a5f6f8e21"
_STATEMENT: dict[str, Any] = {
    "said_at": "2026-03-05T07:30:00Z",
    "actor": "care:eve",
    "known": "DHL is on strike in Berlin; parcels wait in the depots.",
    "severity": "serious",
    "expected_next": "Deliveries begin again",
    "expected_end_at": "2026-03-07T23:00:00Z",
    "over": None,
}
DISRUPTION: dict[str, Any] = {
    "disruption_id": DISRUPTION_ID,
    "concerns": {
        "carrier": "dhl",
        "country": "DE",
        "region": None,
        "postcode_prefix": "10",
        "warehouse_id": None,
        "sku": None,
    },
    "begins_at": "2026-03-05T07:30:00Z",
    "over_at": None,
    "statements": [_STATEMENT],
}
DISRUPTIONS = {"data": [DISRUPTION], "next_cursor": None}
DISRUPTION_IN_FULL = DISRUPTION | {"issues_opened": 412, "issues_open": 396, "calling": False}
DECLARED = {"dry_run": False, "orders": 412, "customers": 405, "disruption": DISRUPTION}
POLICY_TRIAL = {
    "since": "2026-02-09T08:00:00Z",
    "until": "2026-03-11T08:00:00Z",
    "orders": 540,
    "running": {
        "opened": {"delivery_at_risk": 31, "delivery_late": 17},
        "resolved": {"delivery_at_risk": 29, "delivery_late": 12},
        "people_told": 38,
    },
    "tried": {
        "opened": {"delivery_at_risk": 22, "delivery_late": 17},
        "resolved": {"delivery_at_risk": 21, "delivery_late": 12},
        "people_told": 33,
    },
    "differences": [
        {
            "order_id": "o-17",
            "kind": "delivery_at_risk",
            "subject": "o-17",
            "running_at": "2026-03-08T23:00:00Z",
            "tried_at": None,
        }
    ],
}
POLICY = {"version": "1", "values": {"return_window": "P14D", "warning_lead": "P2D", "order_milestones": [5, 10]}}
