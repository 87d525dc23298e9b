"""Mistakes that the simulation must find: each takes one promise of the chassis away; put in by the harness only."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis import batch, inbox, positions, relay
from chassis.consumer import Consumer
from chassis.lane import Lane
from chassis.sequence import LONG_AGO
from chassis.settings import ClockKind
from chassis.worker import Worker

Plant = Callable[[pytest.MonkeyPatch], None]


def no_compare_and_set(patch: pytest.MonkeyPatch) -> None:
    """A zombie's batch counts."""

    async def stored(tx: Any, asked: batch.Batch) -> Any:
        return await positions.positions_of(tx, asked.partition)

    patch.setattr(batch, "_expected_positions", stored)


def inbox_in_a_transaction_of_its_own(patch: pytest.MonkeyPatch) -> None:
    """What is rolled back is known already when it comes again."""
    take_in = inbox.take_in

    async def apart(tx: Any, entries: Any) -> Any:
        async with tx.engine.begin() as own:
            return await take_in(own, entries)

    patch.setattr(inbox, "take_in", apart)


def polling_failed_and_nobody_sought(patch: pytest.MonkeyPatch) -> None:
    """What the failed poll took out of the buffers is never seen again."""

    async def poll(self: Any) -> Any:
        try:
            return await self._consumer.poll(1)
        except Exception:  # noqa: BLE001 that is the mistake
            return []

    patch.setattr(Worker, "_poll", poll)


def positions_of_kafka(patch: pytest.MonkeyPatch) -> None:
    """Reading goes on where Kafka's client stands, not where the database says."""
    patch.setattr(Consumer, "seek", lambda *_: None)


def relay_forgets_before_the_ack(patch: pytest.MonkeyPatch) -> None:
    """What Kafka did not take is gone from the outbox."""
    publish = relay._publish

    async def hasty(producer: Any, topic: str, partition: int, rows: Any) -> Any:
        ids = [row.outbox_id for row in rows]
        _, failure = await publish(producer, topic, partition, rows)
        return ids, failure

    patch.setattr(relay, "_publish", hasty)


def relay_overtakes(patch: pytest.MonkeyPatch) -> None:
    """After a batch that failed the next is sent."""
    publish = relay._publish

    async def onwards(producer: Any, topic: str, partition: int, rows: Any) -> Any:
        acknowledged, failure = await publish(producer, topic, partition, rows)
        more = await publish(producer, topic, partition, rows) if failure else ([], None)
        return acknowledged + more[0], failure

    patch.setattr(relay, "_publish", onwards)


def deadlines_without_listening(patch: pytest.MonkeyPatch) -> None:
    """By the real clock silence is taken for silence, whoever was not heard."""
    horizon = Lane.horizon

    def now(self: Lane) -> datetime:
        heard = [topic.listening._last_fetch_ms for topic in self.topics.values()]
        newest = max((ms for ms in heard if ms), default=None)
        if self.clock is ClockKind.simulated or newest is None:
            return horizon(self)
        return datetime.fromtimestamp(newest / 1000, UTC)

    patch.setattr(Lane, "horizon", now)


def deadlines_before_time_is_reached(patch: pytest.MonkeyPatch) -> None:
    """With simulated time the first topic that says what time it is speaks for all."""
    horizon = Lane.horizon

    def first(self: Lane) -> datetime:
        if self.clock is ClockKind.real:
            return horizon(self)
        return max((topic.time for topic in self.topics.values()), default=LONG_AGO)

    patch.setattr(Lane, "horizon", first)


def parked_in_another_order(patch: pytest.MonkeyPatch) -> None:
    """What is taken up again comes in the order in which its faults were found."""
    patch.setattr(batch, "_in_order", lambda _, parkings: parkings[::-1])


PLANTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        no_compare_and_set,
        inbox_in_a_transaction_of_its_own,
        polling_failed_and_nobody_sought,
        positions_of_kafka,
        relay_forgets_before_the_ack,
        relay_overtakes,
        deadlines_without_listening,
        deadlines_before_time_is_reached,
        parked_in_another_order,
    )
}
