"""One partition number across all topics of a service: what was polled and waits, and the next batch. Pure.

The order of a batch is (time, topic's rank, offset), each topic's own order kept, so that the same log gives the same
sequence however it was polled. With simulated time, nothing is folded before every topic has said that its time has
come; with the real clock everything at hand is folded at once, and only deadlines wait for what was heard.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import islice

from chassis.batch import Batch, Report
from chassis.listening import Listening
from chassis.midnights import gate
from chassis.positions import Position
from chassis.reading import Entry
from chassis.sequence import LONG_AGO
from chassis.service import Inlet
from chassis.settings import ClockKind

ENOUGH_ENTRIES = 1_000
"""A topic that holds so many, a batch, is not polled until they are folded: other partitions have theirs at hand."""


_Candidate = tuple[datetime, int, int, Entry]
"""An entry behind its place in the order: time, topic's rank, offset."""


@dataclass
class _Topic:
    rank: int
    carries_time: bool
    next_offset: int
    """The stored position: everything before it is folded."""
    reached_at: datetime
    waiting: deque[Entry] = field(default_factory=deque)
    listening: Listening = field(default_factory=Listening)
    marked_at: datetime = LONG_AGO
    """The last time-reached among those waiting."""
    end: int = 0
    """Everything before it is folded or waits here."""
    read_until: int = 0
    """Where polling stands: past the last record where what follows is no record (a transaction's end)."""

    @property
    def time(self) -> datetime:
        return max(self.reached_at, self.marked_at)


class Lane:
    """Buffers between polls and batches for one partition that this worker owns."""

    def __init__(
        self,
        partition: int,
        inlets: Sequence[Inlet],
        positions: Mapping[str, Position],
        clock: ClockKind,
        *,
        closes_days: bool = False,
    ) -> None:
        self.partition = partition
        self.clock = clock
        self.topics = {
            inlet.topic: _Topic(
                rank,
                inlet.carries_time,
                positions[inlet.topic].next_offset,
                positions[inlet.topic].reached_at or LONG_AGO,
                end=positions[inlet.topic].next_offset,
            )
            for rank, inlet in enumerate(inlets)
        }
        self.settled_at = max((position.settled_at or LONG_AGO for position in positions.values()), default=LONG_AGO)
        self.more_due = False
        self.stops_at_midnight = closes_days and clock is ClockKind.simulated
        self.closed_until: datetime | None = None

    @property
    def positions(self) -> dict[str, int]:
        """The stored next offset of each topic, as far as this lane knows."""
        return {name: topic.next_offset for name, topic in self.topics.items()}

    def receive(self, entries: Iterable[Entry]) -> None:
        """Take what was polled, in offset order per topic; what is folded already is passed over."""
        for entry in entries:
            record = entry.record
            topic = self.topics[record.topic]
            if record.offset < topic.end:
                continue
            topic.waiting.append(entry)
            topic.end = record.offset + 1
            if entry.marker:
                topic.marked_at = max(topic.marked_at, entry.marker.at)

    def fetched(self, topic: str, at_ms: int | None, end_offset: int | None, position: int | None = None) -> None:
        """What the newest fetch of a topic said (see `Listening`), and where polling stands; all polled is received."""
        self.topics[topic].listening.fetched(at_ms, end_offset)
        self.topics[topic].read_until = position or 0

    def full_topics(self) -> set[str]:
        """Topics to pause: they hold enough, and it is not their own time that the others wait for."""
        horizon = self.horizon()
        return {
            name
            for name, topic in self.topics.items()
            if len(topic.waiting) >= ENOUGH_ENTRIES
            and (self.clock is ClockKind.real or not topic.carries_time or topic.time > horizon)
        }

    def horizon(self) -> datetime:
        """Up to which moment this partition's deadlines may be folded, once everything at hand is."""
        if self.clock is ClockKind.real:
            return min(topic.listening.passed(max(topic.end, topic.read_until)) for topic in self.topics.values())
        heard = self._heard()
        return min(heard, self._gate()) if self.stops_at_midnight else heard

    def _heard(self) -> datetime:
        return min((topic.time for topic in self.topics.values() if topic.carries_time), default=LONG_AGO)

    def _gate(self) -> datetime:
        first = (entry.event.time for topic in self.topics.values() for entry in topic.waiting
                 if entry.event and not entry.marker) if self.settled_at == LONG_AGO else ()  # fmt: skip
        return gate(self.closed_until, self.settled_at, min(first, default=None))

    @property
    def waits_for_closing(self) -> bool:
        """Everything of a day is folded, and more is at hand: the day has to be closed."""
        return self.stops_at_midnight and self._gate() <= self.settled_at < self._heard()

    def next_batch(self, most: int, *, deadlines_due: bool = False) -> Batch | None:
        """The next `most` entries with the deadlines between them; None when there is nothing to do.

        `deadlines_due`: somebody looked, and deadlines before the horizon are waiting (real clock).
        """
        horizon = self.horizon()
        ordered = self._in_order(horizon)
        taken = list(islice(ordered, most))
        cut = next(ordered, None) is not None and taken[-1][0] < horizon
        time_moved = self.clock is ClockKind.simulated and horizon > self.settled_at
        if not (taken or deadlines_due or time_moved or self.more_due):
            return None
        before = min(horizon, taken[-1][0]) if cut else horizon
        return Batch(
            partition=self.partition,
            entries=[entry for *_, entry in taken],
            moments=[moment for moment, *_ in taken],
            expected=self.positions,
            before=before,
            time_reached=self.clock is ClockKind.simulated and not cut and before > LONG_AGO,
            in_order=self.clock is ClockKind.simulated,
        )

    def _in_order(self, horizon: datetime) -> Iterator[_Candidate]:
        return merge(*(self._ready(topic, horizon) for topic in self.topics.values() if topic.waiting))

    def _ready(self, topic: _Topic, horizon: datetime) -> Iterator[_Candidate]:
        """A topic's entries with their place in the order, as far as their time has come."""
        moment, rank = self.settled_at, topic.rank
        may_wait = topic.carries_time and self.clock is ClockKind.simulated
        for entry in topic.waiting:
            event, marker = entry.event, entry.marker
            if event is not None:
                at = marker.at if marker else event.time
                if at > moment:  # `max` takes three times as long
                    moment = at
            if may_wait and (moment > horizon or (moment == horizon and event is not None and marker is None)):
                return
            yield moment, rank, entry.record.offset, entry

    def done(self, report: Report) -> None:
        """The batch is committed: forget its entries and move on."""
        for name, next_offset in report.next_offsets.items():
            topic = self.topics[name]
            topic.next_offset = next_offset
            topic.end = max(topic.end, next_offset)
            while topic.waiting and topic.waiting[0].record.offset < next_offset:
                marker = topic.waiting.popleft().marker
                if marker:
                    topic.reached_at = max(topic.reached_at, marker.at)
        self.settled_at = max(self.settled_at, report.settled_at or LONG_AGO)
        self.more_due = report.more_due
