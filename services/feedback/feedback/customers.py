"""One customer as feedback knows them: what they went through, what they were asked, who takes care of them.

Owns the shape of the document that is kept per customer. Facts keep the time when they were *said*: what was known
at a moment can be told later, in whatever order the facts came. No names, no addresses, no words of the customer.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from contracts.feedback import Cohort, SurveyKind
from contracts.ids import derived_id


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of the document."""


class Issue(Kept, frozen=True, kw_only=True):
    """Something went wrong with an order. Times are when it was said."""

    opened_at: datetime
    resolved_at: datetime | None = None


class Refund(Kept, frozen=True, kw_only=True):
    """Money that was given back."""

    said_at: datetime
    amount_minor: int


class Delivery(Kept, frozen=True, kw_only=True):
    """The order arrived, whole."""

    said_at: datetime
    occurred_at: datetime
    late: bool = False


class Contact(Kept, frozen=True, kw_only=True):
    """The customer wrote or called."""

    said_at: datetime
    occurred_at: datetime


class Order(Kept, frozen=True, kw_only=True):
    """What is known of one order; any part may be missing, facts come as they come."""

    total_minor: int | None = None
    delivery: Delivery | None = None
    cancelled_at: datetime | None = None
    refunds: dict[str, Refund] = {}
    issues: dict[str, Issue] = {}

    def fully_refunded(self, now: datetime) -> bool:
        """All the money had been given back by `now`; never true while the total is unknown."""
        given_back = [refund.amount_minor for refund in self.refunds.values() if refund.said_at <= now]
        return bool(given_back) and self.total_minor is not None and sum(given_back) >= self.total_minor

    def cohort(self, now: datetime) -> Cohort:
        """Late goes before issue: nearly every late order has the issue of being late."""
        if self.delivery is not None and self.delivery.late:
            return Cohort.late
        return Cohort.issue if any(issue.opened_at <= now for issue in self.issues.values()) else Cohort.clean


class InvitationState(StrEnum):
    """Where the question about an order stands."""

    planned = "planned"
    held = "held"
    asked = "asked"
    answered = "answered"
    not_asked = "not_asked"


class Invitation(Kept, frozen=True, kw_only=True):
    """The question about one order, from the day it is planned."""

    invitation_id: str
    order_id: str
    state: InvitationState
    planned_at: datetime
    """When the order was delivered."""
    look_at: datetime | None
    """When it is decided next; None once it is settled."""
    reason: str | None = None
    decided_at: datetime | None = None
    cohort: Cohort | None = None
    asked_at: datetime | None = None
    expires_at: datetime | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """It may still be asked."""
        return self.state in (InvitationState.planned, InvitationState.held)


class GoodwillState(StrEnum):
    """What loyalty said to a request."""

    requested = "requested"
    granted = "granted"
    refused = "refused"


class Goodwill(Kept, frozen=True, kw_only=True):
    """Points that a case asked for."""

    request_id: str
    points: int
    state: GoodwillState
    reason: str | None = None


class CaseCause(StrEnum):
    """Why somebody should call."""

    detractor = "detractor"
    telling_failed = "telling_failed"
    reply = "reply"


class CaseState(StrEnum):
    """Where a case stands."""

    open = "open"
    escalated = "escalated"
    resolved = "resolved"


class Case(Kept, frozen=True, kw_only=True):
    """Somebody takes care of this customer until it is good again."""

    case_id: str
    cause: CaseCause
    opened_at: datetime
    due_at: datetime
    order_id: str | None = None
    escalated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution: str | None = None
    goodwill: Goodwill | None = None

    @property
    def state(self) -> CaseState:
        """Derived: what happened last."""
        if self.resolved_at is not None:
            return CaseState.resolved
        return CaseState.open if self.escalated_at is None else CaseState.escalated


class Customer(Kept, frozen=True, kw_only=True):
    """The account of this service. Invitations stand under their order's id."""

    customer_id: str
    erased_at: datetime | None = None
    contacts: dict[str, Contact] = {}
    orders: dict[str, Order] = {}
    invitations: dict[str, Invitation] = {}
    cases: dict[str, Case] = {}

    def order(self, order_id: str) -> Order:
        """Blank when nothing is known of it yet."""
        return self.orders.get(order_id) or Order()

    def invitation(self, invitation_id: str | None) -> Invitation | None:
        """The question with this id, if this customer has it."""
        return next((own for own in self.invitations.values() if own.invitation_id == invitation_id), None)

    def issues(self) -> Iterator[Issue]:
        """Of all orders: who waits for one parcel does not want to be asked about another."""
        for order in self.orders.values():
            yield from order.issues.values()

    def with_order(self, order_id: str, order: Order) -> "Customer":
        """The same customer, one order as it is now."""
        return replace(self, orders={**self.orders, order_id: order})

    def with_invitation(self, invitation: Invitation) -> "Customer":
        """The same customer, one invitation as it is now."""
        return replace(self, invitations={**self.invitations, invitation.order_id: invitation})

    def with_case(self, case: Case) -> "Customer":
        """The same customer, one case as it is now."""
        return replace(self, cases={**self.cases, case.case_id: case})


def invitation_id_of(order_id: str) -> str:
    """One question of one kind per order, whoever derives it."""
    return derived_id("invitation", order_id, SurveyKind.nps)
