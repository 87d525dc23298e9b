"""Load, fold, save of a member's account: which rule answers which fact."""

from collections.abc import Callable
from functools import partial
from typing import Any

from chassis.items import Due, Item
from chassis.outcomes import DUPLICATE, NOTHING, Outcome
from chassis.service import Folding
from contracts.feedback import GoodwillRequested
from contracts.orders import (
    IssueOpened,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
)
from contracts.storefront import CustomerErased
from loyalty import clawback, debt, earning, erasure, goodwill, redemptions, store, tiers
from loyalty.accounts import Account
from loyalty.journal import Journal, KnownAlready
from loyalty.programme import Programme
from loyalty.redemptions import Redeem


def folding(programme: Programme) -> Folding[Account]:
    """The three functions under one programme."""
    return Folding(load=store.load, fold=partial(fold, programme), save=store.save)


def fold(programme: Programme, account: Account, item: Item) -> tuple[Account, Outcome]:
    """One item on one account. Raises `Rejected` and leaves the account as it was."""
    if isinstance(item, Due):
        return account, NOTHING  # loyalty sets no deadlines: vesting waits for order-completed
    journal = Journal(programme, account, item)
    try:
        RULES[type(item.data)](journal, item.data)
    except KnownAlready:
        return account, DUPLICATE
    debt.review(journal, account)
    tiers.review(journal, account)
    return journal.closed()


RULES: dict[type[Any], Callable[[Journal, Any], None]] = {
    OrderConfirmed: earning.on_order_confirmed,
    OrderDelivered: earning.on_order_delivered,
    OrderCompleted: earning.on_order_completed,
    OrderRefunded: clawback.on_order_refunded,
    OrderCancelled: clawback.on_order_cancelled,
    IssueOpened: goodwill.on_issue_opened,
    GoodwillRequested: goodwill.on_goodwill_requested,
    CustomerErased: erasure.on_customer_erased,
    Redeem: redemptions.on_redeem,
}
