"""The loop that every service turns: poll and read on, while each partition folds what has come.

Reading needs the processor and folding waits for PostgreSQL: neither waits for the other. The database is the truth
about positions. After any doubt (an exception while polling, a failed commit, another owner) a lane's positions are
read again and sought anew; what was polled and not committed is forgotten. While Kafka or the database is away the
loop turns on, alive and not ready.
"""

import asyncio
import time
from collections.abc import Collection, Sequence
from itertools import groupby

import structlog

from chassis import batch as batches
from chassis import deadlines, metrics, positions
from chassis.batch import Batch, PositionsMoved, Report
from chassis.closing import Days
from chassis.consumer import Consumer
from chassis.health import Health
from chassis.lag import Lags
from chassis.lane import Lane
from chassis.log_ends import LogEnds
from chassis.membership import Membership
from chassis.partitions import partition_of
from chassis.reading import Entry, RawRecord, read
from chassis.runtime import Runtime
from chassis.sequence import LONG_AGO
from chassis.settings import ClockKind
from chassis.trouble import BugWatch, Cause, Setbacks, cause_of

log = structlog.get_logger(__name__)

POLL_TIMEOUT_MS = 100
MIDNIGHT_POLL_MS = 10
"""Simulated time: while lanes, here or elsewhere, come to the end of the day."""
SLICE_RECORDS = 256
"""So many records are read (some milliseconds) before heartbeats and requests get a turn."""
POLL_BESIDE_WORK_MS = 50
"""While lanes fold: a lane that has room again is not kept waiting for longer."""
HINT_EVERY_S = 1.0
LOOK_FOR_DEADLINES_EVERY_S = 0.1
LOOK_AT_LAG_EVERY_S = 2.0


