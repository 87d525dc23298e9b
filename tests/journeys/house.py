"""The whole house in one process: four services at work on a real broker, real databases and a real mail server.

Owns starting and stopping it, moving its time, and the books that must balance at the end of every story. Knows no
story. Time moves by what the shop says (`time_is`); nothing here sleeps in the hope that something has happened.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import structlog
from aiokafka import AIOKafkaProducer

import feedback.app
import loyalty.app
import notifier.app
import orders_listener.app
from chassis.application import Application
from chassis.runtime import Runtime
from chassis.topics import every_topic
from chassis.web import create_app
from contracts import Fact
from contracts.kafka import Record
from deploy.local.broker import Broker
from storefront.partitions import partition_of
from storefront.publisher import Publisher
from storefront.saying import time_reached_record
from tests.brokers import PARTITIONS, session_timeout_ms
from tests.conftest import LINK_KEYS, DatabaseOf, bearer, key_of
from tests.notifier.persons import person_of
from tests.notifier.postbox import Postbox, open_postbox
from tests.running import rows, running, said_on, totals, until

COMPOSED: Mapping[str, Callable[[], Application]] = {
    "orders_listener": orders_listener.app.application,
    "feedback": feedback.app.application,
    "loyalty": loyalty.app.application,
    "notifier": notifier.app.application,
}
"""In the order in which facts flow."""
BEGINNING = datetime(2026, 1, 5, tzinfo=UTC)
PAGES = "http://feedback.example"
"""Where the links in mails lead."""

Place = tuple[str, int]
"""Topic and partition."""
Parked = Mapping[str, Mapping[str, int]]
"""Parked records by service and reason."""


class House:
    """Four services at work. `now` is the moment that all of them have come to."""

    def __init__(self, broker: Broker, postbox: Postbox, applications: Mapping[str, Application]) -> None:
        self.broker = broker
        self.postbox = postbox
        self.now = BEGINNING
        self.stays_parked: Parked = {}
        """What a story leaves parked on purpose."""
        self._applications = applications
        self.runtimes = {name: Runtime.of(one.service, one.settings) for name, one in applications.items()}
        self.clients = {name: self._client(name) for name in applications}
        self._at_work: dict[str, AsyncExitStack] = {}
        self._producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
        self._shop = Publisher(broker.bootstrap, idempotent=broker.idempotent_producer)

    def _client(self, name: str) -> httpx.AsyncClient:
        app = create_app(self._applications[name], self.runtimes[name])
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=f"http://{name.replace('_', '-')}.example"
        )

    async def open(self) -> None:
        """Everybody at work."""
        await self._producer.start()
        await self._shop.__aenter__()
        for name, runtime in self.runtimes.items():
            self.clients[name].headers.update(bearer(await key_of(runtime)))
        for name in self.runtimes:
            await self.start(name)

    async def close(self) -> None:
        """Everybody home, everything closed."""
        await asyncio.gather(*(self.stop(name) for name in list(self._at_work)))
        await self._shop.__aexit__(None, None, None)
        await self._producer.stop()
        for client in self.clients.values():
            await client.aclose()
        for runtime in self.runtimes.values():
            await runtime.close()

    async def start(self, name: str) -> None:
        """A new worker, relay and background tasks for one service; they remember nothing but what is stored."""
        stack = self._at_work[name] = AsyncExitStack()
        await stack.enter_async_context(running(self.runtimes[name]))
        for work in self._applications[name].background:
            stack.push_async_callback(_cancelled, asyncio.create_task(work(self.runtimes[name])))

    async def stop(self, name: str) -> None:
        """End one service's worker as an operator does."""
        await self._at_work.pop(name).aclose()

    # --- what the shop says ---

    async def say(self, fact: Fact, at: datetime) -> str:
        """The storefront says one fact with its SDK; the event's id."""
        return await self._shop.publish(fact, said_at=at)

    async def put(self, record: Record, partition: int | None = None) -> None:
        """A record as it is, whatever is in it; on its key's partition if no other is given."""
        place = partition_of(record.key or b"", PARTITIONS) if partition is None else partition
        await (await self._send(record, place))

    # --- time ---

    async def time_is(self, moment: datetime) -> None:
        """Everything before `moment` was said, heard by everybody, and every mail that it led to was sent."""
        self.now = moment
        await self._shop.time_reached(moment)
        await until(self._listened)
        await self._heard(await self._ring(runtime.service.topic for runtime in self.runtimes.values()))
        await until(self._silent)

    async def _listened(self) -> bool:
        """The notifier listens last; what it decided has left the house."""
        [found] = await rows(
            self.runtimes["notifier"],
            """select count(*) filter (where settled_at >= :moment) as settled,
                      (select count(*) from messages where state in ('ready', 'sending')) as unsent from positions""",
            moment=self.now,
        )
        places = len(self._applications["notifier"].service.consumes) * PARTITIONS
        return found["settled"] == places and not found["unsent"] and await self._silent()

    async def _silent(self) -> bool:
        """Nobody has anything left to say."""
        return not any([await rows(runtime, "select 1 from outbox limit 1") for runtime in self.runtimes.values()])

    async def _ring(self, topics: Iterable[str]) -> dict[Place, int]:
        """A last record on every partition of these topics, harmless to whoever hears it; their offsets."""
        places = [(topic, partition) for topic in topics for partition in range(PARTITIONS)]
        sent = [await self._send(time_reached_record(self.now, "/house", *place), place[1]) for place in places]
        return dict(zip(places, [record.offset for record in await asyncio.gather(*sent)], strict=True))

    async def _send(self, record: Record, partition: int) -> Any:
        topic, key, value, headers = record
        return await self._producer.send(topic, value, key=key, partition=partition, headers=list(headers))

    async def _heard(self, offsets: Mapping[Place, int]) -> None:
        """Every service is past these offsets on every topic that it listens to."""

        async def everywhere() -> bool:
            stored = [await rows(runtime, "select * from positions") for runtime in self.runtimes.values()]
            return all(
                row["next_offset"] > offsets.get((row["topic"], row["partition"]), -1)
                for positions in stored
                for row in positions
            )

        await until(everywhere)

    async def said(self) -> dict[str, list[Any]]:
        """Everything that lies on each topic, as it lies there."""
        offsets = await self._ring(every_topic())
        await self._heard(offsets)
        numbers = {topic: sum(offsets[topic, p] + 1 for p in range(PARTITIONS)) for topic in every_topic()}
        topics, counts = list(numbers), list(numbers.values())
        read = [said_on(self.broker.bootstrap, topic, count) for topic, count in zip(topics, counts, strict=True)]
        return dict(zip(topics, await asyncio.gather(*read), strict=True))

    # --- what can be asked ---

    async def ask(self, service: str, path: str) -> Any:
        """A page of a service's HTTP interface."""
        answer = await self.clients[service].get(path)
        assert answer.is_success, answer.text
        return answer.json()

    async def tables(self, service: str) -> list[str]:
        """The tables of a service's database, the chassis's too."""
        query = """select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
                   and not relispartition and relname <> 'alembic_version' order by 1"""
        return [row["relname"] for row in await rows(self.runtimes[service], query)]

    async def dump(self, *, without: Sequence[str] = ()) -> dict[str, list[str]]:
        """Every row of every table of every service as text, sorted; `without` these tables. People are decrypted."""
        found = {}
        for service, runtime in self.runtimes.items():
            for table in set(await self.tables(service)) - set(without):
                texts = await rows(runtime, f"select t::text as line from {table} t order by 1")  # noqa: S608 our names
                found[f"{service}.{table}"] = [row["line"] for row in texts]
        people = await rows(self.runtimes["notifier"], "select customer_id from people order by 1")
        known = [await person_of(self.runtimes["notifier"], row["customer_id"]) for row in people]
        return found | {"notifier.people": [str(person) for person in known]}

    # --- the books ---

    async def audit(self) -> None:
        """What must be true whenever a story has ended."""
        offsets = await self._ring(every_topic())
        await self._heard(offsets)
        for service, runtime in self.runtimes.items():
            said = sum(offsets[inlet.topic, p] + 1 for inlet in runtime.service.consumes for p in range(PARTITIONS))
            fates = await totals(runtime)
            assert fates.pop("consumed") == sum(fates.values()) == said, f"{service} has lost or invented records"
            assert await self._parked(service) == self.stays_parked.get(service, {}), f"{service} has parked records"
            assert not await rows(runtime, _UNEXPLAINED), f"{service} cannot explain these decisions"
        assert await self._silent(), "something was not published"
        assert not await rows(self.runtimes["loyalty"], "select * from wrong_balances()")

    async def _parked(self, service: str) -> dict[str, int]:
        query = "select reason, count(*) as number from parked_events where state = 'parked' group by 1"
        return {row["reason"]: row["number"] for row in await rows(self.runtimes[service], query)}


