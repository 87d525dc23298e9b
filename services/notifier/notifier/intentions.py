"""Which fact leads to which message. Nothing is decided here: that happens when the message's deadline comes."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chassis.items import Item
from chassis.outcomes import DUPLICATE, Decision, Outcome, SetDeadline
from contracts import Fact
from contracts.feedback import SurveyDue
from contracts.loyalty import GoodwillGranted, PointsEarned, PointsVested, TierReached
from contracts.orders import (
    Issue,
    IssueOpened,
    IssueResolved,
    IssueUpdated,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderRefunded,
    OrderShipped,
)
from contracts.past import is_past
from contracts.traces import stepped
from notifier.broadcasts import broadcast_of
from notifier.cancellations import why
from notifier.correspondence import SEND, Correspondence
from notifier.evidence import carrier_name
from notifier.goods import goods_of
from notifier.kinds import KINDS
from notifier.links import PAY, TRACK, safe
from notifier.messages import Message, message_id_of

SOURCE = "/rapport/notifier"
"""The CloudEvents source of the notifier's facts, and so of its steps in traces."""
NEWS_LASTS = timedelta(hours=72)
"""What a carrier saw longer ago is no news, however late we hear of it."""


class Intention(Struct, frozen=True, kw_only=True):
    """What a fact would have us say. Order, issue and invitation are what it is about."""

    kind: str
    subject: str
    order_id: str | None = None
    issue_id: str | None = None
    invitation_id: str | None = None
    expires_at: datetime | None = None
    """Where the fact itself says until when it is worth saying; otherwise as long as its kind lasts."""
    told_by: datetime | None = None
    broadcast_id: str | None = None
    """The broadcast that it is part of, where many are told the same."""
    content: dict[str, Any] = {}


def intention_of(fact: Fact) -> Intention | None:
    """The message that `fact` asks for; None where it asks for none."""
    match fact:
        case OrderConfirmed() | OrderShipped() | OrderDelivered() | OrderCancelled() | OrderRefunded():
            return _about_order(fact)
        case IssueOpened() | IssueUpdated() | IssueResolved():
            return _about_issue(fact)
        case SurveyDue(invitation_id=invitation_id):
            return Intention(
                kind="survey", subject=invitation_id, order_id=fact.order_id, invitation_id=invitation_id,
                expires_at=fact.expires_at, content={"survey": str(fact.survey)},
            )  # fmt: skip
        case PointsEarned() | PointsVested() | GoodwillGranted():
            return _about_points(fact) if fact.points else None
        case TierReached(tier=tier):
            return Intention(
                kind="tier_reached", subject=f"{tier}:{fact.occurred_at.isoformat()}", content={"tier": tier}
            )
    return None


def intend(account: Correspondence, intention: Intention, item: Item) -> tuple[Correspondence, Outcome]:
    """The intended message, to be decided at once; DUPLICATE when it is already there.

    Of an imported past nobody is told anything.
    """
    message_id = message_id_of(account.customer_id, intention.kind, intention.subject)
    if is_past(item.correlation_id, item.at):
        past = Decision(subject=message_id, rule="sending", outcome="not_told", reason="past")
        return account, Outcome(decisions=(past,))
    if message_id in account.messages:
        return account, DUPLICATE
    message = Message(
        message_id=message_id,
        customer_id=account.customer_id,
        kind=intention.kind,
        subject=intention.subject,
        intended_at=item.at,
        expires_at=intention.expires_at or item.at + KINDS[intention.kind].lasts,
        told_by=intention.told_by and max(intention.told_by, item.at),
        order_id=intention.order_id,
        issue_id=intention.issue_id,
        invitation_id=intention.invitation_id,
        broadcast_id=intention.broadcast_id,
        content=intention.content,
        correlation_id=item.correlation_id,
        traceparent=stepped(item.traceparent, item.correlation_id, SOURCE, item.id),
    )
    account, outcome = account.with_message(message)
    return account, outcome + Outcome(deadlines=(SetDeadline(SEND, message_id, item.at),))


def _about_order(
    fact: OrderConfirmed | OrderShipped | OrderDelivered | OrderCancelled | OrderRefunded,
) -> Intention:
    match fact:
        case OrderConfirmed():
            return _order("order_confirmed", fact.order_id, _confirmed(fact))
        case OrderShipped():
            return _order("order_shipped", fact.order_id, _shipped(fact), expires_at=fact.occurred_at + NEWS_LASTS)
        case OrderDelivered():
            said = {"late": fact.late, **goods_of(fact.lines)}
            return _order("order_delivered", fact.order_id, said, expires_at=fact.occurred_at + NEWS_LASTS)
        case OrderCancelled():
            return _order("order_cancelled", fact.order_id, _cancelled(fact))
        case OrderRefunded():
            return _order("order_refunded", fact.order_id, _refunded(fact), subject=fact.refund_id)


