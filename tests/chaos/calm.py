"""When everything is over: every record taken by everybody who reads it, every fact published."""

import asyncio
import time
from collections.abc import Callable

from deploy.local.replay.databases import Databases
from tests.chaos import topics

LOOK_EVERY_S = 1.0


class Stuck(Exception):
    """Nothing moves any more, and it is not over; says where it stands."""


async def calm(databases: Databases, bootstrap: str, patience_s: float, say: Callable[[str], None]) -> None:
    """Returns when it is over. Raises `Stuck` when nothing has moved for `patience_s`."""
    before: object = None
    moved_at_s = time.monotonic()
    while True:
        left, behind = await _left(databases, bootstrap)
        if not left:
            return
        if left != before:
            before, moved_at_s = left, time.monotonic()
            say(f"still to be taken: {sum(behind.values())}")
        if time.monotonic() - moved_at_s > patience_s:
            raise Stuck(f"nothing has moved for {patience_s:.0f} s: {left}")
        await asyncio.sleep(LOOK_EVERY_S)


async def _left(databases: Databases, bootstrap: str) -> tuple[dict[str, object], dict[str, int]]:
    """What is still to be done, and how many records that is per service."""
    ends = await topics.ends(bootstrap)
    left: dict[str, object] = {}
    behind: dict[str, int] = {}
    for service in databases.services:
        positions = await databases.positions(service)
        if len(positions) < 1:
            left[f"{service} has begun"] = False
        gaps = {place: ends[place] - offset for place, offset in positions.items() if ends[place] != offset}
        behind[service] = sum(gaps.values())
        if gaps:
            left[f"{service} behind"] = gaps
        if waiting := await databases.in_flight(service):
            left[f"{service} unpublished"] = waiting
    return left, behind
