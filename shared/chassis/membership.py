"""One worker's place in its service's group: it joins however long Kafka is away, polls, and leaves.

Owns the consumer, and building a new one when polling hangs, fails again and again, or brings no answer. What becomes
of records is the worker's: it is told to forget its lanes, and every position is sought anew.
"""

import asyncio
from collections.abc import Callable, Collection

import structlog
from aiokafka.errors import KafkaError

from chassis import grants, metrics, refusals, topics
from chassis.consumer import Consumer
from chassis.health import Health
from chassis.reading import RawRecord
from chassis.runtime import Runtime

log = structlog.get_logger(__name__)

WATCHDOG_S = 30.0
"""A poll that has not come back by then never will (aiokafka can hang in a rebalance)."""
FAILED_POLLS = 10
"""After so many polls in a row that raised, a new consumer is built."""
SILENCE_S = 60.0
"""A partition whose fetches have not been answered for so long needs a new consumer."""
UNREADY_AFTER_S = 10.0
"""After so much of that silence we say so."""
KAFKA_RETRY_S = 1.0
AFTER_FAILURE_S = 0.2


class WorkerStuck(Exception):
    """Polling hangs and building a new consumer did not help: the process should be replaced."""


class Membership:
    """Of one process in a service's group."""

    def __init__(
        self, runtime: Runtime, health: Health, forget: Callable[[], None], consumer: type[Consumer] = Consumer
    ) -> None:
        """`forget` is called after any doubt: what was polled and not folded may be lost."""
        self._settings = runtime.settings
        self._service = runtime.service
        self._health = health
        self._forget = forget
        self._stopping = False
        self._failed_polls = self._rebuilds = 0
        self.refused: str | None = None
        """What Kafka does not allow us, until a poll comes through."""
        self.silence_s = 0.0
        """For how long the quietest of our partitions has not answered."""
        self._consumer_class = consumer
        self.consumer = self._new_consumer()

    def _new_consumer(self) -> Consumer:
        settings = self._settings
        group = settings.consumer_group or f"rapport-{self._service.name}"
        bootstrap, silence_ms = settings.kafka_bootstrap_servers, settings.kafka_session_timeout_ms
        return self._consumer_class(bootstrap, group, list(self._service.wanted()), silence_ms, settings.connection)

    @property
    def is_heard(self) -> bool:
        """Whether Kafka lets us poll, and answers."""
        return self.refused is None and self.silence_s <= UNREADY_AFTER_S

    def stop(self) -> None:
        """Wait for Kafka no longer."""
        self._stopping = True

    async def join(self) -> None:
        """Check the topics and join the group, however long Kafka is away. Raises `WrongPartitions` at once."""
        while not self._stopping:
            self._health.loop_returned()
            try:
                await asyncio.wait_for(self._look_at_topics([*self._service.wanted(), self._service.topic]), WATCHDOG_S)
                await asyncio.wait_for(self.consumer.start(), WATCHDOG_S)
            except (TimeoutError, KafkaError, OSError) as error:
                reason = grants.missing(error) or await refusals.reason(self._settings) or "Kafka is away"
                log.warning("Kafka cannot be used; trying again", reason=reason, error=type(error).__name__)
                self._health.set_ready(False, reason)
                await self.consumer.stop()
                self.consumer = self._new_consumer()
                await asyncio.sleep(KAFKA_RETRY_S)
            else:
                break

    async def _look_at_topics(self, asked: Collection[str]) -> None:
        settings = self._settings
        await topics.check(settings.kafka_bootstrap_servers, asked, settings.partitions, settings.connection)

    async def poll(self, timeout_ms: int) -> list[RawRecord]:
        """What has come; nothing after a failure. Raises `WorkerStuck` when only a new process can help."""
        patience_s = max(WATCHDOG_S, 2 * self._settings.kafka_session_timeout_ms / 1000)  # a rebalance takes one
        try:
            records = await asyncio.wait_for(self.consumer.poll(timeout_ms), patience_s)
        except TimeoutError:
            await self._rebuild("polling hangs")
        except Exception as error:  # noqa: BLE001 whatever it was, what other partitions brought may be lost with it
            await self._failed(error)
        else:
            self._failed_polls, self.refused = 0, None
            return records
        return []

    async def _failed(self, error: Exception) -> None:
        log.warning("polling failed; seeking every position again", error=type(error).__name__)
        self._forget()
        self.refused = grants.missing(error)
        if self.refused:  # a new consumer would be allowed no more: wait until somebody grants it
            log.warning("Kafka does not allow it; trying again", reason=self.refused)
            self._health.set_ready(False, self.refused)
            await asyncio.sleep(KAFKA_RETRY_S)
            return
        self._failed_polls += 1
        if self._failed_polls > FAILED_POLLS:
            await self._rebuild("polling fails again and again")
        await asyncio.sleep(AFTER_FAILURE_S)

    async def _rebuild(self, why: str) -> None:
        """Build a new consumer; once, until Kafka has answered a fetch again."""
        if self._rebuilds:
            raise WorkerStuck(why)
        log.error("building a new consumer", reason=why)
        metrics.consumer_rebuilds.inc()
        self._rebuilds, self._failed_polls = 1, 0
        self._forget()
        await self.consumer.stop()
        self.consumer = self._new_consumer()
        await self.join()

    def listen(self) -> None:
        """Look whether Kafka still answers, and say so when it does not."""
        self.silence_s = self.consumer.silence_s()
        if self.silence_s > UNREADY_AFTER_S:
            self._health.set_ready(False, "Kafka does not answer")

    async def end_silence(self) -> None:
        """A new consumer, when nothing has been answered for too long."""
        metrics.kafka_silence_s.set(self.silence_s)
        if self.silence_s > SILENCE_S:
            await self._rebuild("fetches are not answered")
        elif self.consumer.heard:
            self._rebuilds = 0
