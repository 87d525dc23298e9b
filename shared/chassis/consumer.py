"""The rules for reading Kafka with aiokafka, in one place.

Raw bytes only; no automatic commit and never one without explicit offsets; no `max_records`, which starves partitions;
no deserialisers. Positions come from the database, so any doubt ends in a seek. The listener only sets a flag.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping
from operator import attrgetter
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError

from chassis import metrics
from chassis.reading import RawRecord

log = structlog.get_logger(__name__)

FETCH_MAX_WAIT_MS = 100
FETCH_BYTES = 3_145_728
"""The most that one answer brings, about four batches, however many places wait: decoded it is ten times as much."""
PARTITION_FETCH_BYTES = 786_432
"""About as many records as fit into one batch: smaller fetches make smaller transactions, each with its own cost."""
HEARTBEAT_MS = 1_000
"""How soon the others hear of one that has left: until then nobody folds what was its."""
STOP_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 5.0


_fields = attrgetter("topic", "partition", "offset", "timestamp", "key", "value", "headers")
"""Of aiokafka's record, in the order of ours."""


async def end(kafka: AIOKafkaConsumer) -> None:
    """End a client of aiokafka, whatever comes of it.

    In a task of its own: with fetches under way its `stop` may raise the cancellation of its own tasks (0.14.0,
    `Fetcher.close`), which would end ours without anybody having asked for it. Then its connections are left to close.
    """
    stopping = asyncio.create_task(kafka.stop())
    await asyncio.wait([stopping], timeout=STOP_TIMEOUT_S)
    if stopping.done() and not stopping.cancelled() and stopping.exception() is None:
        return
    error = None if stopping.cancelled() or not stopping.done() else stopping.exception()
    log.warning("consumer did not stop cleanly", error=type(error).__name__ if error else "cancelled")
    stopping.cancel()
    closing = asyncio.create_task(kafka._client.close())
    await asyncio.wait([closing], timeout=STOP_TIMEOUT_S)
    if closing.done() and not closing.cancelled():
        closing.exception()  # looked at; nothing is to be done about it


class Consumer(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka ships no types
    """One member of a service's group."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        topics: Collection[str],
        session_timeout_ms: int,
        connection: Mapping[str, Any] | None = None,
    ) -> None:
        """`connection` as in `KafkaSettings`."""
        self._topics = sorted(topics)
        self.assignment_changed = False
        self.heard = False
        """Whether any fetch was answered."""
        self._answers: dict[TopicPartition, tuple[int | None, float]] = {}
        self._kafka = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            # all topics of a partition number go to the same process: one customer, one place
            partition_assignment_strategy=[RangePartitionAssignor],
            fetch_max_bytes=FETCH_BYTES,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=min(HEARTBEAT_MS, session_timeout_ms // 3),
            **(connection or {}),
        )

    async def start(self) -> None:
        """Join the group. `KafkaError` or `OSError` when no broker answers; only `stop` may follow then."""
        await self._kafka.start()
        self._kafka.subscribe(self._topics, listener=self)

    async def stop(self) -> None:
        """Leave the group; gives up after a few seconds, which is safe because the database is the truth."""
        await end(self._kafka)

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Nothing: a batch that is under way is guarded by its positions."""

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:  # noqa: ARG002 aiokafka's name
        """Somebody must look; the loop does, before it folds anything polled afterwards."""
        self.assignment_changed = True

    def partitions(self) -> set[int]:
        """The partition numbers that are ours, with all their topics."""
        owned = Counter(assigned.partition for assigned in self._kafka.assignment())
        return {partition for partition, topics in owned.items() if topics == len(self._topics)}

    async def poll(self, timeout_ms: int) -> list[RawRecord]:
        """What has come, in order per topic and partition. After an exception every position must be sought anew."""
        polled: Mapping[TopicPartition, list[Any]] = await self._kafka.getmany(timeout_ms=timeout_ms)
        return [RawRecord(*_fields(record)) for records in polled.values() for record in records]

    def seek(self, topic: str, partition: int, offset: int) -> None:
        """Read on from `offset`."""
        self._kafka.seek(TopicPartition(topic, partition), offset)

    async def beginnings(self, partition: int, topics: Collection[str]) -> dict[str, int]:
        """The first offset that is still there, per topic."""
        asked = [TopicPartition(topic, partition) for topic in topics]
        found = await asyncio.wait_for(self._kafka.beginning_offsets(asked), ANSWER_TIMEOUT_S)
        return {place.topic: offset for place, offset in found.items()}

    def last_fetch(self, topic: str, partition: int) -> tuple[int | None, int | None]:
        """When the newest fetch of a partition came (ms) and where it said that the partition ends."""
        place = TopicPartition(topic, partition)
        return self._kafka.last_poll_timestamp(place), self._kafka.highwater(place)

    async def position(self, topic: str, partition: int) -> int | None:
        """Where polling stands; None when nobody knows at once. It passes what is no record: ends of transactions."""
        try:
            return int(await asyncio.wait_for(self._kafka.position(TopicPartition(topic, partition)), 0.05))
        except (TimeoutError, KafkaError):
            return None

    def pause(self, partition: int, topics: Collection[str]) -> None:
        """Fetch no more from these topics of a partition number, and go on with the others."""
        ours = {place for place in self._kafka.assignment() if place.partition == partition}
        paused = {place for place in ours if place.topic in topics}
        was_paused = self._kafka.paused()
        self._kafka.pause(*(paused - was_paused))
        self._kafka.resume(*(ours & was_paused - paused))

    def silence_s(self) -> float:
        """For how long the quietest of our places has not answered a fetch; what is paused is not asked."""
        now_s, paused, ours = time.monotonic(), self._kafka.paused(), self._kafka.assignment()
        for place in ours:
            answered_ms = self._kafka.last_poll_timestamp(place)
            self.heard |= answered_ms is not None
            if place in paused or self._answers.get(place, (None, 0.0))[0] != answered_ms or place not in self._answers:
                self._answers[place] = (answered_ms, now_s)
        return max((now_s - since_s for place, (_, since_s) in self._answers.items() if place in ours), default=0.0)

    async def hint(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Tell Kafka how far we are, for lag metrics and autoscaling. Failing is harmless."""
        if not offsets:
            return
        try:
            commits = {TopicPartition(topic, partition): offset for (topic, partition), offset in offsets.items()}
            await asyncio.wait_for(self._kafka.commit(commits), ANSWER_TIMEOUT_S)
        except (KafkaError, TimeoutError):
            metrics.position_hints_failed.inc()
