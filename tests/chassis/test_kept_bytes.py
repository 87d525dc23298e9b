"""What a service cannot read it keeps, unless names and addresses may be in it that are not meant for it."""

import importlib
from base64 import b64decode

import msgspec
import pytest

from chassis import batch as batches
from chassis import parked, positions
from chassis.batch import Batch
from chassis.parked import headers_from_bytes
from chassis.reading import Entry, RawRecord, read
from chassis.runtime import Runtime
from contracts.catalogue import catalogue
from contracts.storefront import CARRY_CONTACTS, CUSTOMERS
from tests.chassis.malformed.corpus import Raw, specimens
from tests.conftest import ClientOf, RuntimeOf
from tests.running import at, rows

BROKEN = Raw(
    CUSTOMERS, b"ada", b'{"type": "storefront.customer-updated.v1", "data": {"address": "ada@example.org"',
    [("content-type", b"application/cloudevents+json"), ("sent-for", b"ada@example.org")],
)  # fmt: skip
"""Nobody can tell what it is, and there is an address in it."""


async def consumed(runtime: Runtime) -> list[Entry]:
    """The corpus, had it come over the customers' topic, in one batch; what could not be read of it."""
    wanted = runtime.service.wanted()
    records = [one.record for one in specimens("parked")] + [BROKEN]
    raw = [RawRecord(CUSTOMERS, 0, n, 0, one.key, one.value, one.headers) for n, one in enumerate(records)]
    entries = [entry for one in raw if (entry := read(one, wanted[CUSTOMERS])).unreadable]
    async with runtime.transaction() as tx:
        await positions.start(tx, 0, dict.fromkeys(wanted, 0))
        batch = Batch(0, entries, [at(10)] * len(entries), dict.fromkeys(wanted, 0))
        report = await batches.run(tx, runtime.service, batch)
    assert report.counts["parked"] == len(entries)
    return entries


async def parked_by(service: str, runtime_of: RuntimeOf) -> Runtime:
    """A real service that was told the corpus."""
    runtime = await runtime_of(importlib.import_module(f"{service}.app").application)
    assert len(await consumed(runtime)) > 10
    return runtime


@pytest.mark.parametrize("service", ["orders_listener", "feedback", "loyalty"])
async def test_who_takes_no_contacts_keeps_no_bytes_that_may_hold_them(
    service: str, runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    runtime = await parked_by(service, runtime_of)
    found = await rows(runtime, "select * from parked_events order by parked_id")
    assert all(row["value"] is None and row["reason"] for row in found)
    assert not any(content for row in found for _, content in headers_from_bytes(row["headers"]))
    assert "ada@example.org" not in str(found)
    broken = found[-1]
    assert (broken["key"], broken["offset"]) == (b"ada", len(specimens("parked")))
    assert [name for name, _ in headers_from_bytes(broken["headers"])] == ["content-type", "sent-for"]
    client = await client_of(runtime)
    shown = (await client.get(f"/v1/parked/{broken['parked_id']}")).json()
    assert f"storefront.customers, partition 0, offset {broken['offset']}" in shown["bytes_at"]
    tried = (await client.post("/v1/redrive", json={"customer_id": "ada", "dry_run": False})).json()
    assert (tried["applied"], tried["refused"]) == (0, 0)
    assert await rows(runtime, "select * from parked_events order by parked_id") == found


async def test_who_takes_contacts_keeps_every_byte_where_nobody_else_reads_it(
    runtime_of: RuntimeOf, client_of: ClientOf
) -> None:
    runtime = await parked_by("notifier", runtime_of)
    [broken] = await rows(runtime, "select * from parked_events order by parked_id desc limit 1")
    assert b"ada@example" not in broken["value"] + broken["headers"]
    shown = (await (await client_of(runtime)).get(f"/v1/parked/{broken['parked_id']}")).json()
    assert b64decode(shown["value_base64"]) == BROKEN.value
    assert shown["bytes_at"] is None
    async with runtime.transaction() as tx:
        waiting = await parked.waiting_of(tx, runtime.service, "ada")
    assert waiting[-1].record.headers == BROKEN.headers


def test_the_facts_that_carry_contacts_are_named() -> None:
    def carries(fact: type) -> bool:
        return "Contact" in msgspec.json.schema_components([fact])[1]

    assert [entry.fact for entry in catalogue().values() if carries(entry.fact)] == list(CARRY_CONTACTS)
