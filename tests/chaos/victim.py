"""`python -m tests.chaos.victim SERVICE worker`: a service's own entry, with the named points laid around the chassis.

Wraps functions of the chassis from outside; what runs between the points is the product as it is shipped. Keeps a
journal of what was polled and given up, and lets some polls fail the way aiokafka's do.
"""

import asyncio
import contextlib
import importlib
import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from sqlalchemy import text

from chassis import batch, inbox, main, relay, worker
from chassis.batch import PositionsMoved
from chassis.consumer import Consumer
from chassis.items import Command
from loyalty.redemptions import Redeem
from tests.chaos import plants
from tests.chaos.laying import beside, lay
from tests.chaos.points import Conscience, Journal

POLLS_UNTIL_ONE_FAILS = 200
CROWD_EVERY_S = 0.3
CROWD = 40
"""So many customers ask at once for points that they do not have."""
NOW = datetime(2026, 1, 5, tzinfo=UTC)


class PollLost(KafkaError):  # type: ignore[misc]  # aiokafka ships no types
    """What a poll brought is lost with this, as aiokafka loses good partitions with a bad one."""


def lay_points(conscience: Conscience, journal: Journal) -> None:
    """Wrap the chassis."""
    _around_polling(conscience, journal)
    _around_the_transaction(conscience, journal)
    _around_the_relay(conscience)


def _around_polling(conscience: Conscience, journal: Journal) -> None:
    poll, revoked, hint = worker.Worker._poll, Consumer.on_partitions_revoked, Consumer.hint

    async def polled(self: Any) -> Any:
        records = await poll(self)
        if records:
            journal.note(polled=_ranges(records))
            conscience.reach("after_poll")
        return records

    def on_revoked(self: Any, gone: Any) -> None:
        if gone:
            conscience.reach("on_revoke")
        revoked(self, gone)

    async def hinted(self: Any, offsets: Any) -> None:
        if offsets:
            conscience.reach("before_kafka_commit")
        await hint(self, offsets)

    lay(worker.Worker, "_poll", polled)
    lay(Consumer, "on_partitions_revoked", on_revoked)
    lay(Consumer, "hint", hinted)
    _let_polls_fail(journal)


def _let_polls_fail(journal: Journal) -> None:
    getmany = AIOKafkaConsumer.getmany
    dice = random.Random()  # how many polls there are depends on the machine anyway

    async def failing(self: Any, *places: Any, **wishes: Any) -> Any:
        records = await getmany(self, *places, **wishes)
        if records and dice.randrange(POLLS_UNTIL_ONE_FAILS) == 0:
            journal.note(poll_lost=True)
            raise PollLost
        return records

    lay(AIOKafkaConsumer, "getmany", failing)


def _ranges(records: Any) -> list[tuple[str, int, int, int]]:
    """Topic, partition, first and last offset of what was polled."""
    ranges: dict[tuple[str, int], tuple[int, int]] = {}
    for record in records:
        place = (record.topic, record.partition)
        first, last = ranges.get(place, (record.offset, record.offset))
        ranges[place] = (min(first, record.offset), max(last, record.offset))
    return [(*place, *span) for place, span in ranges.items()]


def _around_the_transaction(conscience: Conscience, journal: Journal) -> None:
    take_in, run, commit = inbox.take_in, batch.run, worker.Worker._commit

    async def taken_in(*arguments: Any) -> Any:
        new = await take_in(*arguments)
        conscience.reach("inside_transaction")
        return new

    async def ran(*arguments: Any, **wishes: Any) -> Any:
        try:
            report = await run(*arguments, **wishes)
        except PositionsMoved:
            journal.note(positions_moved=arguments[2].partition)
            raise
        conscience.reach("before_database_commit")
        return report

    async def committed(self: Any, *arguments: Any) -> Any:
        report = await commit(self, *arguments)
        if report is not None:
            conscience.reach("after_database_commit")
        return report

    lay(inbox, "take_in", taken_in)
    lay(batch, "run", ran)
    lay(worker.Worker, "_commit", committed)


def _around_the_relay(conscience: Conscience) -> None:
    send, publish = AIOKafkaProducer.send_batch, relay._publish

    async def sent(self: Any, *arguments: Any, **wishes: Any) -> Any:
        acknowledged = await send(self, *arguments, **wishes)
        await asyncio.sleep(random.choice((0, 0.002)))  # now and then Kafka has it already
        conscience.reach("relay_before_ack")
        return acknowledged

    async def published(*arguments: Any) -> Any:
        ids, failure = await publish(*arguments)
        if ids:
            conscience.reach("relay_after_ack")
        return ids, failure

    lay(AIOKafkaProducer, "send_batch", sent)
    lay(relay, "_publish", published)


async def _crowd(runtime: Any) -> None:
    """Many customers ask over HTTP's way for what nobody gets: they take locks and leave no row."""
    while True:
        await asyncio.sleep(CROWD_EVERY_S)
        with contextlib.suppress(Exception):  # whatever is away; nobody waits for the answers
            async with runtime.engine.connect() as tx:
                names = [row.customer_id for row in await tx.execute(_ANYBODY, {"number": CROWD})]
            await runtime.commands([_wish(name) for name in names])


_ANYBODY = text("select customer_id from customers order by random() limit :number")


def _wish(customer_id: str) -> Command[Redeem]:
    name = f"{customer_id}-{random.getrandbits(64):x}"
    wish = Redeem(redemption_id=name, points=10**12)
    return Command(id=name, at=NOW, customer_id=customer_id, data=wish, actor="customer", correlation_id=name)


def run() -> None:
    """Lay the points, plant what is to be planted, then be the service."""
    service, folder, name = sys.argv[1], Path(os.environ["CHAOS_FOLDER"]), os.environ["CHAOS_WORKER"]
    if plant := os.environ.get("CHAOS_PLANT"):
        plants.PLANTS[plant]()  # first, so that the points lie around the bug
    lay_points(Conscience(folder, service, name), Journal(folder / f"{name}.journal"))
    if service == "loyalty":
        beside(_crowd)
    sys.argv = [service, *sys.argv[2:]]
    main.main(importlib.import_module(f"{service}.app").application)


if __name__ == "__main__":
    run()
