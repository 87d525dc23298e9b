"""The loop that every service turns: poll, fold partition by partition, remember where we are.

The database is the truth about positions. After any doubt (an exception while polling, a failed commit, another
owner) a lane's positions are read again and sought anew; what was polled and not committed is forgotten.
"""

import asyncio
import random
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import structlog
from aiokafka.errors import KafkaError
from sqlalchemy import text

from chassis import batch as batches
from chassis import deadlines, metrics, positions
from chassis.batch import Batch, PositionsMoved, Report
from chassis.consumer import Consumer
from chassis.database import is_transient
from chassis.errors import Rejected
from chassis.health import Health
from chassis.lane import Lane
from chassis.partitions import partition_of
from chassis.reading import RawRecord, read
from chassis.runtime import Runtime
from chassis.sequence import LONG_AGO, Refused
from chassis.settings import ClockKind

log = structlog.get_logger(__name__)

POLL_TIMEOUT_MS = 100
WATCHDOG_S = 30.0
"""A poll that has not come back by then never will (aiokafka can hang in a rebalance)."""
HINT_EVERY_S = 1.0
LOOK_FOR_DEADLINES_EVERY_S = 0.1
TRIES = 3
"""After so many failures that are not transient, a batch is saved customer by customer."""
SAME_FAILURES = 5
"""So many customers failing in the same way are a bug here, not poison in the data: stop and call for help."""
LONGEST_BACKOFF_S = 30.0


class WorkerStuck(Exception):
    """Polling hangs and building a new consumer did not help: the process should be replaced."""


class SameFailure(Exception):
    """Too many customers fail in the same way; nothing more is parked until somebody has looked."""


@dataclass
class _Trouble:
    """Why a lane waits before it tries again."""

    failures: int = 0
    retry_at_s: float = 0.0


@dataclass
class BugWatch:
    """Counts customers per kind of failure since the start of the process."""

    customers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def look(self, refused: Iterable[Refused]) -> None:
        """Raises `SameFailure` when too many customers failed at the same place in the code."""
        for refusal in refused:
            error = refusal.error
            if error is None or isinstance(error, Rejected):
                continue
            place = traceback.extract_tb(error.__traceback__)[-1:]
            signature = f"{type(error).__name__} at " + "".join(f"{f.filename}:{f.lineno}" for f in place)
            self.customers[signature].add(refusal.item.customer_id)
            if len(self.customers[signature]) > SAME_FAILURES:
                raise SameFailure(signature)


