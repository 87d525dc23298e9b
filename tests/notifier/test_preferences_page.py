"""The customer's page: what they choose holds, whoever says otherwise; looking changes nothing; all can use it."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import Channel, Purpose
from notifier.app import application
from notifier.pages import place
from notifier.people import Preferences
from notifier.phrases import PHRASES, phrases_for
from notifier.preferences import LANGUAGES
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, BERLIN, confirmed, consent, earned, erased, hour, known, opened, survey
from tests.notifier.persons import CARRIERS, EVERYWHERE, change, document_of, person_of

EVERYTHING = {f"email-{purpose}": "yes" for purpose in Purpose}
USUAL = EVERYTHING | {"email-marketing": ""}


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, tmp_path: Path) -> Runtime:
    (tmp_path / "providers.yaml").write_text(CARRIERS)
    files = {"NOTIFIER_PROVIDERS_FILE": str(tmp_path / "providers.yaml")}
    made = await runtime_of(application, **files, CLOCK="simulated", NOTIFIER_SHOP_NAME="Tea & <Toast>")
    await made.fold([known()], until=hour(1))
    async with made.transaction() as tx:
        await tx.execute(
            text("insert into positions (topic, partition, next_offset, settled_at) values ('t', :p, 0, :at)"),
            {"p": made.partition_of(ADA), "at": hour(1)},
        )
    return made


@pytest.fixture
def path(runtime: Runtime) -> str:
    token = runtime.links.mint(purpose="preferences", subject="loyalty:m1", customer_id=ADA, expires_at=hour(9_000))
    return f"/preferences/{token}"


async def reasons(runtime: Runtime) -> dict[str, tuple[str, str | None]]:
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select kind, state, reason from messages"))
        return {row.kind: (row.state, row.reason) for row in rows}


def ticked(page: str) -> list[str]:
    return re.findall(r'name="(email-\w+)" value="yes"[^>]* checked>', page)


def selected(page: str, field: str) -> str:
    options = page.partition(f'name="{field}"')[2].partition("</select>")[0]
    return re.findall(r'value="([^"]*)" selected', options)[0]


def sent_back(page: str) -> dict[str, str]:
    """The fields of the form as a browser sends them when nobody touches any."""
    fields = dict(re.findall(r'name="([\w-]+)" value="([^"]*)"[^>]* checked>', page))
    fields |= dict(re.findall(r'<button type="submit" name="(\w+)" value="([^"]*)"', page))
    fields |= dict(re.findall(r'<input type="time"[^>]* name="(\w+)" value="([^"]*)"', page))
    return fields | {name: selected(page, name) for name in re.findall(r'<select[^>]* name="(\w+)"', page)}


async def test_the_page_shows_what_holds_and_changes_nothing(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    before = await document_of(runtime)
    page = await client.get(path)
    assert page.status_code == 200
    assert ticked(page.text) == ["email-service", "email-loyalty", "email-survey"]
    assert await document_of(runtime) == before


async def test_a_form_sent_as_it_came_says_nothing(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    before = await document_of(runtime)
    assert (await client.post(path, data=USUAL)).status_code == 200
    assert await document_of(runtime) == before


async def test_what_is_chosen_holds_with_its_evidence(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    page = await client.post(path, data={"email-service": "yes", "email-marketing": "yes", "email-loyalty": "yes"})
    assert 'role="status">Saved.' in page.text
    assert ticked(page.text) == ["email-service", "email-loyalty", "email-marketing"]
    said = (await document_of(runtime))["consents"]
    assert {key: (one["given"], one["evidence"]) for key, one in said.items()} == {
        "email:survey": (False, "preference page, opened from message m1"),
        "email:marketing": (True, "preference page, opened from message m1"),
    }


async def test_quiet_hours_of_ones_own_are_kept_on_ones_own_clock(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await client.post(path, data=USUAL | {"quiet_begins": "12:00", "quiet_ends": "18:00:00"})
    page = (await client.get(path)).text
    assert 'name="quiet_begins" value="12:00"' in page
    assert 'name="quiet_ends" value="18:00"' in page
    await runtime.fold([confirmed(13)], until=hour(14))
    assert await reasons(runtime) == {"order_confirmed": ("held", "quiet_hours")}
    await runtime.fold([], until=hour(18.1))
    assert await reasons(runtime) == {"order_confirmed": ("ready", None)}
    await runtime.fold([opened(23)], until=hour(24))
    assert (await reasons(runtime))["issue_opened"] == ("ready", None)


async def test_what_waits_for_the_night_to_end_goes_out_when_somebody_wants_it_at_any_hour(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await runtime.fold([confirmed(22)], until=hour(23))
    assert await reasons(runtime) == {"order_confirmed": ("held", "quiet_hours")}
    await client.post(path, data=USUAL | {"quiet_begins": "00:00", "quiet_ends": "00:00"})
    await runtime.fold([], until=hour(23.1))
    assert await reasons(runtime) == {"order_confirmed": ("ready", None)}


async def test_a_pause_holds_what_is_not_about_orders_until_it_is_over(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    page = await client.post(path, data=USUAL | {"pause": "7"})
    assert selected(page.text, "pause") == "keep"
    assert "Until March 9" in page.text
    await runtime.fold([earned(10), confirmed(10), survey(11)], until=hour(12))
    assert await reasons(runtime) == {
        "points_earned": ("held", "paused"), "order_confirmed": ("ready", None), "survey": ("held", "paused"),
    }  # fmt: skip
    await client.post(path, data=USUAL | {"pause": "keep"})
    assert (await document_of(runtime))["preferences"]["paused_until"] == (
        hour(1) + timedelta(days=7)
    ).isoformat().replace("+00:00", "Z")
    await runtime.fold([], until=hour(24 * 7 + 9))
    assert (await reasons(runtime))["survey"] == ("ready", None)


async def test_a_pause_that_is_ended_lets_go_what_it_held(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await client.post(path, data=USUAL | {"pause": "90"})
    await runtime.fold([survey(10)], until=hour(11))
    await client.post(path, data=USUAL | {"pause": ""})
    await runtime.fold([], until=hour(12))
    assert await reasons(runtime) == {"survey": ("ready", None)}


async def test_the_profile_of_a_storefront_undoes_no_choice(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    chosen = USUAL | {"language": "de", "quiet_begins": "20:00", "quiet_ends": "09:00", "email-survey": ""}
    await client.post(path, data=chosen)
    kept = (await document_of(runtime))["preferences"], (await document_of(runtime))["consents"]
    await runtime.fold([known(50, zone="America/New_York")], until=hour(51))
    now = await document_of(runtime)
    assert now["zone"] == "America/New_York"
    assert (now["preferences"], now["consents"]) == kept


@pytest.mark.parametrize(("said", "given"), [(0.5, False), (2, True)])
async def test_of_two_answers_the_one_said_later_holds(
    client: httpx.AsyncClient, runtime: Runtime, path: str, said: float, *, given: bool
) -> None:
    await client.post(path, data={"email-service": "yes", "email-loyalty": "yes"})
    await runtime.fold([consent(Purpose.survey, said, given=True)], until=hour(3))
    assert (await document_of(runtime))["consents"]["email:survey"]["given"] is given


async def test_a_choice_made_here_holds_though_a_storefronts_clock_runs_ahead(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await runtime.fold([consent(Purpose.marketing, 5, given=True)], until=hour(6))
    await client.post(path, data=USUAL)
    await runtime.fold([consent(Purpose.marketing, 4, given=True)], until=hour(6))
    assert (await document_of(runtime))["consents"]["email:marketing"]["given"] is False


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"quiet_begins": "21:00"}, "quiet", "wrong_time"),
        ({"quiet_begins": "25:00", "quiet_ends": "08:00"}, "quiet", "wrong_time"),
        ({"quiet_begins": "٢١:٠٠", "quiet_ends": "08:00"}, "quiet", "wrong_time"),
        ({"quiet_begins": "<b>", "quiet_ends": "08:00"}, "quiet", "wrong_time"),
        ({"pause": "8"}, "pause", "wrong_pause"),
        ({"language": "tlh"}, "language", "wrong_language"),
    ],
)
async def test_what_cannot_be_taken_comes_back_marked_and_nothing_is_kept(
    client: httpx.AsyncClient, runtime: Runtime, path: str, wrong: dict[str, str], field: str, words: str
) -> None:
    before = await document_of(runtime)
    page = await client.post(path, data={"email-service": "yes"} | wrong)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert f'id="{field}-problem">{PHRASES["en"](words)}</p>' in page.text
    assert re.search(rf'aria-describedby="{field}-problem[^>]* aria-invalid="true"', page.text)
    assert ticked(page.text) == ["email-service"]
    assert "<b>" not in page.text
    assert await document_of(runtime) == before


@pytest.fixture
async def reached_everywhere(runtime: Runtime) -> None:
    await change(runtime, addresses=EVERYWHERE)


@pytest.mark.usefixtures("reached_everywhere")
async def test_on_every_channel_with_an_address_there_is_something_to_choose(
    client: httpx.AsyncClient, path: str
) -> None:
    page = (await client.get(path)).text
    assert re.findall(r'name="(\w+-\w+)" value="yes"[^>]* checked>', page) == [
        "email-service", "email-loyalty", "email-survey", "sms-service", "chat-service",
    ]  # fmt: skip
    assert ("+49***78" in page, "@ad***" in page, "push-service" in page) == (True, True, False)
    assert not any(address in page for address in EVERYWHERE.values())


async def test_a_channel_that_the_shop_cannot_use_is_not_offered(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await change(runtime, addresses=EVERYWHERE | {Channel.push: "device-token-0123456789"})
    page = (await client.get(path)).text
    assert {one for one in ("sms", "chat", "push") if f"{one}-service" in page} == {"sms", "chat"}


@pytest.mark.usefixtures("reached_everywhere")
async def test_the_page_of_several_channels_sent_as_it_came_says_nothing(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    before = await document_of(runtime)
    await client.post(path, data=sent_back((await client.get(path)).text))
    assert await document_of(runtime) == before


@pytest.mark.usefixtures("reached_everywhere")
async def test_what_is_chosen_on_a_channel_holds_there(client: httpx.AsyncClient, runtime: Runtime, path: str) -> None:
    chosen = sent_back((await client.get(path)).text) | {"sms-service": "", "chat-survey": "yes", "channel": "chat"}
    page = (await client.post(path, data=chosen)).text
    assert 'value="chat" checked' in page
    person = await person_of(runtime)
    assert {key: one.given for key, one in person.consents.items()} == {"sms:service": False, "chat:survey": True}
    assert person.preferences.channel is Channel.chat
    await client.post(path, data=sent_back(page) | {"channel": ""})
    assert (await person_of(runtime)).preferences.channel is None


async def test_a_page_opened_before_somebody_gave_a_number_says_nothing_about_it(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    old = sent_back((await client.get(path)).text)
    await change(runtime, addresses=EVERYWHERE, preferences=Preferences(channel=Channel.sms))
    before = await document_of(runtime)
    await client.post(path, data=old)
    assert await document_of(runtime) == before


@pytest.mark.usefixtures("reached_everywhere")
@pytest.mark.parametrize("channel", ["push", "pigeon"])
async def test_a_channel_without_an_address_is_not_taken(
    client: httpx.AsyncClient, runtime: Runtime, path: str, channel: str
) -> None:
    before = await document_of(runtime)
    chosen = sent_back((await client.get(path)).text) | {"channel": channel, "email-survey": ""}
    page = await client.post(path, data=chosen)
    assert page.status_code == 422
    assert PHRASES["en"]("wrong_channel") in page.text
    assert await document_of(runtime) == before


async def test_where_there_is_one_channel_nobody_is_asked_which(client: httpx.AsyncClient, path: str) -> None:
    assert 'type="radio"' not in (await client.get(path)).text


@pytest.mark.usefixtures("reached_everywhere")
async def test_of_several_channels_every_field_has_a_name_too(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path)).text
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    fields = re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', page)
    assert sorted(fields) == sorted(re.findall(r'<label for="([^"]+)"', page))
    assert {one for ids in re.findall(r'aria-describedby="([^"]+)"', page) for one in ids.split()} <= set(ids)


async def test_every_field_has_a_name_that_is_read_out(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.get(path)).text
    ids = re.findall(r'<(?:input|select)[^>]* id="([^"]+)"', page)
    assert sorted(ids) == sorted(re.findall(r'<label for="([^"]+)"', page))
    described = {one for ids in re.findall(r'aria-describedby="([^"]+)"', page) for one in ids.split()}
    assert described <= set(re.findall(r' id="([^"]+)"', page))
    assert page.count("<legend>") == page.count("<fieldset>") == 3
    assert "<script" not in page
    assert "Tea &amp; &lt;Toast&gt;" in page
    assert "a***@example.org" in page
    assert "ada@example.org" not in page


@pytest.mark.parametrize(("locale", "language"), [("de-AT", "de"), ("pt_BR", "pt"), ("nl", "en"), ("ES", "es")])
async def test_the_page_speaks_the_customers_language(
    client: httpx.AsyncClient, runtime: Runtime, path: str, locale: str, language: str
) -> None:
    await change(runtime, locale=locale)
    page = await client.get(path, headers={"Accept-Language": "fr"})
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language
    assert PHRASES[language]("save") in unescape(page.text)


async def test_a_chosen_language_holds_at_once(client: httpx.AsyncClient, path: str) -> None:
    page = (await client.post(path, data=USUAL | {"language": "fr", "pause": "14"})).text
    assert '<html lang="fr">' in page
    assert selected(page, "language") == "fr"
    assert "Jusqu’au 16 mars" in page


async def test_who_is_unknown_is_spoken_to_as_their_browser_asks(client: httpx.AsyncClient, path: str) -> None:
    assert '<html lang="es">' in (await client.get(path, headers={"Accept-Language": "nl, es-MX;q=0.8, de"})).text
    assert '<html lang="de">' in (await client.get("/preferences/x", headers={"Accept-Language": "de"})).text


def test_every_language_says_everything_and_fills_in_the_same() -> None:
    assert tuple(PHRASES) == LANGUAGES
    for language in LANGUAGES:
        words, english = PHRASES[language]._words, PHRASES["en"]._words
        gaps = {key: sorted(re.findall(r"{\w+}", said)) for key, said in words.items()}
        assert gaps == {key: sorted(re.findall(r"{\w+}", said)) for key, said in english.items()}
    assert phrases_for(None, "").language == phrases_for(None, "*;q=x,,").language == "en"


async def test_a_choice_that_cannot_be_kept_now_comes_back_to_be_sent_again(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    async with runtime.transaction() as tx:
        await tx.execute(text("update customers set blocked_at = now()"))
    page = await client.post(path, data=EVERYTHING | {"language": "es"})
    assert page.status_code == 503
    assert ticked(page.text) == list(EVERYTHING)
    assert selected(page.text, "language") == "es"


async def test_who_is_forgotten_has_nothing_left_to_choose(
    client: httpx.AsyncClient, runtime: Runtime, path: str
) -> None:
    await client.post(path, data=EVERYTHING | {"language": "de"})
    await runtime.fold([erased(2)], until=hour(3))
    assert (await client.get(path)).status_code == (await client.post(path, data=EVERYTHING)).status_code == 410
    assert await document_of(runtime) is None


async def test_the_page_is_found_by_nobody_else(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (page.headers["referrer-policy"], page.headers["x-robots-tag"]) == ("no-referrer", "noindex")
    assert page.headers["cache-control"] == "no-store"
    assert "Times are for Berlin." in page.text
    assert (place(BERLIN, "es"), place("America/Argentina/Buenos_Aires", "de")) == ("Berlín", "Buenos Aires")
