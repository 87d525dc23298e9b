"""What the care team can ask: what was said, held or left unsaid, and why; never an address."""

import httpx
import pytest

from contracts.vocabulary import Purpose
from notifier.app import application
from tests.conftest import ClientOf, RuntimeOf
from tests.notifier.correspondent import ADA, confirmed, consent, erased, hour, known, opened, survey


@pytest.fixture
async def client(runtime_of: RuntimeOf, client_of: ClientOf) -> httpx.AsyncClient:
    runtime = await runtime_of(application, CLOCK="simulated")
    story = [known(), consent(Purpose.survey, 9), confirmed(10), survey(10), opened(22)]
    await runtime.fold(story, until=hour(23))
    return await client_of(runtime)


async def test_messages_are_listed_newest_first_and_by_state(client: httpx.AsyncClient) -> None:
    everything = (await client.get("/v1/messages", params={"customer_id": ADA})).json()
    assert everything["data"][0]["kind"] == "issue_opened"
    assert len(everything["data"]) == 3
    held = (await client.get("/v1/messages", params={"state": "held"})).json()["data"]
    assert [(one["kind"], one["reason"], one["held_until"]) for one in held] == [
        ("issue_opened", "quiet_hours", "2026-03-03T07:00:00Z")
    ]
    assert (await client.get("/v1/messages", params={"customer_id": "nobody"})).json()["data"] == []
    assert (await client.get("/v1/messages", params={"state": "absurd"})).status_code == 422


async def test_a_message_says_what_would_have_changed_it(client: httpx.AsyncClient) -> None:
    listed = (await client.get("/v1/messages", params={"state": "suppressed"})).json()["data"]
    shown = (await client.get(f"/v1/messages/{listed[0]['message_id']}")).json()
    assert (shown["reason"], shown["remedy"]) == (
        "consent_withdrawn",
        "The customer's consent to this purpose on a channel with an address.",
    )
    assert (await client.get("/v1/messages/nothing")).status_code == 404


async def test_a_person_is_shown_masked(client: httpx.AsyncClient) -> None:
    shown = (await client.get(f"/v1/people/{ADA}")).json()
    assert (shown["email"], shown["given_name"], shown["zone"]) == ("a***@example.org", "A***", "Europe/Berlin")
    assert shown["consents"][0]["purpose"] == "survey"
    assert (await client.get("/v1/people/nobody")).status_code == 404


async def test_of_the_erased_nothing_is_left_but_that(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    runtime = await runtime_of(application)
    await runtime.fold([known(), erased(10), known(11)], until=hour(12))
    shown = (await (await client_of(runtime)).get(f"/v1/people/{ADA}")).json()
    assert {name: value for name, value in shown.items() if value} == {"customer_id": ADA, "erased": True}


async def test_pages_follow_one_another_without_gap_or_overlap(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    runtime = await runtime_of(application)
    await runtime.fold([known(), *(confirmed(10, order_id=f"o{n}") for n in range(120))], until=hour(11))
    client, seen, cursor = await client_of(runtime), [], None
    while True:
        page = (await client.get("/v1/messages", params={"cursor": cursor} if cursor else {})).json()
        seen += [message["message_id"] for message in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIiwiYiJd", "WzFd"])
async def test_a_cursor_of_somebody_elses_making_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/v1/messages", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_it_can_be_seen_how_many_were_told_in_time(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v1/told")).json()
    assert {name: told[name] for name in ("issues", "told", "told_in_time", "not_told", "waiting")} == {
        "issues": 1, "told": 0, "told_in_time": 0, "not_told": 0, "waiting": 1,
    }  # fmt: skip
