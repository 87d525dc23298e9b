"""A simulated shop written down as Olist would: so that a replay needs nobody's data. The mapping back is `olist`'s.

What the layout cannot say (second parcels, refunds, moved promises) is lost on the way.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from contracts.storefront import CancelledBy, OrderCancelled, OrderPaid, ShipmentProgressed, ShipmentStatus
from storefront.recorded.amounts import text_of
from storefront.recorded.olist import CATEGORIES, CURRENCY, CUSTOMERS, ITEMS, ORDERS, PRODUCTS, TIME, ZONE
from storefront.simulation.stories import Story
from storefront.simulator import Shop


def export(seed: int, folder: Path, orders: int, orders_per_day: float = 18) -> int:
    """Write the first `orders` orders of a shop; returns how many there were."""
    weeks = int(orders / (7 * orders_per_day) * 1.3) + 2
    stories = list(islice(Shop(seed, weeks, orders_per_day).stories(), orders))
    folder.mkdir(parents=True, exist_ok=True)
    products = {(line.product_id or line.sku): line.category or "" for s in stories for line in s.order.lines}
    _write(folder / "orders.csv", ORDERS, map(_order, stories))
    _write(folder / "order_items.csv", ITEMS, (item for story in stories for item in _items(story)))
    _write(folder / "customers.csv", CUSTOMERS, map(_customer, stories))
    _write(folder / "products.csv", PRODUCTS, sorted(products.items()))
    names = sorted(set(filter(None, products.values())))
    _write(folder / "product_category_name_translation.csv", CATEGORIES, [(name, name) for name in names])
    return len(stories)


def _write(file: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _order(story: Story) -> tuple[str, ...]:
    scans = [said.fact for said in story.said if isinstance(said.fact, ShipmentProgressed)]
    left = [scan.occurred_at for scan in scans if scan.status is ShipmentStatus.picked_up]
    left_at = min(left) if left and not story.cancelled else None
    delivered_at = story.delivered_at if left_at else None
    return (
        story.order_id,
        f"order-{story.order_id}",
        _status(story, left_at, delivered_at),
        _local(story.order.placed_at),
        _local(_paid_at(story)),
        _local(left_at),
        _local(delivered_at),
        _local(story.order.promised_until - timedelta(seconds=1))[:10] + " 00:00:00",
    )


def _status(story: Story, left_at: datetime | None, delivered_at: datetime | None) -> str:
    if story.cancelled:
        return "unavailable" if _sold_out(story) else "canceled"
    return "delivered" if delivered_at else "shipped" if left_at else "processing" if _paid_at(story) else "created"


def _paid_at(story: Story) -> datetime | None:
    paid = [said.fact.occurred_at for said in story.said if isinstance(said.fact, OrderPaid)]
    return min(paid) if paid else None


def _sold_out(story: Story) -> bool:
    ends = [said.fact for said in story.said if isinstance(said.fact, OrderCancelled)]
    return any(end.by is CancelledBy.shop for end in ends) and _paid_at(story) is not None


def _items(story: Story) -> Iterator[tuple[str, ...]]:
    """One row per piece; none of what could not be sent at all, as Olist has it."""
    if story.cancelled and _sold_out(story):
        return
    pieces = [line for line in story.order.lines for _ in range(line.quantity)]
    limit = _local(story.order.placed_at + timedelta(days=2))
    for number, line in enumerate(pieces, start=1):
        freight_minor = story.order.shipping_minor if number == 1 else 0
        yield (
            story.order_id, str(number), line.product_id or line.sku, "seller", limit,
            text_of(line.unit_price_minor, CURRENCY), text_of(freight_minor, CURRENCY),
        )  # fmt: skip


def _customer(story: Story) -> tuple[str, ...]:
    return f"order-{story.order_id}", story.customer_id, "01310", "sao paulo", "SP"


def _local(moment: datetime | None) -> str:
    return moment.astimezone(ZONE).strftime(TIME) if moment else ""
