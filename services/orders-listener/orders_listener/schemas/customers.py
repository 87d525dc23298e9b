"""Bodies about customers."""

from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from contracts.orders import Milestone, Segment
from contracts.vocabulary import Currency
from orders_listener import stages
from orders_listener.accounts import Patron
from orders_listener.customers import Relationship
from orders_listener.issues import Issue
from orders_listener.milestones import Reached
from orders_listener.purchases import Purchases
from orders_listener.schemas.issues import IssueBody
from orders_listener.timelines import OrderStatus


class ContactBody(BaseModel):
    """The first time a customer wrote or called; what they said is not kept here."""

    model_config = ConfigDict(from_attributes=True)

    contact_id: str
    occurred_at: datetime
    topic: str | None


class ValueBody(BaseModel):
    """Money of one currency, in minor units."""

    currency: Currency
    confirmed_minor: int = Field(description="Confirmed orders as they were changed last; cancelled ones do not count")
    refunded_minor: int
    net_minor: int = Field(description="What was confirmed less what was refunded")


class PurchasesBody(BaseModel):
    """What the customer's confirmed orders add up to. Days are the shop's."""

    frequency: int = Field(description="How often they bought; orders of one day count once")
    orders: int = Field(description="How many confirmed orders that were")
    first_on: date | None
    last_on: date | None
    recency_days: int | None = Field(description="Since they bought last")
    average_gap_days: float | None = Field(description="Between purchases; missing before the second")
    value: list[ValueBody] = Field(description="By currency")

    @classmethod
    def of(cls, purchases: Purchases, today: date) -> Self:
        """As they are today."""
        days = purchases.days
        value = [
            ValueBody(
                currency=currency,
                confirmed_minor=sums.confirmed_minor,
                refunded_minor=sums.refunded_minor,
                net_minor=sums.confirmed_minor - sums.refunded_minor,
            )
            for currency, sums in sorted(purchases.value.items())
        ]
        gap = stages.average_gap_days(days)
        return cls(
            frequency=purchases.frequency,
            orders=purchases.orders,
            first_on=days[0] if days else None,
            last_on=days[-1] if days else None,
            recency_days=max((today - days[-1]).days, 0) if days else None,
            average_gap_days=None if gap is None else round(gap, 1),
            value=value,
        )


class MilestoneBody(BaseModel):
    """Reached once for ever."""

    milestone: Milestone
    number: int = Field(description="1 for the first order, n for the nth, years for an anniversary")
    reached_at: datetime


class CustomerBody(BaseModel):
    """A customer's orders in numbers, and where they stand with the shop."""

    customer_id: str
    orders: int = Field(description="Orders that are known, cancelled ones too")
    by_status: dict[OrderStatus, int]
    first_order_at: datetime | None
    last_order_at: datetime | None
    issues: int = Field(description="Ever opened")
    open_issues: list[IssueBody] = Field(description="The latest first, at most 50")
    purchases: PurchasesBody
    stage: Segment | None = Field(description="Missing before the first purchase and after an erasure")
    stage_since: datetime | None
    milestones: list[MilestoneBody]
    looks_again_at: datetime | None = Field(description="When silence or an anniversary may change something")
    first_contact: ContactBody | None
    erased_at: datetime | None

    @classmethod
    def of(cls, patron: Patron, numbers: dict[str, Any], open_issues: list[Issue], today: date) -> Self:
        """Put together; `numbers` as `store.numbers_of` counts them."""
        contact, known = patron.first_contact, patron.relationship
        return cls(
            customer_id=patron.customer_id,
            **numbers,
            open_issues=[IssueBody.model_validate(issue) for issue in open_issues],
            purchases=PurchasesBody.of(known.purchases, today),
            stage=known.stage,
            stage_since=known.stage_since,
            milestones=_milestones(known),
            looks_again_at=known.review_at,
            first_contact=ContactBody.model_validate(contact) if contact else None,
            erased_at=patron.erased_at,
        )


def _milestones(known: Relationship) -> list[MilestoneBody]:
    reached = [(reached_at, Reached.of(key)) for key, reached_at in known.milestones.items()]
    return [
        MilestoneBody(milestone=one.milestone, number=one.number, reached_at=reached_at)
        for reached_at, one in sorted(reached, key=lambda pair: (pair[0], pair[1].key))
    ]
