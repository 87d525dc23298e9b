"""A customer of the tests: events on an hour's notice, and a correspondence folded as the worker does it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from chassis.items import Command, Due
from chassis.outcomes import Decision
from chassis.sequence import Folded, fold_sequence
from contracts import Event, Fact
from contracts.feedback import SurveyDue, SurveyKind
from contracts.loyalty import GoodwillGranted, PointsEarned, TierReached
from contracts.orders import (
    ConfirmedLine,
    IssueOpened,
    IssueResolved,
    IssueUpdated,
    Milestone,
    MilestoneReached,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderShipped,
    Resolution,
)
from contracts.storefront import CancelledBy, ConsentChanged, Contact, CustomerErased, CustomerUpdated
from contracts.vocabulary import Channel, IssueKind, Purpose, Severity
from notifier.correspondence import Correspondence
from notifier.deliveries import Delivered, Result
from notifier.folding import fold_one
from notifier.messages import Message, State
from notifier.policy import Policy
from notifier.preferences import Choose, Way

ADA = "ada"
BERLIN = "Europe/Berlin"
POLICY = Policy(shop_zone=BERLIN, group_window=timedelta(0))
"""As usual, but that no issue waits for company: those tests say so."""
START = datetime(2026, 3, 2, 0, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
"""Midnight of a Monday in Berlin: `hour(10)` is ten in the morning."""

F = TypeVar("F", bound=Fact)


def hour(hours: float) -> datetime:
    """So many hours after that midnight."""
    return START + timedelta(hours=hours)


def said(fact: Fact, hours: float) -> Event[Any]:
    """The fact as an event; the same fact at the same hour is the same event."""
    identity = f"{type(fact).__name__}@{hours}:{fact}"[:255]
    return Event(id=identity, source="/test", time=hour(hours), data=fact, correlation_id=identity)


def known(
    at: float = 0, *, email: str = "ada@example.org", name: str | None = "Ada", zone: str | None = BERLIN,
    country: str | None = None, birthday: date | None = None,
) -> Event[Any]:  # fmt: skip
    contacts = (Contact(channel=Channel.email, address=email),)
    fact = CustomerUpdated(
        customer_id=ADA, occurred_at=hour(at), contacts=contacts, given_name=name, zone=zone, country=country,
        birthday=birthday,
    )  # fmt: skip
    return said(fact, at)


def consent(purpose: Purpose, at: float, *, given: bool = False) -> Event[Any]:
    return said(
        ConsentChanged(
            customer_id=ADA, occurred_at=hour(at), channel=Channel.email, purpose=purpose, given=given,
            evidence="settings page",
        ),
        at,
    )  # fmt: skip


def erased(at: float) -> Event[Any]:
    return said(CustomerErased(customer_id=ADA, occurred_at=hour(at)), at)


def confirmed(at: float, order_id: str = "o1") -> Event[Any]:
    line = ConfirmedLine(line_id="1", quantity=2, paid_minor=5_990)
    fact = OrderConfirmed(
        customer_id=ADA, order_id=order_id, occurred_at=hour(at), placed_at=hour(at), currency="EUR", lines=(line,),
        total_minor=5_990, promised_by=hour(at + 96),
    )  # fmt: skip
    return said(fact, at)


def shipped(at: float, order_id: str = "o1") -> Event[Any]:
    return said(OrderShipped(customer_id=ADA, order_id=order_id, shipment_id="s1", occurred_at=hour(at)), at)


def delivered(at: float, order_id: str = "o1") -> Event[Any]:
    return said(OrderDelivered(customer_id=ADA, order_id=order_id, occurred_at=hour(at)), at)


def cancelled(at: float, order_id: str = "o1") -> Event[Any]:
    return said(OrderCancelled(customer_id=ADA, order_id=order_id, occurred_at=hour(at), by=CancelledBy.customer), at)


def _issue(at: float, kind: IssueKind, severity: Severity, told_by: float | None, order_id: str) -> dict[str, Any]:
    return {
        "customer_id": ADA, "issue_id": f"{order_id}-{kind}", "order_id": order_id, "kind": kind,
        "severity": severity, "opened_at": hour(at), "known": "Your parcel was promised for Monday and is not there.",
        "told_by": None if told_by is None else hour(told_by),
    }  # fmt: skip


def opened(
    at: float, kind: IssueKind = IssueKind.delivery_late, *, severity: Severity = Severity.serious,
    told_by: float | None = None, order_id: str = "o1",
) -> Event[Any]:  # fmt: skip
    until = at + 4 if told_by is None else told_by
    return said(IssueOpened(**_issue(at, kind, severity, until, order_id)), at)


def worsened(at: float, severity: Severity, kind: IssueKind = IssueKind.delivery_late) -> Event[Any]:
    return said(IssueUpdated(**_issue(at, kind, severity, None, "o1"), changed=("severity",)), at)


def resolved(
    at: float, kind: IssueKind = IssueKind.delivery_late, resolution: Resolution = Resolution.delivered
) -> Event[Any]:
    issue = _issue(at, kind, Severity.serious, None, "o1")
    return said(IssueResolved(**issue, resolution=resolution, resolved_at=hour(at)), at)


def survey(at: float, *, expires: float = 336) -> Event[Any]:
    fact = SurveyDue(
        customer_id=ADA, invitation_id="i1", survey=SurveyKind.nps, order_id="o1", occurred_at=hour(at),
        expires_at=hour(at + expires),
    )  # fmt: skip
    return said(fact, at)


def earned(at: float, points: int = 59, order_id: str = "o1") -> Event[Any]:
    fact = PointsEarned(
        customer_id=ADA,
        order_id=order_id,
        occurred_at=hour(at),
        points=points,
        available_points=0,
        pending_points=points,
    )
    return said(fact, at)


def goodwill(at: float, goodwill_id: str = "g1") -> Event[Any]:
    fact = GoodwillGranted(
        customer_id=ADA, goodwill_id=goodwill_id, order_id="o1", issue_id="o1-delivery_late", occurred_at=hour(at),
        points=100, available_points=100, pending_points=0, reason="delivery_late",
    )  # fmt: skip
    return said(fact, at)


def a_year_ago(at: float, years: int = 1) -> Event[Any]:
    fact = MilestoneReached(customer_id=ADA, occurred_at=hour(at), milestone=Milestone.anniversary, number=years)
    return said(fact, at)


def tier(at: float) -> Event[Any]:
    return said(TierReached(customer_id=ADA, occurred_at=hour(at), tier="silver", previous="bronze"), at)


class Life:
    """One customer's correspondence over time, with the deadlines that it set."""

    def __init__(self, events: Iterable[Event[Any]] = (), *, until: float = 0, policy: Policy = POLICY) -> None:
        self.account = Correspondence(customer_id=ADA)
        self.facts: list[Fact] = []
        self.decisions: list[Decision] = []
        self.waiting: dict[tuple[str, str], Due] = {}
        self.duplicates = 0
        self._policy = policy
        self.live(events, until=until)

    def live(self, events: Iterable[Event[Any]] = (), *, until: float) -> "Life":
        """Fold the events in time order, and every deadline due before `until`."""
        ordered = sorted(events, key=lambda event: event.at)
        self._fold(ordered, max([hour(until), *(event.at for event in ordered)]))
        return self

    def again(self, events: Iterable[Event[Any]]) -> "Life":
        """The same events once more, after all that came since, past an inbox that has forgotten them."""
        return self._fold(list(events), START)

    def report(self, message: Message, result: Result, at: float, code: str | None = None) -> "Life":
        """What the sender would report of its latest attempt."""
        report = Delivered(message_id=message.message_id, attempt=message.attempts, result=result, code=code)
        identity = f"{message.message_id}-{message.attempts}-{result}-{at}"
        command = Command(
            id=identity, at=hour(at), customer_id=ADA, data=report, actor="notifier", correlation_id=identity
        )
        return self._fold([command], START)

    def choose(self, at: float, **chosen: Any) -> "Life":
        """What the customer would choose on their page."""
        choice = Choose(way=Way.page, evidence="preference page", **chosen)
        identity = f"choice@{at}"
        command = Command(
            id=identity, at=hour(at), customer_id=ADA, data=choice, actor="customer", correlation_id=identity
        )
        return self._fold([command], START)

    def _fold(self, items: list[Any], before: datetime) -> "Life":
        folded: Folded = fold_sequence(
            lambda account, item: fold_one(account, item, self._policy),
            {ADA: self.account}, items, list(self.waiting.values()), before=before,
        )  # fmt: skip
        assert not folded.refused, folded.refused
        for (_, kind, subject), due in folded.deadlines.items():
            self.waiting.pop((kind, subject), None)
            if due is not None:
                self.waiting[kind, subject] = due
        for _, outcome in folded.outcomes:
            self.facts += outcome.facts
            self.decisions += outcome.decisions
            self.duplicates += outcome.duplicate
        self.account = folded.accounts[ADA]
        return self

    def message(self, kind: str) -> Message:
        """The latest message of that kind."""
        return [message for message in self.account.messages.values() if message.kind == kind][-1]

    def all(self, fact: type[F]) -> list[F]:
        """Every such fact, in the order said."""
        return [said for said in self.facts if isinstance(said, fact)]

    def told(self) -> list[tuple[str, datetime | None]]:
        """What was decided to be sent, and when."""
        ready = (message for message in self.account.messages.values() if message.state in (State.ready, State.sent))
        return sorted(((message.kind, message.ready_at) for message in ready), key=lambda told: (told[1], told[0]))

    def kinds_told(self) -> list[str]:
        """The kinds only."""
        return [kind for kind, _ in self.told()]
