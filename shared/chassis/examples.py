"""Examples of what every service answers, for the OpenAPI document."""

from typing import Any

DECISION: dict[str, Any] = {
    "customer_id": "ada",
    "subject": "5f1d7c39-58d5-5c1e-9d0f-0d4e62f6a7c1",
    "rule": "delivery_late",
    "version": "1",
    "outcome": "opened",
    "reason": "promise_ended",
    "at": "2026-03-10T23:00:00Z",
    "cause_kind": "deadline",
    "cause_id": "0b0f6f0e-3f1d-5d39-9a0c-1c1f5f3f9a11",
    "root_id": "b2f7c0de-6a51-4a86-8f0a-54b4a61de2f7",
    "correlation_id": "b2f7c0de-6a51-4a86-8f0a-54b4a61de2f7",
    "detail": {"order_id": "o-17", "promised_by": "2026-03-10T23:00:00+00:00"},
}
DECISIONS = {"data": [DECISION], "next_cursor": None}
DECISION_COUNTS = [{"rule": "delivery_late", "outcome": "opened", "reason": "promise_ended", "number": 12}]
POSITIONS = [
    {
        "topic": "storefront.orders",
        "partition": 0,
        "next_offset": 1_204,
        "settled_at": "2026-03-10T23:00:00Z",
        "consumed": 1_204,
        "applied": 1_180,
        "duplicate": 23,
        "parked": 1,
        "ignored": 0,
    }
]
PARKED_ROW: dict[str, Any] = {
    "parked_id": 7,
    "topic": "storefront.orders",
    "partition": 0,
    "offset": 311,
    "reason": "bad_promise",
    "detail": "'2026-02-30' is no date",
    "customer_id": "ada",
    "event_id": "b2f7c0de-6a51-4a86-8f0a-54b4a61de2f7",
    "attempts": 1,
    "state": "parked",
    "parked_at": "2026-03-02T09:00:01Z",
    "value_base64": None,
    "bytes_at": None,
}
PARKED = {"data": [PARKED_ROW], "next_cursor": None}
BLOCKED = {
    "data": [
        {
            "customer_id": "ada",
            "blocked_at": "2026-03-02T09:00:01Z",
            "blocked_reason": "fold_failed",
            "blocked_by": "b2f7c0de-6a51-4a86-8f0a-54b4a61de2f7",
            "waiting": 3,
        }
    ],
    "next_cursor": None,
}
REDRIVEN = {"dry_run": True, "customers": 1, "applied": 4, "refused": 0, "reasons": {}}
AUDITS = {
    "data": [
        {
            "audit_id": 41,
            "at": "2026-03-02T09:00:01Z",
            "client": "key:4f1d22c90b7e6a35",
            "client_name": "care desk",
            "action": "POST /v1/parked/{parked_id}/discard",
            "subject": "7",
            "on_behalf_of": None,
            "customer_id": None,
        }
    ],
    "next_cursor": None,
}
