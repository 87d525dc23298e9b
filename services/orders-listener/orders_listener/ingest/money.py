"""Money as shops write it, decimal texts, in minor units. Exact: no float ever takes part.

How many decimals a currency has is said by `contracts.money` (ISO 4217). Must not know a provider.
"""

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from contracts.money import minor_per_unit
from contracts.vocabulary import LARGEST_INTEGER

Amount = str | int | float | None
"""Texts and numbers both occur in JSON, often for the same field. A float counts as the shortest text that names it."""

_FORM: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_PLAIN: Final = re.compile(r"([0-9]{1,13})[.]([0-9]{2})", re.ASCII)
_EXACT: Final = Context(prec=1_100)
"""As many digits as anything that is read can need: nothing is rounded on the way."""
_MOST_DIGITS: Final = 64


class NotAnAmount(ValueError):
    """It is no decimal number, is too large, or has more decimals than its currency."""


def minor_of(amount: Amount, currency: str) -> int:
    """`"199.9"` EUR is 19990, `"18000"` CLP 18000, `"-1.5e1"` EUR -1500.

    Decimals that are nothing (`"18000.00"` CLP) are none. Raises `NotAnAmount`; nothing at all is no amount either.
    """
    exact = _minor(amount, currency)
    whole = exact.to_integral_value(context=_EXACT)
    if whole != exact:
        raise NotAnAmount(f"has more decimals than {currency}")
    return int(whole)


def nearest_minor_of(amount: Amount, currency: str, *more: Amount) -> int:
    """As `minor_of`, to the nearest minor unit, halves away from zero: for shops that reckon with more decimals.

    Several amounts are added up before they are rounded: net and tax of a price that was round are round again.
    """
    if not more and isinstance(amount, str) and (plain := _PLAIN.fullmatch(amount)) and minor_per_unit(currency) == 100:
        return int(plain[1]) * 100 + int(plain[2])  # as nearly everybody writes it: a third of the time
    exact = _checked(sum((_minor(one, currency) for one in more), _minor(amount, currency)))
    return int(exact.to_integral_value(rounding=ROUND_HALF_UP, context=_EXACT))


def _minor(amount: Amount, currency: str) -> Decimal:
    return _checked(_EXACT.multiply(_decimal(amount), Decimal(minor_per_unit(currency))))


def _checked(minor: Decimal) -> Decimal:
    if abs(minor) > LARGEST_INTEGER:
        raise NotAnAmount("is larger than any amount")
    return minor


def _decimal(amount: Amount) -> Decimal:
    text = amount.strip() if isinstance(amount, str) else repr(amount)
    if len(text) > _MOST_DIGITS or _FORM.fullmatch(text) is None:
        raise NotAnAmount("is no decimal number")
    return Decimal(text)
