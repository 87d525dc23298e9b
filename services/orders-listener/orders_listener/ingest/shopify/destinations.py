"""Where an order goes, coarse enough to name nobody: country, region, the first signs of a postcode, a time zone."""

from typing import Any

from orders_listener.ingest.shopify.bodies import Address
from orders_listener.ingest.shopify.fields import word
from orders_listener.ingest.shopify.zones import zone_of

PREFIX = 3
"""Signs of a postcode that are kept: an area of thousands of people."""


def destination_of(address: Address | None) -> dict[str, Any] | None:
    """As in the contract; None where no country is said. The region as ISO 3166-2 has it: `US-KY`."""
    country = country_of(address)
    if address is None or country is None:
        return None
    province = (word(address.province_code) or "").upper().removeprefix(f"{country}-")
    return {
        "country": country,
        "region": f"{country}-{province}"[:64] if province else None,
        "postcode_prefix": _prefix(address),
        "zone": zone_of(country, province),
    }


def country_of(address: Address | None) -> str | None:
    """Two capital letters, or None."""
    code = (address.country_code or "").strip().upper() if address else ""
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def _prefix(address: Address) -> str | None:
    """Spreadsheets keep leading zeros behind an apostrophe."""
    written = "" if address.zip is None else str(address.zip)
    return "".join(sign for sign in written if sign.isascii() and sign.isalnum())[:PREFIX].upper() or None
