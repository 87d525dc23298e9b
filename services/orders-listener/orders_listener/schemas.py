"""Bodies of the orders-listener's HTTP interface."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

import msgspec
from fastapi import Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.pagination import LARGEST_PAGE_SIZE, PAGE_SIZE
from contracts.envelope import entry_of
from contracts.orders import Milestone, Resolution, Segment
from contracts.storefront import ShipmentStatus
from contracts.vocabulary import Currency, IssueKind, Severity
from orders_listener import stages
from orders_listener.accounts import Patron
from orders_listener.customers import Relationship
from orders_listener.entries import HistoryEntry
from orders_listener.issues import Issue
from orders_listener.milestones import Reached
from orders_listener.parcels import Parcel
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.purchases import Purchases
from orders_listener.timelines import OrderStatus, Timeline
from orders_listener.watch import DeadlineKind

PRINTABLE = r"^[\x21-\x7E]+$"
OrderId = Annotated[str, Path(max_length=128, pattern=PRINTABLE, examples=["o-17"])]
CustomerId = Annotated[str, Path(max_length=128, pattern=PRINTABLE, examples=["ada"])]
OneOrNone = Annotated[str | None, Field(max_length=128, pattern=PRINTABLE)]
Actor = Annotated[str, Field(max_length=128, pattern=r"^(customer|(care|service):[\x21-\x7E]+)$")]


class IssueState(StrEnum):
    """Whether an issue lasts."""

    open = "open"
    resolved = "resolved"


class PageQuery(BaseModel, extra="forbid"):
    """Which page of a list. What is asked for and not known is refused: it would look like an answer."""

    limit: int = Field(default=PAGE_SIZE, ge=1, le=LARGEST_PAGE_SIZE, description="Rows per page")
    cursor: str | None = Field(default=None, max_length=512, description="`next_cursor` of the page before")


class OrdersQuery(PageQuery):
    """Which orders."""

    customer_id: OneOrNone = Field(default=None, description="Only of this customer")


class IssuesQuery(PageQuery):
    """Which issues; what is not named may be anything."""

    state: IssueState | None = None
    kind: IssueKind | None = None
    severity: Severity | None = None
    customer_id: OneOrNone = Field(default=None, description="Only of this customer")
    order_id: OneOrNone = Field(default=None, description="Only of this order")
    opened_from: AwareDatetime | None = Field(default=None, description="Opened then or later")
    opened_until: AwareDatetime | None = Field(default=None, description="Opened before that")

    def columns(self) -> dict[str, str | None]:
        """What must be equal, by column."""
        names = {"state", "kind", "severity", "customer_id", "order_id"}
        return self.model_dump(include=names)


class WhyNotQuery(BaseModel, extra="forbid"):
    """What was expected and is not there."""

    kind: IssueKind


class IssueBody(BaseModel):
    """Something that went wrong with an order."""

    model_config = ConfigDict(from_attributes=True)

    issue_id: str
    order_id: str
    customer_id: str
    kind: IssueKind
    severity: Severity
    shipment_id: str | None
    line_ids: list[str]
    opened_at: datetime
    promised_by: datetime | None
    known: str = Field(description="What is known, as one sentence for people")
    expected_next: str | None
    expected_by: datetime | None
    told_by: datetime = Field(description="When the customer should have been told at the latest")
    evidence: dict[str, str]
    resolution: Resolution | None = Field(description="Missing while the issue is open")
    resolved_at: datetime | None


class OrderBody(BaseModel):
    """Where an order stands."""

    order_id: str
    customer_id: str
    status: OrderStatus = Field(description="unknown: others spoke of it, the order itself was not said yet")
    placed_at: datetime | None
    promised_until: datetime | None = Field(description="The end of what was promised last")
    delivered_at: datetime | None
    open_issues: list[IssueKind]

    @classmethod
    def of(cls, timeline: Timeline) -> Self:
        """In short."""
        return cls(**_in_short(timeline))


def _in_short(timeline: Timeline) -> dict[str, Any]:
    return msgspec.structs.asdict(timeline.standing) | {
        "order_id": timeline.order_id,
        "customer_id": timeline.customer_id,
        "open_issues": sorted(issue.kind for issue in timeline.issues.values() if issue.is_open),
    }


class LineBody(BaseModel):
    """One line and what of it the customer still waits for."""

    line_id: str
    title: str | None
    variant: dict[str, str]
    quantity: int
    refunded: int
    outstanding: int = Field(description="Pieces neither delivered nor refunded")


class ShipmentBody(BaseModel):
    """One parcel."""

    shipment_id: str
    announced: bool = Field(description="False: only the carrier has spoken of it, and what it carries is not known")
    carrier: str | None
    tracking_number: str | None
    replaces_shipment_id: str | None
    carries: dict[str, int] = Field(description="Pieces by line")
    status: ShipmentStatus
    moved_at: datetime | None
    delivered_at: datetime | None

    @classmethod
    def of(cls, parcel: Parcel) -> Self:
        """As its announcement and scans tell."""
        return cls(
            shipment_id=parcel.shipment_id,
            announced=parcel.announced is not None,
            carrier=parcel.announced.carrier if parcel.announced else None,
            tracking_number=parcel.announced.tracking_number if parcel.announced else None,
            replaces_shipment_id=parcel.replaces,
            carries=dict(parcel.carries),
            status=parcel.status,
            moved_at=parcel.moved_at,
            delivered_at=parcel.delivered_at,
        )


class OrderDetailBody(OrderBody):
    """An order with its lines, parcels and issues, and when somebody will look at it again."""

    lines: list[LineBody]
    shipments: list[ShipmentBody]
    issues: list[IssueBody]
    deadlines: dict[DeadlineKind, datetime]

    @classmethod
    def in_full(cls, timeline: Timeline, picture: Picture) -> Self:
        """Everything that is derived from the history."""
        lines = [
            LineBody(
                line_id=line_id,
                title=line.title,
                variant=line.variant,
                quantity=line.quantity,
                refunded=picture.refunded.get(line_id, 0),
                outstanding=picture.outstanding.get(line_id, 0),
            )
            for line_id, line in picture.lines.items()
        ]
        return cls(
            **_in_short(timeline),
            lines=lines,
            shipments=[ShipmentBody.of(parcel) for parcel in picture.parcels.values()],
            issues=[IssueBody.model_validate(issue) for issue in timeline.issues.values()],
            deadlines=timeline.deadlines,
        )


class EntryBody(BaseModel):
    """One thing in an order's history."""

    what: str = Field(examples=["storefront.shipment-progressed.v1", "issue-opened delivery_late"])
    occurred_at: datetime
    said_at: datetime | None = Field(description="When a publisher said it; missing for what was noticed here")
    detected_at: datetime = Field(description="When this timeline learned of it")
    data: dict[str, Any]

    @classmethod
    def of(cls, entry: HistoryEntry) -> Self:
        """A fact somebody said."""
        return cls(
            what=entry_of(type(entry.fact)).type,
            occurred_at=entry.occurred_at,
            said_at=entry.said_at,
            detected_at=entry.detected_at,
            data=msgspec.to_builtins(entry.fact),
        )

    @classmethod
    def noticed(cls, what: str, at: datetime, issue: Issue) -> Self:
        """Something that was noticed here."""
        data = {"issue_id": issue.issue_id, "known": issue.known, "resolution": issue.resolution}
        return cls(what=f"{what} {issue.kind}", occurred_at=at, said_at=None, detected_at=at, data=data)


