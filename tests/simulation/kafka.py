"""The far side of the network: a log, a group with generations, and the two clients that aiokafka would give.

Behaves as aiokafka does where the chassis could notice: positions begin at what was committed, a fetch takes records
out of the buffer even when polling then fails, ends are known from fetches only, and a member that was thrown out goes
on believing until it polls.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaTimeoutError

from tests.simulation.clock import Clock


class Record(NamedTuple):
    """A record as aiokafka hands it out."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Log:
    """Records by topic and partition; only ever appended to."""

    def __init__(self) -> None:
        self.records: defaultdict[TopicPartition, list[Record]] = defaultdict(list)
        self._ends: defaultdict[TopicPartition, int] = defaultdict(int)

    def append(
        self, place: TopicPartition, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        """At the end."""
        self.records[place].append(Record(place.topic, place.partition, self._ends[place], 0, key, value, headers))
        self._ends[place] += 1

    def skip(self, place: TopicPartition, size: int) -> None:
        """Use up offsets that hold no record."""
        self._ends[place] += size

    def end(self, place: TopicPartition) -> int:
        """The offset of the next record."""
        return self._ends[place]

    def read(self, place: TopicPartition, offset: int, most: int) -> tuple[list[Record], int]:
        """At most `most` records from `offset` on, and where to read on: past what is no record, at the end."""
        found = [record for record in self.records[place] if record.offset >= offset]
        if len(found) <= most:
            return found, self.end(place)
        return found[:most], found[most - 1].offset + 1


@dataclass
class Group:
    """The members, in the order in which they joined; their partitions by ranges, the same for all topics."""

    log: Log
    clock: Clock
    partitions: int
    generation: int = 0
    members: list["Member"] = field(default_factory=list)
    committed: dict[TopicPartition, int] = field(default_factory=dict)

    def join(self, member: "Member") -> None:
        """Somebody new, or somebody who had been thrown out."""
        if member not in self.members:
            self.members.append(member)
            self.generation += 1

    def leave(self, member: "Member") -> None:
        """Said, or found out when a session ended."""
        if member in self.members:
            self.members.remove(member)
            self.generation += 1

    def share_of(self, member: "Member") -> set[int]:
        """The partitions of a member in this generation."""
        place, number = self.members.index(member), len(self.members)
        each, more = divmod(self.partitions, number)
        first = place * each + min(place, more)
        return set(range(first, first + each + (place < more)))


@dataclass
class _Place:
    """What a client knows of one partition that it was assigned."""

    position: int
    end: int | None = None
    fetched_ms: int | None = None
    is_paused: bool = False


Point = Callable[[str], Awaitable[None]]


class Member:
    """What `aiokafka.AIOKafkaConsumer` is to `chassis.consumer.Consumer`."""

    def __init__(self, group: Group, point: Point) -> None:
        self._group, self._point = group, point
        self._topics: list[str] = []
        self._listener: Any = None
        self._generation = -1
        self._places: dict[TopicPartition, _Place] = {}
        self.deaf_polls = 0
        """For so many polls it does not hear of a new generation."""
        self.most = 50
        self.silent: str | None = None
        """A topic whose broker does not answer."""

    async def start(self) -> None:
        """Nobody is asked before `subscribe`."""

    async def stop(self) -> None:
        """Leave."""
        self._group.leave(self)

    def subscribe(self, topics: Sequence[str], listener: Any) -> None:
        """Join the group."""
        self._topics, self._listener = list(topics), listener
        self._group.join(self)

    def assignment(self) -> set[TopicPartition]:
        """What it believes to own."""
        return set(self._places)

    async def getmany(self, timeout_ms: int) -> Mapping[TopicPartition, list[Record]]:  # noqa: ARG002 aiokafka's name
        """Hear of the group, fetch; who brings something comes to the point `after_poll`."""
        if self.deaf_polls:
            self.deaf_polls -= 1
        else:
            await self.listen()
        fetched = {place: self._fetch(place) for place in sorted(self._places)}
        if any(fetched.values()):
            await self._point("after_poll")
        return {place: records for place, records in fetched.items() if records}

    async def listen(self) -> None:
        """Take part in the newest generation."""
        self._group.join(self)
        if self._generation == self._group.generation:
            return
        await self._point("on_revoke")
        self._group.join(self)  # it may have frozen there, and been thrown out
        self._listener.on_partitions_revoked(self.assignment())
        self._generation = self._group.generation
        owned = [TopicPartition(topic, number) for topic in self._topics for number in self._group.share_of(self)]
        self._places = {place: _Place(self._group.committed.get(place, 0)) for place in owned}
        self._listener.on_partitions_assigned(self.assignment())

    async def hear_of_another_generation(self) -> None:
        """At once, and not only at the next poll: aiokafka's coordinator works beside the loop."""
        self._group.generation += 1
        await self.listen()

    def _fetch(self, place: TopicPartition) -> list[Record]:
        known = self._places[place]
        if known.is_paused or place.topic == self.silent:
            return []
        records, known.position = self._group.log.read(place, known.position, self.most)
        known.end, known.fetched_ms = self._group.log.end(place), self._group.clock.fetched_ms()
        return records

    def _owned(self, place: TopicPartition) -> _Place:
        if place not in self._places:
            raise IllegalStateError(f"{place} is not assigned")
        return self._places[place]

    def seek(self, place: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self._owned(place).position = offset

    async def beginning_offsets(self, places: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Nothing is ever deleted."""
        return dict.fromkeys(places, 0)

    def last_poll_timestamp(self, place: TopicPartition) -> int | None:
        """When the newest fetch was answered."""
        return self._owned(place).fetched_ms

    def highwater(self, place: TopicPartition) -> int | None:
        """Where the newest fetch said that the partition ends."""
        return self._owned(place).end

    async def position(self, place: TopicPartition) -> int:
        """Where polling stands."""
        return self._owned(place).position

    def pause(self, *places: TopicPartition) -> None:
        """Fetch no more."""
        for place in places:
            self._owned(place).is_paused = True

    def resume(self, *places: TopicPartition) -> None:
        """Fetch again."""
        for place in places:
            self._owned(place).is_paused = False

    def paused(self) -> set[TopicPartition]:
        """What is not fetched."""
        return {place for place, known in self._places.items() if known.is_paused}

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Refused from whoever is not of this generation."""
        await self._point("before_hint")
        if self not in self._group.members or self._generation != self._group.generation:
            raise CommitFailedError
        self._group.committed |= offsets


class Died(BaseException):
    """The process is gone: nothing of it runs on, nobody catches it."""


class _Batch:
    def __init__(self, most: int) -> None:
        self.records: list[tuple[bytes | None, bytes, Sequence[tuple[str, bytes]]]] = []
        self._most = most

    def append(self, *, timestamp: int | None, key: bytes | None, value: bytes, headers: Any) -> object | None:  # noqa: ARG002 aiokafka's name
        if len(self.records) == self._most:
            return None
        self.records.append((key, value, headers))
        return self


class Producer:
    """What `aiokafka.AIOKafkaProducer` is to the relay. `most` records make a batch; batch `number` ends as told."""

    def __init__(self, log: Log, outcome: str, number: int, most: int) -> None:
        self._log, self._outcome, self._left, self._most = log, outcome, number, most

    async def start(self) -> None:
        """It is there."""

    async def stop(self) -> None:
        """It goes."""

    def create_batch(self) -> _Batch:
        """An empty one, soon full."""
        return _Batch(self._most)

    async def send_batch(self, batch: _Batch, topic: str, *, partition: int) -> Awaitable[None]:
        """Append it, or not, and say so, or not."""
        outcome, self._left = (self._outcome if self._left == 0 else "acknowledged"), self._left - 1
        if outcome == "refused":
            raise KafkaTimeoutError
        for key, value, headers in batch.records:
            self._log.append(TopicPartition(topic, partition), key, value, headers)
        if outcome == "relay_before_ack":
            raise Died
        answer = asyncio.get_running_loop().create_future()
        if outcome == "unanswered":
            answer.set_exception(KafkaTimeoutError())
        else:
            answer.set_result(None)
        return answer
