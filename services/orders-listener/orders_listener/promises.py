"""Promises: when one ends, which one holds, and when it is worth a second look.

Owns the reading of promised dates. Must not know parcels or issues.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from chassis.errors import Rejected
from contracts.orders import DelayAccepted
from contracts.storefront import (
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    PromiseChanged,
    ShipmentCreated,
    ShipmentProgressed,
)
from contracts.vocabulary import Promise
from orders_listener.entries import HistoryEntry, HistoryFact

BARE_DATE_LENGTH = len("2026-12-24")


class Promised(Struct, frozen=True, kw_only=True):
    """A date the customer was given."""

    text: Promise
    given_at: datetime
    learned_at: datetime
    """When this timeline knew both the order and the date."""
    ends_at: datetime
    """UTC. Delivered at this very moment is in time."""

    def look_again_at(self, lead: timedelta) -> datetime:
        """`lead` before the end, half-way for promises shorter than twice that; not before we knew."""
        half_way = self.given_at + (self.ends_at - self.given_at) / 2
        return max(self.ends_at - lead, half_way, self.learned_at)


@lru_cache(maxsize=4_096)
def end_of(promise: Promise, zone: ZoneInfo) -> datetime:
    """The moment a promise ends, in UTC: a bare date at midnight in `zone`, when the next day begins there.

    Raises `Rejected` (bad_promise) for a date that no calendar has.
    """
    try:
        if len(promise) == BARE_DATE_LENGTH:
            next_day = date.fromisoformat(promise) + timedelta(days=1)
            return datetime.combine(next_day, time.min, zone).astimezone(UTC)
        return datetime.fromisoformat(promise).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Rejected("bad_promise", f"{promise!r} is no date", blocks=False) from error


@lru_cache(maxsize=1_024)
def zone_named(name: str | None, shop_zone: str) -> ZoneInfo:
    """The destination's zone; the shop's where it is missing or no such zone exists."""
    try:
        return ZoneInfo(name or shop_zone)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(shop_zone)


def check_dates(fact: HistoryFact) -> None:
    """Refuse a fact with an impossible date before it becomes part of a history."""
    dates: tuple[Promise | None, ...] = ()
    match fact:
        case OrderPlaced():
            dates = (fact.promised_by, fact.ship_by)
        case PromiseChanged():
            dates = (fact.promised_by,)
        case ShipmentCreated() | ShipmentProgressed():
            dates = (fact.estimated_delivery_at,)
        case OrderRefunded():
            dates = (fact.expected_by,)
        case PaymentFailed():
            dates = (fact.kept_until,)
    for promise in filter(None, dates):
        end_of(promise, ZoneInfo("UTC"))


def last_promise(entries: Sequence[HistoryEntry], zone: ZoneInfo, *, known_at: datetime) -> Promised | None:
    """What the shop promised last; `known_at` is when the order became known here."""
    given = [entry for entry in entries if promise_in(entry.fact)]
    return _promised(given[-1], zone, known_at) if given else None


def binding_promise(entries: Sequence[HistoryEntry], zone: ZoneInfo, *, known_at: datetime) -> Promised | None:
    """What still binds the shop: its last promise, unless the customer agreed afterwards to wait.

    An agreed date (`until`) takes the promise's place; without one nothing is left that could be broken.
    """
    given = [entry for entry in entries if promise_in(entry.fact) or isinstance(entry.fact, DelayAccepted)]
    if not given:
        return None
    last = given[-1]
    if isinstance(last.fact, DelayAccepted) and last.fact.until is None:
        return None
    return _promised(last, zone, known_at)


def promise_in(fact: HistoryFact) -> Promise | None:
    """The date that a fact of the shop promises."""
    return fact.promised_by if isinstance(fact, OrderPlaced | PromiseChanged) else None


def _promised(entry: HistoryEntry, zone: ZoneInfo, known_at: datetime) -> Promised:
    until = entry.fact.until if isinstance(entry.fact, DelayAccepted) else None
    text = promise_in(entry.fact) or (until.isoformat() if until else "")
    return Promised(
        text=text,
        given_at=entry.occurred_at,
        learned_at=max(known_at, entry.detected_at),
        ends_at=end_of(text, zone),
    )


def in_words(promised: Promised, zone: ZoneInfo) -> str:
    """`12 March 2026` or `12 March 2026, 14:30`, as a clock at the destination shows it."""
    if len(promised.text) == BARE_DATE_LENGTH:
        return day_in_words(date.fromisoformat(promised.text))
    local = promised.ends_at.astimezone(zone)
    return f"{day_in_words(local.date())}, {local:%H:%M}"


def day_in_words(day: date) -> str:
    """`12 March 2026`."""
    return f"{day.day} {day:%B} {day.year}"
