"""Who writes: the shop as its customers see it in messages."""

from datetime import tzinfo
from pathlib import Path

from msgspec import Struct

from notifier.look import Look


class Shop(Struct, frozen=True, kw_only=True):
    """Who writes."""

    name: str
    address: str
    zone: tzinfo
    language: str = "en"
    """The shop's own: for whoever's language nobody knows or nobody speaks here."""
    words: Path | None = None
    """The shop's own catalogues, over ours."""
    look: Look = Look()
