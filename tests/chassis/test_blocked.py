"""Nothing waits unseen: who is blocked is listed, also by a deadline, and what is given up is marked so."""

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from toy.app import application

from chassis.outcomes import Outcome
from chassis.publishing import events_of
from contracts.kafka import from_record, to_record
from contracts.orders import OrderCompleted
from contracts.storefront import ORDERS
from contracts.unreadable import Unreadable
from deploy.local.broker import Broker
from tests.chassis.test_worker import placed, toy
from tests.conftest import ClientOf, RuntimeOf
from tests.running import at, publish, running


async def test_a_blocked_customer_is_listed_with_the_reason(
    runtime_of: RuntimeOf, client_of: ClientOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, placed("ada", "o1", title="reject"), placed("ada", "o2"))
    async with running(runtime) as service:
        await service.consumed(2)
    client = await client_of(runtime)
    [blocked] = (await client.get("/v1/blocked")).json()["data"]
    assert (blocked["customer_id"], blocked["blocked_reason"], blocked["waiting"]) == ("ada", "not_today", 2)


async def test_a_customer_whose_very_first_event_cannot_be_saved_is_blocked(
    runtime_of: RuntimeOf, client_of: ClientOf, kafka: Broker
) -> None:
    runtime = await toy(runtime_of, kafka)
    async with running(runtime) as service:
        await publish(kafka.bootstrap, placed("ada", "o1", title="unsavable"))
        await service.consumed(1)
        await publish(kafka.bootstrap, placed("ada", "o2"))
        await service.consumed(2)
    client = await client_of(runtime)
    [blocked] = (await client.get("/v1/blocked")).json()["data"]
    assert (blocked["customer_id"], blocked["blocked_reason"], blocked["waiting"]) == ("ada", "save_failed", 2)


async def test_a_customer_blocked_by_a_deadline_is_found_by_its_reason(
    runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    runtime = await runtime_of(application)
    async with runtime.transaction() as tx:
        await tx.execute(
            text("insert into customers values ('ada', now(), 'fold_failed', 'a-deadline'), ('bob', null, null, null)")
        )
    client = await client_of(runtime)
    tried = (await client.post("/v1/redrive", json={"reason": "fold_failed", "dry_run": False})).json()
    assert (tried["customers"], tried["refused"]) == (1, 0)
    assert (await client.get("/v1/blocked")).json()["data"] == []


async def test_a_record_is_discarded_once(runtime_of: RuntimeOf, client_of: ClientOf, kafka: Broker) -> None:
    runtime = await toy(runtime_of, kafka)
    await publish(kafka.bootstrap, (ORDERS, "ada", b"{", to_record(placed("ada", "o1")).headers))
    async with running(runtime) as service:
        await service.consumed(1)
    client = await client_of(runtime)
    [row] = (await client.get("/v1/parked")).json()["data"]
    address = f"/v1/parked/{row['parked_id']}/discard"
    assert (await client.post(address)).status_code == 204
    assert (await client.post(address)).json()["code"] == "not_parked"
    assert len((await client.get("/v1/parked", params={"state": "discarded"})).json()["data"]) == 1


@pytest.mark.parametrize(
    ("here", "there"),
    [(("/shop", "1001"), ("/elsewhere", "1001")), (("a|b", "c"), ("a", "b|c")), (("1:a", "b"), ("1", ":ab"))],
)
def test_two_events_lead_to_different_facts_whatever_they_are_called(
    here: tuple[str, str], there: tuple[str, str]
) -> None:
    fact = OrderCompleted(customer_id="ada", order_id="o1", occurred_at=at(10))
    items = [replace(placed("ada", "o1", event_id=identity), source=source) for source, identity in (here, there)]
    said = [next(events_of("/rapport/toy", [(item, Outcome(facts=(fact,)))])).id for item in items]
    assert said[0] != said[1]


def test_a_later_version_of_what_a_service_does_not_want_is_not_kept_by_it() -> None:
    headers = [(name, b"storefront.customer-updated.v2" if name == "ce_type" else content) for name, content in HEADERS]
    assert from_record(b"ada", b'{"contacts": []}', headers, wanted={"storefront.customer-erased.v1"}) is None
    with pytest.raises(Unreadable, match="unknown_version"):
        from_record(b"ada", b'{"contacts": []}', headers, wanted={"storefront.customer-updated.v1"})


HEADERS = to_record(placed("ada", "o1")).headers
