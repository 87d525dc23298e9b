"""How a language says things: days on the reader's clock, money, numbers, plurals, lists. The filters of sentences.

Owns nothing but the way to say them; what a locale demands is CLDR's, through Babel.
"""

import re
from collections.abc import Iterable
from copy import copy
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal
from msgspec import Struct

from contracts.money import minor_per_unit

_LAST = timedelta(seconds=1)
"""What ends at midnight ends on the day before."""
BARE_DATE_LENGTH = 10
_ONE = re.compile(r"\b1\b")
_PLAIN = {"pt": "pt-PT"}
"""Of a language without a region, ours: our Portuguese is that of Portugal."""
_LETTER_BEFORE_DIGIT = re.compile(r"(?<=[A-Za-z])(?=\d)")
"""Where CLDR puts a space (currencySpacing) and Babel does not: KWD 5.990."""


class Reader(Struct, frozen=True):
    """For whom something is said."""

    locale: str = "en"
    """Whose habits hold for numbers and days, like de-AT."""
    zone: tzinfo = UTC
    day: str = "EEEE d MMMM"
    """A day, as a pattern of CLDR."""
    first: str = "1"
    """The first of a month."""
    clock: str = "HH:mm"
    day_and_clock: str = "{day}, {clock}"


@lru_cache(maxsize=200)
def babel_locale(locale: str) -> Locale:
    """CLDR's locale of that name, or the nearest; English where it knows none."""
    for name in (_PLAIN.get(locale, locale), locale.partition("-")[0], "en"):
        try:
            return Locale.parse(name, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    raise LookupError("Babel knows no English")


@lru_cache(maxsize=200)
def plural_forms(locale: str) -> frozenset[str]:
    """What a language tells apart when it counts to a thousand."""
    rule = babel_locale(locale).plural_form
    return frozenset({*(rule(number) for number in range(1_001)), "other"})


def day(reader: Reader, moment: str) -> str:
    """`Monday 5 October`: the day of a moment on the reader's clock."""
    return _day(reader, _local(reader, moment).date())


def last_day(reader: Reader, moment: str) -> str:
    """The day on which something ends; what ends at midnight ends on the day before."""
    return _day(reader, (_local(reader, moment) - _LAST).date())


def deadline(reader: Reader, promised: str) -> str:
    """A promised day as it was promised, or a promised moment with its time."""
    if len(promised) == BARE_DATE_LENGTH:
        return _day(reader, date.fromisoformat(promised))
    local = _local(reader, promised)
    if local.time() == time():
        return last_day(reader, promised)
    clock = format_time(local.time(), reader.clock, locale=babel_locale(reader.locale))
    return reader.day_and_clock.format(day=_day(reader, local.date()), clock=clock)


def money(reader: Reader, amount_minor: int, currency: str) -> str:
    """59,90 €, in the decimals that the currency has on the wire."""
    unit = minor_per_unit(currency)
    locale = babel_locale(reader.locale)
    pattern = _money_pattern(locale, len(str(unit)) - 1)
    amount = Decimal(amount_minor) / unit
    written = str(pattern.apply(amount, locale, currency=currency, currency_digits=False))
    return _LETTER_BEFORE_DIGIT.sub("\u00a0", written)


def number(reader: Reader, value: int) -> str:
    """1,048 or 1.048."""
    return format_decimal(value, locale=babel_locale(reader.locale))


def plural(reader: Reader, value: int, **forms: str) -> str:
    """The form for that many; `{n}` stands for the number."""
    form = babel_locale(reader.locale).plural_form(value)
    return forms.get(form, forms["other"]).replace("{n}", number(reader, value))


def listed(reader: Reader, codes: Iterable[str], **words: str) -> str:
    """`a, b and c`: what each code means, those that have no words left out."""
    said = [words[code] for code in codes if code in words]
    return format_list(said, locale=babel_locale(reader.locale))


def _local(reader: Reader, moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(reader.zone)


def _day(reader: Reader, value: date) -> str:
    written = _written(value, reader.day, reader.locale)
    return written if value.day > 1 else _ONE.sub(reader.first, written)


@lru_cache(maxsize=2_000)
def _written(value: date, pattern: str, locale: str) -> str:
    return format_date(value, pattern, locale=babel_locale(locale))


@lru_cache(maxsize=500)
def _money_pattern(locale: Locale, decimals: int) -> NumberPattern:
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (decimals, decimals)
    return pattern


def capital(_: Reader, words: str) -> str:
    """The words as they begin a sentence."""
    return words[:1].upper() + words[1:]


FILTERS: dict[str, Any] = {
    "day": day, "last_day": last_day, "deadline": deadline, "money": money, "number": number, "plural": plural,
    "listed": listed, "capital": capital,
}  # fmt: skip
"""By the names that sentences use; each is given the reader first."""
