"""What storefronts and members can ask, and spending over HTTP."""

import asyncio

import httpx
import pytest
from msgspec.structs import replace

from chassis.runtime import Runtime
from tests.loyalty.facts import completed, confirmed, delivered, late, refunded, said

pytestmark = pytest.mark.usefixtures("ada_has_points")


@pytest.fixture
async def ada_has_points(runtime: Runtime) -> None:
    """120 available: 30 earned, 10 of them taken back, 100 of goodwill; 7 pending."""
    facts = [
        confirmed("o1", a=2_000, b=1_000), completed("o1"), refunded("r1", "o1", b=1_000),
        confirmed("o2", a=700), delivered("o2"), late("i1", "o2"),
    ]  # fmt: skip
    await runtime.fold([said(fact, number) for number, fact in enumerate(facts, start=1)])


async def redeem(
    client: httpx.AsyncClient, points: object, redemption_id: str = "x1", who: str = "ada"
) -> httpx.Response:
    body = {"redemption_id": redemption_id, "points": points}
    return await client.post(f"/v1/members/{who}/redemptions", json=body)


async def test_a_member_sees_where_they_stand(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/members/ada")).json() == {
        "customer_id": "ada",
        "available_points": 120,
        "pending_points": 7,
        "qualifying_points": 20,
        "tier": "bronze",
        "next_tier": "silver",
        "points_to_next_tier": 480,
        "erased_at": None,
    }


@pytest.mark.parametrize("path", ["", "/postings", "/explanation"])
async def test_somebody_without_an_account_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/v1/members/bob{path}")

    assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")


@pytest.mark.parametrize("customer_id", ["a%00b", "a%20b", "a" * 129])
async def test_what_can_be_no_customer_is_refused(client: httpx.AsyncClient, customer_id: str) -> None:
    assert (await client.get(f"/v1/members/{customer_id}")).status_code == 422


async def test_postings_come_in_pages_latest_first(client: httpx.AsyncClient) -> None:
    numbers: list[int] = []
    query: dict[str, str] = {"limit": "4"}
    while True:
        page = (await client.get("/v1/members/ada/postings", params=query)).json()
        numbers += [posting["number"] for posting in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]

    assert numbers == [6, 5, 4, 3, 2, 1]


async def test_a_posting_says_from_where_to_where_and_why(client: httpx.AsyncClient) -> None:
    postings = (await client.get("/v1/members/ada/postings")).json()["data"]

    assert postings[2] == {
        "number": 4,
        "kind": "clawed_back",
        "source": "member:available",
        "destination": "programme:earned",
        "points": 10,
        "order_id": "o1",
        "reference": "refunded o1 r1 b",
        "cause_id": "e3",
        "at": "2026-03-02T12:03:00Z",
    }


@pytest.mark.parametrize("cursor", ["nonsense", "WyJhIl0", "WzEsMl0", "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0", "Wy0xXQ"])
async def test_a_cursor_that_is_not_ours_is_refused(client: httpx.AsyncClient, cursor: str) -> None:
    answer = await client.get("/v1/members/ada/postings", params={"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_an_account_can_be_explained_order_by_order(client: httpx.AsyncClient) -> None:
    await redeem(client, 50)
    explanation = (await client.get("/v1/members/ada/explanation")).json()

    assert explanation["totals"] == {
        "earned_points": 37, "vested_points": 30, "taken_back_points": 10, "goodwill_points": 100, "spent_points": 50,
    }  # fmt: skip
    assert [(order["order_id"], order["standing"], order["held_points"]) for order in explanation["orders"]] == [
        ("o2", "waiting_for_return_window", 7),
        ("o1", "vested", 20),
    ]


async def test_orders_of_an_explanation_come_in_pages(client: httpx.AsyncClient) -> None:
    first = (await client.get("/v1/members/ada/explanation", params={"limit": 1})).json()
    rest = await client.get("/v1/members/ada/explanation", params={"limit": 1, "cursor": first["next_cursor"]})

    assert [order["order_id"] for order in first["orders"] + rest.json()["orders"]] == ["o2", "o1"]


async def test_spending_again_with_the_same_id_gives_the_same_answer(client: httpx.AsyncClient) -> None:
    first = await redeem(client, 50)
    again = await redeem(client, 50)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["available_points"] == 70
    assert (await client.get("/v1/members/ada")).json()["available_points"] == 70


async def test_the_same_id_with_other_points_is_a_conflict(client: httpx.AsyncClient) -> None:
    await redeem(client, 50)
    answer = await redeem(client, 49)

    assert (answer.status_code, answer.json()["code"]) == (409, "redemption_differs")


@pytest.mark.parametrize(("who", "points"), [("ada", 121), ("bob", 1)])
async def test_nobody_spends_points_they_do_not_have(client: httpx.AsyncClient, who: str, points: int) -> None:
    answer = await redeem(client, points, who=who)

    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_points")


async def test_two_members_may_choose_the_same_redemption_id(client: httpx.AsyncClient, runtime: Runtime) -> None:
    await runtime.fold([said(replace(late("i9", "o9"), customer_id="bob"), 9)])

    assert {(await redeem(client, 100, who=who)).status_code for who in ("ada", "bob")} == {201}


async def test_of_redemptions_at_the_same_time_only_those_succeed_that_can_be_paid(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(redeem(client, 50, f"x{number}") for number in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
    assert (await client.get("/v1/members/ada")).json()["available_points"] == 20


@pytest.mark.parametrize("points", [0, -1, 2**53, 1.5, "10", None])
async def test_points_that_cannot_be_meant_are_refused(client: httpx.AsyncClient, points: object) -> None:
    assert (await redeem(client, points)).status_code == 422


async def test_the_programme_can_be_read(client: httpx.AsyncClient) -> None:
    programme = (await client.get("/v1/programme")).json()

    assert programme["points_per_unit"] == 1
    assert [tier["name"] for tier in programme["tiers"]] == ["bronze", "silver", "gold"]
