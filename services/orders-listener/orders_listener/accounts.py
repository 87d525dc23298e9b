"""What is kept per customer: the timelines of their orders, what these add up to, who wrote, who was erased.

Owns one function per kind of item. Must not know how an order moves on (timelines.py) or how it is stored.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, structs

from chassis.errors import Conflict, NotFound, Rejected
from chassis.items import Command, Due
from chassis.outcomes import DUPLICATE, NOTHING, Outcome
from contracts import Event
from contracts.orders import CancellationRequested, DelayAccepted
from contracts.storefront import ContactReceived, CustomerErased
from contracts.vocabulary import IssueKind
from orders_listener import customers
from orders_listener.customers import Relationship
from orders_listener.disruptions.declarations import NOTHING_DECLARED, Book
from orders_listener.early_warning.mornings import NO_MORNINGS, Mornings
from orders_listener.entries import HistoryFact
from orders_listener.pictures import Picture
from orders_listener.policy import Policy
from orders_listener.timelines import Timeline, moved_on, taken, woken
from orders_listener.watch import DeadlineKind, wanted

DELAYS = (IssueKind.delivery_late, IssueKind.delivery_at_risk)


class FirstContact(Struct, frozen=True, kw_only=True, order=True):
    """The first time a customer wrote or called; never what they said."""

    occurred_at: datetime
    contact_id: str
    topic: str | None = None


class Patron(Struct, frozen=True, kw_only=True):
    """What is known of the customer beside orders."""

    customer_id: str
    first_contact: FirstContact | None = None
    erased_at: datetime | None = None
    relationship: Relationship = Relationship()


class Account(Struct, frozen=True, kw_only=True):
    """A customer with those timelines that the items touch. Blank for a customer never seen."""

    patron: Patron
    timelines: Mapping[str, Timeline] = {}
    elsewhere: frozenset[str] = frozenset()
    """Orders that the items name but that belong to somebody else."""
    mornings: Mornings = NO_MORNINGS
    """What the shop's closed days have taught, on each day of the items: a look may be set and come in one batch."""
    declared: Book = NOTHING_DECLARED
    """What staff has declared, of which every moment takes what had been said by then."""

    @property
    def customer_id(self) -> str:
        """Whose account it is."""
        return self.patron.customer_id

    def timeline(self, order_id: str) -> Timeline:
        """The order's timeline, blank if nothing is known of it. Raises `Rejected` (order_of_another_customer)."""
        if order_id in self.elsewhere:
            raise Rejected("order_of_another_customer", f"order {order_id} is another customer's", blocks=False)
        return self.timelines.get(order_id) or Timeline(customer_id=self.customer_id, order_id=order_id)

    def with_timeline(self, timeline: Timeline) -> "Account":
        """The account with one timeline changed."""
        return structs.replace(self, timelines={**self.timelines, timeline.order_id: timeline})


class AcceptDelay(Struct, frozen=True, kw_only=True):
    """The customer will wait, for ever or until a date."""

    order_id: str
    until: datetime | None = None


class RequestCancellation(Struct, frozen=True, kw_only=True):
    """The customer wants the money back instead of waiting."""

    order_id: str
    reason: str | None = None


def on_order_fact(account: Account, fact: HistoryFact, said_at: datetime, policy: Policy) -> tuple[Account, Outcome]:
    """Anything that is said of an order, in any order of arrival."""
    timeline = taken(account.timeline(fact.order_id or ""), fact, said_at=said_at)
    if timeline is None:
        return account, DUPLICATE
    return _moved_on(account, timeline, said_at, policy)


def on_contact_received(account: Account, event: Event[ContactReceived], policy: Policy) -> tuple[Account, Outcome]:
    """The customer wrote: remembered on the customer, and on the order if it is one of theirs."""
    account, noted = _note_contact(account, event.data)
    if event.data.order_id is None or event.data.order_id in account.elsewhere:
        return account, noted
    account, outcome = on_order_fact(account, event.data, event.at, policy)
    return account, outcome if noted.duplicate else noted + outcome


def _note_contact(account: Account, contact: ContactReceived) -> tuple[Account, Outcome]:
    this = FirstContact(occurred_at=contact.occurred_at, contact_id=contact.contact_id, topic=contact.topic)
    first = account.patron.first_contact
    if first is not None and (first.occurred_at, first.contact_id) <= (this.occurred_at, this.contact_id):
        return account, DUPLICATE if first.contact_id == this.contact_id else NOTHING
    return _with_patron(account, structs.replace(account.patron, first_contact=this))


def on_customer_erased(account: Account, event: Event[CustomerErased]) -> tuple[Account, Outcome]:
    """Pseudonymous timelines stay; nothing new is opened from now on."""
    if account.patron.erased_at is not None:
        return account, DUPLICATE
    forgotten, cleared = customers.on_erased(account.patron.relationship, account.customer_id)
    patron = structs.replace(account.patron, erased_at=event.data.occurred_at, relationship=forgotten)
    account, outcome = _with_patron(account, patron)
    return account, outcome + cleared


