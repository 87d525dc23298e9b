"""How a provider is: what sending processes say of it, and what is shown of it."""

from datetime import datetime

from msgspec import Struct

from contracts.vocabulary import Channel


class Health(Struct, frozen=True, kw_only=True):
    """How a provider is, as one process sees it."""

    channel: Channel
    name: str
    state: str
    """closed, open, half_open."""
    per_second: float | None
    in_flight: int
    code: str | None
    """Of the last trouble."""
    since: datetime
    """In that state."""
