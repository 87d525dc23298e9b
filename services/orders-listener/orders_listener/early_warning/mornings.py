"""Which snapshot held when: what readers of the past judge by, as the looks of that time did.

Owns the rule of which closed days a moment may use. Must not know where snapshots are kept (learning.py).
"""

from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import msgspec

from orders_listener.early_warning.snapshots import Snapshot


def open_from(moment: datetime) -> date:
    """The first day that a decision at `moment` may not use: days before it were closed before its own (UTC) began."""
    return moment.astimezone(UTC).date() - timedelta(days=1)


class Mornings:
    """Snapshots as they are stored, by their days; each is decoded when it is first asked for."""

    def __init__(self, documents: Iterable[tuple[date, str]] = ()) -> None:
        self._documents = dict(sorted(documents))
        self._days = list(self._documents)
        self._decoded: dict[date, Snapshot] = {}

    def __eq__(self, other: object) -> bool:
        """Whether they are the same snapshots."""
        return isinstance(other, Mornings) and self._documents == other._documents

    def at(self, moment: datetime) -> Snapshot:
        """The snapshot that held at `moment`; blank before the first."""
        newer = bisect_left(self._days, open_from(moment))
        return self._of(self._days[newer - 1]) if newer else Snapshot()

    def _of(self, day: date) -> Snapshot:
        if day not in self._decoded:
            self._decoded[day] = msgspec.json.decode(self._documents[day], type=Snapshot)
        return self._decoded[day]


NO_MORNINGS = Mornings()
