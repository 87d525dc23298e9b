"""The CSV files of the Olist Brazilian E-Commerce Public Dataset (orders, items, customers, products, categories).

Every `customer_id` there is one order; the person is `customer_unique_id`. Times are local and name no zone.
What each column becomes stands in docs/replay.md.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from contracts.storefront import CancelledBy
from contracts.vocabulary import Destination, OrderLine
from storefront.recorded.orders import Buyer, Cancellation, RecordedOrder, Recording
from storefront.recorded.tables import BadRow, Mistakes, Row, rows_of

ZONE_NAME = "America/Sao_Paulo"
ZONE = ZoneInfo(ZONE_NAME)
CURRENCY, COUNTRY, LOCALE = "BRL", "BR", "pt-BR"
TIME = "%Y-%m-%d %H:%M:%S"

ORDERS = (
    "order_id", "customer_id", "order_status", "order_purchase_timestamp", "order_approved_at",
    "order_delivered_carrier_date", "order_delivered_customer_date", "order_estimated_delivery_date",
)  # fmt: skip
ITEMS = ("order_id", "order_item_id", "product_id", "seller_id", "shipping_limit_date", "price", "freight_value")
CUSTOMERS = (
    "customer_id", "customer_unique_id", "customer_zip_code_prefix", "customer_city", "customer_state",
)  # fmt: skip
PRODUCTS = ("product_id", "product_category_name")
CATEGORIES = ("product_category_name", "product_category_name_english")

ENDED = {"canceled": "canceled", "unavailable": "unavailable"}
"""Statuses of orders of which nothing more was sent, and the reason that is said."""
UNPAID = {"created", *ENDED}
"""Statuses in which a missing approval means that nobody paid; in all others that nobody wrote it down."""


def recording(folder: Path) -> Recording:
    """All orders of the folder. Raises `UnreadableRows`."""
    mistakes = Mistakes()
    categories = _categories(folder)
    items = _items(folder, mistakes)
    customers = {row.cells["customer_id"]: row for row in rows_of(folder / "customers.csv", CUSTOMERS)}
    orders: dict[str, RecordedOrder] = {}
    for row in rows_of(folder / "orders.csv", ORDERS):
        try:
            order_id = row.new("order_id", orders)
            orders[order_id] = _order(row, customers, items.pop(order_id, []), categories)
        except BadRow as mistake:
            mistakes.note(mistake)
    for row in (row for rows in items.values() for row in rows):
        mistakes.note(row.bad(f"there is no order {row.cells['order_id']}"))
    mistakes.raise_any()
    return Recording("olist", list(orders.values()), points_of(folder))


def points_of(folder: Path) -> int:
    """One point per whole real of each item's price, no freight, orders neither canceled nor unavailable.

    The check on loyalty: it reads the files again and knows nothing of orders, lines or rounding elsewhere.
    """
    status = {row.cells["order_id"]: row.cells["order_status"] for row in rows_of(folder / "orders.csv", ORDERS)}
    prices = (
        row.cells["price"]
        for row in rows_of(folder / "order_items.csv", ITEMS)
        if status.get(row.cells["order_id"]) not in ("canceled", "unavailable")
    )
    return sum(int(price.partition(".")[0] or 0) for price in prices)


def _categories(folder: Path) -> dict[str, str]:
    english = {
        row.cells["product_category_name"]: row.cells["product_category_name_english"]
        for row in rows_of(folder / "product_category_name_translation.csv", CATEGORIES)
    }
    products = rows_of(folder / "products.csv", PRODUCTS)
    named = ((row.cells["product_id"], row.cells["product_category_name"]) for row in products)
    return {product_id: english.get(name, name)[:64] for product_id, name in named if name}


def _items(folder: Path, mistakes: Mistakes) -> dict[str, list[Row]]:
    items: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows_of(folder / "order_items.csv", ITEMS):
        try:
            items[row.needed("order_id")].append(row)
        except BadRow as mistake:
            mistakes.note(mistake)
    return items


def _order(
    row: Row, customers: Mapping[str, Row], items: Sequence[Row], categories: Mapping[str, str]
) -> RecordedOrder:
    placed_at = row.needed_moment("order_purchase_timestamp", TIME, ZONE)
    approved_at = row.moment("order_approved_at", TIME, ZONE)
    status = row.needed("order_status")
    customer = customers.get(row.needed("customer_id"))
    if customer is None:
        raise row.bad(f"there is no customer {row.cells['customer_id']}")
    lines = tuple(_line(item, categories) for item in items)
    shipping_minor = sum(item.amount("freight_value", CURRENCY) for item in items)
    return RecordedOrder(
        order_id=row.needed("order_id"),
        buyer=Buyer(customer.needed("customer_unique_id"), COUNTRY, ZONE_NAME, LOCALE),
        placed_at=placed_at,
        currency=CURRENCY,
        lines=lines,
        shipping_minor=shipping_minor,
        total_minor=sum(line.paid_minor for line in lines) + shipping_minor,
        destination=_destination(customer),
        ship_by=_ship_by(items),
        promised_by=row.day("order_estimated_delivery_date", TIME).isoformat(),
        pay_later=approved_at is None and status not in UNPAID,
        paid_at=approved_at,
        cancellation=_cancellation(status, placed_at, approved_at),
        handed_over_at=row.moment("order_delivered_carrier_date", TIME, ZONE),
        delivered_at=row.moment("order_delivered_customer_date", TIME, ZONE),
    )


def _line(item: Row, categories: Mapping[str, str]) -> OrderLine:
    price_minor, product_id = item.amount("price", CURRENCY), item.needed("product_id")
    return OrderLine(
        line_id=item.needed("order_item_id"),
        sku=product_id[:64],
        product_id=product_id,
        quantity=1,
        unit_price_minor=price_minor,
        paid_minor=price_minor,
        category=categories.get(product_id),
    )


def _destination(customer: Row) -> Destination:
    region, postcode = customer.text("customer_state"), customer.text("customer_zip_code_prefix")
    return Destination(
        country=COUNTRY,
        region=f"BR-{region}" if region else None,
        postcode_prefix=postcode.zfill(5)[:8] if postcode else None,
        zone=ZONE_NAME,
    )


def _ship_by(items: Iterable[Row]) -> str | None:
    """The last of the items' limits: only then is the order late for the carrier."""
    limits = [limit for item in items if (limit := item.moment("shipping_limit_date", TIME, ZONE))]
    return max(limits).isoformat() if limits else None


def _cancellation(status: str, placed_at: datetime, approved_at: datetime | None) -> Cancellation | None:
    if status not in ENDED:
        return None
    by = CancelledBy.shop if status == "unavailable" else CancelledBy.customer
    return Cancellation(approved_at or placed_at, by if approved_at else CancelledBy.payment, ENDED[status])
