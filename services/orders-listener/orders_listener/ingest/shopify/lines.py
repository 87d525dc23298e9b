"""Lines of an order: what was bought, and what each line cost. Owns the rule of what counts as paid for a line.

A line costs its price as the shop shows it, times the pieces, less the discounts allocated to it: with the tax where
prices are shown with it, without where tax is added at the end. A refund's `subtotal` is reckoned on the same ground,
so points are earned and taken back by the same measure. Always in the shop's own currency.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from orders_listener.ingest.hooks import BadHook
from orders_listener.ingest.money import Amount
from orders_listener.ingest.shopify.bodies import LineItem, MoneySet
from orders_listener.ingest.shopify.fields import id_of, minor, needed_id, sentence, word

MOST_PIECES = 1_000_000
MOST_LINES = 1_000
GIFT_CARD = "gift_card"


def lines_of(items: Iterable[LineItem] | None, currency: str, removed: Mapping[str, int]) -> list[dict[str, Any]]:
    """The lines with the pieces that are left of each; tips are no lines. Raises `BadHook`."""
    lines = [line for item in items or () if not is_tip(item) for line in _line(item, currency, removed)]
    if len(lines) > MOST_LINES:
        raise BadHook(f"line_items: more than {MOST_LINES}")
    return lines


def is_tip(item: LineItem) -> bool:
    """Money for somebody, no article: it counts in the total alone."""
    return item.tip_payment_gateway is not None


def pieces_of(field: str, item: Any) -> int:
    """How many; 0 where nothing is said. Raises `BadHook` for a number no order has."""
    pieces: int = item.quantity or 0
    if not 0 <= pieces <= MOST_PIECES:
        raise BadHook(f"{field}: no number of pieces")
    return pieces


def _line(item: LineItem, currency: str, removed: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    line_id = needed_id("line_items.id", item.id, item.admin_graphql_api_id)
    bought = pieces_of("line_items.quantity", item)
    left = bought - removed.get(line_id, 0)
    if left <= 0:
        return
    unit_minor = minor("line_items.price", in_shop_money(item.price, item.price_set), currency)
    discount_minor = min(_discount_minor(item, currency), unit_minor * bought)
    paid_minor = (unit_minor * bought - discount_minor) * left // bought
    yield {
        "line_id": line_id,
        "sku": _sku(item) or line_id[:64],
        "quantity": left,
        "unit_price_minor": unit_minor,
        "discount_minor": unit_minor * left - paid_minor,
        "paid_minor": paid_minor,
        "product_id": id_of(item.product_id),
        "title": sentence(item.title) or sentence(item.name),
        "variant": _variant(item),
        "category": GIFT_CARD if item.gift_card else None,
    }


def _discount_minor(item: LineItem, currency: str) -> int:
    """Order discounts are allocated to lines too; `total_discount` knows only the line's own."""
    if item.discount_allocations:
        given = ((one.amount, one.amount_set) for one in item.discount_allocations)
        return sum(minor("line_items.discount_allocations", in_shop_money(*one), currency) for one in given)
    return minor("line_items.total_discount", item.total_discount, currency)


def _sku(item: LineItem) -> str | None:
    """A line that was written by hand has no article: it is called by what it is called for customers."""
    variant_id = id_of(item.variant_id)
    sku = None if item.sku is None else word(str(item.sku))
    return sku or (f"variant-{variant_id}"[:64] if variant_id else None) or word(item.title) or word(item.name)


def _variant(item: LineItem) -> dict[str, str]:
    title = word(item.variant_title)
    return {"title": title} if title and title != "Default Title" else {}


def at_most(sum_minor: int, costs: Sequence[int]) -> list[int]:
    """The costs, or where they exceed `sum_minor` shares of it, in proportion, that add up to it exactly."""
    total, shares, before = sum(costs), list[int](), 0
    for upto in accumulate(costs):
        until = upto if total <= sum_minor else sum_minor * upto // total
        shares.append(until - before)
        before = until
    return shares


def in_shop_money(amount: Amount, money: MoneySet | None) -> Amount:
    """What stands in the shop's currency; plain amounts are in it already."""
    shop = money.shop_money if money else None
    return amount if shop is None or shop.amount is None else shop.amount
