"""From the decision to a provider and back on every channel: a real database, SMTP servers and an HTTP service."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts import Event
from contracts.storefront import Contact, CustomerUpdated
from contracts.vocabulary import Channel
from deploy.local.ports import free_port
from notifier.app import application
from notifier.messages import Message
from notifier.sender import Sender
from notifier.settings import NotifierSettings
from tests.conftest import ClientOf, RuntimeOf
from tests.notifier.correspondent import ADA, BERLIN, confirmed, hour, opened, said
from tests.notifier.gateway import Gateway, open_gateway
from tests.notifier.postbox import Postbox, open_postbox
from tests.running import until

MAIL, NUMBER = "ada@example.org", "+4915112345678"


@pytest.fixture
def spare() -> Iterator[Postbox]:
    with open_postbox() as opened_postbox:
        yield opened_postbox


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with open_gateway() as opened_gateway:
        yield opened_gateway


class House:
    """A notifier with providers, its sender, and what became of its messages."""

    def __init__(self, runtime: Runtime) -> None:
        assert isinstance(runtime.settings, NotifierSettings)
        self.runtime = runtime
        self.sender = Sender(runtime, runtime.settings)

    async def hears(self, *events: Event[Any], hours: float = 11) -> None:
        folded = await self.runtime.fold(events, until=hour(hours))
        assert not folded.refused

    async def messages(self, columns: str = "kind, state, channel, reason, provider") -> list[tuple[Any, ...]]:
        async with self.runtime.transaction() as tx:
            rows = await tx.execute(text(f"select {columns} from messages order by kind, message_id"))  # noqa: S608 ours
            return [tuple(row) for row in rows]

    async def lets_leases_end(self) -> None:
        async with self.runtime.transaction() as tx:
            await tx.execute(text("update messages set leased_until = now() - interval '1 s' where state = 'sending'"))


@pytest.fixture
async def houses(runtime_of: RuntimeOf, tmp_path: Path) -> AsyncIterator[Any]:
    made: list[House] = []

    async def make(providers: str, **settings: str) -> House:
        file = tmp_path / "providers.yaml"
        file.write_text(f"version: test\n{providers}")
        usual = {"CLOCK": "simulated", "NOTIFIER_PROVIDERS_FILE": str(file), "NOTIFIER_CHANNEL_PATIENCE_S": "0"}
        house = House(await runtime_of(application, **{**usual, **settings}))
        made.append(house)
        return house

    yield make
    for house in made:
        await house.sender.close()


def mail(*ports: int, **more: Any) -> str:
    said = "".join(f", {name}: {value}" for name, value in more.items())
    return "email:\n" + "".join(f"  mail{n}: {{port: {port}{said}}}\n" for n, port in enumerate(ports))


def texts(port: int, **more: Any) -> str:
    said = "".join(f", {name}: {value}" for name, value in more.items())
    return f"sms:\n  texts: {{url: 'json://127.0.0.1:{port}/send/{{address}}', timeout_s: 0.5{said}}}\n"


def person(customer_id: str = ADA, **addresses: str) -> Event[Any]:
    contacts = tuple(Contact(channel=Channel(channel), address=address) for channel, address in addresses.items())
    return of(
        customer_id, said(CustomerUpdated(customer_id=ADA, occurred_at=hour(0), contacts=contacts, zone=BERLIN), 0)
    )


def of(customer_id: str, event: Event[Any]) -> Event[Any]:
    return replace(event, id=f"{customer_id}-{event.id}"[:255], data=replace(event.data, customer_id=customer_id))


async def test_an_issue_of_somebody_without_mail_is_texted(houses: Any, postbox: Postbox, gateway: Gateway) -> None:
    house = await houses(mail(postbox.port) + texts(gateway.port))
    await house.hears(person(sms="0151 12345678"), opened(10))
    assert await house.messages("state, reason") == [("held", "waiting_for_contact")], "a number of no country"
    await house.hears(person("bob", sms=NUMBER), of("bob", opened(10, order_id="o2")))
    assert await house.sender.send_ready() == 1
    assert ("issue_opened", "sent", "sms", None, "texts") in await house.messages()
    assert gateway.taken[0][1]["title"] == "Your order is late"


async def test_of_two_mail_servers_the_second_sends_what_the_first_has_no_time_for(
    houses: Any, postbox: Postbox, spare: Postbox
) -> None:
    house = await houses(mail(postbox.port, spare.port))
    postbox.answers = ["rcpt 421 4.3.2 Closing"]
    await house.hears(person(email=MAIL), confirmed(10))
    assert await house.sender.send_ready() == 1
    assert await house.messages() == [("order_confirmed", "sent", "email", None, "mail1")]
    assert (len(postbox.mails), len(spare.mails)) == (0, 1)


async def test_what_was_greylisted_comes_back_to_the_same_server(houses: Any, postbox: Postbox, spare: Postbox) -> None:
    house = await houses(mail(postbox.port, spare.port, rests_s=60, opens_after=1))
    postbox.answers = ["rcpt 421 Closing"]
    spare.answers = ["rcpt 450 4.7.1 Greylisted, come back in a minute"]
    await house.hears(person(email=MAIL), confirmed(10))
    await house.sender.send_ready()
    assert await house.messages() == [("order_confirmed", "held", "email", "deferred", "mail1")]
    second = House(house.runtime)  # another process, to which both servers look well
    await house.hears(hours=11.5)
    assert await second.sender.send_ready() == 1
    assert await house.messages() == [("order_confirmed", "sent", "email", None, "mail1")]
    assert (len(postbox.mails), len(spare.mails)) == (0, 1)
    await second.sender.close()


async def test_when_no_mail_server_is_there_issues_are_texted_and_the_rest_waits(houses: Any, gateway: Gateway) -> None:
    house = await houses(mail(free_port()) + texts(gateway.port))
    await house.hears(person(email=MAIL, sms=NUMBER), confirmed(10, "o2"), opened(10), hours=10.5)
    await house.sender.send_ready()
    await house.sender.send_ready()
    assert await house.messages() == [
        ("issue_opened", "sent", "sms", None, "texts"),
        ("order_confirmed", "ready", "email", None, None),
    ]
    async with house.runtime.transaction() as tx:
        rows = await tx.execute(
            text("select outcome, detail from decisions where rule = 'sending' order by at, decision_id")
        )
        told = [row.detail for row in rows if row.detail["kind"] == "issue_opened"]
    assert (told[-1]["channel"], told[-1]["passed"]) == ("sms", {"email": "away"})


async def test_without_another_channel_the_issue_waits_for_a_mail_server_and_says_so(houses: Any) -> None:
    house = await houses(mail(free_port()))
    await house.hears(person(email=MAIL), opened(10), hours=10.5)
    await house.sender.send_ready()
    assert await house.messages("state, reason, attempts, deferrals") == [("held", "channel_down", 1, 0)]


async def test_a_channel_without_a_provider_holds_up_no_other(houses: Any, gateway: Gateway) -> None:
    house = await houses(mail(free_port()) + texts(gateway.port), NOTIFIER_CHANNEL_PATIENCE_S="60")
    await house.hears(
        person(email=MAIL), confirmed(10), person("bob", sms=NUMBER), of("bob", opened(10, order_id="o2")), hours=10.5
    )
    await house.sender.send_ready()
    assert [state for _, state, *_ in await house.messages()] == ["sent", "ready"]


@pytest.mark.parametrize(("answer", "state"), [("silence", "unknown"), (503, "held"), (400, "failed")])
async def test_a_text_of_which_nobody_knows_is_not_said_twice(
    houses: Any, gateway: Gateway, answer: int | str, state: str
) -> None:
    house = await houses(texts(gateway.port))
    gateway.answers = [answer]
    await house.hears(person(sms=NUMBER), confirmed(10), hours=11)
    async with house.runtime.transaction() as tx:  # as if the shop texted confirmations: the policy says otherwise
        await tx.execute(text("update messages set state = 'ready', channel = 'sms', attempts = 1, ready_at = :at"),
                         {"at": hour(10)})  # fmt: skip
    await house.sender.send_ready()
    assert [row[1] for row in await house.messages()] == [state]
    assert len(gateway.asked) == 1


async def test_an_issue_texted_into_silence_is_texted_again_once_and_then_only_after_a_pause(
    houses: Any, gateway: Gateway
) -> None:
    house = await houses(texts(gateway.port))
    gateway.answers = ["silence", "silence"]
    await house.hears(person(sms=NUMBER), opened(10), hours=10.1)
    for _ in range(4):
        await house.sender.send_ready()
        await house.hears(hours=10.1)
    assert await house.messages("state, reason, attempts") == [("held", "unknown", 2)]
    assert len(gateway.taken) == 2


async def test_a_text_in_hand_of_a_sender_that_died_is_not_forgotten(houses: Any, gateway: Gateway) -> None:
    house = await houses(texts(gateway.port))
    await house.hears(person(sms=NUMBER), opened(10), hours=10.5)
    async with house.runtime.transaction() as tx:
        await tx.execute(text("update messages set state = 'sending'"))
    await house.lets_leases_end()
    assert await house.sender.report_lost() == 1
    await house.hears(hours=10.6)
    await house.sender.send_ready()
    assert [row[1] for row in await house.messages()] == ["sent"]
    assert len(gateway.taken) == 1


async def test_what_is_in_hand_and_not_begun_is_given_up_at_once_and_counts_no_attempt(
    houses: Any, postbox: Postbox
) -> None:
    house = await houses(mail(postbox.port, per_second=20, at_once=1))
    people = [f"c{number}" for number in range(20)]
    events = [one for name in people for one in (person(name, email=MAIL), of(name, confirmed(10, order_id=name)))]
    await house.hears(*events)
    sending = asyncio.create_task(house.sender.send_ready())
    await until(lambda: _some(postbox), patience_s=10)
    given_up = await asyncio.wait_for(house.sender.give_up(lambda message: unwanted(message)), timeout=1)
    begun = 20 - given_up
    assert 0 < given_up < 20
    await sending
    states = await house.messages("state, attempts")
    assert states.count(("ready", 1)) == given_up
    assert (states.count(("sent", 1)), len(postbox.mails)) == (begun, begun)
    while await house.sender.send_ready():
        pass
    assert len({sent["Message-ID"] for sent in postbox.mails}) == len(postbox.mails) == 20


async def _some(postbox: Postbox) -> bool:
    return len(postbox.mails) >= 3


def unwanted(message: Message) -> bool:
    return message.kind == "order_confirmed"


async def test_health_is_told_over_http_whoever_is_asked(houses: Any, gateway: Gateway, client_of: ClientOf) -> None:
    house = await houses(mail(free_port(), opens_after=1, per_second=9) + texts(gateway.port))
    await house.hears(person(email=MAIL), confirmed(10))
    await house.sender.send_ready()
    await house.sender.say_health()
    client: httpx.AsyncClient = await client_of(house.runtime)
    first, second = (await client.get("/v1/providers")).json()["data"]
    assert (first["channel"], first["name"], first["state"], first["code"]) == ("email", "mail0", "open", "not_there")
    assert (first["per_second"], first["in_flight"]) == (9, 0)
    assert (second["channel"], second["name"], second["state"], second["code"]) == ("sms", "texts", "closed", None)
    metrics = (await client.get("/metrics")).text
    assert 'rapport_provider_state{channel="email",provider="mail0"} 2.0' in metrics
