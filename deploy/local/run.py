"""Plays the simulated shop through a started stack, at the speed of its services, and gathers what happened."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from deploy.local.figures import Figures, figures_of
from deploy.local.stack import SERVICES, Stack
from deploy.local.stories import Story, chosen, story
from deploy.local.topics import everything_said
from storefront.customers import Customers
from storefront.play import play
from storefront.publisher import Publisher
from storefront.simulator import Shop
from tracing import Traces

LISTENS_LAST = "notifier"
"""Its time comes from every other service's, so where it has come to, all have."""
STEP = timedelta(hours=12)
"""How finely simulated time moves."""
AHEAD = timedelta(days=1)
"""How far the shop may run ahead of them."""
PATIENCE_S = 120.0
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


class NothingMoves(Exception):
    """The services have stopped listening; their logs say why."""


@dataclass
class Playing:
    """A shop being played into a stack."""

    stack: Stack
    shop: Shop
    client: httpx.AsyncClient
    progress: Callable[[datetime], None]
    customers: Customers = field(init=False)
    _mails_read: int = 0
    _now: datetime = BEGINNING
    """The last boundary that was published."""

    def __post_init__(self) -> None:
        self.customers = Customers(self.shop, self.client)

    async def play(self) -> int:
        """The whole shop, until everybody has heard the end; returns how many facts the shop said."""
        broker = self.stack.broker
        async with Publisher(
            broker.bootstrap, idempotent=broker.idempotent_producer, traces=Traces.from_environment("storefront")
        ) as publisher:
            said = await play(self.shop, publisher, step=STEP, progress=self.progress, pace=self._pace)
            for _ in range(3):  # answers lead to facts, and those need a later moment to be heard
                self._now += STEP
                await publisher.time_reached(self._now)
                await self._wait_until(self._now)
                await self._people(self._now)
        await self._until_all_is_sent()
        return said

    async def _pace(self, boundary: datetime) -> None:
        self._now = boundary
        await self._wait_until(boundary - AHEAD)
        if boundary.hour == 0:  # once a day: a mail that arrives simulated weeks late would find its link expired
            await self._until_all_is_sent()
        await self._people(boundary)

    async def _people(self, now: datetime) -> None:
        """Customers look into their mailboxes and answer what they feel like answering."""
        while True:
            page = await self._get(f"{self.stack.mailbox_url}/messages.json?after={self._mails_read}&limit=500")
            if not page:
                break
            for mail in page:
                self.customers.read(mail, now)
                self._mails_read = max(self._mails_read, mail["n"])
        await self.customers.answer(now)

    async def _wait_until(self, moment: datetime) -> None:
        """Until everybody's time has come to `moment`."""
        patient_until_s = time.monotonic() + PATIENCE_S
        while await self._heard(LISTENS_LAST) < moment:
            self.stack.check()
            if time.monotonic() > patient_until_s:
                raise NothingMoves(f"{LISTENS_LAST} has not come to {moment} within {PATIENCE_S:.0f} s")
            await asyncio.sleep(0.05)

    async def _heard(self, service: str) -> datetime:
        """How far a service's partitions have all come."""
        settled = [row["settled_at"] for row in await self.positions(service)]
        return min(map(datetime.fromisoformat, settled)) if settled and all(settled) else BEGINNING

    async def positions(self, service: str) -> list[dict[str, Any]]:
        """A service's positions with what became of its records."""
        return list(await self._get(f"{self.stack.url(service)}/v1/positions"))

    async def _until_all_is_sent(self) -> None:
        patient_until_s = time.monotonic() + PATIENCE_S
        while await self._any_message("ready") or await self._any_message("sending"):
            if time.monotonic() > patient_until_s:
                raise NothingMoves("mails are waiting and the notifier does not send them")
            await asyncio.sleep(0.05)

    async def _any_message(self, state: str) -> bool:
        page = await self._get(f"{self.stack.url('notifier')}/v1/messages?state={state}&limit=1")
        return bool(page["data"])

    async def _get(self, url: str) -> Any:
        """Of a service, or of the mailbox, which does not look at the key; customers have none on their pages."""
        response = await self.client.get(url, headers=self.stack.authorization)
        response.raise_for_status()
        return response.json()

    async def told(self) -> tuple[Figures, list[Story]]:
        """The figures, and three customers' stories with every decision about them."""
        events = await everything_said(self.stack.broker.bootstrap)
        stories = [
            story(customer_id, title, events, await self._decisions(customer_id))
            for customer_id, title in chosen(events)
        ]
        return figures_of(events), stories

    async def _decisions(self, customer_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for service in SERVICES:
            url = f"{self.stack.url(service)}/v1/customers/{customer_id}/decisions?limit=200"
            page = await self._get(url)
            found += [{**decision, "service": service.replace("_", "-")} for decision in page["data"]]
        return found

    async def told_before_asked(self) -> dict[str, Any]:
        """What the notifier says of it: orders told before their customers asked, and how long telling took by kind."""
        return dict(await self._get(f"{self.stack.url('notifier')}/v1/told"))

    async def decisions(self) -> dict[str, dict[str, int]]:
        """How often each service decided what, as `rule: outcome (reason)`."""
        found = {}
        for service in SERVICES:
            rows = await self._get(f"{self.stack.url(service)}/v1/decisions")
            found[service] = {f"{r['rule']}: {r['outcome']} ({r['reason']})": int(r["number"]) for r in rows}
        return found
