"""The SDK: says storefront facts on Kafka and returns when they are safe.

    async with Publisher("kafka:9092", source="/storefronts/berlin") as shop:
        await shop.publish(OrderPlaced(...), said_at=now)

Owns the connection. Never repairs a fact, never creates a topic, keeps no copy of what was said.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts import Event, Fact
from contracts.kafka import Record
from storefront.errors import BrokerAway, NotPublished, TopicMissing, WrongPartitions
from storefront.partitions import partition_of
from storefront.saying import TOPICS, Said, event_of, record_of, time_reached_record
from tracing import Traces
from tracing.messages import said


class Publisher:
    """An open connection of one storefront; use it as an async context manager.

    `source` names the storefront for ever: events are told apart by (source, id). `idempotent` is off only for the
    embedded broker. With `partitions` the topics must have exactly that many. `connection` is passed on to the
    client: security_protocol, ssl_context, sasl_mechanism, sasl_plain_username, sasl_plain_password (aiokafka's names).
    `topics` are those that it says anything on; it needs to be allowed to write them, and no others.
    `traces` is told how long publishing took: `tracing.Traces.from_environment("shop")` where OpenTelemetry's variables
    are set.
    Raises `BrokerAway`, `TopicMissing` or `WrongPartitions` when it opens.
    """

    def __init__(
        self,
        bootstrap: str,
        source: str = "/storefronts/demo",
        *,
        idempotent: bool = True,
        partitions: int | None = None,
        connection: Mapping[str, Any] | None = None,
        topics: Sequence[str] = TOPICS,
        traces: Traces | None = None,
    ) -> None:
        self.source = source
        self._bootstrap = bootstrap
        self._idempotent = idempotent
        self._wanted = partitions
        self._connection = connection or {}
        self._topics = topics
        self._traces = traces
        self._counts: dict[str, int] = {}
        self._producer: Any = None

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=self._idempotent,
            linger_ms=2,
            max_batch_size=262_144,
            **self._connection,
        )
        try:
            await self._open()
        except BaseException:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()
        if self._traces:
            await self._traces.close()

    @property
    def partitions(self) -> Mapping[str, int]:
        """How many partitions each storefront topic has."""
        return self._counts

    async def publish(
        self,
        fact: Fact,
        *,
        said_at: datetime,
        id: str | None = None,  # noqa: A002 a word of CloudEvents
        traceparent: str | None = None,
    ) -> str:
        """Say one fact; returns its event id when all replicas have it. The same again has the same id.

        It begins a trace, or goes on with the W3C `traceparent` of what the shop is doing.
        Raises `Unsayable` before anything is sent, `NotPublished` when it was not acknowledged.
        """
        event = event_of(Said(fact, said_at), self.source, id, traceparent)
        await self.publish_events([event])
        return event.id

    async def publish_all(self, said: Iterable[tuple[Fact, datetime]]) -> int:
        """Say many facts, in this order per customer; returns how many when all are acknowledged."""
        return await self.publish_events([event_of(Said(*each), self.source) for each in said])

    async def publish_events(self, events: Iterable[Event[Any]]) -> int:
        """Like `publish_all`, for events whose ids are known already. Nothing is sent unless all can be read."""
        return await self.publish_records([record_of(event) for event in events])

    async def publish_records(self, records: Sequence[Record]) -> int:
        """Like `publish_events`, for what `saying.record_of` has made already."""
        began_ns = time.time_ns()
        await self._send((record, self._home(record)) for record in records)
        if self._traces:
            self._traces.emit(said(records, self._traces.wants, began_ns, time.time_ns()))
        return len(records)

    async def time_reached(self, at: datetime) -> None:
        """Simulated time only: everything before `at` has been said, on every partition of every topic."""
        await self._producer.flush()
        await self._send(
            (time_reached_record(at, self.source, topic, partition), partition)
            for topic, count in self._counts.items()
            for partition in range(count)
        )

    def _home(self, record: Record) -> int:
        return partition_of(record.key or b"", self._counts[record.topic])

    async def _send(self, records: Iterable[tuple[Record, int]]) -> None:
        acknowledgements = []
        try:
            for (topic, key, value, headers), partition in records:
                sent = await self._producer.send(topic, value, key=key, partition=partition, headers=headers)
                acknowledgements.append(sent)
        except KafkaError as error:
            raise self._not_published(error) from error
        finally:
            results = await asyncio.gather(*acknowledgements, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise self._not_published(result) from result

    def _not_published(self, error: BaseException) -> NotPublished:
        return NotPublished(
            f"{self._bootstrap} did not acknowledge ({error!r}); publish the same again: nothing doubles"
        )

    async def _open(self) -> None:
        try:
            await self._producer.start()
        except KafkaError as error:
            raise self._away(error) from error
        self._counts = await self._partition_counts()
        if missing := [topic for topic in self._topics if not self._counts[topic]]:
            allowed = ", or does not allow us to write it" if self._connection else ""
            raise TopicMissing(
                f"{self._bootstrap} has no topic {', '.join(missing)}{allowed}: "
                "create them with: python -m chassis.topics"
            )
        if self._wanted and (wrong := {t: n for t, n in self._counts.items() if n != self._wanted}):
            raise WrongPartitions(
                f"{wrong} partitions, agreed were {self._wanted}: all topics have the same number, fixed for life"
            )

    async def _partition_counts(self) -> dict[str, int]:
        """Asked for all topics at once: asking for one by name would create it on many clusters."""
        try:
            metadata = await self._producer.client.fetch_all_metadata()
        except KafkaError as error:
            raise self._away(error) from error
        return {topic: len(metadata.partitions_for_topic(topic) or ()) for topic in self._topics}

    def _away(self, error: KafkaError) -> BrokerAway:
        hint = " or pass idempotent=False, which the embedded broker needs" if self._idempotent else ""
        return BrokerAway(f"no usable Kafka broker at {self._bootstrap} ({error!r}): start it, check the address{hint}")
