"""How long a message waits until it is tried again.

A little later for each message in its own way, so that what was deferred together does not come back together; by its
id and not by lot, since the same log must give the same rows.
"""

from datetime import timedelta
from hashlib import blake2b

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
"""Between attempts while providers say "not now"; after the last one it is given up."""
AWAY_PAUSE = timedelta(minutes=5)
"""Until a message is decided again for which no provider was there; it is given up when it is not worth saying."""
JITTER = 0.2
"""Pauses grow by up to this share."""


def spread(pause: timedelta, message_id: str, number: int = 0) -> timedelta:
    """The pause of this message, in whole seconds; `number` tells one pause of it from the next."""
    drawn = int.from_bytes(blake2b(f"{message_id}:{number}".encode(), digest_size=4).digest())
    return pause + timedelta(seconds=int(pause.total_seconds() * JITTER * drawn / 2**32))
