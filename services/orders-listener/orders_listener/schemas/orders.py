"""Bodies about orders and their timelines."""

from datetime import datetime
from typing import Any, Self

import msgspec
from pydantic import BaseModel, Field

from contracts.envelope import entry_of
from contracts.storefront import ShipmentStatus
from contracts.vocabulary import IssueKind
from orders_listener.entries import LINKS, HistoryEntry
from orders_listener.issues import Issue
from orders_listener.parcels import Parcel
from orders_listener.pictures import Picture
from orders_listener.schemas.issues import IssueBody
from orders_listener.timelines import OrderStatus, Timeline
from orders_listener.watch import DeadlineKind


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
        """A fact somebody said; without the links in it, which open pages to whoever has them."""
        return cls(
            what=entry_of(type(entry.fact)).type,
            occurred_at=entry.occurred_at,
            said_at=entry.said_at,
            detected_at=entry.detected_at,
            data={name: value for name, value in msgspec.to_builtins(entry.fact).items() if name not in LINKS},
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
