"""An order export of Shopify's admin becomes facts without anybody's name or address."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.storefront import CustomerUpdated, OrderCancelled, OrderPlaced, OrderRefunded, ShipmentCreated
from storefront.recorded import RecordedOrder, UnreadableRows, recording_of, told
from storefront.recorded.amounts import minor_of, shares

HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,Shipping,Taxes,Total,"
    "Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,Lineitem name,Lineitem price,"
    "Lineitem sku,Lineitem fulfillment status,Shipping Name,Shipping Zip,Shipping Province,Shipping Country,"
    "Cancelled at,Refunded Amount,Id,Source"
)
FIRST = (
    "#1001,Ada@Shop.example,paid,2026-03-02 10:01:00 +0100,partial,2026-03-03 16:00:00 +0100,EUR,90.00,4.90,15.15,"
    "94.90,SPRING,10.00,Standard,2026-03-02 10:00:00 +0100,2,Shirt - red,40.00,SH-R,fulfilled,Ada L.,'01067,,DE,"
    ",0.00,55,web"
)
SECOND = "#1001,ada@shop.example,,,,,,,,,,,,,2026-03-02 10:00:00 +0100,1,Mug,20.00,MUG,pending,,,,,,,,"
CALLED_OFF = (
    "#1002,ada@shop.example,refunded,2026-03-04 10:01:00 +0100,unfulfilled,,EUR,20.00,0,3.19,20.00,,0,Standard,"
    "2026-03-04 10:00:00 +0100,1,Mug,20.00,MUG,pending,Ada L.,'01067,,DE,2026-03-05 09:00:00 +0100,20.00,56,web"
)


def _orders(folder: Path, *rows: str) -> list[RecordedOrder]:
    file = folder / "orders_export.csv"
    file.write_text("\n".join([HEADER, *rows]) + "\n")
    return recording_of(file).orders


def test_rows_of_one_name_are_one_order_and_its_discount_is_divided(tmp_path: Path) -> None:
    [order] = _orders(tmp_path, FIRST, SECOND)

    assert [(line.sku, line.quantity, line.paid_minor) for line in order.lines] == [("SH-R", 2, 7200), ("MUG", 1, 1800)]
    assert (order.order_id, order.currency, order.total_minor) == ("1001", "EUR", 9490)
    assert order.placed_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert order.destination
    assert order.destination.postcode_prefix == "010"


def test_only_lines_that_were_sent_are_in_the_parcel(tmp_path: Path) -> None:
    said = told(_orders(tmp_path, FIRST, SECOND))
    [parcel] = [each.fact for each in said if isinstance(each.fact, ShipmentCreated)]

    assert [(line.line_id, line.quantity) for line in parcel.lines] == [("1", 2)]


def test_a_cancelled_order_that_was_given_back_whole_gives_back_its_lines(tmp_path: Path) -> None:
    facts = [said.fact for said in told(_orders(tmp_path, CALLED_OFF))]
    [refund] = [fact for fact in facts if isinstance(fact, OrderRefunded)]

    assert any(isinstance(fact, OrderCancelled) for fact in facts)
    assert [(line.line_id, line.amount_minor) for line in refund.lines] == [("1", 2000)]


def test_nobody_is_named_and_one_person_stays_one(tmp_path: Path) -> None:
    said = told(_orders(tmp_path, FIRST, SECOND, CALLED_OFF))
    people = [each.fact for each in said if isinstance(each.fact, CustomerUpdated)]
    placed = [each.fact for each in said if isinstance(each.fact, OrderPlaced)]

    assert len(people) == 1
    assert len({order.customer_id for order in placed}) == 1
    assert "ada" not in repr(said).lower()


@pytest.mark.parametrize(
    ("row", "mistake"),
    [
        (FIRST.replace(",40.00,", ",4O.00,"), "orders_export.csv:2: Lineitem price is no amount: '4O.00'"),
        (FIRST.replace("2026-03-02 10:00:00 +0100", "2026-03-02"), "orders_export.csv:2: Created at is no time"),
        (FIRST.replace("EUR", "", 1), "orders_export.csv:2: Currency is empty"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, mistake: str) -> None:
    with pytest.raises(UnreadableRows, match=mistake):
        _orders(tmp_path, row)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("199.9", "BRL", 19990), ("0.07", "EUR", 7), ("1200", "JPY", 1200), ("1.234", "KWD", 1234), ("1e2", "EUR", 10000)],
)
def test_an_amount_is_exact(text: str, currency: str, minor: int) -> None:
    assert minor_of(text, currency) == minor


@pytest.mark.parametrize(
    ("amount", "weights"), [(1000, [8000, 2000]), (1, [1, 1, 1]), (0, [5]), (7, []), (10, [0, 3, 3, 3])]
)
def test_shares_add_up(amount: int, weights: list[int]) -> None:
    assert sum(shares(amount, weights)) == (amount if sum(weights) else 0)
