"""How far a worker is behind on each partition that it owns: in records, and in the age of the oldest that waits.

Looks at what the worker knows anyway; asks nobody. An age goes on growing while a partition is halted or the database
is away, because nothing says that the record was folded.
"""

import time
from collections.abc import Callable, Mapping, Set

from chassis import metrics
from chassis.lane import Lane

Place = tuple[str, int]
"""Topic and partition."""
LastFetch = Callable[[str, int], tuple[int | None, int | None]]


class Lags:
    """What was seen of each place."""

    def __init__(self) -> None:
        self._since_s: dict[Place, float | None] = {}
        """When the oldest record that is not folded was written; None where none waits."""

    def look(self, owned: Set[int], lanes: Mapping[int, Lane], last_fetch: LastFetch) -> None:
        """Set the gauges; those of places that went to another process are removed."""
        for place in [place for place in self._since_s if place[1] not in owned]:
            del self._since_s[place]
            for gauge in (metrics.position, metrics.lag_records, metrics.lag_seconds):
                gauge.remove(*place)
        for partition in owned & lanes.keys():
            self._note(lanes[partition], last_fetch)
        now_s = time.time()
        for place, since_s in self._since_s.items():
            metrics.lag_seconds.labels(*place).set(0.0 if since_s is None else max(0.0, now_s - since_s))

    def _note(self, lane: Lane, last_fetch: LastFetch) -> None:
        for name, topic in lane.topics.items():
            place = (name, lane.partition)
            _, end = last_fetch(*place)
            reached = topic.next_offset if topic.waiting else max(topic.next_offset, topic.read_until)
            behind = max(0, (end or reached) - reached)
            metrics.position.labels(*place).set(topic.next_offset)
            metrics.lag_records.labels(*place).set(behind)
            if topic.waiting:
                self._since_s[place] = topic.waiting[0].record.timestamp_ms / 1000
            else:
                self._since_s[place] = (self._since_s.get(place) or time.time()) if behind else None
