"""For how long a channel has had no provider: a moment is waited out, an outage is told to those it matters to."""

import time

from contracts.vocabulary import Channel


class Absences:
    """As one process sees them."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._since_s: dict[Channel, float] = {}

    def too_long(self, channel: Channel, there: bool) -> bool:
        """Whether it is away, and has been for longer than anybody waits."""
        if there:
            self._since_s.pop(channel, None)
            return False
        now_s = time.monotonic()
        return now_s - self._since_s.setdefault(channel, now_s) >= self._patience_s
