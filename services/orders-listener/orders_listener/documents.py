"""A timeline as JSON and back: each fact with the name of its type, as it once was on the wire.

Owns the stored form. What contracts can read for ever, old documents can be read with for ever.
"""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, structs

from contracts.catalogue import catalogue
from contracts.envelope import entry_of
from orders_listener.early_warning.journeys import Journey
from orders_listener.entries import HistoryEntry
from orders_listener.issues import Issue
from orders_listener.purchases import Purchase
from orders_listener.timelines import Standing, Timeline
from orders_listener.watch import DeadlineKind


class _Entry(Struct, frozen=True, kw_only=True):
    type: str
    key: str
    said_at: datetime
    detected_at: datetime
    data: msgspec.Raw


class _Document(Struct, frozen=True, kw_only=True):
    """The fields of a timeline."""

    customer_id: str
    order_id: str
    entries: tuple[_Entry, ...]
    said: dict[str, datetime]
    issues: tuple[Issue, ...]
    """A list, because jsonb does not keep the order of an object's names."""
    deadlines: dict[DeadlineKind, datetime]
    woken_at: dict[DeadlineKind, datetime]
    standing: Standing
    reached_at: datetime | None
    counted: Purchase | None = None
    """Missing in documents of before purchases were counted."""
    journey: Journey | None = None


_documents = msgspec.json.Decoder(_Document)


def to_document(timeline: Timeline) -> str:
    """The timeline as JSON."""
    content: dict[str, Any] = structs.asdict(timeline)
    content["entries"] = [
        {"type": entry_of(type(known.fact)).type, "data": known.fact, **_times(known)} for known in timeline.entries
    ]
    content["issues"] = list(timeline.issues.values())
    return msgspec.json.encode(content).decode()


def _times(known: HistoryEntry) -> dict[str, Any]:
    return {"key": known.key, "said_at": known.said_at, "detected_at": known.detected_at}


def from_document(text: str) -> Timeline:
    """The timeline of a JSON document."""
    document = _documents.decode(text)
    entries = tuple(_entry(stored) for stored in document.entries)
    issues = {issue.issue_id: issue for issue in document.issues}
    return Timeline(**structs.asdict(document) | {"entries": entries, "issues": issues})


def _entry(stored: _Entry) -> HistoryEntry:
    fact = msgspec.json.decode(stored.data, type=catalogue()[stored.type].fact)
    return HistoryEntry(key=stored.key, said_at=stored.said_at, detected_at=stored.detected_at, fact=fact)
