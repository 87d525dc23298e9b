"""Load, fold, save of a customer's account: which function answers which item."""

from functools import partial
from typing import Any

from chassis.items import Command, Due, Item
from chassis.outcomes import Outcome
from chassis.service import Folding
from contracts import Event
from contracts.storefront import ContactReceived, CustomerErased
from orders_listener import accounts, customers, store
from orders_listener.accounts import AcceptDelay, Account, RequestCancellation
from orders_listener.policy import Policy


def folding(policy: Policy) -> Folding[Account]:
    """The three functions under one policy."""
    return Folding(load=store.load, fold=partial(fold, policy), save=store.save)


def fold(policy: Policy, account: Account, item: Item) -> tuple[Account, Outcome]:
    """One item on one account. Raises `Rejected` and leaves the account as it was."""
    match item:
        case Due(kind=customers.REVIEW):
            return accounts.on_review(account, item, policy)
        case Due():
            return accounts.on_deadline(account, item, policy)
        case Command():
            return _on_command(account, item, policy)
        case Event(data=CustomerErased()):
            return accounts.on_customer_erased(account, item)
        case Event(data=ContactReceived()):
            return accounts.on_contact_received(account, item, policy)
        case Event():
            return accounts.on_order_fact(account, item.data, item.at, policy)


def _on_command(account: Account, command: Command[Any], policy: Policy) -> tuple[Account, Outcome]:
    match command.data:
        case AcceptDelay():
            return accounts.on_accept_delay(account, command, policy)
        case RequestCancellation():
            return accounts.on_request_cancellation(account, command, policy)
        case unknown:
            raise TypeError(f"{type(unknown).__name__} is no command of orders")