def _confirmed(fact: OrderConfirmed) -> dict[str, Any]:
    return {
        "pieces": sum(line.quantity for line in fact.lines),
        "promised_by": _text(fact.promised_by),
        "total_minor": fact.total_minor,
        "shipping_minor": fact.shipping_minor or None,
        **_tax(fact),
        "currency": fact.currency,
        **goods_of(fact.lines),
    }


def _tax(fact: OrderConfirmed) -> dict[str, Any]:
    """Only where it comes on top of the prices that are listed: said of prices that hold it, it would not add up."""
    listed_minor = sum(line.paid_minor for line in fact.lines) + fact.shipping_minor
    on_top = fact.tax_minor and listed_minor + fact.tax_minor == fact.total_minor
    return {"tax_minor": fact.tax_minor} if on_top else {}


def _cancelled(fact: OrderCancelled) -> dict[str, Any]:
    """Who and why, what will not come, and what becomes of the money as far as that is known."""
    reason = why(fact.reason)
    content: dict[str, Any] = {"by": str(fact.by)} | ({"reason": str(reason)} if reason else {}) | goods_of(fact.lines)
    if fact.owed_minor:
        return content | {
            "amount_minor": fact.owed_minor, "currency": fact.currency, "refund_by": _text(fact.refund_by),
        }  # fmt: skip
    if fact.paid_minor is None:
        return content
    return content | {"settled": "paid_back" if fact.paid_minor else "unpaid"}


def _shipped(fact: OrderShipped) -> dict[str, Any]:
    return {
        "carrier": carrier_name(fact.carrier),
        "promised_by": _text(fact.promised_by),
        "rest_follows": fact.rest_follows or None,
        **goods_of(fact.lines),
        **_ways(fact),
    }


def _refunded(fact: OrderRefunded) -> dict[str, Any]:
    return {
        "amount_minor": fact.amount_minor,
        "currency": fact.currency,
        "way": fact.way and str(fact.way),
        "refund_by": _text(fact.expected_by),
        **goods_of(fact.named),
    }


def _ways(fact: OrderShipped | Issue) -> dict[str, Any]:
    """The parcel's number, and the links that the message may lead to."""
    pay_url = fact.pay_url if isinstance(fact, Issue) else None
    links = {PAY: safe(pay_url), TRACK: safe(fact.tracking_url)}
    return {"tracking_number": fact.tracking_number, **{name: link for name, link in links.items() if link}}


def _order(
    kind: str, order_id: str, content: dict[str, Any], *, expires_at: datetime | None = None, subject: str | None = None
) -> Intention:
    return Intention(kind=kind, subject=subject or order_id, order_id=order_id, content=content, expires_at=expires_at)


def _about_issue(fact: IssueOpened | IssueUpdated | IssueResolved) -> Intention:
    """How an issue stands is taken from its circumstances when it is told; from here only its goods and links."""
    match fact:
        case IssueOpened():
            return opening_of(fact)
        case IssueUpdated():
            return _issue("issue_worse", f"{fact.issue_id}:{fact.severity}", fact)
        case IssueResolved():
            return _issue("issue_resolved", fact.issue_id, fact)


def opening_of(fact: Issue) -> Intention:
    """That something went wrong, said when it is first heard of; by `IssueOpened`, or where the log begins later."""
    return _issue("issue_opened", fact.issue_id, fact, told_by=fact.told_by)


def _issue(kind: str, subject: str, fact: Issue, told_by: datetime | None = None) -> Intention:
    content = {name: value for name, value in {**goods_of(fact.lines), **_ways(fact)}.items() if value is not None}
    return Intention(
        kind=kind, subject=subject, order_id=fact.order_id, issue_id=fact.issue_id, told_by=told_by,
        broadcast_id=broadcast_of(fact), content=content,
    )  # fmt: skip


def _about_points(fact: PointsEarned | PointsVested | GoodwillGranted) -> Intention:
    content: dict[str, Any] = {"points": fact.points, "available_points": fact.available_points}
    match fact:
        case GoodwillGranted():
            content["because"] = fact.reason
            return Intention(
                kind="goodwill_granted", subject=fact.goodwill_id, order_id=fact.order_id, issue_id=fact.issue_id,
                content=content,
            )  # fmt: skip
        case PointsEarned():
            return Intention(kind="points_earned", subject=fact.order_id, order_id=fact.order_id, content=content)
        case PointsVested():
            return Intention(kind="points_vested", subject=fact.order_id, order_id=fact.order_id, content=content)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
