"""What the customer went through: one function per fact that is only remembered.

Each recognises repetition by its natural key, whatever the inbox still knows. Decides nothing and publishes nothing.
"""

from datetime import datetime

from msgspec.structs import replace

from chassis.outcomes import DUPLICATE, NOTHING, Outcome
from contracts.orders import IssueOpened, IssueResolved, OrderCancelled, OrderConfirmed, OrderRefunded
from contracts.storefront import ContactReceived
from feedback.customers import Contact, Customer, Issue, Refund

Folded = tuple[Customer, Outcome]

MOST_CONTACTS = 50
"""Only the last days count; somebody who writes every hour must not grow for ever."""


def on_order_confirmed(customer: Customer, fact: OrderConfirmed) -> Folded:
    """The total is what a full refund is measured against."""
    order = customer.order(fact.order_id)
    if order.total_minor is not None:
        return customer, DUPLICATE
    return customer.with_order(fact.order_id, replace(order, total_minor=fact.total_minor)), NOTHING


def on_order_cancelled(customer: Customer, fact: OrderCancelled, said_at: datetime) -> Folded:
    """Nobody is asked about an order that is no more."""
    order = customer.order(fact.order_id)
    if order.cancelled_at is not None:
        return customer, DUPLICATE
    return customer.with_order(fact.order_id, replace(order, cancelled_at=said_at)), NOTHING


def on_order_refunded(customer: Customer, fact: OrderRefunded, said_at: datetime) -> Folded:
    """Refunds add up; each counts once."""
    order = customer.order(fact.order_id)
    if fact.refund_id in order.refunds:
        return customer, DUPLICATE
    refunds = {**order.refunds, fact.refund_id: Refund(said_at=said_at, amount_minor=fact.amount_minor)}
    return customer.with_order(fact.order_id, replace(order, refunds=refunds)), NOTHING


def on_issue_opened(customer: Customer, fact: IssueOpened, said_at: datetime) -> Folded:
    """A question that is due meanwhile will wait."""
    order = customer.order(fact.order_id)
    if fact.issue_id in order.issues:
        return customer, DUPLICATE
    issues = {**order.issues, fact.issue_id: Issue(opened_at=said_at)}
    return customer.with_order(fact.order_id, replace(order, issues=issues)), NOTHING


def on_issue_resolved(customer: Customer, fact: IssueResolved, said_at: datetime) -> Folded:
    """An end whose beginning was never heard began when it ended: it still counts for the cohort and the rest."""
    order = customer.order(fact.order_id)
    issue = order.issues.get(fact.issue_id) or Issue(opened_at=said_at)
    if issue.resolved_at is not None:
        return customer, DUPLICATE
    issues = {**order.issues, fact.issue_id: replace(issue, resolved_at=said_at)}
    return customer.with_order(fact.order_id, replace(order, issues=issues)), NOTHING


def on_contact_received(customer: Customer, fact: ContactReceived, said_at: datetime) -> Folded:
    """Only that and when; what was written is nobody's business here."""
    if fact.contact_id in customer.contacts:
        return customer, DUPLICATE
    contacts = {**customer.contacts, fact.contact_id: Contact(said_at=said_at, occurred_at=fact.occurred_at)}
    latest = sorted(contacts.items(), key=_said)[-MOST_CONTACTS:]
    return replace(customer, contacts=dict(latest)), NOTHING


def _said(kept: tuple[str, Contact]) -> tuple[datetime, str]:
    contact_id, contact = kept
    return contact.said_at, contact_id
