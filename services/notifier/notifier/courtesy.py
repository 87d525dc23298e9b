"""When it is polite to write: on the person's own clock and calendar, right across changes of the clock.

Owns the arithmetic. Public holidays come from the library of that name, those of the whole country only: nobody tells
us in which part of it somebody lives.
"""

from collections.abc import Container
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

import holidays

from notifier.people import PartOfDay
from notifier.policy import WEEKDAYS, Quiet

A_DAY = timedelta(days=1)
_SUPPORTED = holidays.list_supported_countries(include_aliases=False)


def quiet_until(quiet: Quiet, country: str | None, moment: datetime, zone: tzinfo) -> datetime | None:
    """When the quiet around `moment` ends (UTC, later than `moment`); None when it is not quiet then.

    Days and hours that follow one another are one quiet: a closed Sunday ends on Monday at the end of the night.
    """
    until = moment
    while end := _end(quiet, country, until, zone):
        until = end
    return until if until > moment else None


PARTS_OF_DAY = {
    PartOfDay.morning: (time(8), time(11)),
    PartOfDay.midday: (time(11), time(15)),
    PartOfDay.evening: (time(17), time(21)),
}
"""From when until when, on the person's clock."""


def part_around(part: PartOfDay, moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """When this part of the day begins and ends (UTC): the one around `moment`, or the next."""
    begins, ends = PARTS_OF_DAY[part]
    today = moment.astimezone(zone).date()
    parts = ((on_clock(day, begins, zone), on_clock(day, ends, zone)) for day in (today, today + A_DAY))
    return next((begin, end) for begin, end in parts if moment < end)


def midnight_after(moment: datetime, zone: tzinfo, days: int = 1) -> datetime:
    """The beginning of the day that comes so many days after that of `moment` on a clock in `zone`, in UTC."""
    return on_clock(moment.astimezone(zone).date() + days * A_DAY, time(0), zone)


def _end(quiet: Quiet, country: str | None, moment: datetime, zone: tzinfo) -> datetime | None:
    local = moment.astimezone(zone)
    if _closed(quiet, country, local.date()):
        return midnight_after(moment, zone)
    if not _covers(quiet, local.time()):
        return None
    day = local.date() if local.time() < quiet.ends else local.date() + A_DAY
    return on_clock(day, quiet.ends, zone)


@lru_cache(maxsize=10_000)
def on_clock(day: date, clock: time, zone: tzinfo) -> datetime:
    """In UTC. A clock that jumps over the time has none, one set back has two: the later reading is never too early."""
    moment = datetime.combine(day, clock, tzinfo=zone)
    return max(moment.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _covers(quiet: Quiet, clock: time) -> bool:
    if quiet.begins <= quiet.ends:
        return quiet.begins <= clock < quiet.ends
    return clock >= quiet.begins or clock < quiet.ends


def _closed(quiet: Quiet, country: str | None, day: date) -> bool:
    if WEEKDAYS[day.weekday()] in quiet.closed:
        return True
    return "public_holidays" in quiet.closed and day in _public_holidays(country)


@lru_cache(maxsize=300)
def _public_holidays(country: str | None) -> Container[date]:
    return holidays.country_holidays(country) if country in _SUPPORTED else ()