_UNEXPLAINED = """
    select * from decisions d
    where not exists (select from inbox i where i.event_id = d.root_id)
      and not exists (select from commands c where c.command_id = d.root_id)
"""


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing is logged: a story tells by its rows what went wrong, and traces with all their values take seconds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@asynccontextmanager
async def open_house(broker: Broker, database_of: DatabaseOf, **settings: str) -> AsyncIterator[House]:
    """A house on empty databases; `settings` are added to the environment, CLOCK is simulated unless said otherwise."""
    with open_postbox() as postbox, pytest.MonkeyPatch.context() as environment, _quiet():
        shared = {
            "CLOCK": "simulated",
            "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
            "KAFKA_IDEMPOTENT_PRODUCER": str(broker.idempotent_producer),
            "KAFKA_SESSION_TIMEOUT_MS": str(session_timeout_ms(broker)),
            "LINK_KEYS": LINK_KEYS,
            "NOTIFIER_FEEDBACK_URL": PAGES,
            "PARTITIONS": str(PARTITIONS),
            "SMTP_PORT": str(postbox.port),
        }
        for name in COMPOSED:
            shared[f"{name.upper()}_DATABASE_URL"] = await database_of(name)
        for name, content in (shared | settings).items():
            environment.setenv(name, content)
        house = House(broker, postbox, {name: compose() for name, compose in COMPOSED.items()})
        try:
            await house.open()
            yield house
        finally:
            await house.close()
