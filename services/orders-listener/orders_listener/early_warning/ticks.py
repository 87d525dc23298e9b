"""When somebody looks whether a promise will be kept: once a day, in the early evening of the destination.

In the evening the day's deliveries are known, and mail still goes out before the quiet hours.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from orders_listener.early_warning.journeys import is_long, last_day
from orders_listener.promises import Promised

TOLD_AT = time(20)
"""On the destination's clock."""
EARLY_DAYS = 3
"""So many days before the last look that gives the wanted lead, somebody who is nearly sure may speak."""
EARLY = -1


class Tick(Struct, frozen=True, kw_only=True):
    """One look at one promise."""

    at: datetime
    on: date
    promised_on: date
    stage: int
    """0 for the last look that gives the wanted lead, 1 for the last that gives half of it, `EARLY` before."""


def ticks(promise: Promised, zone: ZoneInfo, lead: timedelta) -> Iterator[Tick]:
    """Every look at a long promise, the earliest first; none for a short one, and none before it was known."""
    if not is_long(promise) or promise.ends_at - promise.given_at < 2 * lead:
        return
    stages = {_last_evening(promise.ends_at - wanted, zone): stage for stage, wanted in ((1, lead / 2), (0, lead))}
    first = min(stages)
    promised_on = last_day(promise, zone)
    for day in [*(first - timedelta(days=before) for before in range(EARLY_DAYS, 0, -1)), *sorted(stages)]:
        at = datetime.combine(day, TOLD_AT, zone).astimezone(UTC)
        if at > promise.given_at and at >= promise.learned_at:
            yield Tick(at=at, on=day, promised_on=promised_on, stage=stages.get(day, EARLY))


def _last_evening(before: datetime, zone: ZoneInfo) -> date:
    local = before.astimezone(zone)
    return local.date() if local.time() >= TOLD_AT else local.date() - timedelta(days=1)