class TimelineBody(BaseModel):
    """The whole history of an order, as it happened."""

    order_id: str
    customer_id: str
    status: OrderStatus
    entries: list[EntryBody]

    @classmethod
    def of(cls, timeline: Timeline) -> Self:
        """What was said and what was noticed, together."""
        issues = timeline.issues.values()
        said = [EntryBody.of(entry) for entry in timeline.entries]
        opened = [EntryBody.noticed("issue-opened", issue.opened_at, issue) for issue in issues]
        resolved = [
            EntryBody.noticed("issue-resolved", issue.resolved_at, issue) for issue in issues if issue.resolved_at
        ]
        return cls(
            order_id=timeline.order_id,
            customer_id=timeline.customer_id,
            status=timeline.standing.status,
            entries=sorted(said + opened + resolved, key=lambda entry: entry.occurred_at),
        )


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


class ConditionBody(BaseModel):
    """One thing that must hold for an issue to open."""

    model_config = ConfigDict(from_attributes=True)

    condition: str
    reason: str | None = Field(description="Why it does not hold; missing where it holds")
    words: str


class LookBody(BaseModel):
    """What a look at a moment leads to."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    opens: bool
    reason: str = Field(description="Of the first condition that does not hold; `opens` where all hold")
    words: str
    conditions: list[ConditionBody] = Field(description="In the order in which they are asked")


class WhyNotBody(BaseModel):
    """Why an order has no issue of a kind, or that it has one."""

    model_config = ConfigDict(from_attributes=True)

    order_id: str
    kind: IssueKind
    state: Literal["open", "resolved", "not_opened"]
    issue_ids: list[str]
    would_open_it: str = Field(description="What would have to be true, in words")
    now: LookBody
    last_look: LookBody | None = Field(description="When somebody looked for this, by what was known then")
    next_look: LookBody | None = Field(description="When somebody looks, and what comes of it if nothing happens")


class PolicyBody(BaseModel):
    """The numbers that rules are given."""

    version: str
    values: dict[str, Any] = Field(description="Lengths as ISO 8601 durations")

    @classmethod
    def of(cls, policy: Policy) -> Self:
        """As it is in force."""
        values = msgspec.to_builtins(policy)
        return cls(version=values.pop("version"), values=values)


class DelayAcceptanceRequest(BaseModel, extra="forbid"):
    """The customer will wait."""

    until: AwareDatetime | None = Field(default=None, description="A date that is a promise again; missing: no date")
    actor: Actor = Field(default="customer", description="Who says so: customer, care:<name> or service:<name>")


class CancellationRequest(BaseModel, extra="forbid"):
    """The customer wants the money back instead of waiting."""

    reason: str | None = Field(default=None, max_length=500, description="Passed on to the storefront, not kept")
    actor: Actor = Field(default="customer", description="Who says so: customer, care:<name> or service:<name>")
