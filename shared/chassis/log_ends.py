"""Logs that end before what was folded of them: lost, or made anew. What comes below that would be passed over unseen.

Owns noticing and saying it: the worker is not ready while one is so. A broker that comes back may say so for a moment;
then it is over at the next look.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import structlog

from chassis.health import Health

log = structlog.get_logger(__name__)


@dataclass
class LogEnds:
    """What one worker knows of the ends of its partitions."""

    health: Health
    _short: set[tuple[str, int]] = field(default_factory=set)

    @property
    def all_reach(self) -> bool:
        """Whether every log is as long as what was folded of it."""
        return not self._short

    def keep(self, partitions: Collection[int]) -> None:
        """Forget the partitions that are not among these."""
        self._short = {place for place in self._short if place[1] in partitions}

    def compare(self, topic: str, partition: int, *, folded: int, end_offset: int | None) -> None:
        """Look at one end; `end_offset` is None while nobody has said it."""
        place = (topic, partition)
        if end_offset is None or end_offset >= folded:
            self._short.discard(place)
            return
        reason = f"{topic}/{partition} ends at {end_offset}, and {folded} was reached: the log was lost or made anew"
        if place not in self._short:
            self._short.add(place)
            log.error("a log ends before what was folded of it", topic=topic, partition=partition,
                      ends_at=end_offset, reached=folded)  # fmt: skip
        self.health.set_ready(False, reason)
