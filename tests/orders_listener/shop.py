"""Short words for what a storefront says about one order, and a pure worker that folds it with deadlines between."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from chassis.items import Command
from chassis.outcomes import Decision
from chassis.sequence import LONG_AGO, Folded, fold_sequence
from contracts import Event, Fact, orders
from contracts.orders import CancellationRequested
from contracts.storefront import (
    CancelledBy,
    ContactReceived,
    CustomerErased,
    LineAvailable,
    LineSubstituted,
    LineUnavailable,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    PaymentFailed,
    PromiseChanged,
    ReturnReceived,
    ReturnRequested,
    ShipmentCreated,
    ShipmentProgressed,
    ShipmentStatus,
    UnavailableReason,
)
from contracts.vocabulary import Destination, LineQuantity, OrderLine, RefundedLine, ShippedLine, Variant
from orders_listener import customers
from orders_listener.accounts import Account, Patron
from orders_listener.folding import fold
from orders_listener.policy import Policy
from orders_listener.policy_files import read
from orders_listener.timelines import Timeline
from orders_listener.watch import DeadlineKind
from tests.sources import ROOT

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""
PATIENT = read(ROOT / "tests" / "patient.yaml")
"""For what promises and statuses do by themselves."""
ADA, ORDER = "ada", "o-1"
ABOUT_CUSTOMERS = orders.MilestoneReached | orders.SegmentChanged
F = TypeVar("F", bound=Fact)


def day(number: float, hours: float = 0) -> datetime:
    """The start, so many days and hours later."""
    return START + timedelta(days=number, hours=hours)


def line(line_id: str = "shirt", quantity: int = 1, **variant: str) -> OrderLine:
    return OrderLine(
        line_id=line_id,
        sku=f"sku-{line_id}",
        quantity=quantity,
        unit_price_minor=2_000,
        paid_minor=2_000 * quantity,
        title=f"The {line_id}",
        variant=variant,
    )


def placed(*lines: OrderLine, promised_by: str | None = "2026-03-10", **more: Any) -> OrderPlaced:
    bought = lines or (line(),)
    content: dict[str, Any] = {
        "customer_id": ADA,
        "order_id": ORDER,
        "placed_at": START,
        "currency": "EUR",
        "lines": bought,
        "total_minor": sum(bought_line.paid_minor for bought_line in bought),
        "promised_by": promised_by,
        "destination": Destination(country="DE", zone="Europe/Berlin"),
    }
    return OrderPlaced(**content | more)


def changed(at: datetime, *lines: OrderLine) -> OrderChanged:
    return OrderChanged(customer_id=ADA, order_id=ORDER, occurred_at=at, lines=lines)


def paid(at: datetime = START) -> OrderPaid:
    return OrderPaid(customer_id=ADA, order_id=ORDER, occurred_at=at, amount_minor=2_000)


def payment_failed(at: datetime) -> PaymentFailed:
    return PaymentFailed(
        customer_id=ADA, order_id=ORDER, occurred_at=at, reason="card declined", retry_url="https://shop.example/pay/x"
    )


def promised(at: datetime, until: str) -> PromiseChanged:
    return PromiseChanged(customer_id=ADA, order_id=ORDER, occurred_at=at, promised_by=until)


def unavailable(at: datetime, line_id: str = "shirt", restock_at: str | None = None) -> LineUnavailable:
    return LineUnavailable(
        customer_id=ADA,
        order_id=ORDER,
        line_id=line_id,
        occurred_at=at,
        reason=UnavailableReason.out_of_stock,
        restock_at=restock_at,
    )


def available(at: datetime, line_id: str = "shirt") -> LineAvailable:
    return LineAvailable(customer_id=ADA, order_id=ORDER, line_id=line_id, occurred_at=at)


def substituted(at: datetime, variant: Variant, *, agreed: bool = False, line_id: str = "shirt") -> LineSubstituted:
    return LineSubstituted(
        customer_id=ADA, order_id=ORDER, line_id=line_id, occurred_at=at, variant=variant, agreed=agreed
    )


def cancelled(at: datetime) -> OrderCancelled:
    return OrderCancelled(customer_id=ADA, order_id=ORDER, occurred_at=at, by=CancelledBy.shop)


def refunded(at: datetime, refund_id: str = "r-1", each_minor: int = 2_000, **quantities: int) -> OrderRefunded:
    """So much for each piece; without lines a gesture of as much."""
    lines = tuple(
        RefundedLine(line_id=line_id, quantity=quantity, amount_minor=each_minor * quantity)
        for line_id, quantity in quantities.items()
    )
    return OrderRefunded(
        customer_id=ADA, order_id=ORDER, refund_id=refund_id, occurred_at=at,
        amount_minor=sum(line.amount_minor for line in lines) or each_minor, lines=lines,
    )  # fmt: skip


def shipment(
    at: datetime, shipment_id: str = "s-1", *lines: ShippedLine, replaces: str | None = None
) -> ShipmentCreated:
    return ShipmentCreated(
        customer_id=ADA,
        order_id=ORDER,
        shipment_id=shipment_id,
        occurred_at=at,
        lines=lines,
        carrier="dhl",
        replaces_shipment_id=replaces,
    )


def shipped_line(line_id: str = "shirt", quantity: int = 1, variant: Variant | None = None) -> ShippedLine:
    return ShippedLine(line_id=line_id, quantity=quantity, variant=variant)


def wished_to_cancel(at: datetime) -> CancellationRequested:
    return CancellationRequested(customer_id=ADA, order_id=ORDER, occurred_at=at)


def return_requested(at: datetime, return_id: str = "b-1", **quantities: int) -> ReturnRequested:
    return ReturnRequested(
        customer_id=ADA, order_id=ORDER, return_id=return_id, occurred_at=at, lines=line_quantities(quantities)
    )


def return_received(at: datetime, return_id: str = "b-1", **quantities: int) -> ReturnReceived:
    return ReturnReceived(
        customer_id=ADA, order_id=ORDER, return_id=return_id, occurred_at=at, lines=line_quantities(quantities)
    )


def line_quantities(quantities: Mapping[str, int]) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(line_id=line_id, quantity=quantity) for line_id, quantity in quantities.items())


def scan(status: str, at: datetime, shipment_id: str = "s-1", **more: Any) -> ShipmentProgressed:
    return ShipmentProgressed(
        customer_id=ADA,
        order_id=ORDER,
        shipment_id=shipment_id,
        occurred_at=at,
        status=ShipmentStatus(status),
        **more,
    )


def contact(at: datetime, contact_id: str = "c-1", order_id: str | None = ORDER) -> ContactReceived:
    return ContactReceived(
        customer_id=ADA, contact_id=contact_id, occurred_at=at, channel="email", order_id=order_id, topic="late",
        text="Where is my shirt?",
    )  # fmt: skip


def erased(at: datetime) -> CustomerErased:
    return CustomerErased(customer_id=ADA, occurred_at=at)


def said(fact: Fact, at: datetime | None = None, number: int = 0) -> Event[Any]:
    """The fact as an event, said when it happened unless told otherwise."""
    happened = fact.placed_at if isinstance(fact, OrderPlaced) else fact.occurred_at  # type: ignore[attr-defined]  # all of a storefront have it
    name = f"{type(fact).__name__}-{number}-{happened.isoformat()}"
    return Event(id=name, source="/storefronts/test", time=at or happened, data=fact, correlation_id=name)


class Told:
    """What came of a sequence of facts."""

    def __init__(self, folded: Folded) -> None:
        self.folded = folded
        self.outcomes = [outcome for _, outcome in folded.outcomes]
        self.facts = [fact for outcome in self.outcomes for fact in outcome.facts]
        decided = [decision for outcome in self.outcomes for decision in outcome.decisions]
        self.about_customer = [one for one in decided if one.rule in (customers.SEGMENT, customers.MILESTONE)]
        self.decisions: list[Decision] = [one for one in decided if one not in self.about_customer]
        due = {key[1]: due.due_at for key, due in folded.deadlines.items() if due is not None}
        self.review_at = due.pop(customers.REVIEW, None)
        self.deadlines = {DeadlineKind(kind): due_at for kind, due_at in due.items()}

    @property
    def account(self) -> Account:
        account: Account = self.folded.accounts[ADA]
        return account

    @property
    def timeline(self) -> Timeline:
        return self.account.timelines[ORDER]

    @property
    def names(self) -> list[str]:
        """The facts about the order that were published, in their order."""
        return [type(fact).__name__ for fact in self.facts if not isinstance(fact, orders.Issue | ABOUT_CUSTOMERS)]

    @property
    def troubles(self) -> list[str]:
        """What was published about issues, in its order: `opened delivery_late`, `delivered delivery_late` …"""
        return [_of_issue(fact) for fact in self.facts if isinstance(fact, orders.Issue)]

    def all(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]


def _of_issue(fact: orders.Issue) -> str:
    match fact:
        case orders.IssueOpened():
            return f"opened {fact.kind}"
        case orders.IssueResolved():
            return f"{fact.resolution} {fact.kind}"
        case _:
            return f"updated {fact.kind}"


def tell(
    *facts: Fact | Event[Any] | Command[Any],
    until: datetime = LONG_AGO,
    account: Account | None = None,
    policy: Policy | None = None,
) -> Told:
    """Fold facts as the worker would: by the time they were said, deadlines in between and then up to `until`."""
    items = [item if isinstance(item, Event | Command) else said(item) for item in facts]
    return in_this_order(sorted(items, key=lambda item: item.at), until=until, account=account, policy=policy)


def in_this_order(
    items: Sequence[Event[Any] | Command[Any]],
    *,
    until: datetime = LONG_AGO,
    account: Account | None = None,
    policy: Policy | None = None,
) -> Told:
    """Fold items as they come; refusals are errors."""
    start = account or Account(patron=Patron(customer_id=ADA))
    folded = fold_sequence(partial(fold, policy or Policy()), {ADA: start}, items, before=until)
    for refused in folded.refused:
        raise refused.error or AssertionError(refused.reason)
    return Told(folded)


def on_the_way(at: datetime = START + timedelta(days=1), shipment_id: str = "s-1") -> tuple[Fact, Fact]:
    """A parcel with everything in it, handed over."""
    return shipment(at, shipment_id), scan("picked_up", at + timedelta(hours=2), shipment_id)
