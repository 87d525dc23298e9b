"""Yesterday's databases while Kafka is ahead: the services catch up to the same rows, and nobody is told twice."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from deploy.local.ports import Ports
from deploy.local.replay.canonical import canonical, differences
from deploy.local.replay.databases import Databases
from deploy.local.replay.equalities import Say, start_services, stop_services
from deploy.local.replay.playing import Pace, Playing
from deploy.local.stack import SERVICES, Stack
from storefront.play import EPOCH, QUIET_TAIL
from storefront.saying import Said


@dataclass(frozen=True)
class Restored:
    """What became of a restoration."""

    differences: list[str]
    mails: int
    mails_after_backup: int
    told_twice: int
    """Mails that were accepted again after the restoration."""


async def restored(said: Sequence[Said], folder: Path, say: Say, ports: Ports | None = None) -> Restored:
    """Play half of a log, keep the databases, play the rest, put the old databases back and catch up."""
    pace = Pace()
    yesterday, today = halves(said, pace.step)
    stack = Stack(folder=folder, ports=ports, settings={"CLOCK": "simulated"})
    await asyncio.to_thread(stack.start)
    try:
        urls = {name: stack.database_url(name) for name in SERVICES}
        playing = Playing(stack, Databases(urls, master_keys=stack.master_keys), pace)
        say(f"hearing {len(yesterday)} facts, then keeping the databases")
        await playing.play(yesterday, tail=timedelta())
        await asyncio.to_thread(_keep, stack)
        before = sum((await _mails(stack)).values())
        say(f"hearing the other {len(today)} facts")
        await playing.play(today, tail=QUIET_TAIL)
        rows, mails = await canonical(playing.databases), await _mails(stack)
        say("putting yesterday's databases back and catching up")
        await asyncio.to_thread(_restore, stack)
        await playing.go_on()
        again = await _mails(stack)
        return Restored(
            differences(rows, await canonical(playing.databases)),
            sum(mails.values()),
            sum(mails.values()) - before,
            sum(again.values()) - sum(mails.values()),
        )
    finally:
        await asyncio.to_thread(stack.stop)


def halves(said: Sequence[Said], step: timedelta) -> tuple[list[Said], list[Said]]:
    """A log cut near its middle, where simulated time is said anyway."""
    middle = EPOCH + (said[len(said) // 2].said_at - EPOCH) // step * step
    return [each for each in said if each.said_at < middle], [each for each in said if each.said_at >= middle]


def _keep(stack: Stack) -> None:
    """A copy of every database as it is now; nobody may be connected meanwhile."""
    stop_services(stack)
    for service in stack.services:
        stack.postgres.database(f"{service}_yesterday", template=service)
    start_services(stack)


def _restore(stack: Stack) -> None:
    stop_services(stack)
    for service in stack.services:
        stack.postgres.drop(service)
        stack.postgres.database(service, template=f"{service}_yesterday")
    start_services(stack)


async def _mails(stack: Stack) -> Counter[str]:
    """How often each mail was accepted, by Message-ID."""
    found: Counter[str] = Counter()
    last = 0
    async with httpx.AsyncClient(timeout=30) as client:
        while page := (await client.get(f"{stack.mailbox_url}/messages.json?after={last}&limit=500")).json():
            found.update(mail["message_id"] for mail in page)
            last = page[-1]["n"]
    return found
