"""Puts the traffic on Kafka while the supervisor works, at its pace. Owns no content."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from tests.chaos.records import Raw
from tests.chaos.traffic import Chunk

OUTAGE_MS = 180_000
"""So long a record waits for a broker that is away."""
LARGE_BYTES = 500_000
LARGEST_REQUEST_BYTES = 4_194_304
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 2.0


class Wire:
    """Two producers: what is large goes compressed, so that the broker takes what is too large for us."""

    def __init__(self, bootstrap: str, *, idempotent: bool = True) -> None:
        self._bootstrap = bootstrap
        self._idempotent = idempotent
        self._small: Any = None
        self._large: Any = None

    async def __aenter__(self) -> Self:
        common: dict[str, Any] = {"bootstrap_servers": self._bootstrap, "acks": "all",
                                  "enable_idempotence": self._idempotent, "request_timeout_ms": OUTAGE_MS}  # fmt: skip
        self._small = AIOKafkaProducer(linger_ms=5, max_batch_size=131_072, **common)
        self._large = AIOKafkaProducer(compression_type="gzip", max_request_size=LARGEST_REQUEST_BYTES, **common)
        await asyncio.gather(self._small.start(), self._large.start())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(self._small.stop(), self._large.stop())

    async def put(self, records: Iterable[Raw]) -> None:
        """Returns when Kafka has them all, in this order per partition."""
        acknowledged = [await self._send(record) for record in records]
        await asyncio.gather(*acknowledged)

    async def _send(self, record: Raw) -> Any:
        large = len(record.value or b"") > LARGE_BYTES
        if large:
            await self._small.flush()
        sent = await (self._large if large else self._small).send(
            record.topic, record.value, key=record.key, partition=record.partition, headers=list(record.headers)
        )
        if large:
            await self._large.flush()
        return sent


async def publish(bootstrap: str, chunks: Sequence[Chunk], left_s: Callable[[], float]) -> None:
    """All chunks, spread over the time that is left for them; as fast as it goes when none is."""
    async with Wire(bootstrap) as wire:
        for number, chunk in enumerate(chunks):
            await wire.put(chunk.records)
            await wire.put(chunk.markers())
            pause_s = left_s() / (len(chunks) - number)
            await asyncio.sleep(min(LONGEST_PAUSE_S, max(SHORTEST_PAUSE_S, pause_s)))
