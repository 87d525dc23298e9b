"""The order export of Shopify's admin (CSV), brought into the form of the API: one row per line of an order, the
order's own columns in the first of them.

It names no customer, no line and no parcel by an id. Customers are found by their address in the customers' export,
where that is given; without it everybody is a guest. Lines and parcels are counted.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from contracts.money import minor_per_unit
from orders_listener.ingest.backfill.records import Mistake, Record
from orders_listener.ingest.moments import moment_of
from orders_listener.ingest.money import NotAnAmount, nearest_minor_of
from orders_listener.ingest.shopify.bodies import (
    Address,
    Customer,
    DiscountAllocation,
    DiscountCode,
    Fulfillment,
    LineItem,
    NoteAttribute,
    Order,
    Refund,
    RefundLineItem,
    ShippingLine,
    Transaction,
)
from orders_listener.ingest.shopify.lines import at_most

COLUMNS = ("Name", "Id", "Currency", "Total", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price")
"""Without these a file is no such export; every other column may be missing."""
CUSTOMER_COLUMNS = ("Customer ID", "Email")


class Row(NamedTuple):
    """A row of the file and its number, as a spreadsheet shows it."""

    number: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str | None:
        """What stands there; spreadsheets keep leading zeros behind an apostrophe."""
        return (self.cells.get(column) or "").strip().lstrip("'") or None


class NotAnExport(ValueError):
    """The first row does not have the columns of such an export."""


class BadCell(ValueError):
    """A cell that cannot be read; names the column."""


def customers_of(lines: Iterable[str]) -> dict[str, str]:
    """Customer ids by e-mail address, from the admin's export of customers. Raises `NotAnExport`."""
    rows = _rows(lines, CUSTOMER_COLUMNS)
    found = ((row.text("Email"), row.text("Customer ID")) for row in rows)
    return {email.casefold(): customer_id for email, customer_id in found if email and customer_id}


def records_of(lines: Iterable[str], customers: Mapping[str, str]) -> Iterator[Record | Mistake]:
    """Every order of the export. Raises `NotAnExport`."""
    for _, group in groupby(_rows(lines, COLUMNS), key=lambda row: row.cells.get("Name")):
        rows = list(group)
        place = f"row {rows[0].number}"
        try:
            yield Record(place, _order(rows, customers))
        except (BadCell, NotAnAmount) as error:
            yield Mistake(place, str(error))


def _rows(lines: Iterable[str], columns: Sequence[str]) -> Iterator[Row]:
    reader = csv.DictReader(lines)
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise NotAnExport(f"the first row has no column {', '.join(missing)}")
    for number, cells in enumerate(reader, start=2):
        yield Row(number, {name: cell or "" for name, cell in cells.items() if isinstance(name, str)})


def _order(rows: Sequence[Row], customers: Mapping[str, str]) -> Order:
    first = rows[0]
    order_id, currency, email = first.text("Id"), first.text("Currency"), first.text("Email")
    if order_id is None or currency is None:
        raise BadCell("Id or Currency is empty: an order begins with its own columns")
    items = _items(rows, currency)
    return Order(
        id=order_id,
        currency=currency,
        created_at=first.text("Created at"),
        cancelled_at=first.text("Cancelled at"),
        customer=_customer(first, email, customers),
        email=email,
        phone=first.text("Phone"),
        shipping_address=_address(first),
        financial_status=first.text("Financial Status"),
        paid_at=first.text("Paid at"),
        payment_terms=first.text("Payment Terms Name"),
        payment_gateway_names=[first.text("Payment Method")],
        source_name=first.text("Source"),
        discount_codes=[DiscountCode(code=first.text("Discount Code"))],
        line_items=items,
        shipping_lines=[ShippingLine(price=first.text("Shipping"))],
        total_price=first.text("Total"),
        total_tax=first.text("Taxes"),
        note_attributes=_notes(first),
        fulfillments=_fulfillments(rows, items, order_id),
        refunds=_refunds(first, items, order_id, currency),
    )


def _customer(row: Row, email: str | None, customers: Mapping[str, str]) -> Customer | None:
    customer_id = customers.get((email or "").casefold())
    return Customer(id=customer_id, email=email, phone=row.text("Phone")) if customer_id else None


