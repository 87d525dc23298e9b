"""The past of a shop, read from files: every order once, every mistake with its place, and always the same events."""

import asyncio
import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts import Event
from contracts.past import is_past
from contracts.storefront import (
    CustomerUpdated,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    ShipmentProgressed,
)
from deploy.local.broker import Broker
from orders_listener import backfill_command
from orders_listener.ingest.backfill import export, pages
from orders_listener.ingest.backfill.records import Import, Mistake, Record, events_of, mistakes_in
from orders_listener.timelines import OrderStatus
from storefront.saying import record_of
from tests.brokers import PARTITIONS
from tests.conftest import LINK_KEYS
from tests.orders_listener.ingest.shopify_shop import (
    CUSTOMER_ID,
    ORDER_ID,
    SHIRT,
    customer,
    fulfillment,
    item,
    order,
    refund,
    refund_line,
)
from tests.orders_listener.ingest.telling import told
from tests.orders_listener.shop import ADA, F
from tests.running import said_on

AT = datetime(2026, 4, 20, 10, 0, tzinfo=UTC)
RUN = Import("/shopify/berlin.myshopify.com", AT, timedelta(days=14))
ROW = {
    "Name": "#1001", "Id": str(ORDER_ID), "Email": "Ada@Example.org", "Financial Status": "paid",
    "Paid at": "2026-03-02 10:01:00 +0100", "Fulfillment Status": "fulfilled",
    "Fulfilled at": "2026-03-03 09:00:00 +0100", "Currency": "EUR", "Subtotal": "45.00", "Shipping": "5.00",
    "Taxes": "7.98", "Total": "50.00", "Discount Code": "SPRING", "Discount Amount": "5.00",
    "Created at": "2026-03-02 10:00:00 +0100", "Lineitem quantity": "2", "Lineitem name": "Linen shirt - blue / M",
    "Lineitem price": "20.00", "Lineitem sku": "SHIRT", "Lineitem requires shipping": "true",
    "Lineitem fulfillment status": "fulfilled", "Lineitem discount": "0.00", "Shipping Zip": "'80331",
    "Shipping Province": "BY", "Shipping Country": "DE", "Cancelled at": "", "Refunded Amount": "0.00",
    "Note Attributes": "Delivery-Date: 2026-03-10\nwrap: yes", "Payment Method": "Shopify Payments", "Source": "web",
}  # fmt: skip
MORE = {"Name": "#1001", "Lineitem quantity": "1", "Lineitem name": "Mug", "Lineitem price": "10.00"}
"""A second line: only the first row of an order has its columns."""


def table(*rows: dict[str, str]) -> list[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(ROW))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().splitlines(keepends=True)


def orders_in(lines: Iterable[str], customers: dict[str, str] | None = None) -> list[Record | Mistake]:
    return list(export.records_of(lines, customers or {}))


def said(record: Record | Mistake, run: Import = RUN) -> list[Event[Any]]:
    assert isinstance(record, Record), record
    events = events_of(record, run)
    assert not isinstance(events, Mistake), events
    for event in events:
        record_of(event)
    return events


def only(events: Iterable[Event[Any]], kind: type[F]) -> F:
    [fact] = [event.data for event in events if isinstance(event.data, kind)]
    return fact


def saved(*bodies: Any) -> list[bytes]:
    return [json.dumps(body).encode() + b"\n" for body in bodies]


# --- the admin's export ---


def test_an_order_of_the_export_costs_what_its_subtotal_says() -> None:
    [record] = orders_in(table(ROW, MORE))
    placed = only(said(record), OrderPlaced)
    assert placed.order_id == str(ORDER_ID)
    assert [(line.line_id, line.quantity, line.paid_minor) for line in placed.lines] == [
        ("export-1", 2, 3_600),
        ("export-2", 1, 900),
    ]
    assert (placed.total_minor, placed.shipping_minor, placed.tax_minor) == (5_000, 500, 798)
    assert (placed.coupon_code, placed.channel, placed.promised_by) == ("SPRING", "web", "2026-03-10")
    assert placed.destination is not None
    assert (placed.destination.region, placed.destination.postcode_prefix) == ("DE-BY", "803")


def test_it_is_paid_when_the_file_says_so() -> None:
    [record] = orders_in(table(ROW))
    assert only(said(record), OrderPaid).occurred_at.isoformat() == "2026-03-02T09:01:00+00:00"


def test_without_the_customers_export_everybody_is_a_guest() -> None:
    [record] = orders_in(table(ROW))
    assert {event.customer_id for event in said(record)} == {f"guest:{ORDER_ID}"}
    [known] = orders_in(table(ROW), {"ada@example.org": str(CUSTOMER_ID)})
    assert {event.customer_id for event in said(known)} == {str(CUSTOMER_ID)}


