"""Every command of staff leaves one row that says who gave it, on whom and for whom; refusals and repetitions none."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.vocabulary import Purpose
from feedback.answers import Answer
from notifier.schemas import PREFERENCES_PUT
from notifier.wish_schemas import WISH
from tests.access.services import NAMES, compose, document_of, operations
from tests.conftest import ClientOf, RuntimeOf, bearer, key_of
from tests.feedback.shop import ADA as HER
from tests.feedback.shop import day as feedback_day
from tests.feedback.shop import delivered
from tests.feedback.test_service import CASE, INVITATION
from tests.loyalty.facts import completed, confirmed
from tests.loyalty.facts import said as loyalty_said
from tests.notifier.correspondent import ADA, consent, hour, known
from tests.notifier.postbox import open_postbox
from tests.notifier.test_broadcasts import STRIKE, of, told_to_many
from tests.orders_listener.shop import ORDER, day
from tests.orders_listener.shop import said as orders_said
from tests.orders_listener.test_disruption_routes import STRIKE as DECLARED
from tests.orders_listener.test_routes import LATE, soon
from tests.running import rows

EVE = {"actor": "care:eve"}
Give = Callable[[Runtime, httpx.AsyncClient], Awaitable[None]]


class Staff:
    """Gives commands, and insists that each is taken."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self._client.request(method, path, json=body, **more)
        assert answer.status_code < 400, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else None


async def of_every_service(runtime: Runtime, client: httpx.AsyncClient) -> None:
    staff = Staff(client)
    async with runtime.transaction() as tx:
        await tx.execute(
            text("""insert into parked_events
                        (topic, partition, "offset", timestamp_ms, headers, reason, detail, customer_id)
                    select 't', 0, n, 0, '[]', 'bug', '', 'zoe' from generate_series(1, 2) n""")
        )
    await staff("POST", "/v1/redrive", {"customer_id": "zoe", "dry_run": True})
    await staff("POST", "/v1/redrive", {"customer_id": "zoe", "dry_run": False})
    await staff("POST", "/v1/parked/1/discard")


async def of_loyalty(runtime: Runtime, client: httpx.AsyncClient) -> None:
    facts = [confirmed("o1", a=2_000), completed("o1")]
    await runtime.fold([loyalty_said(fact, number) for number, fact in enumerate(facts, start=1)])
    for _ in range(2):
        body = {"redemption_id": "x1", "points": 5}
        await Staff(client)("POST", "/v1/members/ada/redemptions", body)
    refused = await client.post("/v1/members/ada/redemptions", json={"redemption_id": "x2", "points": 5_000})
    assert refused.status_code == 409


async def of_feedback(runtime: Runtime, client: httpx.AsyncClient) -> None:
    await runtime.fold([delivered()], until=feedback_day(4))
    await runtime.command(HER, Answer(invitation_id=INVITATION, score=3), actor="customer", at=feedback_day(4))
    await Staff(client)("POST", f"/v1/cases/{CASE}/resolution", {"resolution": "Called. All is well."})


async def of_orders(runtime: Runtime, client: httpx.AsyncClient) -> None:
    staff = Staff(client)
    await runtime.fold([orders_said(fact) for fact in LATE], until=day(9))
    await staff("POST", f"/v1/orders/{ORDER}/delay-acceptance", {"until": soon(), "actor": "care:eve"})
    await staff("POST", f"/v1/orders/{ORDER}/cancellation-request", {"reason": "too late, she says"})
    declared = [
        await staff("POST", "/v1/disruptions", DECLARED, headers={"Idempotency-Key": key}) for key in ("a", "a", "b")
    ]
    first, _, second = (one["disruption"]["disruption_id"] for one in declared)
    await staff("POST", "/v1/disruptions", DECLARED | {"dry_run": True})
    await staff("PATCH", f"/v1/disruptions/{first}", EVE | {"known": "Worse now."})
    await staff("POST", f"/v1/disruptions/{first}/end", EVE)
    await staff("POST", f"/v1/disruptions/{second}/withdrawal", EVE)


async def of_notifier(runtime: Runtime, client: httpx.AsyncClient) -> None:
    staff = Staff(client)
    events = [known(), consent(Purpose.marketing, 0, given=True), of(known(), "bob"), of(told_to_many(10), "bob")]
    assert not (await runtime.fold(events, until=hour(11))).refused
    wish = {name: said for name, said in WISH.items() if name not in ("expires_at", "order_id")}
    for _ in range(2):
        await staff("POST", "/v1/messages", wish | {"customer_id": ADA}, headers={"Idempotency-Key": "once"})
    await staff("PUT", f"/v1/people/{ADA}/preferences", PREFERENCES_PUT)
    await staff("POST", "/v1/suppressions", {"address": "x@y.example", "evidence": "asked on the telephone"})
    await staff("DELETE", "/v1/suppressions", {"address": "x@y.example", "because": "asked again"})
    for step in ("stop", "stop", "resume"):
        await staff("POST", f"/v1/broadcasts/{STRIKE}/{step}", EVE)
    await staff("PATCH", f"/v1/broadcasts/{STRIKE}", EVE | {"per_second": 3})
    await staff("POST", f"/broadcasts/{STRIKE}/stop?by=eve")
    hook = (await staff("POST", "/v1/webhooks", {"url": "https://crm.example/hook"}))["webhook_id"]
    await staff("PATCH", f"/v1/webhooks/{hook}", {"description": "ours"})
    await staff("POST", f"/v1/webhooks/{hook}/secret")
    async with runtime.transaction() as tx:
        await tx.execute(_DELIVERY, {"hook": hook})
    await staff("POST", f"/v1/webhooks/{hook}/deliveries/e-1/replay")
    await staff("POST", f"/v1/webhooks/{hook}/replay", {"since": "2020-01-01T00:00:00Z"})
    await staff("DELETE", f"/v1/webhooks/{hook}")
    await staff("POST", "/v1/templates/survey/fr/test-send", {"to": "you@shop.example"})
    await staff("GET", f"/v1/people/{ADA}/export?actor=care:eve")
    for _ in range(2):
        await staff("DELETE", f"/v1/people/{ADA}?actor=care:eve")


