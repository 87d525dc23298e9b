"""Rules: with money given back go the points it had earned, line by line; with a cancelled order go all of them.

A line keeps what the money that stays would have earned, so first, second and last refund together take exactly what
one refund would have taken. A refund without lines is a gesture and takes nothing.
"""

from msgspec.structs import replace

from contracts.loyalty import PointsClawedBack
from contracts.orders import OrderCancelled, OrderRefunded
from loyalty.journal import Journal, KnownAlready
from loyalty.order_points import OrderPoints
from loyalty.postings import TAKE_BACK_PENDING, TAKE_BACK_VESTED, reference


def on_order_refunded(journal: Journal, fact: OrderRefunded) -> None:
    """Take back for its lines; a refund of an order not confirmed yet is remembered until it is."""
    order = journal.order(fact.order_id)
    if fact.refund_id in order.refunds:
        raise KnownAlready
    order = order.remembering(fact.refund_id, ((line.line_id, line.amount_minor) for line in fact.lines))
    journal.keep(order)
    if order.rate is not None:
        take_back_refund(journal, fact.order_id, fact.refund_id)
    else:
        journal.decide(fact.refund_id, "claw_back", "remembered", "order_not_confirmed", order_id=fact.order_id)


def on_order_cancelled(journal: Journal, fact: OrderCancelled) -> None:
    """Take everything back."""
    order = journal.order(fact.order_id)
    if order.cancelled_at:
        raise KnownAlready
    journal.keep(replace(order, cancelled_at=fact.occurred_at))
    if order.rate is not None:
        take_back_all(journal, fact.order_id)


def take_back_refund(journal: Journal, order_id: str, refund_id: str) -> None:
    """For one remembered refund of a confirmed order."""
    order, taken = journal.order(order_id).refunded(refund_id)
    journal.keep(order)
    _take(journal, order, taken, "refunded", order_id, refund_id)
    points = sum(taken.values())
    if points:
        journal.say_moved(PointsClawedBack, points, order_id=order_id, refund_id=refund_id)
        journal.decide(refund_id, "claw_back", "taken_back", "line_refunded", order_id=order_id, points=points)
    else:
        journal.decide(refund_id, "claw_back", "kept", _why_kept(order, refund_id), order_id=order_id)
    _note_over_refund(journal, order, refund_id)


def take_back_all(journal: Journal, order_id: str) -> None:
    """For a cancelled, confirmed order."""
    order, taken = journal.order(order_id).emptied()
    journal.keep(order)
    _take(journal, order, taken, "cancelled", order_id)
    points = sum(taken.values())
    if points:
        journal.say_moved(PointsClawedBack, points, order_id=order_id)
        journal.decide(order_id, "claw_back", "taken_back", "order_cancelled", points=points)


def _take(journal: Journal, order: OrderPoints, taken: dict[str, int], *rule_and_key: str) -> None:
    movement = TAKE_BACK_VESTED if order.vested else TAKE_BACK_PENDING
    for line_id, points in taken.items():
        journal.post(movement, points, reference(*rule_and_key, line_id), order.order_id)


def _why_kept(order: OrderPoints, refund_id: str) -> str:
    refunded = order.refunds[refund_id]
    if not refunded:
        return "refund_without_lines"
    lines = [order.lines[line_id] for line_id in refunded if line_id in order.lines]
    if not lines:
        return "line_unknown"
    return "less_than_a_point" if any(line.points for line in lines) else "nothing_held"


def _note_over_refund(journal: Journal, order: OrderPoints, refund_id: str) -> None:
    refunded = order.refunds[refund_id]
    over_minor = sum(order.lines[line_id].over_refunded_minor for line_id in refunded if line_id in order.lines)
    if over_minor:
        journal.decide(
            refund_id, "over_refund", "clamped", "more_than_paid", order_id=order.order_id, over_minor=over_minor
        )
