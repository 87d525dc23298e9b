"""The shop's desk: the order is placed, paid or not, called off, and its lines are found on the shelf or not."""

from datetime import datetime, timedelta
from random import Random

from msgspec.structs import replace

from contracts.storefront import (
    CancelledBy,
    LineAvailable,
    LineSubstituted,
    LineUnavailable,
    OrderCancelled,
    OrderChanged,
    OrderPaid,
    OrderPlaced,
    PaymentFailed,
    PromiseChanged,
    UnavailableReason,
)
from contracts.vocabulary import OrderLine, Origin
from storefront.simulation.baskets import COUPON, sister
from storefront.simulation.days import SHOP_ZONE, later_day, local_day, worked
from storefront.simulation.dice import around, between, happens
from storefront.simulation.orders import Fate, moved_promise, ship_by
from storefront.simulation.stories import Story

DAY = timedelta(days=1)
CALLED_OFF = (Fate.cancelled, Fate.refund_forgotten)
SECOND = timedelta(seconds=1)


def place(story: Story) -> None:
    """Somebody buys something and is promised something."""
    order, dice = story.order, story.order.dice("placed")
    placed = OrderPlaced(
        customer_id=story.customer_id,
        order_id=order.order_id,
        placed_at=order.placed_at,
        currency=order.lane.place.currency,
        lines=order.lines,
        shipping_minor=order.shipping_minor,
        total_minor=order.total_minor,
        pay_later=order.pay_later,
        destination=order.lane.destination(order.person.postcode_prefix),
        origin=Origin(warehouse_id="wh-1", country="DE"),
        ship_by=ship_by(order) if happens(dice, 0.6) else None,
        promised_by=order.promised_by,
        channel="app" if happens(dice, 0.3) else "web",
        coupon_code=COUPON if order.coupon else None,
        locale=order.lane.place.locale,
    )
    story.say(placed, order.placed_at, dice, within_s=20)
    if happens(dice, 0.02):
        _correct_address(story, dice)


def _correct_address(story: Story, dice: Random) -> None:
    at = story.order.placed_at + between(dice, 0.1, 3)
    changed = OrderChanged(
        customer_id=story.customer_id,
        order_id=story.order_id,
        occurred_at=at,
        destination=story.order.lane.destination(f"{dice.randrange(10, 99)}"),
    )
    story.say(changed, at, dice)


def pay(story: Story) -> datetime | None:
    """When the shop may begin; None when the money never came."""
    order, dice = story.order, story.order.dice("payment")
    if order.pay_later and order.fate in CALLED_OFF:
        return order.placed_at  # nobody pays the invoice of what never came
    if order.fate is Fate.payment_abandoned:
        _abandon(story, dice)
        return None
    paid_at = _first_try(story, dice)
    late = happens(dice, 0.02)  # the payment provider's message is stuck: parcels may be scanned before it comes
    _say_paid(story, paid_at, dice, within_s=30 * 3600 if late else 60)
    return order.placed_at if order.pay_later else paid_at


def _first_try(story: Story, dice: Random) -> datetime:
    order = story.order
    if order.pay_later:
        return order.placed_at + between(dice, 8, 20, unit=DAY)
    if order.fate is Fate.payment_retried:
        _say_failed(story, order.placed_at + between(dice, 20, 90, unit=SECOND), dice)
        return order.placed_at + timedelta(hours=min(60, around(dice, 6, 1.2)))
    if happens(dice, 0.06):  # a bank transfer
        return worked(order.placed_at + between(dice, 1, 3, unit=DAY), dice)
    return order.placed_at + between(dice, 10, 90, unit=SECOND)


def _say_paid(story: Story, at: datetime, dice: Random, *, within_s: float) -> None:
    paid = OrderPaid(
        customer_id=story.customer_id, order_id=story.order_id, occurred_at=at, amount_minor=story.order.total_minor
    )
    story.say(paid, at, dice, within_s=within_s)


def _say_failed(story: Story, at: datetime, dice: Random) -> None:
    failed = PaymentFailed(
        customer_id=story.customer_id,
        order_id=story.order_id,
        occurred_at=at,
        reason=dice.choice(("The card was declined.", "The bank asked for a confirmation that did not come.")),
        retry_url=f"https://shop.example.org/orders/{story.order_id}/payment",
    )
    story.say(failed, at, dice)


def _abandon(story: Story, dice: Random) -> None:
    at = story.order.placed_at + between(dice, 20, 90, unit=SECOND)
    _say_failed(story, at, dice)
    if happens(dice, 0.5):
        _say_failed(story, at + between(dice, 1, 30), dice)
    cancel(story, story.order.placed_at + 3 * DAY, CancelledBy.payment, "No payment arrived within three days.", dice)


