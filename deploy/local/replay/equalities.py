"""Same log, same rows: the same facts heard again, from the beginning, and in quite another way, byte for byte.

a) the same log is published a second time; b) inboxes are emptied, positions set back, everything consumed again;
c) other databases, step, lead, batch size and number of workers, another broker if wanted, workers killed on the way.

A worker that is killed between handing a mail over and writing that down leaves a mail of which nobody knows whether
it arrived. That is an answer of the mail server, not of the log: those customers are left out of c) and counted.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from deploy.local.ports import Ports
from deploy.local.replay.canonical import canonical, differences, without
from deploy.local.replay.databases import Databases
from deploy.local.replay.playing import STEADY, Pace, Playing
from deploy.local.replay.workforce import kill_in_turn, more_workers
from deploy.local.stack import SERVICES, Stack
from storefront.saying import Said

Say = Callable[[str], None]


@dataclass(frozen=True)
class Way:
    """One way of hearing a log."""

    pace: Pace = STEADY
    workers: int = 1
    kill_every_s: float | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


PLAIN = Way()
QUIETLY = {"CLOCK": "simulated", "LOG_LEVEL": "WARNING"}
BATCH_ITEMS = {f"{service.upper()}_BATCH_ITEMS": "37" for service in SERVICES}
HURRIED = Way(
    pace=Pace(step=timedelta(hours=7), ahead=timedelta(days=9)),
    workers=3,
    kill_every_s=20,
    settings={**BATCH_ITEMS, "NOTIFIER_LEASE_S": "10"},
)
"""Small batches, another step, three workers for each service, one of them killed every few seconds."""


@dataclass(frozen=True)
class Equality:
    """Whether two ways led to the same rows."""

    name: str
    differences: list[str]
    rows: int
    digest: str
    left_out: int = 0
    """Customers about whom a killed sender left a mail whose outcome nobody knows."""


@asynccontextmanager
async def heard(said: Sequence[Said], way: Way, folder: Path, ports: Ports | None = None) -> AsyncIterator[Playing]:
    """A stack that has heard a log to its end in some way; it goes on running until the block ends."""
    stack = Stack(folder=folder, ports=ports, settings={**QUIETLY, **way.settings})
    await asyncio.to_thread(stack.start)
    try:
        databases = Databases(
            {service: stack.database_url(service) for service in SERVICES}, master_keys=stack.master_keys
        )
        playing = Playing(stack, databases, way.pace)
        with more_workers(stack, way.workers) as workers:
            killing = asyncio.create_task(kill_in_turn(workers, way.kill_every_s)) if way.kill_every_s else None
            await playing.play(said)
            if killing:
                killing.cancel()
        await playing.until_quiet()
        yield playing
    finally:
        await asyncio.to_thread(stack.stop)


async def equalities(
    said: Sequence[Said], folder: Path, say: Say, other: Way = HURRIED, ports: Ports | None = None
) -> AsyncIterator[Equality]:
    """All three, in this order, each as soon as it is known; `say` is told what is done."""
    say("hearing the log for the first time")
    async with heard(said, PLAIN, folder, ports) as playing:
        first = await canonical(playing.databases)
        say("a) publishing the same log a second time")
        await playing.say_again(said)
        yield compare("the same log published twice", first, await canonical(playing.databases))
        say("b) emptying the inboxes and consuming everything again")
        await hear_again(playing)
        yield compare("everything consumed again", first, await canonical(playing.databases))
    say(f"c) {other.workers} workers per service, a step of {other.pace.step}, small batches, workers killed")
    async with heard(said, other, folder, ports) as playing:
        unsure = await unsure_customers(playing.databases)
        otherwise = await canonical(playing.databases, unsure)
    yield compare("heard in another way", without(first, unsure), otherwise, len(unsure))


async def hear_again(playing: Playing) -> None:
    """Forget what was heard, but not what was concluded, and hear it again."""
    stack = playing.stack
    await asyncio.to_thread(stop_services, stack)
    for service in SERVICES:
        await playing.databases.forget_what_was_heard(service)
    await asyncio.to_thread(start_services, stack)
    await playing.until_quiet()


def stop_services(stack: Stack) -> None:
    """End the services and leave databases and broker running."""
    for process in stack.services.values():
        process.stop()


def start_services(stack: Stack) -> None:
    """Start them again; returns when all are ready."""
    for process in stack.services.values():
        process.start()
    for service in stack.services:
        stack.start_service(service)


async def unsure_customers(databases: Databases) -> set[str]:
    """Customers about whom the mail server's answer to some mail was lost, late or a refusal."""
    rows = await databases.rows("notifier", "select distinct customer_id from decisions where rule = 'delivery'")
    return {row.customer_id for row in rows}


def compare(name: str, one: bytes, other: bytes, left_out: int = 0) -> Equality:
    """Two canonical texts."""
    return Equality(name, differences(one, other), len(other.splitlines()), sha256(other).hexdigest(), left_out)
