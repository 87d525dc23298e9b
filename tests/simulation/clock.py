"""Time that passes only when the script says so."""

import asyncio
from typing import Any

from tests.simulation.story import moment

TURN_S = 1.0


class Clock:
    """Two clocks: the shop's minutes, and the seconds by which workers wait. Stands in for the module `time`."""

    def __init__(self) -> None:
        self.minute = 0
        self._fetches = 0
        self._passed_s = 1_000.0

    def fetched_ms(self) -> int:
        """When a fetch is answered: no two at once, all within the shop's minute."""
        self._fetches += 1
        return int(moment(self.minute).timestamp() * 1000) + self._fetches

    def wait(self, seconds: float) -> None:
        """Let workers wait."""
        self._passed_s += seconds

    def monotonic(self) -> float:
        """As `time.monotonic`."""
        return self._passed_s

    perf_counter = monotonic


class Patience:
    """Stands in for the module `asyncio` where something sleeps: the sleep passes at once, and is counted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        """As `asyncio.sleep`."""
        self._clock.wait(seconds)
        await asyncio.sleep(0)
