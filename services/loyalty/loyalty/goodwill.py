"""Rules: a late delivery is made good once per order; what a case asks for is given up to a cap.

Each claim is answered once. Goodwill is available at once, does not count for the tier, and stays when the order is
refunded: it was given for the broken promise, not for the money. An erased customer gets nothing new.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from contracts.feedback import GoodwillRequested
from contracts.ids import derived_id
from contracts.loyalty import GoodwillGranted, GoodwillRefused
from contracts.orders import IssueOpened
from contracts.vocabulary import IssueKind
from loyalty.journal import Journal, KnownAlready
from loyalty.postings import MAKE_GOOD, reference


class Goodwill(Struct, frozen=True, gc=False, kw_only=True):
    """An answered claim."""

    customer_id: str
    goodwill_id: str
    points: int
    """0 where it was refused."""
    reason: str
    order_id: str | None = None
    issue_id: str | None = None
    request_id: str | None = None
    at: datetime


def goodwill_id_of(customer_id: str, rule: str, natural_key: str) -> str:
    """The same claim always has the same id."""
    return derived_id("goodwill", customer_id, rule, natural_key)


def on_issue_opened(journal: Journal, fact: IssueOpened) -> None:
    """Only a late delivery is made good by itself."""
    if fact.kind is IssueKind.delivery_late:
        _make_good_lateness(journal, fact)


def _make_good_lateness(journal: Journal, fact: IssueOpened) -> None:
    order = journal.order(fact.order_id)
    if fact.issue_id in order.late_issue_ids:
        raise KnownAlready
    journal.keep(replace(order, late_issue_ids=(*order.late_issue_ids, fact.issue_id)))
    if order.late_issue_ids:
        journal.decide(fact.issue_id, "goodwill", "refused", "order_already_made_good", order_id=fact.order_id)
    else:
        _make_good_first(journal, fact)


def _make_good_first(journal: Journal, fact: IssueOpened) -> None:
    goodwill = Goodwill(
        customer_id=fact.customer_id,
        goodwill_id=goodwill_id_of(fact.customer_id, "late", fact.order_id),
        points=journal.programme.late_delivery_points,
        reason=fact.kind.value,
        order_id=fact.order_id,
        issue_id=fact.issue_id,
        at=journal.at,
    )
    _answer(journal, goodwill, None if goodwill.points else "none_offered", reference("late", fact.order_id))


def on_goodwill_requested(journal: Journal, fact: GoodwillRequested) -> None:
    """Somebody who takes care of the customer asked for it."""
    goodwill = Goodwill(
        customer_id=fact.customer_id,
        goodwill_id=goodwill_id_of(fact.customer_id, "requested", fact.request_id),
        points=fact.points,
        reason="requested",
        order_id=fact.order_id,
        request_id=fact.request_id,
        at=journal.at,
    )
    if goodwill.goodwill_id in journal.account.goodwill_ids:
        raise KnownAlready
    over_cap = fact.points > journal.programme.goodwill_request_cap_points
    journal.change(goodwill_ids=journal.account.goodwill_ids | {goodwill.goodwill_id})
    _answer(journal, goodwill, "over_cap" if over_cap else None, reference("requested", fact.request_id))


def _answer(journal: Journal, goodwill: Goodwill, objection: str | None, posted_as: str) -> None:
    if journal.account.erased_at is not None:
        objection = "customer_erased"
    if objection:
        _refuse(journal, goodwill, objection)
    else:
        _grant(journal, goodwill, posted_as)


def _grant(journal: Journal, goodwill: Goodwill, posted_as: str) -> None:
    journal.enter(goodwill)
    journal.post(MAKE_GOOD, goodwill.points, posted_as, order_id=goodwill.order_id)
    journal.say_moved(
        GoodwillGranted,
        goodwill.points,
        goodwill_id=goodwill.goodwill_id,
        order_id=goodwill.order_id,
        issue_id=goodwill.issue_id,
        request_id=goodwill.request_id,
        reason=goodwill.reason,
    )
    journal.decide(_claim(goodwill), "goodwill", "granted", goodwill.reason, points=goodwill.points)


def _refuse(journal: Journal, goodwill: Goodwill, objection: str) -> None:
    journal.enter(replace(goodwill, points=0, reason=objection))
    journal.say(
        GoodwillRefused(
            customer_id=goodwill.customer_id,
            occurred_at=journal.at,
            goodwill_id=goodwill.goodwill_id,
            order_id=goodwill.order_id,
            issue_id=goodwill.issue_id,
            request_id=goodwill.request_id,
            reason=objection,
        )
    )
    journal.decide(_claim(goodwill), "goodwill", "refused", objection, points=goodwill.points)


def _claim(goodwill: Goodwill) -> str:
    return goodwill.issue_id or goodwill.request_id or goodwill.goodwill_id