def _with_patron(account: Account, patron: Patron) -> tuple[Account, Outcome]:
    return structs.replace(account, patron=patron), Outcome(rows=(patron,))


def on_review(account: Account, due: Due, policy: Policy) -> tuple[Account, Outcome]:
    """Somebody looks at the customer: silence, or a year gone by."""
    patron = account.patron
    if patron.relationship.review_at != due.due_at:
        return account, NOTHING
    relationship, outcome = customers.on_review(patron.relationship, account.customer_id, due.at, policy)
    account, saved = _with_patron(account, structs.replace(patron, relationship=relationship))
    return account, saved + outcome


def on_deadline(account: Account, due: Due, policy: Policy) -> tuple[Account, Outcome]:
    """Somebody looks. A call that the picture does not want any more opens nothing that opens by being called.

    Silences are judged at every look, whoever called for it; the right calls are set again.
    """
    timeline = account.timelines.get(due.subject)
    if timeline is None:
        return account, NOTHING
    kind = DeadlineKind(due.kind)
    picture = Picture(timeline.entries, shop_zone=policy.shop_zone)
    # as if nobody were erased: the review looks all the same, and puts on record that it spared an erased customer
    looked_at = timeline.woken_at.get(DeadlineKind.risk_check)
    still_wanted = wanted(picture, policy, erased=False, looked_at=looked_at).get(kind) == due.due_at
    timeline = woken(timeline, kind, due.due_at, still_wanted=still_wanted)
    return _moved_on(account, timeline, due.at, policy, looked=kind if still_wanted else None)


def on_accept_delay(account: Account, command: Command[AcceptDelay], policy: Policy) -> tuple[Account, Outcome]:
    """Ends the open issue of the delay.

    Raises NotFound (unknown_order), Conflict (no_delay), Rejected (until_passed).
    """
    wish = command.data
    timeline, picture = _known(account, wish.order_id, policy)
    if wish.until is not None and wish.until <= command.at:
        raise Rejected("until_passed", "The customer can only agree to a date that is still to come.")
    last = picture.last(DelayAccepted)
    delay = next((issue for issue in timeline.issues.values() if issue.is_open and issue.kind in DELAYS), None)
    if delay is None and last is not None and last.until == wish.until:
        return account, DUPLICATE
    if delay is None:
        raise Conflict("no_delay", f"No delay of order {wish.order_id} is open.")
    accepted = DelayAccepted(
        customer_id=account.customer_id,
        order_id=wish.order_id,
        occurred_at=command.at,
        issue_id=delay.issue_id,
        until=wish.until,
    )
    account, outcome = on_order_fact(account, accepted, command.at, policy)
    return account, Outcome(facts=(accepted,)) + outcome


def on_request_cancellation(
    account: Account, command: Command[RequestCancellation], policy: Policy
) -> tuple[Account, Outcome]:
    """Passed on; the storefront decides. Raises NotFound (unknown_order), Conflict (order_over)."""
    wish = command.data
    timeline, picture = _known(account, wish.order_id, policy)
    if picture.cancellation_wish is not None:
        return account, DUPLICATE
    if picture.over:
        raise Conflict("order_over", f"Order {wish.order_id} is delivered, cancelled or refunded.")
    delay = next((issue for issue in timeline.issues.values() if issue.is_open and issue.kind in DELAYS), None)
    requested = CancellationRequested(
        customer_id=account.customer_id,
        order_id=wish.order_id,
        occurred_at=command.at,
        issue_id=delay.issue_id if delay else None,
        reason=wish.reason,
    )
    account, outcome = on_order_fact(account, requested, command.at, policy)
    return account, Outcome(facts=(requested,)) + outcome


def _known(account: Account, order_id: str, policy: Policy) -> tuple[Timeline, Picture]:
    timeline = account.timelines.get(order_id)
    picture = Picture(timeline.entries if timeline else (), shop_zone=policy.shop_zone)
    if timeline is None or picture.placed is None:
        raise NotFound("unknown_order", f"There is no order {order_id}.")
    return timeline, picture


def _moved_on(
    account: Account, timeline: Timeline, at: datetime, policy: Policy, *, looked: DeadlineKind | None = None
) -> tuple[Account, Outcome]:
    erased = account.patron.erased_at is not None
    before = account.timelines.get(timeline.order_id)
    snapshot = account.mornings.at(at) if looked is DeadlineKind.risk_check else None
    timeline, outcome = moved_on(
        timeline, at, policy, erased=erased, looked=looked, snapshot=snapshot, declared=account.declared
    )
    counted = before.counted if before else None, timeline.counted
    account = account.with_timeline(timeline)
    if counted[0] == counted[1]:
        return account, outcome
    relationship, more = customers.on_purchase(
        account.patron.relationship,
        account.customer_id,
        timeline.order_id,
        counted=counted,
        at=at,
        policy=policy,
        erased=erased,
    )
    account, saved = _with_patron(account, structs.replace(account.patron, relationship=relationship))
    return account, outcome + saved + more
