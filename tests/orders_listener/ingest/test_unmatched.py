"""Hooks that know only a number or an order: kept, found, said once; never found when they should not be."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from orders_listener.ingest import addressing, unmatched
from tests.orders_listener.ingest.hooks import (
    NOW,
    ago,
    deliver,
    placed,
    shipped,
    shopify_headers,
    structured,
    told,
    tracked,
    tracker,
)
from tests.running import rows, running

KEPT = {"accepted": 0, "kept": 1, "ignored": None}
SAID = {"accepted": 1, "kept": 0, "ignored": None}


async def ship(
    shop: httpx.AsyncClient, order_id: str = "o-1", customer_id: str = "ada", *, days_ago: float = 2, **fields: Any
) -> None:
    """An order, and its parcel that left so many days ago; said then, too."""
    answered = await told(
        shop,
        structured(
            "order-placed", f"{order_id}-1", placed(order_id, customer_id, days_ago=days_ago), days_ago=days_ago
        ),
        structured(
            "shipment-created",
            f"{order_id}-2",
            shipped(order_id, customer_id, days_ago=days_ago) | fields,
            days_ago=days_ago,
        ),
    )
    assert answered.status_code == 200


async def scans(edge: Runtime) -> list[tuple[str, str]]:
    """Orders, and what a carrier said of each."""
    found = await rows(
        edge,
        """
        select order_id, entry->'data'->>'status' as status
        from timelines, jsonb_array_elements(document->'entries') as entry
        where entry->>'type' = 'storefront.shipment-progressed.v1' order by 1, 2
        """,
    )
    return [(row["order_id"], row["status"]) for row in found]


async def test_it_waits_for_its_shipment_and_is_said_when_that_comes(edge: Runtime, shop: httpx.AsyncClient) -> None:
    assert (await tracked(shop, tracker())).json() == KEPT
    looking = asyncio.create_task(unmatched.run(edge))
    async with running(edge) as service:
        await ship(shop)
        await service.consumed(3)
    looking.cancel()
    assert await scans(edge) == [("o-1", "in_transit")]
    assert await rows(edge, "select 1 from unmatched_trackings") == []


async def test_kept_twice_it_is_said_once(edge: Runtime, shop: httpx.AsyncClient) -> None:
    for _ in range(3):
        assert (await tracked(shop, tracker())).json() == KEPT
    async with running(edge) as service:
        await ship(shop)
        await service.consumed(2)
        await unmatched.look(edge)
        await service.consumed(3)
        assert (await tracked(shop, tracker())).json() == SAID  # the provider did not hear the first yes
        await service.consumed(4)
    [found] = await rows(edge, "select sum(duplicate) as again, sum(parked) as parked from positions")
    assert (found["again"], found["parked"], await scans(edge)) == (1, 0, [("o-1", "in_transit")])


async def test_a_history_told_with_every_hook_is_kept_once(edge: Runtime, shop: httpx.AsyncClient) -> None:
    await tracked(shop, tracker("evt_1"))
    await tracked(shop, tracker("evt_2"))
    assert len(await rows(edge, "select 1 from unmatched_trackings")) == 1


async def test_what_was_kept_is_said_in_the_order_in_which_it_came(edge: Runtime, shop: httpx.AsyncClient) -> None:
    for number, status in enumerate(("pre_transit", "in_transit", "out_for_delivery")):
        await tracked(shop, tracker(f"evt_{number}", status=status, days_ago=1 - number / 10))
    async with running(edge, relay=False) as service:
        await ship(shop)
        await service.consumed(2)
    await unmatched.look(edge)
    said = await rows(
        edge, "select convert_from(value, 'utf8')::jsonb->>'status' as status from outbox order by outbox_id"
    )
    assert [row["status"] for row in said] == ["label_created", "in_transit", "out_for_delivery"]


@pytest.mark.parametrize(("days_ago", "found"), [(89, SAID), (91, KEPT)])
async def test_a_number_is_somebody_elses_after_ninety_days(
    edge: Runtime, shop: httpx.AsyncClient, days_ago: float, found: dict[str, Any]
) -> None:
    async with running(edge) as service:
        await ship(shop, days_ago=days_ago)
        await service.consumed(2)
        assert (await tracked(shop, tracker(days_ago=0))).json() == found


async def test_of_two_parcels_with_one_number_the_newer_one_is_meant(edge: Runtime, shop: httpx.AsyncClient) -> None:
    async with running(edge) as service:
        await ship(shop, "o-2", "bob", days_ago=3)
        await ship(shop, "o-1", "ada", days_ago=60)
        await service.consumed(4)
        assert (await tracked(shop, tracker())).json() == SAID
        await service.consumed(5)
    assert await scans(edge) == [("o-2", "in_transit")]


async def test_another_carriers_number_is_another_number(edge: Runtime, shop: httpx.AsyncClient) -> None:
    async with running(edge) as service:
        await ship(shop, carrier="FedEx")
        await service.consumed(2)
        assert (await tracked(shop, tracker())).json() == KEPT


@pytest.mark.parametrize("written", ["9400 1108 9882 5022 5794 93", " 9400110898825022579493 "])
async def test_blanks_in_a_number_mean_nothing_and_a_shop_may_name_no_carrier(
    edge: Runtime, shop: httpx.AsyncClient, written: str
) -> None:
    async with running(edge) as service:
        await ship(shop, carrier=None, tracking_number=written)
        await service.consumed(2)
        assert (await tracked(shop, tracker())).json() == SAID


async def test_a_fulfilment_that_overtakes_its_order_waits_for_it(edge: Runtime, shop: httpx.AsyncClient) -> None:
    body = json.dumps(
        {
            "id": 71, "order_id": 4, "status": "success", "created_at": ago(1), "updated_at": ago(1),
            "tracking_company": "USPS", "tracking_number": "94001", "tracking_numbers": ["94001"],
            "line_items": [{"id": 9, "quantity": 1}],
        }
    ).encode()  # fmt: skip
    answered = await deliver(shop, "shopify", body, shopify_headers(body, "fulfillments/create"))
    assert answered.json() == KEPT
    async with running(edge) as service:
        await told(shop, structured("order-placed", "1", placed("4")))
        await service.consumed(1)
        await unmatched.look(edge)
        await service.consumed(2)
    [timeline] = await rows(edge, "select document->'entries'->-1->'data'->>'tracking_number' as number from timelines")
    assert timeline["number"] == "94001"


async def test_names_and_addresses_do_not_wait_here(edge: Runtime, shop: httpx.AsyncClient) -> None:
    await tracked(shop, tracker())
    [kept] = await rows(edge, "select data::jsonb as data from unmatched_trackings")
    assert set(kept["data"]) <= {"occurred_at", "status", "reason", "place", "estimated_delivery_at"}


async def test_nobody_waits_for_ever(edge: Runtime, shop: httpx.AsyncClient) -> None:
    await tracked(shop, tracker("evt_1"))
    await tracked(shop, tracker("evt_2", status="out_for_delivery"))
    async with edge.transaction() as tx:
        await tx.execute(
            text("update unmatched_trackings set received_at = now() - interval '91 days' where event_id like '%evt_1'")
        )
    assert await unmatched.expire(edge) == 1
    assert [row["event_id"] for row in await rows(edge, "select event_id from unmatched_trackings")] == [
        "tracker.updated:evt_2"
    ]


async def test_a_look_that_finds_nothing_looks_more_and_more_rarely(edge: Runtime, shop: httpx.AsyncClient) -> None:
    await tracked(shop, tracker())
    async with edge.transaction() as tx:
        await tx.execute(text("update unmatched_trackings set kept_at = now() - interval '8 minutes'"))
    assert await unmatched.look(edge) == 1
    assert await unmatched.look(edge) == 0
    [row] = await rows(edge, "select extract(epoch from look_at - now()) as s from unmatched_trackings")
    assert 200 < row["s"] <= 240


async def test_claims_are_forgotten_with_the_day_on_which_nothing_can_meet_them(
    edge: Runtime, shop: httpx.AsyncClient
) -> None:
    async with running(edge) as service:
        await ship(shop, "o-1", days_ago=95)
        await ship(shop, "o-2", days_ago=2)
        await service.consumed(4)
    async with edge.transaction() as tx:
        await addressing.forget(tx, NOW.date())
    assert [row["order_id"] for row in await rows(edge, "select order_id from tracking_claims")] == ["o-2"]


@pytest.mark.parametrize("first", ["hook", "claim"])
async def test_whichever_commits_last_is_seen(edge: Runtime, shop: httpx.AsyncClient, first: str) -> None:
    """The claim's transaction is still open while the hook is kept and looked at, and the other way round."""
    claim = addressing.Claim("9400110898825022579493", "usps", "o-1", "o-1-p", "ada", NOW, NOW)
    if first == "hook":
        await tracked(shop, tracker())
    async with edge.transaction() as tx:
        await addressing.claim(tx, [claim])
        if first == "claim":
            await tracked(shop, tracker())
        await unmatched.look(edge)
        assert await rows(edge, "select 1 from outbox") == []
    await asyncio.sleep(0.5)  # a look that came too early is repeated after a quarter of a second
    await unmatched.look(edge)
    assert len(await rows(edge, "select 1 from outbox")) == 1
