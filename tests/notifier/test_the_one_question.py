"""The first message asks once when somebody would rather hear from us; a scanner's look chooses nothing."""

import re
from datetime import time
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import Channel, Purpose
from notifier.app import application
from notifier.deliveries import Result
from notifier.people import Hours, PartOfDay, Person
from notifier.phrases import PHRASES
from notifier.question import question_of
from notifier.sender import Sender
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import (
    ADA,
    Life,
    confirmed,
    consent,
    delivered,
    earned,
    goodwill,
    hour,
    known,
    opened,
    shipped,
    survey,
)
from tests.notifier.persons import document_of
from tests.notifier.postbox import Postbox


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox) -> Runtime:
    made = await runtime_of(
        application, CLOCK="simulated", SMTP_PORT=str(postbox.port), NOTIFIER_PAGES_URL="https://shop.example"
    )
    async with made.transaction() as tx:
        await tx.execute(
            text("insert into positions (topic, partition, next_offset, settled_at) values ('t', :p, 0, :at)"),
            {"p": made.partition_of(ADA), "at": hour(1)},
        )
    return made


def asking(life: Life) -> list[str]:
    """The kinds of those messages that ask."""
    return [message.kind for message in life.account.messages.values() if message.content.get("asks")]


def in_time(mail: Any) -> list[str]:
    """The addresses of the answers in a mail's text."""
    words = str(mail.get_body(("plain",)).get_content())
    return re.findall(r"https://shop\.example(/preferences/\S+/question\?\S+)", words)


async def preferences(runtime: Runtime) -> dict[str, Any]:
    return dict((await document_of(runtime)).get("preferences", {}))


# --- who is asked ---


def test_the_first_message_asks_and_no_other() -> None:
    life = Life([known(), confirmed(10), shipped(20), opened(34), earned(35)], until=60)
    assert asking(life) == ["order_confirmed"]


def test_the_first_message_that_leaves_asks_not_the_first_that_is_thought_of() -> None:
    life = Life([known(), consent(Purpose.survey, 5), survey(10), confirmed(11)], until=20)
    assert asking(life) == ["order_confirmed"]


def test_a_message_that_is_tried_again_still_asks_and_is_the_only_one() -> None:
    life = Life([known(), confirmed(10)], until=11)
    life.report(life.message("order_confirmed"), Result.deferred, 11)
    life.live(until=12)
    assert life.message("order_confirmed").attempts == 2
    assert asking(life) == ["order_confirmed"]


def test_what_never_arrived_has_asked_nobody() -> None:
    life = Life([known(), confirmed(10)], until=11)
    life.report(life.message("order_confirmed"), Result.refused, 11)
    life.live([earned(12)], until=13)
    assert asking(life) == ["order_confirmed", "points_earned"]


def test_what_may_have_arrived_has_asked() -> None:
    life = Life([known(), confirmed(10)], until=11)
    life.report(life.message("order_confirmed"), Result.unknown, 11)
    life.live([earned(12)], until=13)
    assert asking(life) == ["order_confirmed"]


def test_while_the_first_is_on_its_way_the_second_does_not_ask() -> None:
    life = Life([known(), confirmed(10), earned(10)], until=11)
    life.report(life.message("order_confirmed"), Result.deferred, 11)
    life.live([goodwill(11)], until=11.01)
    assert asking(life).count("goodwill_granted") == 1
    life.live(until=14)
    assert life.message("order_confirmed").attempts == 2
    assert not life.message("order_confirmed").content.get("asks")


def test_who_chose_already_is_not_asked() -> None:
    life = Life([known()], until=1).choose(2, hour=PartOfDay.evening).live([confirmed(10)], until=20)
    assert asking(life) == []


def test_several_issues_in_one_message_ask_once() -> None:
    life = Life([known(), opened(10), opened(10, order_id="o2")], until=20)
    assert len(asking(life)) == 1


# --- what they prefer ---


@pytest.mark.parametrize(
    ("part", "at", "told"),
    [
        (PartOfDay.morning, 14, 32),
        (PartOfDay.midday, 9, 11),
        (PartOfDay.evening, 10, 17),
        (PartOfDay.evening, 18, 18),
        (PartOfDay.evening, 22, 41),
        (None, 10, 10),
    ],
)
def test_what_can_wait_comes_at_the_hour_they_prefer(part: PartOfDay | None, at: float, told: float) -> None:
    life = Life([known()], until=1).choose(2, hour=part).live([earned(at)], until=80)
    assert life.told() == [("points_earned", hour(told))]


def test_what_went_wrong_and_what_they_just_did_wait_for_no_hour() -> None:
    life = Life([known()], until=1).choose(2, hour=PartOfDay.evening)
    life.live([confirmed(10), opened(11, order_id="o2")], until=12)
    assert life.kinds_told() == ["order_confirmed", "issue_opened"]


def test_what_would_come_too_late_does_not_wait_for_it() -> None:
    life = Life([known()], until=1).choose(2, hour=PartOfDay.evening)
    life.live([survey(10, expires=5)], until=30)
    assert life.told() == [("survey", hour(10))]


