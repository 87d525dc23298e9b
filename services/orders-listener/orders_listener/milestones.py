"""What a customer may be thanked for: the first order, the nth, and the anniversaries of the first.

Owns which milestones there are, and on which day an anniversary is. Must not know what was said already.
"""

from datetime import date

from msgspec import Struct

from contracts.orders import Milestone
from orders_listener.policy import Policy

FEBRUARY_28 = (2, 28)


class Reached(Struct, frozen=True, kw_only=True):
    """A milestone of one customer."""

    milestone: Milestone
    number: int
    """1 for the first order, n for the nth, years for an anniversary."""

    @property
    def key(self) -> str:
        """What it is remembered by: each is reached once for ever."""
        return f"{self.milestone} {self.number}"

    @classmethod
    def of(cls, key: str) -> "Reached":
        """The milestone that is remembered by `key`."""
        milestone, _, number = key.partition(" ")
        return cls(milestone=Milestone(milestone), number=int(number))


def by_purchase(frequency: int, policy: Policy) -> Reached | None:
    """What the purchase reaches that made it so many; those of one day count once, as in the customer's frequency."""
    if frequency == 1:
        return Reached(milestone=Milestone.first_order, number=1)
    if frequency in policy.order_milestones:
        return Reached(milestone=Milestone.nth_order, number=frequency)
    return None


def by_day(first: date, today: date) -> Reached | None:
    """The anniversary of the first purchase, if it is today."""
    years = today.year - first.year
    if years < 1 or anniversary(first, years) != today:
        return None
    return Reached(milestone=Milestone.anniversary, number=years)


def anniversary(first: date, years: int) -> date:
    """The same day `years` later. The 29th of February is kept on the 28th where a year has none: in its month."""
    try:
        return first.replace(year=first.year + years)
    except ValueError:
        return date(first.year + years, *FEBRUARY_28)


def next_anniversary(first: date, today: date) -> date:
    """The first anniversary after today."""
    this_year = anniversary(first, max(today.year - first.year, 1))
    return this_year if this_year > today else anniversary(first, today.year - first.year + 1)
