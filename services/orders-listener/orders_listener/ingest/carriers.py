"""Carriers' names in one form, whoever writes them. Pure, and knows no provider's fields.

Shops, label services and trackers each spell carriers in their own way (`DHL Express`, `DHLExpress`, `dhl`); a number
finds its parcel only when both sides of the comparison went through here.
"""

from typing import Final
from unicodedata import normalize

LONGEST: Final = 64

_ALIASES: Final = {
    # EasyPost names its own accounts with a carrier otherwise than the carrier
    "upsdap": "ups",
    "fedexdefault": "fedex",
    "lasershipv2": "lasership",
    "asendiausa": "asendia",
    # one carrier, two official spellings: AfterShip's slug `dhl` is DHL Express, `dhl-global-mail` DHL eCommerce
    "dhlexpress": "dhl",
    "dhlecs": "dhlecommerce",
    "dhlecommercesolutions": "dhlecommerce",
    "dhlglobalmail": "dhlecommerce",
    "deutschpost": "deutschepost",
    "upsmi": "upsmailinnovations",
    # written out by shops
    "unitedparcelservice": "ups",
    "unitedstatespostalservice": "usps",
    "federalexpress": "fedex",
    # WooCommerce's tracking extension
    "dhlus": "dhl",
}
"""Where what providers document differs by more than signs and letter case. Whoever misses one adds it here."""

_NOBODY: Final = frozenset({"other", "unknown", "custom", "none", "null"})
"""What is written where no carrier is named."""


def name_of(text: str | None) -> str:
    """Lower case letters and digits, without accents, at most 64: `"Royal Mail"` and `"royal-mail"` are `royalmail`.

    Empty where nobody is named.
    """
    plain = "".join(filter(str.isalnum, normalize("NFKD", text or "").casefold()))[:LONGEST]
    return "" if plain in _NOBODY else _ALIASES.get(plain, plain)


def number_of(text: str | None) -> str:
    """A tracking number as it is compared: capital letters and digits, at most 64. `"1z 999-AA"` is `1Z999AA`."""
    return "".join(filter(str.isalnum, normalize("NFKC", text or "").upper()))[:LONGEST]
