"""Silence is only silence if we listened: up to which moment a topic's partition has been heard. Pure.

An end offset that was read after a moment, and has since been passed by our position, proves that everything said
before that moment is folded. Used with the real clock only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from chassis.sequence import LONG_AGO


@dataclass
class Listening:
    """One topic's partition. Fetches answer in turn, so the end offset in one was read after the one before came."""

    heard_until: datetime = LONG_AGO
    _last_fetch_ms: int | None = None
    _pending: tuple[datetime, int] | None = None

    def fetched(self, at_ms: int | None, end_offset: int | None) -> None:
        """The newest fetch came at `at_ms` (our clock) and said that the partition ends at `end_offset`."""
        if at_ms is None or end_offset is None or at_ms == self._last_fetch_ms:
            return
        if self._last_fetch_ms is not None and self._pending is None:
            self._pending = (datetime.fromtimestamp(self._last_fetch_ms / 1000, UTC), end_offset)
        self._last_fetch_ms = at_ms

    def passed(self, next_offset: int) -> datetime:
        """Up to when everything is heard, given that all before `next_offset` is at hand."""
        if self._pending and next_offset >= self._pending[1]:
            self.heard_until = max(self.heard_until, self._pending[0])
            self._pending = None
        return self.heard_until
