"""When everything is over: every record heard by everybody who listens, every fact published, every mail sent.

Looks at the databases and at the ends of the topics; asks no service.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.local.replay.databases import Databases, Place

LOOK_EVERY_S = 0.2
LOOK_WHILE_BUSY_EVERY_S = 1.0


class NeverQuiet(Exception):
    """Nothing has moved for long, and it is not over: the services' logs say why."""


async def quiet(databases: Databases, bootstrap: str, check: Callable[[], None], patience_s: float = 120) -> None:
    """Returns when nothing is under way any more. `check` raises when a process has died.

    Raises `NeverQuiet` when nothing has changed for `patience_s` and something is still under way.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, fetch_max_wait_ms=50)
    await consumer.start()
    try:
        before: Any = None
        changed_at_s = time.monotonic()
        while True:
            check()
            now = await _standing(databases)
            if now == before and not now[1] and await _all_heard(consumer, now[0]):
                return
            if now != before:
                before, changed_at_s = now, time.monotonic()
            if time.monotonic() - changed_at_s > patience_s:
                raise NeverQuiet(f"nothing moves for {patience_s:.0f} s; {now[1]} facts or mails have not left")
            await asyncio.sleep(LOOK_WHILE_BUSY_EVERY_S if now[1] else LOOK_EVERY_S)
    finally:
        await consumer.stop()


async def _standing(databases: Databases) -> tuple[dict[str, dict[Place, int]], int]:
    """Every service's positions, and how much is in flight between them."""
    positions = {service: await databases.positions(service) for service in databases.services}
    return positions, sum([await databases.in_flight(service) for service in databases.services])


async def _all_heard(consumer: Any, positions: dict[str, dict[Place, int]]) -> bool:
    """Whether everybody stands where the topics end. Ends come with fetches, which every broker tells right."""
    wanted = {place: 0 for own in positions.values() for place in own}
    for own in positions.values():
        for place, offset in own.items():
            wanted[place] = max(wanted[place], offset)
    ends = await _ends(consumer, wanted)
    return all(ends[place] == offset for own in positions.values() for place, offset in own.items())


async def _ends(consumer: Any, positions: dict[Place, int]) -> dict[Place, int]:
    places = {place: TopicPartition(*place) for place in positions}
    for topic in {topic for topic, _ in places}:
        await consumer._client.add_topic(topic)  # assigning by hand tells the client nothing about topics
    consumer.assign(list(places.values()))
    for place, offset in positions.items():
        consumer.seek(places[place], offset)
    until_s = time.monotonic() + 5
    while time.monotonic() < until_s:
        await consumer.getmany(timeout_ms=100)
        found = {place: consumer.highwater(assigned) for place, assigned in places.items()}
        if None not in found.values():
            return found
    return dict.fromkeys(positions, -1)