def _address(row: Row) -> Address | None:
    country = row.text("Shipping Country")
    return (
        Address(country_code=country, province_code=row.text("Shipping Province"), zip=row.text("Shipping Zip"))
        if country
        else None
    )


def _items(rows: Sequence[Row], currency: str) -> list[LineItem]:
    """The lines, with what is taken off each so that all of them cost what the order's subtotal says."""
    numbered = list(enumerate(rows, start=1))
    prices = [nearest_minor_of(row.text("Lineitem price") or 0, currency) * _pieces(row) for row in rows]
    own = [nearest_minor_of(row.text("Lineitem discount") or 0, currency) for row in rows]
    after_own = [max(0, price - less) for price, less in zip(prices, own, strict=True)]
    subtotal = rows[0].text("Subtotal")
    paid = at_most(nearest_minor_of(subtotal, currency), after_own) if subtotal else after_own
    return [
        LineItem(
            id=f"export-{number}",
            sku=row.text("Lineitem sku"),
            title=row.text("Lineitem name"),
            quantity=_pieces(row),
            price=row.text("Lineitem price"),
            requires_shipping=row.text("Lineitem requires shipping") != "false",
            discount_allocations=[DiscountAllocation(amount=_written(price - cost, currency))],
        )
        for (number, row), price, cost in zip(numbered, prices, paid, strict=True)
    ]


def _pieces(row: Row) -> int:
    text = row.text("Lineitem quantity")
    if text is None or not text.isascii() or not text.isdecimal():
        raise BadCell(f"Lineitem quantity of row {row.number} is no number")
    return int(text)


def _written(amount_minor: int, currency: str) -> str:
    """As Shopify would write it."""
    return str(Decimal(amount_minor) / minor_per_unit(currency))


def _notes(row: Row) -> list[NoteAttribute]:
    """`name: value`, one on each line of the cell."""
    pairs = (line.partition(":") for line in (row.text("Note Attributes") or "").splitlines())
    return [NoteAttribute(name=name, value=value) for name, _, value in pairs]


def _fulfillments(rows: Sequence[Row], items: Sequence[LineItem], order_id: str) -> list[Fulfillment]:
    """One parcel: the file knows when something was sent, and not in how many pieces."""
    sent_at = rows[0].text("Fulfilled at")
    if sent_at is None:
        return []
    pairs = zip(rows, items, strict=True)
    sent = [item for row, item in pairs if row.text("Lineitem fulfillment status") == "fulfilled"]
    return [Fulfillment(id=f"{order_id}-export", created_at=sent_at, line_items=sent or list(items))]


def _refunds(row: Row, items: Sequence[LineItem], order_id: str, currency: str) -> list[Refund]:
    """All of the money: every line. Part of it: a gesture, because the file does not say for what."""
    amount = row.text("Refunded Amount")
    given_minor = nearest_minor_of(amount or 0, currency)
    if not given_minor:
        return []
    whole = given_minor >= nearest_minor_of(row.text("Total") or 0, currency)
    return [
        Refund(
            id=f"{order_id}-export",
            created_at=_last_known(row),
            refund_line_items=[_given_back(item, currency) for item in items] if whole else [],
            transactions=[Transaction(kind="refund", status="success", amount=amount, currency=currency)],
        )
    ]


def _given_back(item: LineItem, currency: str) -> RefundLineItem:
    discounts = item.discount_allocations or []
    less_minor = sum(nearest_minor_of(one.amount, currency) for one in discounts)
    cost_minor = nearest_minor_of(item.price or 0, currency) * (item.quantity or 0) - less_minor
    return RefundLineItem(line_item_id=item.id, quantity=item.quantity, subtotal=_written(cost_minor, currency))


def _last_known(row: Row) -> str | None:
    """The latest time in the row: money was given back then or later."""
    texts = [row.text(column) for column in ("Created at", "Paid at", "Fulfilled at", "Cancelled at")]
    times = {moment: text for text in texts if (moment := moment_of(text))}
    return times[max(times)] if times else None
