"""Whether a customer may be asked about an order at a moment, and if not, why and until when.

Pure, and the only place in this service that knows (the notifier may still hold the mail): the deadline asks it, and
so does the page that answers "why not?". Looks only at what had been said by `now`, so a worker that is behind decides
as one that is not.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from feedback.customers import Customer, Delivery, Order
from feedback.policy import Policy


class Verdict(StrEnum):
    """What may be done now."""

    ask = "ask"
    held = "held"
    not_asked = "not_asked"


class Reason(StrEnum):
    """Stable codes; their words stand in the README."""

    eligible = "eligible"
    erased = "erased"
    not_delivered = "not_delivered"
    cancelled = "cancelled"
    refunded = "refunded"
    expired = "expired"
    cooldown = "cooldown"
    too_early = "too_early"
    issue_open = "issue_open"
    issue_just_resolved = "issue_just_resolved"
    contacted = "contacted"


class Eligibility(Struct, frozen=True):
    """A verdict, its reason, and for `held` the moment to look again (None: not before it is delivered)."""

    verdict: Verdict
    reason: Reason
    until: datetime | None = None


class Hold(Struct, frozen=True):
    """Something that passes by itself, as far as is known; `until` None: it is not known when."""

    reason: Reason
    until: datetime | None


def decide(customer: Customer, order_id: str, now: datetime, policy: Policy) -> Eligibility:
    """What settles the question for good goes before what only delays it; the first reason is the one told."""
    order = customer.order(order_id)
    if customer.erased_at is not None:
        return Eligibility(Verdict.not_asked, Reason.erased)
    if order.delivery is None:
        return Eligibility(Verdict.held, Reason.not_delivered)
    objection = _objection(customer, order, order.delivery, now, policy)
    if objection is not None:
        return Eligibility(Verdict.not_asked, objection)
    holds = list(_holds(customer, order.delivery, now, policy))
    if not holds:
        return Eligibility(Verdict.ask, Reason.eligible)
    last_look_at = order.delivery.occurred_at + policy.patience
    # an end that nobody knows: until then at the latest; `surveys.after_issue_resolved` looks sooner when it is known
    until = min(last_look_at, max(hold.until or last_look_at for hold in holds))
    return Eligibility(Verdict.held, holds[0].reason, until)


def _objection(customer: Customer, order: Order, delivery: Delivery, now: datetime, policy: Policy) -> Reason | None:
    if order.cancelled_at is not None and order.cancelled_at <= now:
        return Reason.cancelled
    if order.fully_refunded(now):
        return Reason.refunded
    if now >= delivery.occurred_at + policy.patience:
        return Reason.expired
    if _asked_since(customer, now - policy.cooldown):
        return Reason.cooldown
    return None


def _asked_since(customer: Customer, moment: datetime) -> bool:
    """Counted from the decision to ask, whatever the notifier then made of it.

    What was sent is heard over a topic that flows back and carries no time: a rule that looked at it would decide
    otherwise when it is heard a little later.
    """
    return any(asked.asked_at is not None and asked.asked_at > moment for asked in customer.invitations.values())


def _holds(customer: Customer, delivery: Delivery, now: datetime, policy: Policy) -> Iterator[Hold]:
    if now < delivery.occurred_at + policy.survey_delay:
        yield Hold(Reason.too_early, delivery.occurred_at + policy.survey_delay)
    said = [issue for issue in customer.issues() if issue.opened_at <= now]
    for issue in said:
        if issue.resolved_at is None:
            yield Hold(Reason.issue_open, None)
        elif now < issue.resolved_at:
            yield Hold(Reason.issue_open, issue.resolved_at + policy.rest_after_issue)
    for issue in said:
        if issue.resolved_at is not None and issue.resolved_at <= now < issue.resolved_at + policy.rest_after_issue:
            yield Hold(Reason.issue_just_resolved, issue.resolved_at + policy.rest_after_issue)
    for contact in customer.contacts.values():
        if contact.said_at <= now < contact.occurred_at + policy.rest_after_contact:
            yield Hold(Reason.contacted, contact.occurred_at + policy.rest_after_contact)