class Worker:
    """One process's part in a service's group."""

    def __init__(self, runtime: Runtime, health: Health) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._service = runtime.service
        self._health = health
        self._wanted = self._service.wanted()
        self._lanes: dict[int, Lane] = {}
        self._trouble: dict[int, _Trouble] = {}
        self._bugs = BugWatch()
        self._slots = asyncio.Semaphore(self._settings.partitions_in_flight)
        self._hints: dict[tuple[str, int], int] = {}
        self._hinted_at_s = self._looked_at_s = 0.0
        self._stopping = self._joined = False
        self._consumer = self._new_consumer()

    def _new_consumer(self) -> Consumer:
        group = self._settings.consumer_group or f"rapport-{self._service.name}"
        settings = self._settings
        return Consumer(settings.kafka_bootstrap_servers, group, list(self._wanted), settings.kafka_session_timeout_ms)

    def stop(self) -> None:
        """Finish the batch at hand, then end `run`."""
        self._stopping = True

    async def run(self) -> None:
        """Turn until stopped. Raises `WorkerStuck` when only a new process can help."""
        self._health.has_worker = True
        await self._consumer.start()
        try:
            while not self._stopping:
                await self._turn()
                self._health.loop_returned()
        finally:
            await self._hint(now=True)
            await self._consumer.stop()

    async def _turn(self) -> None:
        records = await self._poll()
        if self._consumer.assignment_changed:
            self._consumer.assignment_changed = False
            self._joined = True
            self._lanes.clear()
            records = []  # they came before positions were sought
        await self._adopt()
        self._receive(records)
        due = await self._due_partitions()
        await asyncio.gather(*(self._work(lane, deadlines_due=lane.partition in due) for lane in self._lanes.values()))
        await self._hint()

    async def _poll(self) -> list[RawRecord]:
        try:
            return await asyncio.wait_for(self._consumer.poll(POLL_TIMEOUT_MS), WATCHDOG_S)
        except TimeoutError:
            await self._rebuild()
        except (KafkaError, ValueError, AssertionError) as error:
            # records of other partitions may be lost with the exception: read everything again from the positions
            log.warning("polling failed; seeking every position again", error=type(error).__name__)
            self._lanes.clear()
            await asyncio.sleep(0.2)
        return []

    async def _rebuild(self) -> None:
        log.error("polling hangs; building a new consumer")
        metrics.consumer_rebuilds.inc()
        self._lanes.clear()
        await self._consumer.stop()
        self._consumer = self._new_consumer()
        try:
            await asyncio.wait_for(self._consumer.start(), WATCHDOG_S)
        except (TimeoutError, KafkaError) as error:
            raise WorkerStuck("a new consumer cannot start") from error

    async def _adopt(self) -> None:
        """Make a lane for every partition that is ours, at its stored positions; forget the others."""
        owned = self._consumer.partitions()
        self._health.owns(owned)
        for partition in self._lanes.keys() - owned:
            del self._lanes[partition]
        for partition in sorted(owned - self._lanes.keys()):
            if self._may_try(partition):
                await self._open_lane(partition)
        if self._joined and owned == self._lanes.keys():
            self._health.set_ready(True)

    async def _open_lane(self, partition: int) -> None:
        try:
            async with self._runtime.transaction() as tx:
                stored = await positions.positions_of(tx, partition)
                new = [topic for topic in self._wanted if topic not in stored]
                if new:
                    await positions.start(tx, partition, await self._consumer.beginnings(partition, new))
                    stored = await positions.positions_of(tx, partition)
        except Exception as error:
            if not (is_transient(error) or isinstance(error, KafkaError)):
                raise
            self._wait(partition, error)
            return
        lane = Lane(partition, self._service.consumes, stored, self._settings.clock)
        if partition in self._consumer.partitions():  # it may have gone while we asked the database
            for topic, offset in lane.positions.items():
                self._consumer.seek(topic, partition, offset)
            self._lanes[partition] = lane

    def _receive(self, records: Iterable[RawRecord]) -> None:
        for partition, group in groupby(records, key=lambda record: record.partition):
            lane = self._lanes.get(partition)
            if lane is not None:  # otherwise it is sought again when its lane opens
                lane.receive(read(record, self._wanted[record.topic]) for record in self._counted(group))
        for partition in self._consumer.partitions() & self._lanes.keys():
            lane = self._lanes[partition]
            for topic in lane.topics:
                lane.fetched(topic, *self._consumer.last_fetch(topic, lane.partition))
            self._consumer.pause(lane.partition, lane.is_full)

    def _counted(self, records: Iterable[RawRecord]) -> Iterable[RawRecord]:
        for record in records:
            if record.key is not None and partition_of(record.key, self._settings.partitions) != record.partition:
                metrics.misplaced_keys.inc()
            yield record

    async def _due_partitions(self) -> set[int]:
        """Partitions with deadlines that may be folded now (real clock; simulated time says so itself)."""
        now_s = time.monotonic()
        if self._settings.clock is ClockKind.simulated or now_s - self._looked_at_s < LOOK_FOR_DEADLINES_EVERY_S:
            return set()
        self._looked_at_s = now_s
        horizons = {lane.partition: lane.horizon() for lane in self._lanes.values()}
        heard = {partition: moment for partition, moment in horizons.items() if moment > LONG_AGO}
        if not heard:
            return set()
        try:
            async with self._runtime.engine.connect() as tx:
                return await deadlines.due_partitions(tx, heard)
        except Exception as error:
            if not is_transient(error):
                raise
            return set()

    async def _work(self, lane: Lane, *, deadlines_due: bool) -> None:
        """Fold what a lane has, batch after batch, until it has nothing or something goes wrong."""
        while self._lanes.get(lane.partition) is lane and self._may_try(lane.partition) and not self._stopping:
            batch = lane.next_batch(self._settings.batch_items, deadlines_due=deadlines_due)
            if batch is None:
                self._health.moved(lane.partition, behind=False)
                return
            async with self._slots:
                report = await self._commit(batch)
            if report is None:
                return
            lane.done(report)
            self._count(batch, report)
            self._health.moved(lane.partition, behind=True)
            deadlines_due = False

    async def _commit(self, batch: Batch) -> Report | None:
        """One transaction; None when it was given up or has to wait."""
        trouble = self._trouble.setdefault(batch.partition, _Trouble())
        started_s = time.perf_counter()
        try:
            async with self._runtime.transaction() as tx:
                report = await batches.run(tx, self._service, batch, isolate=trouble.failures >= TRIES)
                self._bugs.look(report.refused)
        except PositionsMoved:
            metrics.positions_moved.inc()
            self._lanes.pop(batch.partition, None)
            return None
        except Exception as error:  # noqa: BLE001 whatever it is, the rollback leaves nothing half done
            self._wait(batch.partition, error)
            self._lanes.pop(batch.partition, None)  # the commit may have come through: read the positions again
            return None
        metrics.batch_seconds.observe(time.perf_counter() - started_s)
        self._trouble.pop(batch.partition, None)
        metrics.halted.set(0)
        return report

    def _may_try(self, partition: int) -> bool:
        trouble = self._trouble.get(partition)
        return trouble is None or time.monotonic() >= trouble.retry_at_s

    def _wait(self, partition: int, error: Exception) -> None:
        """Back off; transient failures never count towards parking anything."""
        trouble = self._trouble.setdefault(partition, _Trouble())
        same = isinstance(error, SameFailure)
        transient = is_transient(error) or isinstance(error, KafkaError)
        if not transient and not same:
            trouble.failures += 1
        cause = "bug" if same else "transient" if transient else "failure"
        metrics.retries.labels(cause).inc()
        if same:
            metrics.halted.set(1)
            self._health.set_ready(False, f"partition {partition} is halted: {error}")
        elif transient:
            self._health.set_ready(False, "the database is away")
        delay_s = LONGEST_BACKOFF_S if same else min(LONGEST_BACKOFF_S, 0.1 * 2 ** min(trouble.failures + 1, 8))
        trouble.retry_at_s = time.monotonic() + delay_s * random.uniform(0.5, 1.0)  # noqa: S311 only jitter
        log.warning("batch failed", partition=partition, cause=cause, error=type(error).__name__, exc_info=error)

    def _count(self, batch: Batch, report: Report) -> None:
        partition = str(batch.partition)
        metrics.consumed.labels(partition).inc(len(batch.entries))
        metrics.batch_records.observe(len(batch.entries))
        for fate, number in report.counts.items():
            metrics.records.labels(partition, fate).inc(number)
        for reason, number in report.reasons.items():
            metrics.parked.labels(reason).inc(number)
        metrics.facts.inc(report.facts)
        metrics.decisions.inc(report.decisions)
        metrics.deadlines_fired.inc(report.deadlines)
        self._hints |= {(topic, batch.partition): offset for topic, offset in report.next_offsets.items()}
        if report.facts or batch.time_reached:
            self._runtime.outbox_filled.set()

    async def _hint(self, *, now: bool = False) -> None:
        if self._hints and (now or time.monotonic() - self._hinted_at_s >= HINT_EVERY_S):
            hints, self._hints = self._hints, {}
            self._hinted_at_s = time.monotonic()
            await self._consumer.hint({place: o for place, o in hints.items() if place[1] in self._lanes})


async def totals(runtime: Runtime) -> dict[str, int]:
    """What was consumed since the database began and what became of it, over all partitions."""
    async with runtime.engine.connect() as tx:
        row = await tx.execute(_TOTALS)
        return {name: int(value) for name, value in row.one()._mapping.items()}


_TOTALS: Any = text("""
    select coalesce(sum(consumed), 0) as consumed, coalesce(sum(applied), 0) as applied,
           coalesce(sum(duplicate), 0) as duplicate, coalesce(sum(parked), 0) as parked,
           coalesce(sum(ignored), 0) as ignored
    from positions
""")
