"""Rules: what is paid earns points; they may be spent when the order is completed, and nothing else lets them vest.

Every rule adds its fact to what is known of the order and posts what the known facts now lead to, so the facts of an
order may come in any sequence and any number of times: the balances end the same.
"""

from msgspec.structs import replace

from contracts.loyalty import PointsEarned, PointsVested
from contracts.orders import OrderCompleted, OrderConfirmed, OrderDelivered
from loyalty import clawback
from loyalty.journal import Journal, KnownAlready
from loyalty.order_points import OrderPoints, Rate
from loyalty.postings import EARN, VEST, reference

NOTHING_FOR_MONEY = Rate(0, 1)


def on_order_confirmed(journal: Journal, fact: OrderConfirmed) -> None:
    """Earn for each line, then let happen what was already known to have happened to the order."""
    order = journal.order(fact.order_id)
    if order.rate is not None:
        raise KnownAlready
    erased = journal.account.erased_at is not None
    rate = NOTHING_FOR_MONEY if erased else journal.programme.rate(fact.currency)
    order = order.confirmed(rate, ((line.line_id, line.paid_minor) for line in fact.lines))
    journal.keep(order)
    _earn(journal, order, "customer_erased" if erased else "nothing_to_earn")
    for refund_id in order.refunds:
        clawback.take_back_refund(journal, fact.order_id, refund_id)
    if order.cancelled_at:
        clawback.take_back_all(journal, fact.order_id)
    if order.completed_at:
        _vest(journal, fact.order_id)


def on_order_delivered(journal: Journal, fact: OrderDelivered) -> None:
    """Remember it, so that the member can be told what the points are waiting for."""
    order = journal.order(fact.order_id)
    if order.delivered_at:
        raise KnownAlready
    journal.keep(replace(order, delivered_at=fact.occurred_at))


def on_order_completed(journal: Journal, fact: OrderCompleted) -> None:
    """The return window is over: what the order still holds may be spent."""
    order = journal.order(fact.order_id)
    if order.completed_at:
        raise KnownAlready
    journal.keep(replace(order, completed_at=fact.occurred_at))
    if order.rate is not None:
        _vest(journal, fact.order_id)


def _earn(journal: Journal, order: OrderPoints, why_nothing: str) -> None:
    for line_id, line in order.lines.items():
        if line.points:
            journal.post(EARN, line.points, reference("earned", order.order_id, line_id), order.order_id)
    points = order.held_points
    if points:
        journal.say_moved(PointsEarned, points, order_id=order.order_id)
        journal.decide(order.order_id, "earning", "earned", "order_confirmed", points=points)
    else:
        journal.decide(order.order_id, "earning", "not_earned", why_nothing)


def _vest(journal: Journal, order_id: str) -> None:
    order = journal.order(order_id)
    journal.keep(replace(order, vested=True))
    points = order.held_points
    if points:
        journal.post(VEST, points, reference("vested", order_id), order_id)
        journal.say_moved(PointsVested, points, order_id=order_id)
