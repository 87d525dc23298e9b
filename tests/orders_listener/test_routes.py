"""What can be asked about orders over HTTP, and what a customer decides."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from orders_listener.policy import DEFAULT
from tests.orders_listener.shop import (
    ADA,
    ORDER,
    contact,
    day,
    erased,
    line,
    on_the_way,
    paid,
    placed,
    said,
    scan,
    shipment,
    shipped_line,
    unavailable,
)
from tests.orders_listener.teaching import taught, teach

LATE = [placed(line("shirt"), line("hat")), paid(), shipment(day(5), "s-1", shipped_line("shirt")), contact(day(6)),
        scan("picked_up", day(5, 2)), scan("delivered", day(7))]  # fmt: skip


@pytest.fixture
async def late(runtime: Runtime) -> None:
    """Half of Ada's order came; the promise of the rest ended on the 10th."""
    await runtime.fold([said(fact) for fact in LATE], until=day(9))


@pytest.mark.usefixtures("late")
async def test_an_order_says_where_it_stands(client: httpx.AsyncClient) -> None:
    order = (await client.get(f"/v1/orders/{ORDER}")).json()
    assert (order["status"], order["open_issues"]) == ("shipped", ["delivery_late"])
    assert {bought["line_id"]: bought["outstanding"] for bought in order["lines"]} == {"shirt": 0, "hat": 1}
    assert [(parcel["shipment_id"], parcel["status"]) for parcel in order["shipments"]] == [("s-1", "delivered")]
    known = "Part of your order was promised by 10 March 2026 and has not been delivered."
    assert order["issues"][-1]["known"] == known


@pytest.mark.usefixtures("late")
async def test_a_timeline_tells_what_was_said_and_what_was_noticed(client: httpx.AsyncClient) -> None:
    entries = (await client.get(f"/v1/orders/{ORDER}/timeline")).json()["entries"]
    assert [entry["what"] for entry in entries] == [
        "storefront.order-placed.v1",
        "storefront.order-paid.v1",
        "storefront.shipment-created.v1",
        "storefront.shipment-progressed.v1",
        "storefront.contact-received.v1",
        "issue-opened delivery_at_risk",
        "storefront.shipment-progressed.v1",
        "issue-opened delivery_late",
        "issue-resolved delivery_at_risk",
    ]
    assert all("Where is my" not in str(entry) for entry in entries)


@pytest.mark.usefixtures("late")
async def test_issues_are_found_by_what_they_are_and_when_they_opened(client: httpx.AsyncClient) -> None:
    found = {
        "": ["delivery_late", "delivery_at_risk"],
        "state=open": ["delivery_late"],
        "state=resolved": ["delivery_at_risk"],
        "kind=lost": [],
        f"order_id={ORDER}&kind=delivery_late": ["delivery_late"],
        "order_id=o-9": [],
        f"customer_id={ADA}": ["delivery_late", "delivery_at_risk"],
        "customer_id=bob": [],
        "severity=notice": ["delivery_at_risk"],
        "severity=serious&state=open": ["delivery_late"],
        "opened_from=2026-03-10T23:00:00Z": ["delivery_late"],
        "opened_until=2026-03-10T23:00:00Z": ["delivery_at_risk"],
        "opened_from=2026-03-11T00:00:00Z": [],
    }
    for query, kinds in found.items():
        issues = (await client.get(f"/v1/issues?{query}")).json()["data"]
        assert [issue["kind"] for issue in issues] == kinds, query


