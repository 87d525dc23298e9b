"""What the words about an issue may use, made of the evidence that the orders-listener gives with it.

Owns which names of the evidence are kept and what they mean. Nothing here is personal, and nothing is a sentence: those
stand in the catalogues, in every language.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from notifier.foreign import clean
from notifier.goods import shortened

KEPT = frozenset({
    "since", "due_at", "promised", "carrier", "last_scan_at", "title", "reason", "ordered", "missing", "in_part",
    "reasons", "refund_id", "amount_minor", "currency", "way", "refund_by",
})  # fmt: skip
_ORDERED, _SENT = "ordered_", "sent_"
_CURRENCY = re.compile(r"[A-Z]{3}")


def kept(evidence: Mapping[str, str]) -> dict[str, str]:
    """Of an issue's evidence, what words can use."""
    used = (name for name in evidence if name in KEPT or name.startswith((_ORDERED, _SENT)))
    return {name: evidence[name] for name in used if evidence[name]}


def material_of(evidence: Mapping[str, str], promised_by: datetime | None) -> dict[str, Any]:
    """By the names that catalogues use; None where nothing is known."""
    reasons = evidence.get("reasons")
    return {
        "promised": evidence.get("promised") or (promised_by.isoformat() if promised_by else None),
        "since": _moment(evidence.get("since")),
        "due_at": _moment(evidence.get("due_at")),
        "last_scan_at": _moment(evidence.get("last_scan_at")),
        "carrier": carrier_name(evidence.get("carrier")),
        "title": shortened(clean(evidence.get("title") or "")) or None,
        "reason": evidence.get("reason"),
        "reasons": reasons.split() if reasons else None,
        "in_part": bool(evidence.get("in_part")) or None,
        "missing": _number(evidence.get("missing")),
        "pieces": _number(evidence.get("ordered")),
        "ordered": _variant(evidence, _ORDERED),
        "sent": _variant(evidence, _SENT),
        **_money(evidence),
    }


def _money(evidence: Mapping[str, str]) -> dict[str, Any]:
    """What is owed, or was given back, how and until when."""
    amount_minor, currency = _number(evidence.get("amount_minor")), evidence.get("currency") or ""
    known = bool(amount_minor) and _CURRENCY.fullmatch(currency)
    return {
        "amount_minor": amount_minor if known else None,
        "currency": currency if known else None,
        "way": evidence.get("way"),
        "refund_by": _moment(evidence.get("refund_by")),
    }


def carrier_name(carrier: str | None) -> str | None:
    """How people write it: `dhl` is DHL, `royal_mail` is Royal Mail; what has capitals stays as it is."""
    if not carrier or carrier != carrier.lower():
        return carrier or None
    spaced = carrier.replace("_", " ").replace("-", " ").strip()
    return spaced.upper() if len(spaced) <= 4 else spaced.title()


def _moment(text: str | None) -> str | None:
    try:
        return text if text and datetime.fromisoformat(text).tzinfo else None
    except ValueError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _variant(evidence: Mapping[str, str], prefix: str) -> str | None:
    """`blue, M`."""
    return ", ".join(value for name, value in sorted(evidence.items()) if name.startswith(prefix)) or None
