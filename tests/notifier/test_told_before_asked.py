"""Whether customers were told before they asked and before the promise passed, and how long it took."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from chassis.runtime import Runtime
from contracts.past import past_correlation
from contracts.storefront import ContactReceived
from contracts.vocabulary import IssueKind
from notifier.app import application
from notifier.sender import Sender
from notifier.vigil import look
from tests.conftest import RuntimeOf
from tests.notifier.correspondent import ADA, POLICY, hour, known, opened, said
from tests.notifier.persons import vault_of
from tests.notifier.postbox import Postbox


def wrote(at: float, order_id: str | None = "o1", contact_id: str = "c1") -> Any:
    fact = ContactReceived(
        customer_id=ADA, contact_id=contact_id, occurred_at=hour(at), channel="email", order_id=order_id,
        topic="where_is_my_order", text="Where is it? Regards, Ada Lovelace",
    )  # fmt: skip
    return said(fact, at)


def promised(event: Any, until: float) -> Any:
    return replace(event, data=replace(event.data, promised_by=hour(until)))


@pytest.fixture
async def runtime(runtime_of: RuntimeOf, postbox: Postbox) -> Runtime:
    return await runtime_of(application, CLOCK="simulated", SMTP_PORT=str(postbox.port))


async def lived(runtime: Runtime, sender: Sender, *events: Any, until: float) -> None:
    assert not (await runtime.fold([*events], until=hour(until))).refused
    while await sender.send_ready():
        continue


async def told(client: httpx.AsyncClient, **within: Any) -> dict[str, Any]:
    moments = {name: hour(at).isoformat() for name, at in within.items()}
    return dict((await client.get("/v1/told", params=moments)).json())


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ([promised(opened(10), 20)], (1, 1, 0, 1, 1, 1)),
        ([promised(opened(10), 20), wrote(11)], (1, 1, 1, 1, 1, 1)),
        ([wrote(9), promised(opened(10), 20)], (1, 1, 1, 0, 1, 0)),
        ([promised(opened(10), 9), wrote(11)], (1, 1, 1, 1, 0, 0)),
        ([opened(10)], (1, 1, 0, 1, 1, 1)),
        ([opened(10), wrote(9, order_id="o7"), wrote(9, order_id=None, contact_id="c2")], (1, 1, 0, 1, 1, 1)),
        ([opened(22), wrote(23)], (1, 0, 1, 0, 0, 0)),
        ([promised(opened(10), 20), promised(opened(12, IssueKind.lost), 20), wrote(11)], (1, 1, 1, 1, 1, 1)),
        ([opened(10), opened(10, order_id="o2"), wrote(9)], (2, 2, 1, 1, 2, 1)),
        ([wrote(9)], (0, 0, 0, 0, 0, 0)),
    ],
    ids=[
        "told, never asked", "told, then asked", "asked first", "after the promise", "no promise", "asked of others",
        "asked in the night, while it waited", "the first issue counts", "two orders", "no trouble",
    ],
)  # fmt: skip
async def test_who_was_told_before_they_asked_and_before_the_promise_passed(
    runtime: Runtime, sender: Sender, client: httpx.AsyncClient, story: list[Any], expected: tuple[int, ...]
) -> None:
    await lived(runtime, sender, known(), *story, until=24)
    names = ("orders", "told", "asked", "before_contact", "before_promise", "before_both")
    found = (await told(client))["orders"]
    assert tuple(found[name] for name in names) == expected


async def test_how_long_it_took_is_said_per_kind_and_the_night_is_part_of_it(
    runtime: Runtime, sender: Sender, client: httpx.AsyncClient
) -> None:
    at_once = [opened(9 + number, order_id=f"o{number}") for number in range(3)]
    at_night = opened(22, IssueKind.damaged, order_id="o9")
    await lived(runtime, sender, known(), *at_once, at_night, until=34)
    late, damaged = sorted((await told(client))["kinds"], key=lambda kind: kind["kind"], reverse=True)
    if late["kind"] != "delivery_late":
        late, damaged = damaged, late
    assert (late["issues"], late["told"]) == (3, 3)
    assert late["p50_s"] == late["p99_s"] == 300  # five minutes for company
    assert (damaged["p50_s"], damaged["p99_s"]) == (10 * 3_600, 10 * 3_600)


async def test_since_and_until_say_of_which_time(runtime: Runtime, sender: Sender, client: httpx.AsyncClient) -> None:
    await lived(runtime, sender, known(), opened(10), opened(34, order_id="o2"), until=40)
    assert (await told(client))["orders"]["orders"] == 2
    later = await told(client, since=24)
    assert (later["orders"]["orders"], later["issues"], later["kinds"][0]["issues"]) == (1, 1, 1)
    assert (await told(client, until=24))["orders"]["orders"] == 1
    assert (await client.get("/v1/told", params={"since": "2026-03-02T10:00:00"})).status_code == 422


async def test_of_what_somebody_wrote_nothing_is_kept_but_that_they_did(runtime: Runtime) -> None:
    await runtime.fold([known(), wrote(10), wrote(10)], until=hour(11))
    async with runtime.transaction() as tx:
        rows = (await tx.execute(text("select * from contacts"))).mappings().all()
    assert [dict(row) for row in rows] == [
        {
            "customer_id": ADA,
            "contact_id": "c1",
            "order_id": "o1",
            "occurred_at": hour(10),
            "topic": "where_is_my_order",
        }
    ]


async def test_an_imported_past_is_no_trouble_that_anybody_should_have_been_told_of(
    runtime: Runtime, client: httpx.AsyncClient
) -> None:
    imported = replace(opened(10), correlation_id=past_correlation(hour(10), "import"))
    await runtime.fold([known(), imported], until=hour(11))
    assert (await told(client))["orders"]["orders"] == 0


async def test_the_same_again_changes_no_figure(runtime: Runtime, sender: Sender, client: httpx.AsyncClient) -> None:
    story = [known(), promised(opened(10), 20), wrote(11)]
    await lived(runtime, sender, *story, until=12)
    before = await told(client)
    await lived(runtime, sender, *story, until=13)
    assert await told(client) == before


async def test_the_figures_are_metrics_too(runtime: Runtime, sender: Sender, client: httpx.AsyncClient) -> None:
    await lived(runtime, sender, known(), opened(10), until=12)
    async with runtime.transaction() as tx:
        await tx.execute(
            text("insert into positions (topic, partition, next_offset, settled_at) values ('t', :p, 0, :at)"),
            {"p": runtime.partition_of(ADA), "at": hour(12)},
        )
    await look(runtime, POLICY, vault_of(runtime))
    shown = (await client.get("/metrics")).text
    assert 'rapport_troubled_orders{judged="before_both"} 1.0' in shown
    assert 'rapport_telling_seconds_count{kind="delivery_late"}' in shown
