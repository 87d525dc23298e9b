"""Load, fold and save one customer: what each fact, deadline and command does. The rules stand in the core modules."""

from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from chassis.items import Command, Due, Item
from chassis.outcomes import DUPLICATE, NOTHING, Outcome
from chassis.service import Folding
from contracts import Event
from contracts.loyalty import GoodwillGranted, GoodwillRefused
from contracts.notifications import MessageSent, TellingFailed
from contracts.orders import (
    IssueOpened,
    IssueResolved,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
)
from contracts.storefront import ContactReceived, CustomerErased
from feedback import answers, cases, experience, store, surveys, writings
from feedback.answers import Answer, Erasure
from feedback.cases import CASE_TARGET, Resolve
from feedback.customers import Customer
from feedback.policy import Policy
from feedback.surveys import SURVEY

Folded = tuple[Customer, Outcome]


def folding(policy: Policy) -> Folding[Customer]:
    """This service's three functions under one policy."""
    return Folding(load=store.customers_of, fold=partial(fold, policy=policy), save=store.save)


def fold(customer: Customer, item: Item, *, policy: Policy) -> Folded:
    """One item. Facts that this service does not know change nothing."""
    match item:
        case Event():
            return _heard(customer, item, policy)
        case Due(kind=kind) if kind == SURVEY:
            return surveys.on_survey_due(customer, item, policy)
        case Due(kind=kind) if kind == CASE_TARGET:
            return cases.on_target_passed(customer, item)
        case Command(data=Answer() as answer):
            return answers.on_answer(customer, answer, item.at, policy)
        case Command(data=Resolve() as resolve):
            return cases.on_resolve(customer, resolve, item.at)
    return customer, NOTHING


def _heard(customer: Customer, event: Event[Any], policy: Policy) -> Folded:
    match event.data:
        case OrderConfirmed() as fact:
            return experience.on_order_confirmed(customer, fact)
        case OrderDelivered() as fact:
            return surveys.on_order_delivered(customer, fact, event.at, policy)
        case OrderCancelled() as fact:
            return experience.on_order_cancelled(customer, fact, event.at)
        case OrderRefunded() as fact:
            return experience.on_order_refunded(customer, fact, event.at)
        case IssueOpened() as fact:
            return experience.on_issue_opened(customer, fact, event.at)
        case IssueResolved() as fact:
            return _on_issue_resolved(customer, fact, event.at, policy)
        case ContactReceived() as fact:
            return writings.on_contact(customer, fact, event.at, policy)
        case CustomerErased():
            return _on_customer_erased(customer, event.at, policy)
        case GoodwillGranted() | GoodwillRefused() as fact:
            return cases.on_goodwill_answered(customer, fact)
        case MessageSent() as fact:
            return surveys.on_message_sent(customer, fact)
        case TellingFailed() as fact:
            return cases.on_telling_failed(customer, fact, event.at, policy)
    return customer, NOTHING


def _on_issue_resolved(customer: Customer, fact: IssueResolved, said_at: datetime, policy: Policy) -> Folded:
    customer, remembered = experience.on_issue_resolved(customer, fact, said_at)
    if remembered.duplicate:
        return customer, remembered
    return surveys.after_issue_resolved(customer, policy)


def _on_customer_erased(customer: Customer, said_at: datetime, policy: Policy) -> Folded:
    if customer.erased_at is not None:
        return customer, DUPLICATE
    customer = replace(customer, erased_at=said_at)
    customer, unasked = surveys.after_erasure(customer, said_at, policy)
    customer, ended = cases.after_erasure(customer, said_at)
    return customer, unasked + ended + Outcome(rows=(Erasure(customer.customer_id),))