def test_an_hour_at_which_nobody_may_write_holds_nothing() -> None:
    life = Life([known()], until=1).choose(2, hour=PartOfDay.evening, quiet_hours=Hours(time(16), time(9)))
    assert life.live([earned(10)], until=30).told() == [("points_earned", hour(10))]


def test_a_message_that_waits_for_its_hour_goes_out_when_they_change_their_mind() -> None:
    life = Life([known()], until=1).choose(2, hour=PartOfDay.evening).live([earned(10)], until=11)
    assert (life.message("points_earned").reason, life.told()) == ("preferred_hour", [])
    assert life.choose(12, hour=None).live(until=13).told() == [("points_earned", hour(12))]


# --- the mail and the page ---


async def test_the_first_mail_carries_the_question_in_the_readers_language_and_the_second_none(
    runtime: Runtime, sender: Sender, postbox: Postbox
) -> None:
    spanish = known()
    spanish = replace(spanish, data=replace(spanish.data, locale="es-MX"))
    await runtime.fold([spanish, confirmed(10), delivered(34)], until=hour(11))
    await sender.send_ready()
    await runtime.fold([], until=hour(35))
    await sender.send_ready()
    first, second = postbox.mails
    assert "¿Cuándo prefiere saber de nosotros?" in first.get_body(("plain",)).get_content()
    assert 'lang="es">¿Cuándo' in first.get_body(("html",)).get_content()
    assert [address.rpartition("?")[2] for address in in_time(first)] == ["hour=morning", "hour=midday", "hour=evening"]
    assert in_time(second) == []
    assert "Cuándo" not in second.get_body(("html",)).get_content()


CARRIED = (Channel.email, Channel.sms)
"""There is no provider for chats: nobody is asked about them."""


@pytest.mark.parametrize("language", PHRASES)
@pytest.mark.parametrize(
    ("addresses", "asked"),
    [
        ({Channel.email: "ada@example.org"}, []),
        ({Channel.chat: "@ada:example.org", Channel.email: "ada@example.org"}, []),
        ({Channel.sms: "+49301234", Channel.email: "ada@example.org"}, ["channel=email", "channel=sms"]),
    ],
)
def test_every_language_asks_for_the_channel_only_where_there_are_several(
    language: str, addresses: dict[Channel, str], asked: list[str]
) -> None:
    question = question_of(Person(addresses=addresses), "https://shop.example/q", PHRASES[language], CARRIED)
    hours = ["hour=morning", "hour=midday", "hour=evening"]
    assert [urlsplit(answer.address).query for answer in question.answers] == hours + asked
    assert all(answer.words for answer in question.answers)


async def test_a_look_chooses_nothing_and_one_button_keeps_what_was_tapped(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known(), confirmed(10)], until=hour(11))
    await sender.send_ready()
    evening = in_time(postbox.mails[0])[2]
    for method in ("GET", "HEAD"):
        await client.request(method, evening)
    shown = (await client.get(evening)).text
    assert re.findall(r'value="(\w*)" checked', shown) == ["evening"]
    assert "<script" not in shown
    assert shown.count("<button") == 1
    assert await preferences(runtime) == {}

    action = re.findall(r'<form method="post" action="([^"]*)"', shown)[0]
    assert action == "question"
    kept = await client.post(evening.partition("?")[0], data={"hour": "evening"})
    assert (kept.status_code, "From now on: In the evening." in unescape(kept.text)) == (200, True)
    assert await preferences(runtime) == {"hour": "evening"}
    again = (await client.get(evening.replace("evening", "noon"))).text
    assert re.findall(r'value="(\w*)" checked', again) == ["evening"]


async def test_what_is_no_answer_is_not_taken(
    runtime: Runtime, sender: Sender, postbox: Postbox, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known(), confirmed(10)], until=hour(11))
    await sender.send_ready()
    place = in_time(postbox.mails[0])[0].partition("?")[0]
    for wrong in ({"hour": "midnight"}, {"hour": "evening", "channel": "sms"}, {"channel": "absurd"}):
        answer = await client.post(place, data=wrong)
        assert (answer.status_code, 'class="problem"' in answer.text) == (422, True)
    assert await preferences(runtime) == {}
    assert (await client.get("/preferences/nonsense/question")).status_code == 404


async def test_it_can_be_changed_later_on_the_page_and_by_the_care_team(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([known()], until=hour(1))
    token = runtime.links.mint(purpose="preferences", subject="loyalty:m1", customer_id=ADA, expires_at=hour(9_000))
    boxes = {f"email-{purpose}": "yes" for purpose in Purpose}
    page = await client.post(f"/preferences/{token}", data=boxes | {"hour": "midday"})
    assert 'value="midday" selected' in page.text
    shown = (await client.get(f"/v1/people/{ADA}/preferences")).json()
    assert shown["hour"] == "midday"
    wanted = {name: shown[name] for name in ("channels", "channel", "language", "quiet_hours", "paused_until")}
    await client.put(f"/v1/people/{ADA}/preferences", json={**wanted, "hour": None, "evidence": "telephone"})
    assert (await client.get(f"/v1/people/{ADA}/preferences")).json()["hour"] is None
    assert (await client.post(f"/preferences/{token}", data=boxes | {"hour": "tea"})).status_code == 422
