"""What the words of each kind of message may use: the names, a sample of each, and which of them may be missing.

Owns what a catalogue is checked against at start, and what the preview shows. Must not know any language.
"""

from typing import Any

from msgspec import Struct

from contracts.vocabulary import IssueKind
from notifier.kinds import KINDS

OPENED, WORSE, RESOLVED = "issue_opened", "issue_worse", "issue_resolved"
PARTS = ("subject", "happened", "doing", "you")
"""What every message says: in a line, what happened, what we do, what the reader can do."""
SUMS = ("shipping", "tax", "total")
"""The words before each amount under the list of articles."""
OPTIONAL_PARTS = ("action", "short", "goods", *SUMS)
"""The words on the button; what is said where there is little room; what stands above the list of articles; sums."""
ACTIONS = frozenset({"survey"})
"""Kinds that ask for something, and so need words on the button."""


GIVEN_WHOLE = frozenset({"note", "offer"})
"""Kinds that others write: what happened, what we do and what the reader can do come with them, as plain text."""


class Material(Struct, frozen=True, kw_only=True):
    """What one entry of a catalogue has to work with."""

    sample: dict[str, Any]
    """Everything that there can be, as an example."""
    missing: frozenset[str] = frozenset()
    """Of it, what may be unknown (None)."""

    @property
    def names(self) -> frozenset[str]:
        """Whatever sentences may name."""
        return frozenset(self.sample)

    @property
    def samples(self) -> tuple[dict[str, Any], ...]:
        """With everything known, and with nothing known that may be unknown."""
        bare = {name: None if name in self.missing else value for name, value in self.sample.items()}
        return (self.sample, bare) if self.missing else (self.sample,)


def key_of(kind: str, issue_kind: str | None) -> str:
    """The entry of a catalogue that says it: the opening of an issue has one for each kind of issue."""
    return f"{kind}.{issue_kind}" if kind == OPENED else kind


_PERSON = {"given_name": "Ada", "shop": "Corner & Co", "reply": "reply to this message"}
_MAYBE_PERSON = {"given_name"}
_ORDER = {"order_id": "o-1048"}
_PROMISED_BY = "2026-10-06T00:00:00+02:00"
_EXPECTED_BY = "2026-10-10T00:00:00+02:00"
_OF_EVERY_ISSUE = {
    "severity": "serious", "promised_by": _PROMISED_BY, "expected_by": _EXPECTED_BY, "promised": "2026-10-05",
}  # fmt: skip
_SINCE = {"since": "2026-10-01T09:12:00+00:00"}
_SCAN = {"carrier": "DHL", "last_scan_at": "2026-10-02T16:40:00+00:00", "tracking_number": "00340434161094042557"}
_MONEY = {"amount_minor": 5_990, "currency": "EUR"}
_REFUND = _MONEY | {"way": "as_paid", "refund_by": "2026-10-10T00:00:00+02:00"}
_OF_ISSUES: dict[IssueKind, dict[str, Any]] = {
    IssueKind.payment_failed: _MONEY,
    IssueKind.item_unavailable: {"title": "Blue kettle, 1.7 l", "reason": "backordered"},
    IssueKind.item_substituted: {"title": "Rain jacket", "ordered": "blue, M", "sent": "green, M"},
    IssueKind.item_missing: {"title": "Desk lamp", "missing": 1, "pieces": 2},
    IssueKind.fulfilment_stalled: _SINCE | {"due_at": "2026-10-02T00:00:00+02:00"},
    IssueKind.pickup_stalled: _SINCE | _SCAN,
    IssueKind.transit_stalled: _SINCE | _SCAN,
    IssueKind.delivery_at_risk: _SCAN | {"reasons": ["usually_there", "slow_region"]},
    IssueKind.delivery_late: _SCAN | {"in_part": None},
    IssueKind.attempt_failed: _SCAN,
    IssueKind.awaiting_pickup: _SINCE | _SCAN,
    IssueKind.held: _SINCE | _SCAN,
    IssueKind.damaged: _SCAN,
    IssueKind.lost: _SINCE | _SCAN,
    IssueKind.returned_to_sender: _SINCE | _SCAN,
    IssueKind.refund_overdue: _SINCE | {"reason": "returned"} | _MONEY,
    IssueKind.disruption: _SINCE | {"declared": "Snow has closed the motorways around Munich."},
}
OPENING = {part: f"… {part} of the opening …" for part in PARTS}
"""Of an issue that got worse or is over: how its opening was said."""
_SAID = {
    "happened": "The kettle that you asked about is here.",
    "doing": "We keep it for you until Friday.",
    "you": "Come by whenever you like.",
}
_OTHERS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "order_confirmed": (
        _ORDER
        | {"pieces": 3, "total_minor": 5_990, "shipping_minor": 490, "currency": "EUR", "promised_by": _PROMISED_BY},
        {"promised_by", "shipping_minor"},
    ),
    "order_shipped": (
        _ORDER
        | {"carrier": "DHL", "promised_by": _PROMISED_BY, "rest_follows": True}
        | {"tracking_number": _SCAN["tracking_number"]},
        {"carrier", "promised_by", "rest_follows", "tracking_number"},
    ),
    "order_delivered": (_ORDER | {"late": True}, set()),
    "order_cancelled": (
        _ORDER | {"by": "shop", "reason": "out_of_stock", "settled": None, "refund_by": _EXPECTED_BY} | _MONEY,
        {"reason", "settled", "refund_by", *_MONEY},
    ),
    "order_refunded": (_ORDER | _REFUND, {"way", "refund_by"}),
    WORSE: (_ORDER | _OF_EVERY_ISSUE | {"issue_kind": "lost", "opening": OPENING}, set(_OF_EVERY_ISSUE)),
    RESOLVED: (
        _ORDER | _OF_EVERY_ISSUE | _REFUND | {"issue_kind": "lost", "resolution": "delivered"},
        {*_OF_EVERY_ISSUE, *_REFUND, "resolution"},
    ),
    "survey": (_ORDER | {"survey": "nps"}, {"order_id"}),
    "points_earned": (_ORDER | {"points": 59, "available_points": 0}, {"order_id"}),
    "points_vested": (_ORDER | {"points": 59, "available_points": 159}, {"order_id"}),
    "goodwill_granted": (
        _ORDER | {"points": 100, "available_points": 159, "because": "delivery_late"}, {"order_id", "because"},
    ),
    "tier_reached": ({"tier": "Silver"}, set()),
    "birthday": ({}, set()),
    "anniversary": ({"years": 3}, set()),
    "note": (_ORDER | _SAID | {"title": "Your kettle is here"}, {"order_id", "doing", "you"}),
    "offer": (_SAID | {"title": "New kettles are here"}, {"doing", "you"}),
}  # fmt: skip


