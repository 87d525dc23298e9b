"""Lines of an order: what was bought, and what each line cost.

WooCommerce writes every amount without its tax, beside it the tax. A line costs what the shop showed: with the tax
where prices are shown with it, without where tax is added at the end; so do shipping and refunds of whole orders.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from orders_listener.ingest.bodies import WORD, Part, identifier, parts, text
from orders_listener.ingest.hooks import BadHook
from orders_listener.ingest.woocommerce.fields import minor

MOST_LINES: Final = 1_000
MOST_PIECES: Final = 1_000_000
ATTRIBUTE: Final = "pa_"
"""What shops define for all articles (colour, size); other data of a line may be a customer's own words."""


def lines_of(order: Part, currency: str) -> Sequence[dict[str, Any]]:
    """Raises `BadHook` for an amount that is none, or more lines than an order may have."""
    lines = list(_lines(order, currency))
    if len(lines) > MOST_LINES:
        raise BadHook(f"line_items are more than {MOST_LINES}")
    return lines


def shown(order: Part, currency: str, field: str, net: Any, tax: Any) -> int:
    """An amount as the shop shows it, never below nothing."""
    with_tax = order.get("prices_include_tax") is True
    return max(0, minor(currency, field, net, tax if with_tax else None))


def _lines(order: Part, currency: str) -> Iterator[dict[str, Any]]:
    known: set[str] = set()
    for item in parts(order.get("line_items")):
        line_id, pieces = identifier(item.get("id")), pieces_of(item.get("quantity"))
        if line_id is not None and line_id not in known and pieces:
            known.add(line_id)
            yield _line(order, item, line_id, pieces, currency)


def _line(order: Part, item: Part, line_id: str, pieces: int, currency: str) -> dict[str, Any]:
    before = shown(order, currency, "line_items.subtotal", item.get("subtotal"), item.get("subtotal_tax"))
    paid = shown(order, currency, "line_items.total", item.get("total"), item.get("total_tax"))
    full = max(before, paid)
    article = identifier(item.get("variation_id")) or identifier(item.get("product_id"))
    title = text(item.get("name"))
    known = {
        "product_id": identifier(item.get("product_id")),
        "title": title,
        "variant": _variant(item),
        "discount_minor": full - paid,
    }
    return {
        "line_id": line_id,
        "sku": text(item.get("sku"), WORD) or (article or title or line_id)[:WORD],
        "quantity": pieces,
        "unit_price_minor": (2 * full + pieces) // (2 * pieces),
        "paid_minor": paid,
    } | {name: value for name, value in known.items() if value}


def pieces_of(written: object) -> int:
    """Whole pieces; a fraction (weighed goods) is one piece, nothing or a mistake none."""
    try:
        number = float(written) if isinstance(written, str | int | float) else 0.0
    except (ValueError, OverflowError):
        return 0
    if not 0 < number <= MOST_PIECES:
        return 0
    return int(number) if number == int(number) else 1


def _variant(item: Part) -> dict[str, str]:
    if identifier(item.get("variation_id")) is None:
        return {}
    variant: dict[str, str] = {}
    for one in parts(item.get("meta_data")):
        key, value = text(one.get("key"), WORD) or "", text(one.get("value"), 128)
        name = key.removeprefix(ATTRIBUTE)
        if value and name and name != key:
            variant[name] = value
    return variant
