"""What a customer's orders add up to: on which days they bought, and for how much.

Owns what counts as a purchase. Everything is a sum over orders, so it is the same in whatever order facts come. Must
not know stages or milestones (stages.py, milestones.py).
"""

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct, structs

from contracts.vocabulary import Currency
from orders_listener.pictures import Picture


class Purchase(Struct, frozen=True, kw_only=True):
    """What counts of one order, by all that is known of it."""

    day: date
    """When it was placed, by the shop's clock."""
    confirmed_at: datetime
    currency: Currency
    total_minor: int
    """As it was changed last."""
    refunded_minor: int = 0


def purchase_of(picture: Picture, zone: ZoneInfo) -> Purchase | None:
    """The order as a purchase: confirmed, and neither cancelled nor given back before anything arrived."""
    if picture.placed is None or picture.confirmed_at is None or picture.given_back:
        return None
    if picture.cancelled is not None and picture.delivered_at is None:
        return None
    return Purchase(
        day=picture.placed.placed_at.astimezone(zone).date(),
        confirmed_at=picture.confirmed_at,
        currency=picture.placed.currency,
        total_minor=picture.total_minor,
        refunded_minor=sum(refund.amount_minor for refund in picture.refunds),
    )


class Value(Struct, frozen=True, kw_only=True):
    """Money of one currency, in minor units."""

    confirmed_minor: int = 0
    refunded_minor: int = 0


class Purchases(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All purchases of a customer. Work and space grow with the days on which they bought, not with events."""

    orders_by_day: Mapping[date, int] = {}
    value: Mapping[Currency, Value] = {}

    @property
    def days(self) -> list[date]:
        """Days with a purchase, the first first: what is bought on one day counts once."""
        return sorted(self.orders_by_day)

    @property
    def frequency(self) -> int:
        """How often the customer bought."""
        return len(self.orders_by_day)

    @property
    def orders(self) -> int:
        """How many orders that was."""
        return sum(self.orders_by_day.values())


def counted_anew(purchases: Purchases, before: Purchase | None, after: Purchase | None) -> Purchases:
    """The sums when one order, which counted as `before`, counts as `after` now."""
    orders_by_day, value = dict(purchases.orders_by_day), dict(purchases.value)
    for purchase, sign in ((before, -1), (after, 1)):
        if purchase is not None:
            orders_by_day[purchase.day] = orders_by_day.get(purchase.day, 0) + sign
            value[purchase.currency] = _added(value.get(purchase.currency, Value()), purchase, sign)
    return Purchases(
        orders_by_day={day: orders for day, orders in orders_by_day.items() if orders},
        value={currency: sums for currency, sums in value.items() if sums != Value()},
    )


def _added(value: Value, purchase: Purchase, sign: int) -> Value:
    return structs.replace(
        value,
        confirmed_minor=value.confirmed_minor + sign * purchase.total_minor,
        refunded_minor=value.refunded_minor + sign * purchase.refunded_minor,
    )
