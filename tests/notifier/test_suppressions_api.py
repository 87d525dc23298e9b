"""The care team looks, adds and lifts; an address goes in with a body, and only its hash comes out."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from chassis.runtime import Runtime
from notifier.app import application
from notifier.pseudonyms import address_hash
from notifier.suppression_schemas import SUPPRESSION
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import confirmed, erased, hour, known, opened
from tests.running import rows

WHERE = "/v1/suppressions"
EMAIL = "ada@example.org"


@pytest.fixture
async def runtime(runtime_of: RuntimeOf) -> Runtime:
    made = await runtime_of(application)
    await made.fold([known()], until=hour(1))
    return made


async def add(client: httpx.AsyncClient, address: str = EMAIL, **more: Any) -> httpx.Response:
    return await client.post(WHERE, json={"address": address, "evidence": "asked on the telephone"} | more)


async def lift(client: httpx.AsyncClient, **body: Any) -> int:
    return (await client.request("DELETE", WHERE, json={"because": "asked again"} | body)).status_code


async def told(runtime: Runtime) -> tuple[str, str | None]:
    assert not (await runtime.fold([confirmed(10)], until=hour(11))).refused
    [row] = await rows(runtime, "select state, reason from messages")
    return row["state"], row["reason"]


async def test_an_address_that_is_added_is_listed_by_its_hash_and_not_written_to(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    answer = await add(client, "Ada@Example.org")
    assert answer.json().keys() == SUPPRESSION.keys()
    assert answer.json()["address_hash"] == address_hash(EMAIL).hex()
    listed = (await client.get(WHERE)).json()["data"]
    assert listed == [answer.json()] == (await client.post(f"{WHERE}/lookup", json={"address": EMAIL})).json()
    assert EMAIL not in str(listed).casefold()
    assert (listed[0]["reason"], listed[0]["evidence"]) == ("care", "care team: asked on the telephone")
    assert await told(runtime) == ("suppressed", "suppressed_address")


@pytest.mark.parametrize("by", ["address", "hash"])
async def test_what_is_lifted_is_written_to_again_and_stays_on_record(
    client: httpx.AsyncClient, runtime: Runtime, by: str
) -> None:
    body = {"address": EMAIL} if by == "address" else {"address_hash": address_hash(EMAIL).hex()}
    assert await lift(client, **body) == 404
    await add(client)
    assert await lift(client, **body) == 200
    assert (await client.get(WHERE)).json()["data"] == []
    assert await told(runtime) == ("ready", None)
    [kept] = await rows(runtime, "select lifted_because from suppressions")
    assert kept["lifted_because"] == "care team: asked again"
    await add(client)
    assert len((await client.get(WHERE)).json()["data"]) == 1


async def test_it_outlives_the_person_and_holds_for_whoever_has_the_address_next(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await add(client)
    await runtime.fold([erased(2)], until=hour(3))
    bob = [replace(one, data=replace(one.data, customer_id="bob")) for one in (known(4), confirmed(10))]
    assert not (await runtime.fold(bob, until=hour(11))).refused
    [row] = await rows(runtime, "select customer_id, reason from messages")
    assert (row["customer_id"], row["reason"]) == ("bob", "suppressed_address")


async def test_what_is_only_not_asked_for_is_spared_and_an_order_is_spoken_of(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await add(client, reach="unasked", until="2026-12-31T00:00:00Z")
    assert await told(runtime) == ("ready", None)


async def test_an_issue_that_is_decided_before_is_not_sent_to_an_address_that_is_suppressed_since(
    client: httpx.AsyncClient, runtime: Runtime
) -> None:
    await runtime.fold([opened(10)], until=hour(10.05))
    await add(client)
    await runtime.fold([], until=hour(11))
    [row] = await rows(runtime, "select state, reason from messages")
    assert (row["state"], row["reason"]) == ("suppressed", "suppressed_address")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"address": "ada"}, {"address": EMAIL}, {"address": EMAIL, "evidence": "by ada@example.org"},
        {"address": EMAIL, "evidence": ""}, {"address": EMAIL, "evidence": "x", "until": "2026-01-01T00:00:00"},
        {"address": EMAIL, "evidence": "x", "reach": "nothing"}, {"address": EMAIL, "evidence": "x", "more": 1},
    ],
)  # fmt: skip
async def test_what_is_wrong_is_refused_and_not_repeated(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post(WHERE, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert EMAIL not in answer.text


async def test_to_lift_one_address_is_named_in_one_way(client: httpx.AsyncClient) -> None:
    assert await lift(client) == 422
    assert await lift(client, address=EMAIL, address_hash="0" * 64) == 422


async def test_pages_follow_each_other(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifier.suppression_routes.PAGE_SIZE", 2)
    for number in range(5):
        await add(client, f"ada{number}@example.org")
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(WHERE, params={"cursor": cursor} if cursor else {})).json()
        found += [one["address_hash"] for one in page["data"]]
        cursor = page["next_cursor"]
    assert len(found) == len(set(found)) == 5
    assert (await client.get(WHERE, params={"cursor": "x"})).status_code == 422
    assert (await client.get(WHERE, params={"reason": "mailbox_unknown"})).json()["data"] == []
