"""A shop's days in the words of tests: events at a day, and one customer who goes through them.

`Life` folds as the worker does: deadlines before an event fire before it, those of the same moment after it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from chassis.items import Command, Due
from chassis.outcomes import Decision
from chassis.sequence import fold_sequence
from contracts import Event, Fact
from contracts.feedback import SurveyDue
from contracts.loyalty import GoodwillGranted, GoodwillRefused
from contracts.notifications import MessageSent, TellingFailed
from contracts.orders import (
    ConfirmedLine,
    IssueOpened,
    IssueResolved,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
    Resolution,
)
from contracts.storefront import CancelledBy, ContactReceived, CustomerErased
from contracts.stories import OpenIssue, Story
from contracts.vocabulary import Channel, IssueKind, Purpose, Severity
from feedback.customers import Customer
from feedback.folding import fold
from feedback.policy import Policy

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA = "ada"
POLICY = Policy()

F = TypeVar("F", bound=Fact)


def day(days: float) -> datetime:
    """So many days after the beginning."""
    return START + timedelta(days=days)


def said(fact: Fact, at: float | None = None) -> Event[Any]:
    """The fact as an event, said when it happened or on the day `at`."""
    time = getattr(fact, "occurred_at", START) if at is None else day(at)
    identity = f"{type(fact).__name__}-{hash((fact.customer_id, str(fact), time)):x}"
    return Event(id=identity, source="/test", time=time, data=fact, correlation_id=identity)


def confirmed(order_id: str = "o1", *, at: float = -3, total_minor: int = 5_000, customer_id: str = ADA) -> Event[Any]:
    line = ConfirmedLine(line_id="1", quantity=1, paid_minor=total_minor)
    return said(
        OrderConfirmed(
            customer_id=customer_id, order_id=order_id, occurred_at=day(at), placed_at=day(at), currency="EUR",
            lines=(line,), total_minor=total_minor,
        )
    )  # fmt: skip


def delivered(
    order_id: str = "o1", *, at: float = 0, late: bool = False, heard: float | None = None, customer_id: str = ADA
) -> Event[Any]:
    fact = OrderDelivered(customer_id=customer_id, order_id=order_id, occurred_at=day(at), late=late)
    return said(fact, at if heard is None else heard)


def cancelled(order_id: str = "o1", *, at: float) -> Event[Any]:
    return said(OrderCancelled(customer_id=ADA, order_id=order_id, occurred_at=day(at), by=CancelledBy.shop))


def refunded(order_id: str = "o1", refund_id: str = "r1", *, at: float, amount_minor: int = 5_000) -> Event[Any]:
    return said(
        OrderRefunded(
            customer_id=ADA, order_id=order_id, refund_id=refund_id, occurred_at=day(at), currency="EUR",
            amount_minor=amount_minor,
        )
    )  # fmt: skip


def opened(order_id: str = "o1", issue_id: str = "i1", *, at: float) -> Event[Any]:
    fact = IssueOpened(
        customer_id=ADA, order_id=order_id, issue_id=issue_id, kind=IssueKind.damaged, severity=Severity.serious,
        opened_at=day(at), known="The parcel was damaged.",
    )  # fmt: skip
    return said(fact, at)


def resolved(order_id: str = "o1", issue_id: str = "i1", *, at: float) -> Event[Any]:
    fact = IssueResolved(
        customer_id=ADA, order_id=order_id, issue_id=issue_id, kind=IssueKind.damaged, severity=Severity.serious,
        opened_at=day(at), known="The parcel was damaged.", resolution=Resolution.replaced, resolved_at=day(at),
    )  # fmt: skip
    return said(fact, at)


def contacted(contact_id: str = "c1", *, at: float, heard: float | None = None) -> Event[Any]:
    fact = ContactReceived(customer_id=ADA, contact_id=contact_id, occurred_at=day(at), channel="email")
    return said(fact, at if heard is None else heard)


def replied(
    contact_id: str = "c1", *, at: float, order_id: str | None = "o1", words: str = "Where is it?"
) -> Event[Any]:
    issue = OpenIssue(
        issue_id="i1", kind=IssueKind.delivery_late, severity=Severity.serious, known="It is late.", since=day(at)
    )
    fact = ContactReceived(
        customer_id=ADA, contact_id=contact_id, occurred_at=day(at), channel="email", order_id=order_id,
        topic="delivery_late", text=words, in_reply_to="m1", by_addressee=True,
        story=Story(stage="shipped", issues=(issue,)),
    )  # fmt: skip
    return said(fact)


def erased(*, at: float) -> Event[Any]:
    return said(CustomerErased(customer_id=ADA, occurred_at=day(at)))


def telling_failed(issue_id: str = "i1", *, at: float) -> Event[Any]:
    return said(TellingFailed(customer_id=ADA, issue_id=issue_id, order_id="o1", occurred_at=day(at), reason="bounced"))


def sent(invitation_id: str | None, *, at: float) -> Event[Any]:
    return said(
        MessageSent(
            customer_id=ADA, message_id=f"m-{invitation_id}", kind="survey", purpose=Purpose.survey,
            channel=Channel.email, occurred_at=day(at), invitation_id=invitation_id,
        )
    )  # fmt: skip


def granted(request_id: str | None, *, at: float, points: int = 200) -> Event[Any]:
    return said(
        GoodwillGranted(
            customer_id=ADA, goodwill_id=f"g-{request_id}", request_id=request_id, occurred_at=day(at), points=points,
            available_points=points, pending_points=0, reason="requested",
        )
    )  # fmt: skip


def refused(request_id: str, *, at: float) -> Event[Any]:
    return said(
        GoodwillRefused(
            customer_id=ADA, goodwill_id=f"g-{request_id}", request_id=request_id, occurred_at=day(at), reason="cap"
        )
    )


class Life:
    """One customer, the deadlines they left, and everything that was said and decided about them."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.customer = Customer(customer_id=ADA)
        self.deadlines: dict[tuple[str, str, str], Due] = {}
        self.facts: list[Fact] = []
        self.decisions: list[tuple[datetime, Decision]] = []
        self.duplicates = 0
        self._fold = partial(fold, policy=policy)

    def through(self, *events: Event[Any], until: float | None = None) -> "Life":
        """Folds the events in order of their time, then the deadlines before the day `until`."""
        ordered = sorted(events, key=lambda event: event.at)
        before = day(until) if until is not None else max((event.at for event in events), default=START)
        return self.take(ordered, before=before)

    def take(self, items: Sequence[Event[Any] | Command[Any]], *, before: datetime) -> "Life":
        """Folds items in the order given; deadlines due before `before` take their place between them."""
        folded = fold_sequence(self._fold, {ADA: self.customer}, items, list(self.deadlines.values()), before=before)
        for refusal in folded.refused:
            raise refusal.error or AssertionError(refusal)
        self.customer = folded.accounts[ADA]
        for key, due in folded.deadlines.items():
            self.deadlines.pop(key, None)
            if due is not None:
                self.deadlines[key] = due
        for item, outcome in folded.outcomes:
            self.facts += outcome.facts
            self.decisions += [(item.at, decision) for decision in outcome.decisions]
            self.duplicates += outcome.duplicate
        return self

    def command(self, data: Any, *, at: float) -> "Life":
        """Somebody asks for something on the day `at`, after the deadlines before it."""
        command = Command(
            id=f"c-{at}", at=day(at), customer_id=ADA, data=data, actor="customer", correlation_id=f"c-{at}"
        )
        return self.take([command], before=day(at))

    def said(self, kind: type[F]) -> list[F]:
        """Every fact of one kind, in order."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def asked(self) -> dict[str, datetime]:
        """When which order was asked about."""
        return {fact.order_id: fact.occurred_at for fact in self.said(SurveyDue)}

    def explanations(self, rule: str = "survey") -> list[tuple[str, str]]:
        """Outcome and reason of each decision, in order."""
        return [(decision.outcome, decision.reason) for _, decision in self.decisions if decision.rule == rule]


def lived(*events: Event[Any], until: float) -> Life:
    """A life from its beginning to the day `until`."""
    return Life().through(*events, until=until)
