"""On the real clock: what the shop says now is in the customer's mailbox within seconds."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.storefront import Contact, CustomerUpdated, OrderPlaced
from contracts.vocabulary import Channel
from deploy.local.broker import Broker
from tests.conftest import DatabaseOf
from tests.journeys.house import House, open_house
from tests.journeys.shoppers import line
from tests.running import rows, said_on, until

A_FEW_SECONDS_S = 10.0


@pytest.fixture
async def real_house(kafka: Broker, database_of: DatabaseOf, tmp_path: Path) -> AsyncIterator[House]:
    """A house that lives now, and in which nobody sleeps."""
    wakeful = tmp_path / "policy.yaml"
    wakeful.write_text("version: wakeful\nquiet_hours: {begins: 00:00, ends: 00:00}\n", encoding="utf-8")
    async with open_house(kafka, database_of, CLOCK="real", NOTIFIER_POLICY_FILE=str(wakeful)) as house:
        yield house
        await house.audit()


async def test_an_order_placed_now_is_a_mail_within_seconds_and_its_correlation_leads_back(real_house: House) -> None:
    contact = Contact(channel=Channel.email, address="paula@example.org")
    now = datetime.now(UTC)
    await real_house.say(CustomerUpdated(customer_id="paula", occurred_at=now, contacts=(contact,)), now)
    await until(lambda: known(real_house))  # joining the groups is not what is measured

    now, began_s = datetime.now(UTC), time.monotonic()
    fact = OrderPlaced(
        customer_id="paula", order_id="p1", placed_at=now, currency="EUR", lines=(line("lamp", 25_00),),
        total_minor=25_00, pay_later=True,
    )  # fmt: skip
    event_id = await real_house.say(fact, now)
    await until(lambda: mailed(real_house, 2))
    assert time.monotonic() - began_s < A_FEW_SECONDS_S

    told = await real_house.ask("notifier", "/v1/customers/paula/decisions")
    assert {row["correlation_id"] for row in told["data"]} == {event_id}
    records = await said_on(real_house.broker.bootstrap, "notifications", 2)
    headers: list[dict[str, Any]] = [{name: text.decode() for name, text in record.headers} for record in records]
    assert {one["ce_type"] for one in headers} == {"notifications.message-sent.v1"}
    assert {one["ce_correlationid"] for one in headers} == {event_id}
    assert [mail["X-Rapport-Order"] for mail in real_house.postbox.mails] == ["p1", "p1"]


async def known(house: House) -> bool:
    """The notifier has heard of Paula, and everybody listens."""
    ready = [await rows(runtime, "select 1 from positions limit 1") for runtime in house.runtimes.values()]
    return all(ready) and bool(await rows(house.runtimes["notifier"], "select 1 from people"))


async def mailed(house: House, number: int) -> bool:
    """So many mails have come."""
    return len(house.postbox.mails) >= number
