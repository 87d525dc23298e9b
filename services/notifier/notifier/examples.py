"""Examples of what the notifier answers, for the OpenAPI document."""

from typing import Any

MESSAGE: dict[str, Any] = {
    "message_id": "1f0f6a0e-58f3-5c55-8a33-1f0f3f0f2a77",
    "customer_id": "ada",
    "kind": "issue_opened",
    "purpose": "service",
    "channel": "email",
    "state": "held",
    "reason": "quiet_hours",
    "remedy": "It goes out when the quiet hours on the customer's clock are over.",
    "order_id": "o-17",
    "issue_id": "9a9f1a57-6e0d-5a52-9d1c-0f6b4f2a7c11",
    "invitation_id": None,
    "broadcast_id": None,
    "intended_at": "2026-03-10T23:00:00Z",
    "expires_at": "2026-03-24T23:00:00Z",
    "told_by": "2026-03-11T11:00:00Z",
    "held_until": "2026-03-11T07:00:00Z",
    "ready_at": None,
    "attempts": 0,
    "inside": None,
}
MESSAGES = {"data": [MESSAGE], "next_cursor": None}
PERSON: dict[str, Any] = {
    "customer_id": "ada",
    "erased": False,
    "email": "a***@example.org",
    "given_name": "A***",
    "locale": "de",
    "zone": "Europe/Berlin",
    "consents": [
        {
            "channel": "email",
            "purpose": "marketing",
            "given": True,
            "evidence": "checkout form, version 7",
            "said_at": "2026-03-01T10:00:00Z",
        }
    ],
}
TOLD: dict[str, Any] = {
    "issues": 120,
    "told": 110,
    "told_in_time": 108,
    "not_told": 4,
    "waiting": 6,
    "orders": {
        "orders": 104, "told": 98, "asked": 21, "before_contact": 93, "before_promise": 88, "before_both": 85,
    },
    "kinds": [
        {"kind": "delivery_late", "issues": 31, "told": 30, "p50_s": 301.2, "p95_s": 39_600.0, "p99_s": 41_310.5},
    ],
}  # fmt: skip
POLICY: dict[str, Any] = {
    "version": "2026-11",
    "values": {"group_window": "PT300S", "tiers": ["silver", "gold"]},
    "quiet_hours": {"*": {"issue": {"begins": "21:00:00", "ends": "08:00:00", "closed": []}}},
}
