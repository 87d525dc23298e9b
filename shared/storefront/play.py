"""Plays a simulated shop into Kafka, chunk by chunk, and says after each how far time has come.

Owns the clock of a simulation. Knows nothing of who listens: `pace` lets the caller wait for them.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from storefront.publisher import Publisher
from storefront.saying import Said
from storefront.simulator import Shop

QUIET_TAIL = timedelta(days=30, minutes=1)
"""After the day of the last fact: return windows, expiries and deadlines come to their end, the last day is closed."""
A_DAY = timedelta(days=1)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Chunk(NamedTuple):
    """Facts said before `boundary` and not before the boundary of the chunk before."""

    facts: list[Said]
    boundary: datetime


async def play(
    shop: Shop,
    publisher: Publisher,
    *,
    step: timedelta,
    progress: Callable[[datetime], None],
    pace: Callable[[datetime], Awaitable[None]] | None = None,
) -> int:
    """Publish the whole shop and a quiet tail; returns the number of facts.

    For each chunk: all its facts are acknowledged, then time-reached on every partition, then `progress(boundary)`,
    then `await pace(boundary)`, where the caller may wait until the listeners have come as far.
    """
    count = 0
    for facts, boundary in chunks(shop.events(), step):
        count += await publisher.publish_all(facts)
        await publisher.time_reached(boundary)
        progress(boundary)
        if pace is not None:
            await pace(boundary)
    return count


def chunks(events: Iterable[Said], step: timedelta, tail: timedelta = QUIET_TAIL) -> Iterator[Chunk]:
    """Events cut at multiples of `step` since 2000, so that the same moments are boundaries in every run."""
    facts: list[Said] = []
    boundary = None
    for said in events:
        boundary = boundary or _boundary_after(said.said_at, step)
        while said.said_at >= boundary:
            yield Chunk(facts, boundary)
            facts, boundary = [], boundary + step
        facts.append(said)
    if boundary is None:
        return
    end = _boundary_after(said.said_at, A_DAY) + tail  # whatever the step: the same end in every run
    while boundary < end:
        yield Chunk(facts, boundary)
        facts, boundary = [], boundary + step
    yield Chunk(facts, end)


def _boundary_after(moment: datetime, step: timedelta) -> datetime:
    return EPOCH + ((moment - EPOCH) // step + 1) * step