def _materials() -> dict[str, Material]:
    found = {}
    for issue_kind, own in _OF_ISSUES.items():
        sample = _PERSON | _ORDER | _OF_EVERY_ISSUE | own
        found[key_of(OPENED, issue_kind)] = Material(
            sample=sample, missing=frozenset({*own, *_OF_EVERY_ISSUE} | _MAYBE_PERSON)
        )
    for kind, (content, missing) in _OTHERS.items():
        found[kind] = Material(sample=_PERSON | content, missing=frozenset(missing | _MAYBE_PERSON))
    return found


MATERIALS = _materials()
"""By the key of a catalogue's entry."""
_OPENINGS = tuple(key_of(OPENED, kind) for kind in IssueKind)
ASKED_FOR = tuple(key for kind in KINDS for key in (_OPENINGS if kind == OPENED else (kind,)))
"""Entries that English has to have: one for everything that can be said."""
TRACKED = frozenset(
    {
        "order_shipped",
        *(key_of(OPENED, kind) for kind, sample in _OF_ISSUES.items() if "tracking_number" in sample),
    }
)
"""Entries about a parcel: who has the carrier's page of it can look there."""
NAMES_GOODS = frozenset(
    {
        "order_confirmed", "order_shipped", "order_delivered", "order_cancelled", "order_refunded", *TRACKED,
        key_of(OPENED, IssueKind.payment_failed), key_of(OPENED, IssueKind.fulfilment_stalled),
    }
)  # fmt: skip
"""Entries beside which the articles are listed, under the words of their part `goods`."""
FRAME: dict[str, frozenset[str]] = {
    "hello": frozenset({"given_name"}),
    "hello_nobody": frozenset(),
    "sorry": frozenset(),
    "about_order": frozenset({"order_id"}),
    "preferences": frozenset(),
    "also": frozenset(),
    "also_order": frozenset({"order_id"}),
    "also_doing": frozenset(),
    "reply": frozenset(),
    "write": frozenset({"address"}),
    "more": frozenset({"more"}),
    "bye": frozenset({"shop"}),
    "link": frozenset({"words"}),
    "day": frozenset(),
    "first": frozenset(),
    "clock": frozenset(),
    "day_and_clock": frozenset({"day", "clock"}),
}
"""What stands around the sentences of every message, and what it may name."""
FRAME_SAMPLE = _PERSON | _ORDER | {"address": "hello@shop.example", "more": 3}
CODES = frozenset(
    {
        "not_handed_over", "handed_over_late", "in_part", "unseen", "usually_there", "slow_region",
        "after_closed_days", "closed_last_day", "too_soon",
    }
)  # fmt: skip
"""Why a promise will probably be missed: the reasons that the orders-listener names (early_warning/words.py)."""
