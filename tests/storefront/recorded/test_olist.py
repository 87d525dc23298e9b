"""Olist's files become facts at their own times; what stands in them is exact, or refused by file and line."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.storefront import CustomerUpdated, OrderCancelled, OrderPaid, OrderPlaced, ShipmentProgressed
from storefront.recorded import Recording, UnreadableRows, recording_of, told
from storefront.recorded.export import export
from storefront.saying import Said, event_of, record_of

ORDERS = """\
order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date
o1,k1,delivered,2017-02-18 22:30:00,2017-02-18 23:00:00,2017-02-20 10:00:00,2017-02-24 10:00:00,2017-02-23 00:00:00
o2,k2,unavailable,2017-03-01 10:00:00,2017-03-02 10:00:00,,,2017-03-20 00:00:00
o3,k3,canceled,2017-03-01 11:00:00,,,,2017-03-20 00:00:00
o4,k4,delivered,2017-03-01 12:00:00,,2017-03-02 09:00:00,2017-03-05 09:00:00,2017-03-20 00:00:00
o5,k5,created,2017-03-01 13:00:00,,,,2017-03-20 00:00:00
"""
ITEMS = """\
order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value
o1,1,p1,s,2017-02-21 10:00:00,199.9,18.14
o1,2,p2,s,2017-02-22 10:00:00,0.99,0.0
o3,1,p1,s,2017-03-05 10:00:00,50.0,1.0
o4,1,p1,s,2017-03-05 10:00:00,10.55,1.0
"""
CUSTOMERS = "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n" + "".join(
    f"k{number},person{1 if number in (1, 4) else number},1310,sao paulo,SP\n" for number in range(1, 6)
)
FILES = {
    "orders.csv": ORDERS,
    "order_items.csv": ITEMS,
    "customers.csv": CUSTOMERS,
    "products.csv": "product_id,product_category_name\np1,perfumaria\np2,\n",
    "product_category_name_translation.csv": "product_category_name,product_category_name_english\n"
    "perfumaria,perfumery\n",
}


def _recording(folder: Path, **changed: str) -> Recording:
    for name, content in FILES.items():
        (folder / name).write_text(changed.get(name.removesuffix(".csv"), content), encoding="utf-8-sig")
    return recording_of(folder)


def _facts(folder: Path, kind: type, order_id: str) -> list[Said]:
    said = told(_recording(folder).orders)
    return [each for each in said if isinstance(each.fact, kind) and getattr(each.fact, "order_id", None) == order_id]


def test_money_is_exact_and_every_piece_a_line(tmp_path: Path) -> None:
    [(placed, _)] = _facts(tmp_path, OrderPlaced, "o1")

    assert isinstance(placed, OrderPlaced)
    assert [(line.line_id, line.paid_minor, line.category) for line in placed.lines] == [
        ("1", 19990, "perfumery"),
        ("2", 99, None),
    ]
    assert (placed.shipping_minor, placed.total_minor, placed.promised_by) == (1814, 21903, "2017-02-23")


def test_times_are_those_of_sao_paulo_also_when_its_clocks_change(tmp_path: Path) -> None:
    [placed], [paid] = _facts(tmp_path, OrderPlaced, "o1"), _facts(tmp_path, OrderPaid, "o1")
    left, arrived = _facts(tmp_path, ShipmentProgressed, "o1")

    assert placed.said_at == datetime(2017, 2, 19, 0, 30, tzinfo=UTC)  # summer time ends with this day
    assert paid.said_at == datetime(2017, 2, 19, 1, 0, tzinfo=UTC)
    assert (left.said_at.hour, arrived.said_at.hour) == (13, 13)


@pytest.mark.parametrize(
    ("order_id", "cancelled_at", "paid"),
    [("o2", datetime(2017, 3, 2, 13, tzinfo=UTC), 1), ("o3", datetime(2017, 3, 1, 14, tzinfo=UTC), 0)],
)
def test_what_was_never_sent_is_called_off_when_it_was_approved_or_else_placed(
    tmp_path: Path, order_id: str, cancelled_at: datetime, paid: int
) -> None:
    [cancelled] = _facts(tmp_path, OrderCancelled, order_id)

    assert cancelled.said_at == cancelled_at
    assert len(_facts(tmp_path, OrderPaid, order_id)) == paid


def test_an_order_that_was_sent_without_an_approval_was_to_be_paid_later(tmp_path: Path) -> None:
    later = {order.order_id: order.pay_later for order in _recording(tmp_path).orders}

    assert later == {"o1": False, "o2": False, "o3": False, "o4": True, "o5": False}


def test_a_person_is_introduced_once_and_can_never_be_reached(tmp_path: Path) -> None:
    people = [said.fact for said in told(_recording(tmp_path).orders) if isinstance(said.fact, CustomerUpdated)]

    assert Counter(person.customer_id for person in people) == Counter(["person1", "person2", "person3", "person5"])
    assert all(contact.address.endswith("@example.org") for person in people for contact in person.contacts)


def test_points_are_summed_from_the_file_alone(tmp_path: Path) -> None:
    assert _recording(tmp_path).points == 199 + 0 + 10  # o3 was cancelled


def test_facts_come_in_time_order_and_can_be_said(tmp_path: Path) -> None:
    said = told(_recording(tmp_path).orders)

    assert [each.said_at for each in said] == sorted(each.said_at for each in said)
    for each in said:
        record_of(event_of(each, "/storefronts/test"))


@pytest.mark.parametrize(
    ("file", "old", "new", "mistake"),
    [
        ("order_items", "199.9", "199.999", r"order_items\.csv:2: price has more places than BRL: '199.999'"),
        ("order_items", "199.9", "cheap", r"order_items\.csv:2: price is no amount: 'cheap'"),
        ("order_items", "199.9", "-1", r"order_items\.csv:2: price is no amount that somebody pays"),
        ("order_items", "o4,1", "o9,1", r"order_items\.csv:5: there is no order o9"),
        ("orders", "2017-02-18 22:30:00", "", r"orders\.csv:2: order_purchase_timestamp is empty"),
        (
            "orders",
            "2017-02-18 22:30:00",
            "yesterday",
            r"orders\.csv:2: order_purchase_timestamp is no time .*yesterday",
        ),
        ("orders", "o2,k2", "o1,k2", r"orders\.csv:3: order_id o1 stands here a second time"),
        ("orders", "o2,k2", "o2,k9", r"orders\.csv:3: there is no customer k9"),
        ("orders", "order_status", "status", r"orders\.csv:1: there is no column order_status"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_read(tmp_path: Path, file: str, old: str, new: str, mistake: str) -> None:
    with pytest.raises(UnreadableRows, match=mistake):
        _recording(tmp_path, **{file: FILES[f"{file}.csv"].replace(old, new, 1)})


def test_a_folder_without_anything_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableRows, match=r"neither a folder with orders\.csv"):
        recording_of(tmp_path)


def test_a_simulated_shop_is_written_and_read_as_recorded_orders(tmp_path: Path) -> None:
    assert export(7, tmp_path / "one", 60) == 60
    export(7, tmp_path / "two", 60)
    recording = recording_of(tmp_path / "one")
    delivered = [order for order in recording.orders if order.delivered_at]

    assert (recording.layout, len(recording.orders)) == ("olist", 60)
    assert len(delivered) > 45
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in FILES)
