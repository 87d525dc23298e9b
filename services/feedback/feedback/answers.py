"""Answers: each invitation takes one, before it expires. The words go into the response and nowhere else."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from chassis.errors import Conflict, NotFound, Rejected
from chassis.outcomes import Decision, Outcome
from contracts.feedback import Cohort, ResponseReceived, SurveyKind
from feedback.cases import open_case
from feedback.customers import CaseCause, Customer, Invitation, InvitationState
from feedback.policy import Policy
from feedback.scores import Category, category_of

LONGEST_COMMENT = 2_000

Folded = tuple[Customer, Outcome]


class Answer(Struct, frozen=True, kw_only=True):
    """Command: what the customer said on the page. `score` 0 to 10."""

    invitation_id: str
    score: int
    comment: str | None = None


class Response(Struct, frozen=True, kw_only=True):
    """An answer as it is kept; the only place for the customer's own words."""

    invitation_id: str
    order_id: str
    score: int
    cohort: Cohort
    answered_at: datetime
    comment: str | None = None


class Erasure(Struct, frozen=True):
    """Row: the words of this customer are to be forgotten."""

    customer_id: str


def on_answer(customer: Customer, answer: Answer, now: datetime, policy: Policy) -> Folded:
    """Raises what `answerable` raises."""
    invitation, cohort = answerable(customer, answer.invitation_id, now)
    answered = replace(invitation, state=InvitationState.answered, answered_at=now)
    response = Response(
        invitation_id=invitation.invitation_id,
        order_id=invitation.order_id,
        score=answer.score,
        cohort=cohort,
        answered_at=now,
        comment=answer.comment,
    )
    category = category_of(answer.score)
    outcome = Outcome(
        rows=(answered, response),
        facts=(_received(customer, response),),
        decisions=(_decision(answered, category, response),),
    )
    customer = customer.with_invitation(answered)
    if category is not Category.detractor:
        return customer, outcome
    about = invitation.invitation_id
    customer, opened = open_case(customer, CaseCause.detractor, about, invitation.order_id, now, policy)
    return customer, outcome + opened


def answerable(customer: Customer, invitation_id: str, now: datetime) -> tuple[Invitation, Cohort]:
    """The open question and the cohort it was asked of.

    Raises NotFound unknown_invitation, Conflict already_answered, Rejected invitation_expired.
    """
    invitation = customer.invitation(invitation_id)
    if invitation is None or invitation.cohort is None or invitation.expires_at is None or customer.erased_at:
        raise NotFound("unknown_invitation", "There is no such question.")
    if invitation.answered_at is not None:
        raise Conflict("already_answered", "This question has been answered.")
    if now >= invitation.expires_at:
        raise Rejected("invitation_expired", "The time to answer has passed.")
    return invitation, invitation.cohort


def _received(customer: Customer, response: Response) -> ResponseReceived:
    return ResponseReceived(
        customer_id=customer.customer_id,
        invitation_id=response.invitation_id,
        survey=SurveyKind.nps,
        order_id=response.order_id,
        occurred_at=response.answered_at,
        score=response.score,
        cohort=response.cohort,
    )


def _decision(invitation: Invitation, category: Category, response: Response) -> Decision:
    return Decision(
        subject=invitation.order_id,
        rule="answer",
        outcome="answered",
        reason=category,
        detail={"invitation_id": invitation.invitation_id, "score": response.score, "cohort": response.cohort},
    )
