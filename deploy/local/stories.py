"""Whole stories of a few customers: everything said about them and every decision, in one timeline.

Chooses whom to show and how to say it; knows no rule.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from babel.numbers import format_currency

from contracts import Event, feedback, loyalty, notifications, orders, storefront
from contracts.money import minor_per_unit
from contracts.vocabulary import IssueKind


@dataclass(frozen=True)
class Line:
    """One thing that happened, or one decision about it."""

    at: datetime
    who: str
    what: str
    why: str = ""
    """The reason, for decisions."""


@dataclass(frozen=True)
class Story:
    """One customer from the first word to the last."""

    customer_id: str
    title: str
    lines: list[Line]


_WANTED: tuple[tuple[str, Callable[[set[Any]], bool]], ...] = (
    ("a promise was broken, and made good", lambda seen: {IssueKind.delivery_late, loyalty.GoodwillGranted} <= seen),
    (
        "something else came than was ordered, or nothing",
        lambda seen: (
            bool({IssueKind.item_substituted, IssueKind.item_unavailable} & seen) and orders.IssueResolved in seen
        ),
    ),
    (
        "all went well, and somebody asked",
        lambda seen: (
            feedback.ResponseReceived in seen and loyalty.PointsVested in seen and orders.IssueOpened not in seen
        ),
    ),
)


def chosen(events: Sequence[Event[Any]]) -> list[tuple[str, str]]:
    """Three customers worth reading about, as (id, title); fewer when the run had none of a kind."""
    seen: dict[str, set[Any]] = {}
    for event in events:
        marks = seen.setdefault(event.data.customer_id, set())
        marks.add(type(event.data))
        if isinstance(event.data, orders.IssueOpened):
            marks.add(event.data.kind)
    found: dict[str, str] = {}
    for title, fits in _WANTED:
        candidates = [customer_id for customer_id, marks in seen.items() if fits(marks) and customer_id not in found]
        if candidates:
            found[min(candidates, key=lambda customer_id: (_length(events, customer_id), customer_id))] = title
    return list(found.items())


def _length(events: Sequence[Event[Any]], customer_id: str) -> int:
    return sum(1 for event in events if event.data.customer_id == customer_id)


def story(customer_id: str, title: str, events: Sequence[Event[Any]], decisions: Sequence[Mapping[str, Any]]) -> Story:
    """Everything about one customer by time, at the same moment in the order in which facts flow.

    A service's decisions stand right after what it said.
    """
    said = [_line(event) for event in events if event.data.customer_id == customer_id]
    lines = [*said, *map(_decided, decisions)]
    return Story(customer_id, title, sorted(lines, key=lambda line: (line.at, _FLOW.index(line.who), bool(line.why))))


_FLOW = ("shop", "orders-listener", "feedback", "loyalty", "notifier")


def _line(event: Event[Any]) -> Line:
    who = event.source.removeprefix("/rapport/") if event.source.startswith("/rapport/") else "shop"
    name = type(event.data).__name__
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return Line(event.time, who, " · ".join([words, *_particulars(event.data)]))


def _particulars(fact: Any) -> Iterator[str]:
    if order_id := getattr(fact, "order_id", None):
        yield f"order {order_id}"
    match fact:
        case storefront.OrderPlaced():
            lines = "1 line" if len(fact.lines) == 1 else f"{len(fact.lines)} lines"
            yield f"{lines}, {_money(fact.total_minor, fact.currency)}, promised by {fact.promised_by}"
        case storefront.ShipmentProgressed():
            yield fact.status.value
        case orders.IssueOpened() | orders.IssueUpdated():
            yield f"{fact.kind.value}: {fact.known}"
        case orders.IssueResolved():
            yield f"{fact.kind.value}: {fact.resolution.value}"
        case loyalty.PointsMoved():
            yield f"{fact.points} points, {fact.available_points} to spend, {fact.pending_points} pending"
        case feedback.ResponseReceived():
            yield f"{fact.score} of 10"
        case notifications.MessageHeld():
            yield f"{fact.kind} until {fact.held_until:%d %b %H:%M}"
        case notifications.Message():
            yield fact.kind


def _money(minor: int, currency: str) -> str:
    return format_currency(Decimal(minor) / minor_per_unit(currency), currency, locale="en")


def _decided(decision: Mapping[str, Any]) -> Line:
    at = datetime.fromisoformat(decision["at"])
    return Line(at, decision["service"], f"  {decision['rule']}: {decision['outcome']}", decision["reason"])
