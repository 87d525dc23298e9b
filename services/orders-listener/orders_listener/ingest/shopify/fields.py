"""Single fields of Shopify's bodies in our forms: ids, amounts, moments, texts. Must not know what they stand in."""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from contracts.moments import AHEAD
from orders_listener.ingest.hooks import BadHook
from orders_listener.ingest.moments import moment_of
from orders_listener.ingest.money import Amount, NotAnAmount, nearest_minor_of

Id = int | str | None
"""`820982911946154508`, or `gid://shopify/Order/820982911946154508`."""

Written: TypeAlias = Any
"""What stands where a time is wanted."""

_GLOBAL_ID: Final = re.compile(r"gid://[^/]+/[^/]+/([^/?]+)(\?.*)?")
_IDENTIFIER: Final = re.compile(r"[\x21-\x7E]{1,128}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
LONGEST_WORD, LONGEST_SENTENCE = 64, 500


def id_of(written: Id, global_id: Id = None) -> str | None:
    """The id digit by digit, the number of a global one; None where there is none that could name anything."""
    if isinstance(written, int) and 0 <= written < 10**20:
        return str(written)
    for one in (written, global_id):
        text = "" if one is None else str(one).strip()
        parts = _GLOBAL_ID.fullmatch(text)
        text = parts[1] if parts else text
        if _IDENTIFIER.fullmatch(text):
            return text
    return None


def needed_id(field: str, written: Id, global_id: Id = None) -> str:
    """Raises `BadHook` where there is none."""
    found = id_of(written, global_id)
    if found is None:
        raise BadHook(f"{field}: no id")
    return found


def needed_currency(field: str, *written: str | None) -> str:
    """The first that is one. Raises `BadHook`."""
    for text in written:
        if text and _CURRENCY.fullmatch(text.strip().upper()):
            return text.strip().upper()
    raise BadHook(f"{field}: no currency")


def minor(field: str, amount: Amount, currency: str) -> int:
    """Nothing is 0; to the nearest minor unit, where the shop reckons with more decimals than its currency has.

    An order is not lost for a fraction of a cent. Raises `BadHook` for what is no amount, or below nothing.
    """
    if amount is None or amount == "":
        return 0
    try:
        found = nearest_minor_of(amount, currency)
    except NotAnAmount as error:
        raise BadHook(f"{field}: {error}") from error
    if found < 0:
        raise BadHook(f"{field}: is below nothing")
    return found


def happened(field: str, received_at: datetime, *written: Written) -> datetime:
    """The first moment that is one and not yet to come. Raises `BadHook` where none is."""
    found = known_moment(received_at, *written)
    if found is None:
        raise BadHook(f"{field}: no moment")
    return found


def known_moment(received_at: datetime, *written: Written) -> datetime | None:
    """The same where it may be missing."""
    latest = received_at + AHEAD - timedelta(seconds=1)
    return next((moment for text in written if (moment := moment_of(text)) and moment <= latest), None)


def happened_since(since: datetime | None, received_at: datetime, *written: Written) -> bool:
    """Whether the first moment that is one is `since` or later; always where there is no `since`."""
    moment = known_moment(received_at, *written)
    return since is None or (moment is not None and moment >= since)


def word(text: str | None) -> str | None:
    """On one line, at most 64 characters; None for nothing."""
    return _cut(text, LONGEST_WORD)


def sentence(text: str | None) -> str | None:
    """On one line, at most 500 characters; None for nothing."""
    return _cut(text, LONGEST_SENTENCE)


def _cut(text: str | None, most: int) -> str | None:
    if text and text.isprintable():
        return " ".join(text.split())[:most].rstrip() or None
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text or "")
    return " ".join(plain.split())[:most].rstrip() or None


def locale_of(text: str | None) -> str | None:
    """`de`, `pt-BR`; None for what is no language."""
    return text if text and _LOCALE.fullmatch(text) else None
