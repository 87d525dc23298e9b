"""The edge with a real database and a real broker: what is answered, and what stands in the timelines afterwards."""

import httpx

from chassis.runtime import Runtime
from orders_listener.ingest import unmatched
from tests.orders_listener.ingest.hooks import placed, shipped, structured, told, tracked, tracker
from tests.running import rows, running


async def test_a_hook_that_knows_only_a_number_finds_its_parcel(edge: Runtime, shop: httpx.AsyncClient) -> None:
    async with running(edge) as service:
        answered = await told(
            shop,
            structured("order-placed", "1", placed()),
            structured("shipment-created", "2", shipped()),
        )
        assert (answered.status_code, answered.json()) == (200, {"accepted": 2, "kept": 0, "ignored": None})
        await service.consumed(2)
        answered = await tracked(shop, tracker())
        assert answered.json() == {"accepted": 1, "kept": 0, "ignored": None}
        await service.consumed(3)
    [timeline] = await rows(edge, "select status, document->'entries'->-1->'data' as last from timelines")
    assert (timeline["status"], timeline["last"]["status"]) == ("shipped", "in_transit")


async def test_a_hook_before_its_shipment_waits_for_it(edge: Runtime, shop: httpx.AsyncClient) -> None:
    answered = await tracked(shop, tracker())
    assert answered.json() == {"accepted": 0, "kept": 1, "ignored": None}
    await unmatched.look(edge)
    async with running(edge) as service:
        await told(shop, structured("order-placed", "1", placed()), structured("shipment-created", "2", shipped()))
        await service.consumed(2)
        await unmatched.look(edge)
        await service.consumed(3)
    assert await rows(edge, "select 1 from unmatched_trackings") == []
    [timeline] = await rows(edge, "select status from timelines")
    assert timeline["status"] == "shipped"
