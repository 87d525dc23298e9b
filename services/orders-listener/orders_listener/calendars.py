"""Working days: on which a carrier moves parcels between two countries, and when a limit counted in them is over.

Owns the arithmetic; holidays come from the library of that name (public holidays, by country and region). Time passes
on working days only, at its own hour: from Friday 15:00 one working day is Monday 15:00. What begins on a day of rest
begins when the last working day ended, so that a weekend's silences end with that day and not all on a Monday morning.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

from orders_listener.policy import Lane, Length, Weekday

WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
A_DAY = timedelta(days=1)
SATURDAY_AND_SUNDAY = frozenset({5, 6})
_SUPPORTED = holidays.list_supported_countries(include_aliases=False)


class Calendar:
    """The working days of one lane. What it was asked once it knows."""

    def __init__(self, countries: Iterable[tuple[str, str | None]], working_days: frozenset[Weekday] | None) -> None:
        supported = [(country, region) for country, region in countries if country in _SUPPORTED]
        self._holidays = [_public(country, _part_of(country, region)) for country, region in supported]
        weekend = frozenset(self._holidays[0].weekend) if self._holidays else SATURDAY_AND_SUNDAY
        self._rest = {day for day in range(7) if WEEKDAYS[day] not in working_days} if working_days else weekend
        self._ends: dict[tuple[date, int], date] = {}

    def works(self, day: date) -> bool:
        """Neither a weekend nor a public holiday at either end of the lane."""
        return day.weekday() not in self._rest and not any(day in public for public in self._holidays)

    def later(self, moment: datetime, working_days: int, zone: ZoneInfo) -> datetime:
        """`working_days` after `moment` on a clock in `zone`, in UTC."""
        local = moment.astimezone(zone)
        if self._end(local.date(), 0) == local.date():
            end = datetime.combine(self._end(local.date(), working_days), local.timetz().replace(tzinfo=None), zone)
        else:  # a day of rest: as if it had been midnight after the last working day
            last = self._end(local.date(), 0)
            end = datetime.combine(self._end(last, working_days) + A_DAY, time.min, zone)
        return end.astimezone(UTC)

    def _end(self, day: date, number: int) -> date:
        """The working day `number` after `day`; for 0 the day itself, or the last working day before it."""
        known = self._ends.get((day, number))
        if known is None:
            known = self._ends[day, number] = self._counted(day, number)
        return known

    def _counted(self, day: date, number: int) -> date:
        step = A_DAY if number else -A_DAY
        while number or not self.works(day):
            day += step
            number -= bool(number) and self.works(day)
        return day


def _part_of(country: str, region: str | None) -> str | None:
    """The region as the library names it (`CN` of ES, `BY` of DE), if it knows it."""
    name = (region or "").removeprefix(f"{country}-")
    return name if name in _SUPPORTED[country] else None


@lru_cache(maxsize=1_024)
def _public(country: str, part: str | None) -> holidays.HolidayBase:
    return holidays.country_holidays(country, subdiv=part)


@lru_cache(maxsize=4_096)
def calendar_of(lane: Lane, working_days: frozenset[Weekday] | None) -> Calendar:
    """The calendar of a lane: the destination's weekend unless the carrier's days are known, both ends' holidays."""
    ends = [(lane.country, lane.region), (lane.origin, None)]
    return Calendar([(country, region) for country, region in ends if country], working_days)


def after(moment: datetime, length: Length, calendar: Calendar, zone: ZoneInfo) -> datetime:
    """When `length` is over, in UTC."""
    return calendar.later(moment, length.working_days, zone) if length.working_days else moment + length.time
