"""Single fields of WooCommerce's bodies in our forms: ids, amounts, moments, places."""

import re
from datetime import datetime
from typing import Any, Final

from orders_listener.ingest.bodies import WORD, Part, identifier, text
from orders_listener.ingest.hooks import BadHook
from orders_listener.ingest.moments import happened_by
from orders_listener.ingest.money import Amount, NotAnAmount, nearest_minor_of

_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_STATE: Final = re.compile(r"([A-Z]{2}-)?[A-Z0-9]{1,3}", re.ASCII)
POSTCODE_SIGNS: Final = 3
"""So many of a postcode are kept: an area of thousands of people."""


def needed_id(body: Part, name: str = "id") -> str:
    """Raises `BadHook` where there is none."""
    found = identifier(body.get(name))
    if found is None:
        raise BadHook(f"{name} is no id")
    return found


def status_of(order: Part) -> str:
    """As the API writes it; the database has `wc-` before it, and so have some extensions."""
    return (text(order.get("status")) or "").removeprefix("wc-")


def currency_of(body: Part) -> str:
    """Raises `BadHook` where there is none."""
    found = (text(body.get("currency")) or "").upper()
    if _CURRENCY.fullmatch(found) is None:
        raise BadHook("currency is none")
    return found


def minor(currency: str, field: str, *amounts: Any) -> int:
    """The sum in minor units; nothing is 0. Raises `BadHook` for what is no amount.

    WooCommerce rounds to as many decimals as the shop shows, which may be more than the currency has.
    """
    written: list[Amount] = [0 if amount in (None, "") else amount for amount in amounts]
    try:
        return nearest_minor_of(0, currency, *written)
    except NotAnAmount as error:
        raise BadHook(f"{field} {error}") from error


def moment(body: Part, latest: datetime, *names: str) -> datetime | None:
    """The first that is there of times that have a twin in GMT; the twin goes first, it has no zone to guess."""
    return happened_by(latest, *(body.get(f"{name}{suffix}") for name in names for suffix in ("_gmt", "")))


def country_of(address: Part) -> str | None:
    """Two capital letters."""
    found = (text(address.get("country")) or "").upper()
    return found if _COUNTRY.fullmatch(found) else None


def destination_of(*addresses: Part) -> dict[str, Any] | None:
    """Of the first address with a country; the region as ISO 3166-2 has it: `US-CA`."""
    address = next((one for one in addresses if country_of(one)), None)
    if address is None:
        return None
    country = country_of(address)
    state = (text(address.get("state"), WORD) or "").upper()
    postcode = "".join(sign for sign in text(address.get("postcode")) or "" if sign.isascii() and sign.isalnum())
    known = {
        "country": country,
        "region": f"{country}-{state.removeprefix(f'{country}-')}" if _STATE.fullmatch(state) else None,
        "postcode_prefix": postcode[:POSTCODE_SIGNS].upper() or None,
    }
    return {name: value for name, value in known.items() if value}