def test_the_customers_export_says_who_is_who() -> None:
    lines = ["Customer ID,First Name,Email\n", "'7101,Ada,Ada@Example.org\n", ",Bea,bea@example.org\n", "9,Cy,\n"]
    assert export.customers_of(lines) == {"ada@example.org": "7101"}
    with pytest.raises(export.NotAnExport, match="Customer ID"):
        export.customers_of(["Id,Email\n"])


def test_money_back_for_all_of_it_is_for_every_line_and_for_some_of_it_a_gesture() -> None:
    [whole] = orders_in(table(ROW | {"Refunded Amount": "50.00"}, MORE))
    assert [line.amount_minor for line in only(said(whole), OrderRefunded).lines] == [3_600, 900]
    [part] = orders_in(table(ROW | {"Refunded Amount": "7.00"}, MORE))
    given = only(said(part), OrderRefunded)
    assert (given.amount_minor, given.lines) == (700, ())


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ({"Id": ""}, "row 4: Id or Currency"),
        ({"Total": "a lot"}, "row 4: total_price"),
        ({"Created at": "yesterday"}, "row 4: created_at"),
        ({"Lineitem price": "x"}, "row 4: is no decimal number"),
        ({"Lineitem quantity": "many"}, "row 4: Lineitem quantity of row 4"),
    ],
)
def test_a_mistake_is_named_with_its_row(broken: dict[str, str], what: str) -> None:
    other = ROW | {"Name": "#1002", "Id": "2"} | broken
    found = list(mistakes_in(orders_in(table(ROW, MORE, other)), RUN))
    assert str(found[0]).startswith(what)
    assert len(found) == 1


def test_another_file_is_refused_by_its_columns() -> None:
    with pytest.raises(export.NotAnExport, match="Lineitem price"):
        orders_in(["Name,Id,Currency,Total\n", "#1,1,EUR,1\n"])


# --- saved pages of the API ---


@pytest.mark.parametrize(
    "lines",
    [
        saved({"orders": [order(), order(id=2)]}),
        saved({"orders": [order()]}, {"orders": [order(id=2)]}),
        saved([order(), order(id=2)]),
        saved([{"orders": [order()]}, {"orders": [order(id=2)]}]),
        saved(order(), {"order": order(id=2)}),
        json.dumps({"orders": [order(), order(id=2)]}, indent=2).encode().splitlines(keepends=True),
    ],
)
def test_pages_come_as_one_document_or_as_lines(lines: list[bytes]) -> None:
    records = list(pages.records_of(lines))
    assert [only(said(record), OrderPlaced).order_id for record in records] == [str(ORDER_ID), "2"]


def test_what_is_no_page_is_named_with_its_line() -> None:
    lines = [*saved({"orders": [order(), order(currency=None)]}), b"{broken\n", *saved({"orders": [7]})]
    assert [mistake.place for mistake in mistakes_in(pages.records_of(lines), RUN)] == [
        "line 1, order 2",
        "line 2",
        "line 3, order 1",
    ]
    [whole] = mistakes_in(pages.records_of([b"no json"]), RUN)
    assert whole.place == "file"


def test_test_orders_are_passed_over() -> None:
    [record] = pages.records_of(saved(order(test=True)))
    assert said(record) == []


def test_pieces_that_were_struck_are_gone() -> None:
    struck = refund(refund_line(SHIRT, restock_type="no_restock", location_id=None), paid=[])
    [record] = pages.records_of(saved(order(item(quantity=2), refunds=[struck])))
    assert [line.quantity for line in only(said(record), OrderChanged).lines or ()] == [1]
    [plain] = pages.records_of(saved(order()))
    assert OrderChanged not in {type(event.data) for event in said(plain)}


# --- what both lead to ---


def test_the_same_file_at_another_time_is_the_same_events() -> None:
    again = RUN._replace(at=AT + timedelta(days=3))
    for record in (*orders_in(table(ROW, MORE)), *pages.records_of(saved(order(fulfillments=[fulfillment()])))):
        first, second = said(record), said(record, again)
        assert [(event.id, event.data) for event in first] == [(event.id, event.data) for event in second]
        assert len({event.id for event in first}) == len(first)


def test_everything_is_said_now_and_marked_as_past() -> None:
    [record] = pages.records_of(saved(order(financial_status="paid", customer=customer())))
    for event in said(record):
        assert is_past(event.correlation_id, AT)
        assert not is_past(event.correlation_id, AT + timedelta(seconds=1))
        assert event.source == "/shopify/berlin.myshopify.com"
        assert event.time == (AT if not isinstance(event.data, CustomerUpdated) else event.data.occurred_at)


