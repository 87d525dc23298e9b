"""Time zones of countries and provinces that have only one. From the IANA time zone database (zone.tab).

A country whose clocks differ is here by its provinces, and only those that keep one time throughout; whoever is not
here has no zone, and promises end by the shop's clock.
"""

from typing import Final

_COUNTRIES: Final = {
    "AE": "Asia/Dubai", "AR": "America/Argentina/Buenos_Aires", "AT": "Europe/Vienna", "BE": "Europe/Brussels",
    "BG": "Europe/Sofia", "CH": "Europe/Zurich", "CN": "Asia/Shanghai", "CO": "America/Bogota",
    "CR": "America/Costa_Rica", "CY": "Asia/Nicosia", "CZ": "Europe/Prague", "DE": "Europe/Berlin",
    "DK": "Europe/Copenhagen", "DO": "America/Santo_Domingo", "EE": "Europe/Tallinn", "EG": "Africa/Cairo",
    "FI": "Europe/Helsinki", "FR": "Europe/Paris", "GB": "Europe/London", "GR": "Europe/Athens",
    "GT": "America/Guatemala", "HK": "Asia/Hong_Kong", "HR": "Europe/Zagreb", "HU": "Europe/Budapest",
    "IE": "Europe/Dublin", "IL": "Asia/Jerusalem", "IN": "Asia/Kolkata", "IS": "Atlantic/Reykjavik",
    "IT": "Europe/Rome", "JP": "Asia/Tokyo", "KE": "Africa/Nairobi", "KR": "Asia/Seoul", "KW": "Asia/Kuwait",
    "LI": "Europe/Vaduz", "LT": "Europe/Vilnius", "LU": "Europe/Luxembourg", "LV": "Europe/Riga",
    "MA": "Africa/Casablanca", "MC": "Europe/Monaco", "MT": "Europe/Malta", "MY": "Asia/Kuala_Lumpur",
    "NG": "Africa/Lagos",
    "NL": "Europe/Amsterdam", "NO": "Europe/Oslo", "PE": "America/Lima", "PH": "Asia/Manila", "PK": "Asia/Karachi",
    "PL": "Europe/Warsaw", "QA": "Asia/Qatar", "RO": "Europe/Bucharest", "RS": "Europe/Belgrade",
    "SA": "Asia/Riyadh", "SE": "Europe/Stockholm", "SG": "Asia/Singapore", "SI": "Europe/Ljubljana",
    "SK": "Europe/Bratislava", "TH": "Asia/Bangkok", "TR": "Europe/Istanbul", "TW": "Asia/Taipei",
    "UY": "America/Montevideo", "VN": "Asia/Ho_Chi_Minh", "ZA": "Africa/Johannesburg",
}  # fmt: skip
_PROVINCES: Final = {
    "AU": {
        "Australia/Sydney": "ACT", "Australia/Melbourne": "VIC", "Australia/Brisbane": "QLD",
        "Australia/Darwin": "NT", "Australia/Hobart": "TAS", "Australia/Adelaide": "SA",
    },
    "CA": {
        "America/Halifax": "NS PE", "America/Moncton": "NB", "America/Winnipeg": "MB", "America/Edmonton": "AB",
        "America/Whitehorse": "YT",
    },
    "ES": {
        "Atlantic/Canary": "GC TF",
        "Europe/Madrid": "A AB AL AV B BA BI BU C CA CC CO CR CS CU GI GR GU H HU J L LE LO LU M MA MU NA O OR P PM "
                         "PO S SA SE SG SO SS T TE TO V VA VI Z ZA CE ML",
    },
    "US": {
        "America/New_York": "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
        "America/Chicago": "AL AR IA IL LA MN MO MS OK WI",
        "America/Denver": "CO MT NM UT WY",
        "America/Los_Angeles": "CA WA",
        "Pacific/Honolulu": "HI",
    },
}  # fmt: skip
"""Left out are those cut by a border of zones, and Arizona, where the Navajo keep summer time."""
_ZONES: Final = {
    f"{country}-{province}": zone
    for country, zones in _PROVINCES.items()
    for zone, provinces in zones.items()
    for province in provinces.split()
}


def zone_of(country: str, province: str | None) -> str | None:
    """The IANA name, where there can be no doubt."""
    return _ZONES.get(f"{country}-{province}") or _COUNTRIES.get(country)
