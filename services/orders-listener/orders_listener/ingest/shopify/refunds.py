"""Money given back, and pieces struck from an order: Shopify calls both a refund.

A refund counts where money moves: what its transactions gave back. One without money is an edit that struck pieces, or
goods that came back before the money: `removed_pieces` tells what was struck. Amounts in the shop's own currency.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from fractions import Fraction
from typing import Any

from contracts.storefront import OrderRefunded, ReturnReceived
from orders_listener.ingest.hooks import BadHook, Hook, Ignored, Of, OfOrder, Saying, read
from orders_listener.ingest.shopify.bodies import Money, MoneySet, Order, Refund, RefundLineItem, Transaction
from orders_listener.ingest.shopify.fields import happened, happened_since, id_of, minor, needed_currency, needed_id
from orders_listener.ingest.shopify.lines import MOST_LINES, at_most, in_shop_money, pieces_of

GIVEN = frozenset({"success", "pending"})
"""A pending one is on its way; no hook ever says that it has arrived."""
RETURNED = "return"
"""`restock_type` of goods that the customer had."""


def heard(hook: Hook) -> Sequence[Saying] | Ignored:
    """Of `refunds/create`. Raises `BadHook`."""
    refund = read(Refund, hook)
    if any(one.test for one in refund.transactions or ()):
        return Ignored("test_order")
    order_id = needed_id("order_id", refund.order_id)
    said = list(_said(OfOrder(order_id), refund, order_id, hook.received_at, None))
    return said or Ignored("no_money_given_back")


def refunds_said(
    to: Of, order: Order, order_id: str, received_at: datetime, since: datetime | None
) -> Iterator[Saying]:
    """The refunds that an order brings along, of those that were made at `since` or later; one that cannot be read is
    left to its own hook."""
    for refund in order.refunds or ():
        if happened_since(since, received_at, refund.processed_at, refund.created_at):
            with suppress(BadHook):
                yield from list(_said(to, refund, order_id, received_at, order.currency))


def money_back(refund: Refund) -> list[Transaction]:
    """What gave money back; a released authorization (`void`) did not, nothing had been taken."""
    moved = (one for one in refund.transactions or () if one.kind == "refund" and one.status in GIVEN)
    return [one for one in moved if one.amount not in (None, "", 0, "0", "0.0", "0.00")]


def removed_pieces(refunds: Iterable[Refund] | None) -> Counter[str]:
    """Pieces by line that were struck: taken off before they were sent, and no money moved."""
    removed: Counter[str] = Counter()
    for refund in refunds or ():
        for line_id, item in _struck(refund):
            removed[line_id] += pieces_of("refund_line_items.quantity", item)
    return removed


def removed_minor(order: Order, currency: str) -> int:
    """What the struck pieces would have cost, with the tax that would have been added."""
    struck = [item for refund in order.refunds or () for _, item in _struck(refund)]
    goods = sum(_subtotal_minor(item, currency) for item in struck)
    taxes = [] if order.taxes_included else [item.total_tax for item in struck]
    return goods + sum(minor("refund_line_items.total_tax", tax, currency) for tax in taxes)


def _struck(refund: Refund) -> list[tuple[str, RefundLineItem]]:
    if money_back(refund):
        return []
    return [(line_id, item) for line_id, item in _items(refund) if item.restock_type != RETURNED]


def _items(refund: Refund) -> list[tuple[str, RefundLineItem]]:
    named = ((_line_id(item), item) for item in refund.refund_line_items or ())
    return [(line_id, item) for line_id, item in named if line_id]


def _line_id(item: RefundLineItem) -> str | None:
    own = item.line_item
    return id_of(item.line_item_id) or (id_of(own.id, own.admin_graphql_api_id) if own else None)


def _said(to: Of, refund: Refund, order_id: str, received_at: datetime, currency: str | None) -> Iterator[Saying]:
    refund_id = needed_id("refunds.id", refund.id, refund.admin_graphql_api_id)
    occurred_at = happened("refunds.created_at", received_at, refund.processed_at, refund.created_at)
    about = {"order_id": order_id, "occurred_at": occurred_at}
    if back := _back(refund):
        own = id_of(refund.return_.id, refund.return_.admin_graphql_api_id) if refund.return_ else None
        yield Saying(to, ReturnReceived, about | {"return_id": own or refund_id, "lines": back})
    if money := money_back(refund):
        shop_currency = needed_currency("refunds.currency", currency, *_currencies(refund))
        amount_minor = sum(_given_minor(one, refund, shop_currency) for one in money)
        lines = _lines(refund, shop_currency, amount_minor)
        yield Saying(to, OrderRefunded, about | {"refund_id": refund_id, "amount_minor": amount_minor, "lines": lines})


def _back(refund: Refund) -> list[dict[str, Any]]:
    """What lies in the shop's stock again: returned, and put back at a place."""
    return [
        {"line_id": line_id, "quantity": pieces}
        for line_id, item in _items(refund)
        if item.restock_type == RETURNED and id_of(item.location_id)
        and (pieces := pieces_of("refund_line_items.quantity", item))
    ][:MOST_LINES]  # fmt: skip


def _lines(refund: Refund, currency: str, given_minor: int) -> list[dict[str, Any]]:
    """What the pieces had cost; less, in proportion, where less was given back (a fee for taking them back)."""
    items = [(line_id, item) for line_id, item in _items(refund) if item.quantity][:MOST_LINES]
    costs = [_subtotal_minor(item, currency) for _, item in items]
    return [
        {"line_id": line_id, "quantity": pieces_of("refund_line_items.quantity", item), "amount_minor": amount_minor}
        for (line_id, item), amount_minor in zip(items, at_most(given_minor, costs), strict=True)
    ]


def _subtotal_minor(item: RefundLineItem, currency: str) -> int:
    return minor("refund_line_items.subtotal", in_shop_money(item.subtotal, item.subtotal_set), currency)


def _sets(refund: Refund) -> list[MoneySet]:
    sets = [item.subtotal_set for item in refund.refund_line_items or ()]
    sets += [one.total_unsettled_set for one in refund.transactions or ()]
    return [one for one in (*sets, refund.total_duties_set) if one]


def _currencies(refund: Refund) -> list[str | None]:
    """The shop's own first; a transaction has that of the payment."""
    own = [one.shop_money.currency_code for one in _sets(refund) if one.shop_money]
    return own + [one.currency for one in refund.transactions or ()]


def _given_minor(one: Transaction, refund: Refund, currency: str) -> int:
    """A payment in another currency is brought into the shop's at the refund's own rate, where it tells one."""
    paid_in = needed_currency("transactions.currency", one.currency, currency)
    if paid_in == currency:
        return minor("transactions.amount", one.amount, currency)
    rate = next((rate for each in _sets(refund) if (rate := _rate(each, paid_in, currency))), None)
    if rate is None:
        return 0
    return round(minor("transactions.amount", one.amount, paid_in) * rate)


def _rate(money: MoneySet, paid_in: str, currency: str) -> Fraction | None:
    shop, shown = money.shop_money or Money(), money.presentment_money or Money()
    if (shop.currency_code, shown.currency_code) != (currency, paid_in):
        return None
    given = minor("subtotal_set", shown.amount, paid_in)
    return Fraction(minor("subtotal_set", shop.amount, currency), given) if given else None
