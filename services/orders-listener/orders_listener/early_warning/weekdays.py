"""What kind of day it is for deliveries: one of the seven weekdays, a public holiday counting as a Sunday.

Holidays come from the library of that name, by country.
"""

from collections.abc import Container
from datetime import date
from functools import lru_cache

import holidays

SUNDAY = 6
_SUPPORTED = holidays.list_supported_countries(include_aliases=False)


def kind_of(day: date, country: str) -> int:
    """0 for a Monday … 6 for a Sunday or a holiday of the country."""
    return SUNDAY if day in _public(country) else day.weekday()


@lru_cache(maxsize=256)
def _public(country: str) -> Container[date]:
    return holidays.country_holidays(country) if country in _SUPPORTED else ()
