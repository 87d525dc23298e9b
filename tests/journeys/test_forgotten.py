"""Fifty people are forgotten while the shop goes on: afterwards nothing of them is found anywhere.

Looked at are all tables of all databases with their bytes, the files under them, every topic but that of contacts
(Apache Kafka forgets that one by time: `tests/deploy/test_apache.py`), and every line of the logs.
"""

import asyncio
import json
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog
from sqlalchemy import text

from chassis import logs
from contracts import Event
from contracts.kafka import Record, to_record
from contracts.storefront import (
    CUSTOMERS,
    ConsentChanged,
    Contact,
    ContactReceived,
    CustomerErased,
    CustomerUpdated,
    OrderPlaced,
)
from contracts.vocabulary import Channel, Purpose
from deploy.local.broker import Broker
from deploy.local.postgres import Postgres
from tests.brokers import empty
from tests.conftest import DatabaseOf
from tests.journeys.conftest import PATIENT
from tests.journeys.house import House, open_house
from tests.journeys.shoppers import Shopper
from tests.journeys.spellings import found_in, spellings
from tests.notifier.persons import person_of
from tests.running import rows

FORGOTTEN, OTHERS = 50, 6
STEMS = ("Zelmíra", "Quästenberg", "zelmira", "quastenpost", "+4930555")


class Somebody(NamedTuple):
    """A shopper whose every word can be told from everybody else's."""

    shopper: Shopper
    given_name: str
    family_name: str
    address: str
    phone: str

    @classmethod
    def number(cls, house: House, number: int) -> "Somebody":
        shopper = Shopper(house, f"c-{number:03}")
        shopper.address = f"zelmira{number:03}@quastenpost.example"
        return cls(shopper, f"Zelmíra{number:03}", f"Quästenberg{number:03}", shopper.address, f"+4930555{number:05}")

    @property
    def words(self) -> tuple[str, ...]:
        return self.given_name, self.family_name, self.address, self.phone

    @property
    def sentence(self) -> str:
        return f"I am {self.given_name} {self.family_name}, write to {self.address} or call {self.phone}."

    def broken(self, encoding: str = "utf-8") -> bytes:
        """What nobody can read, with everything about them in it."""
        return ('{"type": "storefront.customer-updated.v1", "data": {"said": "' + self.sentence).encode(encoding)

    @property
    def contacts(self) -> tuple[Contact, ...]:
        return (
            Contact(channel=Channel.email, address=self.address),
            Contact(channel=Channel.sms, address=self.phone),
        )

    async def signs_up(self, day: int) -> None:
        await self.shopper.says(
            CustomerUpdated, day, 8, contacts=self.contacts, given_name=self.given_name, family_name=self.family_name,
            zone="Europe/Berlin",
        )  # fmt: skip
        await self.shopper.says(
            ConsentChanged, day, 9, channel=Channel.email, purpose=Purpose.marketing, given=True, evidence=self.sentence
        )

    async def lives(self, *, calls: bool) -> None:
        """An order that arrives, perhaps a call (who calls is not asked), and records that nobody reads or takes."""
        await self.signs_up(0)
        order_id = f"{self.shopper.customer_id}-1"
        await self.shopper.orders(order_id)
        await self.shopper.is_sent(order_id, day=1)
        await self.shopper.receives(order_id, day=2)
        await self.is_garbled("first")
        if calls:
            await self.calls("first", 2)

    async def calls(self, name: str, day: int) -> None:
        contact_id = f"{self.shopper.customer_id}-{name}"
        await self.shopper.says(
            ContactReceived, day, 14, contact_id=contact_id, channel="phone", text=self.sentence, topic="other"
        )

    async def is_garbled(self, name: str) -> None:
        key, house = self.shopper.customer_id.encode(), self.shopper.house
        headers = (("content-type", b"application/cloudevents+json"), ("sent-for", self.address.encode()))
        await house.put(Record(CUSTOMERS, key, self.broken(), headers))
        await house.put(Record(CUSTOMERS, None, self.broken("utf-16"), headers))
        for said in (self.given_name, self.family_name):  # the same id with other content
            fact = CustomerUpdated(
                customer_id=self.shopper.customer_id, occurred_at=self.shopper.at(2), given_name=said,
                contacts=self.contacts, zone="Europe/Berlin",
            )  # fmt: skip
            identity = f"{self.shopper.customer_id}-{name}"
            event = Event(id=identity, source="/shop", time=self.shopper.at(2), data=fact, correlation_id=identity)
            await house.put(to_record(event))


