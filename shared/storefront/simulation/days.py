"""Days of a shop and its carriers: which are worked, how busy they are, and moments of a local day."""

from datetime import UTC, date, datetime, time, timedelta
from math import cos, pi
from random import Random
from zoneinfo import ZoneInfo

SHOP_ZONE = "Europe/Berlin"
SATURDAY, SUNDAY = 5, 6
WEEKDAYS = (1.15, 1.08, 1.02, 0.98, 0.90, 0.80, 1.07)
"""Share of an average day that is ordered on Monday … Sunday."""
HOURS = (6, 3, 2, 1, 1, 2, 5, 12, 24, 34, 40, 42, 44, 40, 36, 36, 38, 42, 50, 62, 70, 60, 38, 16)
"""How many order in each hour of the shop's day."""
PEAK_DAY_OF_YEAR = 345


def season(day: date) -> float:
    """How busy a day of the year is: most before the holidays, least in early summer; 1 on average."""
    return 1 + 0.18 * cos(2 * pi * (day.timetuple().tm_yday - PEAK_DAY_OF_YEAR) / 365)


def busyness(day: date) -> float:
    """Weekday and season together."""
    return WEEKDAYS[day.weekday()] * season(day)


def moment(day: date, hour: float, zone: str) -> datetime:
    """`hour` (13.5 is half past one) of a local day, as UTC to the second."""
    midnight = datetime.combine(day, time(), ZoneInfo(zone))
    local = midnight + timedelta(seconds=round(hour * 3600))
    return local.astimezone(UTC)


def local_day(at: datetime, zone: str) -> date:
    """The day that it is there."""
    return at.astimezone(ZoneInfo(zone)).date()


def midnight_after(day: date, zone: str) -> datetime:
    """When a bare date has ended there."""
    return moment(day + timedelta(days=1), 0, zone)


def later_day(day: date, days: int, *, saturdays: bool = True) -> date:
    """`days` worked days later; carriers drive on Saturdays, the warehouse and offices do not work then."""
    resting = {SUNDAY} if saturdays else {SATURDAY, SUNDAY}
    while days > 0 or day.weekday() in resting:
        day += timedelta(days=1)
        days -= day.weekday() not in resting
    return day


def hour_of_day(dice: Random) -> float:
    """When somebody orders."""
    return dice.choices(range(24), HOURS)[0] + dice.random()


def worked(at: datetime, dice: Random) -> datetime:
    """`at`, or an hour of the next office day when nobody works at `at`."""
    local = at.astimezone(ZoneInfo(SHOP_ZONE))
    if local.weekday() < SATURDAY and 8 <= local.hour < 17:
        return at
    day = local.date() if local.hour < 8 else local.date() + timedelta(days=1)
    return moment(later_day(day, 0, saturdays=False), dice.uniform(8, 12), SHOP_ZONE)
