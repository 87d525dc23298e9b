"""An order as it was bought and promised, and its fate: the one thing that will go wrong with it, if any."""

from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from contracts.vocabulary import OrderLine
from storefront.simulation.baskets import lines_of, shipping_minor
from storefront.simulation.days import later_day, local_day, midnight_after, moment
from storefront.simulation.dice import dice_of, drawn, happens
from storefront.simulation.lanes import Lane, carriers_of
from storefront.simulation.people import Person, person_of


class Fate(StrEnum):
    """What goes wrong. Slowness is not here: it comes from lanes and weather."""

    smooth = "smooth"
    payment_retried = "payment_retried"
    payment_abandoned = "payment_abandoned"
    cancelled = "cancelled"
    restocked = "restocked"
    substituted = "substituted"
    sold_out = "sold_out"
    promise_moved = "promise_moved"
    wrong_variant = "wrong_variant"
    warehouse_stall = "warehouse_stall"
    carrier_stall = "carrier_stall"
    attempt_failed = "attempt_failed"
    held = "held"
    lost = "lost"
    damaged = "damaged"
    gesture = "gesture"
    refunded_partly = "refunded_partly"
    refunded_twice = "refunded_twice"
    returned = "returned"
    line_forgotten = "line_forgotten"
    pickup_forgotten = "pickup_forgotten"
    not_fetched = "not_fetched"
    refund_forgotten = "refund_forgotten"


FATES: dict[Fate, float] = {
    Fate.smooth: 605,
    Fate.payment_retried: 30,
    Fate.payment_abandoned: 12,
    Fate.cancelled: 18,
    Fate.restocked: 22,
    Fate.substituted: 16,
    Fate.sold_out: 18,
    Fate.promise_moved: 14,
    Fate.wrong_variant: 22,
    Fate.warehouse_stall: 24,
    Fate.carrier_stall: 32,
    Fate.attempt_failed: 34,
    Fate.held: 40,  # only where there are customs; elsewhere nothing happens
    Fate.lost: 12,
    Fate.damaged: 12,
    Fate.gesture: 10,
    Fate.refunded_partly: 14,
    Fate.refunded_twice: 10,
    Fate.returned: 56,
    Fate.line_forgotten: 24,  # only where there are two; elsewhere nothing happens
    Fate.pickup_forgotten: 10,
    Fate.not_fetched: 10,
    Fate.refund_forgotten: 6,
}
"""Of a thousand orders."""


class Placing(NamedTuple):
    """Who orders when: all that must be known of an order before the rest is drawn."""

    order_id: str
    customer_id: str
    placed_at: datetime
    first: bool
    """The customer's first order: the shop learns who they are."""


class Order(NamedTuple):
    """An order when it is placed; what will become of it hangs on `fate`, its lane and its own dice."""

    seed: int
    order_id: str
    person: Person
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    shipping_minor: int
    coupon: bool
    lane: Lane
    promised_by: str
    promised_until: datetime
    """The promise as a moment: a bare date ends at midnight where the customer lives."""
    pay_later: bool
    fate: Fate

    @property
    def total_minor(self) -> int:
        """What the customer pays."""
        return sum(line.paid_minor for line in self.lines) + self.shipping_minor

    def dice(self, *stage: object) -> Random:
        """Dice for one stage of the order's life."""
        return dice_of(self.seed, self.order_id, *stage)


def order_of(seed: int, placing: Placing) -> Order:
    """Everything that is drawn when somebody orders."""
    dice = dice_of(seed, placing.order_id, "order")
    person = person_of(seed, placing.customer_id)
    lane = Lane(person.place, drawn(dice, carriers_of(person.place)))
    coupon = happens(dice, 0.12)
    lines = lines_of(placing.order_id, dice, coupon=coupon)
    promised_by, promised_until = _promise(placing.placed_at, lane)
    fate = drawn(dice, FATES)
    return Order(
        seed=seed,
        order_id=placing.order_id,
        person=person,
        placed_at=placing.placed_at,
        lines=lines,
        shipping_minor=shipping_minor(
            sum(line.paid_minor for line in lines), abroad=person.place.country != "DE", dice=dice
        ),
        coupon=coupon,
        lane=lane,
        promised_by=promised_by,
        promised_until=promised_until,
        pay_later=person.place.locale.startswith("de") and happens(dice, 0.2),
        fate=fate if _may_meet(fate, person, lines) else Fate.smooth,
    )


def _may_meet(fate: Fate, person: Person, lines: tuple[OrderLine, ...]) -> bool:
    match fate:
        case Fate.held:
            return person.place.customs
        case Fate.line_forgotten:
            return len(lines) > 1
    return True


def _promise(placed_at: datetime, lane: Lane, extra_days: int = 0) -> tuple[str, datetime]:
    """What is said and when it is over."""
    zone = lane.place.zone
    day = later_day(local_day(placed_at, zone), lane.promised_days + extra_days)
    if lane.carrier.by_the_hour:
        until = moment(day, 18, zone)
        return until.astimezone(ZoneInfo(zone)).isoformat(), until
    return day.isoformat(), midnight_after(day, zone)


def moved_promise(order: Order, days: int) -> tuple[str, datetime]:
    """The promise, `days` later."""
    return _promise(order.placed_at, order.lane, days)


def ship_by(order: Order) -> str:
    """When the shop means to hand it over."""
    return later_day(local_day(order.placed_at + timedelta(hours=10), "Europe/Berlin"), 1, saturdays=False).isoformat()
