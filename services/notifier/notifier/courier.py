"""The background task that posts what endpoints are owed, outside of every transaction.

Take in hand and commit, post, record. Where this process dies in between, the next one posts it again, under the same
`webhook-id`. Every endpoint has a task of its own while it is owed something: a slow one holds up nobody else.
"""

import asyncio
import random
import ssl
from datetime import UTC, datetime, timedelta

import httpcore
import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from chassis.runtime import Runtime
from notifier import webhook_store
from notifier.connecting import ForbiddenAddress, Resolve, connections, post, resolved
from notifier.destinations import networks
from notifier.reports import wait_out
from notifier.settings import NotifierSettings
from notifier.webhooks import Attempt, Delivery, Endpoint, Fate, Retry, after_failure, signed

SIDE_BY_SIDE = 10
"""Posts to one endpoint at the same time."""
LEASE = timedelta(seconds=60)
"""What was in hand for so long is posted again; an attempt takes a quarter of it at most."""
LOOK_EVERY_S = 0.5
CLEAN_EVERY_S = 600.0
MOST_CLEANED = 10_000

FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, TimeoutError, OSError)

posted = Counter("rapport_webhooks_total", "Posts to webhooks by what became of them", ["fate"])
log = structlog.get_logger("notifier.courier")


class Courier:
    """Posts for one process; several processes may post side by side."""

    def __init__(self, runtime: Runtime, settings: NotifierSettings, resolve: Resolve = resolved) -> None:
        self._runtime = runtime
        self._kept = timedelta(days=settings.webhook_kept_days)
        self._pool = connections(networks(settings.webhook_networks), settings.webhook_ca_file, resolve)
        self._busy: set[str] = set()

    async def run(self) -> None:
        """Until cancelled. What passes by itself is waited for; a bug ends the task."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._clean())
                while True:
                    for webhook_id in await self._due():
                        self._busy.add(webhook_id)
                        group.create_task(self._serve(webhook_id))
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            await self.close()

    async def close(self) -> None:
        """Leave the endpoints."""
        await self._pool.aclose()

    async def deliver_some(self, webhook_id: str) -> int:
        """Post some of what one endpoint is owed, and record it; how many there were."""
        async with self._runtime.transaction() as tx:
            in_hand = await webhook_store.take(tx, webhook_id, SIDE_BY_SIDE, LEASE)
            endpoint = await webhook_store.endpoint(tx, webhook_id) if in_hand else None
        if endpoint is None:
            return 0
        attempts = await asyncio.gather(*(self._post(endpoint, one) for one in in_hand))
        tries = {one.event_id: one.attempts for one in in_hand}
        results = [(one, _retry(one, tries[one.event_id], endpoint)) for one in attempts]
        async with self._runtime.transaction() as tx:
            await webhook_store.record(tx, webhook_id, tries, results)
        _count(endpoint, attempts)
        return len(in_hand)

    async def _due(self) -> list[str]:
        try:
            async with self._runtime.transaction() as tx:
                return [one for one in await webhook_store.due(tx) if one not in self._busy]
        except (SQLAlchemyError, OSError) as error:
            await wait_out(error)
            return []

    async def _serve(self, webhook_id: str) -> None:
        try:
            while await self.deliver_some(webhook_id):
                pass
        except (SQLAlchemyError, OSError) as error:
            await wait_out(error)
        finally:
            self._busy.discard(webhook_id)

    async def _post(self, endpoint: Endpoint, delivery: Delivery) -> Attempt:
        now, body = datetime.now(UTC), delivery.body.encode()
        headers = {
            "content-type": "application/json", "user-agent": "rapport-webhooks/1",
            **signed(delivery.event_id, body, endpoint.secrets(now), now),
        }  # fmt: skip
        try:
            status, retry_after = await post(self._pool, endpoint.url, body, headers)
        except FAILURES as error:
            return Attempt(event_id=delivery.event_id, error=_code(error))
        except (httpcore.UnsupportedProtocol, ValueError):
            return Attempt(event_id=delivery.event_id, error="no_url")
        return Attempt(event_id=delivery.event_id, status=status, retry_after=retry_after)

    async def _clean(self) -> None:
        while True:
            try:
                async with self._runtime.transaction() as tx:
                    cleaned = await webhook_store.forget_old(tx, self._kept, MOST_CLEANED)
            except (SQLAlchemyError, OSError) as error:
                await wait_out(error)
            else:
                await asyncio.sleep(0 if cleaned == MOST_CLEANED else CLEAN_EVERY_S)


def _retry(attempt: Attempt, attempts: int, endpoint: Endpoint) -> Retry | None:
    if attempt.fate is not Fate.failed:
        return None
    chance = random.random()  # noqa: S311 spreads load, keeps no secret
    return after_failure(attempt, attempts, endpoint.failures + 1, datetime.now(UTC), chance)


def _count(endpoint: Endpoint, attempts: list[Attempt]) -> None:
    for one in attempts:
        posted.labels(one.fate).inc()
    failed = sorted({one.error or str(one.status) for one in attempts if one.fate is not Fate.arrived})
    if failed:
        log.warning("webhook_failed", webhook_id=endpoint.webhook_id, reasons=failed)


def _code(error: Exception) -> str:
    """Stable, and without anything that the other side said."""
    if isinstance(error, ForbiddenAddress):
        return "forbidden_address"
    if isinstance(error, httpcore.TimeoutException | TimeoutError):
        return "timeout"
    if isinstance(error, httpcore.ProtocolError):
        return "no_http"
    return "tls_failed" if _is_of_tls(error) else "no_connection"


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
