"""Staff sees every message before a customer does, and can have it sent to themselves."""

import re

import httpx
import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from notifier.app import application
from notifier.samples import SHOWN
from tests.conftest import RuntimeOf
from tests.notifier.postbox import Postbox


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox) -> Runtime:
    return await runtime_of(application, NOTIFIER_SHOP_NAME="Corner & Co", SMTP_PORT=str(postbox.port))


async def test_every_kind_and_language_can_be_looked_at(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/templates")).json()
    assert [one["kind"] for one in listed["kinds"]] == list(SHOWN)
    for one in listed["kinds"]:
        assert one["locales"] == listed["locales"] == ["de", "en", "es", "fr", "pt"]
        for locale in listed["locales"]:
            page = await client.get("/preview", params={"kind": one["kind"], "locale": locale})
            assert page.status_code == 200
            assert f"/preview/{one['kind']}/{locale}/mail" in page.text


async def test_the_mail_stands_in_frames_that_let_nothing_run(client: httpx.AsyncClient) -> None:
    page = await client.get("/preview")
    assert len(re.findall(r"<iframe [^>]*\bsandbox src=", page.text)) == 2
    assert "<script" not in page.text
    assert page.headers["content-security-policy"].endswith("; frame-src 'self'")
    mail = await client.get("/preview/survey/de/mail")
    assert "Frage beantworten" in mail.text
    assert "default-src 'none'" in mail.headers["content-security-policy"]
    assert "sandbox" in mail.headers["content-security-policy"]


async def test_one_message_is_shown_on_every_channel_in_the_language_that_it_would_be_said_in(
    client: httpx.AsyncClient,
) -> None:
    shown = (await client.get("/v1/templates/issue_opened.lost/de-AT")).json()
    assert (shown["said_in"], shown["subject"]) == ("de", "Ihr Paket ist verloren gegangen – wir kümmern uns darum")
    assert shown["shorts"].keys() == {"sms", "push", "chat"}
    assert shown["html"].startswith("<!doctype html>")
    assert (await client.get("/v1/templates/issue_opened.lost/xx")).json()["said_in"] == "en"
    for path in ("/v1/templates/suvey/en", "/preview?kind=suvey", "/preview/suvey/en/mail"):
        assert (await client.get(path)).status_code == 404


async def test_a_mail_to_try_words_is_sent_and_never_recorded(
    client: httpx.AsyncClient, runtime: Runtime, postbox: Postbox
) -> None:
    answer = await client.post("/v1/templates/survey/fr/test-send", json={"to": "you@shop.example"})
    assert answer.json()["result"] == "accepted"
    [mail] = postbox.mails
    assert (mail["To"], mail["Subject"]) == ("Ada <you@shop.example>", "[Test] Que pensez-vous de nous\u00a0?")
    assert mail["Content-Language"] == "fr"
    async with runtime.transaction() as tx:
        for table in ("messages", "decisions", "outbox", "commands"):
            assert (await tx.execute(text(f"select count(*) from {table}"))).scalar_one() == 0  # noqa: S608 fixed names


async def test_nobodys_mailbox_is_filled_through_this_door(client: httpx.AsyncClient, postbox: Postbox) -> None:
    for address in ("nobody", "a@b.example\r\nBcc: all@b.example", "a@b.example, c@d.example"):
        assert (await client.post("/v1/templates/survey/fr/test-send", json={"to": address})).status_code == 422
    to = {"to": "you@shop.example"}
    answers = [(await client.post("/v1/templates/survey/en/test-send", json=to)).status_code for _ in range(12)]
    assert answers == [200] * 10 + [429] * 2
    assert len(postbox.mails) == 10