async def test_orders_come_in_pages_the_latest_first(runtime: Runtime, client: httpx.AsyncClient) -> None:
    for number in range(5):
        fact = placed(order_id=f"o-{number}", placed_at=day(number // 2))
        await runtime.fold([said(fact, number=number)])
    await runtime.fold([said(replace(placed(), customer_id="bob", order_id="o-9"))])
    order_ids: list[str] = []
    query = {"limit": "2", "customer_id": ADA}
    while True:
        page = (await client.get("/v1/orders", params=query)).json()
        order_ids += [order["order_id"] for order in page["data"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert order_ids == ["o-4", "o-3", "o-2", "o-1", "o-0"]
    assert len((await client.get("/v1/orders")).json()["data"]) == 6


async def test_issues_come_in_pages(runtime: Runtime, client: httpx.AsyncClient) -> None:
    lines = [line(f"l-{number}") for number in range(5)]
    await runtime.fold([said(placed(*lines)), *(said(unavailable(day(1), bought.line_id)) for bought in lines)])
    first = (await client.get("/v1/issues?limit=3")).json()
    second = (await client.get("/v1/issues", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    found = {issue["line_ids"][0] for page in (first, second) for issue in page["data"]}
    assert (len(first["data"]), len(second["data"]), len(found)) == (3, 2, 5)


async def test_a_customer_in_numbers(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([said(fact) for fact in LATE], until=day(9))
    await runtime.fold([said(placed(order_id="o-2", placed_at=day(10), promised_by=None)), said(erased(day(11)))])
    customer = (await client.get(f"/v1/customers/{ADA}")).json()
    assert (customer["orders"], customer["by_status"]) == (2, {"shipped": 1, "placed": 1})
    assert (customer["first_order_at"], customer["last_order_at"]) == ("2026-03-02T09:00:00Z", "2026-03-12T09:00:00Z")
    assert (customer["issues"], len(customer["open_issues"])) == (2, 1)
    assert customer["first_contact"] == {"contact_id": "c-1", "occurred_at": "2026-03-08T09:00:00Z", "topic": "late"}
    assert customer["erased_at"] == "2026-03-13T09:00:00Z"


async def test_a_customer_summary_says_where_they_stand(runtime: Runtime, client: httpx.AsyncClient) -> None:
    orders = [placed(order_id=f"o-{n}", placed_at=day(20 * n), promised_by=None, pay_later=True) for n in range(3)]
    await runtime.fold([said(fact) for fact in orders])
    customer = (await client.get(f"/v1/customers/{ADA}")).json()
    recency_days = customer["purchases"].pop("recency_days")
    assert recency_days == (datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")).date() - day(40).date()).days
    assert customer["purchases"] == {
        "frequency": 3,
        "orders": 3,
        "first_on": "2026-03-02",
        "last_on": "2026-04-11",
        "average_gap_days": 20.0,
        "value": [{"currency": "EUR", "confirmed_minor": 6_000, "refunded_minor": 0, "net_minor": 6_000}],
    }
    assert (customer["stage"], customer["stage_since"]) == ("active", "2026-03-22T09:00:00Z")
    assert customer["looks_again_at"] == "2026-05-10T22:00:00Z"
    assert [(one["milestone"], one["number"]) for one in customer["milestones"]] == [("first_order", 1)]


async def test_the_policy_in_force_can_be_read(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/v1/policy")).json()
    assert policy["version"]
    assert policy["values"]["return_window"] == "P14D"
    assert policy["values"].keys() == set(DEFAULT.__struct_fields__) - {"version"}


@pytest.mark.usefixtures("late")
async def test_why_not_is_answered_over_http(client: httpx.AsyncClient) -> None:
    answer = (await client.get(f"/v1/orders/{ORDER}/why-not?kind=payment_failed")).json()
    assert (answer["state"], answer["now"]["reason"]) == ("not_opened", "not_shown")
    answer = (await client.get(f"/v1/orders/{ORDER}/why-not?kind=delivery_late")).json()
    assert (answer["state"], answer["now"]["reason"], len(answer["issue_ids"])) == ("open", "is_open", 1)
    assert (await client.get("/v1/orders/o-9/why-not?kind=lost")).status_code == 404


async def test_why_nobody_was_warned_is_answered_by_the_numbers_of_that_morning(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    after_it = replace(taught(), day=day(30).date())
    await teach(runtime, taught(later=0.6), after_it)
    await runtime.fold([said(fact) for fact in (placed(), paid(), *on_the_way(day(0)))])
    await runtime.fold([], until=day(6, 12))
    answer = (await client.get(f"/v1/orders/{ORDER}/why-not?kind=delivery_at_risk")).json()
    [decision] = [
        one
        for one in (await client.get(f"/v1/customers/{ADA}/decisions")).json()["data"]
        if one["rule"] == "delivery_at_risk"
    ]
    assert (decision["reason"], answer["last_look"]["reason"]) == ("likely_in_time", "likely_in_time")
    assert f"raw_milli {decision['detail']['raw_milli']}, " in answer["last_look"]["words"]
    assert "numbers of 2026-02-28" in answer["last_look"]["words"]
    assert "numbers of 2026-02-28" in answer["next_look"]["words"]


@pytest.mark.parametrize("path", ["orders/o-9", "orders/o-9/timeline", "customers/bob"])
async def test_what_nobody_spoke_of_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/v1/{path}")).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["orders/a%00b", "orders?customer_id=a%00b", "orders?cursor=x", "orders?cursor=WzFd", "issues?kind=bad",
     "issues?cursor=WyIyMDI2LTAxLTAxIiwieCJd", "issues?severty=critical", "issues?opened_from=2026-03-10",
     "issues?opened_from=2026-03-10T00:00:00", "issues?limit=201", "issues?limit=1000000", "orders?status=late",
     "orders/o-1/why-not", "orders/o-1/why-not?kind=bad", "orders?limit=0", "customers/" + "a" * 129],
)  # fmt: skip
async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(f"/v1/{path}")).status_code == 422


async def said_on_orders(runtime: Runtime) -> list[str]:
    async with runtime.transaction() as tx:
        rows = await tx.execute(text("select headers from outbox order by outbox_id"))
        return [row.headers for row in rows]


def soon() -> str:
    """A date far enough away for a test of years to come."""
    return "2090-01-01T00:00:00Z"


@pytest.mark.usefixtures("late")
async def test_a_customer_accepts_a_delay_once(runtime: Runtime, client: httpx.AsyncClient) -> None:
    first = await client.post(f"/v1/orders/{ORDER}/delay-acceptance", json={"until": soon(), "actor": "care:eve"})
    assert first.status_code == 200
    assert first.json()["open_issues"] == []
    assert first.json()["issues"][-1]["resolution"] == "accepted"
    assert first.json()["deadlines"]["promise_ends"] == soon()
    again = await client.post(f"/v1/orders/{ORDER}/delay-acceptance", json={"until": soon()})
    assert again.status_code == 200
    assert sum("orders.delay-accepted.v1" in headers for headers in await said_on_orders(runtime)) == 1


@pytest.mark.usefixtures("late")
async def test_a_delay_is_accepted_without_a_body(client: httpx.AsyncClient) -> None:
    accepted = await client.post(f"/v1/orders/{ORDER}/delay-acceptance")
    assert (accepted.status_code, "promise_ends" in accepted.json()["deadlines"]) == (200, False)


@pytest.mark.usefixtures("late")
async def test_a_wish_to_cancel_is_passed_on_once(runtime: Runtime, client: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await client.post(
            f"/v1/orders/{ORDER}/cancellation-request", json={"reason": "too late"}, headers={"Idempotency-Key": "k"}
        )
        assert answer.status_code == 200
    assert sum("orders.cancellation-requested.v1" in headers for headers in await said_on_orders(runtime)) == 1


async def test_what_cannot_be_decided_is_answered_with_a_reason(runtime: Runtime, client: httpx.AsyncClient) -> None:
    facts = (placed(), paid(), *on_the_way(), scan("delivered", day(3)))
    await runtime.fold([said(fact) for fact in facts], until=day(3) + timedelta(days=1))
    wishes = {
        "o-9/delay-acceptance": (404, "unknown_order"),
        f"{ORDER}/delay-acceptance": (409, "no_delay"),
        f"{ORDER}/cancellation-request": (409, "order_over"),
    }
    for path, (status, code) in wishes.items():
        answer = await client.post(f"/v1/orders/{path}", json={})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for body in ({"until": "2020-01-01T00:00:00Z"}, {"until": "2090-01-01T00:00:00"}, {"actor": "root"}, {"x": 1}):
        assert (await client.post(f"/v1/orders/{ORDER}/delay-acceptance", json=body)).status_code == 422
