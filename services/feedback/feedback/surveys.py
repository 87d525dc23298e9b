"""The question after a delivery: planned, held, asked or not asked. When and why, `eligibility` says.

Owns the deadline `survey` (subject: the order). Asks nobody itself: the notifier hears SurveyDue and speaks.
"""

from datetime import datetime
from typing import Any

from msgspec.structs import replace

from chassis.items import Due
from chassis.outcomes import DUPLICATE, NOTHING, ClearDeadline, Decision, Outcome, SetDeadline
from contracts.feedback import SurveyDue, SurveyKind
from contracts.kafka import rfc3339
from contracts.notifications import MessageSent
from contracts.orders import OrderDelivered
from feedback.customers import Customer, Delivery, Invitation, InvitationState, invitation_id_of
from feedback.eligibility import Eligibility, Verdict, decide
from feedback.policy import Policy

SURVEY = "survey"
"""Kind of the deadline, and name of the rule in decisions."""

Folded = tuple[Customer, Outcome]


def on_order_delivered(customer: Customer, fact: OrderDelivered, said_at: datetime, policy: Policy) -> Folded:
    """Plans the question, never into the past: a delivery that is heard of late is decided at once."""
    order = customer.order(fact.order_id)
    if order.delivery is not None:
        return customer, DUPLICATE
    delivery = Delivery(said_at=said_at, occurred_at=fact.occurred_at, late=fact.late)
    invitation = Invitation(
        invitation_id=invitation_id_of(fact.order_id),
        order_id=fact.order_id,
        state=InvitationState.planned,
        planned_at=fact.occurred_at,
        look_at=max(fact.occurred_at + policy.survey_delay, said_at),
    )
    customer = customer.with_order(fact.order_id, replace(order, delivery=delivery)).with_invitation(invitation)
    if customer.erased_at is not None:
        return _decided(customer, invitation, said_at, policy)
    return customer, _look_later(invitation)


def on_survey_due(customer: Customer, due: Due, policy: Policy) -> Folded:
    """The moment to decide; a question that is settled meanwhile stays settled."""
    invitation = customer.invitations.get(due.subject)
    if invitation is None or not invitation.waits:
        return customer, NOTHING
    return _decided(customer, invitation, due.at, policy)


def after_issue_resolved(customer: Customer, policy: Policy) -> Folded:
    """Questions that wait for an end that nobody knew can now be looked at sooner."""
    outcome = NOTHING
    for _, invitation in sorted(customer.invitations.items()):
        if invitation.state is InvitationState.held and invitation.decided_at is not None:
            look_at = decide(customer, invitation.order_id, invitation.decided_at, policy).until
            if look_at is not None and look_at != invitation.look_at:
                moved = replace(invitation, look_at=look_at)
                customer, outcome = customer.with_invitation(moved), outcome + _look_later(moved)
    return customer, outcome


def on_message_sent(customer: Customer, fact: MessageSent) -> Folded:
    """Asked is what we decided, sent is what the customer got: response rates need both."""
    invitation = customer.invitation(fact.invitation_id)
    if invitation is None:
        return customer, NOTHING
    if invitation.sent_at is not None:
        return customer, DUPLICATE
    sent = replace(invitation, sent_at=fact.occurred_at)
    return customer.with_invitation(sent), Outcome(rows=(sent,))


def after_erasure(customer: Customer, now: datetime, policy: Policy) -> Folded:
    """Nobody who asked to be forgotten is asked anything."""
    outcome = NOTHING
    for order_id, invitation in sorted(customer.invitations.items()):
        if invitation.waits:
            customer, settled = _decided(customer, invitation, now, policy)
            outcome += settled + Outcome(deadlines=(ClearDeadline(SURVEY, order_id),))
    return customer, outcome


def _decided(customer: Customer, invitation: Invitation, now: datetime, policy: Policy) -> Folded:
    eligibility = decide(customer, invitation.order_id, now, policy)
    match eligibility.verdict:
        case Verdict.ask:
            return _asked(customer, invitation, now, policy)
        case Verdict.held:
            return _held(customer, invitation, eligibility, now)
        case Verdict.not_asked:
            return _settled(customer, invitation, eligibility, now)


def _asked(customer: Customer, invitation: Invitation, now: datetime, policy: Policy) -> Folded:
    expires_at = now + policy.answer_window
    asked = replace(
        invitation,
        state=InvitationState.asked,
        reason=None,
        look_at=None,
        decided_at=now,
        asked_at=now,
        expires_at=expires_at,
        cohort=customer.order(invitation.order_id).cohort(now),
    )
    fact = SurveyDue(
        customer_id=customer.customer_id,
        invitation_id=invitation.invitation_id,
        survey=SurveyKind.nps,
        order_id=invitation.order_id,
        occurred_at=now,
        expires_at=expires_at,
    )
    decision = _decision(asked, "asked", "eligible", cohort=asked.cohort, expires_at=rfc3339(expires_at))
    return customer.with_invitation(asked), Outcome(rows=(asked,), facts=(fact,), decisions=(decision,))


def _held(customer: Customer, invitation: Invitation, eligibility: Eligibility, now: datetime) -> Folded:
    held = replace(
        invitation,
        state=InvitationState.held,
        reason=eligibility.reason,
        decided_at=now,
        look_at=eligibility.until,
    )
    outcome = _look_later(held)
    if held.reason != invitation.reason:
        until = None if held.look_at is None else rfc3339(held.look_at)
        outcome += Outcome(decisions=(_decision(held, "held", eligibility.reason, until=until),))
    return customer.with_invitation(held), outcome


def _settled(customer: Customer, invitation: Invitation, eligibility: Eligibility, now: datetime) -> Folded:
    settled = replace(
        invitation,
        state=InvitationState.not_asked,
        reason=eligibility.reason,
        decided_at=now,
        look_at=None,
        cohort=customer.order(invitation.order_id).cohort(now),
    )
    decision = _decision(settled, "not_asked", eligibility.reason, cohort=settled.cohort)
    return customer.with_invitation(settled), Outcome(rows=(settled,), decisions=(decision,))


def _look_later(invitation: Invitation) -> Outcome:
    deadlines = () if invitation.look_at is None else (SetDeadline(SURVEY, invitation.order_id, invitation.look_at),)
    return Outcome(rows=(invitation,), deadlines=deadlines)


def _decision(invitation: Invitation, outcome: str, reason: str, **looked_at: Any) -> Decision:
    detail = {"invitation_id": invitation.invitation_id, **looked_at}
    return Decision(subject=invitation.order_id, rule=SURVEY, outcome=outcome, reason=reason, detail=detail)