class Worker:
    """One process's part in a service's group."""

    def __init__(self, runtime: Runtime, health: Health, consumer: type[Consumer] = Consumer) -> None:
        self._runtime = runtime
        self._settings = runtime.settings
        self._service = runtime.service
        self._health = health
        self._wanted = self._service.wanted()
        self._lanes: dict[int, Lane] = {}
        self._setbacks = Setbacks(health)
        self._bugs = BugWatch()
        self._days = Days(runtime)
        self._slots = asyncio.Semaphore(self._settings.partitions_in_flight)
        self._hints: dict[tuple[str, int], int] = {}
        self._hinted_at_s = self._looked_at_s = self._lag_seen_at_s = 0.0
        self._lags = Lags()
        self._working: dict[Lane, asyncio.Task[None]] = {}
        self._ends = LogEnds(health)
        self._stopping = self._joined = False
        self._membership = Membership(runtime, health, self._lanes.clear, consumer)

    @property
    def _consumer(self) -> Consumer:
        return self._membership.consumer

    def stop(self) -> None:
        """Finish the batch at hand, then end `run`."""
        self._stopping = True
        self._membership.stop()

    async def run(self) -> None:
        """Turn until stopped. Raises `WorkerStuck` when only a new process can help, `WrongPartitions` at once."""
        self._health.has_worker = True
        try:
            await self._membership.join()
            while not self._stopping:
                await self._turn()
                self._health.loop_returned()
        finally:
            try:
                await self._finish()
            finally:  # whatever a lane failed with: who does not leave the group holds up the others
                await self._hint(now=True)
                await self._consumer.stop()

    async def _turn(self) -> None:
        records = await self._poll()
        if self._consumer.assignment_changed:
            self._consumer.assignment_changed = False
            self._joined = True
            self._lanes.clear()
            records = []  # they came before positions were sought
        await self._receive(records)  # before any lane opens: what a new lane gets is polled after it was sought
        await self._adopt()
        self._make_room()
        await self._membership.end_silence()
        await self._listen()
        self._look_at_lag()
        await self._days.move_on(self._open())
        await self._set_to_work(await self._due_partitions())
        await self._hint()

    async def _set_to_work(self, due: Collection[int]) -> None:
        """Let every lane fold that is not at it; a bug in one that was ends the process."""
        for lane in [lane for lane, task in self._working.items() if task.done()]:
            self._working.pop(lane).result()
        for lane in self._open():
            if lane not in self._working:
                work = self._work(lane, deadlines_due=lane.partition in due)
                self._working[lane] = asyncio.create_task(work)
        await asyncio.sleep(0)  # those that have nothing to do are done

    async def _finish(self) -> None:
        """Let all lanes come to an end with what they have, also when one of them fails."""
        tasks, self._working = list(self._working.values()), {}
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if ended is not None:
                raise ended

    def _open(self) -> Sequence[Lane]:
        return list(self._lanes.values())

    def _poll_timeout_ms(self) -> int:
        at_work = any(not task.done() for task in self._working.values())
        if self._days.waits or (at_work and self._settings.clock is ClockKind.simulated):
            return MIDNIGHT_POLL_MS
        return POLL_BESIDE_WORK_MS if at_work else POLL_TIMEOUT_MS

    async def _poll(self) -> list[RawRecord]:
        return await self._membership.poll(self._poll_timeout_ms())

    async def _receive(self, records: Sequence[RawRecord]) -> None:
        """Read what was polled and hand it to the lanes; without a lane it is sought again when one opens."""
        for start in range(0, len(records), SLICE_RECORDS):
            for partition, group in groupby(records[start : start + SLICE_RECORDS], key=lambda r: r.partition):
                lane = self._lanes.get(partition)
                if lane is not None:
                    lane.receive(self._read(record) for record in group)
            await asyncio.sleep(0)

    def _read(self, record: RawRecord) -> Entry:
        if record.key is not None and partition_of(record.key, self._settings.partitions) != record.partition:
            metrics.misplaced_keys.inc()
        return read(record, self._wanted[record.topic])

    async def _adopt(self) -> None:
        """Make a lane for every partition that is ours, at its stored positions; forget the others."""
        owned = self._consumer.partitions()
        self._health.owns(owned)
        for partition in self._lanes.keys() - owned:
            del self._lanes[partition]
        for partition in sorted(owned - self._lanes.keys()):
            if self._setbacks.may_try(partition) and not await self._open_lane(partition):
                break  # whoever is away is away for all, and each would wait for it: first the loop comes round
        self._ends.keep(self._lanes.keys())
        self._membership.listen()
        has_all = self._joined and owned == self._lanes.keys()
        if has_all and self._membership.is_heard and self._ends.all_reach:
            self._health.set_ready(True)

    async def _open_lane(self, partition: int) -> bool:
        """False: the database or Kafka is away."""
        try:
            async with self._runtime.transaction() as tx:
                stored = await positions.positions_of(tx, partition)
                new = [topic for topic in self._wanted if topic not in stored]
                if new:
                    await positions.start(tx, partition, await self._consumer.beginnings(partition, new))
                    stored = await positions.positions_of(tx, partition)
        except Exception as error:
            if cause_of(error) is not Cause.transient:
                raise
            self._failed(partition, error)
            return False
        closes = self._service.close_day is not None
        lane = Lane(partition, self._service.consumes, stored, self._settings.clock, closes_days=closes)
        lane.closed_until = self._days.closed_until
        if partition in self._consumer.partitions():  # it may have gone while we asked the database
            for topic, offset in lane.positions.items():
                self._consumer.seek(topic, partition, offset)
            self._lanes[partition] = lane
        return True

    def _make_room(self) -> None:
        """Fetch only what can be taken."""
        for partition in self._consumer.partitions():
            lane = self._lanes.get(partition)
            self._consumer.pause(partition, lane.full_topics() if lane else set(self._wanted))

    async def _listen(self) -> None:
        """Tell the lanes what the fetches said; those at work only as often as somebody looks for deadlines."""
        looks_now = time.monotonic() - self._looked_at_s >= LOOK_FOR_DEADLINES_EVERY_S
        for lane in self._open():
            task = self._working.get(lane)
            if looks_now or task is None or task.done():
                for topic in lane.topics:
                    await self._hear(lane, topic)

    def _look_at_lag(self) -> None:
        if time.monotonic() - self._lag_seen_at_s >= LOOK_AT_LAG_EVERY_S:
            self._lag_seen_at_s = time.monotonic()
            self._lags.look(self._consumer.partitions(), self._lanes, self._consumer.last_fetch)

    async def _hear(self, lane: Lane, topic: str) -> None:
        if lane.partition not in self._consumer.partitions():
            return
        at_ms, end_offset = self._consumer.last_fetch(topic, lane.partition)
        self._ends.compare(topic, lane.partition, folded=lane.positions[topic], end_offset=end_offset)
        waits_for_more = end_offset is not None and end_offset > lane.topics[topic].end
        position = await self._consumer.position(topic, lane.partition) if waits_for_more else None
        lane.fetched(topic, at_ms, end_offset, position)

    async def _due_partitions(self) -> set[int]:
        """Partitions with deadlines that may be folded now (real clock; simulated time says so itself)."""
        now_s = time.monotonic()
        if self._settings.clock is ClockKind.simulated or now_s - self._looked_at_s < LOOK_FOR_DEADLINES_EVERY_S:
            return set()
        self._looked_at_s = now_s
        horizons = {lane.partition: lane.horizon() for lane in self._open()}
        heard = {partition: moment for partition, moment in horizons.items() if moment > LONG_AGO}
        if not heard:
            return set()
        try:
            async with self._runtime.engine.connect() as tx:
                return await deadlines.due_partitions(tx, heard)
        except Exception as error:
            if cause_of(error) is not Cause.transient:
                raise
            for partition in heard:
                self._failed(partition, error)
            return set()

    async def _work(self, lane: Lane, *, deadlines_due: bool) -> None:
        """Fold what a lane has, also what comes meanwhile, until nothing is left or something goes wrong."""
        while not self._stopping and self._setbacks.may_try(lane.partition):
            async with self._slots:
                if self._lanes.get(lane.partition) is not lane:
                    return
                batch = lane.next_batch(self._settings.batch_items, deadlines_due=deadlines_due)
                if batch is None:
                    self._health.moved(lane.partition, behind=False)
                    return
                report = await self._commit(batch)
            if report is None:
                return
            lane.done(report)
            self._count(batch, report)
            self._health.moved(lane.partition, behind=True)
            deadlines_due = False

    async def _commit(self, batch: Batch) -> Report | None:
        """One transaction; None when it was given up or has to wait."""
        started_s = time.perf_counter()
        try:
            async with self._runtime.transaction() as tx:
                isolate, most = self._setbacks.isolates(batch.partition), self._settings.batch_items
                report = await batches.run(tx, self._service, batch, most_due=most, isolate=isolate)
                self._bugs.look(report.refused)
        except PositionsMoved:
            metrics.positions_moved.inc()
            self._lanes.pop(batch.partition, None)
            return None
        except Exception as error:  # noqa: BLE001 whatever it is, the rollback leaves nothing half done
            self._failed(batch.partition, error)
            return None
        took_s = time.perf_counter() - started_s
        metrics.batch_seconds.observe(took_s)
        self._runtime.folded(report.outcomes, took_s)
        self._setbacks.overcome(batch.partition)
        return report

    def _failed(self, partition: int, error: Exception) -> None:
        """Forget the lane (a commit may have come through: its positions are read again) and back off."""
        self._lanes.pop(partition, None)
        self._setbacks.failed(partition, error)

    def _count(self, batch: Batch, report: Report) -> None:
        partition = str(batch.partition)
        metrics.consumed.labels(partition).inc(report.counts.total())
        metrics.batch_records.observe(report.counts.total())
        for fate, number in report.counts.items():
            metrics.records.labels(partition, fate).inc(number)
        for reason, number in report.reasons.items():
            metrics.parked.labels(reason).inc(number)
        metrics.deadlines_fired.inc(report.deadlines)
        self._hints |= {(topic, batch.partition): offset for topic, offset in report.next_offsets.items()}
        if batch.time_reached or any(outcome.facts for _, outcome in report.outcomes):
            self._runtime.outbox_filled.set()

    async def _hint(self, *, now: bool = False) -> None:
        if self._hints and (now or time.monotonic() - self._hinted_at_s >= HINT_EVERY_S):
            hints, self._hints = self._hints, {}
            self._hinted_at_s = time.monotonic()
            await self._consumer.hint({place: o for place, o in hints.items() if place[1] in self._lanes})
