"""The way out for spans: kept for a moment, posted together, given up rather than waited for.

Nothing that it does may hold up who makes spans: what finds no room is dropped and counted, and a collector that is
away costs only its spans. Requests are made in a thread.
"""

import asyncio
import gzip
import os
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from tracing.spans import Span, encode, is_chosen

MOST_WAITING = 50_000
MOST_TOGETHER = 2_000
EVERY_S = 0.5
TIMEOUT_S = 5.0
PAUSES_S = (0.5, 2.0)
"""Between tries; then a request's spans are dropped."""
COME_AGAIN = frozenset({429, 502, 503, 504})
"""What OTLP calls retryable."""


class Traces:
    """What a process tells the collector. Belongs to one event loop; starts with the first span."""

    def __init__(
        self,
        endpoint: str,
        service: str,
        *,
        ratio: float = 1.0,
        headers: Mapping[str, str] | None = None,
        count: Callable[[str, int], object] = lambda *_: None,
    ) -> None:
        """`endpoint` is the collector's, `http://host:4318`; `count` hears how many spans were `sent` or `dropped`."""
        self._url = f"{endpoint.rstrip('/')}/v1/traces"
        self._service = service
        self._ratio = ratio
        self._headers = headers or {}
        self._count = count
        self._waiting: deque[Span] = deque()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_environment(cls, service: str) -> "Traces | None":
        """As OpenTelemetry's variables say: `OTEL_EXPORTER_OTLP_ENDPOINT`, `_HEADERS`, `OTEL_TRACES_SAMPLER_ARG`."""
        endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
        if not endpoint:
            return None
        ratio = float(os.environ.get("OTEL_TRACES_SAMPLER_ARG") or 1)
        return cls(endpoint, service, ratio=ratio, headers=headers_of(os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "")))

    def wants(self, trace_id: str) -> bool:
        """Whether spans of this trace are made at all."""
        return is_chosen(trace_id, self._ratio)

    def emit(self, spans: Iterable[Span]) -> None:
        """Send them soon. Never waits, never fails."""
        made = iter(spans)
        self._waiting.extend(islice(made, MOST_WAITING - len(self._waiting)))
        if dropped := sum(1 for _ in made):
            self._count("dropped", dropped)
        if self._task is None and self._waiting:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Send what waits, for a few seconds at most."""
        self._stopping.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=TIMEOUT_S)
            self._task.cancel()

    async def _run(self) -> None:
        while self._waiting or not self._stopping.is_set():
            if len(self._waiting) < MOST_TOGETHER:
                await self._rest(EVERY_S)
            together = [self._waiting.popleft() for _ in range(min(MOST_TOGETHER, len(self._waiting)))]
            if together:
                self._count(await self._sent(together), len(together))

    async def _rest(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _sent(self, together: list[Span]) -> str:
        for pause_s in (*PAUSES_S, None):
            answer = await asyncio.to_thread(self._post, together)
            if answer < 300:
                return "sent"
            if pause_s is None or answer not in COME_AGAIN or self._stopping.is_set():
                break
            await self._rest(pause_s)
        return "dropped"

    def _post(self, together: list[Span]) -> int:
        """The collector's answer; 503 also where there is nobody."""
        body = gzip.compress(encode(self._service, together), 1)
        headers = {"content-type": "application/json", "content-encoding": "gzip", **self._headers}
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310 the operator's own address
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 the same
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 503


def headers_of(setting: str) -> dict[str, str]:
    """`name=value` by comma, as OpenTelemetry writes it."""
    pairs = (pair.partition("=") for pair in setting.split(",") if "=" in pair)
    return {name.strip(): content.strip() for name, _, content in pairs}
