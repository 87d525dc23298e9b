"""Bodies of loyalty's HTTP interface."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from contracts.vocabulary import LARGEST_INTEGER
from loyalty.accounts import Account
from loyalty.explanation import OrderExplained, Standing, Totals
from loyalty.postings import Place, Posting, PostingKind
from loyalty.programme import Programme
from loyalty.tiers import tier_after, tier_of

PRINTABLE = r"^[\x21-\x7E]+$"
CustomerId = Annotated[str, Path(max_length=128, pattern=PRINTABLE, examples=["ada"])]
Identifier = Annotated[str, Field(max_length=128, pattern=PRINTABLE)]


class MemberBody(BaseModel):
    """Where a member stands."""

    customer_id: str
    available_points: int = Field(description="May be spent; below zero when spent points were taken back")
    pending_points: int = Field(description="Wait for their orders to be completed")
    qualifying_points: int = Field(description="Count for the tier")
    tier: str
    next_tier: str | None = Field(description="Missing in the highest tier")
    points_to_next_tier: int | None
    erased_at: datetime | None

    @classmethod
    def of(cls, programme: Programme, account: Account) -> Self:
        """As the programme sees the account."""
        tier = tier_of(programme, account)
        higher = tier_after(programme, tier)
        return cls(
            customer_id=account.customer_id,
            available_points=account.available_points,
            pending_points=account.pending_points,
            qualifying_points=account.qualifying_points,
            tier=tier.name,
            next_tier=higher.name if higher else None,
            points_to_next_tier=max(0, higher.from_points - account.qualifying_points) if higher else None,
            erased_at=account.erased_at,
        )


class PostingBody(BaseModel):
    """Points that moved."""

    number: int = Field(description="Counts the member's postings from 1")
    kind: PostingKind
    source: Place
    destination: Place
    points: int
    order_id: str | None
    reference: str = Field(description="Rule and natural key", examples=["refunded o-17 r-1 shirt"])
    cause_id: str = Field(description="The event or command that led to it")
    at: datetime

    @classmethod
    def of(cls, posting: Posting) -> Self:
        """One row of the ledger."""
        movement = posting.movement
        return cls(
            number=posting.number,
            kind=movement.kind,
            source=movement.source,
            destination=movement.destination,
            points=posting.points,
            order_id=posting.order_id,
            reference=posting.reference,
            cause_id=posting.cause_id,
            at=posting.at,
        )


class TotalsBody(BaseModel):
    """earned - taken_back + goodwill - spent = available + pending."""

    model_config = ConfigDict(from_attributes=True)

    earned_points: int
    vested_points: int
    taken_back_points: int
    goodwill_points: int
    spent_points: int


class OrderBody(BaseModel):
    """One order's part in the account."""

    order_id: str
    standing: Standing
    held_points: int = Field(description="What the member has of it now")
    earned_points: int
    vested_points: int
    taken_back_points: int
    goodwill_points: int

    @classmethod
    def of(cls, explained: OrderExplained) -> Self:
        """One order, explained."""
        totals = explained.totals
        return cls(
            order_id=explained.order.order_id,
            standing=explained.standing,
            held_points=explained.order.held_points,
            earned_points=totals.earned_points,
            vested_points=totals.vested_points,
            taken_back_points=totals.taken_back_points,
            goodwill_points=totals.goodwill_points,
        )


class ExplanationBody(BaseModel):
    """Why a member has these points."""

    member: MemberBody
    totals: TotalsBody
    orders: list[OrderBody] = Field(description="Latest movement first")
    next_cursor: str | None = Field(default=None, description="Give this as `cursor` for more orders")

    @classmethod
    def of(cls, member: MemberBody, totals: Totals, orders: list[OrderExplained], next_cursor: str | None) -> Self:
        """Put together."""
        bodies = [OrderBody.of(order) for order in orders]
        return cls(member=member, totals=TotalsBody.model_validate(totals), orders=bodies, next_cursor=next_cursor)


class RedemptionRequest(BaseModel, extra="forbid"):
    """Points to be spent. The same `redemption_id` again gives the same answer."""

    redemption_id: Identifier = Field(examples=["cart-8812"])
    points: int = Field(ge=1, le=LARGEST_INTEGER, strict=True, examples=[250])


class RedemptionBody(BaseModel):
    """Points that were spent."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: str
    redemption_id: str
    points: int
    available_points: int = Field(description="What was left then")
    redeemed_at: datetime


class TierBody(BaseModel):
    """A tier of the programme."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    from_points: int


class ProgrammeBody(BaseModel):
    """The rules, as numbers."""

    model_config = ConfigDict(from_attributes=True)

    version: str
    points_per_unit: int = Field(description="Points for one unit of the order's currency, rounded down per line")
    tiers: list[TierBody]
    late_delivery_points: int
    goodwill_request_cap_points: int
