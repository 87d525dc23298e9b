"""Load, fold, save of a member's account: which rule answers which fact."""

from functools import partial
from typing import Any

from chassis.items import Command, Due, Item
from chassis.outcomes import DUPLICATE, NOTHING, Outcome
from chassis.service import Folding
from contracts import Event
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
        _apply(journal, item)
    except KnownAlready:
        return account, DUPLICATE
    debt.review(journal, account)
    tiers.review(journal, account)
    return journal.closed()


def _apply(journal: Journal, item: Event[Any] | Command[Any]) -> None:
    match item.data:
        case OrderConfirmed() as fact:
            earning.on_order_confirmed(journal, fact)
        case OrderDelivered() as fact:
            earning.on_order_delivered(journal, fact)
        case OrderCompleted() as fact:
            earning.on_order_completed(journal, fact)
        case OrderRefunded() as fact:
            clawback.on_order_refunded(journal, fact)
        case OrderCancelled() as fact:
            clawback.on_order_cancelled(journal, fact)
        case IssueOpened() as fact:
            goodwill.on_issue_opened(journal, fact)
        case GoodwillRequested() as fact:
            goodwill.on_goodwill_requested(journal, fact)
        case CustomerErased() as fact:
            erasure.on_customer_erased(journal, fact)
        case Redeem() as command:
            redemptions.on_redeem(journal, command)