@pytest.fixture
def spoken() -> Iterator[StringIO]:
    """What the services log, as they do in production."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield StringIO()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
async def house(lasting_broker: Broker, database_of: DatabaseOf, spoken: StringIO) -> AsyncIterator[House]:
    await empty(lasting_broker.bootstrap)
    async with open_house(lasting_broker, database_of, ORDERS_LISTENER_POLICY_FILE=str(PATIENT)) as house:
        logs.configure("house", "INFO")
        [output] = [handler for handler in logging.root.handlers if type(handler) is logging.StreamHandler]
        output.setStream(spoken)
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # the mail server, which is not ours
        spoken_at = structlog.make_filtering_bound_logger(logging.INFO)  # a house is silent otherwise
        own = {"cache_logger_on_first_use": False, "wrapper_class": spoken_at}
        structlog.configure(**structlog.get_config() | own)
        yield house


async def tables_of(house: House) -> dict[str, bytes]:
    """Every column of every table in every schema, as text; what is bytes, also as the bytes that they are."""
    found = {}
    query = """select table_schema || '.' || table_name as name from information_schema.tables
               where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"""
    for service, runtime in house.runtimes.items():
        for table in await rows(runtime, query):
            lines = await rows(runtime, f"select * from {table['name']}")  # noqa: S608 our names
            found[f"{service}.{table['name']}"] = b"\n".join(_bytes(cell) for row in lines for cell in row.values())
    return found


def _bytes(cell: object) -> bytes:
    if isinstance(cell, bytes):
        return cell + b"\n" + cell.hex().encode()
    return json.dumps(cell, ensure_ascii=False, default=str).encode(errors="replace")


async def topics_of(house: House) -> dict[str, bytes]:
    said = await house.said()
    return {
        topic: b"\n".join(
            part
            for record in records
            for part in (record.key or b"", record.value or b"", *(content or b"" for _, content in record.headers))
        )
        for topic, records in said.items()
    }


async def files_of(house: House, postgres: Postgres) -> dict[str, bytes]:
    """The files of all tables and indexes after a `vacuum full`, which leaves no dead row; not the log ahead (WAL)."""
    databases = {service: str(runtime.engine.url.database) for service, runtime in house.runtimes.items()}
    return {service: await asyncio.to_thread(_files, postgres, name) for service, name in databases.items()}


def _files(postgres: Postgres, database: str) -> bytes:
    tables = """select string_agg(format('%I.%I', schemaname, tablename), ', ') from pg_tables
                where schemaname not in ('pg_catalog', 'information_schema')"""
    postgres.run(f"vacuum (full) {postgres.run(tables, database=database)}", database=database)
    postgres.run("checkpoint")
    query = """select pg_relation_filepath(oid) from pg_class where relnamespace not in
               (select oid from pg_namespace where nspname in ('pg_catalog', 'information_schema'))"""
    folder = Path(postgres.run("show data_directory"))
    paths = [folder / name for name in postgres.run(query, database=database).split()]
    return b"\n".join(path.read_bytes() for path in paths if path.is_file())


def found(places: Mapping[str, bytes], people: Iterable[Somebody]) -> dict[str, set[str]]:
    return found_in(places, [word for person in people for word in person.words], stems=STEMS)


async def hear_everything_again(house: House) -> None:
    """Every service reads all topics from their beginning, with an inbox that remembers nothing."""
    for name, runtime in house.runtimes.items():
        await house.stop(name)
        async with runtime.transaction() as tx:
            await tx.execute(text("delete from inbox"))
            await tx.execute(text("update positions set next_offset = 0, reached_at = null, settled_at = null"))
        await house.start(name)


async def live_until_they_are_asked(house: House, people: Sequence[Somebody]) -> list[Somebody]:
    """Everybody orders; who is asked how it was answers with all about themselves. Who did."""
    for number, person in enumerate(people):
        await person.lives(calls=number % 5 > 1)
    for day in range(1, 6):
        await people[0].shopper.time_is(day, 13)
    asked = [person for person in people if "How did we do?" in (person.shopper.mails()[-1]["Subject"] or "")]
    for person in asked:
        await person.shopper.answers(2, person.sentence)
    await people[0].shopper.time_is(6)
    assert house.postbox.mails
    return asked


async def forget(house: House, gone: Sequence[Somebody]) -> None:
    """Half of them by the storefront, half over HTTP."""
    for person in gone[::2]:
        await person.shopper.says(CustomerErased, 6, 1)
    for person in gone[1::2]:
        path = f"/v1/people/{person.shopper.customer_id}"
        assert (await house.clients["notifier"].delete(path, params={"actor": "care:eve"})).status_code == 204
    await gone[0].shopper.time_is(7)


async def go_on(house: House, people: Sequence[Somebody]) -> None:
    """The shop does, some of it comes late, and then everything is heard once more."""
    first = people[0].shopper
    for person in people:
        await person.signs_up(7)
        await person.is_garbled("late")
        order_id = f"{person.shopper.customer_id}-2"
        await person.shopper.says(OrderPlaced, 7, 10, order_id=order_id, lines=(), total_minor=0, currency="EUR")
    await first.time_is(9)
    await hear_everything_again(house)
    for day in (10, 12):
        await first.time_is(day)


@pytest.mark.timeout(900)  # a shop of sixty people, heard twice
async def test_of_fifty_who_were_forgotten_nothing_is_found(house: House, postgres: Postgres, spoken: StringIO) -> None:
    people = [Somebody.number(house, number) for number in range(FORGOTTEN + OTHERS)]
    gone, others = people[:FORGOTTEN], people[FORGOTTEN:]
    asked = await live_until_they_are_asked(house, people)
    assert set(asked) & set(gone)
    assert set(asked) & set(others)
    before = found(await tables_of(house), people)
    assert before.keys() <= {"feedback.public.responses", "feedback.public.cases", "feedback.public.ideas"}
    assert before["feedback.public.responses"] >= {person.given_name for person in asked}
    mails = len(house.postbox.mails)
    assert {person.address for person in people} <= set(house.postbox.recipients)

    await forget(house, gone)
    await go_on(house, people)

    assert found(await tables_of(house), gone) == {}
    files = await files_of(house, postgres)
    assert found(files, gone) == {}
    said = await topics_of(house)
    assert found({topic: said[topic] for topic in said if topic != CUSTOMERS}, gone) == {}
    assert "keys_swept" in spoken.getvalue()
    assert found({"logs": spoken.getvalue().encode()}, people) == {}
    assert not {person.address for person in gone} & {
        mail["To"].addresses[0].addr_spec for mail in house.postbox.mails[mails:]
    }

    assert found(said, others).keys() == found(said, gone).keys() == {CUSTOMERS}  # the search is able to find something
    assert found(await tables_of(house), others).keys() == before.keys()
    assert found(files, others).keys() == {"feedback"}
    for person in others:
        assert (await person_of(house.runtimes["notifier"], person.shopper.customer_id)).email == person.address
        exported = await house.ask("notifier", f"/v1/people/{person.shopper.customer_id}/export?actor=care:eve")
        assert person.address in json.dumps(exported)
    for person in gone:
        shown = await house.ask("notifier", f"/v1/people/{person.shopper.customer_id}")
        assert shown["erased"]
    unreadable = await rows(house.runtimes["notifier"], "select parked_id from parked_events where value is not null")
    assert len(unreadable) > FORGOTTEN
    stays = await house.ask("notifier", f"/v1/parked?customer_id={gone[0].shopper.customer_id}")
    for row in stays["data"]:
        shown = await house.ask("notifier", f"/v1/parked/{row['parked_id']}")
        assert shown["value_base64"] is None
        assert "cannot be read any more" in (shown["bytes_at"] or "cannot be read any more")


WORD = "Quästenberg001"
HIDDEN = {
    "text": f"x {WORD} y".encode(),
    "upper case": WORD.upper().encode(),
    "UTF-16": f"x {WORD}".encode("utf-16"),
    "Latin-1": WORD.encode("latin-1"),
    "hex": f"x{WORD}y".encode().hex().encode(),
    "base64": b64encode(f"{WORD} is her name".encode()),
    "base64, one on": b64encode(f"a{WORD} is her name".encode()),
    "base64, two on": b64encode(f"ab{WORD} is her name".encode()),
    "base64 of UTF-16": b64encode(f"x{WORD} is her name".encode("utf-16-le")),
    "JSON": json.dumps({"name": WORD}).encode(),
    "a URL": b"/people?name=Qu%C3%A4stenberg001&x=1",
    "quoted-printable": b"I am Qu=C3=A4stenberg001",
    "HTML": b"<b>Qu&#228;stenberg001</b>",
}


@pytest.mark.parametrize("spelling", HIDDEN)
def test_the_search_finds_a_word_in_every_spelling(spelling: str) -> None:
    assert found_in({"here": HIDDEN[spelling], "there": b"nothing"}, [WORD]) == {"here": {WORD}}
    assert found_in({"here": HIDDEN[spelling]}, ["Quastenberg001", "Quästenberg101"]) == {}


def test_no_spelling_is_so_short_that_it_is_found_by_chance() -> None:
    assert min(len(one) for one in spellings("+493055500001")) >= 10
