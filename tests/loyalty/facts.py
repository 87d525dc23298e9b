"""Facts as the other services say them, short enough for tables; and a member who takes them in."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from chassis.items import Command
from chassis.outcomes import Outcome
from contracts import Event, Fact
from contracts.feedback import GoodwillRequested
from contracts.orders import (
    ConfirmedLine,
    IssueOpened,
    OrderCancelled,
    OrderCompleted,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
)
from contracts.storefront import CancelledBy, CustomerErased
from contracts.vocabulary import IssueKind, RefundedLine, Severity
from loyalty.accounts import Account
from loyalty.folding import fold
from loyalty.postings import Posting
from loyalty.programme import Programme
from loyalty.redemptions import Redeem

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA = "ada"
PROGRAMME = Programme()


def confirmed(order_id: str = "o1", currency: str = "EUR", /, **paid_minor: int) -> OrderConfirmed:
    """Lines by id: `confirmed("o1", shirt=2_000, socks=550)`."""
    lines = tuple(ConfirmedLine(line_id=line_id, quantity=1, paid_minor=minor) for line_id, minor in paid_minor.items())
    return OrderConfirmed(
        customer_id=ADA,
        order_id=order_id,
        occurred_at=NOON,
        placed_at=NOON,
        currency=currency,
        lines=lines,
        total_minor=sum(paid_minor.values()),
    )


def refunded(refund_id: str = "r1", order_id: str = "o1", /, **amount_minor: int) -> OrderRefunded:
    """Amounts by line; none at all is a gesture."""
    return OrderRefunded(
        customer_id=ADA,
        order_id=order_id,
        refund_id=refund_id,
        occurred_at=NOON,
        currency="EUR",
        amount_minor=sum(amount_minor.values()) or 500,
        lines=tuple(RefundedLine(line_id=key, quantity=1, amount_minor=minor) for key, minor in amount_minor.items()),
    )


def delivered(order_id: str = "o1") -> OrderDelivered:
    return OrderDelivered(customer_id=ADA, order_id=order_id, occurred_at=NOON)


def completed(order_id: str = "o1") -> OrderCompleted:
    return OrderCompleted(customer_id=ADA, order_id=order_id, occurred_at=NOON)


def cancelled(order_id: str = "o1") -> OrderCancelled:
    return OrderCancelled(customer_id=ADA, order_id=order_id, occurred_at=NOON, by=CancelledBy.customer)


def late(issue_id: str = "i1", order_id: str = "o1", kind: IssueKind = IssueKind.delivery_late) -> IssueOpened:
    return IssueOpened(
        customer_id=ADA,
        issue_id=issue_id,
        order_id=order_id,
        kind=kind,
        severity=Severity.serious,
        opened_at=NOON,
        known="It did not come.",
    )


def requested(points: int, request_id: str = "q1", order_id: str | None = "o1") -> GoodwillRequested:
    return GoodwillRequested(
        customer_id=ADA,
        request_id=request_id,
        case_id="c1",
        order_id=order_id,
        occurred_at=NOON,
        points=points,
        reason="A long wait.",
    )


def erased() -> CustomerErased:
    return CustomerErased(customer_id=ADA, occurred_at=NOON)


def said(fact: Fact, number: int = 1) -> Event[Any]:
    """The fact in its envelope, the `number`th that was said."""
    return Event(
        id=f"e{number}",
        source="/test",
        time=NOON + timedelta(minutes=number),
        data=fact,
        correlation_id="k",
    )


def asked(points: int, redemption_id: str = "x1", number: int = 1) -> Command[Redeem]:
    return Command(
        id=f"command{number}",
        at=NOON + timedelta(minutes=number),
        customer_id=ADA,
        data=Redeem(redemption_id, points),
        actor="service:storefront",
        correlation_id="k",
    )


class Member:
    """Takes in facts and commands one by one, and remembers everything that came of them."""

    def __init__(self, *facts: Fact, programme: Programme = PROGRAMME) -> None:
        self._fold = partial(fold, programme)
        self._items = 0
        self.account = Account(customer_id=ADA)
        self.outcomes: list[Outcome] = []
        self.takes(facts)

    def takes(self, facts: Iterable[Fact]) -> "Member":
        for fact in facts:
            self.take(fact)
        return self

    def take(self, fact: Fact) -> Outcome:
        self._items += 1
        return self._keep(said(fact, self._items))

    def redeem(self, points: int, redemption_id: str = "x1") -> Outcome:
        self._items += 1
        return self._keep(asked(points, redemption_id, self._items))

    def _keep(self, item: Event[Any] | Command[Any]) -> Outcome:
        self.account, outcome = self._fold(self.account, item)
        self.outcomes.append(outcome)
        return outcome

    @property
    def balances(self) -> tuple[int, int]:
        """Pending, available."""
        return self.account.pending_points, self.account.available_points

    @property
    def postings(self) -> list[Posting]:
        return [row for outcome in self.outcomes for row in outcome.rows if isinstance(row, Posting)]

    @property
    def facts(self) -> list[Fact]:
        return [fact for outcome in self.outcomes for fact in outcome.facts]

    @property
    def decisions(self) -> list[tuple[str, str, str, str]]:
        """Subject, rule, outcome, reason."""
        return [
            (decision.subject, decision.rule, decision.outcome, decision.reason)
            for outcome in self.outcomes
            for decision in outcome.decisions
        ]
