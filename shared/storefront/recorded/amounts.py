"""Money from decimal texts into minor units, exactly: no float ever touches it."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

PLACES = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
"""Decimal places of the minor unit where they are not two (ISO 4217, list one)."""


class NotAnAmount(ValueError):
    """It is no decimal number, is negative, or has more places than its currency."""


def minor_of(text: str, currency: str) -> int:
    """`"199.9"` BRL is 19990. Raises `NotAnAmount`."""
    try:
        minor = Decimal(text).scaleb(_places(currency))
    except InvalidOperation:
        raise NotAnAmount("is no amount") from None
    if not minor.is_finite() or minor < 0:
        raise NotAnAmount("is no amount that somebody pays")
    if minor != minor.to_integral_value():
        raise NotAnAmount(f"has more places than {currency}")
    return int(minor)


def text_of(minor: int, currency: str) -> str:
    """`19990` BRL is `"199.90"`."""
    return format(Decimal(minor).scaleb(-_places(currency)), "f")


def shares(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """`amount_minor` divided by weight, whole units that add up to it; what is left over goes to the largest rests."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [amount_minor * weight // whole for weight in weights]
    rests = sorted(range(len(weights)), key=lambda place: (-(amount_minor * weights[place] % whole), place))
    for place in rests[: amount_minor - sum(parts)]:
        parts[place] += 1
    return parts


def _places(currency: str) -> int:
    return PLACES.get(currency, 2)
