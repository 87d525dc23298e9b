"""The order export of Shopify's admin: one row per line item, the order's own columns in the first of its rows.

Names, addresses and phone numbers in the file are not read; an e-mail address becomes a pseudonym and is forgotten.
The export knows neither promises nor deliveries. What each column becomes stands in docs/replay.md.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from contracts.storefront import CancelledBy
from contracts.vocabulary import Destination, OrderLine, RefundedLine
from storefront.recorded.amounts import shares
from storefront.recorded.orders import Buyer, Cancellation, RecordedOrder, Recording, Refund
from storefront.recorded.tables import BadRow, Mistakes, Row, rows_of

COLUMNS = (
    "Name", "Email", "Currency", "Total", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price",
)  # fmt: skip
"""Without these a file is no such export; every other column may be missing."""
TIME = "%Y-%m-%d %H:%M:%S %z"
SENT = "fulfilled"


def recording(files: Sequence[Path]) -> Recording:
    """All orders of the exports. Raises `UnreadableRows`."""
    mistakes = Mistakes()
    orders: dict[str, RecordedOrder] = {}
    for rows in (rows for file in files for rows in _orders_of(file)):
        try:
            orders[rows[0].new("Name", orders)] = _order(rows)
        except BadRow as mistake:
            mistakes.note(mistake)
    mistakes.raise_any()
    return Recording("shopify", list(orders.values()), sum(map(points_of, orders.values())))


def points_of(order: RecordedOrder) -> int:
    """One point per hundred minor units of each line that was paid for and kept; the check on loyalty."""
    if order.cancellation or not order.paid_at or (order.refund and order.refund.lines):
        return 0
    return sum(line.paid_minor // 100 for line in order.lines)


def _orders_of(file: Path) -> Iterator[list[Row]]:
    for _, rows in groupby(rows_of(file, COLUMNS), key=lambda row: row.cells["Name"]):
        yield list(rows)


def _order(rows: Sequence[Row]) -> RecordedOrder:
    first = rows[0]
    currency, order_id = first.needed("Currency"), first.needed("Name").removeprefix("#")
    placed_at = first.needed_moment("Created at", TIME)
    paid_at = first.moment("Paid at", TIME)
    cancelled_at = first.moment("Cancelled at", TIME)
    handed_over_at = first.moment("Fulfilled at", TIME)
    lines = _lines(rows, currency)
    ended = Cancellation(cancelled_at, CancelledBy.customer, "cancelled") if cancelled_at else None
    last_known_at = max(filter(None, (placed_at, paid_at, handed_over_at, cancelled_at)))
    return RecordedOrder(
        order_id=order_id,
        buyer=_buyer(first, order_id),
        placed_at=placed_at,
        currency=currency,
        lines=lines,
        shipping_minor=first.amount("Shipping", currency),
        tax_minor=first.amount("Taxes", currency),
        total_minor=first.amount("Total", currency),
        destination=_destination(first),
        channel=_cut(first.text("Source"), 64),
        coupon_code=_cut(first.text("Discount Code"), 64),
        paid_at=paid_at,
        cancellation=ended,
        handed_over_at=handed_over_at,
        shipped_line_ids=_shipped(rows, lines),
        refund=_refund(first, currency, lines, last_known_at),
    )


def _buyer(row: Row, order_id: str) -> Buyer:
    email = row.text("Email")
    country = _country(row.text("Shipping Country"))
    if email is None:
        return Buyer(f"guest:{order_id}", country)
    return Buyer(f"c-{sha256(email.lower().encode()).hexdigest()[:24]}", country)


def _lines(rows: Sequence[Row], currency: str) -> tuple[OrderLine, ...]:
    """What each line cost in the end: its own discount taken off, the order's divided by what the lines cost."""
    prices = [row.amount("Lineitem price", currency) for row in rows]
    pieces = [row.number("Lineitem quantity") for row in rows]
    own = [row.amount("Lineitem discount", currency) for row in rows]
    rest = [max(0, price * count - less) for price, count, less in zip(prices, pieces, own, strict=True)]
    order_discount = min(rows[0].amount("Discount Amount", currency), sum(rest))
    less = shares(order_discount, rest)
    return tuple(
        OrderLine(
            line_id=str(number),
            sku=_cut(row.text("Lineitem sku") or row.needed("Lineitem name"), 64) or "",
            title=_cut(row.text("Lineitem name"), 500),
            quantity=pieces[place],
            unit_price_minor=prices[place],
            discount_minor=own[place] + less[place],
            paid_minor=rest[place] - less[place],
        )
        for place, (number, row) in enumerate(enumerate(rows, start=1))
    )


def _shipped(rows: Sequence[Row], lines: Sequence[OrderLine]) -> tuple[str, ...]:
    """The lines that were sent, where the file says so of any; else all of them."""
    sent = [row.text("Lineitem fulfillment status") == SENT for row in rows]
    return tuple(line.line_id for line, was_sent in zip(lines, sent, strict=True) if was_sent)


def _refund(row: Row, currency: str, lines: Sequence[OrderLine], at: datetime) -> Refund | None:
    """All of the money: every line. Part of it: a gesture, because the file does not say for what."""
    amount_minor = row.amount("Refunded Amount", currency)
    if not amount_minor:
        return None
    if amount_minor < row.amount("Total", currency):
        return Refund(at, amount_minor)
    given = (RefundedLine(line_id=line.line_id, quantity=line.quantity, amount_minor=line.paid_minor) for line in lines)
    return Refund(at, amount_minor, tuple(given))


def _destination(row: Row) -> Destination | None:
    country, province = _country(row.text("Shipping Country")), row.text("Shipping Province")
    if country is None:
        return None
    postcode = (row.text("Shipping Zip") or "").lstrip("'")  # spreadsheets keep leading zeros behind an apostrophe
    region = f"{country}-{province}"[:64] if province else None
    return Destination(country=country, region=region, postcode_prefix=postcode[:3] or None)


def _country(text: str | None) -> str | None:
    return text if text and len(text) == 2 and text.isascii() and text.isupper() else None


def _cut(text: str | None, most: int) -> str | None:
    return text[:most] if text else None
