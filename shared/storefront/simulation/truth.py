"""What really happened in a simulated shop, counted: the figures that a run's summary is measured against."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from contracts.storefront import ConsentChanged
from storefront.simulation.orders import Fate
from storefront.simulation.stories import Story


class Truth(NamedTuple):
    """Counts of orders, except where the name says otherwise."""

    orders: int
    customers: int
    facts: int
    delivered: int
    late: int
    """Delivered after the last promise."""
    split: int
    cancelled: int
    refunds: int
    """Refunds, of which an order may have several."""
    contacts: int
    """Times that somebody wrote to the shop."""
    consents_withdrawn: int
    fates: dict[Fate, int]
    """How many orders met each trouble."""


def truth_of(stories: Iterable[Story]) -> Truth:
    """Count, once through."""
    customers: set[str] = set()
    fates: Counter[Fate] = Counter()
    counts: Counter[str] = Counter()
    for story in stories:
        customers.add(story.customer_id)
        fates[story.order.fate] += 1
        counts.update(_figures(story))
    return Truth(
        customers=len(customers), fates=dict(sorted(fates.items())), **{name: counts[name] for name in _COUNTED}
    )


_COUNTED = ("orders", "facts", "delivered", "late", "split", "cancelled", "refunds", "contacts", "consents_withdrawn")


def _figures(story: Story) -> dict[str, int]:
    withdrawn = [said for said in story.said if isinstance(said.fact, ConsentChanged) and not said.fact.given]
    return {
        "orders": 1,
        "facts": len(story.said),
        "delivered": story.delivered_at is not None,
        "late": bool(story.late_by),
        "split": story.split,
        "cancelled": story.cancelled,
        "refunds": story.refunds,
        "contacts": story.contacts,
        "consents_withdrawn": len(withdrawn),
    }
