"""What happened in a run, counted from what was said on the topics. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts import Event, feedback, loyalty, notifications, orders, storefront


@dataclass(frozen=True)
class Figures:
    """Counts of one run; money and points as integers. Shares are left to the reader."""

    storefront_events: int
    facts: int
    """What the four services said."""
    customers: int
    orders: int
    delivered: int
    delivered_late: int
    issues_opened: int
    issues_resolved: int
    issues_by_kind: dict[str, int]
    orders_with_issue: int
    told: int
    """Orders with an issue whose customer had a mail about one accepted."""
    told_before_promise: int
    told_before_contact: int
    """… before the customer's own first contact about it, or without any."""
    told_before_both: int
    messages_sent: int
    messages_held: int
    messages_suppressed: int
    points_earned: int
    points_vested: int
    points_clawed_back: int
    goodwill_points: int
    surveys_asked: int
    surveys_answered: int
    nps: int | None
    """Promoters less detractors in per cent of the answers; None without any."""


def figures_of(events: Sequence[Event[Any]]) -> Figures:
    """Count once over everything that was said."""
    facts = [event.data for event in events]
    by_type = _Facts(facts)
    placed = by_type.of(storefront.OrderPlaced)
    opened = by_type.of(orders.IssueOpened)
    answers = [answer.score for answer in by_type.of(feedback.ResponseReceived)]
    told = _told(opened, by_type)
    return Figures(
        storefront_events=sum(1 for event in events if not event.source.startswith("/rapport/")),
        facts=sum(1 for event in events if event.source.startswith("/rapport/")),
        customers=len({fact.customer_id for fact in placed}),
        orders=len({fact.order_id for fact in placed}),
        delivered=len(by_type.of(orders.OrderDelivered)),
        delivered_late=sum(1 for fact in by_type.of(orders.OrderDelivered) if fact.late),
        issues_opened=len(opened),
        issues_resolved=len(by_type.of(orders.IssueResolved)),
        issues_by_kind=_kinds(opened),
        orders_with_issue=len({fact.order_id for fact in opened}),
        told=len(told),
        told_before_promise=sum(1 for one in told if one.before_promise),
        told_before_contact=sum(1 for one in told if one.before_contact),
        told_before_both=sum(1 for one in told if one.before_promise and one.before_contact),
        messages_sent=len(by_type.of(notifications.MessageSent)),
        messages_held=len(by_type.of(notifications.MessageHeld)),
        messages_suppressed=len(by_type.of(notifications.MessageSuppressed)),
        points_earned=sum(fact.points for fact in by_type.of(loyalty.PointsEarned)),
        points_vested=sum(fact.points for fact in by_type.of(loyalty.PointsVested)),
        points_clawed_back=sum(fact.points for fact in by_type.of(loyalty.PointsClawedBack)),
        goodwill_points=sum(fact.points for fact in by_type.of(loyalty.GoodwillGranted)),
        surveys_asked=len(by_type.of(feedback.SurveyDue)),
        surveys_answered=len(answers),
        nps=nps_of(answers),
    )


class _Facts:
    def __init__(self, facts: Iterable[Any]) -> None:
        self._by_class: dict[type[Any], list[Any]] = {}
        for fact in facts:
            self._by_class.setdefault(type(fact), []).append(fact)

    def of(self, fact: type[Any]) -> list[Any]:
        return self._by_class.get(fact, [])


def _kinds(opened: Iterable[orders.IssueOpened]) -> dict[str, int]:
    kinds = [fact.kind.value for fact in opened]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


@dataclass(frozen=True)
class _Told:
    before_promise: bool
    before_contact: bool


def _told(opened: Iterable[orders.IssueOpened], facts: _Facts) -> list[_Told]:
    """One entry for each order with an issue about which a mail was accepted."""
    first_mail = _earliest(
        (fact.order_id, fact.occurred_at) for fact in facts.of(notifications.MessageSent) if fact.issue_id
    )
    first_contact = _earliest((fact.order_id, fact.occurred_at) for fact in facts.of(storefront.ContactReceived))
    promise = _earliest((fact.order_id, fact.promised_by) for fact in opened if fact.promised_by)
    return [
        _Told(
            before_promise=order_id not in promise or mailed_at < promise[order_id],
            before_contact=order_id not in first_contact or mailed_at < first_contact[order_id],
        )
        for order_id, mailed_at in first_mail.items()
    ]


def _earliest(moments: Iterable[tuple[str | None, datetime]]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for subject, moment in moments:
        if subject is not None:
            found[subject] = min(moment, found.get(subject, moment))
    return found


def nps_of(scores: Sequence[int]) -> int | None:
    """Promoters (9, 10) less detractors (0 to 6), in per cent of all answers."""
    if not scores:
        return None
    promoters = sum(1 for score in scores if score >= 9)
    detractors = sum(1 for score in scores if score <= 6)
    return round(100 * (promoters - detractors) / len(scores))
