"""How many decimals a currency has: amounts on the wire are integers in the smallest unit."""

from typing import Final

_DECIMALS: Final = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip
"""ISO 4217 list one; every other currency has two."""


def minor_per_unit(currency: str) -> int:
    """100 for EUR, 1 for JPY, 1000 for KWD."""
    return int(10 ** _DECIMALS.get(currency, 2))