def test_a_past_order_is_told_whole_and_opens_nothing_that_is_over() -> None:
    body = order(
        customer=customer(id=ADA), financial_status="paid", fulfillments=[fulfillment()],
        note_attributes=[{"name": "Delivery-Date", "value": "2026-03-30"}],
    )  # fmt: skip
    [record] = pages.records_of(saved(body))
    after = told(*said(record))
    timeline = after.account.timelines[str(ORDER_ID)]
    assert timeline.standing.status is OrderStatus.delivered
    assert after.names[:3] == ["OrderConfirmed", "OrderShipped", "OrderDelivered"]
    assert after.troubles == []
    assert told(*said(record), *said(record)).names == after.names


@pytest.mark.parametrize(("days", "arrived"), [(14, True), (60, False), (None, False)])
def test_a_parcel_nobody_spoke_of_arrives_some_time(days: int | None, arrived: bool) -> None:
    run = RUN._replace(arrives_after=timedelta(days=days) if days else None)
    [record] = pages.records_of(saved(order(fulfillments=[fulfillment()])))
    scans = [event.data for event in said(record, run) if isinstance(event.data, ShipmentProgressed)]
    assert [scan.occurred_at.isoformat() for scan in scans] == (["2026-03-17T08:00:00+00:00"] if arrived else [])


def test_a_parcel_known_to_have_arrived_did_so_then() -> None:
    parcel = fulfillment(shipment_status="delivered", updated_at="2026-03-05T12:00:00Z")
    [record] = pages.records_of(saved(order(fulfillments=[parcel])))
    assert only(said(record), ShipmentProgressed).occurred_at.isoformat() == "2026-03-05T12:00:00+00:00"


# --- the command ---


def test_a_dry_run_counts_and_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "orders_export.csv"
    file.write_text("".join(table(ROW, MORE)), encoding="utf-8-sig")
    with pytest.raises(SystemExit) as ended:
        backfill_command.main(["backfill", str(file), "--shop", "berlin.myshopify.com", "--dry-run"])
    assert ended.value.code == 0
    assert "1 OrderPlaced" in capsys.readouterr().out


def test_a_file_with_a_mistake_says_nothing_unless_told_to_pass_over_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "orders.jsonl"
    file.write_bytes(b"".join(saved({"orders": [order(), order(id=None, admin_graphql_api_id=None)]})))
    words = ["backfill", str(file), "--shop", "berlin.myshopify.com", "--dry-run"]
    with pytest.raises(SystemExit) as ended:
        backfill_command.main(words)
    assert ended.value.code == 1
    assert "line 1, order 2: id: no id" in capsys.readouterr().err
    with pytest.raises(SystemExit) as passed:
        backfill_command.main([*words, "--skip-mistakes"])
    assert passed.value.code == 0
    assert "1 OrderPlaced" in capsys.readouterr().out


async def test_a_file_is_said_as_the_shops_hooks_would_have_said_it(
    kafka: Broker, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap)
    monkeypatch.setenv("KAFKA_IDEMPOTENT_PRODUCER", str(kafka.idempotent_producer).lower())
    monkeypatch.setenv("PARTITIONS", str(PARTITIONS))
    monkeypatch.setenv("LINK_KEYS", LINK_KEYS)
    monkeypatch.setenv("ORDERS_LISTENER_DATABASE_URL", "postgresql+asyncpg://nobody@127.0.0.1/nothing")
    file = tmp_path / "orders.json"
    file.write_bytes(b"".join(saved({"orders": [order(financial_status="paid")]})))
    with pytest.raises(SystemExit) as ended:
        await asyncio.to_thread(backfill_command.main, ["backfill", str(file), "--shop", "berlin.myshopify.com"])
    assert ended.value.code == 0
    assert "nobody is told" in capsys.readouterr().out

    records = await said_on(kafka.bootstrap, "storefront.orders", 2)
    records += await said_on(kafka.bootstrap, "storefront.customers", 1)
    headers = [{name: text.decode() for name, text in record.headers} for record in records]
    assert {one["ce_type"] for one in headers} == {
        "storefront.customer-updated.v1",
        "storefront.order-paid.v1",
        "storefront.order-placed.v1",
    }
    assert {one["ce_source"] for one in headers} == {"/shopify/berlin.myshopify.com"}
    assert all(one["ce_correlationid"].startswith("past:") for one in headers)
    assert {record.key for record in records} == {str(CUSTOMER_ID).encode()}