def cancel(story: Story, at: datetime, by: CancelledBy, reason: str | None, dice: Random) -> None:
    """Nothing more will be sent."""
    cancelled = OrderCancelled(
        customer_id=story.customer_id, order_id=story.order_id, occurred_at=at, by=by, reason=reason
    )
    story.say(cancelled, at, dice)
    story.cancelled, story.ended_at = True, at


def call_off(story: Story, paid_at: datetime) -> None:
    """The customer thinks again, before anything is packed."""
    dice = story.order.dice("call-off")
    at = story.order.placed_at + between(dice, 0.3, 9)
    cancel(story, max(at, paid_at), CancelledBy.customer, "The customer changed their mind.", dice)
    if not story.order.pay_later:
        forgotten = between(dice, 11, 24, unit=DAY) if story.order.fate is Fate.refund_forgotten else timedelta()
        story.refund(story.order.lines, worked(max(at, paid_at) + between(dice, 4, 60) + forgotten, dice), dice)


def pick(story: Story, paid_at: datetime) -> tuple[datetime, tuple[OrderLine, ...]]:
    """When everything that can be sent is there, and what that is (agreed substitutes in their new variant)."""
    order, dice = story.order, story.order.dice("shelf")
    noticed_at = worked(paid_at + between(dice, 1, 20), dice)
    match order.fate:
        case Fate.restocked:
            return _restock(story, noticed_at, dice), order.lines
        case Fate.substituted:
            return _substitute(story, noticed_at, dice)
        case Fate.sold_out:
            return noticed_at, _sell_out(story, noticed_at, dice)
        case Fate.promise_moved:
            return _move_promise(story, noticed_at, dice), order.lines
        case Fate.warehouse_stall:
            return noticed_at + between(dice, 1.5, 5, unit=DAY), order.lines
    return paid_at, order.lines


def _restock(story: Story, at: datetime, dice: Random) -> datetime:
    restock_at = at + between(dice, 1, 7, unit=DAY)
    told = later_day(local_day(restock_at, SHOP_ZONE), 0).isoformat() if happens(dice, 0.7) else None
    _unavailable(story, at, UnavailableReason.backordered, dice, restock_at=told)
    available = LineAvailable(
        customer_id=story.customer_id,
        order_id=story.order_id,
        line_id=story.order.lines[0].line_id,
        occurred_at=restock_at,
    )
    story.say(available, restock_at, dice)
    return restock_at


def _substitute(story: Story, at: datetime, dice: Random) -> tuple[datetime, tuple[OrderLine, ...]]:
    _unavailable(story, at, UnavailableReason.out_of_stock, dice)
    first, *others = story.order.lines
    agreed_at = at + between(dice, 2, 50)
    other = replace(first, variant=sister(first.variant, dice))
    substituted = LineSubstituted(
        customer_id=story.customer_id,
        order_id=story.order_id,
        line_id=first.line_id,
        occurred_at=agreed_at,
        variant=other.variant,
        agreed=True,
    )
    story.say(substituted, agreed_at, dice)
    return agreed_at, (other, *others)


def _sell_out(story: Story, at: datetime, dice: Random) -> tuple[OrderLine, ...]:
    _unavailable(story, at, UnavailableReason.discontinued, dice)
    first, *others = story.order.lines
    given_up_at = worked(at + between(dice, 6, 70), dice)
    if not others:
        cancel(story, given_up_at, CancelledBy.shop, "The article is no longer made.", dice)
    story.refund((first,), given_up_at + between(dice, 0.1, 20), dice)
    return tuple(others)


def _move_promise(story: Story, at: datetime, dice: Random) -> datetime:
    days = dice.randint(2, 5)
    promised_by, story.promised_until = moved_promise(story.order, days)
    changed = PromiseChanged(
        customer_id=story.customer_id,
        order_id=story.order_id,
        occurred_at=at,
        promised_by=promised_by,
        reason="The workshop needs a few days more.",
    )
    story.say(changed, at, dice)
    return at + days * DAY * 0.8


def _unavailable(
    story: Story, at: datetime, reason: UnavailableReason, dice: Random, *, restock_at: str | None = None
) -> None:
    unavailable = LineUnavailable(
        customer_id=story.customer_id,
        order_id=story.order_id,
        line_id=story.order.lines[0].line_id,
        occurred_at=at,
        reason=reason,
        restock_at=restock_at,
    )
    story.say(unavailable, at, dice)
