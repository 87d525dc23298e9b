"""Why a promise will probably be missed, in words that a customer understands.

Owns the words and when each is true. Numbers of hundreds are said only after they were recalibrated by what became of
enough such forecasts. Each reason has a code besides, for whoever says it in another language.
"""

from datetime import timedelta
from typing import NamedTuple

from orders_listener.early_warning.forecasts import ENOUGH_KNOWN, Forecast, known_like
from orders_listener.early_warning.journeys import Journey
from orders_listener.early_warning.snapshots import Snapshot

USUALLY = 0.5
"""More than this share."""
SLOW_PACE, SLOW_DAY = 0.85, 0.5
"""Of the usual pace; of an ordinary day's deliveries."""


class Reason(NamedTuple):
    """Something that speaks against a promise."""

    code: str
    words: str


def reasons(journey: Journey, made: Forecast, snapshot: Snapshot) -> list[Reason]:
    """What speaks against the promise, the strongest first; never empty."""
    found = [
        _waiting(journey, made) if journey.moved_on is None else _overdue(journey, made, snapshot),
        _pace(journey, snapshot),
        _days_left(journey, made, snapshot),
    ]
    spoken = [reason for reason in found if reason] or [
        Reason("too_soon", "few parcels arrive so soon at this point of their way")
    ]
    share = _share(made, snapshot)
    return [*spoken, share] if share else spoken


def _waiting(journey: Journey, made: Forecast) -> Reason:
    days = (made.forecast_on - journey.ship_by_on).days
    if days <= 0:
        return Reason("not_handed_over", "it has not been handed to the carrier yet")
    return Reason("handed_over_late", f"it should have been handed to the carrier {_days(days)} ago")


def _overdue(journey: Journey, made: Forecast, snapshot: Snapshot) -> Reason | None:
    if journey.moved_on is None:
        return None
    under_way = 1.0
    for age_days in range((made.forecast_on - journey.moved_on).days + 1):
        under_way *= 1 - snapshot.chance(journey.plan, journey.region, age_days)
    usual = Reason("usually_there", "parcels with this plan are usually there by now")
    return usual if 1 - under_way > USUALLY else None


def _pace(journey: Journey, snapshot: Snapshot) -> Reason | None:
    pace = snapshot.pace(journey.region)
    place = journey.region.removeprefix(f"{journey.country}-") or "the region"
    slow = Reason("slow_region", f"{place} is being delivered to at {pace:.1f} of its usual pace")
    return slow if pace < SLOW_PACE else None


def _days_left(journey: Journey, made: Forecast, snapshot: Snapshot) -> Reason | None:
    left = (made.promised_on - made.forecast_on).days
    days = [made.forecast_on + timedelta(days=number) for number in range(1, left + 1)]
    slow = [day for day in days if snapshot.weekday(day, journey.country) < SLOW_DAY]
    if not slow:
        return None
    if days[-1] not in slow:
        return Reason("after_closed_days", "the promise falls after a weekend or a holiday")
    return Reason("closed_last_day", "hardly anything is delivered on the last day of the promise")


def _share(made: Forecast, snapshot: Snapshot) -> Reason | None:
    if known_like(snapshot, made) < ENOUGH_KNOWN:
        return None
    return Reason("share", f"of such orders {min(99, max(1, round(made.late_milli / 10)))} in 100 came late")


def _days(number: int) -> str:
    return "a day" if number == 1 else f"{number} days"
