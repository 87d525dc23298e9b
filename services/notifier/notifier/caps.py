"""How much may be said: caps per concern and one budget for all of them, by the days and weeks of the person.

Owns the counting. What was said is in `circumstances`; the numbers are the policy's.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from msgspec import Struct

from notifier.circumstances import Said
from notifier.courtesy import midnight_after
from notifier.kinds import Concern
from notifier.policy import Policy

OUTSIDE_BUDGET = frozenset({Concern.service})
"""What an order itself says follows from what the customer did, and part of it the law wants at once (the confirmation:
Directive 2000/31/EC, article 11): it takes nothing from the budget and is not held by it."""
KEPT = timedelta(days=9)
"""So long it is remembered what was said: a week, and a journey around the world."""


class Period(Struct, frozen=True):
    """A day or a week of the person's calendar: from `begins` until before `ends`."""

    name: str
    begins: datetime
    ends: datetime


class Full(Struct, frozen=True):
    """There is no room for more until `until`."""

    reason: str
    until: datetime
    period: str
    limit: int
    said: int


def full(said: Iterable[Said], concern: Concern, policy: Policy, now: datetime, zone: tzinfo) -> Full | None:
    """Why nothing more of that concern may be said now; None when there is room. The longer period decides."""
    counted = list(said)
    for period in _periods(now, zone):
        within = [one for one in counted if period.begins <= one.at < period.ends]
        for reason, limit, number in _limits(within, concern, policy, period.name):
            if number >= limit:
                return Full(reason, period.ends, period.name, limit, number)
    return None


def remembered(said: Mapping[str, Said], policy: Policy, now: datetime) -> dict[str, Said]:
    """What still counts for anything; the rest is forgotten."""
    kept = {True: max(KEPT, policy.apologies.within), False: KEPT}
    return {message_id: one for message_id, one in said.items() if now - one.at <= kept[one.sorry]}


def _periods(now: datetime, zone: tzinfo) -> Iterator[Period]:
    weekday = now.astimezone(zone).weekday()
    yield Period("week", midnight_after(now, zone, -weekday), midnight_after(now, zone, 7 - weekday))
    yield Period("day", midnight_after(now, zone, 0), midnight_after(now, zone, 1))


def _limits(within: list[Said], concern: Concern, policy: Policy, period: str) -> Iterator[tuple[str, int, int]]:
    """Each limit that holds in such a period: reason, limit, and how much of it is used."""
    cap = policy.cap(concern, period)
    if cap is not None:
        yield "cap_reached", cap, sum(one.concern is concern for one in within)
    if concern not in OUTSIDE_BUDGET:
        used = sum(one.concern not in OUTSIDE_BUDGET for one in within)
        yield "budget_spent", policy.budget_for(concern, period), used