_DELIVERY = text("""
    insert into webhook_deliveries (webhook_id, event_id, customer_id, type, occurred_at, body)
    values (:hook, 'e-1', 'bob', 't', now(), '{}')
""")
GIVEN: Mapping[str, Give] = {
    "loyalty": of_loyalty, "feedback": of_feedback, "orders_listener": of_orders, "notifier": of_notifier,
}  # fmt: skip
READS_ONLY = {"POST /v1/policy/trials", "POST /v1/suppressions/lookup"}
"""They ask by a body, and change nothing; so they need `read`."""
LEAVES_A_TRACE = {"GET /v1/people/{customer_id}/export"}
TWICE = {"POST /v1/disruptions": 2}
"""Which were given more than once above and meant something new."""
SAID = ("Called.", "too late", "telephone", "Worse", "x@y", "you@shop", "Our shop in Bonn", "ours", "crm.example")


@pytest.fixture(params=NAMES)
async def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_each_command_leaves_one_row_and_nothing_of_its_body(
    name: str, runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    with open_postbox() as postbox:
        runtime = await runtime_of(compose(name), SMTP_PORT=str(postbox.port), NOTIFIER_SENDER_ADDRESS="a@shop.example")
        client = await client_of(runtime, keyed=False)
        key = await key_of(runtime)
        client.headers.update(bearer(key))
        await of_every_service(runtime, client)
        await GIVEN[name](runtime, client)
    kept = await rows(runtime, "select * from audits order by audit_id")
    commands = {
        str(one)
        for one in operations(await document_of(client))
        if one.scope and one.method != "GET" and not one.scope.endswith(":read")
    } | (LEAVES_A_TRACE if name == "notifier" else set())
    numbers = {action: sum(row["action"] == action for row in kept) for action in commands}
    assert {row["action"] for row in kept} == commands
    assert numbers == dict.fromkeys(commands, 1) | {one: n for one, n in TWICE.items() if one in commands}
    assert {(row["client"], row["client_name"]) for row in kept} == {(f"key:{key.key_id}", "tests")}
    assert all(row["customer_id"] or row["subject"] for row in kept if row["action"] != "POST /v1/redrive")
    assert not [said for said in SAID for row in kept if said in str(row)]
    listed = (await client.get("/v1/audits?limit=2")).json()
    assert [row["audit_id"] for row in listed["data"]] == [row["audit_id"] for row in kept[:-3:-1]]
    after = (await client.get(f"/v1/audits?limit=200&cursor={listed['next_cursor']}")).json()["data"]
    assert len(after) == len(kept) - 2


async def test_an_audit_names_the_customer_and_for_whom_it_was(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    runtime = await runtime_of(compose("orders_listener"))
    client = await client_of(runtime)
    await of_orders(runtime, client)
    asked = {"customer_id": "ada"}
    found = (await client.get("/v1/audits", params=asked)).json()["data"]
    assert [(row["action"].rpartition("/")[2], row["subject"], row["on_behalf_of"]) for row in found] == [
        ("cancellation-request", ORDER, "customer"), ("delay-acceptance", ORDER, "care:eve"),
    ]  # fmt: skip


async def test_a_command_that_fails_leaves_no_row(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    runtime = await runtime_of(compose("loyalty"))
    client = await client_of(runtime)
    answers = await asyncio.gather(
        client.post("/v1/parked/9/discard"),
        client.post("/v1/members/nobody/redemptions", json={"redemption_id": "x", "points": 1}),
    )
    assert [answer.status_code for answer in answers] == [404, 409]
    assert await rows(runtime, "select 1 from audits") == []


async def test_what_only_reads_by_a_body_needs_no_more_than_to_read(runtime_of: RuntimeOf, client_of: ClientOf) -> None:
    reading = set()
    for service in NAMES:
        document = await document_of(await client_of(await runtime_of(compose(service)), keyed=False))
        reading |= {
            str(one)
            for one in operations(document)
            if one.scope and one.scope.endswith(":read") and one.method != "GET"
        }
    assert reading == READS_ONLY
