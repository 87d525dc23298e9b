"""Providers on real servers: failover only where nothing was handed over, rates, breakers, what apprise's no means."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from contracts.vocabulary import Channel
from deploy.local.ports import free_port
from notifier.deliveries import Result
from notifier.mail import MailServer
from notifier.outgoing import Composed, Parcel
from notifier.provider_files import Apprised, Providers, Smtp
from notifier.providers.guarded import Guarded
from notifier.providers.outlets import Outlet, Outlets
from tests.notifier.gateway import Gateway, open_gateway
from tests.notifier.postbox import Postbox, open_postbox

NUMBER = "+4915112345678"


@pytest.fixture
def first() -> Iterator[Postbox]:
    with open_postbox() as postbox:
        yield postbox


@pytest.fixture
def second() -> Iterator[Postbox]:
    with open_postbox() as postbox:
        yield postbox


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with open_gateway() as opened:
        yield opened


@pytest.fixture
async def outlet(first: Postbox, second: Postbox) -> AsyncIterator[Outlet]:
    """Two mail servers, of which the first is preferred."""
    made = mail_servers(Smtp(port=first.port, timeout_s=2, rests_s=0.5), Smtp(port=second.port, timeout_s=2))
    yield made
    await made.close()


def mail_servers(*servers: Smtp) -> Outlet:
    guarded = [
        Guarded(Channel.email, name, server, MailServer(server))
        for name, server in zip(("first", "second"), servers, strict=False)
    ]
    return Outlet(Channel.email, guarded)


def letter(number: int = 1) -> Parcel:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "hello@shop.example", "ada@example.org", "Your order"
    mail.set_content("It is late.")
    return Parcel(
        message_id=f"m{number}", channel=Channel.email, address="ada@example.org",
        mail=mail.as_bytes(policy=SMTP), return_path="hello@shop.example",
    )  # fmt: skip


def text_message(address: str = NUMBER) -> Parcel:
    composed = Composed(subject="Your order is late", text="It comes on Friday.", locale="en", version="1")
    return Parcel(message_id="m1", channel=Channel.sms, address=address, composed=composed)


# --- who is asked next ---


@pytest.mark.parametrize("answer", ["rcpt 421 4.3.2 Closing", "rcpt 554 5.7.1 Relay access denied"])
async def test_trouble_of_the_first_provider_is_no_reason_not_to_tell(
    outlet: Outlet, first: Postbox, second: Postbox, answer: str
) -> None:
    first.answers = [answer]
    given = await outlet.send(letter())
    assert (given.result, given.provider) == (Result.accepted, "second")
    assert (len(first.mails), len(second.mails)) == (0, 1)


async def test_a_server_that_is_not_there_hands_over_to_the_next(second: Postbox) -> None:
    outlet = mail_servers(Smtp(port=free_port()), Smtp(port=second.port))
    assert (await outlet.send(letter())).provider == "second"
    await outlet.close()


@pytest.mark.parametrize(
    ("answer", "result", "code"),
    [
        ("rcpt 450 4.7.1 Greylisted", Result.deferred, "450 4.7.1"),
        ("rcpt 550 5.1.1 Unknown", Result.refused, "550 5.1.1"),
        ("554 5.7.1 Spam", Result.refused, "554 5.7.1"),
        ("451 4.3.0 Later", Result.deferred, "451 4.3.0"),
        ("swallow", Result.unknown, "SMTPServerDisconnected"),
    ],
)
async def test_what_is_about_the_message_or_may_have_arrived_goes_to_nobody_else(
    outlet: Outlet, first: Postbox, second: Postbox, answer: str, result: Result, code: str
) -> None:
    first.answers = [answer]
    given = await outlet.send(letter())
    assert (given.result, given.code, given.provider) == (result, code, "first")
    assert second.recipients == []


async def test_a_timeout_after_the_mail_was_handed_over_is_unknown(first: Postbox, second: Postbox) -> None:
    outlet = mail_servers(Smtp(port=first.port, timeout_s=0.3), Smtp(port=second.port))
    first.delay_s = 1
    given = await outlet.send(letter())
    assert (given.result, given.provider) == (Result.unknown, "first")
    assert second.recipients == []
    await outlet.close()


async def test_who_said_later_is_asked_first_the_next_time(outlet: Outlet) -> None:
    assert (await outlet.send(letter(), first="second")).provider == "second"
    assert (await outlet.send(letter())).provider == "first"


async def test_when_everybody_has_trouble_nobody_was_handed_it(outlet: Outlet, first: Postbox, second: Postbox) -> None:
    first.answers, second.answers = ["rcpt 421 Closing"], ["rcpt 554 5.7.1 Relay access denied"]
    given = await outlet.send(letter())
    assert (given.result, given.code, given.provider) == (Result.trouble, "554 5.7.1", "second")


async def test_what_is_no_longer_wanted_is_given_to_nobody(outlet: Outlet, first: Postbox, second: Postbox) -> None:
    assert (await outlet.send(letter(), wanted=lambda: False)).result is Result.untried
    assert first.mails + second.mails == []


# --- left alone for a while ---


async def test_a_provider_that_fails_again_and_again_is_left_alone_and_tried_again_by_one_message(
    outlet: Outlet, first: Postbox
) -> None:
    first.answers = ["rcpt 421 Closing"] * 6
    for number in range(5):
        await outlet.send(letter(number))
    health = outlet.health()[0]
    assert (health.state, health.code) == ("open", "421")
    await outlet.send(letter())
    assert len(first.answers) == 1, "it was not asked while it rests"
    await asyncio.sleep(0.6)
    assert outlet.health()[0].state == "half_open"
    first.delay_s = 0.2
    await asyncio.gather(*(outlet.send(letter(number)) for number in range(4)))
    assert outlet.health()[0].state == "open", "one message tried, and it failed"
    assert first.answers == []
    await asyncio.sleep(0.6)
    await asyncio.gather(*(outlet.send(letter(number)) for number in range(4)))
    assert outlet.health()[0].state == "closed"
    assert len(first.mails) == 1, "one tries, the others do not wait for it"


async def test_a_no_about_messages_is_no_trouble_of_the_provider(outlet: Outlet, first: Postbox) -> None:
    first.answers = ["rcpt 550 5.1.1 Unknown"] * 10
    for number in range(10):
        assert (await outlet.send(letter(number))).result is Result.refused
    assert outlet.health()[0].state == "closed"


async def test_nothing_is_taken_in_hand_for_a_channel_without_a_provider(first: Postbox) -> None:
    outlet = mail_servers(Smtp(port=free_port(), opens_after=1), Smtp(port=free_port(), opens_after=1))
    assert not await outlet.ready()
    assert [health.state for health in outlet.health()] == ["open", "open"]
    assert (await outlet.send(letter())).result is Result.untried
    there = mail_servers(Smtp(port=free_port()), Smtp(port=first.port))
    assert await there.ready()
    await there.close()


async def test_no_provider_is_given_more_than_its_rate(first: Postbox) -> None:
    outlet = mail_servers(Smtp(port=first.port, per_second=20))
    began_s = time.monotonic()
    await asyncio.gather(*(outlet.send(letter(number)) for number in range(22)))
    took_s = time.monotonic() - began_s
    assert 0.9 <= took_s < 3
    assert (len(first.mails), outlet.room) == (22, 20)
    await outlet.close()


async def test_who_would_wait_long_for_the_first_provider_goes_to_the_next(first: Postbox, second: Postbox) -> None:
    slow = Smtp(port=first.port, per_second=1, at_once=1)
    outlet = mail_servers(slow, Smtp(port=second.port))
    await asyncio.gather(*(outlet.send(letter(number)) for number in range(10)))
    assert 1 <= len(first.mails) <= 5
    assert len(first.mails) + len(second.mails) == 10
    await outlet.close()


# --- text messages ---


def texts(port: int, **changes: object) -> Apprised:
    return Apprised(**{"url": f"json://127.0.0.1:{port}/send/{{address}}", "timeout_s": 1.0, **changes})  # type: ignore[arg-type]  # of the test's own


async def test_a_text_message_goes_through_apprise_to_where_it_is_addressed(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outlets = Outlets(Providers(sms={"texts": texts(gateway.port)}), None)
    given = await outlets.send(text_message())
    assert (given.result, given.code, given.provider) == (Result.accepted, "200", "texts")
    ((path, body),) = gateway.taken
    assert path.replace("%2B", "+") == f"/send/{NUMBER}"
    assert (body["title"], body["message"]) == ("Your order is late", "It comes on Friday.")
    assert "15112345678" not in caplog.text
    await outlets.close()


@pytest.mark.parametrize(
    "hostile", ["x/../../admin", "x?to=all", "x#y", "@evil.example/", "..", "%2e%2e%2fadmin", "x\r\ny"]
)
async def test_no_address_leads_to_another_host_or_place(gateway: Gateway, hostile: str) -> None:
    outlets = Outlets(Providers(sms={"texts": texts(gateway.port)}), None)
    given = await outlets.send(text_message(hostile))
    assert (given.result, given.code, gateway.asked) == (Result.refused, "bad_address", [])
    await outlets.close()


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (400, Result.refused), (404, Result.refused), (410, Result.refused), (422, Result.refused),
        (401, Result.trouble), (403, Result.trouble), (429, Result.trouble), (503, Result.trouble),
        (500, Result.unknown), (502, Result.unknown), (504, Result.unknown),
    ],
)  # fmt: skip
async def test_a_no_of_a_service_is_told_apart_by_its_status(gateway: Gateway, status: int, result: Result) -> None:
    gateway.answers = [status]
    outlets = Outlets(Providers(sms={"texts": texts(gateway.port)}), None)
    given = await outlets.send(text_message())
    assert (given.result, given.code) == (result, str(status))
    await outlets.close()


async def test_an_answer_that_never_comes_is_unknown_and_a_refused_connection_is_not(gateway: Gateway) -> None:
    gateway.answers = ["silence"]
    outlets = Outlets(Providers(sms={"a": texts(gateway.port, timeout_s=0.3), "b": texts(gateway.port)}), None)
    given = await outlets.send(text_message())
    assert (given.result, given.provider) == (Result.unknown, "a")
    assert len(gateway.asked) == 1, "the other one was not asked"
    await outlets.close()
    outlets = Outlets(Providers(sms={"a": texts(free_port()), "b": texts(gateway.port)}), None)
    assert (await outlets.send(text_message())).provider == "b"
    await outlets.close()


async def test_no_more_requests_at_once_than_the_shop_says(gateway: Gateway) -> None:
    gateway.delay_s = 0.05
    outlets = Outlets(Providers(sms={"texts": texts(gateway.port, at_once=2)}), None)
    await asyncio.gather(*(outlets.send(text_message()) for _ in range(10)))
    assert (len(gateway.taken), gateway.at_once) == (10, 2)
    await outlets.close()


def test_a_service_that_apprise_does_not_know_is_found_at_the_start() -> None:
    with pytest.raises(ValueError, match="pigeon"):
        Outlets(Providers(sms={"texts": Apprised(url="pigeon://loft/{address}")}), None)
