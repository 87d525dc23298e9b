"""What goes in and out over HTTP."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from contracts.feedback import Cohort
from contracts.vocabulary import LARGEST_INTEGER
from feedback.answers import Response
from feedback.customers import Case, CaseCause, CaseState, GoodwillState, Invitation, InvitationState
from feedback.eligibility import Eligibility, Verdict
from feedback.scores import Sample, Slice, by_cohort, sample_of
from feedback.writings import Writing

Customer = Annotated[str, Field(examples=["c-1042"], description="The customer's pseudonym")]


class Out(BaseModel):
    """Bodies that are read off core types."""

    model_config = ConfigDict(from_attributes=True)


class InvitationOut(Out):
    """The question about one order."""

    invitation_id: str
    customer_id: Customer
    order_id: str = Field(examples=["o-17"])
    state: InvitationState
    reason: str | None = Field(description="Why it is held or was not asked", examples=["issue_open"])
    cohort: Cohort | None = Field(description="What the customer went through; known once it is settled")
    planned_at: datetime = Field(description="When the order was delivered")
    look_at: datetime | None = Field(description="When it is decided next")
    decided_at: datetime | None
    asked_at: datetime | None
    expires_at: datetime | None = Field(description="Until when it can be answered")
    sent_at: datetime | None = Field(description="When the message with the link went out")
    answered_at: datetime | None

    @classmethod
    def of(cls, customer_id: str, invitation: Invitation) -> Self:
        """Whose question and how it stands."""
        return cls.model_validate({**_fields(invitation), "customer_id": customer_id})


class ResponseOut(Out):
    """An answer, with the customer's own words."""

    invitation_id: str
    customer_id: Customer
    order_id: str
    score: int = Field(ge=0, le=10)
    cohort: Cohort
    answered_at: datetime
    comment: str | None = Field(description="Gone when the customer asked to be forgotten")

    @classmethod
    def of(cls, customer_id: str, response: Response) -> Self:
        """Who answered, and what."""
        return cls.model_validate({**_fields(response), "customer_id": customer_id})


class GoodwillOut(Out):
    """Points that a case asked for."""

    request_id: str
    points: int
    state: GoodwillState
    reason: str | None = Field(description="What loyalty said to it")


class CaseOut(Out):
    """Somebody takes care of a customer."""

    case_id: str
    customer_id: Customer
    order_id: str | None
    cause: CaseCause
    state: CaseState
    opened_at: datetime
    due_at: datetime
    escalated_at: datetime | None
    resolved_at: datetime | None
    resolution: str | None
    goodwill: GoodwillOut | None

    @classmethod
    def of(cls, customer_id: str, case: Case) -> Self:
        """Whose case and how it stands."""
        return cls.model_validate({**_fields(case), "state": case.state, "customer_id": customer_id})


class WritingOut(Out):
    """What the customer answered to one of our messages."""

    contact_id: str
    in_reply_to: str = Field(description="The notifier's message")
    occurred_at: datetime
    topic: str | None = Field(examples=["delivery_late"])
    by_addressee: bool | None = Field(
        description="Whether it says that it comes from the address that the message went to; nobody has proved that"
    )
    text: str | None = Field(description="Gone when the customer asked to be forgotten")
    story: dict[str, Any] | None = Field(description="What they had been told of the order by then, and how it stood")


class CaseWithWritingsOut(CaseOut):
    """A case, and what the customer wrote in it."""

    writings: list[WritingOut]

    @classmethod
    def whole(cls, customer_id: str, case: Case, writings: Sequence[Writing]) -> Self:
        """Whose case, how it stands, and their words."""
        known = CaseOut.of(customer_id, case).model_dump()
        return cls.model_validate({**known, "writings": [WritingOut.model_validate(one) for one in writings]})


class ResolutionIn(BaseModel, extra="forbid"):
    """How a case ended."""

    resolution: str = Field(
        min_length=1, max_length=500, pattern=r"^[^\x00]*$", examples=["Called; a new one is sent."]
    )
    goodwill_points: int | None = Field(
        default=None, ge=1, le=LARGEST_INTEGER, description="Ask loyalty to make good; it has the last word"
    )


class SampleOut(BaseModel):
    """A net promoter score, and how far it can be trusted."""

    promoters: int = Field(description="Answers 9 and 10")
    passives: int = Field(description="Answers 7 and 8")
    detractors: int = Field(description="Answers 0 to 6")
    n: int
    nps: float | None = Field(ge=-100, le=100, description="Share of promoters minus share of detractors, in percent")
    interval: tuple[float, float] | None = Field(description="The 95 % interval: lowest and highest")
    asked: int
    sent: int = Field(description="Of those asked then, to how many the question went out")
    response_rate: float | None = Field(ge=0, le=1, description="Of those asked then, who has answered until now")
    held: dict[str, int] = Field(description="By reason, whose question waits", examples=[{"issue_open": 3}])
    not_asked: dict[str, int] = Field(description="By reason, who was not asked", examples=[{"cooldown": 12}])

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """The figures of one sample."""
        tally = sample.tally
        return cls(
            promoters=tally.promoters,
            passives=tally.passives,
            detractors=tally.detractors,
            n=tally.n,
            nps=tally.nps,
            interval=tally.interval,
            asked=sample.asked,
            sent=sample.sent,
            response_rate=sample.response_rate,
            held=sample.held,
            not_asked=sample.not_asked,
        )


class ScoresOut(BaseModel):
    """Everybody, and each cohort on its own."""

    total: SampleOut
    cohorts: dict[Cohort, SampleOut]

    @classmethod
    def of(cls, slices: list[Slice]) -> Self:
        """The figures of some days."""
        cohorts = {cohort: SampleOut.of(sample) for cohort, sample in by_cohort(slices).items()}
        return cls(total=SampleOut.of(sample_of(slices)), cohorts=cohorts)


class DayOut(ScoresOut):
    """One day in the shop's zone."""

    day: date


class NpsOut(ScoresOut):
    """A span of days; those on which nothing happened are left out of `days`."""

    days: list[DayOut]


class OrderEligibilityOut(BaseModel):
    """Why a customer is or is not asked about one order."""

    order_id: str
    state: InvitationState | None = Field(description="Where the question stands; missing before the delivery")
    verdict: Verdict | None = Field(description="What would be decided now; missing once it is settled")
    reason: str | None = Field(examples=["issue_open"])
    until: datetime | None = Field(description="When it is looked at again, at the latest")

    @classmethod
    def of(cls, order_id: str, invitation: Invitation | None, eligibility: Eligibility) -> Self:
        """What is settled stays as it was decided; everything else is decided now."""
        if invitation is not None and not invitation.waits:
            return cls(order_id=order_id, state=invitation.state, verdict=None, reason=invitation.reason, until=None)
        return cls(
            order_id=order_id,
            state=None if invitation is None else invitation.state,
            verdict=eligibility.verdict,
            reason=eligibility.reason,
            until=eligibility.until,
        )


class EligibilityOut(BaseModel):
    """Why not? For every order that is known of the customer."""

    customer_id: Customer
    now: datetime
    orders: list[OrderEligibilityOut]


def _fields(struct: Invitation | Response | Case) -> dict[str, object]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
