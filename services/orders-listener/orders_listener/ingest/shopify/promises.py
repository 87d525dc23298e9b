"""What the customer was promised. Shopify's orders have no date of their own; apps for delivery dates write one into
`note_attributes`. Only a day in the form `2026-03-10` or `2026/03/10` is taken: any other form can be misread.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from orders_listener.ingest.shopify.bodies import NoteAttribute

_FIELDS: Final = {
    "deliverydate": "promised_by",
    "promiseddeliverydate": "promised_by",
    "estimateddeliverydate": "promised_by",
    "shippingdate": "ship_by",
    "shipdate": "ship_by",
}
"""By the attribute's name without anything but letters: `Delivery-Date`, `delivery_date`."""
_DAY: Final = re.compile(r"(20[0-9]{2})[-/]([0-9]{2})[-/]([0-9]{2})")


def promises_in(attributes: Iterable[NoteAttribute] | None) -> dict[str, Any]:
    """`promised_by` and `ship_by` where the customer chose or was shown a day."""
    found: dict[str, Any] = {}
    for attribute in attributes or ():
        field = _FIELDS.get("".join(filter(str.isalpha, str(attribute.name).casefold())))
        day = _day(str(attribute.value))
        if field and day:
            found.setdefault(field, day)
    return found


def _day(text: str) -> str | None:
    parts = _DAY.fullmatch(text.strip())
    try:
        return date(*map(int, parts.groups())).isoformat() if parts else None
    except ValueError:
        return None
