"""Other services may have something said: once for each key, decided like everything else, in words without traps."""

import asyncio
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import Purpose
from notifier.app import application
from notifier.messages import State
from notifier.wish_routes import PATIENCE
from notifier.wish_schemas import WISH
from notifier.wishes import Words, foreign_addresses
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, consent, delivered, erased, hour, known, opened, resolved
from tests.running import rows

KEY = {"Idempotency-Key": "crm-note-1"}
NOTE: dict[str, Any] = {key: value for key, value in WISH.items() if key not in ("expires_at", "order_id")}
OFFER = NOTE | {"kind": "offer"}


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    made = await runtime_of(application, CLOCK="simulated", NOTIFIER_SENDER_ADDRESS="hello@shop.example")
    await made.fold([known(), consent(Purpose.marketing, 0, given=True)], until=hour(9))
    async with made.transaction() as tx:
        await tx.execute(
            text("""insert into positions (topic, partition, next_offset, settled_at)
                    select 'orders', p, 0, :at from generate_series(0, 5) p"""),
            {"at": hour(9)},
        )
    return made


async def states(runtime: Runtime) -> dict[str, tuple[str, str | None]]:
    return {row["kind"]: (row["state"], row["reason"]) for row in await rows(runtime, "select * from messages")}


async def test_a_wish_is_answered_at_once_with_where_to_look_and_said_in_its_words(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    answer = await client.post("/v1/messages", json=NOTE, headers=KEY)
    assert answer.status_code == 202
    where = answer.headers["location"]
    assert answer.json() == {"message_id": where.rpartition("/")[2], "url": where}
    assert (await client.get(where)).json()["state"] == "intended"
    await runtime.fold([], until=hour(10))
    found = (await client.get(where)).json()
    assert (found["state"], found["kind"], found["purpose"]) == ("ready", "note", "service")
    [row] = await rows(runtime, "select content from messages")
    assert {name: row["content"][name] for name in NOTE["content"]} == NOTE["content"]


async def test_the_same_again_has_the_same_answer_and_says_nothing_more(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    first = await client.post("/v1/messages", json=NOTE, headers=KEY)
    await runtime.fold([], until=hour(10))
    turned = dict(reversed(NOTE.items()))
    again = await client.post("/v1/messages", json=turned, headers=KEY)
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(await rows(runtime, "select 1 from messages")) == 1
    other = await client.post("/v1/messages", json=NOTE, headers={"Idempotency-Key": "crm-note-2"})
    assert other.json() != first.json()


@pytest.mark.parametrize("change", [{"customer_id": "bob"}, {"kind": "offer"}, {"order_id": "o-18"}])
async def test_a_key_names_one_wish_for_good(client: httpx.AsyncClient, change: dict[str, str]) -> None:
    assert (await client.post("/v1/messages", json=NOTE, headers=KEY)).status_code == 202
    refused = await client.post("/v1/messages", json=NOTE | change, headers=KEY)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_without_a_key_nothing_is_said(runtime: Runtime, client: httpx.AsyncClient) -> None:
    refused = await client.post("/v1/messages", json=NOTE)
    assert (refused.status_code, refused.json()["code"]) == (400, "no_idempotency_key")
    assert refused.headers["content-type"] == "application/problem+json"
    assert await rows(runtime, "select 1 from wishes") == []


async def test_who_asks_while_the_same_is_at_work_is_told_so_until_it_is_plain_that_it_died(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    first = await client.post("/v1/messages", json=NOTE, headers=KEY)
    async with runtime.transaction() as tx:
        await tx.execute(text("update wishes set granted_at = null, claimed_at = now()"))
    busy = await client.post("/v1/messages", json=NOTE, headers=KEY)
    assert (busy.status_code, busy.json()["code"]) == (409, "still_running")
    async with runtime.transaction() as tx:
        await tx.execute(text("update wishes set claimed_at = now() - cast(:past as interval)"), {"past": PATIENCE})
    again = await client.post("/v1/messages", json=NOTE, headers=KEY)
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(await rows(runtime, "select 1 from messages")) == 1


async def test_many_at_once_with_one_key_are_one_message(runtime: Runtime, client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(client.post("/v1/messages", json=NOTE, headers=KEY) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.text for answer in answers if answer.status_code == 202}) == 1
    assert len(await rows(runtime, "select 1 from messages")) == 1


async def test_somebody_erased_is_told_nothing_and_the_key_is_free_again(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([erased(9)])
    refused = await client.post("/v1/messages", json=NOTE, headers=KEY)
    assert (refused.status_code, refused.json()["code"]) == (404, "erased")
    assert await rows(runtime, "select 1 from wishes") == []
    assert (await client.post("/v1/messages", json=NOTE | {"customer_id": "bob"}, headers=KEY)).status_code == 202


async def test_what_waited_too_long_is_not_said(runtime: Runtime, client: httpx.AsyncClient) -> None:
    gone = await client.post("/v1/messages", json=NOTE | {"expires_at": hour(8).isoformat()}, headers=KEY)
    assert (gone.status_code, gone.json()["code"]) == (422, "already_expired")
    far = await client.post("/v1/messages", json=NOTE | {"expires_at": hour(24 * 365).isoformat()}, headers=KEY)
    assert (far.status_code, far.json()["code"]) == (422, "too_long")
    await client.post(
        "/v1/messages", json=NOTE | {"customer_id": "bob", "expires_at": hour(11).isoformat()}, headers=KEY
    )
    await runtime.fold([], until=hour(12))
    assert await states(runtime) == {"note": ("suppressed", "no_contact")}


async def test_an_offer_needs_consent(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([consent(Purpose.marketing, 9)])
    await client.post("/v1/messages", json=OFFER, headers=KEY)
    await runtime.fold([], until=hour(10))
    assert await states(runtime) == {"offer": ("suppressed", "consent_withdrawn")}


async def test_an_offer_waits_while_anything_is_wrong_and_a_note_does_not(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    await runtime.fold([opened(8.9)], until=hour(9))
    await client.post("/v1/messages", json=OFFER, headers=KEY)
    await client.post("/v1/messages", json=NOTE, headers={"Idempotency-Key": "crm-note-2"})
    await runtime.fold([], until=hour(10))
    found = await states(runtime)
    assert (found["offer"], found["note"]) == ((State.held, "issue_open"), (State.ready, None))
    await runtime.fold([delivered(11), resolved(11)], until=hour(12))
    assert (await states(runtime))["offer"] == (State.held, "after_issue")
    await runtime.fold([], until=hour(36))
    assert (await states(runtime))["offer"] == (State.ready, None)


async def test_offers_are_capped_like_all_advertising(runtime: Runtime, client: httpx.AsyncClient) -> None:
    for number in range(2):
        await client.post("/v1/messages", json=OFFER, headers={"Idempotency-Key": f"offer-{number}"})
    await runtime.fold([], until=hour(10))
    found = await rows(runtime, "select state, reason from messages order by state")
    assert [tuple(row.values()) for row in found] == [("held", "cap_reached"), ("ready", None)]


SAID = Words(title="t", happened="h", doing=None, you=None)


@pytest.mark.parametrize(
    "address", ["https://shop.example/a", "https://www.shop.example", "(see https://tea.shop.example/x?y=1)"]
)
def test_an_address_of_the_shop_may_be_named(address: str) -> None:
    assert foreign_addresses(replace(SAID, you=f"Look: {address}"), "shop.example") == []


@pytest.mark.parametrize(
    "address",
    [
        "http://shop.example", "https://evil.example", "https://shop.example.evil.example", "https://notshop.example",
        "https://shop.example@evil.example", "www.evil.example", "ftp://shop.example", "javascript://shop.example/%0a",
        "HTTPS://EVIL.EXAMPLE", "https://[::1", "https://evil.example#shop.example", "WWW.evil.example",
    ],
)  # fmt: skip
def test_no_address_leads_anywhere_else(address: str) -> None:
    for field in ("title", "happened", "doing", "you"):
        assert foreign_addresses(replace(SAID, **{field: f"Look: {address} now"}), "shop.example") != []


@pytest.mark.parametrize(
    "content",
    [
        {"title": "x\r\nBcc: all@example.org"}, {"title": ""}, {"title": "  "}, {"title": "x" * 121},
        {"happened": "x" * 501}, {"you": "a\x00b"}, {"happened": "look: https://evil.example"}, {"html": "<b>x</b>"},
    ],
)  # fmt: skip
async def test_words_with_traps_are_refused(
    client: httpx.AsyncClient, runtime: Runtime, content: dict[str, str]
) -> None:
    refused = await client.post("/v1/messages", json=NOTE | {"content": NOTE["content"] | content}, headers=KEY)
    assert refused.status_code == 422
    assert await rows(runtime, "select 1 from messages") == await rows(runtime, "select 1 from wishes") == []


@pytest.mark.parametrize(
    "change", [{"kind": "survey"}, {"kind": "issue_opened"}, {"customer_id": "a b"}, {"to": "x@y.z"}]
)
async def test_only_what_other_services_may_say_is_said(client: httpx.AsyncClient, change: dict[str, str]) -> None:
    assert (await client.post("/v1/messages", json=NOTE | change, headers=KEY)).status_code == 422


async def test_every_decision_about_a_wish_goes_back_to_who_asked(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await client.post("/v1/messages", json=NOTE, headers=KEY)
    await runtime.fold([], until=hour(10))
    [command] = await rows(runtime, "select command_id, actor, kind from commands")
    assert (command["actor"], command["kind"]) == ("service", "Wish")
    [decision] = await rows(runtime, "select root_id, reason from decisions where customer_id = :c", c=ADA)
    assert decision == {"root_id": command["command_id"], "reason": "allowed"}
