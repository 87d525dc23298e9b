"""Silence is only silence if we listened: up to which moment a topic's partition has been heard. Pure.

1. Fetch n came at t.
2. Fetch n+1, asked for after it, says where the partition ends; that was read after t.
3. Once our position has passed that end, everything said before t is heard.

Used with the real clock only; why, docs/decisions/0004 says.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.sequence import LONG_AGO


@dataclass
class Listening:
    """One topic's partition. Fetches answer in turn: the next one is asked for when the one before has come."""

    heard_until: datetime = LONG_AGO
    _last_fetch_ms: int | None = None
    _proof: tuple[datetime, int] | None = None
    """A moment t, and the end offset that was read after it."""

    def fetched(self, at_ms: int | None, end_offset: int | None) -> None:
        """The newest fetch came at `at_ms` (our clock) and said that the partition ends at `end_offset`."""
        if at_ms is None or end_offset is None or at_ms == self._last_fetch_ms:
            return
        if self._last_fetch_ms is not None and self._proof is None:
            self._proof = (datetime.fromtimestamp(self._last_fetch_ms / 1000, UTC), end_offset)
        self._last_fetch_ms = at_ms

    def passed(self, next_offset: int) -> datetime:
        """Up to when everything is heard, given that all before `next_offset` is at hand."""
        if self._proof and next_offset >= self._proof[1]:
            self.heard_until = max(self.heard_until, self._proof[0])
            self._proof = None
        return self.heard_until
