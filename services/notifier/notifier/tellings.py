"""Told before they asked: when trouble was known here, when customers were told, and when they wrote themselves.

Owns what is remembered for that. Of a contact that is customer, order, time and topic: what somebody wrote is kept by
the feedback service alone.
"""

from datetime import datetime

from msgspec import Struct

from chassis.outcomes import Outcome
from contracts import Event
from contracts.orders import Issue
from contracts.storefront import ContactReceived


class Telling(Struct, frozen=True, kw_only=True):
    """An issue that a customer is to be told of."""

    issue_id: str
    customer_id: str
    order_id: str
    kind: str
    happened_at: datetime
    """When the storefront said what led to it, or when silence became an issue: facts carry the time of their cause."""
    promised_by: datetime | None


class Told(Struct, frozen=True, kw_only=True):
    """The mail server took the message about it."""

    issue_id: str
    told_at: datetime


class Contact(Struct, frozen=True, kw_only=True):
    """The customer wrote or called on their own."""

    customer_id: str
    contact_id: str
    order_id: str | None
    occurred_at: datetime
    topic: str | None


def telling_of(issue: Issue, at: datetime) -> Telling:
    """What is remembered of an issue that was said at `at`."""
    return Telling(
        issue_id=issue.issue_id, customer_id=issue.customer_id, order_id=issue.order_id, kind=str(issue.kind),
        happened_at=at, promised_by=issue.promised_by,
    )  # fmt: skip


def on_contact(event: Event[ContactReceived]) -> Outcome:
    """They asked; without what they said."""
    fact = event.data
    contact = Contact(
        customer_id=fact.customer_id, contact_id=fact.contact_id, order_id=fact.order_id,
        occurred_at=fact.occurred_at, topic=fact.topic,
    )  # fmt: skip
    return Outcome(rows=(contact,))
