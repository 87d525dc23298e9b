"""One provider with its limits: how fast, how many at once, and left alone for a while when it fails again and again.

Owns its health as this process sees it. The breaker counts; what a failure is, is said here.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime

from aiolimiter import AsyncLimiter
from circuitbreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker
from prometheus_client import Counter, Gauge, Histogram

from contracts.vocabulary import Channel
from notifier.deliveries import Result
from notifier.health import Health
from notifier.mail import Answer
from notifier.outgoing import Parcel
from notifier.provider_files import Carrying
from notifier.providers.provider import Provider, Wanted, always

FAILURES = frozenset({Result.trouble, Result.unknown})
"""What a provider is left alone for; a no about one message is none."""
PATIENCE_S = 2.0
"""Who waits longer than this for a provider's rate asks the next one."""
WITHDRAWN = Answer(Result.untried, "withdrawn")
RESTING = Answer(Result.untried, "resting")
_STATES = {STATE_CLOSED: 0, STATE_HALF_OPEN: 1, STATE_OPEN: 2}
_LABELS = ["channel", "provider"]

answers = Counter("rapport_provider_answers_total", "What providers said", [*_LABELS, "result"])
seconds = Histogram("rapport_provider_seconds", "From handing over to the answer", _LABELS)
states = Gauge("rapport_provider_state", "0 closed, 1 half open, 2 open (left alone)", _LABELS)
in_flight = Gauge("rapport_provider_in_flight", "Parcels being handed over", _LABELS)


class Trouble(Exception):
    """What the breaker counts."""


class Guarded:
    """A provider that is asked no more than it stands."""

    def __init__(self, channel: Channel, name: str, carrying: Carrying, provider: Provider) -> None:
        self.channel, self.name = channel, name
        self._carrying = carrying
        self._provider = provider
        self._breaker = CircuitBreaker(carrying.opens_after, carrying.rests_s, Trouble, name)
        self._places = asyncio.Semaphore(carrying.at_once)
        self._limiter = _limiter(carrying.per_second)
        self._waiting = self._in_flight = 0
        self._code: str | None = None
        self._said = (STATE_CLOSED, datetime.now(UTC))
        labels = (channel, name)
        self._seconds, self._state, self._flying = seconds.labels(*labels), states.labels(*labels), in_flight
        self._flying = in_flight.labels(*labels)
        self._counted = {result: answers.labels(*labels, result) for result in Result}

    @property
    def resting(self) -> bool:
        """It is left alone; while one message tries whether it is back, it is so for all others."""
        state = self._breaker.state
        return state == STATE_OPEN or (state == STATE_HALF_OPEN and self._in_flight > 0)

    @property
    def at_once(self) -> int:
        """So many parcels can be handed over side by side."""
        return self._carrying.at_once

    @property
    def overfull(self) -> bool:
        """Another message would wait long for its turn."""
        rate = self._carrying.per_second
        return rate is not None and self._waiting / rate > PATIENCE_S

    @property
    def room(self) -> int:
        """So many parcels keep it busy for about a second; 0 where there is no limit of its own."""
        if self._breaker.state != STATE_CLOSED:
            return 1
        return max(1, int(self._carrying.per_second)) if self._carrying.per_second else 0

    def health(self) -> Health:
        """As it is now."""
        state = self._breaker.state
        if state != self._said[0]:
            self._said = (state, datetime.now(UTC))
            self._state.set(_STATES[state])
        return Health(
            channel=self.channel, name=self.name, state=state, per_second=self._carrying.per_second,
            in_flight=self._in_flight, code=self._code, since=self._said[1],
        )  # fmt: skip

    async def ready(self) -> bool:
        """Whether messages may be taken in hand for it."""
        if self.resting:
            return False
        there = await self._provider.is_there()
        if not there:
            self._note(Answer(Result.trouble, "not_there"))
        return there

    async def send(self, parcel: Parcel, wanted: Wanted = always) -> Answer:
        """Hand it over in its turn; `untried` where it turned out meanwhile that it should not be."""
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            if self._limiter is not None:
                await self._limiter.acquire()
            return await self._hand_over(parcel, wanted)
        finally:
            self._places.release()

    async def close(self) -> None:
        """Say goodbye."""
        await self._provider.close()

    async def _hand_over(self, parcel: Parcel, wanted: Wanted) -> Answer:
        if self.resting:
            return RESTING
        if not wanted():
            return WITHDRAWN
        self._in_flight += 1
        self._flying.inc()
        began_s = time.perf_counter()
        try:
            answer = await self._provider.send(parcel)
        finally:
            self._in_flight -= 1
            self._flying.dec()
            took_s = time.perf_counter() - began_s
            self._seconds.observe(took_s)
        self._note(answer)
        return Answer(answer.result, answer.code, self.name, took_s)

    def _note(self, answer: Answer) -> None:
        self._counted[answer.result].inc()
        if answer.result in FAILURES:
            self._code = answer.code
            with suppress(Trouble), self._breaker:
                raise Trouble
        else:
            self._breaker.reset()
        self.health()


def _limiter(per_second: float | None) -> AsyncLimiter | None:
    """A tenth of a second's worth may go at once: a provider that counts by the second never counts more."""
    if per_second is None:
        return None
    burst = max(1.0, per_second / 10)
    return AsyncLimiter(burst, burst / per_second)
